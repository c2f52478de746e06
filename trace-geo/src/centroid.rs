//! Points that vendors give where they know the country and nothing else.
//!
//! Most say so by a wide radius or none; these are known by themselves, whatever radius comes with them.
//! MaxMind's table of averages (`country_latlon.csv`, after the CIA World Factbook) was used for years, and in
//! 2016 the point of the United States moved from a farm in Kansas into a lake near it (K. Hill, "How an
//! internet mapping glitch turned a random Kansas farm into a digital hell", Fusion, 2016). The project IXmaps
//! leaves out three of them. The points with decimals are those of GeoLite2 since.

use trace_core::model::{Coordinates, CountryCode};

const CENTROIDS: [(&str, f64, f64); 20] = [
    ("AU", -33.494, 143.2104),
    ("AU", -27.0, 133.0),
    ("BR", -10.0, -55.0),
    ("CA", 60.0, -95.0),
    ("CH", 47.0, 8.0),
    ("CN", 34.7732, 113.722),
    ("CN", 35.0, 105.0),
    ("DE", 51.0, 9.0),
    ("DE", 51.2993, 9.491),
    ("FR", 46.0, 2.0),
    ("FR", 48.8582, 2.3387),
    ("GB", 51.4964, -0.1224),
    ("GB", 54.0, -2.0),
    ("IN", 20.0, 77.0),
    ("JP", 35.69, 139.69),
    ("JP", 36.0, 138.0),
    ("NL", 52.3824, 4.8995),
    ("RU", 60.0, 100.0),
    ("US", 37.751, -97.822),
    ("US", 38.0, -97.0),
];
/// How far vendors round, in degrees.
const ROUNDING: f64 = 0.005;

/// Whether a point that comes with no city is known to stand for its country.
pub(crate) fn is_centroid(country: Option<CountryCode>, at: Coordinates) -> bool {
    let Some(country) = country else { return false };
    CENTROIDS.iter().any(|&(code, latitude, longitude)| {
        country.as_str() == code
            && (at.latitude() - latitude).abs() <= ROUNDING
            && (at.longitude() - longitude).abs() <= ROUNDING
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points_of_their_own_country_only() {
        let is = |code: &str, latitude, longitude| {
            is_centroid(CountryCode::new(code), Coordinates::new(latitude, longitude).unwrap())
        };
        assert!(is("US", 37.751, -97.822) && is("US", 37.75, -97.82) && is("DE", 51.2993, 9.4910));
        assert!(!is("US", 37.76, -97.822) && !is("CA", 37.751, -97.822) && !is("ZZ", 0.0, 0.0));
        assert!(!is_centroid(None, Coordinates::new(38.0, -97.0).unwrap()));
        assert!(CENTROIDS.iter().all(|(code, ..)| CountryCode::new(code).is_some()));
    }
}
