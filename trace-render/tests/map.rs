//! The map as a whole: where marks lie, what labels do, and that nothing hostile breaks it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test that is wrong about its own picture must fail; the helpers of tests are none to the lint"
)]

use image::RgbImage;
use proptest::prelude::*;
use routes::At::{City, Country, Judged, Nowhere, Private, Silent};
use trace_core::model::{Atlas, Coordinates, Outcome, Trace, Verdict};
use trace_render::{Extent, MARK_RADIUS, Map, MapOptions, Projection, Scene, Theme};

mod routes;

/// Six cities and more, in all four quadrants and on both sides of 180 degrees.
const CITIES: [(&str, &str, f64, f64); 9] = [
    ("Wien", "AT", 48.21, 16.37),
    ("Tokyo", "JP", 35.69, 139.69),
    ("Suva", "FJ", -18.14, 178.44),
    ("Apia", "WS", -13.83, -171.77),
    ("Honolulu", "US", 21.31, -157.86),
    ("New York", "US", 40.71, -74.01),
    ("Lima", "PE", -12.05, -77.04),
    ("Cape Town", "ZA", -33.92, 18.42),
    ("Ushuaia", "AR", -54.81, -68.31),
];

fn decoded(bytes: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(bytes, image::ImageFormat::Png).unwrap().to_rgb8()
}

fn scene(routes: &[(Trace, Atlas)]) -> Scene {
    let pairs: Vec<(&Trace, &Atlas)> = routes.iter().map(|(trace, atlas)| (trace, atlas)).collect();
    Scene::new(&pairs)
}

/// The published formula of Natural Earth I, written here anew.
fn natural_earth(longitude: f64, latitude: f64, centre: f64) -> (f64, f64) {
    let mut degrees = longitude - centre;
    while degrees > 180.0 {
        degrees -= 360.0;
    }
    while degrees < -180.0 {
        degrees += 360.0;
    }
    let (l, p) = (degrees.to_radians(), latitude.to_radians());
    let x = l
        * (0.8707 - 0.131979 * p.powi(2) - 0.013791 * p.powi(4) + 0.003971 * p.powi(10)
            - 0.001529 * p.powi(12));
    let y = p
        * (1.007226 + 0.015085 * p.powi(2) - 0.044475 * p.powi(6) + 0.028874 * p.powi(8)
            - 0.005916 * p.powi(10));
    (x, y)
}

/// Lambert's azimuthal equal-area formula, by the angle and the bearing from the centre.
fn azimuthal(longitude: f64, latitude: f64, centre: (f64, f64)) -> (f64, f64) {
    let (l, p) = ((longitude - centre.0).to_radians(), latitude.to_radians());
    let p0 = centre.1.to_radians();
    let angle = (p0.sin() * p.sin() + p0.cos() * p.cos() * l.cos()).acos();
    let bearing = (l.sin() * p.cos()).atan2(p0.cos() * p.sin() - p0.sin() * p.cos() * l.cos());
    (2.0 * (angle / 2.0).sin() * bearing.sin(), 2.0 * (angle / 2.0).sin() * bearing.cos())
}

#[test]
fn marks_are_painted_where_the_published_formula_puts_them() {
    let hops: Vec<_> = CITIES.iter().map(|&(name, code, y, x)| City(name, code, y, x)).collect();
    let scene = scene(&[routes::route("example.com", Outcome::Exhausted, &hops)]);
    for theme in [Theme::Light, Theme::Dark] {
        for extent in [Extent::World, Extent::Fit] {
            let options = MapOptions { theme, extent, ..MapOptions::default() };
            let map = Map::new(&scene, &options).unwrap();
            let view = *map.view();
            assert_eq!(view.projection, Projection::NaturalEarth);
            let picture = decoded(&map.png().unwrap());
            let color = theme.route(0);
            let is_mark = |x: f64, y: f64| {
                let pixel = picture.get_pixel(x as u32, y as u32).0;
                pixel == [color.red, color.green, color.blue]
            };
            for (name, _, latitude, longitude) in CITIES {
                let (x, y) = natural_earth(longitude, latitude, view.longitude);
                let (x, y) = (view.x + view.scale * x, view.y - view.scale * y);
                let said = map.position(Coordinates::new(latitude, longitude).unwrap()).unwrap();
                assert!((said.0 - x).abs() < 0.01 && (said.1 - y).abs() < 0.01, "{name}");
                for (dx, dy) in [(0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
                    let (dx, dy) = (dx * (MARK_RADIUS - 2.0), dy * (MARK_RADIUS - 2.0));
                    assert!(is_mark(x + dx, y + dy), "{name} is not at {x}, {y}");
                }
                // And it ends where it should: the casing is not the route's colour.
                let casing = MARK_RADIUS + 1.0;
                assert!(
                    [(casing, 0.0), (-casing, 0.0), (0.0, casing), (0.0, -casing)]
                        .iter()
                        .any(|&(dx, dy)| !is_mark(x + dx, y + dy)),
                    "{name}"
                );
            }
        }
    }
}

/// The lay-out that the documentation of [`Map`] promises, for whoever reads a map without this crate.
#[test]
fn a_world_map_lies_where_it_is_said_to_lie() {
    let route = routes::route("example.com", Outcome::Reached, &[City("Wien", "AT", 48.21, 16.37)]);
    let scene = scene(&[route]);
    let options = MapOptions { extent: Extent::World, ..MapOptions::default() };
    let view = *Map::new(&scene, &options).unwrap().view();
    let (left, top, right, bottom) = (14.0, 84.0 + 14.0, 1600.0 - 14.0, 900.0 - 42.0 - 14.0);
    let (half_width, half_height) = (natural_earth(180.0, 0.0, 0.0).0, natural_earth(0.0, 90.0, 0.0).1);
    let scale = f64::min((right - left) / 2.0 / half_width, (bottom - top) / 2.0 / half_height);
    assert_eq!(view.longitude, 15.0);
    assert!((view.scale - scale).abs() < 1e-6, "{view:?}");
    assert!((view.x - (left + right) / 2.0).abs() < 1e-6 && (view.y - (top + bottom) / 2.0).abs() < 1e-6);
}

#[test]
fn a_fitted_map_follows_the_azimuthal_formula() {
    let cities =
        [("Kiel", "DE", 54.32, 10.14), ("Berlin", "DE", 52.52, 13.40), ("München", "DE", 48.14, 11.58)];
    let hops: Vec<_> = cities.iter().map(|&(name, code, y, x)| City(name, code, y, x)).collect();
    let scene = scene(&[routes::route("example.com", Outcome::Exhausted, &hops)]);
    let map = Map::new(&scene, &MapOptions::default()).unwrap();
    let view = *map.view();
    assert_eq!(view.projection, Projection::Azimuthal);
    let picture = decoded(&map.png().unwrap());
    for (name, _, latitude, longitude) in cities {
        let (x, y) = azimuthal(longitude, latitude, (view.longitude, view.latitude));
        let (x, y) = (view.x + view.scale * x, view.y - view.scale * y);
        let color = Theme::Light.route(0);
        assert_eq!(picture.get_pixel(x as u32, y as u32).0, [color.red, color.green, color.blue], "{name}");
    }
}

#[test]
fn a_country_is_filled_and_has_no_pin() {
    let scene = scene(&[routes::route("example.com", Outcome::Reached, &[Country("BR"), Country("BR")])]);
    let with = Map::new(&scene, &MapOptions::default()).unwrap();
    let picture = decoded(&with.png().unwrap());
    let at = |latitude: f64, longitude: f64| {
        let (x, y) = with.position(Coordinates::new(latitude, longitude).unwrap()).unwrap();
        picture.get_pixel(x as u32, y as u32).0
    };
    // Manaus and Brasília lie in it, Asunción does not.
    assert_eq!(at(-3.5, -61.0), at(-14.0, -46.0));
    assert_ne!(at(-3.5, -61.0), at(-23.0, -59.0));
    let color = Theme::Light.route(0);
    assert_ne!(at(-3.5, -61.0), [color.red, color.green, color.blue]);
}

fn sample_scenes() -> Vec<Scene> {
    let crowd: Vec<_> = (0..30)
        .map(|n| {
            City(
                ["A", "Bcdefgh", "Ijklmnopqrstuvw"][n % 3],
                "FR",
                46.0 + (n % 7) as f64 * 0.4,
                2.0 + (n / 7) as f64 * 0.5,
            )
        })
        .collect();
    let cities: Vec<_> = CITIES.iter().map(|&(name, code, y, x)| City(name, code, y, x)).collect();
    let countries =
        ["DE", "NL", "BE", "LU", "FR", "CH", "LI", "AT", "IT", "VA", "SM", "SG", "TV", "GI", "AQ"]
            .map(Country);
    vec![
        scene(&[]),
        scene(&[routes::route("nothing.example", Outcome::Exhausted, &[Private, Silent, Nowhere])]),
        scene(&[routes::route("one.example", Outcome::Reached, &[City("Nairobi", "KE", -1.29, 36.82)])]),
        scene(&[routes::route("crowd.example", Outcome::Reached, &crowd)]),
        scene(&[routes::route("world.example", Outcome::Reached, &cities)]),
        scene(&[routes::route("countries.example", Outcome::Reached, &countries)]),
        scene(&[
            routes::route("a.example", Outcome::Reached, &cities),
            routes::from(routes::route("b.example", Outcome::Loop, &crowd), 48.0, 2.0),
            routes::route(
                "c.example",
                Outcome::Reached,
                &[Judged("Sydney", "AU", -33.87, 151.21, Verdict::Suspect), Country("NZ")],
            ),
        ]),
    ]
}

#[test]
fn labels_overlap_nothing_and_stay_on_the_canvas() {
    for scene in sample_scenes() {
        for (width, height) in [(1600, 900), (640, 400), (1000, 1000), (64, 64), (200, 1200)] {
            for extent in [Extent::World, Extent::Fit] {
                let options = MapOptions { width, height, extent, ..MapOptions::default() };
                let map = Map::new(&scene, &options).unwrap();
                let labels = map.labels();
                for (index, a) in labels.iter().enumerate() {
                    assert!(
                        a[0] >= 0.0 && a[1] >= 0.0 && a[2] <= f64::from(width) && a[3] <= f64::from(height)
                    );
                    for b in &labels[..index] {
                        assert!(a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1], "{a:?} {b:?}");
                    }
                }
                for mark in &scene.marks {
                    let trace_render::Spot::Point(point) = mark.spot else { continue };
                    let Some((x, y)) = map.position(point) else { continue };
                    let radius = MARK_RADIUS * map.unit();
                    for a in &labels {
                        let covers =
                            x + radius > a[0] && x - radius < a[2] && y + radius > a[1] && y - radius < a[3];
                        assert!(!covers, "{:?} under {a:?}", mark.city);
                    }
                }
            }
        }
    }
}

/// A hop number is on the map or in the list of what found no room.
#[test]
fn no_hop_number_is_lost() {
    for scene in sample_scenes() {
        let map = Map::new(&scene, &MapOptions::default()).unwrap();
        let svg = map.svg();
        let missing = map.unlabelled().join(" ");
        let texts: Vec<&str> = svg.split("</text>").filter_map(|part| part.rsplit('>').next()).collect();
        for stop in scene.marks.iter().flat_map(|mark| &mark.stops).filter(|stop| !stop.hops.is_empty()) {
            let said = |ttl: u8| {
                let ttl = ttl.to_string();
                let has = |text: &str| {
                    text.split([',', ' ']).any(|part| {
                        part == ttl
                            || part.split_once('–').is_some_and(|(from, to)| {
                                let (from, to) = (from.parse().unwrap_or(255_u8), to.parse().unwrap_or(0_u8));
                                (from..=to).contains(&ttl.parse().unwrap())
                            })
                    })
                };
                texts.iter().any(|text| has(text)) || has(&missing)
            };
            for visit in &stop.hops {
                assert!(said(visit.ttl.get()), "hop {} is nowhere", visit.ttl);
            }
        }
    }
}

#[test]
fn the_same_scene_gives_the_same_bytes() {
    for scene in sample_scenes() {
        let options = MapOptions { width: 800, height: 450, ..MapOptions::default() };
        assert_eq!(
            trace_render::png(&scene, &options).unwrap(),
            trace_render::png(&scene, &options).unwrap()
        );
        assert_eq!(
            trace_render::svg(&scene, &options).unwrap(),
            trace_render::svg(&scene, &options).unwrap()
        );
        assert_eq!(trace_render::geojson(&scene), trace_render::geojson(&scene));
    }
}

/// Against a picture that was looked at. Rasterising may differ by a little between machines, a map may not.
/// `TRACE_BLESS=1` writes the picture anew.
#[test]
fn the_map_looks_as_it_did() {
    let hops: Vec<_> = CITIES.iter().map(|&(name, code, y, x)| City(name, code, y, x)).collect();
    let scene = scene(&[
        routes::route("example.com", Outcome::Exhausted, &hops),
        routes::route("example.org", Outcome::Reached, &[Country("DE"), Country("KZ"), Country("SG")]),
    ]);
    let options = MapOptions { width: 800, height: 450, extent: Extent::World, ..MapOptions::default() };
    let bytes = trace_render::png(&scene, &options).unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/world.png");
    if std::env::var_os("TRACE_BLESS").is_some() {
        std::fs::write(file, &bytes).unwrap();
    }
    let (found, wanted) = (decoded(&bytes), decoded(&std::fs::read(file).unwrap()));
    assert_eq!(found.dimensions(), wanted.dimensions());
    let difference = imageproc::stats::root_mean_squared_error(&found, &wanted);
    assert!(difference < 1.0, "the map differs from {file} by {difference} (root mean square of 0 to 255)");
}

#[test]
fn legs_of_the_geojson_never_jump_across_the_map() {
    for scene in sample_scenes() {
        let json: serde_json::Value = serde_json::from_str(&trace_render::geojson(&scene)).unwrap();
        let features = json["features"].as_array().unwrap();
        assert_eq!(features.len(), scene.marks.len() + scene.legs.len());
        let mut lines = Vec::new();
        for geometry in features.iter().map(|feature| &feature["geometry"]) {
            let coordinates = geometry["coordinates"].as_array().unwrap();
            match geometry["type"].as_str().unwrap() {
                "LineString" => lines.push(coordinates),
                "MultiLineString" => lines.extend(coordinates.iter().map(|line| line.as_array().unwrap())),
                "MultiPolygon" => lines.extend(
                    coordinates
                        .iter()
                        .flat_map(|polygon| polygon.as_array().unwrap())
                        .map(|ring| ring.as_array().unwrap()),
                ),
                kind => assert_eq!(kind, "Point"),
            }
        }
        for line in lines {
            for pair in line.windows(2) {
                let (from, to) = (pair[0][0].as_f64().unwrap(), pair[1][0].as_f64().unwrap());
                assert!((to - from).abs() < 100.0 || pair[0][1] == pair[1][1], "{from} {to}");
                assert!(from.abs() <= 180.0 && to.abs() <= 180.0);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn nothing_breaks_a_map(
        hops in prop::collection::vec((any::<String>(), -90.0..=90.0f64, -180.0..=180.0f64, 0..7usize), 0..10),
        name in any::<String>(),
        width in 64..500u32,
        height in 64..400u32,
        extent in 0..2usize,
        projection in 0..4usize,
    ) {
        let verdicts = Verdict::ALL;
        let hops: Vec<_> = hops
            .iter()
            .map(|(city, latitude, longitude, verdict)| Judged(city, "FJ", *latitude, *longitude, verdicts[*verdict]))
            .collect();
        let scene = scene(&[routes::from(routes::route(&name, Outcome::Reached, &hops), 0.0, 180.0)]);
        let options = MapOptions {
            width,
            height,
            extent: Extent::ALL[extent],
            projection: Projection::ALL.get(projection).copied(),
            ..MapOptions::default()
        };
        match Map::new(&scene, &options) {
            Ok(map) => {
                let picture = decoded(&map.png().unwrap());
                prop_assert_eq!(picture.dimensions(), (width, height));
                let svg = map.svg();
                prop_assert!(!svg.contains("NaN") && !svg.contains("inf"));
            }
            Err(error) => {
                let told = matches!(error, trace_render::Error::Projection { .. });
                prop_assert!(told, "{}", error);
            }
        }
        prop_assert!(trace_render::geojson(&scene).contains("FeatureCollection"));
    }
}
