use core::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Row, params_from_iter};
use trace_core::model::{Mode, Outcome, Protocols, Target, TraceKind, Ttl, Uuid};

use super::Store;
use super::filter::{Among, Conditions, Cursor, Filter, Match};
use super::put::outcome_code;
use crate::Error;

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
    /// The least RTT to the target, to the microsecond; `None` where it was not reached.
    pub rtt: Option<Duration>,
    /// Where it stands in the list.
    pub cursor: Cursor,
}

/// What is shown of the traces whose keys were found.
const COLUMNS: &str = "SELECT m.uuid, s.kind, s.vantage, s.target, a.ip, s.protocol, s.mode, m.started, m.duration_ns, m.outcome,
        p.last_ttl, p.hash, m.key, CASE m.outcome WHEN 0 THEN m.least_us END
    FROM (FOUND) AS found CROSS JOIN measurement AS m ON m.key = found.key JOIN setup AS s ON s.id = m.setup
    JOIN path AS p ON p.id = m.path LEFT JOIN address AS a ON a.id = s.address
    ORDER BY m.started DESC, m.key < 0 DESC, m.key DESC";

/// How the traces of a list are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// By time: the first ones that pass are soon found, since many do.
    Time,
    /// Setup by setup, in an index that holds all that is asked for.
    Setups,
}

/// Setups are looked through one by one if no more than one of so many is wanted.
const FEW: i64 = 20;

/// The question for the traces that pass `filter`, the newest first, and its values.
pub(super) fn question(filter: &Filter, way: Way) -> (String, Vec<Value>) {
    let mut values = Vec::new();
    let mut part = |among: Among| {
        let of_trace = filter.of_trace(among);
        let of_setup = filter.of_setup();
        values.extend(of_trace.values.into_iter().chain(of_setup.values));
        (of_trace.sql, of_setup.sql)
    };
    let found = match way {
        // Both parts are read in their order and merged.
        Way::Time => {
            let mut part = |among| {
                let (of_trace, of_setup) = part(among);
                // The plus keeps the index of setups from being taken.
                let of_setup = match of_setup.as_str() {
                    "" => String::new(),
                    of_setup => format!("AND +m.setup IN (SELECT id FROM setup AS s {of_setup})"),
                };
                format!("FROM measurement AS m {of_trace} {of_setup}")
            };
            format!(
                "SELECT m.key AS started, 0 AS apart, m.key AS key {} UNION ALL SELECT m.started, 1, m.key {}
                 ORDER BY 1 DESC, 2 DESC, 3 DESC LIMIT ?",
                part(Among::InTime),
                part(Among::Apart)
            )
        }
        Way::Setups => {
            let (of_trace, of_setup) = part(Among::All);
            let of_setup = of_setup.replacen("WHERE", "AND", 1);
            format!(
                "SELECT m.key AS key FROM setup AS s CROSS JOIN measurement AS m ON m.setup = s.id {of_trace} {of_setup}
                 ORDER BY m.started DESC, m.key < 0 DESC, m.key DESC LIMIT ?"
            )
        }
    };
    values.push(filter.limit.map_or(-1, i64::from).into());
    (COLUMNS.replace("FOUND", &found), values)
}

impl Store {
    /// The traces that pass `filter`, the newest first; of several that started at once the last stored one.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when a row makes no sense, and what SQLite may say.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Summary>, Error> {
        let fault = self.fault("list the traces");
        let (sql, values) = question(filter, self.way(filter)?);
        let mut statement = self.connection.prepare_cached(&sql).map_err(fault)?;
        let rows = statement.query_map(params_from_iter(values), |row| Ok(summary(row))).map_err(fault)?;
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

    /// Which way finds the traces of a filter sooner.
    fn way(&self, filter: &Filter) -> Result<Way, Error> {
        // Most traces reach their target.
        if !matches!(filter.outcome, Match::Any | Match::Is(Outcome::Reached)) {
            return Ok(Way::Setups);
        }
        let Conditions { sql, values } = filter.of_setup();
        if sql.is_empty() {
            return Ok(Way::Time);
        }
        let sql =
            format!("SELECT (SELECT count(*) FROM setup AS s {sql}) * {FEW} <= (SELECT count(*) FROM setup)");
        let few = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row(params_from_iter(values), |row| row.get(0)));
        let few: bool = few.map_err(self.fault("list the traces"))?;
        Ok(if few { Way::Setups } else { Way::Time })
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
        rtt: row.get::<_, Option<u32>>(13)?.map(|us| Duration::from_micros(us.into())),
        cursor: Cursor { started: row.get(7)?, key: row.get(12)? },
    }))
}
