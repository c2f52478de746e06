//! Distances and speeds of the world that the truth is about, independent of those the judge uses.

/// A point in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub latitude: f64,
    pub longitude: f64,
}

/// The mean radius of the earth in kilometres (IUGG).
const RADIUS: f64 = 6371.0088;
/// Kilometres a millisecond in vacuum.
const LIGHT: f64 = 299.792_458;
/// The group index of single-mode fibre at 1550 nm (Corning SMF-28e+ data sheet: 1.4682).
const GROUP_INDEX: f64 = 1.4682;

/// The time in milliseconds that light takes through so many kilometres of fibre, one way.
pub fn fibre_ms(kilometres: f64) -> f64 {
    kilometres * GROUP_INDEX / LIGHT
}

/// The kilometres that nothing gets beyond and back again in so many milliseconds.
pub fn furthest(round_trip_ms: f64) -> f64 {
    round_trip_ms * LIGHT / 2.0
}

impl Point {
    /// Great-circle kilometres by the haversine formula.
    pub fn kilometres(self, to: Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), to.latitude.to_radians());
        let turn = (to.longitude - self.longitude).to_radians();
        let square = ((b - a) / 2.0).sin().powi(2) + a.cos() * b.cos() * (turn / 2.0).sin().powi(2);
        2.0 * RADIUS * square.min(1.0).sqrt().asin()
    }

    /// The point so many kilometres away in a direction (degrees from north).
    pub fn moved(self, kilometres: f64, direction: f64) -> Self {
        let (angle, bearing) = (kilometres / RADIUS, direction.to_radians());
        let (latitude, longitude) = (self.latitude.to_radians(), self.longitude.to_radians());
        let sine = latitude.sin() * angle.cos() + latitude.cos() * angle.sin() * bearing.cos();
        let east = (bearing.sin() * angle.sin() * latitude.cos())
            .atan2(angle.cos() - latitude.sin() * sine.clamp(-1.0, 1.0));
        let longitude = (longitude + east).to_degrees();
        Self {
            latitude: sine.clamp(-1.0, 1.0).asin().to_degrees(),
            longitude: (longitude + 540.0).rem_euclid(360.0) - 180.0,
        }
    }
}
