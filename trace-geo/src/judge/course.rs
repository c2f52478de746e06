//! What the judge may use of a trace: the answers along each flow.

use std::collections::BTreeMap;
use std::net::IpAddr;

use trace_core::model::{Flow, ProbeRecord, Protocol, ReplyKind, Trace, Ttl};

/// An address that answered at a TTL, with the least RTT at it or behind it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stop {
    pub(crate) ttl: Ttl,
    pub(crate) address: IpAddr,
    /// Milliseconds, above 0.
    pub(crate) rtt: f64,
}

struct Answer {
    ttl: Ttl,
    from: IpAddr,
    /// The packet got as far as its TTL, and did not end at whoever answers for everything behind.
    full: bool,
    rtt: f64,
}

/// The usable flows of a trace, each as its stops by TTL. A flow in which two addresses answered at one TTL,
/// or in which somebody answered behind the target, did not keep to one path and is left out.
pub(crate) fn courses(trace: &Trace) -> Vec<Vec<Stop>> {
    let mut flows: BTreeMap<(Option<Protocol>, Flow), Vec<Answer>> = BTreeMap::new();
    for hop in &trace.hops {
        for probe in &hop.probes {
            if let Some(answer) = usable(probe, hop.ttl) {
                flows.entry((probe.protocol, probe.flow)).or_default().push(answer);
            }
        }
    }
    let target = trace.target.as_ref().map(|target| target.address);
    flows.into_values().filter_map(|answers| course(&answers, target)).collect()
}

fn usable(probe: &ProbeRecord, ttl: Ttl) -> Option<Answer> {
    let reply = probe.reply().filter(|reply| !probe.off_flow && reply.inherited_from.is_none())?;
    let full = match reply.kind? {
        ReplyKind::TimeExceeded | ReplyKind::ReassemblyExceeded => true,
        ReplyKind::SynAck | ReplyKind::Rst | ReplyKind::Data => return None,
        _ => false,
    };
    let rtt = reply.rtt?.as_secs_f64() * 1e3;
    (rtt > 0.0).then_some(Answer { ttl, from: reply.from, full, rtt })
}

fn course(answers: &[Answer], target: Option<IpAddr>) -> Option<Vec<Stop>> {
    let mut first: BTreeMap<IpAddr, Ttl> = BTreeMap::new();
    for answer in answers {
        let ttl = first.entry(answer.from).or_insert(answer.ttl);
        *ttl = answer.ttl.min(*ttl);
    }
    let mut stops: BTreeMap<Ttl, Stop> = BTreeMap::new();
    for answer in answers {
        // Who refuses a packet answers at any TTL beyond his own.
        let ttl = if answer.full { answer.ttl } else { *first.get(&answer.from)? };
        let new = Stop { ttl, address: answer.from, rtt: answer.rtt };
        let stop = stops.entry(ttl).or_insert(new);
        if stop.address != answer.from {
            return None;
        }
        stop.rtt = stop.rtt.min(answer.rtt);
    }
    let mut stops: Vec<Stop> = stops.into_values().collect();
    let end = target.and_then(|target| first.get(&target).copied());
    if end.is_some_and(|end| stops.iter().any(|stop| stop.ttl > end && Some(stop.address) != target)) {
        return None;
    }
    let mut least = f64::INFINITY;
    for stop in stops.iter_mut().rev() {
        least = least.min(stop.rtt);
        stop.rtt = least;
    }
    (!stops.is_empty()).then_some(stops)
}
