use geographiclib_rs::{Geodesic, InverseGeodesic};
use trace_core::model::Coordinates;

/// The kilometres from one point to another along the geodesic of the WGS84 ellipsoid, to within a metre (C. F. F.
/// Karney, "Algorithms for geodesics", Journal of Geodesy 87, 2013).
///
/// ```
/// # use trace_core::model::Coordinates;
/// let reykjavik = Coordinates::new(64.1466, -21.9426).ok_or("a point")?;
/// let apia = Coordinates::new(-13.8333, -171.7667).ok_or("a point")?;
/// assert!((trace_geo::distance_km(reykjavik, apia) - 13_954.0).abs() < 100.0);
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn distance_km(one: Coordinates, other: Coordinates) -> f64 {
    let metres: f64 =
        Geodesic::wgs84().inverse(one.latitude(), one.longitude(), other.latitude(), other.longitude());
    metres / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn km(one: (f64, f64), other: (f64, f64)) -> f64 {
        let point = |(latitude, longitude)| Coordinates::new(latitude, longitude).unwrap();
        distance_km(point(one), point(other))
    }

    #[test]
    fn known_distances() {
        // A degree of longitude on the equator, and from pole to pole along a meridian.
        assert!((km((0.0, 0.0), (0.0, 1.0)) - 111.319).abs() < 0.001);
        assert!((km((90.0, 0.0), (-90.0, 0.0)) - 20_003.931).abs() < 0.001);
        // Over the 180th meridian the short way is taken.
        assert!((km((0.0, 179.5), (0.0, -179.5)) - 111.319).abs() < 0.001);
        assert!(km((12.0, 34.0), (12.0, 34.0)).abs() < 1e-9);
    }
}
