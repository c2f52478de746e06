//! The candidates of the addresses that can be judged.

use std::cell::Cell;
use std::net::IpAddr;

use trace_core::model::{Atlas, Evidence, Located};

use super::course::Stop;
use super::spot::{Said, Spot, Spots, is_own, said};

/// How near two points have to be beyond their radii to agree, in kilometres.
const NEAR: f64 = 50.0;

/// A candidate that says where an address is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claim {
    /// Its number among all candidates of the address.
    pub(super) evidence: usize,
    said: Said,
    /// The number of its spot, if distances to it can be measured.
    pub(super) spot: Option<usize>,
    pub(super) weight: f64,
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

    fn weigh(&mut self, spots: &Spots) {
        let weights: Vec<f64> = (0..self.claims.len()).map(|index| self.weight(index, spots)).collect();
        for (claim, weight) in self.claims.iter_mut().zip(weights) {
            claim.weight = weight;
        }
    }

    fn weight(&self, index: usize, spots: &Spots) -> f64 {
        let Some(claim) = self.claims.get(index) else { return 0.0 };
        let mut weight: f64 = if claim.is_area() { 0.95 } else { 1.0 };
        let mut agreeing = 0.0;
        let mut first = index;
        for (other_index, other) in self.claims.iter().enumerate().filter(|(other, _)| *other != index) {
            if self.agree(index, other_index, spots) {
                agreeing += 0.2;
                // A point comes as early as the country that it makes precise.
                if other.is_area() {
                    first = first.min(other_index);
                }
            }
        }
        let before = f64::from(u32::try_from(first).unwrap_or(u32::MAX)) * 0.06;
        weight += f64::min(agreeing, 0.6) - f64::min(before, 0.6);
        if self.located.candidates.get(claim.evidence).is_some_and(is_own) {
            weight += 0.5;
        }
        weight
    }
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
        let source = located.source.clone().unwrap_or_else(|| "atlas".to_owned());
        let own = Evidence { source, built: None, place: place.clone(), verdict: None, reason: None };
        located.candidates.push(own);
    }
    // The user asks that the address not be placed.
    if located.candidates.first().is_some_and(|first| is_own(first) && first.place.is_empty()) {
        return None;
    }
    let claims: Vec<Claim> = located
        .candidates
        .iter()
        .enumerate()
        .filter_map(|(evidence, candidate)| {
            let said = said(candidate);
            let spot = match said {
                Said::Nothing => return None,
                Said::Somewhere => None,
                Said::Spot(spot) => Some(spots.add(spot)),
            };
            Some(Claim { evidence, said, spot, weight: 0.0 })
        })
        .collect();
    let subject = Subject { address: stop.address, located, claims, rtt: stop.rtt, pick: Cell::new(None) };
    (!subject.claims.is_empty()).then_some(subject)
}
