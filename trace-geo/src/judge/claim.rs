//! The candidates of the addresses that can be judged.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::net::IpAddr;

use trace_core::model::{Asn, Atlas, Evidence, Located};

use super::choice::Candidate;
use super::course::Stop;
use super::spot::{Said, Spot, Spots, is_own, said};
use super::statement::{Author, Ledger, Statements};
use crate::mmdb::record::ANYCAST;

/// How near two points have to be beyond their radii to agree, in kilometres.
const NEAR: f64 = 50.0;
/// What a country weighs; a point weighs 1.
const AREA: f64 = 0.8;
/// What is added to a point on which another maker's point lies.
const CLOSE: f64 = 0.1;

/// A candidate that says where an address is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claim {
    /// Its number among all candidates of the address.
    pub(super) evidence: usize,
    said: Said,
    /// The number of its spot, if distances to it can be measured.
    pub(super) spot: Option<usize>,
    pub(super) weight: f64,
    /// The part of the weight that does not come from the agreement of others.
    pub(super) merit: f64,
}

impl Claim {
    pub(super) const fn is_area(&self) -> bool {
        !matches!(self.said, Said::Spot(Spot::Point(..)))
    }
}

/// An address with something to judge.
pub(super) struct Subject {
    pub(super) address: IpAddr,
    /// What is known of it, with all candidates.
    pub(super) located: Located,
    pub(super) claims: Vec<Claim>,
    /// The least RTT at or behind it on any flow, in milliseconds.
    pub(super) rtt: f64,
    /// A source says that it answers from several places.
    pub(super) anycast: bool,
    /// The claim chosen with those of the other addresses.
    pick: Cell<Option<usize>>,
}

impl Subject {
    pub(super) const fn pick(&self) -> Option<usize> {
        self.pick.get()
    }

    pub(super) fn choose(&self, pick: Option<usize>) {
        self.pick.set(pick);
    }

    /// Whether two claims mean the same place, or the place and its country.
    pub(super) fn agree(&self, one: usize, other: usize, spots: &Spots) -> bool {
        let claim = |index: usize| {
            let claim = self.claims.get(index)?;
            Some((claim, self.located.candidates.get(claim.evidence)?.place.country_code))
        };
        let (Some((one, code)), Some((other, other_code))) = (claim(one), claim(other)) else { return false };
        let apart = one.spot.zip(other.spot).map(|(one, other)| spots.apart(one, other));
        match (code, other_code) {
            (Some(code), Some(other_code)) if one.is_area() || other.is_area() => code == other_code,
            _ if one.is_area() && other.is_area() => false,
            _ => {
                apart.is_some_and(|apart| apart <= if one.is_area() || other.is_area() { 0.0 } else { NEAR })
            }
        }
    }

    /// Whether a claim can be chosen and another one be no less true. A country says nothing for a city in it.
    pub(super) fn endorses(&self, chosen: usize, other: usize, spots: &Spots) -> bool {
        let is_area = |index: usize| self.claims.get(index).is_some_and(Claim::is_area);
        self.agree(chosen, other, spots) && (is_area(other) || !is_area(chosen))
    }

    fn weigh(&mut self, spots: &Spots) {
        let weights: Vec<(f64, f64)> =
            (0..self.claims.len()).map(|index| self.weight(index, spots)).collect();
        for (claim, (merit, agreement)) in self.claims.iter_mut().zip(weights) {
            claim.weight = cost(claim) + merit + agreement;
            claim.merit = merit;
        }
    }

    /// What speaks for a claim rather than another that says the same, and what others add to it.
    fn weight(&self, index: usize, spots: &Spots) -> (f64, f64) {
        let Some((claim, evidence)) = self.claim(index) else { return (0.0, 0.0) };
        let mut merit = precision(evidence);
        let (mut agreeing, mut closest) = (BTreeSet::new(), f64::INFINITY);
        let mut first = index;
        for (other_index, other) in self.claims.iter().enumerate().filter(|(other, _)| *other != index) {
            let Some((_, said)) = self.claim(other_index) else { continue };
            if !self.agree(index, other_index, spots) {
                continue;
            }
            // A point comes as early as the country that it makes precise.
            if other.is_area() {
                first = first.min(other_index);
            }
            // Who sells two databases says a thing once.
            if maker(said) == maker(evidence) {
                continue;
            }
            agreeing.insert(maker(said));
            if let (false, Some((one, other))) = (other.is_area(), claim.spot.zip(other.spot)) {
                closest = closest.min(spots.centres_apart(one, other));
            }
        }
        if !claim.is_area() {
            merit += CLOSE * (1.0 - closest / NEAR).max(0.0);
            let radius = evidence.place.radius_km.filter(|radius| radius.is_finite()).unwrap_or(0.0);
            merit -= 0.1 * (radius / 200.0).clamp(0.0, 1.0);
        }
        let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        (merit - f64::min(count(first) * 0.03, 0.3), f64::min(count(agreeing.len()) * 0.2, 0.6))
    }

    /// The statements that the claims make, by their numbers.
    pub(super) fn state<'a>(&'a self, number: usize, ledger: &mut Ledger<'a>, spots: &Spots) -> Vec<usize> {
        let network = self.located.candidates.iter().find_map(|candidate| candidate.place.asn);
        let about = network.map(Asn::get).ok_or(number);
        let state = |index: usize| {
            let (claim, evidence) = self.claim(index)?;
            let author = Author { maker: maker(evidence), about };
            let cost = cost(claim) + precision(evidence);
            Some(match claim.spot {
                Some(spot) => ledger.number(author, spot, cost, spots),
                None => ledger.costs.add(0.0),
            })
        };
        (0..self.claims.len()).filter_map(state).collect()
    }

    /// The claims that distances can be measured to, as candidates for a path.
    pub(super) fn candidates(&self, stated: &[usize], spots: &Spots) -> Vec<(usize, Candidate)> {
        let candidate = |(index, claim): (usize, &Claim)| {
            let rejects = self.rejects(Some(index), stated, spots);
            Some((index, Candidate { spot: claim.spot?, merit: claim.merit, rejects }))
        };
        self.claims.iter().enumerate().filter_map(candidate).collect()
    }

    /// The statements, of those with these numbers, that are false if a claim is true, or if none is.
    pub(super) fn rejects(&self, chosen: Option<usize>, stated: &[usize], spots: &Spots) -> Statements {
        let mut rejects = Statements::default();
        for (claim, number) in stated.iter().enumerate() {
            if chosen.is_none_or(|chosen| chosen != claim && !self.endorses(chosen, claim, spots)) {
                rejects.insert(*number);
            }
        }
        rejects
    }

    fn claim(&self, index: usize) -> Option<(&Claim, &Evidence)> {
        let claim = self.claims.get(index)?;
        Some((claim, self.located.candidates.get(claim.evidence)?))
    }
}

/// What it costs to take a claim for false.
const fn cost(claim: &Claim) -> f64 {
    if claim.is_area() { AREA } else { 1.0 }
}

/// How much more than a database a source weighs that is about routers.
fn precision(evidence: &Evidence) -> f64 {
    let kind = evidence.source.split(':').next().unwrap_or_default();
    match kind {
        _ if is_own(evidence) => 0.5,
        "ix" => 0.2,
        "hostname" => 0.1,
        _ => 0.0,
    }
}

/// Whose data it is: what one maker says twice is one word.
fn maker(evidence: &Evidence) -> &str {
    let source = &*evidence.source;
    let name = source.strip_prefix("mmdb:").unwrap_or(source);
    let starts =
        |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    for (prefix, maker) in [
        ("GeoLite2", "MaxMind"),
        ("GeoIP2", "MaxMind"),
        ("DBIP", "DB-IP"),
        ("ipinfo", "IPinfo"),
        ("IP2LOCATION", "IP2Location"),
    ] {
        if starts(prefix) {
            return maker;
        }
    }
    source
}

/// The addresses on the courses that have at least one candidate with a place, each once.
pub(super) fn subjects(courses: &[Vec<Stop>], atlas: &Atlas, spots: &mut Spots) -> Vec<Subject> {
    let mut subjects: Vec<Subject> = Vec::new();
    for stop in courses.iter().flatten() {
        if let Some(known) = subjects.iter_mut().find(|subject| subject.address == stop.address) {
            known.rtt = known.rtt.min(stop.rtt);
        } else if let Some(located) = atlas.get(stop.address) {
            subjects.extend(subject(stop, located.clone(), spots));
        }
    }
    spots.measure();
    for subject in &mut subjects {
        subject.weigh(spots);
    }
    subjects
}

fn subject(stop: &Stop, mut located: Located, spots: &mut Spots) -> Option<Subject> {
    // A place that nobody gave evidence for is its own.
    if let (true, Some(place)) = (located.candidates.is_empty(), &located.place) {
        let source = located.source.clone().unwrap_or_else(|| "atlas".into());
        let own = Evidence { source, built: None, place: place.clone(), verdict: None, reason: None };
        located.candidates.push(own);
    }
    // The user asks that the address not be placed.
    if located.candidates.first().is_some_and(|first| is_own(first) && first.place.is_empty()) {
        return None;
    }
    let is_anycast =
        |candidate: &Evidence| candidate.reason.as_ref().is_some_and(|reason| reason.starts_with(ANYCAST));
    let anycast = located.candidates.iter().any(is_anycast);
    let claims: Vec<Claim> = located
        .candidates
        .iter()
        .enumerate()
        .filter_map(|(evidence, candidate)| {
            let said = said(candidate);
            let spot = match said {
                Said::Nothing => return None,
                // Where it is said to be binds nobody else.
                Said::Spot(_) if anycast => None,
                Said::Somewhere => None,
                Said::Spot(spot) => Some(spots.add(spot)),
            };
            Some(Claim { evidence, said, spot, weight: 0.0, merit: 0.0 })
        })
        .collect();
    let subject =
        Subject { address: stop.address, located, claims, rtt: stop.rtt, anycast, pick: Cell::new(None) };
    (!subject.claims.is_empty()).then_some(subject)
}
