//! Airports and cities by their codes and names, inside the binary.
//!
//! What host names of routers and `--origin` are read with: 7,884 airports and some metropolitan areas by their
//! IATA codes, every city of 100,000 people, and the towns of the United States and Canada from 15,000 on,
//! which their telephone companies have codes for. Show [`ATTRIBUTION`] where the sources are listed.
//!
//! Nothing is parsed: records have a fixed size and lie sorted, and are searched where they lie. All of them are inflated
//! when the first name is looked for, which takes some two milliseconds.

pub(crate) mod fold;
mod layout;
#[cfg(any(test, feature = "pack"))]
pub mod pack;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use trace_core::model::{Coordinates, CountryCode};

use self::layout::{HEADER, Table};

/// The packed table, deflated behind its header; `examples/pack-gazetteer.rs` writes it.
static PACKED: &[u8] = include_bytes!("../data/gazetteer.bin");

/// No table is larger.
const LARGEST: usize = 4 << 20;

/// Whose data the gazetteer is made of, as its licences ask for.
pub const ATTRIBUTION: &str = "cities by GeoNames (https://www.geonames.org/), CC BY 4.0 \
    (https://creativecommons.org/licenses/by/4.0/), repacked; airport codes by airportsdata, MIT";

/// A city, a town, or an airport that serves none of the cities here.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct City {
    /// Its name in English, or as it is written there.
    pub name: &'static str,
    /// Its country.
    pub country_code: CountryCode,
    /// The state or province as two letters, in the United States and Canada.
    pub region: Option<&'static str>,
    /// Its middle, to 0.01 degrees.
    pub coordinates: Coordinates,
    /// People in it, in thousands rounded down; 0 if that is not known.
    pub population: u32,
}

/// All cities of a name, the largest first. Case, accents, spaces and hyphens do not count: `Sao Paulo` finds
/// São Paulo, and `wien` Vienna.
#[must_use]
pub fn cities(name: &str) -> Vec<City> {
    let key = fold::squeeze(name);
    let mut found: Vec<City> = table().named(&key).filter_map(|place| table().city(place)).collect();
    found.sort_by_key(|city| core::cmp::Reverse(city.population));
    found
}

/// The place of an airport or metropolitan area by its IATA code, in either case.
#[must_use]
pub fn airport(code: &str) -> Option<City> {
    let [a, b, c] = *code.as_bytes() else { return None };
    table().city(table().coded([a, b, c].map(|letter| letter.to_ascii_uppercase()))?)
}

/// How many airport and metropolitan codes are known.
#[must_use]
pub fn airport_codes() -> usize {
    table().codes()
}

/// The day the airports are of, as `2026-09-05`.
#[must_use]
pub fn built() -> &'static str {
    // It stands in the header: nothing is inflated for it.
    PACKED.get(layout::BUILT).and_then(|date| core::str::from_utf8(date).ok()).unwrap_or_default()
}

/// The cities of a country, and of one of its states if it is given, the largest of each state first.
pub fn cities_in(country: CountryCode, region: Option<&str>) -> impl Iterator<Item = City> {
    table().within(country, region).filter_map(|place| table().city(place))
}

fn table() -> &'static Table {
    static OPEN: OnceLock<Table> = OnceLock::new();
    // A binary built around a damaged table knows no places; a test reads the whole of the one that is built in.
    OPEN.get_or_init(|| inflate(PACKED).and_then(|table| Table::new(table.leak())).unwrap_or_default())
}

/// A table as it is read, from what lies in the binary.
fn inflate(packed: &[u8]) -> Option<Vec<u8>> {
    let (header, body) = packed.split_at_checked(HEADER)?;
    let body = miniz_oxide::inflate::decompress_to_vec_with_limit(body, LARGEST).ok()?;
    Some([header, &body].concat())
}
