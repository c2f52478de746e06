//! Who answers how much: rate limits, silence, and routers that answer some protocols only.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::survey::{listed, note};
use super::{Finding, Observation, Survey};
use crate::model::{Hop, ProbeRecord, ProbeResult, Protocol, Ttl};

/// Probes a hop needs before a difference in loss between it and another that loses too means anything.
const ENOUGH: u32 = 20;
/// Probes of a protocol that must all be answered, or none of them, before a router is said to choose: one may be
/// lost or limited.
const SEVERAL: u32 = 2;
/// How many standard deviations such a difference must have.
const DEVIATIONS: f64 = 3.0;

/// How many probes of each protocol tell of a hop, and how many of them were answered.
type Counts = BTreeMap<Option<Protocol>, Count>;

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    sent: u32,
    answered: u32,
}

impl Count {
    fn whole(self) -> bool {
        self.sent > 0 && self.answered >= self.sent
    }

    fn loss(self) -> f64 {
        1.0 - f64::from(self.answered) / f64::from(self.sent.max(1))
    }
}

pub(super) fn observe(survey: &Survey<'_>, found: &mut Vec<Observation>) {
    let hops = &survey.trace.hops;
    let counts: Vec<Counts> = hops.iter().map(|hop| counts(survey, hop)).collect();
    for ((index, hop), own) in hops.iter().enumerate().zip(&counts) {
        let behind = hops.get(index + 1..).unwrap_or_default();
        let behind_counts = counts.get(index + 1..).unwrap_or_default();
        for (protocol, here) in own {
            let there = behind
                .iter()
                .zip(behind_counts)
                .filter_map(|(hop, counts)| counts.get(protocol).map(|there| (hop.ttl, *there)));
            rate_limit(hop.ttl, *here, there, found);
        }
        silence(hop, behind, found);
        let before = index.checked_sub(1).and_then(|before| hops.get(before));
        selection(before, (hop, own), (behind, behind_counts), found);
        let answerers = hop.answerers();
        if answerers.len() > 1 {
            let explanation = format!("{} addresses answered: {}", answerers.len(), listed(answerers));
            note(found, hop.ttl, Finding::SeveralAnswerers, explanation);
        }
    }
}

fn counts(survey: &Survey<'_>, hop: &Hop) -> Counts {
    let mut counts = Counts::new();
    for probe in hop.probes.iter().filter(|probe| survey.counts(hop.ttl, probe)) {
        let answered = match &probe.result {
            ProbeResult::Answered(reply) if reply.inherited_from.is_none() => 1,
            ProbeResult::Silent => 0,
            ProbeResult::Answered(_) | ProbeResult::Unsent { .. } => continue,
        };
        let count = counts.entry(probe.protocol).or_default();
        count.sent += 1;
        count.answered += answered;
    }
    counts
}

fn rate_limit(
    ttl: Ttl,
    here: Count,
    mut behind: impl Iterator<Item = (Ttl, Count)>,
    found: &mut Vec<Observation>,
) {
    if here.answered == 0 || here.whole() {
        return;
    }
    if let Some((other, there)) = behind.find(|(_, there)| is_limit(here, *there)) {
        note(found, ttl, Finding::RateLimited, limited(here, other, there));
    }
}

fn limited(here: Count, ttl: Ttl, there: Count) -> String {
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
fn is_limit(here: Count, there: Count) -> bool {
    if there.whole() {
        // A handful of probes says nothing of a hundred.
        return there.sent.saturating_mul(2) >= here.sent;
    }
    let (n, m) = (f64::from(here.sent), f64::from(there.sent));
    let pooled = (here.loss() * n + there.loss() * m) / (n + m);
    let deviation = (pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m)).sqrt();
    here.sent >= ENOUGH && there.sent >= ENOUGH && here.loss() - there.loss() > DEVIATIONS * deviation
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
    before: Option<&Hop>,
    (hop, own): (&Hop, &Counts),
    (behind, behind_counts): (&[Hop], &[Counts]),
    found: &mut Vec<Observation>,
) {
    let passes = |protocol: &Option<Protocol>| {
        behind_counts.iter().any(|counts| counts.get(protocol).is_some_and(|there| there.answered > 0))
    };
    let (mut whole, mut refused) = (Vec::new(), Vec::new());
    for (protocol, here) in own.iter().filter(|(_, here)| here.sent >= SEVERAL) {
        match protocol {
            Some(named) if here.whole() => whole.push(*named),
            Some(named) if here.answered == 0 && passes(protocol) => refused.push(*named),
            _ => {}
        }
    }
    if whole.is_empty() || refused.is_empty() {
        return;
    }
    // Protocols may go different ways. Where they meet before and behind, that is unlikely.
    let around = |protocol| [before, behind.first()].map(|hop| hop.map(|hop| answerers(hop, protocol)));
    let ways: Vec<_> = whole.iter().chain(&refused).map(|protocol| around(*protocol)).collect();
    let meet = ways.iter().zip(ways.iter().skip(1)).all(|(one, other)| one == other)
        && ways.first().is_some_and(|way| way.iter().flatten().all(|answerers| !answerers.is_empty()));
    if meet {
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
