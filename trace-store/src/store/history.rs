//! How the paths to a target followed one another.

use core::time::Duration;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use trace_core::model::{Protocols, Ttl, Uuid};

use super::Store;
use super::changes::microseconds;
use super::strand::Strand;
use crate::change::{Route, Sighting, eras, usual};
use crate::{Error, Series};

/// Whose history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The address that was traced to, or the name as it was typed, in either case.
    pub target: String,
    /// Only traces that started then or later, in nanoseconds since 1970 UTC.
    pub since: Option<i64>,
}

/// Traces that followed one another on one path, made in the same way: to one address, with one protocol, from one
/// vantage point. Where packets are balanced over several ways that path is the set of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Era {
    /// The address that was traced to.
    pub address: IpAddr,
    /// The protocols of the probes.
    pub protocol: Option<Protocols>,
    /// The name of the place it was measured from.
    pub vantage: Option<String>,
    /// The hash of the path that most of its traces took: equal for equal paths.
    pub path: i64,
    /// How many paths its traces took; more than one where packets are balanced, or where a trace did not reach the target.
    pub paths: u64,
    /// When its first trace started: nanoseconds since 1970 UTC.
    pub first: i64,
    /// When its last trace started.
    pub last: i64,
    /// Its last trace.
    pub trace: Uuid,
    /// How many traces there were.
    pub traces: u64,
    /// How many of them reached the target.
    pub reached: u64,
    /// The TTL of the last hop of that path.
    pub last_ttl: Option<Ttl>,
    /// Round-trip times to the target; `None` where it never answered.
    pub rtt: Option<Spread>,
}

/// Round-trip times to a target over several traces, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The least of all probes.
    pub min: Duration,
    /// The median over the traces, of the median of each.
    pub median: Duration,
    /// The 95th percentile over the traces (nearest rank), of the median of each.
    pub p95: Duration,
}

impl Store {
    /// The eras of a target, in the order in which they began: each lasts until the path changes for the traces made in
    /// the same way. A hop that lost every packet of a trace does not begin another one, nor do packets that are balanced
    /// over several ways: an era ends with a change that [`Store::changes`] tells.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when a row makes no sense, and what SQLite may say.
    pub fn history(&self, subject: &Subject) -> Result<Vec<Era>, Error> {
        self.eras_on(&self.strands(Some(&subject.target))?, subject.since, None)
    }

    /// The eras of one series, of its traces that started from `since` on and before `until` (nanoseconds since 1970
    /// UTC), in the order in which they began.
    ///
    /// # Errors
    ///
    /// As [`Store::history`].
    pub fn eras_of(
        &self,
        series: &Series,
        since: Option<i64>,
        until: Option<i64>,
    ) -> Result<Vec<Era>, Error> {
        self.eras_on(&self.strand(series)?, since, until)
    }

    fn eras_on(&self, strands: &[Strand], since: Option<i64>, until: Option<i64>) -> Result<Vec<Era>, Error> {
        let mut found = Vec::new();
        for strand in strands {
            let _look = self.look().map_err(self.fault("read an era"))?;
            let sightings = self.sightings(strand, since)?;
            let routes = self.routes(&sightings)?;
            let mut rest = sightings.as_slice();
            let begins = eras(&sightings, &routes);
            for begin in begins.into_iter().rev().chain([0]) {
                let Some((earlier, era)) = rest.split_at_checked(begin) else { continue };
                rest = earlier;
                let asked = |sighting: &&Sighting| {
                    since.is_none_or(|since| sighting.started >= since)
                        && until.is_none_or(|until| sighting.started < until)
                };
                let era: Vec<Sighting> = era.iter().filter(asked).copied().collect();
                found.extend(self.era(strand, &era, &routes)?);
            }
        }
        found.sort_by_key(|era| (era.first, era.last));
        Ok(found)
    }

    /// The era of these traces; none of none, and of those whose target is not known.
    fn era(
        &self,
        strand: &Strand,
        sightings: &[Sighting],
        routes: &HashMap<i64, Route>,
    ) -> Result<Option<Era>, Error> {
        let (Some(first), Some(last), Some(path)) = (sightings.first(), sightings.last(), usual(sightings))
        else {
            return Ok(None);
        };
        let Some(address) = strand.series.address else { return Ok(None) };
        let fault = self.fault("read an era");
        let one = |sql: &str, number: i64| {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_row([number], |row| row.get::<_, rusqlite::types::Value>(0))
        };
        let hash = one("SELECT hash FROM path WHERE id = ?", path).map_err(fault)?;
        let uuid = one("SELECT uuid FROM measurement WHERE key = ?", last.key).map_err(fault)?;
        let damaged = || Error::Damaged {
            path: self.path.clone(),
            message: "a row says something that this program does not know".to_owned(),
        };
        let (rusqlite::types::Value::Integer(hash), rusqlite::types::Value::Blob(uuid)) = (hash, uuid) else {
            return Err(damaged());
        };
        let reached: Vec<&Sighting> = sightings.iter().filter(|sighting| sighting.reached()).collect();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Ok(Some(Era {
            address,
            protocol: strand.series.protocol,
            vantage: strand.series.vantage.clone(),
            path: hash,
            paths: count(sightings.iter().map(|sighting| sighting.path).collect::<BTreeSet<_>>().len()),
            first: first.started,
            last: last.started,
            trace: Uuid::from_slice(&uuid).map_err(|_| damaged())?,
            traces: count(sightings.len()),
            reached: count(reached.len()),
            last_ttl: routes.get(&path).and_then(|route| route.last_ttl).and_then(Ttl::new),
            rtt: spread(reached.iter().filter_map(|sighting| sighting.rtt)),
        }))
    }
}

fn spread(rtts: impl Iterator<Item = (u32, u32)>) -> Option<Spread> {
    let (leasts, mut medians): (Vec<u32>, Vec<u32>) = rtts.unzip();
    medians.sort_unstable();
    // Nearest rank.
    let rank = |percent: usize| {
        let rank = (medians.len() * percent).div_ceil(100).max(1);
        medians.get(rank - 1).copied().map(microseconds)
    };
    Some(Spread { min: microseconds(leasts.into_iter().min()?), median: rank(50)?, p95: rank(95)? })
}
