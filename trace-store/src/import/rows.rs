//! Rows of the old forms, in any order, and the traces they make.

use core::time::Duration;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, params};
use trace_core::model::{
    Atlas, Coordinates, Evidence, Flow, Hop, Located, Place, ProbeRecord, ProbeResult, Reply, Trace,
    TraceKind, Ttl, Uuid,
};

use super::column::Row;
use super::problem::{Problem, Problems};
use crate::Error;

/// The space of the ids that old ids become which are no UUIDs.
const NAMESPACE: Uuid = Uuid::from_u128(0x7c1f_3d5e_92ab_4c60_8f0e_1b6a_54c2_d937);

/// What is kept in memory of the rows, in KiB; the rest is in a temporary file that goes by itself.
const CACHE: u32 = 8 << 10;

/// The rows of a file, sorted by trace.
pub(super) struct Collection {
    rows: Connection,
    /// The trace of the row before: rows of one mostly follow one another.
    last: Option<(String, i64)>,
}

fn failed(error: rusqlite::Error) -> Error {
    let path = std::env::temp_dir();
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => Error::Full { path },
        _ => Error::Database {
            attempted: "sort the rows in a temporary file",
            path,
            message: error.to_string(),
        },
    }
}

impl Collection {
    pub(super) fn new() -> Result<Self, Error> {
        // A database without a name is a temporary one: in memory as far as the cache goes, then in a file.
        let rows = Connection::open("").map_err(failed)?;
        rows.execute_batch(&format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE};
             CREATE TABLE trace (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
             CREATE TABLE hop (trace INTEGER, hop INTEGER, line INTEGER, ip TEXT, date INTEGER, city TEXT, country TEXT,
                 isp TEXT, latitude REAL, longitude REAL, PRIMARY KEY (trace, hop, line)) STRICT, WITHOUT ROWID;
             BEGIN;"
        ))
        .map_err(failed)?;
        Ok(Self { rows, last: None })
    }

    pub(super) fn add(&mut self, line: u64, row: &Row) -> Result<(), Error> {
        let number = match &self.last {
            Some((id, number)) if *id == row.id => *number,
            _ => {
                let number = self.number(&row.id).map_err(failed)?;
                self.last = Some((row.id.clone(), number));
                number
            }
        };
        self.rows
            .prepare_cached("INSERT INTO hop VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .and_then(|mut statement| {
                statement.execute(params![
                    number,
                    row.hop,
                    line.cast_signed(),
                    row.ip.map(|ip| ip.to_string()),
                    row.date,
                    row.city,
                    row.country,
                    row.isp,
                    row.point.map(|(latitude, _)| latitude),
                    row.point.map(|(_, longitude)| longitude),
                ])
            })
            .map_err(failed)?;
        Ok(())
    }

    fn number(&self, id: &str) -> rusqlite::Result<i64> {
        let known = self
            .rows
            .prepare_cached("SELECT number FROM trace WHERE id = ?")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        match known {
            Some(number) => Ok(number),
            None => self.rows.prepare_cached("INSERT INTO trace (id) VALUES (?)")?.insert([id]),
        }
    }

    /// The traces, in the order in which they first appear. Hops that lie further apart than a trace takes are no mistake
    /// that could be told from a long trace: they stay.
    pub(super) fn finish(self, name: &Path) -> Result<Traces, Error> {
        let mut problems = Problems::default();
        let spans = "SELECT min(line), max(date) - min(date) FROM hop GROUP BY trace
             HAVING max(date) - min(date) > 9e18 OR typeof(max(date) - min(date)) <> 'integer'";
        let mut statement = self.rows.prepare(spans).map_err(failed)?;
        let mut rows = statement.query(()).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let line: i64 = row.get(0).map_err(failed)?;
            let cause = "the dates of this trace are centuries apart".to_owned();
            problems.push(Problem {
                line: line.cast_unsigned(),
                column: Some("DATE_CREATED".to_owned()),
                cause,
            });
        }
        drop(rows);
        drop(statement);
        problems.settle(name)?;
        Ok(Traces { rows: self.rows, next: 1, name: name.to_owned() })
    }
}

/// The traces of a collection.
pub(super) struct Traces {
    rows: Connection,
    next: i64,
    name: PathBuf,
}

impl Iterator for Traces {
    type Item = Result<(Trace, Atlas), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = self.trace(self.next).map_err(failed).transpose()?;
        self.next += 1;
        Some(found.and_then(|(id, rows)| {
            build(&id, &rows).ok_or_else(|| Error::Unsound {
                path: self.name.clone(),
                message: format!("the trace {id:?} makes no sense"),
            })
        }))
    }
}

impl Traces {
    fn trace(&self, number: i64) -> rusqlite::Result<Option<(String, Vec<Row>)>> {
        let id: Option<String> = self
            .rows
            .prepare_cached("SELECT id FROM trace WHERE number = ?")?
            .query_row([number], |row| row.get(0))
            .optional()?;
        let Some(id) = id else { return Ok(None) };
        let mut statement =
            self.rows.prepare_cached("SELECT * FROM hop WHERE trace = ? ORDER BY hop, line")?;
        let rows = statement.query_map([number], |row| {
            let point = row.get::<_, Option<f64>>(8)?.zip(row.get(9)?);
            Ok(Row {
                id: id.clone(),
                hop: row.get(1)?,
                ip: row.get::<_, Option<String>>(3)?.and_then(|ip| ip.parse().ok()),
                date: row.get(4)?,
                city: row.get(5)?,
                country: row.get(6)?,
                isp: row.get(7)?,
                point,
            })
        })?;
        let rows = rows.collect::<rusqlite::Result<_>>()?;
        Ok(Some((id, rows)))
    }
}

/// The trace that rows of one id make, which are sorted by hop; `None` if there are none.
fn build(id: &str, rows: &[Row]) -> Option<(Trace, Atlas)> {
    let started = rows.iter().map(|row| row.date).min()?;
    let mut hops: BTreeMap<u8, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let hop = hops.entry(row.hop).or_default();
        // A row that is there twice was written twice.
        if !hop.contains(&row) {
            hop.push(row);
        }
    }
    let (first, last) = (*hops.keys().next()?, *hops.keys().next_back()?);
    let probe = |row: &&Row| {
        let result = row.ip.map_or(ProbeResult::Silent, |ip| ProbeResult::Answered(Box::new(Reply::new(ip))));
        let later = u64::try_from(row.date.saturating_sub(started)).unwrap_or(0);
        let sent = Some(Duration::from_nanos(later));
        ProbeRecord { protocol: None, flow: Flow(0), round: 0, sent, off_flow: false, result }
    };
    let hop = |ttl: Ttl| {
        let probes = hops.get(&ttl.get()).into_iter().flatten().map(probe).collect();
        Hop { ttl, probes }
    };
    let uuid = id.parse().unwrap_or_else(|_| Uuid::new_v5(&NAMESPACE, name(id, started, &hops).as_bytes()));
    let mut trace = Trace::new(uuid, TraceKind::Imported, started);
    trace.hops = (first..=last).filter_map(Ttl::new).map(hop).collect();
    let mut atlas = Atlas::default();
    for row in rows {
        if let Some((ip, place)) = row.ip.zip(place(row)) {
            place_at(&mut atlas, ip, place);
        }
    }
    Some((trace, atlas))
}

/// What the id of a trace is made of whose old id is no UUID.
fn name(id: &str, started: i64, hops: &BTreeMap<u8, Vec<&Row>>) -> String {
    let rows = hops.iter().flat_map(|(hop, rows)| rows.iter().map(move |row| (hop, row.ip)));
    let rows = rows.map(|(hop, ip)| match ip {
        Some(ip) => format!("{hop} {ip}\n"),
        None => format!("{hop} -\n"),
    });
    format!("{id}\n{started}\n{}", rows.collect::<String>())
}

/// Whose source the places of the old forms have.
const SOURCE: &str = "imported";

fn place(row: &Row) -> Option<Place> {
    let place = Place {
        country: row.country.as_deref().map(Into::into),
        city: row.city.as_deref().map(Into::into),
        isp: row.isp.as_deref().map(Into::into),
        coordinates: row.point.and_then(|(latitude, longitude)| Coordinates::new(latitude, longitude)),
        ..Place::default()
    };
    (!place.is_empty()).then_some(place)
}

/// The first place of an address is the one that counts; others that were told of it in the same trace are kept beside it.
fn place_at(atlas: &mut Atlas, ip: IpAddr, place: Place) {
    let evidence =
        |place: Place| Evidence { source: SOURCE.into(), built: None, place, verdict: None, reason: None };
    let located = atlas.places.entry(ip).or_insert_with(|| Located {
        place: Some(place.clone()),
        source: Some(SOURCE.into()),
        ..Located::default()
    });
    if !located.candidates.iter().any(|known| known.place == place) {
        located.candidates.push(evidence(place));
    }
}
