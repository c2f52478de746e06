//! What comes and goes with the hours of the day.
//!
//! A line that is busy every evening is slower every evening, and that is no change. What is usual at a time of day is
//! learned from the days before: how far the traces about that time were from the median of the twenty-four hours up to
//! them. The difference to a day's own median does not care on which level that day was, so a change of the level leaves
//! the rhythm as it is. The median over the days does not care for the one of them on which something happened.
//!
//! Of traces that follow one another quickly the first in each [`SLOT`] is enough to know a day by, so that who looks back
//! reads no more than those.

use super::level::{Sample, rank};

/// A day in nanoseconds.
const DAY: i64 = 86_400_000_000_000;

/// Days that are looked back.
const DAYS: usize = 7;

/// As many days at least make a rhythm.
const LEAST_DAYS: usize = 3;

/// Traces about a time of day: no further from it than this, an hour.
const NEAR: u64 = 3_600_000_000_000;

/// And no more of a day than this many.
const MOST: usize = 5;

/// Fewer traces a day than this tell nothing of its hours.
const LEAST_TRACES: usize = 4;

/// What the days before say of the time of day of a trace: how far from the median of a day the round-trip time is then,
/// in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Day {
    /// Whether there are enough of them, or traces are too rare to have a rhythm.
    pub(crate) known: bool,
    /// As a rule.
    pub(crate) usual: i64,
    /// On the day when it was least.
    pub(crate) lowest: i64,
    /// On the day when it was most.
    pub(crate) highest: i64,
}

/// Into spans so long a day is parted, in nanoseconds: ten minutes.
pub(crate) const SLOT: i64 = 600_000_000_000;

/// The rhythm at each of these traces, which stand in the order in which they started.
pub(crate) fn of(samples: &[Sample]) -> Vec<Day> {
    let deviations = deviations(&slots(samples));
    // For each day back, the first trace not earlier than that time of day.
    let mut marks = [0_usize; DAYS];
    let mut rhythm = Vec::with_capacity(samples.len());
    let (mut all, mut one) = (Vec::new(), Vec::new());
    let mut middles: Vec<i64> = Vec::with_capacity(DAYS);
    for (index, sample) in samples.iter().enumerate() {
        all.clear();
        middles.clear();
        for (day, mark) in (1_i64..).zip(&mut marks) {
            let then = sample.started.saturating_sub(day * DAY);
            while deviations.get(*mark).is_some_and(|(started, _)| *started < then) {
                *mark += 1;
            }
            let last = (*mark + MOST / 2 + 1).min(deviations.len());
            let about = deviations.get(mark.saturating_sub(MOST / 2)..last).unwrap_or_default();
            let near = about.iter().filter(|(started, _)| started.abs_diff(then) <= NEAR);
            one.clear();
            one.extend(near.map(|(_, deviation)| *deviation));
            if !one.is_empty() {
                one.sort_unstable();
                middles.push(rank(&one, 50));
                all.extend_from_slice(&one);
            }
        }
        let earlier = index.checked_sub(LEAST_TRACES).and_then(|earlier| samples.get(earlier));
        let rare = earlier.is_some_and(|earlier| earlier.started < sample.started.saturating_sub(DAY));
        let mut day = Day { known: rare, ..Day::default() };
        if middles.len() >= LEAST_DAYS {
            all.sort_unstable();
            let (lowest, highest) = (middles.iter().min(), middles.iter().max());
            day = Day {
                known: true,
                usual: rank(&all, 50),
                lowest: lowest.copied().unwrap_or(0),
                highest: highest.copied().unwrap_or(0),
            };
        }
        rhythm.push(day);
    }
    rhythm
}

/// The first trace in each slot.
fn slots(samples: &[Sample]) -> Vec<Sample> {
    let mut firsts: Vec<Sample> = Vec::new();
    for sample in samples {
        let slot = sample.started.div_euclid(SLOT);
        if firsts.last().is_none_or(|last| last.started.div_euclid(SLOT) < slot) {
            firsts.push(*sample);
        }
    }
    firsts
}

/// When each trace started, and how far it is from the median of the day up to it.
fn deviations(samples: &[Sample]) -> Vec<(i64, i64)> {
    let mut day: Vec<i64> = Vec::new();
    let mut first = 0;
    let mut deviations = Vec::with_capacity(samples.len());
    for sample in samples {
        let rtt = i64::from(sample.rtt);
        day.insert(day.partition_point(|other| *other < rtt), rtt);
        while let Some(old) =
            samples.get(first).filter(|old| old.started <= sample.started.saturating_sub(DAY))
        {
            let place = day.partition_point(|other| *other < i64::from(old.rtt));
            day.remove(place);
            first += 1;
        }
        deviations.push((sample.started, rtt - rank(&day, 50)));
    }
    deviations
}
