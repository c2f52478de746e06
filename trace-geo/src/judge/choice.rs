//! The candidates of a whole path, chosen together.
//!
//! Of all ways to give each stop one of its candidates or none, the one is sought that leaves the least to be
//! false while no tour through any of them needs more than light in fibre, and is not long besides.
//! That is a longest-path problem whose state holds everything chosen so far, so it is searched with a
//! bounded set of labels: stop by stop every label is extended by every candidate and by none, and the best
//! `LABELS` are kept, of those that chose the same last candidate at first only the best `ALIKE`. A label
//! carries the weight, the cumulative length, what is false by now, and for each place chosen the longest way from every earlier
//! one. The result is always consistent; it may be worth less than the best there is, which the tests measure
//! against exhaustive search.

use std::rc::Rc;

use super::spot::Spots;
use super::statement::{Costs, Statements};
use super::tour::FIBRE;

/// Labels kept after each stop.
const LABELS: usize = 32;
/// Labels kept that chose the same last candidate.
const ALIKE: usize = 3;

/// What a path that goes once round half the world weighs less: routes are no shorter than they have to be, but
/// those that are said to go to and fro are rarely true.
const DETOUR: f64 = 0.4;

pub(super) fn worth(weight: f64, length: f64) -> f64 {
    weight - DETOUR * length / 20_000.0
}

/// A candidate of a stop.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Candidate {
    pub(super) spot: usize,
    /// What speaks for this one rather than for another that says the same.
    pub(super) merit: f64,
    /// The statements that are false if it is true.
    pub(super) rejects: Statements,
}

/// A stop with its candidates.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choices {
    /// Stops of one address have the same number, and choose the same.
    pub(super) address: usize,
    pub(super) options: Vec<Candidate>,
    /// The statements that are false if none of them is true.
    pub(super) rejects: Statements,
    /// One of them has to be taken.
    pub(super) certain: bool,
    /// The least RTT here or behind, in milliseconds.
    pub(super) rtt: f64,
}

#[derive(Debug, Clone, Default)]
struct Label {
    weight: f64,
    length: f64,
    /// What is false by now.
    rejected: Statements,
    /// Per stop so far, the candidate.
    picks: Vec<Option<usize>>,
    /// Per place chosen: its spot, and the longest ways to it from every place before.
    placed: Vec<(usize, Rc<[f64]>)>,
    /// The last stop with a candidate, and which.
    last: Option<(usize, usize)>,
}

/// What a label would become.
struct Extension {
    parent: usize,
    pick: Option<usize>,
    weight: f64,
    length: f64,
    /// The longest ways to the new place from every place before.
    ways: Vec<f64>,
}

/// For each stop the candidate chosen.
pub(super) fn choose(stops: &[Choices], spots: &Spots, costs: &Costs) -> Vec<Option<usize>> {
    let mut labels = vec![Label::default()];
    for (index, stop) in stops.iter().enumerate() {
        let mut extensions: Vec<Extension> = Vec::new();
        for (parent, label) in labels.iter().enumerate() {
            extend(parent, label, stop, stops, spots, costs, &mut extensions);
        }
        extensions.sort_by(|one, other| {
            worth(other.weight, other.length).total_cmp(&worth(one.weight, one.length))
        });
        // The best of each kind first, then the best of the rest.
        let mut kept: Vec<Label> = Vec::with_capacity(LABELS);
        let mut rest = Vec::new();
        for extension in extensions {
            let Some(parent) = labels.get(extension.parent) else { continue };
            let last = extension.pick.map(|pick| (index, pick)).or(parent.last);
            if kept.len() == LABELS {
                break;
            }
            if kept.iter().filter(|label| label.last == last).count() < ALIKE {
                kept.push(grown(parent, extension, stop, last));
            } else {
                rest.push((parent, extension, last));
            }
        }
        let free = LABELS - kept.len();
        kept.extend(
            rest.into_iter().take(free).map(|(parent, extension, last)| grown(parent, extension, stop, last)),
        );
        kept.sort_by(|one, other| {
            worth(other.weight, other.length).total_cmp(&worth(one.weight, one.length))
        });
        labels = kept;
    }
    labels.into_iter().next().map(|label| label.picks).unwrap_or_default()
}

fn extend(
    parent: usize,
    label: &Label,
    stop: &Choices,
    stops: &[Choices],
    spots: &Spots,
    costs: &Costs,
    into: &mut Vec<Extension>,
) {
    let seen = stops.iter().zip(&label.picks).find(|(earlier, _)| earlier.address == stop.address);
    let again = seen.and_then(|(_, pick)| *pick);
    let mut extended = false;
    for (pick, option) in stop.options.iter().enumerate() {
        if seen.is_some() && again != Some(pick) {
            continue;
        }
        if let Some((ways, longer)) = ways(label, stop, option.spot, spots) {
            extended = true;
            // An address weighs once, however often it is met.
            let merit = if seen.is_none() { option.merit } else { 0.0 };
            let weight = label.weight + merit - costs.of(&option.rejects, &label.rejected);
            let length = label.length + longer;
            into.push(Extension { parent, pick: Some(pick), weight, length, ways });
        }
    }
    if !extended || !(stop.certain || again.is_some()) {
        let weight = label.weight - costs.of(&stop.rejects, &label.rejected);
        let length = label.length;
        into.push(Extension { parent, pick: None, weight, length, ways: Vec::new() });
    }
}

/// The longest ways to a new place from every place before, and how much longer the path becomes. `None` if
/// a tour through the new place needs more than light in fibre.
fn ways(label: &Label, stop: &Choices, spot: usize, spots: &Spots) -> Option<(Vec<f64>, f64)> {
    let limit = 2.0 * FIBRE * stop.rtt;
    // Mostly a single leg, there and back, is too long already.
    if label.placed.iter().any(|(before, _)| 2.0 * spots.apart(*before, spot) > limit) {
        return None;
    }
    let legs: Vec<f64> = label.placed.iter().map(|(before, _)| spots.apart(*before, spot)).collect();
    let mut ways = legs.clone();
    for ((_, to), leg) in label.placed.iter().zip(&legs) {
        for (way, earlier) in ways.iter_mut().zip(to.iter()) {
            *way = way.max(earlier + leg);
        }
    }
    let possible = ways.iter().zip(&legs).all(|(way, back)| way + back <= limit);
    possible.then(|| {
        let longer = legs.last().map_or(0.0, |leg| leg.max(0.0));
        (ways, longer)
    })
}

fn grown(parent: &Label, extension: Extension, stop: &Choices, last: Option<(usize, usize)>) -> Label {
    let mut label = parent.clone();
    label.weight = extension.weight;
    label.length = extension.length;
    label.last = last;
    label.picks.push(extension.pick);
    let chosen = extension.pick.and_then(|pick| stop.options.get(pick));
    label.rejected.add(chosen.map_or(&stop.rejects, |option| &option.rejects));
    if let Some(option) = chosen {
        label.placed.push((option.spot, extension.ways.into()));
    }
    label
}
