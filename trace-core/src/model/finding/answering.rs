//! Who answers how much: rate limits, silence, and routers that answer some protocols only.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::survey::{listed, note};
use super::{Finding, Observation, Survey};
use crate::model::{Hop, ProbeRecord, ProbeResult, Protocol, Statistics, Ttl};

/// Probes a hop needs before a difference in loss between it and another that loses too means anything.
const ENOUGH: u32 = 20;
/// Probes of a protocol that must all be answered, or none of them, before a router is said to choose: one may be
/// lost or limited.
const SEVERAL: u32 = 2;
/// How many standard deviations such a difference must have.
const DEVIATIONS: f64 = 3.0;

pub(super) fn observe(survey: &Survey<'_>, found: &mut Vec<Observation>) {
    let hops = &survey.trace.hops;
    for (index, hop) in hops.iter().enumerate() {
        let behind = hops.get(index + 1..).unwrap_or_default();
        for protocol in protocols(hop) {
            rate_limit(survey, hop, behind, protocol, found);
        }
        silence(hop, behind, found);
        let before = index.checked_sub(1).and_then(|before| hops.get(before));
        selection(survey, before, hop, behind, found);
        let answerers = hop.answerers();
        if answerers.len() > 1 {
            let explanation = format!("{} addresses answered: {}", answerers.len(), listed(answerers));
            note(found, hop.ttl, Finding::SeveralAnswerers, explanation);
        }
    }
}

/// The protocols that were sent to a hop.
fn protocols(hop: &Hop) -> Vec<Option<Protocol>> {
    let mut protocols: Vec<_> = hop.probes.iter().map(|probe| probe.protocol).collect();
    protocols.sort_unstable();
    protocols.dedup();
    protocols
}

fn rate_limit(
    survey: &Survey<'_>,
    hop: &Hop,
    behind: &[Hop],
    protocol: Option<Protocol>,
    found: &mut Vec<Observation>,
) {
    let of = |hop: &Hop| survey.statistics_of(hop, |probe| probe.protocol == protocol);
    let here = of(hop);
    if here.answered == 0 || here.answered >= here.sent {
        return;
    }
    let witness = behind
        .iter()
        .map(|hop| (hop.ttl, of(hop)))
        .find(|(_, there)| there.sent > 0 && is_limit(&here, there));
    if let Some((ttl, there)) = witness {
        note(found, hop.ttl, Finding::RateLimited, limited(&here, ttl, &there));
    }
}

fn limited(here: &Statistics, ttl: Ttl, there: &Statistics) -> String {
    let (unanswered, sent) = (here.sent - here.answered, here.sent);
    let (lost, probes) = (there.sent.saturating_sub(there.answered), there.sent);
    let behind = match lost {
        0 => format!("all {probes} to TTL {ttl} behind it were answered"),
        _ => format!("only {lost} of {probes} to TTL {ttl} behind it"),
    };
    format!(
        "{unanswered} of {sent} probes were not answered, but {behind}: it limits its answers and loses nothing"
    )
}

/// Whether what is missing here was not lost on the way to a hop behind.
fn is_limit(here: &Statistics, there: &Statistics) -> bool {
    if there.answered >= there.sent {
        // A handful of probes says nothing of a hundred.
        return there.sent.saturating_mul(2) >= here.sent;
    }
    let (Some(here_lost), Some(there_lost)) = (here.loss(), there.loss()) else { return false };
    let (n, m) = (f64::from(here.sent), f64::from(there.sent));
    let pooled = (here_lost * n + there_lost * m) / (n + m);
    let deviation = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    here.sent >= ENOUGH && there.sent >= ENOUGH && here_lost - there_lost > DEVIATIONS * deviation
}

fn silence(hop: &Hop, behind: &[Hop], found: &mut Vec<Observation>) {
    let asked = hop.probes.iter().filter(|probe| matches!(probe.result, ProbeResult::Silent)).count();
    if hop.answered() || asked == 0 {
        return;
    }
    if let Some(other) = behind.iter().find(|hop| hop.answered()) {
        let ttl = other.ttl;
        let explanation =
            format!("none of {asked} probes was answered, but packets pass: TTL {ttl} behind it answers");
        note(found, hop.ttl, Finding::Silent, explanation);
    }
}

fn selection(
    survey: &Survey<'_>,
    before: Option<&Hop>,
    hop: &Hop,
    behind: &[Hop],
    found: &mut Vec<Observation>,
) {
    let own = |protocol| move |probe: &ProbeRecord| probe.protocol == Some(protocol);
    let of = |hop: &Hop, protocol| survey.statistics_of(hop, own(protocol));
    let whole: Vec<Protocol> = Protocol::ALL
        .iter()
        .copied()
        .filter(|&protocol| {
            let here = of(hop, protocol);
            here.sent >= SEVERAL && here.answered == here.sent
        })
        .collect();
    let refused: Vec<Protocol> = Protocol::ALL
        .iter()
        .copied()
        .filter(|&protocol| {
            let here = of(hop, protocol);
            here.sent >= SEVERAL
                && here.answered == 0
                && behind.iter().any(|hop| of(hop, protocol).answered > 0)
        })
        .collect();
    // Protocols may go different ways. Where they meet before and behind, that is unlikely.
    let around = |protocol| [before, behind.first()].map(|hop| hop.map(|hop| answerers(hop, protocol)));
    let ways: Vec<_> = whole.iter().chain(&refused).map(|protocol| around(*protocol)).collect();
    let meet = ways.iter().zip(ways.iter().skip(1)).all(|(one, other)| one == other)
        && ways.first().is_some_and(|way| way.iter().flatten().all(|answerers| !answerers.is_empty()));
    if !whole.is_empty() && !refused.is_empty() && meet {
        let explanation = format!(
            "probes by {} are answered and those by {} are not, though packets of both pass: it chooses what it \
             answers, or another router stands here for each",
            listed(whole),
            listed(refused)
        );
        note(found, hop.ttl, Finding::Selective, explanation);
    }
}

/// Who answered probes of a protocol.
fn answerers(hop: &Hop, protocol: Protocol) -> BTreeSet<IpAddr> {
    let probes = hop.probes.iter().filter(|probe| probe.protocol == Some(protocol));
    probes.filter_map(ProbeRecord::reply).map(|reply| reply.from).collect()
}
