//! What was done to the packets on their way, as those who answer quote them.

use super::survey::note;
use super::{Finding, Observation, Survey};
use crate::model::Ttl;

pub(super) fn observe(survey: &Survey<'_>, found: &mut Vec<Observation>) {
    zero_ttl(survey, found);
    for seen in survey.by_lane(|answer| answer.reply.quoted.map(|quoted| quoted.nat)) {
        translation(survey, &seen, found);
    }
    if let Some(settings) = &survey.trace.settings {
        for seen in survey.by_lane(|answer| answer.reply.quoted.map(|quoted| quoted.tos)) {
            let dscp: Vec<_> = seen.iter().map(|tos| tos.map(|tos| tos >> 2)).collect();
            for (ttl, was, is) in steps(survey, settings.tos >> 2, &dscp) {
                let explanation = format!(
                    "packets arrive with DSCP {is} in place of {was}: it was rewritten between the hop before and here"
                );
                note(found, ttl, Finding::DscpChanged, explanation);
            }
            let ecn: Vec<_> = seen.iter().map(|tos| tos.map(|tos| tos & 0b11)).collect();
            for (ttl, was, is) in steps(survey, settings.tos & 0b11, &ecn) {
                note(found, ttl, Finding::EcnChanged, ecn_words(was, is));
            }
        }
    }
}

fn zero_ttl(survey: &Survey<'_>, found: &mut Vec<Observation>) {
    for lane in &survey.lanes {
        for answer in lane.answers.iter().filter(|answer| answer.exceeded()) {
            if answer.reply.quoted.is_some_and(|quoted| quoted.ttl == 0) {
                let from = answer.reply.from;
                let next = answer.ttl.saturating_add(1);
                let again = lane.at(next).iter().any(|other| other.reply.from == from);
                let again = if again { format!(" (and at TTL {next} too)") } else { String::new() };
                let explanation = format!(
                    "the packet that {from} quotes had TTL 0{again}: a router before it passed it on instead of \
                     answering, and stays hidden"
                );
                note(found, answer.ttl, Finding::ZeroTtl, explanation);
            }
        }
    }
}

/// A translator rewrites what everybody behind it sees; one router that quotes badly is none.
fn translation(survey: &Survey<'_>, seen: &[Option<bool>], found: &mut Vec<Observation>) {
    let Some(first) = seen.iter().position(|nat| *nat == Some(true)) else { return };
    let behind = seen.get(first + 1..).unwrap_or_default();
    let count = |value| behind.iter().filter(|nat| **nat == Some(value)).count();
    if count(false) > count(true) {
        return;
    }
    if let Some(ttl) = survey.ttl(first) {
        let explanation = "the packet it quotes has another address, port or checksum than was sent: a translator \
                           (NAT) stands between the hop before and here";
        note(found, ttl, Finding::Nat, explanation.to_owned());
    }
}

/// Where a value that was sent as `sent` changes, with the value before and after. A hop whose neighbours on both sides
/// agree against it quotes badly.
fn steps(survey: &Survey<'_>, sent: u8, seen: &[Option<u8>]) -> Vec<(Ttl, u8, u8)> {
    let known: Vec<(usize, u8)> =
        seen.iter().enumerate().filter_map(|(index, value)| Some((index, (*value)?))).collect();
    let mut steps = Vec::new();
    let mut before = sent;
    for (place, (index, value)) in known.iter().enumerate() {
        let reverts = known.get(place + 1).is_some_and(|(_, next)| *next == before);
        if *value == before || reverts {
            continue;
        }
        steps.extend(survey.ttl(*index).map(|ttl| (ttl, before, *value)));
        before = *value;
    }
    steps
}

fn ecn_words(was: u8, is: u8) -> String {
    const CONGESTION_EXPERIENCED: u8 = 0b11;
    let meaning = match (was, is) {
        (_, CONGESTION_EXPERIENCED) => "a router on the way is congested",
        (_, 0) => "it was cleared between the hop before and here, and congestion can no longer be signalled",
        _ => "it was rewritten between the hop before and here",
    };
    format!("packets arrive with ECN {is:02b} in place of {was:02b}: {meaning}")
}
