//! Load balancing: by packet, where one flow goes several ways, and by flow.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::survey::{Answer, Lane, listed, note};
use super::{Finding, Observation, Survey};
use crate::model::{Protocol, Ttl};

/// Changes of the answerer at a TTL over the rounds from which on they count as balancing, if they come often.
const MANY_SWITCHES: usize = 3;
/// Answers from one address in a row, on the average, up to which changes count as coming often.
const SHORT_STRETCH: usize = 3;

/// The TTLs at which the packets of a lane go several ways in a manner that no change of the path at one moment can explain.
///
/// Within a round: an answerer that comes back after another, or two TTLs that change at different times. Over the
/// rounds: changes all the time.
pub(super) fn per_packet(lane: &Lane<'_>) -> Vec<Ttl> {
    let mut balanced = BTreeSet::new();
    // Where a round could be explained by one change at one moment: the TTL, and between when and when.
    let mut single: BTreeMap<u32, Vec<(Ttl, Duration, Duration)>> = BTreeMap::new();
    for ttl in lane.ttls() {
        let answers = lane.at(ttl);
        let switches = switches(answers);
        if switches.len() >= MANY_SWITCHES && answers.len() <= SHORT_STRETCH * (switches.len() + 1) {
            balanced.insert(ttl);
        }
        let mut rounds: BTreeMap<u32, Vec<(Duration, Duration)>> = BTreeMap::new();
        for (before, after) in switches {
            if before.round == after.round
                && let (Some(from), Some(to)) = (before.sent, after.sent)
            {
                rounds.entry(after.round).or_default().push((from, to));
            }
        }
        for (round, switches) in rounds {
            match switches.as_slice() {
                [(from, to)] => single.entry(round).or_default().push((ttl, *from, *to)),
                _ => {
                    balanced.insert(ttl);
                }
            }
        }
    }
    for switches in single.values() {
        let latest_start = switches.iter().map(|(_, from, _)| from).max();
        let earliest_end = switches.iter().map(|(_, _, to)| to).min();
        if switches.len() > 1 && latest_start >= earliest_end {
            balanced.extend(switches.iter().map(|(ttl, ..)| *ttl));
        }
    }
    balanced.into_iter().collect()
}

/// The pairs of answers in a row that came from different addresses.
fn switches<'a, 'b>(answers: &'b [Answer<'a>]) -> Vec<(&'b Answer<'a>, &'b Answer<'a>)> {
    let pairs = answers.iter().zip(answers.iter().skip(1));
    pairs.filter(|(a, b)| a.reply.from != b.reply.from).collect()
}

pub(super) fn observe(survey: &Survey<'_>, found: &mut Vec<Observation>) {
    for lane in &survey.lanes {
        for &ttl in &lane.balanced {
            let answerers: BTreeSet<IpAddr> = lane.at(ttl).iter().map(|answer| answer.reply.from).collect();
            let explanation = format!(
                "packets of one flow were answered by {} in turn, which no change of the path explains: they are \
                 balanced packet by packet",
                listed(answerers)
            );
            note(found, ttl, Finding::PerPacketBalancing, explanation);
        }
    }
    let mut protocols: Vec<Option<Protocol>> = survey.lanes.iter().map(|lane| lane.protocol).collect();
    protocols.dedup();
    for protocol in protocols {
        for hop in &survey.trace.hops {
            per_flow(survey, protocol, hop.ttl, found);
        }
    }
}

fn per_flow(survey: &Survey<'_>, protocol: Option<Protocol>, ttl: Ttl, found: &mut Vec<Observation>) {
    let lanes = || survey.lanes.iter().filter(|lane| lane.protocol == protocol);
    if lanes().any(|lane| !lane.keeps_flow || lane.balanced.contains(&ttl)) {
        return;
    }
    // Who answers how many flows, and how many of these more than once: an answer alone shows no constancy.
    let mut answerers: BTreeMap<IpAddr, (usize, usize)> = BTreeMap::new();
    for lane in lanes() {
        let mut from = lane.at(ttl).iter().map(|answer| answer.reply.from);
        let Some(first) = from.next() else { continue };
        let others: Vec<IpAddr> = from.collect();
        if others.iter().all(|other| *other == first) {
            let (flows, constant) = answerers.entry(first).or_default();
            *flows += 1;
            *constant += usize::from(!others.is_empty());
        }
    }
    if answerers.values().filter(|(_, constant)| *constant > 0).count() < 2 {
        return;
    }
    let flows: usize = answerers.values().map(|(flows, _)| flows).sum();
    let shares = answerers.iter().enumerate().map(|(place, (address, (flows, _)))| match place {
        0 => format!("{flows} are answered by {address}"),
        _ => format!("{flows} by {address}"),
    });
    let explanation =
        format!("of {flows} flows {}, each always by the same: they are balanced by flow", listed(shares));
    note(found, ttl, Finding::PerFlowBalancing, explanation);
}
