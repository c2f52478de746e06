//! Where a candidate says an address is, in the form that distances are measured in.

use geographiclib_rs::{Geodesic, InverseGeodesic};
use trace_core::model::{Coordinates, CountryCode, Evidence, Place};

use super::outline::Outlines;
use crate::centroid::is_centroid;

/// The radius of a point that states none: a city, in kilometres.
pub(super) const CITY_RADIUS: f64 = 25.0;

/// A point with a radius in kilometres, or the whole of a country.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spot {
    Point(Coordinates, f64),
    Area(CountryCode),
}

/// What a candidate says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Said {
    /// Nothing about a place.
    Nothing,
    /// An area without a known outline, which nothing can be measured to.
    Somewhere,
    /// Something that distances can be measured to.
    Spot(Spot),
}

pub(super) fn point(coordinates: Coordinates, radius: Option<f64>) -> Spot {
    Spot::Point(
        coordinates,
        radius.filter(|radius| radius.is_finite() && *radius >= 0.0).unwrap_or(CITY_RADIUS),
    )
}

/// Whether the coordinates of a place stand for a country, or for nothing: no city and no region are named,
/// and no source but the user's own file gives them without a radius below 200 km; or no city is named and
/// they are known as the point of that country; or they are 0,0.
fn is_default(evidence: &Evidence, at: Coordinates) -> bool {
    let place = &evidence.place;
    let nameless = place.city.is_none() && place.region.is_none() && place.country_code.is_some();
    let wide = place.radius_km.is_none_or(|radius| radius.is_nan() || radius >= 200.0);
    let null_island = at.latitude() == 0.0 && at.longitude() == 0.0;
    let known = place.city.is_none() && is_centroid(place.country_code, at);
    null_island || (((nameless && wide) || known) && !is_own(evidence))
}

/// Whether the user wrote it.
pub(super) fn is_own(evidence: &Evidence) -> bool {
    evidence.source == "geofeed".into() || evidence.source.starts_with("geofeed:")
}

pub(super) fn said(evidence: &Evidence) -> Said {
    let place: &Place = &evidence.place;
    if let Some(at) = place.coordinates.filter(|&at| !is_default(evidence, at)) {
        return Said::Spot(point(at, place.radius_km));
    }
    match place.country_code {
        Some(code) if Outlines::get().knows(code) => Said::Spot(Spot::Area(code)),
        Some(_) => Said::Somewhere,
        None if place.country.is_some() || place.city.is_some() || place.coordinates.is_some() => {
            Said::Somewhere
        }
        None => Said::Nothing,
    }
}

/// Distinct spots and the distances between them, less both radii, in kilometres. The distance between areas,
/// or to one, is a lower bound.
pub(super) struct Spots {
    spots: Vec<Spot>,
    apart: Vec<f64>,
}

impl Spots {
    pub(super) const fn new() -> Self {
        Self { spots: Vec::new(), apart: Vec::new() }
    }

    /// The number of a spot.
    pub(super) fn add(&mut self, spot: Spot) -> usize {
        self.spots.iter().position(|known| *known == spot).unwrap_or_else(|| {
            self.spots.push(spot);
            self.spots.len() - 1
        })
    }

    /// Measures all distances; to be called once all spots are known.
    pub(super) fn measure(&mut self) {
        let globe = Globe::new();
        let count = self.spots.len();
        self.apart = vec![0.0; count * count];
        let points: Vec<Option<Reduced>> = self
            .spots
            .iter()
            .map(|spot| if let Spot::Point(at, _) = spot { Some(Reduced::new(*at)) } else { None })
            .collect();
        for (index, (one, reduced)) in self.spots.iter().zip(&points).enumerate() {
            for (other_index, (other, other_reduced)) in
                self.spots.iter().zip(&points).enumerate().take(index + 1)
            {
                let distance = match (one, other, reduced, other_reduced) {
                    (Spot::Point(_, r), Spot::Point(_, q), Some(a), Some(b)) => {
                        globe.kilometres(a, b) - r - q
                    }
                    (Spot::Area(one), Spot::Area(other), ..) => Outlines::get().between(*one, *other),
                    (Spot::Point(at, radius), Spot::Area(code), ..)
                    | (Spot::Area(code), Spot::Point(at, radius), ..) => {
                        Outlines::get().to_point(*code, *at) - radius
                    }
                    _ => 0.0,
                };
                for place in [index * count + other_index, other_index * count + index] {
                    if let Some(apart) = self.apart.get_mut(place) {
                        *apart = distance;
                    }
                }
            }
        }
    }

    /// Whether two spots are points that may be one, or one country.
    pub(super) fn same(&self, one: usize, other: usize) -> bool {
        match (self.spots.get(one), self.spots.get(other)) {
            (Some(Spot::Point(..)), Some(Spot::Point(..))) => self.apart(one, other) <= 0.0,
            (one, other) => one == other,
        }
    }

    /// The distance between the centres of two points; 0 where one of them is an area.
    pub(super) fn centres_apart(&self, one: usize, other: usize) -> f64 {
        match (self.spots.get(one), self.spots.get(other)) {
            (Some(Spot::Point(_, r)), Some(Spot::Point(_, q))) => self.apart(one, other) + r + q,
            _ => 0.0,
        }
    }

    /// The distance between two spots, less their radii; negative where these overlap.
    pub(super) fn apart(&self, one: usize, other: usize) -> f64 {
        self.apart.get(one * self.spots.len() + other).copied().unwrap_or_default()
    }
}

/// The geodesic between two points, in kilometres.
pub(crate) fn kilometres(one: Coordinates, other: Coordinates) -> f64 {
    Globe::new().kilometres(&Reduced::new(one), &Reduced::new(other))
}

/// Geodesics of the WGS84 ellipsoid.
struct Globe(Geodesic);

/// A point with the sine and cosine of its reduced latitude, and its longitude in radians.
struct Reduced {
    at: Coordinates,
    sine: f64,
    cosine: f64,
    longitude: f64,
}

impl Reduced {
    fn new(at: Coordinates) -> Self {
        let (sine, cosine) = at.latitude().to_radians().sin_cos();
        let (sine, cosine) = ((1.0 - FLATTENING) * sine, cosine);
        let length = sine.hypot(cosine);
        Self { at, sine: sine / length, cosine: cosine / length, longitude: at.longitude().to_radians() }
    }
}

/// Equatorial radius in kilometres, and flattening, of WGS84.
const EQUATOR: f64 = 6378.137;
const FLATTENING: f64 = 1.0 / 298.257_223_563;

impl Globe {
    fn new() -> Self {
        Self(Geodesic::wgs84())
    }

    /// The geodesic between two points. A whole path needs thousands, so up to 120 degrees Lambert's formula
    /// gives it (W. D. Lambert, "The distance between two widely separated points on the surface of the
    /// earth", J. Washington Academy of Sciences 32, 1942), to within 100 m and 20 times as fast; nearer the
    /// antipode, where that fails, it is solved exactly (C. F. F. Karney, "Algorithms for geodesics", 2013).
    fn kilometres(&self, a: &Reduced, b: &Reduced) -> f64 {
        let product = a.cosine * b.cosine;
        let sines = a.sine * b.sine;
        // Squares of the sine and cosine of half the sum, and of half the difference, of the latitudes.
        let (sine_sum, cosine_sum) = ((1.0 - product + sines) / 2.0, (1.0 + product - sines) / 2.0);
        let (sine_difference, cosine_difference) =
            (((1.0 - product - sines) / 2.0).max(0.0), (1.0 + product + sines) / 2.0);
        let half_turn = ((b.longitude - a.longitude) / 2.0).sin();
        let half = sine_difference + product * half_turn * half_turn;
        if half < 1e-15 {
            return 0.0;
        }
        // sin^2 of 60 degrees.
        if half > 0.75 {
            let (a, b) = (a.at, b.at);
            let metres: f64 = self.0.inverse(a.latitude(), a.longitude(), b.latitude(), b.longitude());
            return if metres.is_finite() { metres / 1e3 } else { 0.0 };
        }
        let angle = 2.0 * half.sqrt().asin();
        let sine = 2.0 * (half * (1.0 - half)).sqrt();
        let x = (angle - sine) * sine_sum * cosine_difference / (1.0 - half);
        let y = (angle + sine) * cosine_sum * sine_difference / half;
        EQUATOR * (angle - FLATTENING / 2.0 * (x + y))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kilometres(a: (f64, f64), b: (f64, f64)) -> f64 {
        let reduced = |(latitude, longitude)| Reduced::new(Coordinates::new(latitude, longitude).unwrap());
        Globe::new().kilometres(&reduced(a), &reduced(b))
    }

    /// Published: JFK to LHR in the documentation of GeographicLib's `Geodesic`, 5,551.759 km. The quarter
    /// meridian of WGS84 is 10,001.966 km, half of it is the way from pole to pole.
    #[test]
    fn known_distances() {
        for (a, b, expected) in [
            ((40.6, -73.8), (51.6, -0.5), 5551.759),
            ((0.0, 0.0), (90.0, 0.0), 10_001.966),
            ((-90.0, 0.0), (90.0, 0.0), 20_003.931),
            ((0.0, 179.5), (0.0, -179.5), 111.3195),
            ((12.0, 34.0), (12.0, 34.0), 0.0),
        ] {
            let found = kilometres(a, b);
            assert!((found - expected).abs() < 0.02, "{a:?} {b:?}: {found}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn distances_are_those_of_geographiclib(
            a in (-90.0..=90.0_f64, -180.0..=180.0_f64),
            b in (-90.0..=90.0_f64, -180.0..=180.0_f64),
        ) {
            let metres: f64 = Geodesic::wgs84().inverse(a.0, a.1, b.0, b.1);
            let (found, expected) = (kilometres(a, b), metres / 1e3);
            prop_assert!((found - expected).abs() < 0.1, "{found} {expected}");
        }
    }
}
