//! Scenes of single traces, kept: the map of many targets is drawn anew whenever one of them gets a trace, and the others
//! are as they were.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trace_core::model::Uuid;
use trace_render::Scene;
use trace_store::{Edition, Error, Series, Store};

use crate::serve::source::{Identity, Source};

/// So many are kept: as many as one map shows.
const MOST: usize = 1000;
/// So many lists of paths are.
const LISTS: usize = 512;

/// The scene of one trace.
#[derive(Debug)]
pub(super) struct Sight {
    file: Option<Identity>,
    edition: Edition,
    /// [`Series::key`] of its series.
    pub(super) key: u64,
    pub(super) scene: Scene,
}

impl Sight {
    /// Of which trace it is.
    pub(super) const fn trace(&self) -> Uuid {
        self.edition.id
    }
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Scenes {
    kept: Mutex<HashMap<Uuid, Arc<Sight>>>,
    /// The newest traces of paths, by what was asked and the stamp of the series.
    lists: Mutex<HashMap<String, (u64, Vec<Uuid>)>>,
}

impl Scenes {
    /// The scenes of those of these traces that are still there, in their order.
    pub(super) fn of(&self, source: &Source, ids: &[Uuid]) -> Result<Vec<Arc<Sight>>, Error> {
        let file = source.file();
        let sights = source.ask(|store| {
            let mut sights = Vec::with_capacity(ids.len());
            for id in ids {
                let Some(edition) = store.edition(*id)? else { continue };
                let known = lock(&self.kept).get(id).cloned();
                match known.filter(|known| (known.file, known.edition) == (file, edition)) {
                    Some(known) => sights.push(known),
                    None => sights.extend(read(store, file, edition)?.map(Arc::new)),
                }
            }
            Ok(sights)
        })?;
        let mut kept = lock(&self.kept);
        kept.extend(sights.iter().map(|sight| (sight.trace(), Arc::clone(sight))));
        if kept.len() > MOST {
            let asked: HashSet<&Uuid> = ids.iter().collect();
            kept.retain(|id, _| asked.contains(id));
        }
        Ok(sights)
    }

    /// The traces that show the paths which were asked for, as they were found when the stamp was the same, or anew.
    pub(super) fn list(
        &self,
        question: &str,
        stamp: u64,
        find: impl FnOnce() -> Result<Vec<Uuid>, Error>,
    ) -> Result<Vec<Uuid>, Error> {
        if let Some((known, ids)) = lock(&self.lists).get(question)
            && *known == stamp
        {
            return Ok(ids.clone());
        }
        let ids = find()?;
        let mut lists = lock(&self.lists);
        if lists.len() >= LISTS {
            lists.clear();
        }
        lists.insert(question.to_owned(), (stamp, ids.clone()));
        Ok(ids)
    }
}

/// Reads a trace; `None` where it has just been removed.
fn read(store: &Store, file: Option<Identity>, edition: Edition) -> Result<Option<Sight>, Error> {
    Ok(store.get(edition.id)?.map(|(trace, atlas)| {
        let series = Series {
            address: trace.target.as_ref().map(|target| target.address),
            protocol: trace.protocol,
            vantage: trace.vantage.clone(),
        };
        Sight { file, edition, key: series.key(), scene: Scene::new(&[(&trace, &atlas)]) }
    }))
}

/// What it guards is replaced in one piece.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
