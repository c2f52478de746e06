//! Packs the simplified outlines of the countries, which the judge measures distances to.
//!
//! ```text
//! npm pack world-atlas@2.0.2 i18n-iso-countries@7.14.0     # then unpack both
//! cargo run --release -p trace-geo --example pack-outlines -- \
//!     WORLD-ATLAS/countries-50m.json I18N-ISO-COUNTRIES/codes.json trace-geo/data/outlines.bin
//! ```
//!
//! The layout is documented in `src/judge/outline.rs`. Lines are simplified by Douglas and Peucker's rule to
//! 12 km, no stretch is longer than 3 degrees (so that straight in degrees and great circle stay within 1.1
//! km of each other), and distances between countries are least distances between points at most 50 km apart
//! along the simplified lines, less all that was lost on the way.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::Write;

use serde_json::Value;

type Outcome<T> = Result<T, Box<dyn Error>>;
/// Longitude and latitude in degrees.
type Point = (f64, f64);

/// How far a simplified line may be from the one it stands for, in kilometres.
const TOLERANCE: f64 = 12.0;
/// The longest stretch, in degrees of longitude or latitude.
const STRETCH: f64 = 3.0;
const KM_PER_DEGREE: f64 = 111.2;
/// The least radius of curvature of the WGS84 ellipsoid, in kilometres.
const LEAST_RADIUS: f64 = 6335.4;
/// The distance between the points that stand for a line when countries are compared, in kilometres.
const SPACING: f64 = 50.0;
/// The unit of the distances between countries, in kilometres.
const STEP: f64 = 80.0;

/// Shapes that Natural Earth counts to a country and ISO 3166-1 gives a code of their own; they stay parts of
/// that country too: its numeric code, their code, and west, south, east, north.
const TERRITORIES: [(&str, &str, [f64; 4]); 8] = [
    ("250", "GF", [-55.0, 1.0, -50.0, 7.0]),
    ("250", "GP", [-62.5, 15.5, -60.8, 16.8]),
    ("250", "MQ", [-61.5, 14.2, -60.6, 15.1]),
    ("250", "RE", [55.0, -21.6, 56.0, -20.6]),
    ("250", "YT", [44.8, -13.2, 45.5, -12.4]),
    ("528", "BQ", [-69.0, 11.5, -62.0, 18.5]),
    ("578", "SJ", [-10.0, 70.5, -7.0, 71.5]),
    ("578", "SJ", [9.0, 73.5, 35.0, 82.0]),
];

/// Shapes without a numeric code, and the countries they may be counted to.
const UNNUMBERED: [(&str, &[&str]); 5] = [
    ("Kosovo", &["XK", "RS"]),
    ("Somaliland", &["SO"]),
    ("N. Cyprus", &["CY"]),
    ("Siachen Glacier", &["IN", "PK"]),
    ("Indian Ocean Ter.", &["CX", "CC"]),
];

/// Places too small for a shape.
const SPOTS: [(&str, Point); 2] = [("GI", (-5.35, 36.14)), ("BV", (3.35, -54.42))];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [atlas, codes, output] = arguments.as_slice() else {
        return Err("usage: pack-outlines COUNTRIES.json CODES.json OUTPUT".into());
    };
    let atlas: Value = serde_json::from_slice(&fs::read(atlas)?)?;
    let codes: Value = serde_json::from_slice(&fs::read(codes)?)?;
    let countries = countries(&atlas, &numeric_codes(&codes)?)?;
    let packed = pack(&countries)?;
    fs::write(output, &packed)?;
    let points: usize = countries.values().flatten().map(Vec::len).sum();
    writeln!(
        std::io::stdout(),
        "{output}: {} bytes, {} countries, {} parts, {points} points",
        packed.len(),
        countries.len(),
        countries.values().map(Vec::len).sum::<usize>(),
    )?;
    Ok(())
}

fn numeric_codes(codes: &Value) -> Outcome<BTreeMap<&str, &str>> {
    let rows = codes.as_array().ok_or("the codes are no list")?;
    rows.iter()
        .map(|row| {
            let column = |index: usize| row.get(index).and_then(Value::as_str).ok_or("a code is missing");
            Ok((column(2)?, column(0)?))
        })
        .collect()
}

fn countries(atlas: &Value, numeric: &BTreeMap<&str, &str>) -> Outcome<BTreeMap<String, Vec<Vec<Point>>>> {
    let arcs = arcs(atlas)?;
    let shapes = atlas.pointer("/objects/countries/geometries").and_then(Value::as_array);
    let mut countries: BTreeMap<String, Vec<Vec<Point>>> = BTreeMap::new();
    for shape in shapes.ok_or("there are no countries")? {
        let id = shape.get("id").and_then(Value::as_str);
        let name = shape.pointer("/properties/name").and_then(Value::as_str).unwrap_or_default();
        let counted: Vec<&str> = match id {
            Some(id) => vec![*numeric.get(id).ok_or_else(|| format!("{name}: no code for {id}"))?],
            None => UNNUMBERED
                .iter()
                .find(|(known, _)| *known == name)
                .ok_or_else(|| format!("{name} has no code"))?
                .1
                .to_vec(),
        };
        for ring in rings(shape, &arcs)? {
            let inside = |[west, south, east, north]: [f64; 4]| {
                ring.iter().all(|(x, y)| (west..=east).contains(x) && (south..=north).contains(y))
            };
            let own = TERRITORIES
                .iter()
                .find(|(whose, _, bounds)| Some(*whose) == id && inside(*bounds))
                .map(|t| t.1);
            let simple = simplified(&ring);
            for code in counted.iter().copied().chain(own) {
                countries.entry(code.to_owned()).or_default().push(simple.clone());
            }
        }
    }
    for (code, point) in SPOTS {
        countries.entry(code.to_owned()).or_insert_with(|| vec![vec![point]]);
    }
    Ok(countries)
}

fn arcs(atlas: &Value) -> Outcome<Vec<Vec<Point>>> {
    let number = |path: &str| atlas.pointer(path).and_then(Value::as_f64).ok_or("there is no transform");
    let scale = (number("/transform/scale/0")?, number("/transform/scale/1")?);
    let shift = (number("/transform/translate/0")?, number("/transform/translate/1")?);
    let mut arcs = Vec::new();
    for arc in atlas.get("arcs").and_then(Value::as_array).ok_or("there are no arcs")? {
        let (mut x, mut y) = (0.0, 0.0);
        let mut line = Vec::new();
        for step in arc.as_array().ok_or("an arc is no list")? {
            x += step.get(0).and_then(Value::as_f64).ok_or("a point is cut")?;
            y += step.get(1).and_then(Value::as_f64).ok_or("a point is cut")?;
            line.push((x.mul_add(scale.0, shift.0), y.mul_add(scale.1, shift.1)));
        }
        arcs.push(line);
    }
    Ok(arcs)
}

/// The rings of a shape, holes too, each closed by its first point.
fn rings(shape: &Value, arcs: &[Vec<Point>]) -> Outcome<Vec<Vec<Point>>> {
    let polygons = match shape.get("type").and_then(Value::as_str) {
        Some("Polygon") => vec![shape.get("arcs").ok_or("no arcs")?],
        Some("MultiPolygon") => {
            shape.get("arcs").and_then(Value::as_array).ok_or("no arcs")?.iter().collect()
        }
        _ => return Err("a shape is no polygon".into()),
    };
    let mut rings = Vec::new();
    for ring in polygons.iter().filter_map(|polygon| polygon.as_array()).flatten() {
        let mut line: Vec<Point> = Vec::new();
        for reference in ring.as_array().ok_or("a ring is no list")? {
            let reference = reference.as_i64().ok_or("an arc's number is none")?;
            let forwards = reference >= 0;
            let index = usize::try_from(if forwards { reference } else { !reference })?;
            let arc = arcs.get(index).ok_or("an arc is missing")?;
            line.pop();
            if forwards {
                line.extend(arc);
            } else {
                line.extend(arc.iter().rev());
            }
        }
        rings.push(line);
    }
    Ok(rings)
}

fn simplified(ring: &[Point]) -> Vec<Point> {
    let dense = dense(ring, |(x, y), (u, v)| (u - x).abs().max((v - y).abs()) / STRETCH);
    let (Some(&first), Some(&last)) = (dense.first(), dense.last()) else { return Vec::new() };
    let mut line = vec![first];
    keep(&dense, &mut line);
    line.push(last);
    // A small island needs no line to be found within the tolerance.
    if line.iter().all(|&point| kilometres(first, point) < TOLERANCE) {
        line.truncate(1);
    }
    line
}

/// Puts points between those of a line, so that no stretch counts more than 1.
fn dense(line: &[Point], stretches: impl Fn(Point, Point) -> f64) -> Vec<Point> {
    let mut dense: Vec<Point> = line.first().copied().into_iter().collect();
    for (&a, &b) in line.iter().zip(line.iter().skip(1)) {
        let parts = stretches(a, b).ceil().max(1.0);
        let mut part = 1.0;
        while part <= parts {
            let share = part / parts;
            dense.push((a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share));
            part += 1.0;
        }
    }
    dense
}

/// Keeps the points between the ends of a line that are needed to stay within the tolerance.
fn keep(line: &[Point], kept: &mut Vec<Point>) {
    let (Some(&a), Some(&b)) = (line.first(), line.last()) else { return };
    let far = (b.0 - a.0).abs().max((b.1 - a.1).abs()) > STRETCH;
    let furthest = line
        .iter()
        .enumerate()
        .take(line.len().saturating_sub(1))
        .skip(1)
        .map(|(index, &point)| (index, off(point, a, b)))
        .max_by(|one, other| one.1.total_cmp(&other.1));
    let Some((mut index, distance)) = furthest else { return };
    if distance <= TOLERANCE && !far {
        return;
    }
    if distance <= TOLERANCE {
        index = line.len() / 2;
    }
    let (front, back) = (line.get(..=index).unwrap_or_default(), line.get(index..).unwrap_or_default());
    keep(front, kept);
    kept.extend(back.first());
    keep(back, kept);
}

/// How far a point is from a short stretch, in kilometres.
fn off(point: Point, a: Point, b: Point) -> f64 {
    let across = KM_PER_DEGREE * point.1.to_radians().cos();
    let flat = |p: Point| ((p.0 - a.0) * across, (p.1 - a.1) * KM_PER_DEGREE);
    let ((x, y), (u, v)) = (flat(point), flat(b));
    let length = u.mul_add(u, v * v);
    let share = if length > 0.0 { (u.mul_add(x, v * y) / length).clamp(0.0, 1.0) } else { 0.0 };
    (x - u * share).hypot(y - v * share)
}

fn kilometres(a: Point, b: Point) -> f64 {
    let across = KM_PER_DEGREE * a.1.to_radians().cos();
    ((b.0 - a.0) * across).hypot((b.1 - a.1) * KM_PER_DEGREE)
}

fn pack(countries: &BTreeMap<String, Vec<Vec<Point>>>) -> Outcome<Vec<u8>> {
    let mut packed = b"traceout".to_vec();
    packed.extend(1_u32.to_le_bytes());
    packed.extend(u32::try_from(countries.len())?.to_le_bytes());
    for (code, parts) in countries {
        packed.extend(code.as_bytes());
        packed.extend(u16::try_from(parts.len())?.to_le_bytes());
        for part in parts {
            packed.extend(u16::try_from(part.len())?.to_le_bytes());
            for &(x, y) in part {
                packed.extend(hundredths(y).to_le_bytes());
                packed.extend(hundredths(x).to_le_bytes());
            }
        }
    }
    let samples: Vec<Vec<[f64; 3]>> =
        countries.values().map(|parts| parts.iter().flat_map(|part| sampled(part)).collect()).collect();
    for (index, one) in samples.iter().enumerate() {
        for other in samples.iter().take(index) {
            packed.push(steps_apart(one, other));
        }
    }
    Ok(packed)
}

fn sampled(part: &[Point]) -> Vec<[f64; 3]> {
    let vector = |(x, y): Point| {
        let (sine, cosine) = y.to_radians().sin_cos();
        let (east, front) = x.to_radians().sin_cos();
        [cosine * front, cosine * east, sine]
    };
    dense(part, |a, b| kilometres(a, b).max(kilometres(b, a)) / SPACING).into_iter().map(vector).collect()
}

/// A lower bound of the distance between two countries, in steps.
fn steps_apart(one: &[[f64; 3]], other: &[[f64; 3]]) -> u8 {
    let mut nearest = -1.0_f64;
    for [x, y, z] in one {
        for [u, v, w] in other {
            nearest = nearest.max(x.mul_add(*u, y.mul_add(*v, z * w)));
        }
    }
    let lost = SPACING + 2.0 * (TOLERANCE + 2.0);
    let steps = ((LEAST_RADIUS * nearest.clamp(-1.0, 1.0).acos() - lost) / STEP).max(0.0).floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 249: half a turn in steps"
    )]
    {
        steps.min(255.0) as u8
    }
}

fn hundredths(degrees: f64) -> i16 {
    #[expect(clippy::cast_possible_truncation, reason = "-18000 to 18000")]
    {
        (degrees * 100.0).round() as i16
    }
}
