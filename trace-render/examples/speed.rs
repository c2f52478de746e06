//! How long a map takes: `cargo run --release -p trace-render --example speed`.
//!
//! The first map unpacks base map and typeface; the others show what each further one costs.

use std::error::Error;
use std::io::Write as _;
use std::time::Instant;

use trace_core::model::{Atlas, Outcome, Trace};
use trace_render::{Extent, Map, MapOptions, Scene};

#[path = "../tests/routes/mod.rs"]
mod routes;

use routes::At::{City, Country};

#[expect(clippy::disallowed_methods, reason = "a stopwatch is what this example is")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut said = std::io::stdout().lock();
    let hops = [
        City("Tokyo", "JP", 35.69, 139.69),
        City("Los Angeles", "US", 34.05, -118.24),
        City("New York", "US", 40.71, -74.01),
        City("London", "GB", 51.51, -0.13),
        Country("DE"),
    ];
    let (trace, atlas): (Trace, Atlas) = routes::route("example.com", Outcome::Reached, &hops);
    for extent in [Extent::World, Extent::Fit] {
        let options = MapOptions { extent, ..MapOptions::default() };
        for round in 0..6 {
            let start = Instant::now();
            let scene = Scene::new(&[(&trace, &atlas)]);
            let map = Map::new(&scene, &options)?;
            let laid_out = start.elapsed();
            let bytes = map.png()?;
            let drawn = start.elapsed();
            writeln!(
                said,
                "{extent} {round}: laid out after {:.1} ms, PNG of {} bytes after {:.1} ms",
                laid_out.as_secs_f64() * 1e3,
                bytes.len(),
                drawn.as_secs_f64() * 1e3,
            )?;
        }
        let start = Instant::now();
        let svg = trace_render::svg(&Scene::new(&[(&trace, &atlas)]), &options)?;
        writeln!(
            said,
            "{extent}: SVG of {} bytes after {:.1} ms",
            svg.len(),
            start.elapsed().as_secs_f64() * 1e3
        )?;
    }
    Ok(())
}
