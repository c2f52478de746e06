//! What a trace can be stored as without storing anything new: what the last trace of its setup was stored as.
//!
//! A timer traces the same way again and again, and most of its traces differ in times and lost packets only.
//! The last one of each setup is kept in mind, so that the next is compared with it in memory and costs no
//! look-up.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use rusqlite::{Connection, Result, params};
use trace_core::model::{Atlas, Hop, Trace};

use super::intern;
use super::likeness::{Answerers, covers, united};
use super::sayings::{Last, Sayings};
use super::terms::Terms;
use crate::pack::{self, Judgement, Shape};

/// How many setups are kept in mind.
const LIMIT: usize = 512;

/// How many judgements are, and how many reasons.
const JUDGEMENTS: usize = 4096;
const REASONS: usize = 1 << 14;

/// How many shapes and atlases of each setup are: a path that changes to and fro is still known, and so are the ways of one
/// that is balanced.
const BASES: usize = 16;

/// A hint of the length of a path is good for so many nanoseconds: a day. A path that grew or shrank is noted at once.
const HINT: i64 = 86_400_000_000_000;

/// What was stored last, of each setup.
#[derive(Debug, Default)]
pub(super) struct Memory {
    epoch: i64,
    /// By the address of their target, so that few are compared.
    setups: HashMap<Option<IpAddr>, Vec<Setup>>,
    /// How many there are.
    kept: usize,
    sayings: Sayings,
    judgements: HashMap<Vec<u8>, i64>,
    reasons: HashMap<String, i64>,
}

/// What is stored of a setup, the newest last.
#[derive(Debug)]
struct Setup {
    terms: Terms,
    id: i64,
    shapes: VecDeque<Route>,
    atlases: VecDeque<Places>,
    last: Last,
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

/// An atlas without judgement, with its number: of each address in order the number of what the sources said.
#[derive(Debug)]
struct Places {
    id: i64,
    places: Vec<(IpAddr, i64)>,
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
    pub(super) shape: i64,
    pub(super) path: i64,
    pub(super) atlas: Option<i64>,
    pub(super) narrowed: bool,
    pub(super) times: Vec<u8>,
}

impl Memory {
    /// Forgets everything if anybody removed rows since it was learned, and says whether it was kept. Called within a
    /// transaction whose epoch this is, so that nobody can in the meantime.
    pub(super) fn keep_in_step(&mut self, epoch: i64) -> bool {
        let full = self.kept >= LIMIT
            || self.judgements.len() >= JUDGEMENTS
            || self.reasons.len() >= REASONS
            || self.sayings.are_many();
        let forget = self.epoch != epoch || full;
        if forget {
            *self = Self { epoch, ..Self::default() };
        }
        !forget
    }

    /// What a trace points to, if everything of it is kept in mind; `least` is what its row counts as the least RTT of each
    /// hop. It holds for as long as the memory is kept.
    pub(super) fn recognise(&self, trace: &Trace, atlas: &Atlas, least: &[Option<u32>]) -> Option<Stored> {
        let setups = self.setups.get(&trace.target.as_ref().map(|target| target.address))?;
        let setup = setups.iter().find(|setup| setup.terms.are_of(trace))?;
        let route = setup.shapes.iter().rev().find(|route| route.shape.fits(&trace.hops))?;
        let (atlas, narrowed) = if atlas.places.is_empty() {
            (None, false)
        } else {
            let places = self.sayings.known(atlas, &setup.last)?;
            let (place, narrowed) = setup.known_atlas(&places, &mut Answerers::of(&trace.hops))?;
            (Some(setup.atlases.get(place)?.id), narrowed)
        };
        let times = pack::times(&trace.hops, &route.shape, least);
        Some(Stored { setup: setup.id, shape: route.id, path: route.path, atlas, narrowed, times })
    }

    /// Notes how long the path of a trace is that was recognised.
    pub(super) fn note_length(
        &mut self,
        connection: &Connection,
        trace: &Trace,
        stored: &Stored,
    ) -> Result<()> {
        let setups = self.setups.get_mut(&trace.target.as_ref().map(|target| target.address));
        let setup = setups.and_then(|setups| setups.iter_mut().find(|setup| setup.id == stored.setup));
        setup.map_or(Ok(()), |setup| setup.note_length(connection, trace))
    }

    /// Stores what of a trace is not stored yet; `least` is what its row counts as the least RTT of each hop.
    pub(super) fn store(
        &mut self,
        connection: &Connection,
        trace: &Trace,
        atlas: &Atlas,
        least: &[Option<u32>],
    ) -> Result<Stored> {
        let (setup, sayings) = self.setup(connection, trace)?;
        let mut changed = false;
        let known = setup.shapes.iter().rposition(|route| route.shape.fits(&trace.hops));
        let (shape, path, times) =
            if let Some(route) = known.and_then(|place| to_back(&mut setup.shapes, place)) {
                (route.id, route.path, pack::times(&trace.hops, &route.shape, least))
            } else {
                changed = true;
                let shape = Shape::of(&trace.hops);
                let id = intern::bytes(connection, intern::Table::Shape, &shape.encode())?;
                let first = trace.hops.first().map_or(0, |hop| hop.ttl.get());
                let path = intern::path(connection, first, &shape.path())?;
                let times = pack::times(&trace.hops, &shape, least);
                remember(&mut setup.shapes, Route { id, path, shape });
                (id, path, times)
            };
        let (atlas, narrowed, new) = setup.atlas(connection, sayings, atlas, &trace.hops)?;
        if changed || new {
            let base = setup.atlases.back().map(|base| base.id);
            connection
                .prepare_cached(
                    "UPDATE setup SET base_shape = ?, base_path = ?, base_atlas = ? WHERE id = ?",
                )?
                .execute(params![shape, path, base, setup.id])?;
        }
        setup.note_length(connection, trace)?;
        Ok(Stored { setup: setup.id, shape, path, atlas, narrowed, times })
    }

    /// Stores where the addresses of a trace are, that was stored before. Says the number of that, and whether the
    /// trace has only those of it who answered.
    pub(super) fn relocate(
        &mut self,
        connection: &Connection,
        trace: &Trace,
        atlas: &Atlas,
    ) -> Result<(Option<i64>, bool)> {
        let (setup, sayings) = self.setup(connection, trace)?;
        let (number, narrowed, _) = setup.atlas(connection, sayings, atlas, &trace.hops)?;
        Ok((number, narrowed))
    }

    /// What is kept in mind of the setup of a trace, and of what sources say.
    fn setup(&mut self, connection: &Connection, trace: &Trace) -> Result<(&mut Setup, &mut Sayings)> {
        let Self { setups, kept, sayings, .. } = self;
        let setups = setups.entry(trace.target.as_ref().map(|target| target.address)).or_default();
        let place = match setups.iter().position(|setup| setup.terms.are_of(trace)) {
            Some(place) => place,
            None => {
                setups.push(load(connection, trace)?);
                *kept += 1;
                setups.len() - 1
            }
        };
        let setup = setups.get_mut(place).ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        Ok((setup, sayings))
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
    /// The number of an atlas, whether only those of it count who answered, and whether it was not kept in mind.
    fn atlas(
        &mut self,
        connection: &Connection,
        sayings: &mut Sayings,
        atlas: &Atlas,
        hops: &[Hop],
    ) -> Result<(Option<i64>, bool, bool)> {
        if atlas.places.is_empty() {
            return Ok((None, false, false));
        }
        let places = sayings.numbers(connection, atlas, &mut self.last)?;
        let mut answered = Answerers::of(hops);
        if let Some((place, narrowed)) = self.known_atlas(&places, &mut answered) {
            let id = to_back(&mut self.atlases, place).map(|base| base.id);
            return Ok((id, narrowed, false));
        }
        // What another trace knew stays beside it where only those who answered count: then one atlas serves all ways of
        // a path that is balanced.
        let united = self.atlases.back().and_then(|base| united(&base.places, &places, &mut answered));
        let narrowed = united.is_some();
        let places = united.unwrap_or(places);
        let id = intern::atlas(connection, &places)?;
        remember(&mut self.atlases, Places { id, places });
        Ok((Some(id), narrowed, true))
    }

    /// Which of the atlases these places are of, and whether only those of it count who answered.
    fn known_atlas(&self, places: &[(IpAddr, i64)], answered: &mut Answerers<'_>) -> Option<(usize, bool)> {
        let mut bases = self.atlases.iter().enumerate().rev();
        bases.find_map(|(place, base)| Some((place, covers(&base.places, places, answered)?)))
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
fn load(connection: &Connection, trace: &Trace) -> Result<Setup> {
    let id = intern::setup(connection, trace)?;
    let terms = Terms::of(trace);
    let mut setup = Setup {
        terms,
        id,
        shapes: VecDeque::new(),
        atlases: VecDeque::new(),
        last: Last::default(),
        reached: None,
    };
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
        && let Some(places) = intern::places(connection, id)?
    {
        setup.atlases.push_back(Places { id, places });
    }
    Ok(setup)
}

/// What was used last is looked at first.
fn to_back<T>(bases: &mut VecDeque<T>, place: usize) -> Option<&T> {
    if place + 1 < bases.len() {
        let base = bases.remove(place)?;
        bases.push_back(base);
    }
    bases.back()
}
