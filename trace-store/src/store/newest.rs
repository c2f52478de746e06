//! The newest traces of one series.

use core::time::Duration;

use rusqlite::{OptionalExtension, params};
use trace_core::model::{Outcome, Ttl, Uuid};

use super::overview::Standing;
use super::put::outcome_code;
use super::{Store, key};
use crate::Error;

/// A trace of a series, as far as its target goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// When it started: nanoseconds since 1970 UTC.
    pub started: i64,
    /// The least RTT to the target; `None` where it was not reached.
    pub rtt: Option<Duration>,
}

/// The newest trace of a series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// Its id.
    pub id: Uuid,
    /// When it started: nanoseconds since 1970 UTC.
    pub started: i64,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// How long it took.
    pub duration: Option<Duration>,
    /// The TTL of its last hop.
    pub last_ttl: Option<Ttl>,
    /// The least RTT to the target; `None` where it was not reached.
    pub rtt: Option<Duration>,
    /// Probes sent to the target, and lost; `None` where it was not reached.
    pub probes: Option<(u32, u32)>,
}

/// A trace with its places, told apart from the same trace with others ([`Store::relocate`]): as long as these are equal,
/// so is what [`Store::get`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edition {
    /// The id of the trace.
    pub id: Uuid,
    epoch: i64,
    atlas: Option<i64>,
    narrowed: bool,
    judgement: Option<i64>,
    /// The bits of the number.
    consistency: Option<u64>,
}

const US: fn(u32) -> Duration = |us| Duration::from_micros(us as u64);

impl Store {
    /// The newest so many traces of a series, the oldest of them first.
    ///
    /// # Errors
    ///
    /// What SQLite may say.
    pub fn recent(&self, standing: &Standing, limit: u32) -> Result<Vec<Point>, Error> {
        let fault = self.fault("read the newest traces of a series");
        let mut points = Vec::new();
        let mut statement = self.connection.prepare_cached(RECENT).map_err(fault)?;
        // Each setup has its own part of the index: they are read from their ends and joined here.
        for setup in &standing.setups {
            let rows = statement.query_map(params![setup, limit], |row| {
                Ok(Point { started: row.get(0)?, rtt: row.get::<_, Option<u32>>(1)?.map(US) })
            });
            for point in rows.map_err(fault)? {
                points.push(point.map_err(fault)?);
            }
        }
        points.sort_by_key(|point| core::cmp::Reverse(point.started));
        points.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        points.reverse();
        Ok(points)
    }

    /// The newest trace of a series; `None` where it has been removed.
    ///
    /// # Errors
    ///
    /// What SQLite may say.
    pub fn newest(&self, standing: &Standing) -> Result<Option<Newest>, Error> {
        let known = |code: u8| Outcome::ALL.iter().copied().find(|outcome| outcome_code(*outcome) == code);
        self.connection
            .prepare_cached(NEWEST)
            .and_then(|mut statement| {
                statement
                    .query_row([standing.newest], |row| {
                        let outcome = row.get::<_, Option<u8>>(2)?.and_then(known);
                        let reached = outcome == Some(Outcome::Reached);
                        let duration = row.get::<_, Option<i64>>(3)?.and_then(|ns| u64::try_from(ns).ok());
                        let probes = row.get::<_, Option<u32>>(6)?.zip(row.get(7)?);
                        Ok(Newest {
                            id: Uuid::from_bytes(row.get(0)?),
                            started: row.get(1)?,
                            outcome,
                            duration: duration.map(Duration::from_nanos),
                            last_ttl: row.get::<_, Option<u8>>(4)?.and_then(Ttl::new),
                            rtt: row.get::<_, Option<u32>>(5)?.map(US).filter(|_| reached),
                            probes: probes.filter(|_| reached),
                        })
                    })
                    .optional()
            })
            .map_err(self.fault("read the newest trace of a series"))
    }

    /// What a trace and its places are now; `None` where there is none with this id.
    ///
    /// # Errors
    ///
    /// What SQLite may say.
    pub fn edition(&self, id: Uuid) -> Result<Option<Edition>, Error> {
        let read = |row: &rusqlite::Row<'_>| {
            Ok(Edition {
                id,
                epoch: row.get(0)?,
                atlas: row.get(1)?,
                narrowed: row.get(2)?,
                judgement: row.get(3)?,
                consistency: row.get::<_, Option<f64>>(4)?.map(f64::to_bits),
            })
        };
        let fault = self.fault("look for a trace");
        let _look = self.look().map_err(fault)?;
        let Some(key) = key::find(&self.connection, id).map_err(fault)? else { return Ok(None) };
        self.connection
            .prepare_cached(EDITION)
            .and_then(|mut statement| statement.query_row([key], read).optional())
            .map_err(fault)
    }

    /// The ids of the newest so many traces of a series, the newest first.
    ///
    /// # Errors
    ///
    /// What SQLite may say.
    pub fn newest_ids(&self, standing: &Standing, limit: u32) -> Result<Vec<Uuid>, Error> {
        let fault = self.fault("look for the newest traces of a series");
        let mut id =
            self.connection.prepare_cached("SELECT uuid FROM measurement WHERE key = ?").map_err(fault)?;
        let mut id = |key: i64| id.query_row([key], |row| row.get(0)).map(Uuid::from_bytes).optional();
        if limit == 1 {
            return Ok(id(standing.newest).map_err(fault)?.into_iter().collect());
        }
        let mut found: Vec<(i64, i64)> = Vec::new();
        let mut statement = self.connection.prepare_cached(NEWEST_KEYS).map_err(fault)?;
        for setup in &standing.setups {
            let rows = statement.query_map(params![setup, limit], |row| Ok((row.get(0)?, row.get(1)?)));
            for pair in rows.map_err(fault)? {
                found.push(pair.map_err(fault)?);
            }
        }
        found.sort_unstable_by_key(|(started, key)| core::cmp::Reverse((*started, key::rank(*key))));
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let ids = found.iter().filter_map(|(_, key)| id(*key).transpose());
        ids.collect::<Result<_, _>>().map_err(fault)
    }
}

const EDITION: &str = "SELECT (SELECT number FROM epoch), atlas, narrowed, judgement, consistency
    FROM measurement WHERE key = ?";

const RECENT: &str = "SELECT started, CASE outcome WHEN 0 THEN least_us END FROM measurement
    WHERE setup = ? ORDER BY started DESC LIMIT ?";

const NEWEST_KEYS: &str = "SELECT started, key FROM measurement WHERE setup = ? ORDER BY started DESC, key < 0 DESC, key DESC LIMIT ?";

const NEWEST: &str =
    "SELECT m.uuid, m.started, m.outcome, m.duration_ns, p.last_ttl, m.least_us, m.sent, m.lost
    FROM measurement AS m JOIN path AS p ON p.id = m.path WHERE m.key = ?";
