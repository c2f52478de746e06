//! What a trace can be stored as without storing anything new: what the last trace of its setup was stored as.
//!
//! A timer traces the same way again and again, and most of its traces differ in times and lost packets only.
//! The last one of each setup is kept in mind, so that the next is compared with it in memory and costs no
//! look-up.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use rusqlite::{Connection, Result, params};
use trace_core::model::{Atlas, Hop, Located, Trace};

use super::{get, intern};
use crate::pack::{self, Shape};

/// How many setups are kept in mind.
const LIMIT: usize = 512;

/// What was stored last, of each setup by its text.
#[derive(Debug, Default)]
pub(super) struct Memory {
    epoch: i64,
    setups: HashMap<String, Setup>,
}

#[derive(Debug)]
struct Setup {
    id: i64,
    address: Option<i64>,
    shape: Option<Base<Shape>>,
    path: Option<i64>,
    atlas: Option<Base<BTreeMap<IpAddr, Located>>>,
}

/// Something that is stored, and its number.
#[derive(Debug)]
struct Base<T> {
    id: i64,
    value: T,
}

/// The numbers of everything that a trace points to, and its times.
pub(super) struct Stored {
    pub(super) setup: i64,
    pub(super) address: Option<i64>,
    pub(super) shape: i64,
    pub(super) path: i64,
    pub(super) atlas: Option<i64>,
    pub(super) narrowed: bool,
    pub(super) times: Vec<u8>,
}

impl Memory {
    /// Forgets everything if anybody removed rows since it was learned. Called within a transaction, so that
    /// nobody can in the meantime.
    pub(super) fn keep_in_step(&mut self, connection: &Connection) -> Result<()> {
        let epoch = connection.prepare_cached("SELECT number FROM epoch")?.query_row((), |row| row.get(0))?;
        if self.epoch != epoch || self.setups.len() >= LIMIT {
            *self = Self { epoch, setups: HashMap::new() };
        }
        Ok(())
    }

    /// Stores what of a trace is not stored yet.
    pub(super) fn store(
        &mut self,
        connection: &Connection,
        trace: &Trace,
        atlas: &Atlas,
        document: &str,
    ) -> Result<Stored> {
        if !self.setups.contains_key(document) {
            let setup = load(connection, trace, document)?;
            self.setups.insert(document.to_owned(), setup);
        }
        let Some(setup) = self.setups.get_mut(document) else {
            return Err(rusqlite::Error::QueryReturnedNoRows);
        };
        let mut changed = false;
        let (shape, path, times) = match (&setup.shape, setup.path) {
            (Some(base), Some(path)) if base.value.fits(&trace.hops) => {
                (base.id, path, pack::times(&trace.hops, &base.value))
            }
            _ => {
                changed = true;
                let shape = Shape::of(&trace.hops);
                let id = intern::bytes(connection, intern::Table::Shape, &shape.encode())?;
                let first = trace.hops.first().map_or(0, |hop| hop.ttl.get());
                let path = intern::path(connection, first, &shape.path())?;
                let times = pack::times(&trace.hops, &shape);
                setup.shape = Some(Base { id, value: shape });
                setup.path = Some(path);
                (id, path, times)
            }
        };
        let (atlas, narrowed) = if atlas.places.is_empty() {
            (None, false)
        } else if let Some(base) = &setup.atlas
            && let Some(narrowed) = covers(&base.value, atlas, &trace.hops)
        {
            (Some(base.id), narrowed)
        } else {
            changed = true;
            let places: BTreeMap<IpAddr, Located> =
                atlas.places.iter().map(|(address, located)| (*address, unjudged(located))).collect();
            let id = intern::atlas(connection, &places)?;
            setup.atlas = Some(Base { id, value: places });
            (Some(id), false)
        };
        if changed {
            let base = setup.atlas.as_ref().map(|base| base.id);
            connection
                .prepare_cached(
                    "UPDATE setup SET base_shape = ?, base_path = ?, base_atlas = ? WHERE id = ?",
                )?
                .execute(params![shape, path, base, setup.id])?;
        }
        Ok(Stored { setup: setup.id, address: setup.address, shape, path, atlas, narrowed, times })
    }
}

/// What the database has of a setup. What cannot be read there is not built on.
fn load(connection: &Connection, trace: &Trace, document: &str) -> Result<Setup> {
    let (id, address) = intern::setup(connection, trace, document)?;
    let (shape, path, atlas) = connection
        .prepare_cached(
            "SELECT base_shape, bytes, base_path, base_atlas FROM setup LEFT JOIN shape ON shape.id = base_shape
             WHERE setup.id = ?",
        )?
        .query_row([id], |row| {
            let shape = row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<Vec<u8>>>(1)?);
            Ok((shape, row.get(2)?, row.get::<_, Option<i64>>(3)?))
        })?;
    let shape = shape.and_then(|(id, bytes)| Some(Base { id, value: Shape::decode(&bytes).ok()? }));
    let places = atlas.map(|id| Ok::<_, rusqlite::Error>((id, get::places(connection, id)?))).transpose()?;
    let atlas = places.and_then(|(id, places)| Some(Base { id, value: places.ok()? }));
    Ok(Setup { id, address, shape, path, atlas })
}

/// Whether the places of `atlas` are those of `base`: all of them (`Some(false)`), or those of them who answered
/// (`Some(true)`).
fn covers(base: &BTreeMap<IpAddr, Located>, atlas: &Atlas, hops: &[Hop]) -> Option<bool> {
    let places = &atlas.places;
    if !places.iter().all(|(address, located)| base.get(address).is_some_and(|base| same(base, located))) {
        return None;
    }
    if places.len() == base.len() {
        return Some(false);
    }
    let answered: std::collections::BTreeSet<IpAddr> = hops.iter().flat_map(Hop::answerers).collect();
    let narrowed = base.keys().all(|address| answered.contains(address) == places.contains_key(address));
    narrowed.then_some(true)
}

/// Whether the sources say the same, whatever physics says.
fn same(base: &Located, located: &Located) -> bool {
    base.place == located.place
        && base.source == located.source
        && base.hostname == located.hostname
        && base.note == located.note
        && base.candidates.len() == located.candidates.len()
        && base.candidates.iter().zip(&located.candidates).all(|(base, candidate)| {
            base.source == candidate.source && base.built == candidate.built && base.place == candidate.place
        })
}

/// What the sources said, without what physics said of it.
fn unjudged(located: &Located) -> Located {
    let mut located = Located { verdict: None, score: None, ..located.clone() };
    for candidate in &mut located.candidates {
        candidate.verdict = None;
        candidate.reason = None;
    }
    located
}
