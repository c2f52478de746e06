//! Where the source of a trace stands: as a person types it, or as a database has it.

#[cfg(test)]
mod tests;

use trace_core::model::{Coordinates, CountryCode, Located, Origin, OriginSource};

use crate::gazetteer::{City, airport, cities};

/// How far from the middle of a city somebody in it may be, in kilometres.
const CITY_KM: f64 = 25.0;
/// A city has to have this many times the people of the next one of its name to be meant without its country.
const OUTWEIGHS: u32 = 5;
/// The most cities that a refusal names.
const NAMED: usize = 6;

/// An origin, and which city was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Stated {
    /// The origin.
    pub origin: Origin,
    /// The city that was meant, as `Frankfurt am Main, DE`; `None` where coordinates were given. Show it: names
    /// are not unique.
    pub city: Option<String>,
}

/// Why a text is no origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginFault {
    /// Nothing is there.
    #[error("an origin is needed: LAT,LON (as -34.6,-58.4) or a city (as Frankfurt or Portland,US)")]
    Empty,
    /// Two numbers that are no point on the globe.
    #[error(
        "'{text}' is no point on the globe: latitude is -90 to 90, longitude -180 to 180, as -34.6,-58.4"
    )]
    OffTheGlobe {
        /// What was typed.
        text: String,
    },
    /// No city of this name is known.
    #[error("no city is known as '{text}'; cities from 100,000 people on are, others need LAT,LON")]
    Unknown {
        /// What was typed.
        text: String,
    },
    /// Several cities have the name, and none is much the largest.
    #[error("'{text}' is the name of several cities: {}; type one of these, or LAT,LON", choices.join("; "))]
    Ambiguous {
        /// What was typed.
        text: String,
        /// The largest of them, each as it may be typed, those of one name and country by their coordinates.
        choices: Vec<String>,
    },
}

/// Reads `LAT,LON`, `CITY`, `CITY,COUNTRY` (two letters; in the United States and Canada also `CITY,STATE` and
/// `CITY,STATE,COUNTRY`), or the IATA code of an airport in capitals. A city has a radius of 25 km; coordinates
/// have none stated.
///
/// # Errors
/// [`OriginFault`], if it is none of these, or the name of several cities of which none has five times the
/// people of the next.
///
/// ```
/// use trace_core::model::OriginSource;
/// use trace_geo::origin;
///
/// let stated = origin::parse("Mainz", OriginSource::Flag)?;
/// assert_eq!(stated.city.as_deref(), Some("Mainz, DE"));
/// let stated = origin::parse("-34.6,-58.4", OriginSource::Flag)?;
/// assert_eq!(stated.origin.coordinates.latitude(), -34.6);
/// # Ok::<(), origin::OriginFault>(())
/// ```
pub fn parse(text: &str, from: OriginSource) -> Result<Stated, OriginFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(OriginFault::Empty);
    }
    if let Some(numbers) = numbers(text) {
        let coordinates = numbers.ok_or_else(|| OriginFault::OffTheGlobe { text: text.to_owned() })?;
        return Ok(Stated { origin: Origin { coordinates, radius_km: None, from }, city: None });
    }
    let city = city(text)?;
    let origin = Origin { coordinates: city.coordinates, radius_km: Some(CITY_KM), from };
    Ok(Stated { origin, city: Some(words(&city)) })
}

/// The origin that a database tells by the place of the source's address: a candidate that the judge may
/// reject. `None` if it tells no point; a country is too large to measure from.
#[must_use]
pub fn looked_up(source: &Located) -> Option<Origin> {
    let place = source.place.as_ref()?;
    let coordinates = place.coordinates?;
    Some(Origin { coordinates, radius_km: place.radius_km, from: OriginSource::Database })
}

/// `None` if these are not two numbers, `Some(None)` if they are no point.
fn numbers(text: &str) -> Option<Option<Coordinates>> {
    let (latitude, longitude) = text.split_once(',')?;
    let number = |text: &str| text.trim().parse::<f64>().ok();
    // `nan,inf` are numbers to a computer.
    Some(Coordinates::new(number(latitude)?, number(longitude)?))
}

fn city(text: &str) -> Result<City, OriginFault> {
    let unknown = || OriginFault::Unknown { text: text.to_owned() };
    let mut parts = text.split(',').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty()).ok_or_else(unknown)?;
    let limits: Vec<&str> = parts.collect();
    let mut found = cities(name);
    found.retain(|city| limits.iter().all(|limit| lies_in(city, limit)));
    found.dedup_by(|one, other| one.coordinates == other.coordinates);
    let code = name.len() == 3 && name.chars().all(|letter| letter.is_ascii_uppercase());
    if let (true, Some(served)) = (code && limits.is_empty(), airport(name)) {
        return Ok(served);
    }
    let largest = found.first().ok_or_else(unknown)?;
    if found.get(1).is_some_and(|next| largest.population <= next.population.saturating_mul(OUTWEIGHS)) {
        let choices = found.iter().take(NAMED).map(|city| choice(city, &found)).collect();
        return Err(OriginFault::Ambiguous { text: text.to_owned(), choices });
    }
    Ok(*largest)
}

/// Whether `limit` is the country or the state of a city.
fn lies_in(city: &City, limit: &str) -> bool {
    CountryCode::new(&limit.to_ascii_uppercase()) == Some(city.country_code)
        || city.region.is_some_and(|region| region.eq_ignore_ascii_case(limit))
}

/// What means this city and no other.
fn choice(city: &City, among: &[City]) -> String {
    let words = words(city);
    if among.iter().filter(|other| self::words(other) == words).count() > 1 {
        return format!("{:.2},{:.2} ({words})", city.coordinates.latitude(), city.coordinates.longitude());
    }
    words
}

/// As it may be typed.
fn words(city: &City) -> String {
    match city.region {
        Some(region) => format!("{}, {region}, {}", city.name, city.country_code),
        None => format!("{}, {}", city.name, city.country_code),
    }
}
