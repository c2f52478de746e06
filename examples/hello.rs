//! Traces the route to a host and prints who answered. Needs no privileges:
//!
//! ```text
//! cargo run -p trace-core --example hello -- example.com
//! ```

use std::env;
use std::error::Error;
use std::io::{self, Write as _};
use std::net::ToSocketAddrs as _;

use trace_core::tracer::Tracer;

fn main() -> Result<(), Box<dyn Error>> {
    let host = env::args().nth(1).unwrap_or_else(|| "127.0.0.1".to_owned());
    let address = (host.as_str(), 0).to_socket_addrs()?.next().ok_or("the host has no address")?.ip();

    // Raw sockets where they are permitted, ordinary ones where they are not. UDP works on both.
    let trace = Tracer::builder(address).name(host).build()?.run()?;

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
