//! From what the engine remembers to the hops and the outcome that are handed out.

use std::net::IpAddr;

use super::Moment;
use super::commons::Commons;
use super::lane::{Lane, LaneEnd};
use super::plan::Plan;
use super::rule::Rule;
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

/// What the lanes sent in a round and later, as hops from the first row to `last`.
///
/// What a lane sent beyond the end of the path in a round is left out: the path of that round was as long as it
/// was, and silence behind it is no loss. Where there are several rounds, so is what is still under way.
pub(super) fn hops(
    lanes: &[Lane],
    plan: &Plan,
    first_round: u32,
    last: Option<usize>,
    since: Moment,
) -> Vec<Hop> {
    let Some(last) = last else { return Vec::new() };
    let mut hops: Vec<Hop> = (0..=last).map(|row| Hop { ttl: plan.ttl(row), probes: Vec::new() }).collect();
    for lane in lanes {
        // In the order of sending, by lane.
        for (round, index, slot) in lane.sent_from(first_round) {
            let Some(row) = plan.row(slot.ttl) else { continue };
            if !counts(lane, plan, round, row) || (plan.rounds > 1 && lane.is_under_way(plan, index, slot)) {
                continue;
            }
            if let (Some(hop), Some(result)) = (hops.get_mut(row), lane.result(slot)) {
                let left = !matches!(result, ProbeResult::Unsent { .. });
                let sent = left.then(|| slot.sent.since(since));
                let (protocol, flow, off_flow) = (Some(lane.protocol), lane.flow, slot.off_flow);
                hop.probes.push(ProbeRecord { protocol, flow, round, sent, off_flow, result });
            }
        }
        for taken in lane.taken.iter().filter(|taken| taken.round >= first_round) {
            let row = usize::from(taken.row);
            if !counts(lane, plan, taken.round, row) {
                continue;
            }
            if let (Some(hop), Some(reply)) = (hops.get_mut(row), lane.saying(taken)) {
                hop.probes.push(ProbeRecord {
                    protocol: Some(lane.protocol),
                    flow: lane.flow,
                    round: taken.round,
                    sent: None,
                    off_flow: false,
                    result: ProbeResult::Answered(Box::new(reply)),
                });
            }
        }
    }
    if lanes.len() > 1 || lanes.iter().any(|lane| !lane.taken.is_empty()) {
        for hop in &mut hops {
            // What never left stands at the end of its round.
            hop.probes.sort_by_key(|probe| (probe.round, probe.sent.is_none(), probe.sent));
        }
    }
    hops
}

/// Whether what a lane did at a row counts for that round.
fn counts(lane: &Lane, plan: &Plan, round: u32, row: usize) -> bool {
    let place = usize::try_from(round).unwrap_or(usize::MAX);
    let end = lane.rounds.get(place).and_then(|round| round.end);
    let last = match end {
        // A lane that found no end is shown as far as any other got: that nothing came is what it found.
        Some((_, Outcome::Exhausted)) => None,
        Some((last, _)) => Some(usize::from(last)),
        None => lane.ending().map(super::ending::Ending::last),
    };
    last.is_none_or(|last| row <= last) || !plan.rules.hold(Rule::Trim)
}

/// Gives the rows of the last round that nobody answered at what other traces found: the router before the next one
/// that somebody did answer at, or the one that every trace so far has met there.
pub(super) fn fill(lane: &mut Lane, commons: &Commons, plan: &Plan, trusts: bool) {
    let mut row = lane.heard;
    while let Some(place) = row.checked_sub(1) {
        row = place;
        let Some(router) = lane.router(place) else { continue };
        for reply in commons.before(lane.protocol, plan.ttl(place), router) {
            let Some(before) = row.checked_sub(1) else { return };
            if lane.router(before).is_some() || lane.has_answer(before) {
                break;
            }
            lane.note_taken(plan, before, reply);
            row = before;
        }
    }
    if !trusts {
        return;
    }
    // Before the end only: what is silent there was passed.
    for row in 0..lane.heard {
        if lane.router(row).is_some() || lane.has_answer(row) || lane.has_taken(row) {
            continue;
        }
        if let Some(reply) = commons.common_router(lane.protocol, plan.ttl(row)) {
            lane.note_taken(plan, row, reply);
        }
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
