//! How to probe, and which flags contradict each other.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::anyhow;
use trace_core::model::{Family, Protocol, Protocols, Settings};

use crate::args::{Asked, Probing, Rounds};
use crate::exit::{Exit, Failure, Result};
use crate::host::{Wish, spelled};

/// The longest wait for an answer.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);
/// The shortest and the longest time from round to round.
const INTERVALS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(86_400));
/// Probes a second where there are many targets and nothing was said.
const RATE_OF_MANY: u32 = 1000;
/// What [`Settings::rounds`] is when nobody says how many.
pub(crate) const FOREVER: u32 = u32::MAX;

/// Which protocols to probe with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// These.
    Exactly(Protocols),
    /// The one that gets furthest, ICMP first where it is permitted.
    Furthest {
        /// ICMP is left out: a port was named.
        ports: bool,
        /// `auto` was typed, and does not merely hold because nothing was.
        typed: bool,
    },
}

pub(super) fn senseless(cause: anyhow::Error) -> Failure {
    Failure::new(Exit::Senseless, cause)
}

/// The family that is wanted, and the flag that says so.
pub(super) fn wish(probing: &Probing) -> Result<Option<Wish>> {
    let typed = match (probing.ipv4, probing.ipv6) {
        (true, _) => Some(Wish::new(Family::V4, "-4")),
        (_, true) => Some(Wish::new(Family::V6, "-6")),
        (false, false) => None,
    };
    let source = probing.source.map(|source| Wish::new(Family::of(source), format!("--source {source}")));
    let label = probing.flow_label.map(|label| Wish::new(Family::V6, format!("--flow-label {label}")));
    let mut wishes = [typed, source, label].into_iter().flatten();
    let Some(first) = wishes.next() else { return Ok(None) };
    if let Some(other) = wishes.find(|other| other.family != first.family) {
        let (one, two) = (spelled(first.family), spelled(other.family));
        let cause = anyhow!(
            "{} and {} contradict each other: the one is {one}, the other {two}",
            first.flag,
            other.flag
        );
        return Err(senseless(cause));
    }
    Ok(Some(first))
}

/// Ports mean UDP or TCP: ICMP has none.
pub(super) fn choice(probing: &Probing) -> Result<Choice> {
    let ports = [("--port", probing.port), ("--source-port", probing.source_port)];
    let named = ports.into_iter().find_map(|(flag, port)| Some((flag, port?)));
    match (probing.protocol, named) {
        (Some(Asked::Exactly(Protocols::One(Protocol::Icmp))), Some((flag, port))) => Err(senseless(
            anyhow!("{flag} {port} and --protocol icmp contradict each other: ICMP has no ports"),
        )),
        (Some(Asked::Exactly(protocols)), _) => Ok(Choice::Exactly(protocols)),
        (asked, named) => Ok(Choice::Furthest { ports: named.is_some(), typed: asked.is_some() }),
    }
}

/// Probes a second over all targets; 0 for no limit.
pub(super) fn rate(probing: &Probing, many: bool) -> u32 {
    probing.rate.unwrap_or(if many { RATE_OF_MANY } else { 0 })
}

pub(super) fn settings(probing: &Probing) -> Result<Settings> {
    check_waits(probing)?;
    check_flows(probing)?;
    let (first_ttl, max_ttl) = (probing.first_ttl, probing.max_ttl);
    if first_ttl > max_ttl {
        return Err(senseless(anyhow!(
            "--first-ttl {first_ttl} lies behind --max-ttl {max_ttl}: there is no TTL to probe; raise --max-ttl"
        )));
    }
    if probing.dont_fragment && probing.ipv6 {
        return Err(senseless(anyhow!(
            "--dont-fragment and -6 contradict each other: over IPv6 no router fragments, always"
        )));
    }
    if let Some(source) = probing.source
        && let Some(what) = nobody_s(source)
    {
        return Err(senseless(anyhow!(
            "--source {source} is {what}: no host has it; name one of this machine's"
        )));
    }
    let rounds = match probing.rounds {
        None => 1,
        Some(Rounds::Number(number)) => number,
        Some(Rounds::Forever) => FOREVER,
    };
    let defaults = Settings::default();
    Ok(Settings {
        queries: probing.queries.unwrap_or(match probing.protocol {
            _ if rounds > 1 => 1,
            // Six probes are what most routers answer at once.
            Some(Asked::Exactly(Protocols::All)) => 2,
            _ => defaults.queries,
        }),
        first_ttl,
        max_ttl,
        flows: probing.flows,
        rounds,
        interval: probing.interval.unwrap_or(defaults.interval),
        wait: probing.wait,
        gap: probing.gap,
        port: probing.port,
        size: probing.size,
        tos: probing.tos,
        source: probing.source,
        interface: probing.interface.clone(),
        source_port: probing.source_port,
        flow_label: probing.flow_label,
        dont_fragment: probing.dont_fragment,
        mark: probing.mark,
    })
}

fn check_waits(probing: &Probing) -> Result<()> {
    if probing.wait.is_zero() {
        return Err(senseless(anyhow!("--wait 0: no answer can be that quick")));
    }
    if probing.wait > LONGEST_WAIT {
        return Err(senseless(anyhow!("--wait is an hour at most: no answer comes later")));
    }
    let (shortest, longest) = INTERVALS;
    match probing.interval {
        Some(interval) if interval < shortest => Err(senseless(anyhow!(
            "--interval is 10ms at least: routers limit how often they answer, and would look lossy"
        ))),
        Some(interval) if interval > longest => Err(senseless(anyhow!("--interval is a day at most"))),
        _ => Ok(()),
    }
}

/// Flow n has the source port and the flow label of the first one plus n.
fn check_flows(probing: &Probing) -> Result<()> {
    let flows = u32::from(probing.flows);
    let numbered = [
        ("--source-port", probing.source_port.map(u32::from), 0xffff),
        ("--flow-label", probing.flow_label, 0xf_ffff),
    ];
    for (flag, first, last) in numbered {
        if let Some(first) = first.filter(|first| first + (flows - 1) > last) {
            return Err(senseless(anyhow!(
                "{flag} {first} and --flows {flows} contradict each other: each flow has the next number, and {last} \
                 is the last one"
            )));
        }
    }
    Ok(())
}

fn nobody_s(address: IpAddr) -> Option<&'static str> {
    match address {
        _ if address.is_unspecified() => Some("the unspecified address"),
        _ if address.is_multicast() => Some("a multicast address"),
        IpAddr::V4(address) if address.is_broadcast() => Some("the broadcast address"),
        _ => None,
    }
}
