//! Draws many kinds of routes, to be looked at: `cargo run --release -p trace-render --example gallery -- DIR`.
//!
//! Each route comes as PNG in both themes, and as SVG and GeoJSON; a few in other sizes and projections.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use trace_core::model::{Atlas, Outcome, Trace, Verdict};
use trace_render::{Extent, MapOptions, Projection, Scene, Theme};

#[path = "../tests/routes/mod.rs"]
mod routes;

use routes::At::{City, Country, Judged, Nowhere, Private, Silent};
use routes::{from, route};

type Routes = Vec<(Trace, Atlas)>;

const REACHED: Outcome = Outcome::Reached;

fn everyday() -> Vec<(&'static str, Routes)> {
    vec![
        (
            "pacific",
            vec![from(
                route(
                    "www.example.com",
                    REACHED,
                    &[
                        Private,
                        City("Tokyo", "JP", 35.69, 139.69),
                        City("Tokyo", "JP", 35.70, 139.70),
                        City("Chiba", "JP", 35.61, 140.12),
                        Silent,
                        City("Los Angeles", "US", 34.05, -118.24),
                        City("San Jose", "US", 37.34, -121.89),
                        City("San Jose", "US", 37.34, -121.89),
                    ],
                ),
                34.69,
                135.50,
            )],
        ),
        (
            "atlantic",
            vec![from(
                route(
                    "frankfurt.example.net",
                    REACHED,
                    &[
                        Private,
                        City("Buenos Aires", "AR", -34.61, -58.38),
                        City("Buenos Aires", "AR", -34.61, -58.38),
                        City("São Paulo", "BR", -23.55, -46.63),
                        City("Fortaleza", "BR", -3.73, -38.52),
                        City("Miami", "US", 25.76, -80.19),
                        City("Ashburn", "US", 39.04, -77.49),
                        City("London", "GB", 51.51, -0.13),
                        City("Amsterdam", "NL", 52.37, 4.90),
                        City("Frankfurt am Main", "DE", 50.11, 8.68),
                        City("Frankfurt am Main", "DE", 50.11, 8.68),
                    ],
                ),
                -27.45,
                -58.99,
            )],
        ),
        (
            "germany",
            vec![route(
                "mirror.example.de",
                REACHED,
                &[
                    Private,
                    City("Kiel", "DE", 54.32, 10.14),
                    City("Hamburg", "DE", 53.55, 9.99),
                    City("Hannover", "DE", 52.37, 9.73),
                    City("Berlin", "DE", 52.52, 13.40),
                    City("Leipzig", "DE", 51.34, 12.37),
                    City("Nürnberg", "DE", 49.45, 11.08),
                    City("München", "DE", 48.14, 11.58),
                ],
            )],
        ),
        (
            "countries",
            vec![route(
                "www.example.org",
                REACHED,
                &[
                    Private,
                    Country("DE"),
                    Country("DE"),
                    Country("DE"),
                    Country("NL"),
                    Country("GB"),
                    Silent,
                    Country("US"),
                    Country("US"),
                    Country("US"),
                    Country("US"),
                ],
            )],
        ),
        (
            "countries-europe",
            vec![route(
                "www.example.fr",
                REACHED,
                &[
                    Private,
                    Country("AT"),
                    Country("DE"),
                    Country("DE"),
                    Country("LU"),
                    Country("BE"),
                    Country("FR"),
                    Country("FR"),
                ],
            )],
        ),
        (
            "countries-asia",
            vec![route(
                "www.example.au",
                REACHED,
                &[
                    Private,
                    Country("IN"),
                    Country("IN"),
                    Country("SG"),
                    Country("SG"),
                    Country("HK"),
                    Country("AU"),
                    Country("AU"),
                ],
            )],
        ),
        (
            "one-country",
            vec![route("example.com.br", REACHED, &[Private, Country("BR"), Country("BR"), Country("BR")])],
        ),
        (
            "edges",
            vec![route(
                "edges.example",
                REACHED,
                &[Country("RU"), Country("FJ"), Country("NZ"), Country("TV")],
            )],
        ),
        ("russia", vec![route("example.ru", REACHED, &[Country("RU"), Country("RU")])]),
        ("fiji", vec![route("example.fj", REACHED, &[Country("FJ"), City("Apia", "WS", -13.83, -171.77)])]),
        ("antarctica", vec![route("example.aq", REACHED, &[Country("AQ")])]),
        (
            "small",
            vec![route("example.li", REACHED, &[Country("CH"), Country("LI"), Country("VA"), Country("GI")])],
        ),
        ("one-hop", vec![route("192.0.2.1", REACHED, &[City("Nairobi", "KE", -1.29, 36.82)])]),
        (
            "nothing",
            vec![route(
                "192.168.7.7",
                Outcome::Exhausted,
                &[Private, Private, Silent, Nowhere, Silent, Silent],
            )],
        ),
    ]
}

fn special() -> Vec<(&'static str, Routes)> {
    vec![
        (
            "southern",
            vec![route(
                "uchile.example",
                REACHED,
                &[
                    City("Auckland", "NZ", -36.85, 174.76),
                    City("Wellington", "NZ", -41.29, 174.78),
                    Silent,
                    City("Santiago", "CL", -33.45, -70.67),
                ],
            )],
        ),
        (
            "polar",
            vec![from(
                route(
                    "longyearbyen.example",
                    REACHED,
                    &[
                        City("Anchorage", "US", 61.22, -149.90),
                        City("Utqiaġvik", "US", 71.29, -156.79),
                        City("Longyearbyen", "SJ", 78.22, 15.65),
                        City("Tromsø", "NO", 69.65, 18.96),
                    ],
                ),
                64.84,
                -147.72,
            )],
        ),
        (
            "doubt",
            vec![route(
                "cdn.example",
                Outcome::Exhausted,
                &[
                    City("Madrid", "ES", 40.42, -3.70),
                    Judged("Marseille", "FR", 43.30, 5.37, Verdict::Suspect),
                    Country("IT"),
                    Judged("Mountain View", "US", 37.39, -122.08, Verdict::Anycast),
                    Judged("Sydney", "AU", -33.87, 151.21, Verdict::Impossible),
                    City("Athína", "GR", 37.98, 23.73),
                    Silent,
                    Silent,
                ],
            )],
        ),
        ("thirty", vec![thirty()]),
        ("many", many()),
        (
            "several",
            vec![
                route(
                    "sydney.example",
                    REACHED,
                    &[
                        City("Berlin", "DE", 52.52, 13.40),
                        City("Frankfurt", "DE", 50.11, 8.68),
                        City("Singapore", "SG", 1.35, 103.82),
                        City("Sydney", "AU", -33.87, 151.21),
                    ],
                ),
                route(
                    "new-york.example",
                    REACHED,
                    &[
                        City("Berlin", "DE", 52.52, 13.40),
                        City("Frankfurt", "DE", 50.11, 8.68),
                        City("London", "GB", 51.51, -0.13),
                        City("New York", "US", 40.71, -74.01),
                    ],
                ),
                route(
                    "cape-town.example",
                    Outcome::Unreachable,
                    &[
                        City("Berlin", "DE", 52.52, 13.40),
                        City("Marseille", "FR", 43.30, 5.37),
                        City("Cape Town", "ZA", -33.92, 18.42),
                    ],
                ),
                route(
                    "santiago.example",
                    Outcome::Loop,
                    &[
                        City("Berlin", "DE", 52.52, 13.40),
                        City("Frankfurt", "DE", 50.11, 8.68),
                        City("Miami", "US", 25.76, -80.19),
                        City("Santiago", "CL", -33.45, -70.67),
                    ],
                ),
            ],
        ),
        (
            "hostile",
            vec![route(
                "\u{202e}evil<script>alert(1)</script>\u{0}\n\n\u{7}",
                REACHED,
                &[
                    City(&"Very long name of a city that goes on and on ".repeat(8), "FR", 45.0, 3.0),
                    City("東京", "JP", 35.69, 139.69),
                    City("a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{202e}\u{200f}", "IT", 42.0, 12.5),
                    City("<&>\"'", "ES", 40.0, -4.0),
                ],
            )],
        ),
    ]
}

/// Thirty hops, most of them in and around Paris.
fn thirty() -> (Trace, Atlas) {
    let mut hops = vec![Private, Private];
    hops.extend([City("Lyon", "FR", 45.76, 4.84); 3]);
    for (name, latitude, longitude) in [
        ("Paris", 48.86, 2.35),
        ("Saint-Denis", 48.94, 2.36),
        ("Aubervilliers", 48.91, 2.38),
        ("Nanterre", 48.89, 2.20),
        ("Courbevoie", 48.90, 2.26),
        ("Vitry-sur-Seine", 48.79, 2.39),
        ("Montreuil", 48.86, 2.44),
        ("Créteil", 48.79, 2.46),
        ("Massy", 48.73, 2.27),
        ("Versailles", 48.80, 2.13),
    ] {
        hops.push(City(name, "FR", latitude, longitude));
    }
    hops.extend([City("Paris", "FR", 48.86, 2.35); 8]);
    hops.extend([City("London", "GB", 51.51, -0.13), City("Dublin", "IE", 53.35, -6.26)]);
    hops.extend([City("Dublin", "IE", 53.35, -6.26); 4]);
    hops.push(Silent);
    route("thirty.example", Outcome::Exhausted, &hops)
}

/// Forty routes of twenty-five hops, scattered by a small generator (Knuth's MMIX constants).
fn many() -> Routes {
    let mut state = 7_u64;
    let mut next = |range: f64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(state >> 32).unwrap_or(0)) / f64::from(u32::MAX) * range
    };
    (0..40)
        .map(|number| {
            let hops: Vec<_> =
                (0..25).map(|_| City("Somewhere", "", next(130.0) - 60.0, next(360.0) - 180.0)).collect();
            route(&format!("target-{number}.example"), REACHED, &hops)
        })
        .collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let directory = PathBuf::from(arguments.next().unwrap_or_else(|| "gallery".into()));
    let only = arguments.next();
    fs::create_dir_all(&directory)?;
    let mut said = std::io::stdout().lock();
    for (name, routes) in everyday().into_iter().chain(special()) {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let pairs: Vec<(&Trace, &Atlas)> = routes.iter().map(|(trace, atlas)| (trace, atlas)).collect();
        let scene = Scene::new(&pairs);
        let base = MapOptions::default();
        let small = MapOptions { width: 640, height: 400, ..base };
        let world = MapOptions { extent: Extent::World, ..base };
        let dark = |options: MapOptions| MapOptions { theme: Theme::Dark, ..options };
        let mut variants = vec![
            ("fit", base),
            ("world", world),
            ("fit-dark", dark(base)),
            ("world-dark", dark(world)),
            ("small", small),
        ];
        if name == "polar" || name == "atlantic" {
            variants.push(("azimuthal", MapOptions { projection: Some(Projection::Azimuthal), ..world }));
            variants.push((
                "equirectangular",
                MapOptions { projection: Some(Projection::Equirectangular), ..base },
            ));
            variants.push(("square", MapOptions { width: 1000, height: 1000, ..base }));
            variants.push(("large", MapOptions { width: 3200, height: 1800, ..base }));
            variants.push(("tiny", MapOptions { width: 160, height: 120, ..base }));
        }
        for (variant, options) in variants {
            let bytes = trace_render::png(&scene, &options)?;
            fs::write(directory.join(format!("{name}-{variant}.png")), &bytes)?;
            writeln!(said, "{name}-{variant}.png: {} bytes", bytes.len())?;
        }
        fs::write(directory.join(format!("{name}.svg")), trace_render::svg(&scene, &base)?)?;
        fs::write(directory.join(format!("{name}.geojson")), trace_render::geojson(&scene))?;
    }
    Ok(())
}
