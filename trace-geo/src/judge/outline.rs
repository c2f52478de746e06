//! Simplified outlines of the countries, and how far a point or another country is from the nearest of their
//! parts.
//!
//! `data/outlines.bin` (little-endian): `traceout`, version (u32, 1), number of countries (u32); per country
//! in the order of the codes: two letters, number of parts (u16), per part: number of points (u16), per point
//! latitude and longitude in hundredths of a degree (i16 each). A part is a ring (holes too), a lone point a
//! small island. Then, for each country and each one before it, a lower bound of their distance in steps of
//! 80 km (u8). `examples/pack-outlines.rs` writes it.
//!
//! All distances are lower bounds. Between points of the ellipsoid the geodesic is nowhere shorter than the
//! same angle on a sphere whose radius is the least radius of curvature, so that is the sphere measured on.

use std::sync::OnceLock;

use trace_core::model::{Coordinates, CountryCode};

static PACKED: &[u8] = include_bytes!("../../data/outlines.bin");
/// Taken off every distance, in kilometres: 12 for the simplification, the rest for what a map of the scale
/// 1:50 million leaves out.
const SLACK: f64 = 50.0;
/// The least radius of curvature of the WGS84 ellipsoid, a (1 - e^2), in kilometres.
const LEAST_RADIUS: f64 = 6335.4;
const STEP: f64 = 80.0;
/// Lines in a piece of a ring.
const PIECE: usize = 16;

type Vector = [f64; 3];

/// The outlines of all countries.
pub(super) struct Outlines {
    countries: Vec<Country>,
    apart: &'static [u8],
}

struct Country {
    code: CountryCode,
    packed: Vec<&'static [u8]>,
    parts: OnceLock<Vec<Part>>,
}

/// A ring or a lone point, in pieces of a few lines each, most of which are soon known to be too far away.
struct Part {
    /// Latitude and longitude.
    degrees: Vec<(f64, f64)>,
    vectors: Vec<Vector>,
    pieces: Vec<Piece>,
    whole: Ball,
}

struct Piece {
    /// The first line of it, and the first behind it.
    lines: core::ops::Range<usize>,
    ball: Ball,
    /// The least and the greatest latitude.
    latitudes: (f64, f64),
}

/// The space around some points, in radii of the earth.
#[derive(Clone, Copy)]
struct Ball {
    middle: Vector,
    radius: f64,
}

impl Ball {
    fn around(vectors: &[Vector]) -> Self {
        let middle = unit(vectors.iter().fold([0.0; 3], |[x, y, z], [u, v, w]| [x + u, y + v, z + w]));
        let furthest = vectors.iter().map(|&vector| square(middle, vector)).fold(0.0, f64::max);
        Self { middle, radius: furthest.sqrt() }
    }

    /// Whether some of it may be nearer to a point than this (straight through the earth).
    fn is_within(&self, point: Vector, distance: f64) -> bool {
        let limit = distance + self.radius;
        square(self.middle, point) <= limit * limit
    }
}

impl Outlines {
    /// The outlines inside the binary.
    pub(super) fn get() -> &'static Self {
        static OUTLINES: OnceLock<Outlines> = OnceLock::new();
        OUTLINES.get_or_init(|| Self::read(PACKED).unwrap_or(Self { countries: Vec::new(), apart: &[] }))
    }

    fn read(mut rest: &'static [u8]) -> Option<Self> {
        let rest = &mut rest;
        if take(rest, 8)? != b"traceout" || number(rest, 4)? != 1 {
            return None;
        }
        let count = number(rest, 4)?;
        let mut countries = Vec::new();
        for _ in 0..count {
            let code = CountryCode::new(str::from_utf8(take(rest, 2)?).ok()?)?;
            let parts = number(rest, 2)?;
            let mut packed = Vec::with_capacity(parts);
            for _ in 0..parts {
                let points = number(rest, 2)?;
                packed.push(take(rest, points.checked_mul(4)?)?);
            }
            countries.push(Country { code, packed, parts: OnceLock::new() });
        }
        Some(Self { countries, apart: rest })
    }

    fn find(&self, code: CountryCode) -> Option<(usize, &Country)> {
        let index = self.countries.binary_search_by_key(&code, |country| country.code).ok()?;
        Some((index, self.countries.get(index)?))
    }

    /// Whether there is an outline of this country.
    pub(super) fn knows(&self, code: CountryCode) -> bool {
        self.find(code).is_some()
    }

    /// At least how many kilometres a point is from the nearest part of a country: 0 inside, and where there
    /// is no outline.
    pub(super) fn to_point(&self, code: CountryCode, point: Coordinates) -> f64 {
        let Some((_, country)) = self.find(code) else { return 0.0 };
        let vector = vector(point.latitude(), point.longitude());
        let parts =
            country.parts.get_or_init(|| country.packed.iter().map(|part| Part::read(part)).collect());
        // The nearest of a few corners is an upper bound that spares most pieces.
        let corners = parts
            .iter()
            .flat_map(|part| part.pieces.iter().filter_map(|piece| part.vectors.get(piece.lines.start)));
        let mut nearest = corners.map(|&corner| square(corner, vector)).fold(f64::INFINITY, f64::min).sqrt();
        if !nearest.is_finite() {
            return 0.0;
        }
        let mut inside = false;
        for part in parts {
            // A little more, since a ring may go round its middle at a distance, and rounding is not exact.
            if part.whole.is_within(vector, 0.01) {
                inside ^= part.surrounds(point);
            }
            if part.whole.is_within(vector, nearest) {
                nearest = part.nearest(vector, nearest);
            }
        }
        let angle = 2.0 * (nearest / 2.0).min(1.0).asin();
        if inside { 0.0 } else { (angle * LEAST_RADIUS - SLACK).max(0.0) }
    }

    /// At least how many kilometres lie between the nearest parts of two countries.
    pub(super) fn between(&self, one: CountryCode, other: CountryCode) -> f64 {
        let (Some((one, _)), Some((other, _))) = (self.find(one), self.find(other)) else { return 0.0 };
        let (low, high) = (one.min(other), one.max(other));
        if low == high {
            return 0.0;
        }
        self.apart.get(high * (high - 1) / 2 + low).map_or(0.0, |steps| f64::from(*steps) * STEP)
    }
}

impl Part {
    fn read(packed: &[u8]) -> Self {
        let degrees: Vec<(f64, f64)> = packed
            .chunks_exact(4)
            .filter_map(|point| {
                let &[a, b, c, d] = point else { return None };
                let degrees = |low, high| f64::from(i16::from_le_bytes([low, high])) / 100.0;
                Some((degrees(a, b), degrees(c, d)))
            })
            .collect();
        let vectors: Vec<Vector> =
            degrees.iter().map(|&(latitude, longitude)| vector(latitude, longitude)).collect();
        let lines = degrees.len().saturating_sub(1).max(1);
        let pieces = (0..lines)
            .step_by(PIECE)
            .filter_map(|first| {
                let lines = first..(first + PIECE).min(lines);
                let corners = first..(lines.end + 1).min(degrees.len());
                let latitudes = degrees.get(corners.clone())?.iter().map(|(latitude, _)| *latitude);
                let latitudes = (
                    latitudes.clone().fold(f64::INFINITY, f64::min),
                    latitudes.fold(f64::NEG_INFINITY, f64::max),
                );
                Some(Piece { lines, ball: Ball::around(vectors.get(corners)?), latitudes })
            })
            .collect();
        let whole = Ball::around(&vectors);
        Self { degrees, vectors, pieces, whole }
    }

    /// Whether a point is inside the ring, by counting the lines to the east of it.
    fn surrounds(&self, point: Coordinates) -> bool {
        let (latitude, longitude) = (point.latitude(), point.longitude());
        let crosses = |&(&(a, x), &(b, y)): &(&(f64, f64), &(f64, f64))| {
            (a > latitude) != (b > latitude) && longitude < (y - x) * (latitude - a) / (b - a) + x
        };
        let mut count = 0;
        for piece in &self.pieces {
            let (least, most) = piece.latitudes;
            if least <= latitude && latitude <= most {
                let from = self.degrees.get(piece.lines.clone()).unwrap_or_default();
                let to = self.degrees.get(piece.lines.start + 1..).unwrap_or_default();
                count += from.iter().zip(to).filter(crosses).count();
            }
        }
        count % 2 == 1
    }

    /// How near the line comes to a point, straight through the earth, if that is nearer than `nearest`.
    fn nearest(&self, point: Vector, mut nearest: f64) -> f64 {
        for piece in &self.pieces {
            if !piece.ball.is_within(point, nearest) {
                continue;
            }
            let from = self.vectors.get(piece.lines.clone()).unwrap_or_default();
            let to = self.vectors.get(piece.lines.start + 1..).unwrap_or_default();
            let corners = from.iter().chain(to.first()).chain(to.get(from.len().saturating_sub(1)));
            let mut least = corners.map(|&corner| square(corner, point)).fold(f64::INFINITY, f64::min);
            for (&a, &b) in from.iter().zip(to) {
                let normal = cross(a, b);
                let length = dot(normal, normal);
                // Above or below the stretch, not before or behind it.
                if length > 1e-18 && dot(cross(normal, a), point) > 0.0 && dot(cross(b, normal), point) > 0.0
                {
                    let sine = dot(normal, point);
                    let cosine = (1.0 - sine * sine / length).max(0.0).sqrt();
                    least = least.min(2.0 - 2.0 * cosine);
                }
            }
            nearest = nearest.min(least.max(0.0).sqrt());
        }
        nearest
    }
}

fn take(rest: &mut &'static [u8], length: usize) -> Option<&'static [u8]> {
    let (front, back) = rest.split_at_checked(length)?;
    *rest = back;
    Some(front)
}

fn number(rest: &mut &'static [u8], width: usize) -> Option<usize> {
    Some(take(rest, width)?.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
}

fn vector(latitude: f64, longitude: f64) -> Vector {
    let (sine, cosine) = latitude.to_radians().sin_cos();
    let (east, front) = longitude.to_radians().sin_cos();
    [cosine * front, cosine * east, sine]
}

fn dot([a, b, c]: Vector, [x, y, z]: Vector) -> f64 {
    a * x + b * y + c * z
}

fn cross([a, b, c]: Vector, [x, y, z]: Vector) -> Vector {
    [b * z - c * y, c * x - a * z, a * y - b * x]
}

fn unit(vector: Vector) -> Vector {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 { vector.map(|part| part / length) } else { [1.0, 0.0, 0.0] }
}

/// The square of the distance between two points, straight through the earth.
fn square([a, b, c]: Vector, [x, y, z]: Vector) -> f64 {
    let (x, y, z) = (a - x, b - y, c - z);
    x * x + y * y + z * z
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(code: &str) -> CountryCode {
        CountryCode::new(code).unwrap()
    }

    fn from(country: &str, latitude: f64, longitude: f64) -> f64 {
        Outlines::get().to_point(code(country), Coordinates::new(latitude, longitude).unwrap())
    }

    #[test]
    fn cities_are_inside_their_countries() {
        for (country, latitude, longitude) in [
            ("AR", -34.60, -58.38),
            ("DE", 50.11, 8.68),
            ("RU", 66.0, -172.0),
            ("RU", 55.75, 37.62),
            ("US", 61.2, -149.9),
            ("US", 21.3, -157.86),
            ("US", 39.7, -105.0),
            ("FJ", -18.14, 178.44),
            ("NZ", -43.95, -176.56),
            ("LS", -29.6, 28.2),
            ("SG", 1.35, 103.82),
            ("GI", 36.14, -5.35),
            ("GF", 4.92, -52.33),
            ("FR", 4.92, -52.33),
            ("AQ", -90.0, 0.0),
            ("XK", 42.66, 21.17),
        ] {
            assert_eq!(from(country, latitude, longitude), 0.0, "{country} {latitude} {longitude}");
        }
    }

    /// By hand, off a map: Copenhagen to Rügen 115 km, Lisbon to the coast of Brazil 5,500, Buenos Aires to
    /// Colonia in Uruguay 50, Tokyo to Alaska's last island (Attu) 3,400, Maseru's country from Bloemfontein.
    #[test]
    fn distances_are_lower_bounds_and_not_far_below() {
        for (country, latitude, longitude, least, most) in [
            ("DE", 55.676, 12.568, 40.0, 118.0),
            ("BR", 38.72, -9.14, 5300.0, 5700.0),
            ("UY", -34.60, -58.38, 0.0, 50.0),
            ("US", 35.68, 139.69, 1100.0, 3400.0),
            ("AU", 51.5, -0.13, 13000.0, 13900.0),
        ] {
            let found = from(country, latitude, longitude);
            assert!((least..=most).contains(&found), "{country}: {found}");
        }
    }

    /// Leaving out what is too far away changes nothing.
    #[test]
    fn pieces_left_out_would_not_have_been_nearer() {
        let outlines = Outlines::get();
        for name in ["RU", "CA", "US", "FR", "FJ", "AQ", "NR", "LS", "NO", "CL"] {
            let _ = from(name, 0.0, 0.0);
            let parts = outlines.find(code(name)).unwrap().1.parts.get().unwrap();
            for step in 0..400_u32 {
                // All over the globe, by the golden angle.
                let latitude = (1.0 - 2.0 * (f64::from(step) + 0.5) / 400.0).asin().to_degrees();
                let longitude = (f64::from(step) * 137.507_764).rem_euclid(360.0) - 180.0;
                let point = vector(latitude, longitude);
                let lines = |part: &Part| {
                    let pairs = part
                        .degrees
                        .windows(2)
                        .filter(|pair| (pair[0].0 > latitude) != (pair[1].0 > latitude));
                    let east = |pair: &&[(f64, f64)]| {
                        let ((a, x), (b, y)) = (pair[0], pair[1]);
                        longitude < (y - x) * (latitude - a) / (b - a) + x
                    };
                    pairs.filter(east).count()
                };
                let inside = parts.iter().map(lines).sum::<usize>() % 2 == 1;
                let nearest = parts.iter().map(|part| part.nearest(point, 2.0)).fold(2.0, f64::min);
                let expected = ((2.0 * (nearest / 2.0).asin()) * LEAST_RADIUS - SLACK).max(0.0);
                let expected = if inside { 0.0 } else { expected };
                let found = from(name, latitude, longitude);
                assert!((found - expected).abs() < 1e-6, "{name} {latitude} {longitude}: {found} {expected}");
            }
        }
    }

    #[test]
    fn countries_know_their_neighbours() {
        let between = |one, other| Outlines::get().between(code(one), code(other));
        for (one, other) in
            [("DE", "FR"), ("ZA", "LS"), ("IT", "SM"), ("RU", "US"), ("ES", "MA"), ("DE", "DE")]
        {
            assert_eq!(between(one, other), 0.0, "{one} {other}");
        }
        // Perth to Bali 2,600 but Ashmore Reef lies 150 off Timor; Japan to Germany: Kaliningrad is Russian.
        assert!((7000.0..=8400.0).contains(&between("JP", "DE")));
        assert_eq!(between("JP", "DE"), between("DE", "JP"));
        assert_eq!(between("ZZ", "DE"), 0.0);
        assert!(!Outlines::get().knows(code("ZZ")));
    }

    #[test]
    fn every_part_of_the_file_is_read() {
        let outlines = Outlines::get();
        let count = outlines.countries.len();
        assert!(count > 240);
        assert_eq!(outlines.apart.len(), count * (count - 1) / 2);
        assert!(outlines.countries.windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}
