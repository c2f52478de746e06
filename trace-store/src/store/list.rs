use core::time::Duration;
use std::net::IpAddr;

use rusqlite::{Row, params};
use trace_core::model::{Mode, Outcome, Protocols, Target, TraceKind, Ttl, Uuid};

use super::Store;
use super::put::outcome_code;
use crate::Error;

/// Which traces to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// How many at most; `None` for all.
    pub limit: Option<u32>,
    /// Only traces that started then or later, in nanoseconds since 1970 UTC.
    pub since: Option<i64>,
    /// Only traces to this address, or to this name as it was typed, in either case.
    pub target: Option<String>,
}

/// A trace in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Its id.
    pub id: Uuid,
    /// Where it comes from.
    pub kind: TraceKind,
    /// The name of the place it was measured from.
    pub vantage: Option<String>,
    /// What was traced to.
    pub target: Option<Target>,
    /// The protocols of its probes.
    pub protocol: Option<Protocols>,
    /// How they were sent.
    pub mode: Option<Mode>,
    /// When it started: nanoseconds since 1970 UTC.
    pub started: i64,
    /// How long it took.
    pub duration: Option<Duration>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The TTL of its last hop.
    pub last_ttl: Option<Ttl>,
    /// The hash of the path it took: equal for equal paths.
    pub path: i64,
}

macro_rules! columns {
    ($condition:literal) => {
        concat!(
            "SELECT m.uuid, s.kind, s.vantage, s.target, a.ip, s.protocol, s.mode, m.started, m.duration_ns, m.outcome,
                p.last_ttl, p.hash
             FROM measurement AS m JOIN setup AS s ON s.id = m.setup JOIN path AS p ON p.id = m.path
             LEFT JOIN address AS a ON a.id = m.address
             WHERE m.started >= ?1 AND ",
            $condition,
            " ORDER BY m.started DESC, m.key DESC LIMIT ?3"
        )
    };
}

impl Store {
    /// The traces that pass `filter`, the newest first.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when a row makes no sense, and what SQLite may say.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Summary>, Error> {
        let fault = self.fault("list the traces");
        let since = filter.since.unwrap_or(i64::MIN);
        let limit = filter.limit.map_or(-1, i64::from);
        let target = filter.target.as_deref().map(str::trim);
        let address = target.and_then(|target| target.parse::<IpAddr>().ok());
        let (sql, target) = match (target, address) {
            (None, _) => (columns!("?2 IS NULL"), None),
            (_, Some(address)) => {
                (columns!("m.address = (SELECT id FROM address WHERE ip = ?2)"), Some(address.to_string()))
            }
            (Some(name), None) => (
                columns!(
                    "m.address IN (SELECT address FROM setup WHERE target = ?2 COLLATE NOCASE)
                     AND s.target = ?2 COLLATE NOCASE"
                ),
                Some(name.to_owned()),
            ),
        };
        let mut statement = self.connection.prepare_cached(sql).map_err(fault)?;
        let rows =
            statement.query_map(params![since, target, limit], |row| Ok(summary(row))).map_err(fault)?;
        let mut summaries = Vec::new();
        for row in rows {
            let summary = row.map_err(fault)?.map_err(fault)?;
            summaries.push(summary.ok_or_else(|| Error::Damaged {
                path: self.path.clone(),
                message: "a row says something that this program does not know".to_owned(),
            })?);
        }
        Ok(summaries)
    }

    /// How many traces there are.
    ///
    /// # Errors
    ///
    /// What SQLite may say.
    pub fn count(&self) -> Result<u64, Error> {
        let count =
            self.connection.query_row("SELECT count(*) FROM measurement", (), |row| row.get::<_, i64>(0));
        count.map(|count| u64::try_from(count).unwrap_or(0)).map_err(self.fault("count the traces"))
    }
}

/// The summary in a row; `None` where a word in it is not known.
fn summary(row: &Row<'_>) -> rusqlite::Result<Option<Summary>> {
    let word = |index: usize| row.get::<_, Option<String>>(index);
    let Some(kind) = word(1)?.and_then(|kind| kind.parse().ok()) else { return Ok(None) };
    let name = word(3)?;
    let address = word(4)?.and_then(|ip| ip.parse().ok());
    let outcome = row.get::<_, Option<u8>>(9)?;
    let known = |code: u8| Outcome::ALL.iter().copied().find(|outcome| outcome_code(*outcome) == code);
    Ok(Some(Summary {
        id: Uuid::from_bytes(row.get(0)?),
        kind,
        vantage: row.get(2)?,
        target: address.map(|address| Target { name, address }),
        protocol: word(5)?.and_then(|protocol| protocol.parse().ok()),
        mode: word(6)?.and_then(|mode| mode.parse().ok()),
        started: row.get(7)?,
        duration: row
            .get::<_, Option<i64>>(8)?
            .and_then(|ns| u64::try_from(ns).ok())
            .map(Duration::from_nanos),
        outcome: outcome.and_then(known),
        last_ttl: row.get::<_, Option<u8>>(10)?.and_then(Ttl::new),
        path: row.get(11)?,
    }))
}
