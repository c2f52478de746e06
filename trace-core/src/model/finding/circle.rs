//! Routers that are met more than once.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::survey::{Answer, Lane, note};
use super::{Finding, Observation, Survey};
use crate::model::{ReplyKind, TraceKind, Ttl};

pub(super) fn observe(survey: &Survey<'_>, found: &mut Vec<Observation>) {
    for lane in survey.lanes.iter().filter(|lane| returns(lane)) {
        for walk in walks(lane) {
            loops(&walk, found);
            // The hop numbers of other forms may be mere counters.
            if survey.trace.kind == TraceKind::Measured {
                repetitions(survey, lane, &walk, found);
            }
        }
    }
}

/// Whether any router answered at more than one TTL.
fn returns(lane: &Lane<'_>) -> bool {
    let mut seen: BTreeMap<IpAddr, Ttl> = BTreeMap::new();
    let mut routers = lane.answers.iter().filter(|answer| is_router(answer));
    routers.any(|answer| *seen.entry(answer.reply.from).or_insert(answer.ttl) != answer.ttl)
}

/// Imported forms do not tell the kind.
fn is_router(answer: &Answer<'_>) -> bool {
    answer.reply.kind.is_none_or(|kind| kind == ReplyKind::TimeExceeded)
}

/// What a lane saw in one round at each TTL: who answered, and the TTL that the first of them quoted.
type Walk = Vec<(Ttl, Vec<IpAddr>, Option<u8>)>;
type Round = BTreeMap<Ttl, (Vec<IpAddr>, Option<u8>)>;

fn walks(lane: &Lane<'_>) -> Vec<Walk> {
    let mut rounds: BTreeMap<u32, Round> = BTreeMap::new();
    for answer in lane.answers.iter().filter(|answer| is_router(answer)) {
        let quoted = answer.reply.quoted.map(|quoted| quoted.ttl);
        let round = rounds.entry(answer.round).or_default();
        let (answerers, _) = round.entry(answer.ttl).or_insert((Vec::new(), quoted));
        if !answerers.contains(&answer.reply.from) {
            answerers.push(answer.reply.from);
        }
    }
    let walk =
        |round: Round| round.into_iter().map(|(ttl, (answerers, quoted))| (ttl, answerers, quoted)).collect();
    rounds.into_values().map(walk).collect()
}

fn loops(walk: &Walk, found: &mut Vec<Observation>) {
    for (index, (ttl, answerers, _)) in walk.iter().enumerate() {
        let [from] = answerers.as_slice() else { continue };
        let before = walk.get(..index).unwrap_or_default();
        let Some(first) = before.iter().rposition(|(_, others, _)| others.contains(from)) else { continue };
        let between = before.get(first + 1..).unwrap_or_default();
        let other = between.iter().find_map(|(_, others, _)| others.first());
        // Where others answer there as well, packets may merely go ways of different length.
        if let (Some((earlier, alone, _)), Some(other)) = (before.get(first), other)
            && alone.len() == 1
        {
            let explanation = format!(
                "{from} answered at TTL {earlier} already, and {other} in between: packets go round in circles"
            );
            note(found, *ttl, Finding::Loop, explanation);
        }
    }
}

fn repetitions(survey: &Survey<'_>, lane: &Lane<'_>, walk: &Walk, found: &mut Vec<Observation>) {
    let pairs = walk.iter().zip(walk.iter().skip(1));
    for ((before, one, quoted), (ttl, other, _)) in pairs {
        let ([from], [again]) = (one.as_slice(), other.as_slice()) else { continue };
        let in_loop = found.iter().any(|found| found.finding == Finding::Loop && found.ttl == *before);
        let adjacent = before.get() + 1 == ttl.get() && from == again && !in_loop;
        let unsteady = lane.balanced.iter().any(|other| other == before || other == ttl)
            || survey.changes.iter().any(|change| change.covers(*ttl) || change.covers(*before));
        if !adjacent || unsteady || *quoted == Some(0) {
            continue;
        }
        let cause = match quoted {
            Some(_) => "an MPLS tunnel may end before it",
            None => {
                "an MPLS tunnel may end before it, or a router there pass packets on with TTL 0; this mode \
                     does not see which"
            }
        };
        let explanation = format!("{from} answered at TTL {before} too: {cause}");
        note(found, *ttl, Finding::Repeated, explanation);
    }
}
