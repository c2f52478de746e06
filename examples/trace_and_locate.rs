//! Traces the route to a host, and says in which country and network each hop is. Nothing is looked up outside
//! this machine:
//!
//! ```text
//! cargo run -p trace-cli --example trace_and_locate -- example.com
//! ```

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::ToSocketAddrs as _;
use std::time::{SystemTime, UNIX_EPOCH};

use trace_core::model::{Hop, Protocol, Protocols, Target, Uuid};
use trace_core::sys;
use trace_core::tracer::{Job, Tracer};
use trace_geo::Chain;

fn main() -> Result<(), Box<dyn Error>> {
    let host = env::args().nth(1).unwrap_or_else(|| "127.0.0.1".to_owned());
    let address = (host.as_str(), 0).to_socket_addrs()?.next().ok_or("the host has no address")?.ip();
    let target = Target { name: Some(host), address };
    let job = Job::new(Uuid::nil(), target, Protocols::One(Protocol::Udp), nanoseconds_since_1970()?);
    let trace = Tracer::new(sys::open(None)?).run(job)?;

    // Further sources go before the built-in table: Chain::builder().places("mine.csv")?.mmdb("city.mmdb")?
    let chain = Chain::builder().builtin()?.build();
    let atlas = chain.atlas(trace.hops.iter().flat_map(Hop::answerers));

    let mut out = io::stdout().lock();
    for hop in &trace.hops {
        for address in hop.answerers() {
            let located = atlas.get(address);
            let place = located.and_then(|located| located.place.as_ref());
            let country = place.and_then(|place| place.country.as_deref());
            let network = place.and_then(|place| place.asn).map(|asn| asn.to_string());
            // Where there is no place, a note says why: a private range, for example.
            let note = located.and_then(|located| located.note.as_deref());
            let words: Vec<&str> = [country, network.as_deref(), note].into_iter().flatten().collect();
            writeln!(out, "{:3}  {address}  {}", hop.ttl, words.join(", "))?;
        }
    }
    let path: Vec<String> = atlas.as_path(&trace).iter().map(ToString::to_string).collect();
    writeln!(out, "AS path: {}", if path.is_empty() { "none".to_owned() } else { path.join(" ") })?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program may read the clock; the libraries have the time handed in"
)]
fn nanoseconds_since_1970() -> Result<i64, Box<dyn Error>> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?)
}
