//! Traces the route to a host and prints who answered. Needs no privileges:
//!
//! ```text
//! cargo run -p trace-core --example hello -- example.com
//! ```

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::ToSocketAddrs as _;
use std::time::{SystemTime, UNIX_EPOCH};

use trace_core::model::{Protocol, Protocols, Target, Uuid};
use trace_core::sys;
use trace_core::tracer::{Job, Tracer};

fn main() -> Result<(), Box<dyn Error>> {
    let host = env::args().nth(1).unwrap_or_else(|| "127.0.0.1".to_owned());
    let address = (host.as_str(), 0).to_socket_addrs()?.next().ok_or("the host has no address")?.ip();

    // Raw sockets where they are permitted, ordinary ones where they are not. UDP works on both.
    let mut tracer = Tracer::new(sys::open(None)?);
    let target = Target { name: Some(host), address };
    // Whoever keeps traces gives each an id of its own.
    let job = Job::new(Uuid::nil(), target, Protocols::One(Protocol::Udp), nanoseconds_since_1970()?);
    let trace = tracer.run(job)?;

    let mut out = io::stdout().lock();
    for hop in &trace.hops {
        let answerers: Vec<String> = hop.answerers().iter().map(ToString::to_string).collect();
        let who = if answerers.is_empty() { "*".to_owned() } else { answerers.join(" ") };
        match hop.statistics().min {
            Some(rtt) => writeln!(out, "{:3}  {who}  {:.3} ms", hop.ttl, rtt.as_secs_f64() * 1000.0)?,
            None => writeln!(out, "{:3}  {who}", hop.ttl)?,
        }
    }
    if let Some(outcome) = trace.outcome {
        writeln!(out, "{outcome}")?;
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program may read the clock; the library has the time handed in"
)]
fn nanoseconds_since_1970() -> Result<i64, Box<dyn Error>> {
    Ok(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?)
}
