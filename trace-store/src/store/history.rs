//! How the paths to a target followed one another.

use core::time::Duration;
use std::net::IpAddr;

use rusqlite::params;
use trace_core::model::{Protocols, Ttl};

use super::Store;
use crate::Error;

/// Whose history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    /// The address that was traced to, or the name as it was typed, in either case.
    pub target: String,
    /// Only traces that started then or later, in nanoseconds since 1970 UTC.
    pub since: Option<i64>,
}

/// Traces that followed one another on one path, made in the same way: to one address, with one protocol, from one
/// vantage point.
#[derive(Debug, Clone, PartialEq)]
pub struct Era {
    /// The address that was traced to.
    pub address: IpAddr,
    /// The protocols of the probes.
    pub protocol: Option<Protocols>,
    /// The name of the place it was measured from.
    pub vantage: Option<String>,
    /// The hash of the path: equal for equal paths.
    pub path: i64,
    /// When its first trace started: nanoseconds since 1970 UTC.
    pub first: i64,
    /// When its last trace started.
    pub last: i64,
    /// How many traces there were.
    pub traces: u64,
    /// How many of them reached the target.
    pub reached: u64,
    /// The TTL of the last hop.
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

/// A trace as a history sees it.
struct Row {
    series: i64,
    path: i64,
    reached: bool,
    /// Least and median RTT to the target in microseconds.
    rtt: Option<(u32, u32)>,
}

/// An era that may go on.
struct Open {
    era: Era,
    series: i64,
    least: u32,
    medians: Vec<u32>,
}

impl Store {
    /// The eras of a target, in the order in which they began: each lasts until a trace made in the same way takes
    /// another path. A hop that lost every packet of a trace does not make another path.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when a row makes no sense, and what SQLite may say.
    pub fn history(&self, subject: &Subject) -> Result<Vec<Era>, Error> {
        let fault = self.fault("read the history of a target");
        let target = subject.target.trim();
        let address = target.parse::<IpAddr>().ok().map(|address| address.to_string());
        let condition = if address.is_some() {
            "s.address = (SELECT id FROM address WHERE ip = ?1)"
        } else {
            "s.target = ?1 COLLATE NOCASE"
        };
        // The series has one number for all setups that differ in nothing that a history tells apart.
        let sql = format!(
            "SELECT min(s.id) OVER (PARTITION BY s.address, s.protocol, s.vantage), m.path, p.hash, p.last_ttl, a.ip,
                 s.protocol, s.vantage, m.started, m.outcome = 0, m.least_us, m.median_us
             FROM setup AS s JOIN measurement AS m ON m.setup = s.id JOIN path AS p ON p.id = m.path
             JOIN address AS a ON a.id = s.address
             WHERE {condition} AND m.started >= ?2 ORDER BY m.started, m.key"
        );
        let mut statement = self.connection.prepare_cached(&sql).map_err(fault)?;
        let mut rows = statement
            .query(params![address.as_deref().unwrap_or(target), subject.since.unwrap_or(i64::MIN)])
            .map_err(fault)?;
        let mut open: Vec<Open> = Vec::new();
        let mut closed: Vec<Era> = Vec::new();
        while let Some(row) = rows.next().map_err(fault)? {
            let (row, mut era) = read(row).map_err(fault)?.ok_or_else(|| Error::Damaged {
                path: self.path.clone(),
                message: "a row says something that this program does not know".to_owned(),
            })?;
            let found = open.iter().position(|open| open.series == row.series);
            let same = found.filter(|index| open.get(*index).is_some_and(|open| open.era.path == row.path));
            let index = same.unwrap_or_else(|| {
                if let Some(index) = found {
                    closed.push(open.remove(index).close());
                }
                era.path = row.path;
                open.push(Open {
                    era: era.clone(),
                    series: row.series,
                    least: u32::MAX,
                    medians: Vec::new(),
                });
                open.len() - 1
            });
            if let Some(open) = open.get_mut(index) {
                open.add(&row, era.first);
            }
        }
        closed.extend(open.into_iter().map(Open::close));
        closed.sort_by_key(|era| (era.first, era.last));
        Ok(closed)
    }
}

impl Open {
    fn add(&mut self, row: &Row, started: i64) {
        self.era.last = started;
        self.era.traces += 1;
        if row.reached {
            self.era.reached += 1;
            if let Some((least, median)) = row.rtt {
                self.least = self.least.min(least);
                self.medians.push(median);
            }
        }
    }

    fn close(mut self) -> Era {
        self.medians.sort_unstable();
        // Nearest rank.
        let rank = |percent: usize| {
            let rank = (self.medians.len() * percent).div_ceil(100).max(1);
            self.medians.get(rank - 1).copied()
        };
        let us = |us: u32| Duration::from_micros(us.into());
        self.era.rtt = rank(50).zip(rank(95)).map(|(median, p95)| Spread {
            min: us(self.least),
            median: us(median),
            p95: us(p95),
        });
        self.era
    }
}

/// A trace, and the era that it would begin; `None` where a word in it is not known.
fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<(Row, Era)>> {
    let Ok(address) = row.get::<_, String>(4)?.parse() else { return Ok(None) };
    let protocol = match row.get::<_, Option<String>>(5)? {
        None => None,
        Some(word) => match word.parse() {
            Ok(protocol) => Some(protocol),
            Err(_) => return Ok(None),
        },
    };
    let started = row.get(7)?;
    let rtt = row.get::<_, Option<u32>>(9)?.zip(row.get(10)?);
    let era = Era {
        address,
        protocol,
        vantage: row.get(6)?,
        path: row.get(2)?,
        first: started,
        last: started,
        traces: 0,
        reached: 0,
        last_ttl: row.get::<_, Option<u8>>(3)?.and_then(Ttl::new),
        rtt: None,
    };
    let row = Row {
        series: row.get(0)?,
        path: era.path,
        reached: row.get::<_, Option<bool>>(8)?.unwrap_or(false),
        rtt,
    };
    Ok(Some((row, era)))
}
