//! Values that repeat are stored once: found by the hash of their bytes, then compared byte by byte.

use std::net::IpAddr;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Result, ToSql, params};
use trace_core::model::{Located, Place, Trace};

use crate::{document, pack};

/// A table of interned bytes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Table {
    Shape,
    Judgement,
}

impl Table {
    const fn find(self) -> &'static str {
        match self {
            Self::Shape => "SELECT id FROM shape WHERE hash = ? AND bytes = ?",
            Self::Judgement => "SELECT id FROM judgement WHERE hash = ? AND bytes = ?",
        }
    }

    const fn insert(self) -> &'static str {
        match self {
            Self::Shape => "INSERT INTO shape (hash, bytes) VALUES (?, ?)",
            Self::Judgement => "INSERT INTO judgement (hash, bytes) VALUES (?, ?)",
        }
    }
}

fn find(connection: &Connection, sql: &str, hash: i64, content: &dyn ToSql) -> Result<Option<i64>> {
    connection.prepare_cached(sql)?.query_row(params![hash, content], |row| row.get(0)).optional()
}

fn insert(connection: &Connection, sql: &str, values: &[&dyn ToSql]) -> Result<i64> {
    connection.prepare_cached(sql)?.insert(values)
}

/// The number of some bytes.
pub(super) fn bytes(connection: &Connection, table: Table, bytes: &[u8]) -> Result<i64> {
    let hash = pack::hash(bytes);
    match find(connection, table.find(), hash, &bytes)? {
        Some(id) => Ok(id),
        None => insert(connection, table.insert(), &[&hash, &bytes]),
    }
}

/// The number of a reason of a judgement.
pub(super) fn reason(connection: &Connection, text: &str) -> Result<i64> {
    let hash = pack::hash(text.as_bytes());
    match find(connection, "SELECT id FROM reason WHERE hash = ? AND text = ?", hash, &text)? {
        Some(id) => Ok(id),
        None => insert(connection, "INSERT INTO reason (hash, text) VALUES (?, ?)", &[&hash, &text]),
    }
}

/// The number of an address.
pub(super) fn address(connection: &Connection, address: IpAddr) -> Result<i64> {
    let text = address.to_string();
    let found = connection
        .prepare_cached("SELECT id FROM address WHERE ip = ?")?
        .query_row([&text], |row| row.get(0))
        .optional()?;
    match found {
        Some(id) => Ok(id),
        None => insert(connection, "INSERT INTO address (ip) VALUES (?)", &[&text]),
    }
}

fn unwritten(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

/// The number of what was settled before a trace began.
pub(super) fn setup(connection: &Connection, trace: &Trace) -> Result<i64> {
    let document = document::setup_to_text(trace).map_err(unwritten)?;
    let hash = pack::hash(document.as_bytes());
    let found = find(connection, "SELECT id FROM setup WHERE hash = ? AND document = ?", hash, &document)?;
    if let Some(found) = found {
        return Ok(found);
    }
    let target = trace.target.as_ref();
    let address = target.map(|target| self::address(connection, target.address)).transpose()?;
    insert(
        connection,
        "INSERT INTO setup (hash, kind, vantage, target, address, protocol, mode, document)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        &[
            &hash,
            &trace.kind.as_str(),
            &trace.vantage,
            &target.and_then(|target| target.name.as_deref()),
            &address,
            &trace.protocol.map(|protocol| protocol.as_str()),
            &trace.mode.map(|mode| mode.as_str()),
            &document,
        ],
    )
}

/// The number of a path: `hops` from the TTL `first` on.
pub(super) fn path(connection: &Connection, first: u8, hops: &[Option<IpAddr>]) -> Result<i64> {
    let bytes = pack::path::bytes(first, hops);
    let hash = pack::hash(&bytes);
    if let Some(id) = find(connection, "SELECT id FROM path WHERE hash = ? AND bytes = ?", hash, &bytes)? {
        return Ok(id);
    }
    let ttls = first..=u8::MAX;
    let last = hops.len().checked_sub(1).and_then(|last| ttls.clone().nth(last));
    let sql = "INSERT INTO path (hash, last_ttl, bytes) VALUES (?, ?, ?)";
    let id = insert(connection, sql, &[&hash, &last, &bytes])?;
    for (ttl, answerer) in ttls.zip(hops) {
        let answerer = answerer.map(|answerer| address(connection, answerer)).transpose()?;
        let sql = "INSERT INTO path_hop (path, ttl, address) VALUES (?, ?, ?)";
        connection.prepare_cached(sql)?.execute(params![id, ttl, answerer])?;
    }
    Ok(id)
}

/// The number of what the sources said of some addresses; of each the number of that.
pub(super) fn atlas(connection: &Connection, places: &[(IpAddr, i64)]) -> Result<i64> {
    let mut rows = Vec::with_capacity(places.len());
    for (address, located) in places {
        rows.push((self::address(connection, *address)?, *located));
    }
    let bytes: Vec<u8> = rows
        .iter()
        .flat_map(|(address, located)| [address.to_le_bytes(), located.to_le_bytes()])
        .flatten()
        .collect();
    let hash = pack::hash(&bytes);
    if let Some(id) = find(connection, "SELECT id FROM atlas WHERE hash = ? AND bytes = ?", hash, &bytes)? {
        return Ok(id);
    }
    let id = insert(connection, "INSERT INTO atlas (hash, bytes) VALUES (?, ?)", &[&hash, &bytes])?;
    for (address, located) in rows {
        let sql = "INSERT INTO atlas_place (atlas, address, located) VALUES (?, ?, ?)";
        connection.prepare_cached(sql)?.execute([id, address, located])?;
    }
    Ok(id)
}

/// The addresses of an atlas in order, of each the number of what the sources said; `None` if an address makes no sense.
pub(super) fn places(connection: &Connection, atlas: i64) -> Result<Option<Vec<(IpAddr, i64)>>> {
    let mut statement = connection.prepare_cached(
        "SELECT a.ip, ap.located FROM atlas_place AS ap JOIN address AS a ON a.id = ap.address WHERE ap.atlas = ?",
    )?;
    let mut rows = statement.query([atlas])?;
    let mut places = Vec::new();
    while let Some(row) = rows.next()? {
        let Ok(address) = row.get_ref(0)?.as_str()?.parse() else { return Ok(None) };
        places.push((address, row.get(1)?));
    }
    places.sort_unstable();
    Ok(Some(places))
}

/// The number of what the sources said of an address.
pub(super) fn located(connection: &Connection, located: &Located) -> Result<i64> {
    let document = document::located_to_text(located).map_err(unwritten)?;
    let hash = pack::hash(document.as_bytes());
    let found = find(connection, "SELECT id FROM located WHERE hash = ? AND document = ?", hash, &document)?;
    if let Some(id) = found {
        return Ok(id);
    }
    let nowhere = Place::default();
    let place = located.place.as_ref().unwrap_or(&nowhere);
    let code = place.country_code.map(|code| code.as_str().to_owned());
    let degrees = |degrees: Option<f64>| degrees.map_or(Value::Null, Value::Real);
    insert(
        connection,
        "INSERT INTO located (hash, country, city, isp, asn, latitude, longitude, document)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        &[
            &hash,
            &place.country.as_deref().or(code.as_deref()),
            &place.city,
            &place.isp,
            &place.asn.map(trace_core::model::Asn::get),
            &degrees(place.coordinates.map(|point| point.latitude())),
            &degrees(place.coordinates.map(|point| point.longitude())),
            &document,
        ],
    )
}
