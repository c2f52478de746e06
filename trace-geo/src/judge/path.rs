//! All courses of a trace with what is chosen along them, and the verdict on every candidate.

use std::collections::BTreeSet;

use trace_core::model::{OriginSource, Verdict};

use super::choice::{Candidate, Choices, choose};
use super::claim::Subject;
use super::course::Stop;
use super::spot::Spots;
use super::statement::{Ledger, Statements};
use super::tour::{FIBRE, Placed, Strain, VACUUM, hardest_pair, hardest_tour};

/// What an origin from a database weighs.
const ORIGIN_WEIGHT: f64 = 1.0;
/// By how much one of two places that contradict one another has to outweigh the other.
const DECIDES: f64 = 0.15;

/// What is said of a candidate.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ruling {
    pub(super) verdict: Verdict,
    pub(super) reason: String,
    /// The speed it needs, in kilometres per millisecond of round trip.
    pub(super) speed: f64,
}

/// What is said of everything.
pub(super) struct Rulings {
    /// Per subject and claim; `None` for what nothing could be held against.
    pub(super) subjects: Vec<Vec<Option<Ruling>>>,
    /// Of an origin from a database.
    pub(super) origin: Option<Ruling>,
}

/// Who stands at a place on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Owner {
    Origin,
    Subject(usize),
}

/// The stops with a subject, and the subject of each.
struct Course<'a> {
    stops: Vec<(&'a Stop, usize)>,
}

/// A ruling in the making, over all courses.
struct Trial {
    ruling: Ruling,
    /// Every course that speaks against it does so by this one alone.
    rival: Option<Owner>,
}

/// The courses, the subjects on them and the distances.
pub(super) struct Board<'a> {
    courses: Vec<Course<'a>>,
    origin: Option<(usize, OriginSource)>,
    subjects: &'a [Subject],
    spots: &'a Spots,
    /// Whether the origin counts; only one from a database can fall.
    origin_stands: bool,
}

impl<'a> Board<'a> {
    pub(super) fn new(
        courses: &'a [Vec<Stop>],
        origin: Option<(usize, OriginSource)>,
        subjects: &'a [Subject],
        spots: &'a Spots,
    ) -> Self {
        let with_subject = |stop: &'a Stop| {
            let subject = subjects.iter().position(|subject| subject.address == stop.address)?;
            Some((stop, subject))
        };
        let courses = courses
            .iter()
            .map(|course| Course { stops: course.iter().filter_map(with_subject).collect() })
            .collect();
        let mut board = Self { courses, origin, subjects, spots, origin_stands: origin.is_some() };
        board.choose();
        board
    }

    fn is_candidate(&self) -> bool {
        self.origin.is_some_and(|(_, from)| from == OriginSource::Database)
    }

    /// Chooses along each course, and of what the courses chose for an address what most did.
    fn choose(&mut self) {
        let mut votes: Vec<Vec<u32>> =
            self.subjects.iter().map(|subject| vec![0; subject.claims.len()]).collect();
        let (mut with, mut without) = (0_u32, 0_u32);
        let mut ledger = Ledger::default();
        let stated: Vec<Vec<usize>> = (0..)
            .zip(self.subjects)
            .map(|(index, subject)| subject.state(index, &mut ledger, self.spots))
            .collect();
        let start = ledger.costs.add(ORIGIN_WEIGHT);
        for course in &self.courses {
            let mut choices = Vec::new();
            if let Some((spot, _)) = self.origin {
                let options = vec![Candidate { spot, merit: 0.0, rejects: Statements::default() }];
                let mut rejects = Statements::default();
                rejects.insert(start);
                let certain = !self.is_candidate();
                choices.push(Choices { address: usize::MAX, options, rejects, certain, rtt: f64::INFINITY });
            }
            let shift = choices.len();
            let mut numbers: Vec<(usize, Vec<usize>)> = Vec::new();
            for (stop, subject) in &course.stops {
                let (Some(who), Some(stated)) = (self.subjects.get(*subject), stated.get(*subject)) else {
                    continue;
                };
                let candidates = who.candidates(stated, self.spots);
                let (claims, options) = candidates.into_iter().unzip();
                let rejects = who.rejects(None, stated, self.spots);
                choices.push(Choices { address: *subject, rejects, options, certain: false, rtt: stop.rtt });
                numbers.push((*subject, claims));
            }
            let picks = choose(&choices, self.spots, &ledger.costs);
            if shift == 1 {
                if picks.first().is_some_and(Option::is_some) { with += 1 } else { without += 1 }
            }
            for ((subject, claims), pick) in numbers.iter().zip(picks.iter().skip(shift)) {
                let claim = pick.and_then(|pick| claims.get(pick));
                if let Some(vote) =
                    claim.and_then(|claim| votes.get_mut(*subject).and_then(|votes| votes.get_mut(*claim)))
                {
                    *vote += 1;
                }
            }
        }
        self.origin_stands = self.origin.is_some() && (!self.is_candidate() || with >= without);
        for (subject, votes) in self.subjects.iter().zip(&votes) {
            let best = votes.iter().enumerate().filter(|(_, votes)| **votes > 0).max_by(|one, other| {
                let weight = |index: usize| subject.claims.get(index).map_or(0.0, |claim| claim.weight);
                one.1.cmp(other.1).then(weight(one.0).total_cmp(&weight(other.0)))
            });
            subject.choose(best.map(|(claim, _)| claim));
        }
        self.mend();
    }

    /// The claims of a subject that distances can be measured to, with their spots and weights.
    fn measured(&self, subject: usize) -> impl Iterator<Item = (usize, usize, f64)> {
        let claims = self.subjects.get(subject).map(|subject| subject.claims.as_slice()).unwrap_or_default();
        claims.iter().enumerate().filter_map(|(index, claim)| Some((index, claim.spot?, claim.weight)))
    }

    /// Takes back what contradicts itself where courses chose differently, the lightest first, and adds what
    /// contradicts nothing.
    fn mend(&mut self) {
        loop {
            let broken = self.subjects.iter().enumerate().filter_map(|(index, subject)| {
                let claim = subject.claims.get(subject.pick()?)?;
                let trial = self.try_claim(Owner::Subject(index), claim.spot?)?;
                (trial.ruling.speed > FIBRE).then_some((claim.weight, index))
            });
            let Some((_, index)) = broken.min_by(|one, other| one.0.total_cmp(&other.0)) else { break };
            if let Some(subject) = self.subjects.get(index) {
                subject.choose(None);
            }
        }
        for (index, subject) in
            self.subjects.iter().enumerate().filter(|(_, subject)| subject.pick().is_none())
        {
            let mut options: Vec<(usize, usize, f64)> = self.measured(index).collect();
            options.sort_by(|one, other| other.2.total_cmp(&one.2));
            let fits = |option: &&(usize, usize, f64)| {
                let trial = self.try_claim(Owner::Subject(index), option.1);
                trial.is_none_or(|trial| trial.ruling.speed <= FIBRE)
            };
            subject.choose(options.iter().find(fits).map(|(claim, ..)| *claim));
        }
    }

    /// Every claim held against what is chosen at all other hops.
    pub(super) fn rule(&self) -> Rulings {
        let mut demoted: Vec<(Owner, String, f64)> = Vec::new();
        let mut subjects: Vec<Vec<Option<Ruling>>> = Vec::new();
        for (index, subject) in self.subjects.iter().enumerate() {
            let mut rulings = Vec::new();
            for claim in &subject.claims {
                let trial = claim.spot.and_then(|spot| self.try_claim(Owner::Subject(index), spot));
                rulings.push(trial.map(|mut trial| {
                    if trial.ruling.verdict == Verdict::Plausible && claim.is_area() {
                        trial.ruling.verdict = Verdict::Area;
                    }
                    if subject.pick().is_none() {
                        self.weigh_against_rival(&mut trial, claim.weight, &mut demoted);
                    }
                    trial.ruling
                }));
            }
            subjects.push(rulings);
        }
        let mut origin = None;
        if let Some((spot, _)) = self.origin.filter(|_| self.is_candidate()) {
            origin = self.try_claim(Owner::Origin, spot).map(|mut trial| {
                if !self.origin_stands {
                    self.weigh_against_rival(&mut trial, ORIGIN_WEIGHT, &mut demoted);
                }
                trial.ruling
            });
        }
        for (owner, reason, speed) in demoted {
            let suspect = Ruling { verdict: Verdict::Suspect, reason, speed };
            match owner {
                Owner::Origin => origin = Some(suspect),
                Owner::Subject(index) => self.demote(index, &suspect, &mut subjects),
            }
        }
        Rulings { subjects, origin }
    }

    /// Makes what was chosen at a subject suspect, and all its claims that nothing else could be held
    /// against.
    fn demote(&self, index: usize, suspect: &Ruling, subjects: &mut [Vec<Option<Ruling>>]) {
        let (Some(subject), Some(rulings)) = (self.subjects.get(index), subjects.get_mut(index)) else {
            return;
        };
        for (number, (claim, ruling)) in subject.claims.iter().zip(rulings).enumerate() {
            let chosen = subject.pick() == Some(number);
            let worse = ruling.as_ref().is_none_or(|ruling| chosen && ruling.verdict != Verdict::Suspect);
            if claim.spot.is_some() && worse {
                *ruling = Some(suspect.clone());
            }
        }
    }

    /// Where one place speaks against another one only and neither outweighs the other, both are suspect.
    fn weigh_against_rival(&self, trial: &mut Trial, weight: f64, demoted: &mut Vec<(Owner, String, f64)>) {
        let Some(rival) = trial.rival.filter(|_| trial.ruling.speed > FIBRE) else { return };
        let its_weight = match rival {
            Owner::Origin if self.is_candidate() => ORIGIN_WEIGHT,
            Owner::Origin => return,
            Owner::Subject(index) => {
                let subject = self.subjects.get(index);
                let claim = subject.and_then(|subject| subject.claims.get(subject.pick()?));
                claim.map_or(0.0, |claim| claim.weight)
            }
        };
        if its_weight - weight < DECIDES {
            let against = trial.ruling.reason.clone();
            trial.ruling.verdict = Verdict::Suspect;
            trial.ruling.reason = format!("{against}; nothing tells which of the two is wrong");
            let reason =
                format!("nothing tells whether this place is wrong or the one that it excludes: {against}");
            demoted.push((rival, reason, trial.ruling.speed));
        }
    }

    /// Holds one place of an owner against what is chosen for all others, on every course; `None` where there
    /// is nothing to hold it against.
    fn try_claim(&self, owner: Owner, spot: usize) -> Option<Trial> {
        let mut worst: Option<(Strain, Ruling)> = None;
        let mut rivals: Option<BTreeSet<Option<Owner>>> = None;
        // Only where nothing could be chosen does it matter who stands in the way.
        let unplaced = match owner {
            Owner::Origin => !self.origin_stands,
            Owner::Subject(index) => self.subjects.get(index).is_some_and(|subject| subject.pick().is_none()),
        };
        for course in &self.courses {
            let (path, owners) = self.path(course, owner, spot);
            if !owners.contains(&owner) || owners.iter().all(|other| *other == owner) {
                continue;
            }
            let Some(strain) = hardest(&path, &owners, owner, self.spots) else { continue };
            if unplaced && strain.speed() > FIBRE {
                rivals.get_or_insert_default().insert(self.sole_rival(&path, &owners, owner));
            }
            if worst.as_ref().is_none_or(|(worst, _)| strain.speed() > worst.speed()) {
                let verdict = verdict(&strain);
                let reason = self.sentence(course, &path, &owners, owner, &strain);
                worst = Some((strain, Ruling { verdict, reason, speed: strain.speed() }));
            }
        }
        let (_, ruling) = worst?;
        let rival = rivals.filter(|rivals| rivals.len() == 1).and_then(|rivals| rivals.into_iter().next()?);
        Some(Trial { ruling, rival })
    }

    /// The places along a course, with `spot` for `owner`.
    fn path(&self, course: &Course<'_>, owner: Owner, spot: usize) -> (Vec<Placed>, Vec<Owner>) {
        let mut path = Vec::new();
        let mut owners = Vec::new();
        if let Some((origin, _)) = self.origin.filter(|_| self.origin_stands || owner == Owner::Origin) {
            path.push(Placed { stop: None, spot: origin, rtt: f64::INFINITY });
            owners.push(Owner::Origin);
        }
        for (index, (stop, subject)) in course.stops.iter().enumerate() {
            let chosen = if owner == Owner::Subject(*subject) {
                Some(spot)
            } else {
                self.subjects
                    .get(*subject)
                    .and_then(|subject| subject.claims.get(subject.pick()?))
                    .and_then(|claim| claim.spot)
            };
            if let Some(spot) = chosen {
                path.push(Placed { stop: Some(index), spot, rtt: stop.rtt });
                owners.push(Owner::Subject(*subject));
            }
        }
        (path, owners)
    }

    /// Whoever alone speaks against `owner`: without him nothing does.
    fn sole_rival(&self, path: &[Placed], owners: &[Owner], owner: Owner) -> Option<Owner> {
        let others: BTreeSet<Owner> = owners.iter().copied().filter(|other| *other != owner).collect();
        let mut against = others.into_iter().filter(|rival| {
            let (path, owners): (Vec<Placed>, Vec<Owner>) =
                path.iter().zip(owners).filter(|(_, who)| *who == rival || **who == owner).unzip();
            hardest(&path, &owners, owner, self.spots).is_some_and(|strain| strain.speed() > FIBRE)
        });
        let rival = against.next().filter(|_| against.next().is_none())?;
        let (path, owners): (Vec<Placed>, Vec<Owner>) =
            path.iter().zip(owners).filter(|(_, who)| **who != rival).unzip();
        let rest = hardest(&path, &owners, owner, self.spots);
        rest.is_none_or(|strain| strain.speed() <= FIBRE).then_some(rival)
    }

    /// The reason of a ruling, for a person.
    fn sentence(
        &self,
        course: &Course<'_>,
        path: &[Placed],
        owners: &[Owner],
        owner: Owner,
        strain: &Strain,
    ) -> String {
        let name = |index: usize| match path.get(index).and_then(|placed| placed.stop) {
            None => "the origin".to_owned(),
            Some(stop) => course
                .stops
                .get(stop)
                .map_or_else(String::new, |(stop, _)| format!("hop {} ({})", stop.ttl, stop.address)),
        };
        let (start, end) = strain.ends;
        let is_own = |index: usize| owners.get(index) == Some(&owner);
        let half = strain.half.max(0.0);
        let what = if !strain.tour && is_own(end) {
            format!("{half:.0} km from {}", name(start))
        } else if !strain.tour {
            format!("{half:.0} km from {}", name(end))
        } else {
            format!(
                "the tour from {} to {} through this place and back is {:.0} km",
                name(start),
                name(end),
                2.0 * half
            )
        };
        let times = if strain.tour { 2.0 } else { 1.0 };
        let (fibre, vacuum) = (times * FIBRE * strain.rtt, times * VACUUM * strain.rtt);
        let allowed = format!("{:.3} ms allow {fibre:.0} km in fibre", strain.rtt);
        match verdict(strain) {
            Verdict::Impossible => format!("{what}, but {allowed} and {vacuum:.0} km in vacuum"),
            Verdict::Suspect => format!("{what}, but {allowed} (in vacuum {vacuum:.0} km)"),
            _ => format!("{what}; {allowed}"),
        }
    }
}

fn verdict(strain: &Strain) -> Verdict {
    let speed = strain.speed();
    if speed > VACUUM {
        Verdict::Impossible
    } else if speed > FIBRE {
        Verdict::Suspect
    } else {
        Verdict::Plausible
    }
}

/// The hardest tour through any place of `owner`; a pair, which is easier to understand, if it is as bad.
fn hardest(path: &[Placed], owners: &[Owner], owner: Owner, spots: &Spots) -> Option<Strain> {
    let own = || owners.iter().enumerate().filter(|(_, other)| **other == owner).map(|(index, _)| index);
    let worst =
        |found: Vec<Strain>| found.into_iter().max_by(|one, other| one.speed().total_cmp(&other.speed()));
    let pair = worst(own().filter_map(|through| hardest_pair(path, through, spots)).collect());
    let tour = worst(own().filter_map(|through| hardest_tour(path, through, spots)).collect())?;
    Some(pair.filter(|pair| verdict(pair) == verdict(&tour)).unwrap_or(tour))
}
