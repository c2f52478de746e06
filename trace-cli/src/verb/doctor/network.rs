//! What comes back, and who tells names.

use std::net::ToSocketAddrs as _;
use std::time::Duration;

use trace_core::model::{Hop, Outcome, Protocol, Protocols, Settings, Target, Trace, Ttl};
use trace_core::sys;
use trace_core::tracer::{Job, Tracer};

use super::process;
use super::rules::{self, Rules};
use crate::clock;
use crate::exit::Exit;
use crate::host::Host;
use crate::report::health::{Check, State};

/// What is known of rules that eat ICMP errors.
pub(super) fn firewall() -> Check {
    let heard = match process::errors_heard() {
        Some((exceeded, unreachable)) => format!(
            "; over IPv4 this machine has heard {exceeded} messages \"time exceeded\" and {unreachable} \"unreachable\" \
             so far, behind its rules"
        ),
        None => String::new(),
    };
    let mut check = Check {
        name: "firewall",
        state: State::Unknown,
        found: String::new(),
        remedy: Some("sudo trace-cli doctor".to_owned()),
        exit: Exit::CouldNotProbe,
    };
    check.found = match rules::rules() {
        None => "its rules cannot be read: only root may, with the program nft".to_owned(),
        Some(Rules { eating, .. }) if !eating.is_empty() => {
            check.state = State::Limited;
            check.remedy = eating.first().map(|first| format!("sudo nft delete rule {first}"));
            format!("ICMP errors are dropped by {}", eating.join(" and "))
        }
        Some(Rules { closed, .. }) if !closed.is_empty() => {
            check.state = State::Limited;
            check.remedy =
                closed.first().map(|first| format!("sudo nft add rule {first} ct state related accept"));
            format!("nothing lets ICMP errors through {}", closed.join(" and "))
        }
        Some(Rules { count, .. }) => {
            check.state = State::Works;
            check.remedy = None;
            format!("{count} rules, and none is known to eat ICMP errors")
        }
    };
    check.found.push_str(&heard);
    check.found.push_str("; --probe tries whether they come back");
    check
}

/// Who is asked for names. Nobody is asked now but this machine's own list of hosts.
pub(super) fn resolver() -> Check {
    let check = |state, found: String, remedy: Option<&str>| Check {
        name: "names",
        state,
        found,
        remedy: remedy.map(str::to_owned),
        exit: Exit::CouldNotProbe,
    };
    let local = ("localhost", 0).to_socket_addrs().map(|mut found| found.next().is_some());
    let servers = match hickory_resolver::system_conf::read_system_conf() {
        Ok((system, _)) => {
            system.name_servers().iter().map(|server| server.ip.to_string()).collect::<Vec<_>>()
        }
        Err(error) => {
            let found = format!("names of hosts are not found, addresses can be traced to: {error}");
            return check(State::Limited, found, Some("cat /etc/resolv.conf"));
        }
    };
    match local {
        _ if servers.is_empty() => {
            let found = "/etc/resolv.conf names nobody to ask; addresses can be traced to".to_owned();
            check(State::Limited, found, Some("echo nameserver ADDRESS | sudo tee /etc/resolv.conf"))
        }
        Ok(true) => check(State::Works, format!("{} is asked for them", servers.join(", ")), None),
        _ => {
            let found = format!("{} is asked for them; localhost has no address", servers.join(", "));
            check(State::Limited, found, Some("echo 127.0.0.1 localhost | sudo tee -a /etc/hosts"))
        }
    }
}

/// Whether the first router on the way to a host answers a packet that ends there.
pub(super) fn first_hop(host: &str) -> Check {
    let check = |state, found: String, remedy: Option<&str>| Check {
        name: "first hop",
        state,
        found,
        remedy: remedy.map(str::to_owned),
        exit: Exit::CouldNotProbe,
    };
    let trace = match probe(host) {
        Ok(trace) => trace,
        Err(error) => return check(State::Fails, format!("{error:#}"), Some("ip route get 192.0.2.1")),
    };
    let answered = trace.hops.iter().flat_map(Hop::answerers).next();
    match answered {
        Some(from) => {
            check(State::Works, format!("{from} answered a probe with TTL 1 on the way to {host}"), None)
        }
        None if trace.outcome == Some(Outcome::Reached) => {
            check(State::Works, format!("{host} answered"), None)
        }
        None => {
            let unsent =
                trace.hops.iter().flat_map(|hop| &hop.probes).find_map(|probe| match &probe.result {
                    trace_core::model::ProbeResult::Unsent { error } => Some(error.clone()),
                    _ => None,
                });
            let why = unsent.map_or_else(
                || {
                    "nothing came back: the router keeps silent, or a firewall between eats ICMP errors"
                        .to_owned()
                },
                |error| format!("no probe left this machine: {error}"),
            );
            let found = format!("three probes with TTL 1 on the way to {host}: {why}");
            check(State::Fails, found, Some("sudo nft list ruleset; sudo iptables-save"))
        }
    }
}

fn probe(host: &str) -> anyhow::Result<Trace> {
    let addresses = Host::read(host, None)?.resolve(None)?;
    let address = addresses.first().copied();
    let address = address.ok_or_else(|| anyhow::anyhow!("{host} has no address"))?;
    let settings = Settings { max_ttl: Ttl::MIN, wait: Duration::from_secs(1), ..Settings::default() };
    let id = trace_store::new_id(clock::now(), [1; 10]);
    let target = Target { name: None, address };
    let job = Job { settings, ..Job::new(id, target, Protocols::One(Protocol::Udp), clock::now()) };
    Ok(Tracer::new(sys::open(None)?).run(job)?)
}
