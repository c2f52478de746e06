//! What changed on the way to a target.

use core::time::Duration;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use rusqlite::params;
use trace_core::model::{Outcome, Ttl, Uuid};

use super::put::outcome_code;
use super::{Store, Subject};
use crate::change::{Change, Event, Fact, News, Route, SLOT, Sighting, What, judge, limit};
use crate::{Error, Series};

/// Traces before the time that is asked for which are looked at as well: what they say decides what is a change.
const EARLIER: i64 = 512;

/// The same in time: a week of days to know their rhythm, and what is held against it. Ten days, and of what is farther back
/// than [`EARLIER`] no more than the rhythm asks for, so that a trace every few seconds for days is no more to look at than one
/// every ten minutes.
const EARLIER_TIME: i64 = 10 * 86_400 * 1_000_000_000;

/// Traces behind a time that is asked for which are looked at as well: with them each change before it is sure. Levels are
/// told from 96 traces at most.
const LATER: i64 = 192;

/// How many traces that lost something are looked at probe by probe.
const LOOKED_AT: usize = 12;

/// A series with everything that was settled before its traces began.
#[derive(Debug)]
pub(super) struct Strand {
    pub(super) series: Series,
    /// The numbers of its setups, and the names typed in them.
    pub(super) setups: Vec<(i64, Option<String>)>,
    /// Whether its hops are numbered by TTL.
    pub(super) measured: bool,
}

impl Store {
    /// The changes on the way to a target, the newest first: of every series to the address, or to the addresses that the
    /// name was traced to.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when a row makes no sense, and what SQLite may say.
    pub fn changes(&self, subject: &Subject) -> Result<Vec<Change>, Error> {
        let strands = self.strands(Some(&subject.target))?;
        self.changes_on(&strands, subject.since)
    }

    /// The changes of one series since then, the newest first.
    ///
    /// # Errors
    ///
    /// As [`Store::changes`].
    pub fn changes_of(&self, series: &Series, since: Option<i64>) -> Result<Vec<Change>, Error> {
        self.changes_on(&self.strand(series)?, since)
    }

    /// The changes of all series since then, the newest first.
    ///
    /// # Errors
    ///
    /// As [`Store::changes`].
    pub fn all_changes(&self, since: Option<i64>) -> Result<Vec<Change>, Error> {
        self.changes_on(&self.strands(None)?, since)
    }

    /// The changes from `since` on and before `until` (nanoseconds since 1970 UTC), the newest first: of one series, or of
    /// all. Whoever goes back through years asks for one span after another.
    ///
    /// # Errors
    ///
    /// As [`Store::changes`].
    pub fn changes_between(
        &self,
        series: Option<&Series>,
        since: i64,
        until: i64,
    ) -> Result<Vec<Change>, Error> {
        let strands = match series {
            Some(series) => self.strand(series)?,
            None => self.strands(None)?,
        };
        self.changes_within(&strands, Some(since), Some(until))
    }

    /// When the newest trace before `until` started, of one series or of all (nanoseconds since 1970 UTC).
    ///
    /// # Errors
    ///
    /// What SQLite may say.
    pub fn newest_before(&self, series: Option<&Series>, until: i64) -> Result<Option<i64>, Error> {
        let fault = self.fault("look for traces before a time");
        let Some(series) = series else {
            let sql = "SELECT max(started) FROM measurement WHERE started < ?";
            let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
            return statement.query_row([until], |row| row.get(0)).map_err(fault);
        };
        let sql = "SELECT max(started) FROM measurement WHERE setup = ? AND started < ?";
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        let mut newest: Option<i64> = None;
        for (setup, _) in self.strand(series)?.iter().flat_map(|strand| &strand.setups) {
            newest = newest.max(statement.query_row([*setup, until], |row| row.get(0)).map_err(fault)?);
        }
        Ok(newest)
    }

    /// What the trace with this id brings, if it is the newest of its series: the changes that are sure with it. They are
    /// those that [`Store::changes`] tells later, each once, so whoever asks after each trace hears of each change.
    ///
    /// # Errors
    ///
    /// As [`Store::changes`]; [`Error::Unknown`] where there is no such trace.
    pub fn news(&self, trace: Uuid) -> Result<News, Error> {
        let fault = self.fault("look for what a trace brings");
        let _look = self.look().map_err(fault)?;
        let sql = "SELECT m.key, m.started, a.ip, s.protocol, s.vantage FROM measurement AS m
             JOIN setup AS s ON s.id = m.setup LEFT JOIN address AS a ON a.id = s.address WHERE m.id = ?";
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        let mut rows = statement.query([trace.to_string()]).map_err(fault)?;
        let Some(row) = rows.next().map_err(fault)? else {
            return Err(Error::Unknown { text: trace.to_string() });
        };
        let key: i64 = row.get(0).map_err(fault)?;
        let started: i64 = row.get(1).map_err(fault)?;
        let series = series(row, 2).map_err(fault)?;
        let mut news = News::default();
        for strand in self.strand(&series)?.iter().filter(|strand| strand.measured) {
            let mut sightings = self.sightings(strand, Some(started))?;
            let Some(place) = sightings.iter().position(|sighting| sighting.key == key) else { continue };
            sightings.truncate(place + 1);
            let routes = self.routes(&sightings)?;
            let (events, suspicion) = judge(&sightings, &routes, |places| self.limits(&sightings, places))?;
            let sure = events.into_iter().filter(|event| event.sure == place);
            news.changes =
                sure.map(|event| self.told(strand, &sightings, event)).collect::<Result<_, _>>()?;
            news.suspicion = suspicion;
        }
        Ok(news)
    }

    fn changes_on(&self, strands: &[Strand], since: Option<i64>) -> Result<Vec<Change>, Error> {
        self.changes_within(strands, since, None)
    }

    fn changes_within(
        &self,
        strands: &[Strand],
        since: Option<i64>,
        until: Option<i64>,
    ) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        let within = |at: i64| since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until);
        for strand in strands.iter().filter(|strand| strand.measured) {
            let _look = self.look().map_err(self.fault("read which traces show a change"))?;
            let sightings = self.sightings_until(strand, since, until)?;
            if !sightings.iter().any(|sighting| within(sighting.started)) {
                continue;
            }
            let routes = self.routes(&sightings)?;
            let (events, _) = judge(&sightings, &routes, |places| self.limits(&sightings, places))?;
            let started = |place: usize| sightings.get(place).map(|sighting| sighting.started);
            for event in events {
                if started(event.after).is_some_and(within) {
                    changes.push(self.told(strand, &sightings, event)?);
                }
            }
        }
        changes.sort_by(|one, other| {
            let rank = |change: &Change| (change.at, change.sure_at, change.after);
            rank(other).cmp(&rank(one)).then_with(|| one.what.as_str().cmp(other.what.as_str()))
        });
        Ok(changes)
    }

    /// Whether a target that limits its answers explains what these traces lost: it answers the first probes of each and
    /// none of the later ones, again and again.
    fn limits(&self, sightings: &[Sighting], places: &[usize]) -> Result<bool, Error> {
        let lossy =
            places.iter().filter_map(|place| sightings.get(*place)).filter(|sighting| sighting.lost > 0);
        let mut chance = 1.0;
        for sighting in lossy.take(LOOKED_AT) {
            let Some((trace, _)) = self.get_by_key(sighting.key)? else { return Ok(false) };
            let Some(hop) = trace.hops.last().filter(|_| trace.reached()) else { return Ok(false) };
            let Some(of_trace) = limit::chance(hop) else { return Ok(false) };
            chance *= of_trace;
        }
        Ok(chance < limit::CHANCE)
    }

    /// A change with the names of its traces.
    fn told(&self, strand: &Strand, sightings: &[Sighting], event: Event) -> Result<Change, Error> {
        let fault = self.fault("read which traces show a change");
        let trace = |place: usize| -> Result<(Uuid, i64, i64), Error> {
            let missing = || Error::Damaged {
                path: self.path.clone(),
                message: "a trace is missing that shows a change".to_owned(),
            };
            let sighting = sightings.get(place).ok_or_else(missing)?;
            let sql = "SELECT uuid, setup FROM measurement WHERE key = ?";
            let (uuid, setup) = self
                .connection
                .prepare_cached(sql)
                .and_then(|mut statement| {
                    statement.query_row([sighting.key], |row| Ok((row.get(0)?, row.get(1)?)))
                })
                .map_err(fault)?;
            Ok((Uuid::from_bytes(uuid), sighting.started, setup))
        };
        let hash = |path: i64| {
            self.connection
                .prepare_cached("SELECT hash FROM path WHERE id = ?")
                .and_then(|mut statement| statement.query_row([path], |row| row.get::<_, i64>(0)))
                .map_err(fault)
        };
        let (after, at, setup) = trace(event.after)?;
        let (sure, sure_at, _) = trace(event.sure)?;
        let names = || strand.setups.iter().rev();
        let name = names()
            .find(|(id, name)| *id == setup && name.is_some())
            .or_else(|| names().find(|(_, name)| name.is_some()));
        let ttl = |ttl: u8| Ttl::new(ttl).unwrap_or(Ttl::MIN);
        let what = match event.fact {
            Fact::Path { before, after, span: (first, last) } => What::Path {
                before: hash(before)?,
                after: hash(after)?,
                first_ttl: ttl(first),
                last_ttl: ttl(last),
            },
            Fact::Rtt { levels: (before, after), score } => {
                What::Rtt { before: microseconds(before), after: microseconds(after), score }
            }
            Fact::Loss { levels: (before, after), score } => What::Loss { before, after, score },
        };
        Ok(Change {
            series: strand.series.clone(),
            name: name.and_then(|(_, name)| name.clone()),
            at,
            before: trace(event.before)?.0,
            after,
            sure,
            sure_at,
            what,
        })
    }

    /// The series to a target, or all of them.
    pub(super) fn strands(&self, target: Option<&str>) -> Result<Vec<Strand>, Error> {
        let target = target.map(str::trim);
        let address =
            target.and_then(|target| target.parse::<IpAddr>().ok()).map(|address| address.to_string());
        let condition = match (target, &address) {
            (None, _) => "?1 IS NULL",
            (_, Some(_)) => "s.address = (SELECT id FROM address WHERE ip = ?1)",
            _ => "s.address IN (SELECT address FROM setup WHERE target = ?1 COLLATE NOCASE)",
        };
        self.strands_where(condition, address.as_deref().or(target))
    }

    /// A series, as it stands in the database: its measured traces, and those that were brought in.
    pub(super) fn strand(&self, series: &Series) -> Result<Vec<Strand>, Error> {
        let Some(address) = series.address else { return Ok(Vec::new()) };
        let mut strands = self.strands(Some(&address.to_string()))?;
        strands.retain(|strand| strand.series == *series);
        Ok(strands)
    }

    fn strands_where(&self, condition: &str, value: Option<&str>) -> Result<Vec<Strand>, Error> {
        let fault = self.fault("look for the series of a target");
        let sql = format!(
            "SELECT s.id, s.target, s.kind, a.ip, s.protocol, s.vantage FROM setup AS s
             LEFT JOIN address AS a ON a.id = s.address WHERE {condition} ORDER BY s.id"
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(fault)?;
        let mut rows = statement.query([value]).map_err(fault)?;
        let mut strands: Vec<Strand> = Vec::new();
        let mut places: HashMap<(Series, bool), usize> = HashMap::new();
        while let Some(row) = rows.next().map_err(fault)? {
            let setup = (row.get(0).map_err(fault)?, row.get(1).map_err(fault)?);
            let measured = row.get::<_, String>(2).map_err(fault)? == "measured";
            let series = series(row, 3).map_err(fault)?;
            let place = *places.entry((series.clone(), measured)).or_insert_with(|| {
                strands.push(Strand { series, setups: Vec::new(), measured });
                strands.len() - 1
            });
            if let Some(strand) = strands.get_mut(place) {
                strand.setups.push(setup);
            }
        }
        Ok(strands)
    }

    /// The traces of a series in the order in which they started: all, or those since then and as many before them as
    /// decide what they mean; of those long before the first in each span of [`SLOT`].
    pub(super) fn sightings(&self, strand: &Strand, since: Option<i64>) -> Result<Vec<Sighting>, Error> {
        self.sightings_until(strand, since, None)
    }

    /// The same, but for those behind `until`: as many of them as make sure what was before.
    fn sightings_until(
        &self,
        strand: &Strand,
        since: Option<i64>,
        until: Option<i64>,
    ) -> Result<Vec<Sighting>, Error> {
        let fault = self.fault("read the traces of a series");
        let (mut from, mut long_ago) = (i64::MIN, i64::MIN);
        if let Some(since) = since {
            let sql = "SELECT started FROM measurement WHERE setup = ? AND started < ?
                 ORDER BY started DESC LIMIT ?";
            let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
            let mut earlier: Vec<i64> = Vec::new();
            for (setup, _) in &strand.setups {
                let mut rows = statement.query(params![setup, since, EARLIER]).map_err(fault)?;
                while let Some(row) = rows.next().map_err(fault)? {
                    earlier.push(row.get(0).map_err(fault)?);
                }
            }
            earlier.sort_unstable_by(|one, other| other.cmp(one));
            let limit = usize::try_from(EARLIER).unwrap_or(usize::MAX);
            from = earlier.get(limit - 1).copied().unwrap_or(i64::MIN);
            long_ago = since.saturating_sub(EARLIER_TIME);
        }
        let sql = "SELECT key, started, path, outcome, least_us, median_us, sent, lost FROM measurement
             WHERE setup = ? AND started >= ? AND started < ? ORDER BY started LIMIT ?";
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        let mut sightings = Vec::new();
        for (setup, _) in &strand.setups {
            let mut slot = long_ago;
            while from > slot {
                let mut rows = statement.query(params![setup, slot, from, 1]).map_err(fault)?;
                let Some(row) = rows.next().map_err(fault)? else { break };
                let first = sighting(row).map_err(fault)?;
                slot = first.started.div_euclid(SLOT).saturating_add(1).saturating_mul(SLOT);
                sightings.push(first);
            }
        }
        let end = until.unwrap_or(i64::MAX);
        let parts = [(from, end, -1), (end, i64::MAX, LATER)];
        for (from, end, most) in parts.into_iter().take(if until.is_some() { 2 } else { 1 }) {
            for (setup, _) in &strand.setups {
                let mut rows = statement.query(params![setup, from, end, most]).map_err(fault)?;
                while let Some(row) = rows.next().map_err(fault)? {
                    sightings.push(sighting(row).map_err(fault)?);
                }
            }
        }
        sightings.sort_by_key(|sighting| (sighting.started, sighting.key));
        if let Some(until) = until {
            let before = sightings.partition_point(|sighting| sighting.started < until);
            sightings.truncate(before + usize::try_from(LATER).unwrap_or_default());
        }
        Ok(sightings)
    }

    /// The routes that these traces went.
    pub(super) fn routes(&self, sightings: &[Sighting]) -> Result<HashMap<i64, Route>, Error> {
        let fault = self.fault("read the paths of a series");
        let paths: BTreeSet<i64> = sightings.iter().map(|sighting| sighting.path).collect();
        let mut routes = HashMap::with_capacity(paths.len());
        let mut last =
            self.connection.prepare_cached("SELECT last_ttl FROM path WHERE id = ?").map_err(fault)?;
        let mut hops = self
            .connection
            .prepare_cached("SELECT ttl, address FROM path_hop WHERE path = ? AND address IS NOT NULL")
            .map_err(fault)?;
        for path in paths {
            let last_ttl = last.query_row([path], |row| row.get(0)).map_err(fault)?;
            let mut route = Route { last_ttl, ..Route::default() };
            let mut rows = hops.query([path]).map_err(fault)?;
            while let Some(row) = rows.next().map_err(fault)? {
                route.hops.insert(row.get(0).map_err(fault)?, row.get(1).map_err(fault)?);
            }
            routes.insert(path, route);
        }
        Ok(routes)
    }
}

/// The series in a row: address, protocol and vantage point from this column on. A word that is not known stands for
/// none.
fn series(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Series> {
    let text = |index: usize| row.get::<_, Option<String>>(index);
    Ok(Series {
        address: text(column)?.and_then(|ip| ip.parse().ok()),
        protocol: text(column + 1)?.and_then(|word| word.parse().ok()),
        vantage: text(column + 2)?,
    })
}

fn sighting(row: &rusqlite::Row<'_>) -> rusqlite::Result<Sighting> {
    let code = row.get::<_, Option<u8>>(3)?;
    let known = |code: u8| Outcome::ALL.iter().copied().find(|outcome| outcome_code(*outcome) == code);
    let outcome = code.and_then(known);
    let reached = outcome == Some(Outcome::Reached);
    Ok(Sighting {
        key: row.get(0)?,
        started: row.get(1)?,
        path: row.get(2)?,
        outcome,
        rtt: row.get::<_, Option<u32>>(4)?.zip(row.get(5)?).filter(|_| reached),
        sent: row.get::<_, Option<u32>>(6)?.unwrap_or(0),
        lost: row.get::<_, Option<u32>>(7)?.unwrap_or(0),
    })
}

/// Microseconds as a span of time.
pub(super) fn microseconds(us: u32) -> Duration {
    Duration::from_micros(us.into())
}
