//! Whether places can be true: what the round-trip times of a trace say of them.
//!
//! ```
//! use trace_core::model::{Atlas, Trace};
//! use trace_geo::{Chain, judge};
//!
//! /// Where the hops of a trace are, as far as that can be believed.
//! fn places(trace: &Trace, chain: &Chain) -> Atlas {
//!     judge::judge(trace, &chain.atlas(trace.hops.iter().flat_map(|hop| hop.answerers())))
//! }
//! ```
//!
//! # The bound
//!
//! Light in fibre covers 102 km per millisecond of round trip; 107 leaves 5% slack, and what needs more is
//! [`Verdict::Suspect`]. In vacuum it is 149.9, and what needs more is [`Verdict::Impossible`]. The RTT of a
//! hop is the least of those at it or behind it on one flow: a packet that came back from behind had passed
//! it. So a hop may be slower to answer than the ones behind it, and differences of RTTs are never used.
//!
//! 1. From the source to a hop, where it is known ([`Trace::origin`]).
//! 2. From a hop to a later one, in the later one's RTT, also where the source is not known.
//! 3. The closed tour from the source (or from any hop) through any of the hops, in their order, and back, in
//!    twice what the RTT of the last one allows.
//!
//! All hold for any way back. Distances are geodesics on the WGS84 ellipsoid (to within 100 m), less the
//! stated radii. A point that states no radius is a city and gets 25 km. A country is an area: the distance
//! to it is that to the nearest of its parts, less 50 km for what simplified outlines leave out. Coordinates
//! that name a country but no city or region, and state no radius below 200 km, are the default point of that
//! country and count as the area; so do the points that vendors are known to give for a country, whatever
//! radius they state, and 0,0. (In the user's own geofeed only the last.)
//!
//! # Which answers count
//!
//! ICMP answers and echo replies of measured traces, with an RTT, on their flow. A reset or a connection may
//! come from a box nearer than the target. A probe that had to leave its flow, an answer taken over from
//! another trace and an imported trace tell nothing. A flow on which two addresses answered at one TTL, or
//! somebody behind the target, changed its path or is balanced by packet, and is left out.
//!
//! # Who is to blame
//!
//! A bound is broken by places together, and one of them is wrong. The candidates of a whole path are
//! therefore chosen together, so that nothing needs more than light in fibre and the least has to be false. A
//! statement that is taken for false costs 1, a country 0.8, and 0.5, 0.2 and 0.1 more from the user's own
//! geofeed, an exchange point and a host name. What one maker states of one network (AS) is one statement,
//! however many routers it is made of: registries put all routers of a network where its office is. Choosing a
//! country makes every point false, choosing a point no country that it lies in. Of points that say the same
//! the one of the source asked earlier is preferred (by 0.03), the one with the smaller radius (by 0.1 for
//! 200 km), and the one on which another maker's point lies (by 0.1). Light goes no further than it must, so
//! ways that are longer cost more: 0.4 for half the way round the world. An origin from a database is one
//! more candidate; one that the user gave stands firm. The search keeps a bounded number of labels: it never
//! takes what contradicts itself, but it may miss the best choice.
//!
//! Each candidate is then held against those chosen at all other hops, at every TTL and flow where its
//! address answered; the worst verdict is its own. Where one place contradicts one other only, and neither
//! weighs more (by 0.15; what is above, and 0.2 for each other maker that agrees, 0.6 at most), nothing tells
//! which is wrong: both are suspect. Where one of them is the target, and needs more than light in vacuum, it is not
//! placed: routers do not answer from several places, targets may.
//!
//! # What comes of it
//!
//! An impossible candidate is struck; a suspect one is taken where no plausible one stands. None standing
//! leaves the address [`Verdict::Unlocated`], with its AS and no place. If the address is the target and
//! light in fibre would need more than twice the RTT for each candidate, it is [`Verdict::Anycast`]: it
//! answers from several places; so it is, at any hop, if a database says that of an address. Every candidate stays, with its verdict and the reason.
//!
//! The score is 0.5, and 0.3 times the share of the other standing candidates that agree (0 if there are
//! none), and 0.2 times the part of the way round the world that the RTT excludes (1 - 107 km * RTT / 20,004
//! km, at least 0). A suspect place has a quarter of that, an address without a place none.
//!
//! The consistency is the mean over the judged addresses of 1 for a plausible place or area, 0.5 for a
//! suspect one and 0 where none stands. Anycast targets do not count.
//!
//! # Limits
//!
//! * An address without a usable RTT, or with nothing to hold it against (no origin and no other place), is
//!   left as it is, without a verdict.
//! * Near places are not told apart: a wrong place within the bound is plausible.
//! * Countries without an outline are areas that nothing is measured to.

mod choice;
mod claim;
pub(crate) mod course;
mod outline;
mod path;
mod spot;
mod statement;
#[cfg(test)]
mod tests;
mod tour;

use std::net::IpAddr;
use std::sync::Arc;

use trace_core::model::{Atlas, Evidence, Located, Place, Trace, TraceKind, Verdict};

use self::claim::{Subject, subjects};
use self::path::{Board, Ruling};
use self::spot::Spots;
pub(crate) use self::spot::kilometres;
use self::tour::{FIBRE, VACUUM};

/// Half the way round the world along a meridian, in kilometres: no place is further away.
const FURTHEST: f64 = 20_004.0;

/// A judged atlas, and what came of an origin that was itself only a candidate.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The atlas, judged.
    pub atlas: Atlas,
    /// What is to be said of an origin from a database; `None` if the trace has none such, or there was
    /// nothing to hold it against. One that is suspect or impossible was not used against any place.
    pub origin: Option<OriginJudgement>,
}

/// What round-trip times say of an origin from a database.
#[derive(Debug, Clone, PartialEq)]
pub struct OriginJudgement {
    /// Plausible, suspect or impossible.
    pub verdict: Verdict,
    /// Why, in a sentence for a person.
    pub reason: String,
}

/// Judges the places of `atlas` by the round-trip times of `trace`; only the candidates count, not what was
/// chosen of them before, so judging twice changes nothing. No address and no candidate is lost.
///
/// An imported trace is not judged: its atlas comes back as it is.
#[must_use]
pub fn judge(trace: &Trace, atlas: &Atlas) -> Atlas {
    inspect(trace, atlas).atlas
}

/// As [`judge`], and says what came of the origin.
#[must_use]
pub fn inspect(trace: &Trace, atlas: &Atlas) -> Judgement {
    let mut judged = atlas.clone();
    if trace.kind == TraceKind::Imported {
        return Judgement { atlas: judged, origin: None };
    }
    let courses = course::courses(trace);
    let mut spots = Spots::new();
    let origin = trace
        .origin
        .map(|origin| (spots.add(spot::point(origin.coordinates, origin.radius_km)), origin.from));
    let subjects = subjects(&courses, atlas, &mut spots);
    let board = Board::new(&courses, origin, &subjects, &spots);
    let target = trace.target.as_ref().map(|target| target.address);
    let rulings = board.rule();
    let (mut sum, mut count) = (0.0, 0.0);
    for (subject, rulings) in subjects.iter().zip(&rulings.subjects) {
        let Some(located) = settle(subject, rulings, &spots, target) else { continue };
        match located.verdict {
            Some(Verdict::Plausible | Verdict::Area) => (sum, count) = (sum + 1.0, count + 1.0),
            Some(Verdict::Suspect) => (sum, count) = (sum + 0.5, count + 1.0),
            Some(Verdict::Unlocated) => count += 1.0,
            _ => {}
        }
        judged.places.insert(subject.address, located);
    }
    judged.consistency = (count > 0.0).then(|| sum / count);
    let origin =
        rulings.origin.map(|ruling| OriginJudgement { verdict: ruling.verdict, reason: ruling.reason });
    Judgement { atlas: judged, origin }
}

/// Between what a source says of its own answer and what the judge says.
const HELD: &str = "; held against the path: ";

/// What the source said of its answer, also where it has been judged before.
fn own_reason(evidence: &Evidence) -> Option<&str> {
    let reason = evidence.reason.as_deref()?;
    match evidence.verdict {
        None => Some(reason),
        Some(_) => reason.split_once(HELD).map(|(own, _)| own),
    }
}

/// What becomes of an address; `None` if nothing was held against any of its candidates.
fn settle(
    subject: &Subject,
    rulings: &[Option<Ruling>],
    spots: &Spots,
    target: Option<IpAddr>,
) -> Option<Located> {
    let mut located = subject.located.clone();
    if subject.anycast {
        located.verdict = Some(Verdict::Anycast);
        located.place = network(&located.candidates, None);
        (located.source, located.score) = (None, None);
        return Some(located);
    }
    if rulings.iter().all(Option::is_none) {
        return None;
    }
    for (claim, ruling) in subject.claims.iter().zip(rulings) {
        let Some(evidence) = located.candidates.get_mut(claim.evidence) else { continue };
        let unmeasured =
            || (Verdict::Area, "an area whose outline is not known: nothing can be measured".to_owned());
        let (verdict, mut reason) =
            ruling.as_ref().map_or_else(unmeasured, |ruling| (ruling.verdict, ruling.reason.clone()));
        if let Some(own) = own_reason(evidence) {
            reason = format!("{own}{HELD}{reason}");
        }
        evidence.verdict = Some(verdict);
        evidence.reason = Some(reason);
    }
    let verdict_of =
        |index: usize| rulings.get(index).and_then(Option::as_ref).map_or(Verdict::Area, |r| r.verdict);
    // A router that contradicts another router may be right as well as the other. A target has one more way to be
    // wrong, answering from several places: what contradicts it beyond the speed of light is believed.
    let is_target = target == Some(subject.address);
    let too_far = |index: usize| {
        let ruling = rulings.get(index).and_then(Option::as_ref);
        is_target && ruling.is_some_and(|ruling| ruling.speed > VACUUM)
    };
    let standing = |&index: &usize| verdict_of(index) != Verdict::Impossible && !too_far(index);
    let best = (0..subject.claims.len()).filter(standing).min_by(|&one, &other| {
        let rank = |index: usize| (verdict_of(index) == Verdict::Suspect, subject.pick() != Some(index));
        let weight = |index: usize| subject.claims.get(index).map_or(0.0, |claim| claim.weight);
        rank(one).cmp(&rank(other)).then(weight(other).total_cmp(&weight(one)))
    });
    let chosen = best.and_then(|best| {
        let claim = subject.claims.get(best)?;
        Some((best, claim, located.candidates.get(claim.evidence)?))
    });
    let Some((best, claim, evidence)) = chosen else {
        let fast = rulings.iter().flatten().all(|ruling| ruling.speed > 2.0 * FIBRE);
        let anycast = fast && is_target;
        located.verdict = Some(if anycast { Verdict::Anycast } else { Verdict::Unlocated });
        located.place = network(&located.candidates, None);
        (located.source, located.score) = (None, None);
        return Some(located);
    };
    let verdict = verdict_of(best);
    let others: Vec<usize> =
        (0..subject.claims.len()).filter(|&index| index != best).filter(standing).collect();
    let agreeing = others.iter().filter(|&&other| subject.agree(best, other, spots)).count();
    let mut score = 0.5 + 0.2 * (1.0 - FIBRE * subject.rtt / FURTHEST).max(0.0);
    if !others.is_empty() {
        score += 0.3 * share(agreeing, others.len());
    }
    if verdict == Verdict::Suspect {
        score /= 4.0;
    }
    let mut place = evidence.place.clone();
    if claim.is_area() {
        (place.coordinates, place.radius_km) = (None, None);
    }
    let source = match &evidence.built {
        Some(built) => format!("{} {built}", evidence.source).into(),
        None => Arc::clone(&evidence.source),
    };
    located.place = network(&located.candidates, Some(place));
    located.source = Some(source);
    located.verdict = Some(verdict);
    located.score = Some(score);
    Some(located)
}

/// A place with what the candidates know of its network, which does not depend on where it is, and of the
/// name of its country.
fn network(candidates: &[Evidence], chosen: Option<Place>) -> Option<Place> {
    let located = chosen.is_some();
    let mut place = chosen.unwrap_or_default();
    for candidate in candidates {
        let said = &candidate.place;
        let mut other = Place { asn: said.asn, isp: said.isp.clone(), ..Place::default() };
        let standing = !matches!(candidate.verdict, Some(Verdict::Impossible | Verdict::Suspect));
        if located && standing && (place.country_code == said.country_code || place.country_code.is_none()) {
            (other.country_code, other.country) = (said.country_code, said.country.clone());
        }
        place.complete_from(&other);
    }
    (!place.is_empty()).then_some(place)
}

fn share(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) / number(whole).max(1.0)
}
