//! What a trace can be stored as without storing anything new: what the last trace of its setup was stored as.
//!
//! A timer traces the same way again and again, and most of its traces differ in times and lost packets only.
//! The last one of each setup is kept in mind, so that the next is compared with it in memory and costs no
//! look-up.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;

use rusqlite::{Connection, Result, params};
use trace_core::model::{Atlas, Hop, ProbeRecord, Trace};

use super::intern;
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

/// An atlas grows no larger than this by addresses that other traces of its setup met.
const LARGEST: usize = 96;

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
    address: Option<i64>,
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
        let full = self.kept >= LIMIT
            || self.judgements.len() >= JUDGEMENTS
            || self.reasons.len() >= REASONS
            || self.sayings.are_many();
        if self.epoch != epoch || full {
            *self = Self { epoch, ..Self::default() };
        }
        Ok(())
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
        Ok(Stored { setup: setup.id, address: setup.address, shape, path, atlas, narrowed, times })
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
        let mut answered = Answerers { hops, sorted: None };
        let known = self
            .atlases
            .iter()
            .enumerate()
            .rev()
            .find_map(|(place, base)| Some((place, covers(&base.places, &places, &mut answered)?)));
        if let Some((place, narrowed)) = known {
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
    let (id, address) = intern::setup(connection, trace)?;
    let terms = Terms::of(trace);
    let mut setup = Setup {
        terms,
        id,
        address,
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

/// Who answered a trace, sorted once it is asked for.
struct Answerers<'a> {
    hops: &'a [Hop],
    sorted: Option<Vec<IpAddr>>,
}

impl Answerers<'_> {
    fn contain(&mut self, address: &IpAddr) -> bool {
        let sorted = self.sorted.get_or_insert_with(|| {
            let probes = self.hops.iter().flat_map(|hop| &hop.probes);
            let mut all: Vec<IpAddr> =
                probes.filter_map(ProbeRecord::reply).map(|reply| reply.from).collect();
            all.sort_unstable();
            all
        });
        sorted.binary_search(address).is_ok()
    }
}

/// Whether `places` are those of `base`: all of them (`Some(false)`), or those of them who answered (`Some(true)`).
fn covers(base: &[(IpAddr, i64)], places: &[(IpAddr, i64)], answered: &mut Answerers<'_>) -> Option<bool> {
    if base == places {
        return Some(false);
    }
    if places.len() >= base.len() {
        return None;
    }
    let mut rest = base.iter();
    // Both are in order: what of the base comes before the next place is not among the places.
    for place in places {
        loop {
            let known = rest.next()?;
            if known == place {
                break;
            }
            if known.0 >= place.0 || answered.contain(&known.0) {
                return None;
            }
        }
    }
    if rest.any(|(address, _)| answered.contain(address)) {
        return None;
    }
    places.iter().all(|(address, _)| answered.contain(address)).then_some(true)
}

/// The places of `base` and `places` together, if they do not contradict one another and `places` are just those of them
/// who answered.
fn united(
    base: &[(IpAddr, i64)],
    places: &[(IpAddr, i64)],
    answered: &mut Answerers<'_>,
) -> Option<Vec<(IpAddr, i64)>> {
    if base.len() + places.len() > LARGEST || !places.iter().all(|(address, _)| answered.contain(address)) {
        return None;
    }
    let mut united: BTreeMap<IpAddr, i64> = places.iter().copied().collect();
    for (address, number) in base {
        let known = united.contains_key(address);
        if known != answered.contain(address) || *united.entry(*address).or_insert(*number) != *number {
            return None;
        }
    }
    Some(united.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(numbers: &[(u8, i64)]) -> Vec<(IpAddr, i64)> {
        numbers.iter().map(|(octet, number)| (IpAddr::from([192, 0, 2, *octet]), *number)).collect()
    }

    fn answered(octets: &[u8]) -> Answerers<'static> {
        Answerers { hops: &[], sorted: Some(octets.iter().map(|octet| [192, 0, 2, *octet].into()).collect()) }
    }

    #[test]
    fn an_atlas_serves_a_trace_whose_answerers_it_knows() {
        let base = places(&[(1, 7), (3, 8), (5, 9)]);
        let covered =
            |numbers: &[(u8, i64)], octets: &[u8]| covers(&base, &places(numbers), &mut answered(octets));
        assert_eq!(covered(&[(1, 7), (3, 8), (5, 9)], &[]), Some(false));
        assert_eq!(covered(&[(1, 7), (5, 9)], &[1, 5]), Some(true));
        assert_eq!(covered(&[(3, 8)], &[3, 4]), Some(true));
        // Somebody answered that has no place in this trace, at its beginning, in its middle, at its end.
        assert_eq!(covered(&[(3, 8), (5, 9)], &[1, 3, 5]), None);
        assert_eq!(covered(&[(1, 7), (5, 9)], &[1, 3, 5]), None);
        assert_eq!(covered(&[(1, 7), (3, 8)], &[1, 3, 5]), None);
        // Somebody has a place that never answered.
        assert_eq!(covered(&[(1, 7), (5, 9)], &[5]), None);
        // The sources say something else, or of somebody else.
        assert_eq!(covered(&[(1, 6), (5, 9)], &[1, 5]), None);
        assert_eq!(covered(&[(2, 7), (5, 9)], &[2, 5]), None);
        assert_eq!(covered(&[(5, 9), (6, 1)], &[5, 6]), None);
        assert_eq!(covered(&[(1, 7), (2, 1), (3, 8), (5, 9)], &[]), None);
    }

    #[test]
    fn places_unite_where_they_agree() {
        let base = places(&[(1, 7), (3, 8)]);
        let together =
            |numbers: &[(u8, i64)], octets: &[u8]| united(&base, &places(numbers), &mut answered(octets));
        assert_eq!(together(&[(1, 7), (2, 5)], &[1, 2]), Some(places(&[(1, 7), (2, 5), (3, 8)])));
        assert_eq!(together(&[(1, 6), (2, 5)], &[1, 2]), None, "they contradict one another");
        assert_eq!(together(&[(1, 7), (2, 5)], &[1, 2, 3]), None, "one who answered has no place");
        assert_eq!(together(&[(1, 7), (2, 5)], &[1]), None, "one who has a place did not answer");
    }
}
