use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension, Row};
use trace_core::model::{Atlas, Hop, Located, Outcome, Trace, TraceKind, Uuid};

use super::put::outcome_code;
use super::{Store, key};
use crate::pack::Floor;
use crate::{Error, document, pack};

const ROW: &str =
    "SELECT m.uuid, s.document, m.started, m.duration_ns, m.outcome, m.outcome_detail, sh.bytes,
        m.times, m.atlas, m.narrowed, j.bytes, m.consistency, m.hops
    FROM measurement AS m JOIN setup AS s ON s.id = m.setup JOIN shape AS sh ON sh.id = m.shape
    LEFT JOIN judgement AS j ON j.id = m.judgement WHERE m.key = ?";

/// A row as it stands in the database.
struct Found {
    uuid: [u8; 16],
    setup: String,
    started: i64,
    duration: Option<i64>,
    outcome: Option<u8>,
    outcome_detail: Option<String>,
    shape: Vec<u8>,
    times: Vec<u8>,
    atlas: Option<i64>,
    narrowed: bool,
    judgement: Option<Vec<u8>>,
    consistency: Option<f64>,
    hops: String,
}

impl Found {
    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            uuid: row.get(0)?,
            setup: row.get(1)?,
            started: row.get(2)?,
            duration: row.get(3)?,
            outcome: row.get(4)?,
            outcome_detail: row.get(5)?,
            shape: row.get(6)?,
            times: row.get(7)?,
            atlas: row.get(8)?,
            narrowed: row.get(9)?,
            judgement: row.get(10)?,
            consistency: row.get(11)?,
            hops: row.get(12)?,
        })
    }
}

impl Store {
    /// The trace with this id and what is known of its places, equal to what was stored; `None` where there is
    /// none.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when a row makes no sense, and what SQLite may say.
    pub fn get(&self, id: Uuid) -> Result<Option<(Trace, Atlas)>, Error> {
        let fault = self.fault("read a trace");
        let _look = self.look().map_err(fault)?;
        let key = key::find(&self.connection, id).map_err(fault)?;
        key.map_or(Ok(None), |key| self.get_by_key(key))
    }

    pub(super) fn get_by_key(&self, key: i64) -> Result<Option<(Trace, Atlas)>, Error> {
        let _look = self.look().map_err(self.fault("read a trace"))?;
        let found = self
            .connection
            .prepare_cached(ROW)
            .and_then(|mut statement| statement.query_row([key], Found::of).optional())
            .map_err(self.fault("read a trace"))?;
        found.map(|found| self.rebuild(found)).transpose()
    }

    fn rebuild(&self, found: Found) -> Result<(Trace, Atlas), Error> {
        let id = Uuid::from_bytes(found.uuid);
        let damaged = |what: &str, why: &dyn Display| Error::Damaged {
            path: self.path.clone(),
            message: format!("the {what} of trace {id}: {why}"),
        };
        let outcome = match found.outcome {
            None => None,
            Some(code) => {
                let known = Outcome::ALL.iter().copied().find(|outcome| outcome_code(*outcome) == code);
                Some(known.ok_or_else(|| damaged("outcome", &format_args!("{code} stands for none")))?)
            }
        };
        let nanoseconds = |ns: i64| {
            u64::try_from(ns)
                .map(core::time::Duration::from_nanos)
                .map_err(|error| damaged("duration", &error))
        };
        let counts =
            super::hops::read(&found.hops).ok_or_else(|| damaged("counts", &"they make no sense"))?;
        let least = super::hops::least(&counts);
        let mut trace = Trace {
            id,
            kind: TraceKind::Measured,
            vantage: None,
            target: None,
            source: None,
            origin: None,
            protocol: None,
            mode: None,
            settings: None,
            started: found.started,
            duration: found.duration.map(nanoseconds).transpose()?,
            outcome,
            outcome_detail: found.outcome_detail,
            hops: pack::unpack(&found.shape, &found.times, &least)
                .map_err(|error| damaged("probes", &error))?,
        };
        document::setup_from_text(&found.setup, &mut trace).map_err(|error| damaged("setup", &error))?;
        let mut atlas = Atlas { consistency: found.consistency, ..Atlas::default() };
        if let Some(number) = found.atlas {
            atlas.places = places(&self.connection, number)
                .map_err(self.fault("read the places of a trace"))?
                .map_err(|error| damaged("places", &error))?;
        }
        if found.narrowed {
            let answerers: BTreeSet<IpAddr> = trace.hops.iter().flat_map(Hop::answerers).collect();
            atlas.places.retain(|address, _| answerers.contains(address));
        }
        if let Some(judgement) = found.judgement {
            let floor = Floor::of(&trace.hops);
            let table = |number: i64| {
                let mut statement =
                    self.connection.prepare_cached("SELECT text FROM reason WHERE id = ?").ok()?;
                statement.query_row([number], |row| row.get(0)).ok()
            };
            pack::judgement::apply(&judgement, &mut atlas, &floor, table)
                .map_err(|error| damaged("judgement", &error))?;
        }
        Ok((trace, atlas))
    }
}

/// The places of an atlas, or what is wrong with them.
pub(super) fn places(
    connection: &Connection,
    atlas: i64,
) -> rusqlite::Result<Result<BTreeMap<IpAddr, Located>, String>> {
    let mut statement = connection.prepare_cached(
        "SELECT a.ip, l.document FROM atlas_place AS ap JOIN address AS a ON a.id = ap.address
         JOIN located AS l ON l.id = ap.located WHERE ap.atlas = ?",
    )?;
    let rows =
        statement.query_map([atlas], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut places = BTreeMap::new();
    for row in rows {
        let (ip, text) = row?;
        let place = ip
            .parse::<IpAddr>()
            .map_err(|error| format!("the address {ip:?}: {error}"))
            .and_then(|address| Ok((address, document::located_from_text(&text)?)));
        match place {
            Ok((address, located)) => places.insert(address, located),
            Err(error) => return Ok(Err(error)),
        };
    }
    Ok(Ok(places))
}
