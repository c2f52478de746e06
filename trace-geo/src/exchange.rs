//! Internet exchange points: whose peering LANs are where.
//!
//! Read from a file of the form of PeeringDB's dump, one JSON object with a table to a field, each either an
//! array of rows or `{"data": [rows]}` as the API answers:
//!
//! | table | fields used |
//! |---|---|
//! | `ixpfx` | `id`, `ixlan_id`, `prefix` |
//! | `ixlan` | `id`, `ix_id` |
//! | `ix` | `id`, `name`, `city`, `country` |
//! | `ixfac` (may be missing) | `ix_id`, `fac_id` |
//! | `fac` (may be missing) | `id`, `latitude`, `longitude` |
//!
//! Other tables and fields are passed over. An exchange stands in the middle of its facilities and reaches to
//! the furthest of them; one without facilities that have coordinates is in its city, where that is known.
//!
//! An address on a peering LAN belongs to a router of a member, which may be connected from far away (remote
//! peering): its place is one candidate among others, too.

mod dump;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use ipnetwork::IpNetwork;
use time::OffsetDateTime;
use trace_core::model::{Coordinates, CountryCode, Evidence, Place};

use self::dump::{Table, Tables};
use crate::country::shared_country_name;
use crate::{Error, Locate, SourceInfo, gazetteer};

/// No dump is larger than this many bytes; those of 2026 have a quarter of it.
const LARGEST_FILE: u64 = 1 << 30;
/// How far beyond its furthest facility an exchange reaches, in kilometres.
const BEYOND: f64 = 10.0;
/// The radius of an exchange of which nothing but the city is known, in kilometres.
const CITY_RADIUS: f64 = 50.0;

/// What can be wrong with a file of exchange points.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeFault {
    /// It is no JSON of that form, or cut.
    #[error("{0}")]
    Form(#[from] serde_json::Error),
    /// A table that is needed is not there.
    #[error("there is no table `{0}`; a dump of PeeringDB has ix, ixlan and ixpfx")]
    NoTable(&'static str),
    /// A value of a row makes no sense.
    #[error("{table}, the row with id {id}: {field} {value:?} makes no sense")]
    Value {
        /// The table.
        table: &'static str,
        /// The row's id.
        id: u64,
        /// The field.
        field: &'static str,
        /// What stands there.
        value: String,
    },
    /// Not one prefix leads to an exchange point.
    #[error("none of its {0} prefixes leads to an exchange point: the tables do not belong together")]
    Nothing(usize),
}

/// An exchange point.
#[derive(Debug, Clone, PartialEq)]
struct Exchange {
    name: String,
    city: Option<String>,
    country: Option<CountryCode>,
    /// Its middle, and how far it reaches in kilometres.
    at: Option<(Coordinates, f64)>,
    facilities: usize,
}

/// The exchange points of a file.
#[derive(Debug, Clone)]
pub struct Exchanges {
    info: SourceInfo,
    exchanges: Vec<Exchange>,
    /// Peering LANs and the number of the exchange.
    lans: HashMap<IpNetwork, usize>,
    /// The prefix lengths there are of each family (IPv4, IPv6), longest first.
    lengths: [Vec<u8>; 2],
    dangling: usize,
}

impl Exchanges {
    /// Reads a file. It is dated by the day it was last changed.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read or is too large, [`Error::Exchanges`] if it makes no sense.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Read { what: "file of exchange points", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(std::io::ErrorKind::IsADirectory.into()));
        }
        if metadata.len() > LARGEST_FILE {
            let size = format!("it has {} bytes, more than the {LARGEST_FILE} that are read", metadata.len());
            return Err(failed(std::io::Error::new(std::io::ErrorKind::FileTooLarge, size)));
        }
        let built = metadata.modified().ok().map(|changed| OffsetDateTime::from(changed).date().to_string());
        let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
        match Self::from_reader(BufReader::with_capacity(1 << 16, file), &name, built) {
            // The whole path leads to the file better than its name.
            Err(Error::Exchanges { fault, .. }) => {
                Err(Error::Exchanges { file: path.display().to_string(), fault })
            }
            other => other,
        }
    }

    /// Reads a file called `name`, of the day `built` (as `2026-11-01`).
    ///
    /// # Errors
    /// [`Error::Exchanges`] if it makes no sense, or reading fails.
    pub fn from_reader(reader: impl Read, name: &str, built: Option<String>) -> Result<Self, Error> {
        let info = SourceInfo {
            name: format!("ix:{name}").into(),
            built: built.map(Arc::from),
            attribution: Some("exchange points: PeeringDB, https://www.peeringdb.com/".to_owned()),
        };
        Tables::read(reader)
            .and_then(|tables| Self::of(&tables, info))
            .map_err(|fault| Error::Exchanges { file: name.to_owned(), fault: Box::new(fault) })
    }

    fn of(tables: &Tables, info: SourceInfo) -> Result<Self, ExchangeFault> {
        let facilities = tables.facilities()?;
        let (mut exchanges, mut numbers) = (Vec::new(), HashMap::new());
        let mut places: HashMap<u64, Vec<Coordinates>> = HashMap::new();
        for row in tables.ixfac.iter().flat_map(Table::rows) {
            if let Some(at) = facilities.get(&row.fac_id) {
                places.entry(row.ix_id).or_default().push(*at);
            }
        }
        for row in tables.ix.rows() {
            let city = row.city.clone().filter(|city| !city.trim().is_empty());
            let country = match row.country.as_deref().map(str::trim).filter(|code| !code.is_empty()) {
                Some(code) => {
                    Some(CountryCode::new(code).ok_or_else(|| wrong("ix", row.id, "country", code))?)
                }
                None => None,
            };
            let here = places.get(&row.id).map(Vec::as_slice).unwrap_or_default();
            let at = middle(here).or_else(|| city_of(city.as_deref()?, country));
            numbers.insert(row.id, exchanges.len());
            exchanges.push(Exchange { name: row.name.clone(), city, country, at, facilities: here.len() });
        }
        let lans: HashMap<u64, u64> = tables.ixlan.rows().map(|row| (row.id, row.ix_id)).collect();
        let mut read =
            Self { info, exchanges, lans: HashMap::new(), lengths: Default::default(), dangling: 0 };
        for row in tables.ixpfx.rows() {
            let prefix: IpNetwork =
                row.prefix.trim().parse().map_err(|_| wrong("ixpfx", row.id, "prefix", &row.prefix))?;
            match lans.get(&row.ixlan_id).and_then(|ix| numbers.get(ix)) {
                Some(number) => read.enter(prefix, *number),
                None => read.dangling += 1,
            }
        }
        if read.lans.is_empty() && read.dangling > 0 {
            return Err(ExchangeFault::Nothing(read.dangling));
        }
        read.lengths.iter_mut().for_each(|lengths| lengths.sort_unstable_by(|a, b| b.cmp(a)));
        Ok(read)
    }

    fn enter(&mut self, prefix: IpNetwork, number: usize) {
        let [v4, v6] = &mut self.lengths;
        let lengths = if prefix.is_ipv4() { v4 } else { v6 };
        if !lengths.contains(&prefix.prefix()) {
            lengths.push(prefix.prefix());
        }
        if let Some(lan) = network(prefix.ip(), prefix.prefix()) {
            self.lans.insert(lan, number);
        }
    }

    /// How many peering LANs it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lans.len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lans.is_empty()
    }

    fn find(&self, address: IpAddr) -> Option<(IpNetwork, &Exchange)> {
        let [v4, v6] = &self.lengths;
        let lengths = if address.is_ipv4() { v4 } else { v6 };
        lengths.iter().find_map(|length| {
            let lan = network(address, *length)?;
            Some((lan, self.exchanges.get(*self.lans.get(&lan)?)?))
        })
    }
}

impl Locate for Exchanges {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// The exchange on whose peering LAN `address` is. Its name stands for the provider, by which
    /// [`trace_core::model::Located::exchange`] knows it.
    fn locate(&self, address: IpAddr) -> Result<Option<Evidence>, Error> {
        let Some((lan, exchange)) = self.find(address) else { return Ok(None) };
        let Exchange { name, city, country, at, facilities } = exchange;
        let mut evidence = self.info.evidence(Place {
            country_code: *country,
            country: country.and_then(shared_country_name),
            city: city.as_deref().map(Arc::from),
            isp: Some(name.clone().into()),
            coordinates: at.map(|(coordinates, _)| coordinates),
            radius_km: at.map(|(_, radius)| radius),
            ..Place::default()
        });
        let of = match facilities {
            0 => String::new(),
            1 => ", at one facility".to_owned(),
            count => format!(", at {count} facilities"),
        };
        evidence.reason =
            Some(format!("peering LAN {lan} of {name}{of}; its members may be connected from afar"));
        Ok(Some(evidence))
    }

    fn remarks(&self) -> Vec<String> {
        if self.dangling == 0 {
            return Vec::new();
        }
        vec![format!(
            "{}: {} prefixes lead to no exchange point in the file and are not used; it may be a part of a dump",
            self.info.name, self.dangling
        )]
    }
}

fn wrong(table: &'static str, id: u64, field: &'static str, value: &str) -> ExchangeFault {
    ExchangeFault::Value { table, id, field, value: value.chars().take(80).collect() }
}

fn network(address: IpAddr, length: u8) -> Option<IpNetwork> {
    let prefix = IpNetwork::new(address, length).ok()?;
    IpNetwork::new(prefix.network(), length).ok()
}

/// The middle of points on the globe, and how far the furthest is from it, with a little beyond.
fn middle(points: &[Coordinates]) -> Option<(Coordinates, f64)> {
    let vector = |at: &Coordinates| {
        let (latitude, longitude) = (at.latitude().to_radians(), at.longitude().to_radians());
        [latitude.cos() * longitude.cos(), latitude.cos() * longitude.sin(), latitude.sin()]
    };
    let sum = points.iter().map(vector).fold([0.0; 3], |[a, b, c], [x, y, z]| [a + x, b + y, c + z]);
    let [x, y, z] = sum;
    let latitude = z.atan2(x.hypot(y)).to_degrees();
    let middle = Coordinates::new(latitude, y.atan2(x).to_degrees()).filter(|_| !points.is_empty())?;
    let [a, b, c] = vector(&middle);
    let furthest = points
        .iter()
        .map(|point| {
            let [x, y, z] = vector(point);
            // Half the chord between them, as a part of the earth's radius.
            let half = ((a - x).powi(2) + (b - y).powi(2) + (c - z).powi(2)).sqrt() / 2.0;
            2.0 * 6371.0 * half.min(1.0).asin()
        })
        .fold(0.0, f64::max);
    Some((middle, (furthest + BEYOND).ceil()))
}

/// The city by its name, where its country has only one, or one that is by far the largest.
fn city_of(name: &str, country: Option<CountryCode>) -> Option<(Coordinates, f64)> {
    let country = country?;
    // Some write the state behind the city: "Ashburn, VA".
    let (name, _) = name.split_once([',', '/', '(']).unwrap_or((name, ""));
    let mut cities = gazetteer::cities(name).into_iter().filter(|city| city.country_code == country);
    let first = cities.next()?;
    let clear = cities.next().is_none_or(|second| first.population >= second.population.saturating_mul(3));
    clear.then_some((first.coordinates, CITY_RADIUS))
}
