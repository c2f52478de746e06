//! The bound that all rules are cases of. A packet that left the source, passed some hops and came back made
//! a closed tour; whatever way it took back, the tour is no shorter than the closed polygon through the
//! source and those hops, nor than the one through those hops alone. So for every set of hops, with or
//! without the source, the polygon's length less twice the radii is at most what light covers in the RTT of
//! the last of them. With the source and one hop this is rule 1, with two hops rule 2, with more rule 3.

use super::spot::Spots;

/// Kilometres that light in fibre covers in a millisecond of round trip (there and back), with 5% slack:
/// c / 1.468 is 204.2 km each way, 102 there and back.
pub(super) const FIBRE: f64 = 107.0;
/// The same in vacuum.
pub(super) const VACUUM: f64 = 149.9;

/// A place on a path: a spot at a stop. The source has no RTT: nothing ends there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    /// The stop, counted along the course; the source is `None`.
    pub(super) stop: Option<usize>,
    pub(super) spot: usize,
    /// The least RTT here or behind, in milliseconds; infinite at the source.
    pub(super) rtt: f64,
}

/// The speed that some tour needs, and which tour that is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Strain {
    /// Half the length of the closed tour, in kilometres: what lies between two places, or between the
    /// nearest and the furthest of several at least.
    pub(super) half: f64,
    /// The RTT it had to be made in, in milliseconds.
    pub(super) rtt: f64,
    /// Where in the list of places the tour begins and ends.
    pub(super) ends: (usize, usize),
    /// Whether there may be more places on it than its ends.
    pub(super) tour: bool,
}

impl Strain {
    /// Kilometres per millisecond of round trip.
    pub(super) fn speed(&self) -> f64 {
        self.half / self.rtt
    }

    fn max(one: Option<Self>, other: Self) -> Option<Self> {
        Some(one.filter(|one| one.speed() >= other.speed()).unwrap_or(other))
    }
}

/// Between two places alone (rules 1 and 2): the hardest pair with the place at `through`.
pub(super) fn hardest_pair(path: &[Placed], through: usize, spots: &Spots) -> Option<Strain> {
    let here = path.get(through)?;
    let mut hardest = None;
    for (index, there) in path.iter().enumerate().filter(|(index, _)| *index != through) {
        let rtt = if index > through { there.rtt } else { here.rtt };
        let ends = (index.min(through), index.max(through));
        hardest =
            Strain::max(hardest, Strain { half: spots.apart(here.spot, there.spot), rtt, ends, tour: false });
    }
    hardest
}

/// Over all tours through the place at `through` and any others (all rules): the hardest. Radii make a leg
/// shorter, so more places do not always make a longer tour: the longest one is found leg by leg.
pub(super) fn hardest_tour(path: &[Placed], through: usize, spots: &Spots) -> Option<Strain> {
    let here = path.get(through)?;
    // The longest way between this place and each other one, by places between them.
    let mut ways: Vec<f64> = vec![0.0; path.len()];
    let before = (0..through).rev().map(|index| (index, index + 1..through));
    let behind = (through + 1..path.len()).map(|index| (index, through + 1..index));
    for (index, between) in before.chain(behind) {
        let Some(there) = path.get(index) else { continue };
        let mut longest = spots.apart(here.spot, there.spot);
        for step in between {
            if let (Some(by), Some(way)) = (path.get(step), ways.get(step)) {
                longest = longest.max(way + spots.apart(by.spot, there.spot));
            }
        }
        if let Some(way) = ways.get_mut(index) {
            *way = longest;
        }
    }
    let mut hardest = None;
    for (start, (first, to)) in path.iter().zip(&ways).enumerate().take(through + 1) {
        for (end, (last, from)) in path.iter().zip(&ways).enumerate().skip(through) {
            if start < end {
                let half = (to + from + spots.apart(last.spot, first.spot)) / 2.0;
                hardest =
                    Strain::max(hardest, Strain { half, rtt: last.rtt, ends: (start, end), tour: true });
            }
        }
    }
    hardest
}
