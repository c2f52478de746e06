//! What there is to say of a path as a whole, beneath its hops: which protocol gets how far, which ways the flows go,
//! and when the path changed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use trace_core::model::{Flow, Hop, ProbeRecord, Protocol, Protocols, Reply, ReplyKind, Trace, Ttl};

use super::columns::ranges;
use super::table::plural;
use crate::clock;

/// Changes of the path that are told; a path that changes all the time is told so in a line.
const CHANGES: usize = 12;

/// The lines, if there are any.
pub(crate) fn lines(trace: &Trace) -> Vec<String> {
    let mut lines = Vec::new();
    if trace.protocol == Some(Protocols::All) {
        lines.extend(protocols(trace));
    }
    lines.extend(flows(trace));
    lines.extend(changes(trace));
    lines.extend(pace(trace));
    lines
}

/// Rounds that were much further apart than was asked for: the engine asks no router for more than it answers.
fn pace(trace: &Trace) -> Option<String> {
    let settings = trace.settings.as_ref().filter(|settings| settings.rounds > 2)?;
    let mut starts: BTreeMap<u32, Duration> = BTreeMap::new();
    for probe in trace.hops.iter().flat_map(|hop| &hop.probes) {
        if let Some(sent) = probe.sent {
            starts.entry(probe.round).and_modify(|first| *first = sent.min(*first)).or_insert(sent);
        }
    }
    let starts: Vec<Duration> = starts.into_values().collect();
    let mut gaps: Vec<Duration> =
        starts.iter().zip(starts.iter().skip(1)).map(|(one, next)| next.saturating_sub(*one)).collect();
    gaps.sort_unstable();
    // The one in the middle: a pause that somebody made is no pace.
    let gap = *gaps.get(gaps.len() / 2)?;
    (gap > settings.interval.mul_f64(1.25) + Duration::from_millis(20)).then(|| {
        format!(
            "the rounds were {:.1} s apart and not {:.1} s: routers are not asked for more than they answer, and slow \
             answers are waited for",
            gap.as_secs_f64(),
            settings.interval.as_secs_f64()
        )
    })
}

/// How far each protocol gets, and where filtering begins.
fn protocols(trace: &Trace) -> Vec<String> {
    let target = trace.target.as_ref().map(|target| target.address);
    let reaches: Vec<Reach> =
        Protocol::ALL.iter().map(|protocol| Reach::of(trace, *protocol, target)).collect();
    reaches.iter().map(|reach| reach.words(&reaches)).collect()
}

/// How far one protocol gets.
struct Reach {
    protocol: Protocol,
    /// Whether any probe was sent with it.
    probed: bool,
    /// Where the target answers.
    target: Option<(Ttl, ReplyKind)>,
    /// Who refuses to pass it on.
    refused: Option<(Ttl, IpAddr, ReplyKind)>,
    /// Every TTL that is answered, and by whom.
    answered: BTreeMap<Ttl, IpAddr>,
}

impl Reach {
    fn of(trace: &Trace, protocol: Protocol, target: Option<IpAddr>) -> Self {
        let mut reach =
            Self { protocol, probed: false, target: None, refused: None, answered: BTreeMap::new() };
        for hop in &trace.hops {
            for probe in hop.probes.iter().filter(|probe| probe.protocol == Some(protocol)) {
                reach.probed = true;
                let Some(reply) = probe.reply() else { continue };
                reach.answered.entry(hop.ttl).or_insert(reply.from);
                match reply.kind {
                    Some(kind) if is_arrival(reply, kind, target) => {
                        reach.target.get_or_insert((hop.ttl, kind));
                    }
                    Some(kind) if kind.ends_path() => {
                        reach.refused.get_or_insert((hop.ttl, reply.from, kind));
                    }
                    _ => {}
                }
            }
        }
        reach
    }

    fn words(&self, all: &[Self]) -> String {
        let name = self.protocol.as_str();
        if !self.probed {
            return format!("{name}: not probed");
        }
        if let Some((ttl, kind)) = self.target {
            let port = match kind {
                ReplyKind::SynAck => ", its port is open",
                ReplyKind::Rst => ", its port is closed",
                ReplyKind::Data => ", a service answers",
                _ => "",
            };
            return format!("{name}: reaches the target at TTL {ttl}{port}");
        }
        if let Some((ttl, from, kind)) = self.refused {
            return format!("{name}: refused at TTL {ttl} by {from} ({kind})");
        }
        let Some((last, from)) = self.answered.last_key_value() else {
            return format!("{name}: no answer at all");
        };
        let further = all
            .iter()
            .filter_map(|other| Some((other.protocol, *other.answered.keys().find(|ttl| *ttl > last)?)))
            .min_by_key(|(_, ttl)| *ttl);
        match further {
            Some((other, ttl)) if ttl.get() == last.get().saturating_add(1) => {
                format!("{name}: filtered behind TTL {last} ({from}), where {other} goes on")
            }
            Some((other, ttl)) => {
                format!(
                    "{name}: filtered between TTL {last} ({from}) and TTL {ttl}, where {other} is answered"
                )
            }
            None => format!("{name}: no answer from behind TTL {last} ({from})"),
        }
    }
}

fn is_arrival(reply: &Reply, kind: ReplyKind, target: Option<IpAddr>) -> bool {
    match kind {
        ReplyKind::EchoReply | ReplyKind::SynAck | ReplyKind::Rst | ReplyKind::Data => true,
        ReplyKind::TimeExceeded => false,
        _ => Some(reply.from) == target,
    }
}

/// How many ways the flows go, and where they differ.
fn flows(trace: &Trace) -> Vec<String> {
    let Some(count) = trace.settings.as_ref().map(|settings| settings.flows).filter(|flows| *flows > 1)
    else {
        return Vec::new();
    };
    let mut ways: Vec<Way> = Vec::new();
    for flow in (0..count).map(Flow) {
        let seen = trace.hops.iter().filter_map(|hop| Some((hop.ttl, answerer(hop, flow)?))).collect();
        match ways.iter_mut().find(|way| way.agrees(&seen)) {
            Some(way) => way.join(flow, seen),
            None => ways.push(Way { flows: vec![flow], seen }),
        }
    }
    let differ: BTreeSet<Ttl> = trace
        .hops
        .iter()
        .filter(|hop| {
            let answerers: BTreeSet<_> = ways.iter().filter_map(|way| way.seen.get(&hop.ttl)).collect();
            answerers.len() > 1
        })
        .map(|hop| hop.ttl)
        .collect();
    if ways.len() < 2 {
        return vec![format!("{count} flows go one way")];
    }
    let ttls: Vec<Flow> = differ.into_iter().map(|ttl| Flow(ttl.get().into())).collect();
    let mut lines = vec![format!(
        "{count} flows go {} ways, which differ at TTL {}",
        ways.len(),
        ranges(ttls.iter().copied())
    )];
    for (number, way) in (1..).zip(&ways) {
        let hops: Vec<String> = ttls
            .iter()
            .map(|Flow(ttl)| {
                let ttl = u8::try_from(*ttl).ok().and_then(Ttl::new);
                ttl.and_then(|ttl| way.seen.get(&ttl)).map_or_else(|| "*".to_owned(), ToString::to_string)
            })
            .collect();
        let flows = if way.flows.len() == 1 { "flow" } else { "flows" };
        lines.push(format!(
            "  way {number}: {} ({flows} {})",
            hops.join(", "),
            ranges(way.flows.iter().copied())
        ));
    }
    lines
}

/// Flows that were answered by the same hosts wherever they were answered.
struct Way {
    flows: Vec<Flow>,
    seen: BTreeMap<Ttl, IpAddr>,
}

impl Way {
    fn agrees(&self, seen: &BTreeMap<Ttl, IpAddr>) -> bool {
        seen.iter().all(|(ttl, from)| self.seen.get(ttl).is_none_or(|known| known == from))
    }

    fn join(&mut self, flow: Flow, seen: BTreeMap<Ttl, IpAddr>) {
        self.flows.push(flow);
        for (ttl, from) in seen {
            self.seen.entry(ttl).or_insert(from);
        }
    }
}

/// Who answered a flow at a hop: the last one, so that a change of the path counts for all TTLs alike.
fn answerer(hop: &Hop, flow: Flow) -> Option<IpAddr> {
    let of_flow = hop.probes.iter().filter(|probe| probe.flow == flow && !probe.off_flow);
    of_flow.filter_map(ProbeRecord::reply).next_back().map(|reply| reply.from)
}

/// When the path changed.
fn changes(trace: &Trace) -> Vec<String> {
    let changes = trace.path_changes();
    let mut lines: Vec<String> = changes
        .iter()
        .take(CHANGES)
        .map(|change| {
            let at = i64::try_from(change.at.as_nanos()).unwrap_or(i64::MAX);
            format!("{}: {change}", clock::instant(trace.started.saturating_add(at)))
        })
        .collect();
    if changes.len() > CHANGES {
        let more = changes.len() - CHANGES;
        lines.push(format!(
            "and {} more",
            plural(u64::try_from(more).unwrap_or(u64::MAX), "change", "changes")
        ));
    }
    lines
}

#[cfg(test)]
mod tests;
