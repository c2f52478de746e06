//! What a trace can be stored as without storing anything new: what the last trace of its setup was stored as.
//!
//! A timer traces the same way again and again, and most of its traces differ in times and lost packets only.
//! The last one of each setup is kept in mind, so that the next is compared with it in memory and costs no
//! look-up.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;

use rusqlite::{Connection, Result, params};
use trace_core::model::{Atlas, Hop, Located, Trace};

use super::{get, intern};
use crate::pack::{self, Judgement, Shape};

/// How many setups are kept in mind.
const LIMIT: usize = 512;

/// How many judgements are, and how many reasons.
const JUDGEMENTS: usize = 4096;
const REASONS: usize = 1 << 14;

/// How many shapes and atlases of each setup are: a path that changes to and fro is still known, and so are the ways of one
/// that is balanced.
const BASES: usize = 16;

/// An atlas grows no larger than this by addresses that other traces of its setup met.
const LARGEST: usize = 96;

/// A hint of the length of a path is good for so many nanoseconds: an hour.
const HINT: i64 = 3_600_000_000_000;

/// What was stored last, of each setup by its text.
#[derive(Debug, Default)]
pub(super) struct Memory {
    epoch: i64,
    setups: HashMap<String, Setup>,
    judgements: HashMap<Vec<u8>, i64>,
    reasons: HashMap<String, i64>,
}

/// What is stored of a setup, the newest last.
#[derive(Debug)]
struct Setup {
    id: i64,
    address: Option<i64>,
    shapes: VecDeque<Route>,
    atlases: VecDeque<Places>,
    /// Start and path length of the newest trace that reached its target.
    reached: Option<(i64, u8)>,
}

/// A shape with its number, and the number of its path.
#[derive(Debug)]
struct Route {
    id: i64,
    path: i64,
    shape: Shape,
}

/// An atlas without judgement, with its number.
#[derive(Debug)]
struct Places {
    id: i64,
    places: BTreeMap<IpAddr, Located>,
}

fn remember<T>(bases: &mut VecDeque<T>, base: T) {
    if bases.len() >= BASES {
        bases.pop_front();
    }
    bases.push_back(base);
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
        let full = self.setups.len() >= LIMIT
            || self.judgements.len() >= JUDGEMENTS
            || self.reasons.len() >= REASONS;
        if self.epoch != epoch || full {
            *self = Self { epoch, ..Self::default() };
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
        let setup = self.setup(connection, trace, document)?;
        let mut changed = false;
        let known = setup.shapes.iter().rev().find(|route| route.shape.fits(&trace.hops));
        let (shape, path, times) = if let Some(route) = known {
            (route.id, route.path, pack::times(&trace.hops, &route.shape))
        } else {
            changed = true;
            let shape = Shape::of(&trace.hops);
            let id = intern::bytes(connection, intern::Table::Shape, &shape.encode())?;
            let first = trace.hops.first().map_or(0, |hop| hop.ttl.get());
            let path = intern::path(connection, first, &shape.path())?;
            let times = pack::times(&trace.hops, &shape);
            remember(&mut setup.shapes, Route { id, path, shape });
            (id, path, times)
        };
        let before = setup.atlases.back().map(|base| base.id);
        let (atlas, narrowed) = setup.atlas(connection, atlas, &trace.hops)?;
        changed |= setup.atlases.back().map(|base| base.id) != before;
        if changed {
            let base = setup.atlases.back().map(|base| base.id);
            connection
                .prepare_cached(
                    "UPDATE setup SET base_shape = ?, base_path = ?, base_atlas = ? WHERE id = ?",
                )?
                .execute(params![shape, path, base, setup.id])?;
        }
        setup.note_length(connection, trace)?;
        Ok(Stored { setup: setup.id, address: setup.address, shape, path, atlas, narrowed, times })
    }

    /// Stores where the addresses of a trace are, that was stored before. Says the number of that, and whether the
    /// trace has only those of it who answered.
    pub(super) fn relocate(
        &mut self,
        connection: &Connection,
        trace: &Trace,
        atlas: &Atlas,
        document: &str,
    ) -> Result<(Option<i64>, bool)> {
        self.setup(connection, trace, document)?.atlas(connection, atlas, &trace.hops)
    }

    fn setup(&mut self, connection: &Connection, trace: &Trace, document: &str) -> Result<&mut Setup> {
        if !self.setups.contains_key(document) {
            let setup = load(connection, trace, document)?;
            self.setups.insert(document.to_owned(), setup);
        }
        self.setups.get_mut(document).ok_or(rusqlite::Error::QueryReturnedNoRows)
    }

    /// The number of a judgement.
    pub(super) fn judgement(&mut self, connection: &Connection, judgement: &Judgement) -> Result<i64> {
        let mut numbers = Vec::with_capacity(judgement.reasons.len());
        for reason in &judgement.reasons {
            numbers.push(if let Some(number) = self.reasons.get(reason) {
                *number
            } else {
                let number = intern::reason(connection, reason)?;
                self.reasons.insert(reason.clone(), number);
                number
            });
        }
        let bytes = judgement.encode(&numbers);
        if let Some(id) = self.judgements.get(&bytes) {
            return Ok(*id);
        }
        let id = intern::bytes(connection, intern::Table::Judgement, &bytes)?;
        self.judgements.insert(bytes, id);
        Ok(id)
    }
}

impl Setup {
    /// The number of an atlas, and whether only those of it count who answered.
    fn atlas(&mut self, connection: &Connection, atlas: &Atlas, hops: &[Hop]) -> Result<(Option<i64>, bool)> {
        if atlas.places.is_empty() {
            return Ok((None, false));
        }
        let covering = |base: &Places| Some((base.id, covers(&base.places, atlas, hops)?));
        if let Some((id, narrowed)) = self.atlases.iter().rev().find_map(covering) {
            return Ok((Some(id), narrowed));
        }
        // What another trace knew stays beside it where only those who answered count: then one atlas serves all ways of
        // a path that is balanced.
        let united = self.atlases.back().and_then(|base| united(&base.places, atlas, hops));
        let narrowed = united.is_some();
        let places = united.unwrap_or_else(|| {
            atlas.places.iter().map(|(address, located)| (*address, unjudged(located))).collect()
        });
        let id = intern::atlas(connection, &places)?;
        remember(&mut self.atlases, Places { id, places });
        Ok((Some(id), narrowed))
    }

    /// Notes how long the path is, unless that is known and fresh.
    fn note_length(&mut self, connection: &Connection, trace: &Trace) -> Result<()> {
        let Some(last) = trace.hops.last().map(|hop| hop.ttl.get()).filter(|_| trace.reached()) else {
            return Ok(());
        };
        if let Some((started, ttl)) = self.reached
            && (trace.started < started || (ttl == last && trace.started.saturating_sub(started) < HINT))
        {
            return Ok(());
        }
        connection
            .prepare_cached(
                "UPDATE setup SET reached_started = ?2, reached_ttl = ?3
                 WHERE id = ?1 AND (reached_started IS NULL OR reached_started <= ?2)",
            )?
            .execute(params![self.id, trace.started, last])?;
        self.reached = Some((trace.started, last));
        Ok(())
    }
}

/// What the database has of a setup. What cannot be read there is not built on.
fn load(connection: &Connection, trace: &Trace, document: &str) -> Result<Setup> {
    let (id, address) = intern::setup(connection, trace, document)?;
    let mut setup = Setup { id, address, shapes: VecDeque::new(), atlases: VecDeque::new(), reached: None };
    let (shape, atlas) = connection
        .prepare_cached(
            "SELECT base_shape, base_path, bytes, base_atlas, reached_started, reached_ttl
             FROM setup LEFT JOIN shape ON shape.id = base_shape WHERE setup.id = ?",
        )?
        .query_row([id], |row| {
            let numbers = row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?);
            setup.reached = row.get::<_, Option<i64>>(4)?.zip(row.get(5)?);
            Ok((numbers.zip(row.get::<_, Option<Vec<u8>>>(2)?), row.get::<_, Option<i64>>(3)?))
        })?;
    if let Some(((id, path), bytes)) = shape
        && let Ok(shape) = Shape::decode(&bytes)
    {
        setup.shapes.push_back(Route { id, path, shape });
    }
    if let Some(id) = atlas
        && let Ok(places) = get::places(connection, id)?
    {
        setup.atlases.push_back(Places { id, places });
    }
    Ok(setup)
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
    let answered: BTreeSet<IpAddr> = hops.iter().flat_map(Hop::answerers).collect();
    let narrowed = base.keys().all(|address| answered.contains(address) == places.contains_key(address));
    narrowed.then_some(true)
}

/// The places of `base` and of `atlas` together, if they do not contradict one another and `atlas` has just those of them
/// who answered.
fn united(
    base: &BTreeMap<IpAddr, Located>,
    atlas: &Atlas,
    hops: &[Hop],
) -> Option<BTreeMap<IpAddr, Located>> {
    let places = &atlas.places;
    if base.len() + places.len() > LARGEST {
        return None;
    }
    let agree =
        |(address, located): (&IpAddr, &Located)| base.get(address).is_none_or(|known| same(known, located));
    if !places.iter().all(agree) {
        return None;
    }
    let answered: BTreeSet<IpAddr> = hops.iter().flat_map(Hop::answerers).collect();
    let mut both = base.keys().chain(places.keys());
    if !both.all(|address| answered.contains(address) == places.contains_key(address)) {
        return None;
    }
    let mut united = base.clone();
    for (address, located) in places {
        united.entry(*address).or_insert_with(|| unjudged(located));
    }
    Some(united)
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
