//! Traces the route to a host and draws it on a map:
//!
//! ```text
//! cargo run -p trace-cli --example draw_a_map -- example.com map.png
//! ```
//!
//! The loopback address, which is the default, has no place of its own. So this recipe gives it one, as
//! anybody can for the networks at home: with a geofeed (RFC 8805).

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::net::ToSocketAddrs as _;
use std::time::{SystemTime, UNIX_EPOCH};

use trace_core::model::{Coordinates, Hop, Origin, OriginSource, Protocol, Protocols, Target, Uuid};
use trace_core::sys;
use trace_core::tracer::{Job, Tracer};
use trace_geo::{Chain, Geofeed};
use trace_render::{Extent, MapOptions, Scene, Theme};

/// Prefix, country, region, city, postal code, latitude, longitude.
const HOME: &str =
    "127.0.0.0/8,NZ,NZ-WGN,Wellington,,-41.29,174.78\n::1/128,NZ,NZ-WGN,Wellington,,-41.29,174.78\n";

fn main() -> Result<(), Box<dyn Error>> {
    let host = env::args().nth(1).unwrap_or_else(|| "127.0.0.1".to_owned());
    let file = env::args().nth(2).map_or_else(|| env::temp_dir().join("map.png"), Into::into);
    let address = (host.as_str(), 0).to_socket_addrs()?.next().ok_or("the host has no address")?.ip();

    let target = Target { name: Some(host), address };
    let mut job = Job::new(Uuid::nil(), target, Protocols::One(Protocol::Udp), nanoseconds_since_1970()?);
    // Where we are, as far as we want to tell.
    job.origin = Coordinates::new(-36.85, 174.76).map(|coordinates| Origin {
        coordinates,
        radius_km: None,
        from: OriginSource::Flag,
    });
    let trace = Tracer::new(sys::open(None)?).run(job)?;

    let home = Geofeed::from_reader(HOME.as_bytes(), "home", None)?;
    let chain = Chain::builder().own(home).builtin()?.build();
    let atlas = chain.atlas(trace.hops.iter().flat_map(Hop::answerers));

    let options = MapOptions { theme: Theme::Dark, extent: Extent::Fit, ..MapOptions::default() };
    let picture = trace_render::png(&Scene::new(&[(&trace, &atlas)]), &options)?;
    fs::write(&file, picture)?;
    writeln!(io::stdout(), "{}", file.display())?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program may read the clock; the libraries have the time handed in"
)]
fn nanoseconds_since_1970() -> Result<i64, Box<dyn Error>> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?)
}
