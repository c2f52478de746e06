//! From what the engine remembers to the hops and the outcome that are handed out.

use std::net::IpAddr;

use super::Moment;
use super::lane::{Lane, LaneEnd};
use super::slot::{Slot, State};
use crate::model::{Hop, Outcome, ProbeRecord, ProbeResult, Reply, ReplyKind, Ttl};

/// Which of two ends counts for a whole trace: the better outcome, then the longer path.
pub(super) const fn rank(end: LaneEnd) -> (u8, usize) {
    let outcome = match end.outcome {
        Outcome::Reached => 3,
        Outcome::Unreachable => 2,
        Outcome::Loop => 1,
        Outcome::Exhausted | Outcome::Interrupted => 0,
    };
    (outcome, end.last)
}

/// The hops of `sent`, which stands in the order of sending, from the first row to `last`.
pub(super) fn hops(sent: &[(&Slot, &Lane)], first_ttl: Ttl, last: usize, since: Moment) -> Vec<Hop> {
    let ttl_of = |row: usize| first_ttl.saturating_add(u8::try_from(row).unwrap_or(u8::MAX));
    let mut hops: Vec<Hop> = (0..=last).map(|row| Hop { ttl: ttl_of(row), probes: Vec::new() }).collect();
    for (slot, lane) in sent {
        let row = usize::from(slot.ttl.get()).checked_sub(usize::from(first_ttl.get()));
        let Some(hop) = row.and_then(|row| hops.get_mut(row)) else { continue };
        if let Some(result) = result(&slot.state) {
            let left = !matches!(result, ProbeResult::Unsent { .. });
            hop.probes.push(ProbeRecord {
                protocol: Some(lane.protocol),
                flow: lane.flow,
                round: slot.round,
                sent: left.then(|| slot.sent.since(since)),
                off_flow: slot.off_flow,
                result,
            });
        }
    }
    hops
}

/// What came of a probe; `None` for one that another was sent in place of.
fn result(state: &State) -> Option<ProbeResult> {
    match state {
        State::Waiting => Some(ProbeResult::Silent),
        State::Replaced => None,
        State::Answered(reply) => Some(ProbeResult::Answered(reply.clone())),
        State::Unsent(error) => Some(ProbeResult::Unsent { error: error.as_ref().clone() }),
    }
}

/// A sentence about the end of a path.
pub(super) fn detail(outcome: Outcome, hops: &[Hop], target: IpAddr, max_ttl: Ttl) -> Option<String> {
    match outcome {
        Outcome::Reached | Outcome::Interrupted => None,
        Outcome::Unreachable => {
            let (ttl, reply, kind) = blocking_reply(hops, target)?;
            Some(format!("{kind}, says {} at TTL {ttl}", reply.from))
        }
        Outcome::Loop => {
            let last = hops.last()?;
            let back = *last.answerers().first()?;
            let ttls = hops.iter().filter(|hop| hop.answerers().contains(&back));
            let ttls: Vec<String> = ttls.map(|hop| hop.ttl.to_string()).collect();
            Some(format!("{back} answers at TTL {}", ttls.join(", ")))
        }
        Outcome::Exhausted => Some(exhausted(hops, max_ttl)),
    }
}

fn blocking_reply(hops: &[Hop], target: IpAddr) -> Option<(Ttl, &Reply, ReplyKind)> {
    hops.iter().rev().find_map(|hop| {
        hop.probes.iter().filter_map(ProbeRecord::reply).find_map(|reply| {
            let kind = reply.kind.filter(|kind| kind.ends_path() && reply.from != target)?;
            Some((hop.ttl, reply, kind))
        })
    })
}

fn exhausted(hops: &[Hop], max_ttl: Ttl) -> String {
    let mut probes = hops.iter().flat_map(|hop| &hop.probes).peekable();
    let error = match probes.peek().map(|probe| &probe.result) {
        Some(ProbeResult::Unsent { error }) => Some(error),
        _ => None,
    };
    if let Some(error) = error
        && probes.all(|probe| matches!(probe.result, ProbeResult::Unsent { .. }))
    {
        return format!("no probe could be sent: {error}");
    }
    match hops.iter().rev().find(|hop| hop.answered()) {
        Some(hop) if hop.ttl == max_ttl => format!("TTL {max_ttl}, the last one, was used up on the way"),
        Some(hop) => format!("no answer from behind TTL {}", hop.ttl),
        None => "no answer at all".to_owned(),
    }
}
