//! Whether the round-trip time to a target is on another level than it was.
//!
//! The medians of the traces pass a change-point chart for ranks (Hawkins and Deng, "A nonparametric change-point control
//! chart", Journal of Quality Technology 42, 2010): after each trace, every way to part the last [`WINDOW`] of them since the
//! last change in two is put to the test of Mann and Whitney, and where the greatest statistic exceeds [`LIMIT`] standard
//! deviations the level changed there. Ranks do not care how the times are distributed, and no number of outliers below
//! five in a row exceeds the limit.
//!
//! That a difference is beyond chance does not make it one: the new median must also lie outside of what was usual, the
//! tenth to the ninetieth percentile of the times before, and be further away than the clocks of a busy machine are off.
//! What comes and goes with the hours of the day is taken out first (see [`super::rhythm`]). As long as the days are not
//! known, only a plain step counts: all new times beyond the ninetieth percentile, by as much again as what was usual is
//! wide. No slow rise looks like that.
//!
//! # How often it is wrong
//!
//! In simulations of a trace an hour, with seeds that the limits were not chosen with (`rates_of_alarms` in the tests prints
//! such figures): no false alarm in a hundred years each of normal noise, of noise with long tails, and of noise with
//! outliers in three of a hundred traces; one in a hundred years where neighbours are correlated by 0.3, five by 0.6. What is
//! busy in office hours and not at weekends gives two or three a year, most of them before the first weekends are known.
//! A rise by three times the noise is found in 97 of 100 cases after a dozen traces, by five times in all after ten; by
//! twice it is found in a third of them, and a smaller one is not told. While the days are not known, a rise has to be some
//! ten times the noise. A line that always alternates between two levels hides shifts that are smaller than their
//! distance.

use std::collections::VecDeque;

use super::rhythm::{self, Day};

/// How many traces are looked at.
const WINDOW: usize = 96;

/// How many standard deviations are beyond chance.
const LIMIT: f64 = 4.4;

/// The same for a change that takes back the one before it, which is nothing strange.
const UNDONE: f64 = 3.3;

/// A level that is known from fewer traces is none.
const LEAST: usize = 8;

/// Where a change is looked for about the place that ranks tell.
const ABOUT: usize = 3;

/// What the user's clock is off on a busy machine, at worst: microseconds.
const FLOOR: i64 = 100;

/// What a trace says of the round-trip time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// The number of the trace.
    pub(crate) place: usize,
    /// When it started: nanoseconds since 1970 UTC.
    pub(crate) started: i64,
    /// The median RTT in microseconds.
    pub(crate) rtt: u32,
}

/// A change of the level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shift {
    /// The last trace before it, the first one afterwards, and the one with which it was sure.
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) sure: usize,
    /// The median RTT before and afterwards in microseconds.
    pub(crate) levels: (u32, u32),
    /// Standard deviations of the statistic.
    pub(crate) score: f64,
}

/// The changes of the level, in the order in which they became sure.
pub(crate) fn shifts(samples: &[Sample]) -> Vec<Shift> {
    let days = rhythm::of(samples);
    let mut chart = Chart::default();
    let mut days_known = false;
    // The level before the last change, as long as the chart holds all since then.
    let mut undone: Option<i64> = None;
    let mut shifts = Vec::new();
    for (sure, (sample, day)) in samples.iter().zip(&days).enumerate() {
        if day.known && !days_known {
            // What still had its rhythm is not to be held against what has none any more.
            days_known = true;
            chart = Chart::default();
            undone = None;
        }
        chart.push(i64::from(sample.rtt) - day.usual);
        undone = undone.filter(|_| chart.values.len() < WINDOW);
        let limit = if undone.is_some() { UNDONE } else { LIMIT };
        let Some((split, score)) = chart.split().filter(|(_, score)| *score > limit) else { continue };
        let begin = sure + 1 - chart.values.len();
        let (old, new) = chart.parts(split);
        let after = begin + split;
        let (usual, middle) = (rank(&sorted(&old), 50), rank(&sorted(&new), 50));
        let up = middle > usual;
        // Back to where it was?
        let back = undone.is_some_and(|level: i64| middle.abs_diff(level) < middle.abs_diff(usual));
        let limit = if back { UNDONE } else { LIMIT };
        let beyond = || {
            // Whichever days of the last week the ones before were like, and the new ones.
            let extreme = |from: usize, to: usize, high: bool| {
                let part = samples.iter().zip(&days).take(to).skip(from);
                let rtt = |(sample, day): (&Sample, &Day)| {
                    i64::from(sample.rtt) - if high { day.highest } else { day.lowest }
                };
                rank(&sorted(&part.map(rtt).collect::<Vec<_>>()), 50)
            };
            let (before, behind) = (extreme(begin, after, !up), extreme(after, sure + 1, up));
            if up { behind > before } else { behind < before }
        };
        let plain = is_plain(&old, &new);
        let accepted = if days_known {
            differs(&old, &new) && (plain || score * independence(&old) > limit) && beyond()
        } else {
            plain
        };
        if !accepted || score <= limit {
            continue;
        }
        undone = Some(usual);
        let split = chart.refined(split);
        let (_, new) = chart.parts(split);
        let after = begin + split;
        let raw = |from: usize, to: usize| {
            let part = samples.get(from..to).unwrap_or_default();
            let rtts: Vec<i64> = part.iter().map(|sample| i64::from(sample.rtt)).collect();
            u32::try_from(rank(&sorted(&rtts), 50)).unwrap_or(u32::MAX)
        };
        let place = |index: usize| samples.get(index).map_or(0, |sample| sample.place);
        shifts.push(Shift {
            before: place(after - 1),
            after: place(after),
            sure: place(sure),
            levels: (raw(begin, after), raw(after, sure + 1)),
            score,
        });
        chart = Chart::default();
        new.iter().for_each(|value| chart.push(*value));
    }
    shifts
}

/// By what the score is to be multiplied since neighbours are alike: the root of the share of the values that count as
/// independent ones, `(1 - r) / (1 + r)` with the autocorrelation `r` of their ranks from one to the next (Bayley and
/// Hammersley, Supplement to the Journal of the Royal Statistical Society 8, 1946).
fn independence(values: &[i64]) -> f64 {
    let sorted = sorted(values);
    // Twice the rank from the middle, so that ties count as half.
    let ranks = values.iter().map(|value| {
        let below = sorted.partition_point(|other| other < value);
        let up_to = sorted.partition_point(|other| other <= value);
        float(below + up_to) - float(sorted.len())
    });
    let ranks: Vec<f64> = ranks.collect();
    let squares: f64 = ranks.iter().map(|rank| rank * rank).sum();
    let products: f64 = ranks.iter().zip(ranks.iter().skip(1)).map(|(one, next)| one * next).sum();
    // By as much as the estimate may be off, few values are thought to be more alike.
    let r = if squares > 0.0 { products / squares + float(values.len()).sqrt().recip() } else { 0.0 };
    let r = r.clamp(0.0, 0.95);
    ((1.0 - r) / (1.0 + r)).sqrt()
}

/// The values since the last change, at most [`WINDOW`] of them, and of each way to part them the sum over all pairs of one
/// before and one behind: 1 where the later is greater, -1 where it is less.
#[derive(Debug, Default)]
struct Chart {
    values: VecDeque<i64>,
    sums: VecDeque<i64>,
}

impl Chart {
    fn push(&mut self, value: i64) {
        let mut behind = 0;
        for (earlier, sum) in self.values.iter().zip(&mut self.sums) {
            behind += (value - earlier).signum();
            *sum += behind;
        }
        self.values.push_back(value);
        self.sums.push_back(0);
        if self.values.len() > WINDOW
            && let Some(first) = self.values.pop_front()
        {
            self.sums.pop_front();
            // What is left of the pairs with it: those with the values behind each place.
            let mut behind = 0;
            for (later, sum) in self.values.iter().zip(&mut self.sums).rev() {
                *sum -= behind;
                behind += (later - first).signum();
            }
        }
    }

    /// How many values stand before the most striking change, and how many standard deviations it is; `None`
    /// where there are too few.
    fn split(&self) -> Option<(usize, f64)> {
        let count = self.values.len();
        // Of the sum over `before * behind` pairs the variance is `before * behind * (count + 1) / 3`.
        let best = (1..count).zip(&self.sums).skip(LEAST - 1).map(|(before, sum)| {
            let pairs = float(before) * float(count - before);
            let sum = int(*sum);
            (before, sum * sum / pairs)
        });
        let (before, squared) = best.max_by(|one, other| one.1.total_cmp(&other.1))?;
        let score = (squared * 3.0 / float(count + 1)).sqrt();
        Some((before, score))
    }

    /// Ranks do not tell where a high value that is the least of them belongs: of the places about it the one from which the
    /// values are least far from the medians of either side (Bai, "Least absolute deviation estimation of a shift",
    /// Econometric Theory 11, 1995).
    fn refined(&self, split: usize) -> usize {
        let far = |part: &[i64]| {
            let middle = rank(&sorted(part), 50);
            part.iter().map(|value| value.abs_diff(middle)).sum::<u64>()
        };
        let places = split.saturating_sub(ABOUT).max(LEAST)..=(split + ABOUT).min(self.values.len() - 1);
        let cost = |place: &usize| {
            let (old, new) = self.parts(*place);
            (far(&old) + far(&new), place.abs_diff(split))
        };
        places.min_by_key(cost).unwrap_or(split)
    }

    fn parts(&self, split: usize) -> (Vec<i64>, Vec<i64>) {
        let mut old: Vec<i64> = self.values.iter().copied().collect();
        let new = old.split_off(split.min(old.len()));
        (old, new)
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most a window")]
const fn float(number: usize) -> f64 {
    number as f64
}

#[expect(clippy::cast_precision_loss, reason = "at most a window of a window")]
const fn int(number: i64) -> f64 {
    number as f64
}

/// The value of this percentile (nearest rank) of sorted values; 0 of none.
pub(super) fn rank(sorted: &[i64], percent: usize) -> i64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

/// Whether the new median lies outside of what was usual.
fn differs(old: &[i64], new: &[i64]) -> bool {
    let [old, new] = [old, new].map(sorted);
    let middle = rank(&new, 50);
    (middle - rank(&old, 50)).abs() >= FLOOR && !(rank(&old, 10)..=rank(&old, 90)).contains(&middle)
}

/// Whether the new values are a step away from the old ones.
fn is_plain(old: &[i64], new: &[i64]) -> bool {
    let [old, new] = [old, new].map(sorted);
    let (low, high) = (rank(&old, 10), rank(&old, 90));
    let gap = (high - low).max(FLOOR);
    new.first().is_some_and(|least| *least > high + gap) || new.last().is_some_and(|most| *most < low - gap)
}

fn sorted(values: &[i64]) -> Vec<i64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted
}

#[cfg(test)]
pub(super) mod tests;
