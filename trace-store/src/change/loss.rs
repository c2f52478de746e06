//! Whether the target answers fewer probes than it did.
//!
//! Only what the target itself does not answer counts, and each trace counts once, by the share of its probes that were
//! lost: one trace that loses all is one trace. After each trace, every way to part the last [`WINDOW`] since the last
//! change in two is put to the median test (Mood, "Introduction to the Theory of Statistics", 1950, section 16.5): how many
//! traces on either side lost more than the median of all, or at least as much, which the hypergeometric distribution
//! tells exactly (Fisher's exact test). If the least probability is below [`CHANCE`], loss changed there.
//!
//! In simulations of a trace of three probes an hour, steady loss of up to a fifth is taken for a change less than once in ten
//! years, loss of a tenth every evening less than once a year. Loss that begins with 60% of the probes is told after four
//! traces, with 30% after seven.
//!
//! A target that answers only so often loses nothing. It answers the first probes of a trace and no later ones, which lost
//! packets seldom do trace after trace; the caller looks at the probes once there is a change to be told.

use std::collections::VecDeque;

/// How many traces are looked at.
const WINDOW: usize = 96;

/// The probability below which it is not thought to be chance. Four traces of a hundred in a row that lose something while
/// no other does are below it.
const CHANCE: f64 = 2e-6;

/// The same for a change that takes back the one before it, which is nothing strange.
const UNDONE: f64 = 1e-3;

/// Fewer traces show nothing.
const LEAST: usize = 3;

/// What a trace says of loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    /// The number of the trace.
    pub(crate) place: usize,
    /// The share of the probes to the target that was not answered.
    pub(crate) share: f64,
}

/// A change of loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shift {
    /// The last trace before it, the first one afterwards, and the one with which it was sure.
    pub(crate) before: usize,
    pub(crate) after: usize,
    pub(crate) sure: usize,
    /// The share of lost probes before and afterwards, the mean over the traces.
    pub(crate) levels: (f64, f64),
    /// Minus the common logarithm of the probability.
    pub(crate) score: f64,
}

/// The changes of loss, in the order in which they became sure. `limits` says of the numbers of traces whether a target that
/// limits its answers explains what they lost.
pub(crate) fn shifts<E>(
    samples: &[Sample],
    mut limits: impl FnMut(&[usize]) -> Result<bool, E>,
) -> Result<Vec<Shift>, E> {
    let logs = Factorials::new();
    let mut window: VecDeque<f64> = VecDeque::with_capacity(WINDOW);
    let mut undone: Option<f64> = None;
    let mut limited = false;
    let mut shifts = Vec::new();
    for (sure, sample) in samples.iter().enumerate() {
        if window.len() == WINDOW {
            window.pop_front();
            undone = None;
        }
        window.push_back(sample.share);
        let Some((split, log)) = logs.split(window.make_contiguous()) else { continue };
        let (old, new) = window.as_slices().0.split_at(split);
        let (before, behind) = (mean(old), mean(new));
        let back = undone.is_some_and(|level| (behind - level).abs() < (behind - before).abs());
        if log >= if back { UNDONE } else { CHANCE }.ln() {
            continue;
        }
        let begin = sure + 1 - window.len();
        let after = begin + split;
        let places: Vec<usize> =
            samples.iter().take(sure + 1).skip(after).map(|sample| sample.place).collect();
        // A limit that ends is no more a change of loss than one that begins.
        limited = if behind > before { limits(&places)? } else { limited };
        undone = Some(before);
        if !limited {
            let place = |index: usize| samples.get(index).map_or(0, |sample| sample.place);
            shifts.push(Shift {
                before: place(after - 1),
                after: place(after),
                sure: sample.place,
                levels: (before, behind),
                score: -log / core::f64::consts::LN_10,
            });
        }
        limited &= behind > before;
        window.drain(..split);
    }
    Ok(shifts)
}

fn mean(shares: &[f64]) -> f64 {
    shares.iter().sum::<f64>() / float(shares.len().max(1))
}

#[expect(clippy::cast_precision_loss, reason = "at most a window")]
const fn float(number: usize) -> f64 {
    number as f64
}

/// Logarithms of factorials up to that of [`WINDOW`].
struct Factorials([f64; WINDOW + 1]);

impl Factorials {
    fn new() -> Self {
        let mut logs = [0.0; WINDOW + 1];
        let mut log = 0.0;
        for (number, slot) in logs.iter_mut().enumerate().skip(1) {
            log += float(number).ln();
            *slot = log;
        }
        Self(logs)
    }

    fn choose(&self, of: usize, number: usize) -> f64 {
        let log = |number: usize| self.0.get(number).copied().unwrap_or(f64::INFINITY);
        of.checked_sub(number).map_or(f64::NEG_INFINITY, |rest| log(of) - log(number) - log(rest))
    }

    /// How many values stand before the most striking change, and the logarithm of its probability.
    fn split(&self, values: &[f64]) -> Option<(usize, f64)> {
        let newest = *values.last()?;
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        if sorted.first() == sorted.last() {
            return None;
        }
        let median = sorted.get(sorted.len() / 2).copied()?;
        let above = self.striking(values, |value| value > median, newest);
        let up_to = self.striking(values, |value| value >= median, newest);
        [above, up_to].into_iter().flatten().min_by(|one, other| one.1.total_cmp(&other.1))
    }

    /// The same for whether values are `high`: the traces that are like the newest one gather at the end.
    fn striking(&self, values: &[f64], high: impl Fn(f64) -> bool, newest: f64) -> Option<(usize, f64)> {
        let count = values.len();
        let like = |value: &f64| high(*value) == high(newest);
        let all = values.iter().filter(|value| like(value)).count();
        let mut best: Option<(usize, f64)> = None;
        let mut behind = 0;
        for (split, value) in values.iter().enumerate().skip(1).rev() {
            behind += usize::from(like(value));
            let long = count - split;
            // It begins with one of them, or it would be more striking without.
            if long < LEAST || split < LEAST || !like(value) {
                continue;
            }
            let least = best.map_or(UNDONE.ln(), |(_, log)| log);
            let point = |hits: usize| {
                self.choose(all, hits) + self.choose(count - all, long - hits.min(long))
                    - self.choose(count, long)
            };
            // The whole tail is no less than its first part.
            if point(behind) >= least {
                continue;
            }
            // Two-sided, and either of two ways to part the values.
            let tail: f64 = (behind..=all.min(long)).map(|hits| point(hits).exp()).sum::<f64>() * 4.0;
            if tail.ln() < least {
                best = Some((split, tail.ln()));
            }
        }
        best
    }
}

#[cfg(test)]
mod tests;
