//! A scene as GeoJSON (RFC 7946).

use core::fmt::{self, Write as _};

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
    geojson_with(scene, |_| Vec::new())
}

/// As [`geojson`], with more to tell of each route: further members of the route at a place in [`Scene::routes`], by
/// name.
#[must_use]
pub fn geojson_with(scene: &Scene, more: impl Fn(usize) -> Vec<(&'static str, String)>) -> String {
    // Written as it goes: as one value the features of many routes would take many times the room of their text.
    let mut text = String::from(r#"{"type":"FeatureCollection","routes":"#);
    list(&mut text, scene.routes.iter().enumerate(), |text, (place, known)| {
        let mut told = route(known);
        told.extend(more(place).into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))));
        value(text, &Value::Object(told));
    });
    text.push_str(r#","features":"#);
    let marks = scene.marks.iter().map(Feature::Mark);
    let legs = scene.legs.iter().filter_map(|leg| Some(Feature::Leg(leg, ends(scene, leg)?)));
    list(&mut text, marks.chain(legs), |text, feature| {
        text.push_str(r#"{"type":"Feature","geometry":"#);
        feature.geometry(text);
        text.push_str(r#","properties":"#);
        value(text, &feature.properties(scene));
        text.push('}');
    });
    text.push('}');
    text
}

/// What a feature is of.
enum Feature<'a> {
    Mark(&'a Mark),
    /// A leg, and where it starts and ends.
    Leg(&'a Leg, [Degrees; 2]),
}

impl Feature<'_> {
    fn geometry(&self, text: &mut String) {
        match *self {
            Self::Mark(mark) => match mark.spot {
                Spot::Point(point) => point_of(text, point.into()),
                Spot::Area(code) => match basemap::country(code) {
                    Some(country) => area(text, country),
                    None => text.push_str("null"),
                },
            },
            Self::Leg(_, [from, to]) => {
                let runs = clip::unwrapped(&great_circle(from, to, 2.0));
                let lines: Vec<_> = runs.iter().flat_map(|run| at_date_line(run)).collect();
                match lines.as_slice() {
                    [one] => {
                        text.push_str(r#"{"type":"LineString","coordinates":"#);
                        line(text, one);
                    }
                    several => {
                        text.push_str(r#"{"type":"MultiLineString","coordinates":"#);
                        list(text, several, |text, part| line(text, part));
                    }
                }
                text.push('}');
            }
        }
    }

    fn properties(&self, scene: &Scene) -> Value {
        match *self {
            Self::Mark(mark) => of_mark(mark),
            Self::Leg(leg, _) => {
                let between = match leg.kind {
                    LegKind::Direct => 0,
                    LegKind::Gap(hops) => hops,
                };
                let course = if scene.touches_area(leg) { "unknown" } else { "great-circle" };
                json!({
                    "kind": "leg", "route": leg.route, "from": leg.from, "to": leg.to, "between": between,
                    "course": course,
                })
            }
        }
    }
}

fn route(route: &Route) -> Object<String, Value> {
    let told = json!({
        "name": route.target.as_ref().and_then(|target| target.name.clone()),
        "address": route.target.as_ref().map(|target| target.address.to_string()),
        "vantage": route.vantage,
        "started_ns": route.started,
        "outcome": route.outcome.map(|outcome| outcome.as_str()),
        "protocol": route.protocol.map(|protocol| protocol.as_str()),
        "hops": route.hops,
        "rtt_ms": route.rtt.map(|rtt| rtt.as_secs_f64() * 1e3),
    });
    match told {
        Value::Object(told) => told,
        _ => Object::new(),
    }
}

fn of_mark(mark: &Mark) -> Value {
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
    Value::Object(properties)
}

const fn word(trust: Trust) -> &'static str {
    match trust {
        Trust::Sound => "sound",
        Trust::Suspect => "suspect",
        Trust::Anycast => "anycast",
        Trust::Impossible => "impossible",
    }
}

/// Where a leg starts and ends; in a country that is where its name stands.
fn ends(scene: &Scene, leg: &Leg) -> Option<[Degrees; 2]> {
    let end = |mark: usize| match scene.marks.get(mark)?.spot {
        Spot::Point(point) => Some(point.into()),
        Spot::Area(code) => basemap::country(code).map(|country| country.label),
    };
    Some([end(leg.from)?, end(leg.to)?])
}

/// A country's shape; of one too small for a shape, its middle.
fn area(text: &mut String, country: &Country) {
    if country.rings.is_empty() {
        return point_of(text, country.label);
    }
    // Holes follow the outline they lie in: they are wound the other way.
    let mut polygons: Vec<Vec<Vec<Degrees>>> = Vec::new();
    for ring in &country.rings {
        for mut part in halves(ring) {
            let hole = turn(&part) > 0.0;
            part.extend(part.first().copied());
            part.reverse();
            match polygons.last_mut() {
                Some(polygon) if hole => polygon.push(part),
                _ => polygons.push(vec![part]),
            }
        }
    }
    text.push_str(r#"{"type":"MultiPolygon","coordinates":"#);
    list(text, &polygons, |text, polygon| list(text, polygon, |text, ring| line(text, ring)));
    text.push('}');
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

fn point_of(text: &mut String, point: Degrees) {
    text.push_str(r#"{"type":"Point","coordinates":"#);
    position(text, point);
    text.push('}');
}

fn line(text: &mut String, points: &[Degrees]) {
    list(text, points, |text, point| position(text, *point));
}

/// Longitude and latitude, to about a metre; -180 and 180 keep their sides.
fn position(text: &mut String, point: Degrees) {
    let round = |value: f64| (value * 1e5).round() / 1e5;
    put(text, format_args!("[{},{}]", round(point.x), round(point.y)));
}

fn value(text: &mut String, value: &Value) {
    put(text, format_args!("{value}"));
}

fn put(text: &mut String, what: fmt::Arguments<'_>) {
    // Writing to memory fails for no reason of its own.
    let _ = text.write_fmt(what);
}

/// A JSON array.
fn list<T>(text: &mut String, items: impl IntoIterator<Item = T>, each: impl Fn(&mut String, T)) {
    text.push('[');
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        each(text, item);
    }
    text.push(']');
}
