//! Points on the globe as unit vectors, and the great circles between them.
//!
//! The map is drawn on a sphere: at its scales the flattening of the earth (0.3%) is less than a line's width.
//! (Distances that are judged are geodesics on the ellipsoid; that is another crate's duty.)

use trace_core::model::Coordinates;

/// The mean radius of the earth in kilometres (IUGG).
pub(crate) const EARTH_RADIUS_KM: f64 = 6371.0088;

/// Longitude and latitude in degrees. Unlike [`Coordinates`] the longitude may lie beyond 180.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Degrees {
    /// Longitude.
    pub(crate) x: f64,
    /// Latitude.
    pub(crate) y: f64,
}

impl From<Coordinates> for Degrees {
    fn from(coordinates: Coordinates) -> Self {
        Self { x: coordinates.longitude(), y: coordinates.latitude() }
    }
}

/// A point of the unit sphere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Vector(pub(crate) [f64; 3]);

impl Vector {
    pub(crate) fn of(point: Degrees) -> Self {
        let (sin_y, cos_y) = point.y.to_radians().sin_cos();
        let (sin_x, cos_x) = point.x.to_radians().sin_cos();
        Self([cos_y * cos_x, cos_y * sin_x, sin_y])
    }

    pub(crate) fn degrees(self) -> Degrees {
        let Self([x, y, z]) = self;
        Degrees { x: y.atan2(x).to_degrees(), y: z.atan2(x.hypot(y)).to_degrees() }
    }

    pub(crate) fn dot(self, other: Self) -> f64 {
        let (Self([a, b, c]), Self([d, e, f])) = (self, other);
        a * d + b * e + c * f
    }

    pub(crate) fn cross(self, other: Self) -> Self {
        let (Self([a, b, c]), Self([d, e, f])) = (self, other);
        Self([b * f - c * e, c * d - a * f, a * e - b * d])
    }

    /// `self * a + other * b`, not brought back to the sphere.
    pub(crate) fn blend(self, a: f64, other: Self, b: f64) -> Self {
        let (Self([x, y, z]), Self([u, v, w])) = (self, other);
        Self([x * a + u * b, y * a + v * b, z * a + w * b])
    }

    /// The point of the sphere in this direction; `None` where there is no direction.
    pub(crate) fn unit(self) -> Option<Self> {
        let length = self.dot(self).sqrt();
        let Self([x, y, z]) = self;
        (length > 1e-12).then(|| Self([x / length, y / length, z / length]))
    }

    /// The angle to `other` in radians, exact for small ones too.
    pub(crate) fn angle(self, other: Self) -> f64 {
        let cross = self.cross(other);
        cross.dot(cross).sqrt().atan2(self.dot(other))
    }
}

/// Points along the shorter great circle from `from` to `to`, both included, at most `step` degrees apart.
/// Between antipodes, where every great circle is as short, the way over the north pole is taken.
pub(crate) fn great_circle(from: Degrees, to: Degrees, step: f64) -> Vec<Degrees> {
    let (a, b) = (Vector::of(from), Vector::of(to));
    let angle = a.angle(b);
    let away = || a.cross(Vector([0.0, 0.0, 1.0])).unit().unwrap_or(Vector([0.0, 1.0, 0.0])).cross(a);
    // The direction at `from`, square to it.
    let heading =
        if angle > core::f64::consts::PI - 1e-6 { Some(away()) } else { b.blend(1.0, a, -a.dot(b)).unit() };
    let Some(heading) = heading else { return vec![from, to] };
    let mut points = vec![from];
    let pieces = (angle.to_degrees() / step).ceil().max(1.0);
    let mut piece = 1.0;
    while piece < pieces {
        let (sin, cos) = (angle * piece / pieces).sin_cos();
        points.push(a.blend(cos, heading, sin).degrees());
        piece += 1.0;
    }
    points.push(to);
    points
}

/// `longitude` brought into -180..180 by whole turns.
pub(crate) fn wrap(longitude: f64) -> f64 {
    let turned = (longitude + 180.0).rem_euclid(360.0) - 180.0;
    // An angle just below -180 rounds up to a whole turn.
    if turned >= 180.0 { -180.0 } else { turned }
}

/// The middle of the shortest arc of longitude that holds all of `longitudes`, and the length of that arc, in
/// degrees; `None` without any.
pub(crate) fn middle_longitude(longitudes: &[f64]) -> Option<(f64, f64)> {
    let mut sorted: Vec<f64> = longitudes.iter().map(|&longitude| wrap(longitude)).collect();
    sorted.sort_by(f64::total_cmp);
    let (&first, &last) = (sorted.first()?, sorted.last()?);
    // The widest gap between neighbours, the one over 180 degrees first.
    let mut widest = (first + 360.0 - last, last, first + 360.0);
    for (&west, &east) in sorted.iter().zip(sorted.iter().skip(1)) {
        if east - west > widest.0 {
            widest = (east - west, west, east);
        }
    }
    let (gap, west, east) = widest;
    Some((wrap((west + east) / 2.0 + 180.0), 360.0 - gap))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_and_its_degrees_are_the_same_point() {
        for (x, y) in [(0.0, 0.0), (179.9, -60.0), (-74.0, 40.7), (30.0, 89.99)] {
            let back = Vector::of(Degrees { x, y }).degrees();
            assert!((back.x - x).abs() < 1e-9 && (back.y - y).abs() < 1e-9, "{back:?}");
        }
    }

    /// Tokyo to Los Angeles: 8,815 km on the sphere, and the way runs north of both over the date line.
    #[test]
    fn the_great_circle_to_los_angeles_passes_the_date_line_in_the_north() {
        let (tokyo, angeles) = (Degrees { x: 139.69, y: 35.69 }, Degrees { x: -118.24, y: 34.05 });
        let km = Vector::of(tokyo).angle(Vector::of(angeles)) * EARTH_RADIUS_KM;
        assert!((km - 8815.0).abs() < 15.0, "{km}");
        let way = great_circle(tokyo, angeles, 1.0);
        let north = way.iter().map(|point| point.y).fold(f64::MIN, f64::max);
        assert!((46.0..50.0).contains(&north), "{north}");
        assert_eq!((way[0], way[way.len() - 1]), (tokyo, angeles));
        assert!(way.iter().any(|point| point.x.abs() > 179.0));
    }

    #[test]
    fn a_way_between_antipodes_and_to_oneself_is_finite() {
        for (from, to) in
            [((10.0, 20.0), (-170.0, -20.0)), ((0.0, 90.0), (0.0, -90.0)), ((5.0, 5.0), (5.0, 5.0))]
        {
            let way = great_circle(Degrees { x: from.0, y: from.1 }, Degrees { x: to.0, y: to.1 }, 2.0);
            assert!(way.len() >= 2 && way.iter().all(|point| point.x.is_finite() && point.y.abs() <= 90.0));
        }
    }

    #[test]
    fn the_middle_of_longitudes_is_on_their_side_of_the_globe() {
        assert_eq!(middle_longitude(&[]), None);
        assert_eq!(middle_longitude(&[20.0]), Some((20.0, 0.0)));
        assert_eq!(middle_longitude(&[170.0, -170.0]), Some((-180.0, 20.0)));
        assert_eq!(middle_longitude(&[-10.0, 30.0]), Some((10.0, 40.0)));
    }
}
