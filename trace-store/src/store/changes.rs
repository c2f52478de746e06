//! What changed on the way to a target.

use core::time::Duration;

use trace_core::model::{Ttl, Uuid};

use super::strand::{Strand, series};
use super::{Store, Subject, key};
use crate::change::{Change, Event, Fact, News, Sighting, What, judge, limit};
use crate::{Error, Series};

/// How many traces that lost something are looked at probe by probe.
const LOOKED_AT: usize = 12;

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
            let sql = "SELECT max(started) FROM (SELECT max(key) AS started FROM measurement WHERE key >= 0 AND key < ?1
                 UNION ALL SELECT max(started) FROM measurement WHERE key < 0 AND started < ?1)";
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
        let unknown = || Error::Unknown { text: trace.to_string() };
        let key = key::find(&self.connection, trace).map_err(fault)?.ok_or_else(unknown)?;
        let sql = "SELECT m.started, a.ip, s.protocol, s.vantage FROM measurement AS m
             JOIN setup AS s ON s.id = m.setup LEFT JOIN address AS a ON a.id = s.address WHERE m.key = ?";
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, series(row, 1)?));
        let (started, series) = statement.query_row([key], read).map_err(fault)?;
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
}

/// Microseconds as a span of time.
pub(super) fn microseconds(us: u32) -> Duration {
    Duration::from_micros(us.into())
}
