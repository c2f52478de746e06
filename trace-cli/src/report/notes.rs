//! What is worth saying about a hop beside its numbers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use trace_core::model::{Extension, Finding, Hop, ProbeRecord, ProbeResult, Reply, ReplyKind};

use crate::escape::escape;

/// What the answers of `from` at this hop say, beyond that they came: marks as traceroute has them, with
/// words. `target` is what was traced to; its answers are expected.
pub(crate) fn of_answerer(hop: &Hop, from: IpAddr, target: Option<IpAddr>) -> Vec<String> {
    let mut notes = Vec::new();
    let mut add = |note: String| {
        if !notes.contains(&note) {
            notes.push(note);
        }
    };
    let answers = || hop.probes.iter().filter_map(|probe| Some((probe, probe.reply()?)));
    for (probe, reply) in answers().filter(|(_, reply)| reply.from == from) {
        if let Some(mark) = mark(reply, target) {
            add(mark);
        }
        if !reply.mpls.is_empty() {
            let labels: Vec<String> = reply.mpls.iter().map(|entry| entry.label.to_string()).collect();
            add(format!("MPLS {}", labels.join("/")));
        }
        for interface in reply.extensions.iter().filter_map(Extension::interface) {
            // Names of interfaces are text from the network.
            add(escape(&interface.to_string()));
        }
        if probe.off_flow {
            add("probed off the flow".to_owned());
        }
        if reply.inherited_from.is_some() {
            add("taken over from another trace".to_owned());
        }
    }
    notes
}

fn mark(reply: &Reply, target: Option<IpAddr>) -> Option<String> {
    let mark = match reply.kind? {
        ReplyKind::TimeExceeded | ReplyKind::EchoReply | ReplyKind::Data => return None,
        ReplyKind::SynAck => "port open",
        ReplyKind::Rst => "port closed",
        ReplyKind::PortUnreachable if Some(reply.from) == target => return None,
        ReplyKind::PortUnreachable => "port unreachable",
        ReplyKind::HostUnreachable => "!H host unreachable",
        ReplyKind::NetUnreachable => "!N network unreachable",
        ReplyKind::ProtocolUnreachable => "!P protocol unreachable",
        ReplyKind::AdminProhibited => "!X refused by a filter",
        ReplyKind::TooBig => "!F packet too big",
        ReplyKind::ReassemblyExceeded => "fragments not reassembled",
        ReplyKind::ParameterProblem => "header refused",
        ReplyKind::Unreachable => {
            let code = reply.icmp.map(|icmp| icmp.code.to_string()).unwrap_or_default();
            return Some(format!("!<{code}> unreachable"));
        }
    };
    Some(mark.to_owned())
}

/// What is noticeable of the hop as a whole.
pub(crate) fn of_hop(hop: &Hop, findings: &[Finding]) -> Vec<String> {
    let mut notes: Vec<String> = findings.iter().filter_map(|finding| finding_words(*finding)).collect();
    let mut unsent: BTreeMap<&str, u32> = BTreeMap::new();
    for ProbeRecord { result, .. } in &hop.probes {
        if let ProbeResult::Unsent { error } = result {
            *unsent.entry(error).or_default() += 1;
        }
    }
    notes.extend(way_back(hop));
    notes.extend(unsent.into_iter().map(|(error, count)| format!("{count} not sent: {}", escape(error))));
    notes
}

/// How many routers more or less than on the way there are worth a word.
const ASYMMETRY: u8 = 4;

/// A way back that is much longer or shorter than the way there.
fn way_back(hop: &Hop) -> Option<String> {
    let (back, there) = (hop.routers_back()?, hop.ttl.get() - 1);
    (back.abs_diff(there) >= ASYMMETRY).then(|| format!("answers come back over {back} routers"))
}

/// A finding in a few words; its evidence is told by `show --verdicts`.
fn finding_words(finding: Finding) -> Option<String> {
    let words = match finding {
        Finding::RateLimited => "limits its answers: no loss behind it",
        Finding::Silent => "silent, passes packets on",
        Finding::Selective => "answers some protocols only, passes all on",
        Finding::Loop => "seen before: loop",
        Finding::Repeated => "the router before once more",
        Finding::ZeroTtl => "a router before passes TTL 0 on",
        Finding::Nat => "address translation before it",
        Finding::DscpChanged => "DSCP rewritten before it",
        Finding::EcnChanged => "ECN changed before it",
        Finding::MplsImplicit => "in an MPLS tunnel without labels",
        Finding::MplsOpaque => "end of an MPLS tunnel that hides routers",
        Finding::MplsInvisible => "an MPLS tunnel may hide routers before it",
        Finding::MplsRtt => "its time is that of the tunnel's end",
        Finding::PerPacketBalancing => "balanced packet by packet",
        Finding::PathChange => "the path changed here",
        // Their rows or labels show it.
        Finding::SeveralAnswerers | Finding::PerFlowBalancing | Finding::MplsTunnel => return None,
        other => other.as_str(),
    };
    Some(words.to_owned())
}
