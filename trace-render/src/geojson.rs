//! A scene as GeoJSON (RFC 7946).

use serde_json::{Map as Object, Value, json};

use crate::basemap::{self, Country, Ring};
use crate::clip;
use crate::scene::{Leg, LegKind, Mark, Route, Scene, Spot, Trust};
use crate::sphere::{Degrees, great_circle, wrap};

/// A scene as a GeoJSON document: one `FeatureCollection` with, in this order,
///
/// * a `Point` or, for a hop that is known to be in a country and no more, the country's `MultiPolygon` for each mark, with
///   the properties `kind` (`mark`), `city`, `country`, `trust` (`sound`, `suspect`, `anycast`, `impossible`) and
///   `stops`: for each route its index in `routes`, `origin`, `target`, and `hops` with `ttl`, `address`, `rtt_ms`;
/// * a `LineString`, or a `MultiLineString` where it crosses 180 degrees (section 3.1.9), for each leg, with the
///   properties `kind` (`leg`), `route`, `from` and `to` (indices of marks), `between` (hops without a place) and
///   `course` (`great-circle`, or `unknown` where an end is a country).
///
/// The foreign member `routes` (section 6.1) tells target, start, outcome and hop count of each route. What is not
/// known is null. Text from the network stands as it came, escaped as JSON.
#[must_use]
pub fn geojson(scene: &Scene) -> String {
    let marks = scene.marks.iter().map(mark);
    let legs = scene.legs.iter().filter_map(|known| leg(scene, known));
    let collection = json!({
        "type": "FeatureCollection",
        "routes": scene.routes.iter().map(route).collect::<Vec<Value>>(),
        "features": marks.chain(legs).collect::<Vec<Value>>(),
    });
    collection.to_string()
}

fn feature(geometry: Value, properties: Value) -> Value {
    json!({ "type": "Feature", "geometry": geometry, "properties": properties })
}

fn route(route: &Route) -> Value {
    json!({
        "name": route.target.as_ref().and_then(|target| target.name.clone()),
        "address": route.target.as_ref().map(|target| target.address.to_string()),
        "vantage": route.vantage,
        "started_ns": route.started,
        "outcome": route.outcome.map(|outcome| outcome.as_str()),
        "protocol": route.protocol.map(|protocol| protocol.as_str()),
        "hops": route.hops,
        "rtt_ms": route.rtt.map(|rtt| rtt.as_secs_f64() * 1e3),
    })
}

fn mark(mark: &Mark) -> Value {
    let geometry = match mark.spot {
        Spot::Point(point) => json!({ "type": "Point", "coordinates": position(point.into()) }),
        Spot::Area(code) => basemap::country(code).map_or(Value::Null, area),
    };
    let stops: Vec<Value> = mark
        .stops
        .iter()
        .map(|stop| {
            let hops: Vec<Value> = stop
                .hops
                .iter()
                .map(|visit| {
                    json!({
                        "ttl": visit.ttl.get(),
                        "address": visit.address.to_string(),
                        "rtt_ms": visit.rtt.map(|rtt| rtt.as_secs_f64() * 1e3),
                    })
                })
                .collect();
            json!({ "route": stop.route, "origin": stop.origin, "target": stop.target, "hops": hops })
        })
        .collect();
    let mut properties = Object::new();
    properties.insert("kind".to_owned(), json!("mark"));
    properties.insert("city".to_owned(), json!(mark.city));
    properties.insert("country".to_owned(), json!(mark.country));
    properties.insert("trust".to_owned(), json!(word(mark.trust)));
    if let Spot::Area(code) = mark.spot {
        properties.insert("country_code".to_owned(), json!(code.as_str()));
    }
    properties.insert("stops".to_owned(), Value::Array(stops));
    feature(geometry, Value::Object(properties))
}

const fn word(trust: Trust) -> &'static str {
    match trust {
        Trust::Sound => "sound",
        Trust::Suspect => "suspect",
        Trust::Anycast => "anycast",
        Trust::Impossible => "impossible",
    }
}

fn leg(scene: &Scene, leg: &Leg) -> Option<Value> {
    let ends = [scene.marks.get(leg.from)?, scene.marks.get(leg.to)?].map(|mark| match mark.spot {
        Spot::Point(point) => Some(point.into()),
        Spot::Area(code) => basemap::country(code).map(|country| country.label),
    });
    let [Some(from), Some(to)] = ends else { return None };
    let lines: Vec<Value> = clip::unwrapped(&great_circle(from, to, 2.0))
        .iter()
        .flat_map(|run| at_date_line(run))
        .map(|line| Value::Array(line.into_iter().map(position).collect()))
        .collect();
    let geometry = match <[Value; 1]>::try_from(lines) {
        Ok([line]) => json!({ "type": "LineString", "coordinates": line }),
        Err(lines) => json!({ "type": "MultiLineString", "coordinates": lines }),
    };
    let between = match leg.kind {
        LegKind::Direct => 0,
        LegKind::Gap(hops) => hops,
    };
    let course = if scene.touches_area(leg) { "unknown" } else { "great-circle" };
    Some(feature(
        geometry,
        json!({
            "kind": "leg", "route": leg.route, "from": leg.from, "to": leg.to, "between": between, "course": course,
        }),
    ))
}

/// A country's shape; of one too small for a shape, its middle.
fn area(country: &Country) -> Value {
    if country.rings.is_empty() {
        return json!({ "type": "Point", "coordinates": position(country.label) });
    }
    // Holes follow the outline they lie in: they are wound the other way.
    let mut polygons: Vec<Vec<Vec<Value>>> = Vec::new();
    for ring in &country.rings {
        for part in halves(ring) {
            let mut line: Vec<Value> = part.iter().copied().map(position).collect();
            line.extend(line.first().cloned());
            let hole = turn(&part) > 0.0;
            match polygons.last_mut() {
                Some(polygon) if hole => polygon.push(line.into_iter().rev().collect()),
                _ => polygons.push(vec![line.into_iter().rev().collect()]),
            }
        }
    }
    json!({ "type": "MultiPolygon", "coordinates": polygons })
}

/// Twice the signed area of a ring: positive where it runs counter-clockwise.
fn turn(ring: &[Degrees]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a.x * b.y - b.x * a.y).sum()
}

/// A ring in the parts that lie on either side of 180 degrees.
fn halves(ring: &Ring) -> Vec<Vec<Degrees>> {
    let greenwich = crate::View {
        projection: crate::Projection::Equirectangular,
        longitude: 0.0,
        latitude: 0.0,
        // One pixel is a hundredth of a degree, so that nothing is thinned out.
        scale: 100.0 / 1f64.to_radians(),
        x: 0.0,
        y: 0.0,
    };
    let everywhere = clip::Rect { left: -1e9, top: -1e9, right: 1e9, bottom: 1e9 };
    clip::polygons(&greenwich, ring, everywhere)
        .into_iter()
        .map(|polygon| polygon.into_iter().map(|(x, y)| Degrees { x: x / 100.0, y: -y / 100.0 }).collect())
        .collect()
}

/// A line that runs on beyond 180 degrees, in the parts on either side (RFC 7946, section 3.1.9).
fn at_date_line(line: &[Degrees]) -> Vec<Vec<Degrees>> {
    let sheet = |x: f64| ((x + 180.0) / 360.0).floor();
    let mut parts: Vec<Vec<Degrees>> = Vec::new();
    let mut part: Vec<Degrees> = Vec::new();
    let mut before: Option<Degrees> = None;
    for &point in line {
        if let Some(before) = before.filter(|before| sheet(before.x) != sheet(point.x)) {
            let edge = sheet(before.x).max(sheet(point.x)) * 360.0 - 180.0;
            let t = (edge - before.x) / (point.x - before.x);
            let y = before.y + (point.y - before.y) * t;
            let side = if point.x > before.x { 180.0 } else { -180.0 };
            part.push(Degrees { x: side, y });
            parts.push(core::mem::take(&mut part));
            part.push(Degrees { x: -side, y });
        }
        part.push(Degrees { x: wrap(point.x), y: point.y });
        before = Some(point);
    }
    parts.push(part);
    parts.retain(|part| part.len() > 1);
    parts
}

/// Longitude and latitude, to about a metre; -180 and 180 keep their sides.
fn position(point: Degrees) -> Value {
    let round = |value: f64| (value * 1e5).round() / 1e5;
    json!([round(point.x), round(point.y)])
}
