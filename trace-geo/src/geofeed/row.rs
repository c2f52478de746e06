//! One row of a geofeed into a prefix and a place.

use std::net::IpAddr;
use std::sync::Arc;

use csv::ByteRecord;
use ipnetwork::IpNetwork;
use trace_core::model::{Coordinates, CountryCode, Place};

use super::{Column, RowFault};
use crate::country::shared_country_name;
use crate::country_name;

/// The mark that some editors put at the begin of a file.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The fields of one line; `None` for a comment or an empty line.
pub(super) fn split(line: &[u8]) -> Result<Option<ByteRecord>, RowFault> {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line).trim_ascii();
    if line.is_empty() || line.starts_with(b"#") {
        return Ok(None);
    }
    // Marks come in pairs, also those that stand for themselves inside a field (RFC 4180, section 2).
    if line.iter().filter(|&&byte| byte == b'"').count() % 2 == 1 {
        return Err(RowFault::OpenQuote);
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .terminator(csv::Terminator::Any(b'\n'))
        .trim(csv::Trim::All)
        .buffer_capacity(line.len())
        .from_reader(line);
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).map_err(|error| RowFault::Unreadable(error.into()))?;
    Ok((!record.iter().all(<[u8]>::is_empty)).then_some(record))
}

pub(super) fn parse(record: &ByteRecord) -> Result<(IpNetwork, Place), RowFault> {
    let mut fields = [""; Column::ALL.len()];
    for (index, column) in Column::ALL.into_iter().enumerate() {
        if let (Some(field), Some(bytes)) = (fields.get_mut(index), record.get(index)) {
            *field = core::str::from_utf8(bytes).map_err(|_| RowFault::Encoding { column })?;
            if field.contains('"') {
                return Err(RowFault::Quote { column });
            }
        }
    }
    let [prefix, country, region, city, _, latitude, longitude] = fields;
    let prefix = parse_prefix(prefix)?;
    let coordinates = parse_point(latitude, longitude)?;
    let Some(country_code) = parse_country(country)? else {
        // RFC 8805 section 2.1.2: not to be placed. The user's own coordinates say otherwise.
        return Ok((prefix, Place { coordinates, ..Place::default() }));
    };
    let place = Place {
        country_code,
        country: country_code.and_then(shared_country_name),
        region: text(region),
        city: text(city),
        coordinates,
        ..Place::default()
    };
    Ok((prefix, place))
}

fn text(field: &str) -> Option<Arc<str>> {
    (!field.is_empty()).then(|| field.into())
}

fn parse_prefix(field: &str) -> Result<IpNetwork, RowFault> {
    let wrong = || RowFault::Prefix { text: field.to_owned() };
    if let Ok(address) = field.parse::<IpAddr>() {
        return Ok(address.into());
    }
    // The library would also take a netmask behind the slash.
    let (_, length) = field.split_once('/').ok_or_else(wrong)?;
    if length.is_empty() || !length.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let prefix: IpNetwork = field.parse().map_err(|_| wrong())?;
    let network = IpNetwork::new(prefix.network(), prefix.prefix()).map_err(|_| wrong())?;
    if prefix.ip() != network.ip() {
        return Err(RowFault::HostBits { text: field.to_owned(), network });
    }
    Ok(network)
}

/// `Some(None)` where the row names no country, `None` where it asks not to be placed.
fn parse_country(field: &str) -> Result<Option<Option<CountryCode>>, RowFault> {
    if field.is_empty() {
        return Ok(Some(None));
    }
    if field.eq_ignore_ascii_case("ZZ") {
        return Ok(None);
    }
    let known = CountryCode::new(field).filter(|code| country_name(*code).is_some());
    known.map(|code| Some(Some(code))).ok_or_else(|| RowFault::Country { text: field.to_owned() })
}

fn parse_point(latitude: &str, longitude: &str) -> Result<Option<Coordinates>, RowFault> {
    match (latitude.is_empty(), longitude.is_empty()) {
        (true, true) => return Ok(None),
        (true, false) => return Err(RowFault::HalfPoint { missing: Column::Latitude }),
        (false, true) => return Err(RowFault::HalfPoint { missing: Column::Longitude }),
        (false, false) => {}
    }
    let degrees = |column, text: &str, limit: u8| match text.parse::<f64>() {
        Ok(degrees) if degrees.abs() <= f64::from(limit) => Ok(degrees),
        _ => Err(RowFault::Degrees { column, text: text.to_owned(), limit }),
    };
    let latitude = degrees(Column::Latitude, latitude, 90)?;
    let longitude = degrees(Column::Longitude, longitude, 180)?;
    Ok(Coordinates::new(latitude, longitude))
}
