//! The base map: countries, borders, coasts and lakes of Natural Earth, packed inside the binary.
//!
//! `pack/basemap.py` makes the files and documents their form. They are unpacked once a process, in a few
//! milliseconds.

use std::sync::OnceLock;

use trace_core::model::CountryCode;

use crate::sphere::Degrees;

mod reader;

/// The countries of the world at one scale.
#[derive(Debug, Default)]
pub(crate) struct World {
    /// Outlines of countries, each line once: a border stands in two countries, a coast in one.
    pub(crate) arcs: Vec<Arc>,
    /// Every shape.
    pub(crate) countries: Vec<Country>,
}

/// A piece of outline.
#[derive(Debug)]
pub(crate) struct Arc {
    /// The points; longitudes run on beyond 180 degrees where the line crosses it.
    pub(crate) points: Vec<Degrees>,
    /// Whether countries lie on both sides.
    pub(crate) border: bool,
}

/// A country's shape.
#[derive(Debug)]
pub(crate) struct Country {
    /// Its code; areas in dispute may have none.
    pub(crate) code: Option<CountryCode>,
    /// Its short English name.
    pub(crate) name: String,
    /// Where its name goes.
    pub(crate) label: Degrees,
    /// Its outlines, holes wound the other way.
    pub(crate) rings: Vec<Ring>,
    /// How far it reaches from `label`, in km, where it is too small for a shape.
    pub(crate) radius_km: Option<f64>,
}

/// A closed line.
#[derive(Debug, Clone)]
pub(crate) struct Ring {
    /// The points, first not repeated; longitudes run on beyond 180 degrees.
    pub(crate) points: Vec<Degrees>,
    /// West, south, east, north.
    pub(crate) bounds: [f64; 4],
    /// Whether the ring goes round a pole: the end lies a whole turn from the beginning.
    pub(crate) around_pole: bool,
}

impl Ring {
    fn new(points: Vec<Degrees>) -> Self {
        let mut points = unwrap(points);
        let turn = match (points.first(), points.last()) {
            (Some(first), Some(last)) => (last.x - first.x).abs(),
            _ => 0.0,
        };
        let around_pole = turn > 180.0;
        if !around_pole && points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        let bounds = bounds(&points);
        Self { points, bounds, around_pole }
    }
}

/// West, south, east and north of some points.
pub(crate) fn bounds(points: &[Degrees]) -> [f64; 4] {
    points.iter().fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |[west, south, east, north], point| {
        [west.min(point.x), south.min(point.y), east.max(point.x), north.max(point.y)]
    })
}

/// Takes each point by whole turns to within 180 degrees of the one before it.
fn unwrap(points: Vec<Degrees>) -> Vec<Degrees> {
    let mut before: Option<f64> = None;
    points
        .into_iter()
        .map(|point| {
            let x = before.map_or(point.x, |before| point.x + 360.0 * ((before - point.x) / 360.0).round());
            before = Some(x);
            Degrees { x, y: point.y }
        })
        .collect()
}

/// The pieces of an outline that do not run along 180 degrees: the source cuts some islands there, and nothing on the
/// globe is there to see.
pub(crate) fn without_seams(points: Vec<Degrees>) -> Vec<Vec<Degrees>> {
    let on_edge = |point: &Degrees| (point.x.abs() % 360.0 - 180.0).abs() < 1e-9;
    let mut pieces: Vec<Vec<Degrees>> = Vec::new();
    let mut piece: Vec<Degrees> = Vec::new();
    for point in points {
        if piece.last().is_some_and(|last| on_edge(last) && on_edge(&point)) {
            pieces.push(core::mem::take(&mut piece));
        }
        piece.push(point);
    }
    pieces.push(piece);
    pieces.retain(|piece| piece.len() > 1);
    pieces
}

/// The detailed map, 1 : 50 million: holds to twenty-fold zoom.
pub(crate) fn detailed() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| reader::world(include_bytes!("../data/countries-50m.bin")).unwrap_or_default())
}

/// The coarse map, 1 : 110 million, for small pictures. Small countries are not in it.
pub(crate) fn coarse() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| reader::world(include_bytes!("../data/countries-110m.bin")).unwrap_or_default())
}

/// The lakes, 1 : 50 million.
pub(crate) fn lakes() -> &'static [Ring] {
    static LAKES: OnceLock<Vec<Ring>> = OnceLock::new();
    LAKES.get_or_init(|| reader::lakes(include_bytes!("../data/lakes-50m.bin")).unwrap_or_default())
}

/// The shape of a country; `None` for a code that stands for none, such as `EU`.
pub(crate) fn country(code: CountryCode) -> Option<&'static Country> {
    detailed().countries.iter().find(|country| country.code == Some(code))
}

impl Country {
    /// The ring that holds the label point, else the one with the most points: what a person takes for the
    /// country itself, without what lies overseas.
    pub(crate) fn mainland(&self) -> Option<&Ring> {
        self.rings
            .iter()
            .filter(|ring| ring.holds(self.label))
            .max_by_key(|ring| ring.points.len())
            .or_else(|| self.rings.iter().max_by_key(|ring| ring.points.len()))
    }
}

impl Ring {
    /// Whether a point lies inside, by counting crossings of its parallel.
    pub(crate) fn holds(&self, point: Degrees) -> bool {
        let [west, ..] = self.bounds;
        let x = west + (point.x - west).rem_euclid(360.0);
        let behind = self.points.iter().cycle().skip(1);
        let mut inside = false;
        for (a, b) in self.points.iter().zip(behind) {
            if (a.y > point.y) != (b.y > point.y) && x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x {
                inside = !inside;
            }
        }
        inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> CountryCode {
        CountryCode::new(text).unwrap()
    }

    #[test]
    fn the_world_is_whole() {
        assert!(detailed().countries.len() > 240, "{}", detailed().countries.len());
        assert!(coarse().countries.len() > 170);
        assert!(lakes().len() > 200);
        assert!(detailed().arcs.iter().filter(|arc| arc.border).count() > 300);
        for text in ["US", "DE", "FR", "GF", "SG", "XK", "TW", "AQ", "SJ", "RE", "GI", "TV", "CX"] {
            let country = country(code(text)).unwrap_or_else(|| panic!("{text}"));
            assert!(!country.name.is_empty());
        }
        assert!(country(code("EU")).is_none());
    }

    #[test]
    fn no_outline_runs_along_the_date_line() {
        let edge = |point: &Degrees| (point.x.abs() - 180.0).abs() < 1e-9;
        for arc in &detailed().arcs {
            assert!(!arc.points.windows(2).any(|pair| edge(&pair[0]) && edge(&pair[1])), "{arc:?}");
        }
    }

    /// A ring of Russia, one of Fiji and Antarctica cross 180 degrees in the source.
    #[test]
    fn no_line_jumps_across_the_map() {
        for world in [detailed(), coarse()] {
            let rings = world.countries.iter().flat_map(|country| &country.rings).map(|ring| &ring.points);
            for points in rings.chain(world.arcs.iter().map(|arc| &arc.points)) {
                let jumps = points.windows(2).filter(|pair| (pair[1].x - pair[0].x).abs() > 180.0).count();
                assert_eq!(jumps, 0);
            }
        }
    }

    #[test]
    fn only_antarctica_goes_around_a_pole() {
        for world in [detailed(), coarse()] {
            for country in &world.countries {
                let around = country.rings.iter().filter(|ring| ring.around_pole).count();
                assert_eq!(around, usize::from(country.code == Some(code("AQ"))), "{}", country.name);
            }
        }
    }

    #[test]
    fn every_label_lies_in_its_country() {
        for country in &detailed().countries {
            if country.radius_km.is_some() || country.code == Some(code("AQ")) {
                continue;
            }
            assert!(country.rings.iter().any(|ring| ring.holds(country.label)), "{}", country.name);
        }
    }

    #[test]
    fn known_places_lie_in_their_countries() {
        for (text, x, y) in [
            ("FR", 2.35, 48.85),
            ("RU", 37.6, 55.75),
            ("RU", -172.0, 66.0),
            ("UA", 34.1, 45.0),
            ("CL", -70.65, -33.45),
            ("NZ", 175.3, -37.8),
        ] {
            let country = country(code(text)).unwrap();
            assert!(country.rings.iter().any(|ring| ring.holds(Degrees { x, y })), "{text}");
        }
        // French Guiana has a code of its own, and France's mainland is what lies in Europe.
        let [west, south, ..] = country(code("FR")).unwrap().mainland().unwrap().bounds;
        assert!(west > -6.0 && south > 42.0);
        let france = country(code("FR")).unwrap();
        assert!(!france.rings.iter().any(|ring| ring.holds(Degrees { x: -53.0, y: 4.0 })));
    }

    #[test]
    fn damaged_data_is_refused() {
        assert!(reader::world(&[]).is_none());
        assert!(reader::world(&[0xff; 40]).is_none());
        assert!(reader::lakes(include_bytes!("../data/NOTICE")).is_none());
    }
}
