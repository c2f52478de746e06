//! Whether a trace goes the way that is known, and when another way is a change of the path.
//!
//! Between two changes the traces of a series may go several ways: a router balances packets over links, and each trace
//! is a flow of its own. Who answers at each TTL is therefore a set that grows, and a trace is on the known way if all its
//! answerers are in their sets. A hop that nobody answers at fits everything, and so does one that nobody answered at
//! before.
//!
//! A trace with other answerers is either on a branch that was not met before, or the path changed. Which, a ratio of
//! likelihoods says, both by De Morgan's rule (Zabell, "Predicting the unpredictable", Synthese 90, 1992; the same urn is
//! Hoppe's, J. Math. Biol. 20, 1984): after `n` traces, one that was met `c` times comes next with probability
//! `c / (n + t)`, and one that was not with `t / (n + t)`. On the old way `n` goes on growing and `t` is the number of
//! answerers known there; on a new way `n` begins at 0 with `t = 1`. Once the strangers in a row are less likely by a factor
//! of [`CHANCE`] on the old way than on a new one, the path changed. So after forty traces on one path three on another are
//! enough, after a dozen five, and after a single one nobody can tell; and different strangers in a row, at a TTL where many
//! were met before, are what a router with many links looks like.
//!
//! A trace that fits again before that takes the strangers before it into the sets.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trace_core::model::Outcome;

use super::Sighting;

/// The ratio of likelihoods below which strangers are not on branches of the known way. Of 2,000 simulated series of 300 traces
/// each over 2, 4, 8, 16 and 32 equal branches 0.1, 0.15, 0.3, 0.45 and 0.7% have a change that is none, nearly all while
/// the branches are being met for the first time.
const CHANCE: f64 = 2e-4;

/// What was last met so many traces ago is forgotten, so that a part of the past is enough to judge by. More traces do not
/// count for more either: a single stranger never is a change, since one stray answer would be one.
const MEMORY: usize = 256;

/// Who answered first at each TTL, as numbers that are equal for equal addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Route {
    /// By TTL.
    pub(crate) hops: BTreeMap<u8, i64>,
    /// The TTL of the last hop, silent or not.
    pub(crate) last_ttl: Option<u8>,
}

/// Who answered at a TTL.
type Answerers = BTreeSet<i64>;

/// What a trace is compared at: the TTLs, and how far the target was, which stands at TTL 0.
fn features(route: &Route, sighting: &Sighting) -> BTreeMap<u8, i64> {
    let mut features = route.hops.clone();
    if sighting.reached() {
        features.extend(route.last_ttl.map(|last| (0, i64::from(last))));
        return features;
    }
    // Who says that a host cannot be reached says so at the next TTL as well: that is no hop of the path.
    while let Some((last, from)) = features.last_key_value().map(|(last, from)| (*last, *from))
        && last.checked_sub(1).and_then(|before| features.get(&before)) == Some(&from)
    {
        features.remove(&last);
    }
    features
}

/// A path of the era.
#[derive(Debug)]
struct Known {
    features: BTreeMap<u8, i64>,
    count: usize,
    /// The number of the last trace that took it.
    last: usize,
}

/// A trace that did not fit.
#[derive(Debug)]
struct Stranger {
    place: usize,
    way: (i64, bool),
    features: BTreeMap<u8, i64>,
}

/// What a trace meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It went a known way.
    Known,
    /// It did not; that may be a new branch, or the beginning of a change.
    Strange,
    /// With it, it is sure that the path changed. A new era began with the trace of this number, which may be an
    /// earlier one.
    Changed(usize),
}

/// The known way, taken on trace by trace in the order in which they started.
#[derive(Debug, Default)]
pub(crate) struct Course {
    known: HashMap<(i64, bool), Known>,
    strangers: Vec<Stranger>,
    place: usize,
}

impl Course {
    /// Takes in the next trace, which went this route.
    pub(crate) fn take(&mut self, sighting: &Sighting, route: &Route) -> Turn {
        let place = self.place;
        self.place += 1;
        let way = (sighting.path, sighting.reached());
        if let Some(known) = self.known.get_mut(&way)
            && known.last + MEMORY >= place
        {
            known.count += 1;
            known.last = place;
            self.settle();
            return Turn::Known;
        }
        let mut features = features(route, sighting);
        // A router says at any TTL beyond its own that there is no way on, where its own may go unanswered.
        if sighting.outcome == Some(Outcome::Unreachable)
            && let Some((last, from)) = features.last_key_value().map(|(last, from)| (*last, *from))
            && self.stands_before(place, last, from)
        {
            features.remove(&last);
        }
        if features.iter().all(|(ttl, from)| self.fits(place, *ttl, *from)) {
            self.know(way, features, place);
            self.settle();
            return Turn::Known;
        }
        let sets = self.sets(place);
        self.strangers.push(Stranger { place, way, features });
        let Some(first) = self.first_of_change(&sets) else { return Turn::Strange };
        // Those before it were not on the new way, nor the others of the old era any longer.
        self.known.clear();
        let newcomers: Vec<Stranger> = self.strangers.drain(..).collect();
        for stranger in newcomers.into_iter().filter(|stranger| stranger.place >= first) {
            self.know(stranger.way, stranger.features, stranger.place);
        }
        Turn::Changed(first)
    }

    /// Whether this one is known at a smaller TTL.
    fn stands_before(&self, place: usize, ttl: u8, from: i64) -> bool {
        let recent = self.known.values().filter(|known| known.last + MEMORY >= place);
        recent.flat_map(|known| known.features.range(1..ttl)).any(|(_, known)| *known == from)
    }

    /// Whether this one answered at a TTL on the known way, or nobody did.
    fn fits(&self, place: usize, ttl: u8, from: i64) -> bool {
        let mut others = false;
        for known in self.known.values().filter(|known| known.last + MEMORY >= place) {
            match known.features.get(&ttl) {
                Some(known) if *known == from => return true,
                Some(_) => others = true,
                None => {}
            }
        }
        !others
    }

    /// The answerers by TTL, and how many traces were answered there.
    fn sets(&self, place: usize) -> BTreeMap<u8, (Answerers, usize)> {
        let mut sets: BTreeMap<u8, (Answerers, usize)> = BTreeMap::new();
        for known in self.known.values().filter(|known| known.last + MEMORY >= place) {
            for (ttl, from) in &known.features {
                let (set, count) = sets.entry(*ttl).or_default();
                set.insert(*from);
                *count += known.count;
            }
        }
        sets
    }

    fn know(&mut self, way: (i64, bool), features: BTreeMap<u8, i64>, place: usize) {
        let known = self.known.entry(way).or_insert(Known { features, count: 0, last: place });
        // Who was forgotten begins anew.
        known.count = if known.last + MEMORY < place { 1 } else { known.count + 1 };
        known.last = place;
    }

    /// The strangers were on branches of the known way.
    fn settle(&mut self) {
        let strangers: Vec<Stranger> = self.strangers.drain(..).collect();
        for stranger in strangers {
            self.know(stranger.way, stranger.features, stranger.place);
        }
    }

    /// The first trace of the new way, if the last strangers are on one.
    fn first_of_change(&self, sets: &BTreeMap<u8, (Answerers, usize)>) -> Option<usize> {
        let newest = self.strangers.last()?;
        let mut earliest = None;
        for ttl in newest.features.keys() {
            let Some((set, before)) = sets.get(ttl) else { continue };
            let mut strangers = Vec::new();
            for stranger in self.strangers.iter().rev() {
                match stranger.features.get(ttl) {
                    Some(from) if set.contains(from) => break,
                    Some(from) => strangers.push((stranger.place, *from)),
                    None => {}
                }
            }
            strangers.reverse();
            let chance = ratio(*before, set.len(), strangers.iter().map(|(_, from)| *from));
            if chance < CHANCE {
                earliest = [earliest, strangers.first().map(|(place, _)| *place)].into_iter().flatten().min();
            }
        }
        earliest
    }
}

/// How likely it is that these strangers come in a row after `n` traces in which `k` others answered, if all of them are on
/// branches of one way, to how likely it is if they are on a new one.
fn ratio(n: usize, k: usize, strangers: impl IntoIterator<Item = i64>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred traces")]
    let float = |number: usize| number as f64;
    let mut met = BTreeSet::new();
    let mut ratio = 1.0;
    for (place, from) in strangers.into_iter().enumerate() {
        // Those who were met before weigh the same on both ways.
        let branches = if met.insert(from) { k } else { 1 };
        ratio *= float(branches) * float(place + 1) / float(n.min(MEMORY) + k + place);
    }
    ratio
}

/// The first and the last TTL at which nobody who answered before answers afterwards; where the length changed, up to the
/// end of the longer path.
pub(crate) fn span(before: &[&Route], after: &[&Route]) -> Option<(u8, u8)> {
    let answerers = |routes: &[&Route], ttl: u8| -> Answerers {
        routes.iter().filter_map(|route| route.hops.get(&ttl)).copied().collect()
    };
    let length = |routes: &[&Route]| routes.iter().filter_map(|route| route.last_ttl).max();
    let lengths = (length(before), length(after));
    let ttls: BTreeSet<u8> =
        before.iter().chain(after).flat_map(|route| route.hops.keys()).copied().collect();
    let span = |differs: &dyn Fn(u8, &Answerers, &Answerers) -> bool| {
        let differing =
            ttls.iter().filter(|ttl| differs(**ttl, &answerers(before, **ttl), &answerers(after, **ttl)));
        let differing: Vec<u8> = differing.copied().collect();
        differing.first().copied().zip(differing.last().copied())
    };
    let gone = |ttl: u8, one: &Answerers, other: &Answerers| match (one.is_empty(), other.is_empty()) {
        (false, false) => one.is_disjoint(other),
        (false, true) => lengths.1.is_some_and(|last| ttl > last),
        (true, false) => lengths.0.is_some_and(|last| ttl > last),
        (true, true) => false,
    };
    // Where branches are shared, who is new tells where it changed.
    span(&gone).or_else(|| span(&|_, one, other| !one.is_empty() && !other.is_subset(one)))
}

#[cfg(test)]
mod tests;
