//! The traces of a series, as those see them who judge what changed.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use rusqlite::params;
use trace_core::model::Outcome;

use super::put::outcome_code;
use super::{Store, key};
use crate::change::{Route, SLOT, Sighting};
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
    pub(super) fn sightings_until(
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
        sightings.sort_by_key(|sighting| (sighting.started, key::rank(sighting.key)));
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
pub(super) fn series(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Series> {
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
