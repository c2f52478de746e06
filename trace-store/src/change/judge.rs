//! What the traces of a series say, taken together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trace_core::model::Outcome;

use super::{Course, Route, Sighting, Turn, level, loss, span};

/// A change, as numbers of traces in the order in which they started.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Event {
    /// The last trace before it.
    pub(crate) before: usize,
    /// The first trace that shows it.
    pub(crate) after: usize,
    /// The trace with which it was sure.
    pub(crate) sure: usize,
    /// What it is.
    pub(crate) fact: Fact,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fact {
    /// The path: from the one that most traces took to this one, which differ between these TTLs.
    Path { before: i64, after: i64, span: (u8, u8) },
    /// The level of the RTT, in microseconds, and how far from chance that is.
    Rtt { levels: (u32, u32), score: f64 },
    /// The share of lost probes, and how far from chance that is.
    Loss { levels: (f64, f64), score: f64 },
}

/// Everything that changed, and whether the last trace is under suspicion of taking another path. `limits` says of the numbers
/// of traces whether a target that limits its answers explains what they lost.
pub(crate) fn judge<E>(
    sightings: &[Sighting],
    routes: &HashMap<i64, Route>,
    limits: impl FnMut(&[usize]) -> Result<bool, E>,
) -> Result<(Vec<Event>, bool), E> {
    let (mut events, suspicion) = paths(sightings, routes);
    for shift in level::shifts(&times(sightings)) {
        let level::Shift { before, after, sure, levels, score } = shift;
        events.push(Event { before, after, sure, fact: Fact::Rtt { levels, score } });
    }
    for shift in loss::shifts(&shares(sightings), limits)? {
        let loss::Shift { before, after, sure, levels, score } = shift;
        events.push(Event { before, after, sure, fact: Fact::Loss { levels, score } });
    }
    events.sort_by_key(|event| (event.after, event.sure));
    Ok((events, suspicion))
}

fn times(sightings: &[Sighting]) -> Vec<level::Sample> {
    let sample = |(place, sighting): (usize, &Sighting)| {
        let (_, rtt) = sighting.rtt?;
        Some(level::Sample { place, started: sighting.started, rtt })
    };
    sightings.iter().enumerate().filter_map(sample).collect()
}

/// What each trace lost: all of it where the target did not answer, whatever the reason.
fn shares(sightings: &[Sighting]) -> Vec<loss::Sample> {
    let sample = |(place, sighting): (usize, &Sighting)| {
        let share = match sighting.outcome? {
            Outcome::Reached if sighting.sent > 0 => f64::from(sighting.lost) / f64::from(sighting.sent),
            Outcome::Unreachable | Outcome::Loop | Outcome::Exhausted => 1.0,
            // Nobody waited for the answers.
            Outcome::Reached | Outcome::Interrupted => return None,
        };
        Some(loss::Sample { place, share })
    };
    sightings.iter().enumerate().filter_map(sample).collect()
}

/// The traces at which another era of the path began, the first one left out.
pub(crate) fn eras(sightings: &[Sighting], routes: &HashMap<i64, Route>) -> Vec<usize> {
    paths(sightings, routes).0.iter().map(|event| event.after).collect()
}

fn paths(sightings: &[Sighting], routes: &HashMap<i64, Route>) -> (Vec<Event>, bool) {
    let nowhere = Route::default();
    let route = |path: i64| routes.get(&path).unwrap_or(&nowhere);
    let mut course = Course::default();
    let mut events: Vec<Event> = Vec::new();
    let mut suspicion = false;
    let mut begin = 0;
    for (sure, sighting) in sightings.iter().enumerate() {
        let turn = course.take(sighting, route(sighting.path));
        suspicion = turn == Turn::Strange;
        let Turn::Changed(after) = turn else { continue };
        let (old, new) = (sightings.get(begin..after), sightings.get(after..=sure));
        begin = after;
        let (Some(old), Some(new)) = (old, new) else { continue };
        let distinct = |part: &[Sighting]| part.iter().map(|sighting| sighting.path).collect::<BTreeSet<_>>();
        let [befores, afters] =
            [old, new].map(|part| distinct(part).into_iter().map(route).collect::<Vec<_>>());
        let (Some(usual), Some(first), Some(span)) = (usual(old), new.first(), span(&befores, &afters))
        else {
            continue;
        };
        let fact = Fact::Path { before: usual, after: first.path, span };
        events.push(Event { before: after.saturating_sub(1), after, sure, fact });
    }
    (events, suspicion)
}

/// The path that most of these traces took; of several the one met last.
pub(crate) fn usual(sightings: &[Sighting]) -> Option<i64> {
    let mut counts: BTreeMap<i64, (usize, usize)> = BTreeMap::new();
    for (place, sighting) in sightings.iter().enumerate() {
        let (count, last) = counts.entry(sighting.path).or_default();
        *count += 1;
        *last = place;
    }
    counts.into_iter().max_by_key(|(_, rank)| *rank).map(|(path, _)| path)
}

#[cfg(test)]
mod tests;
