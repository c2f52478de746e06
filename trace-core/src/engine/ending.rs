//! Where a path ends, told from the rows of one lane.

use std::net::IpAddr;

use super::replies::Replies;
use super::row::{NOTHING, Row};
use super::rule::{Rule, Rules};
use super::sets::{Set, Sets};

/// How many times a cycle must be seen before it counts as one: twice could still be a path that changed.
const LOOP_SIGHTINGS: usize = 3;
/// The longest cycle looked for, in hops.
const LONGEST_LOOP: usize = 8;

/// An end of the path, as an index into the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The target answers from here on.
    Reached(usize),
    /// Nothing passes here.
    Blocked(usize),
    /// A cycle has closed here.
    Loop(usize),
}

impl Ending {
    /// The last row that is worth probing.
    pub(super) const fn last(self) -> usize {
        match self {
            Self::Reached(last) | Self::Blocked(last) | Self::Loop(last) => last,
        }
    }
}

/// What the rows of a lane tell of the path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) sets: &'a Sets,
    pub(super) rows: &'a [Row],
    pub(super) replies: &'a Replies,
}

impl Seen<'_> {
    /// The first router whose TTL ran out at a row.
    fn router(&self, row: usize) -> Option<IpAddr> {
        self.replies.from(self.rows.get(row)?.router)
    }
}

/// The end that the rows tell of, if they tell of one.
///
/// The target's own answer counts at the first TTL from which on no router's TTL ran out any more: when the
/// path gets longer while it is being traced, or packets are balanced over paths of different lengths, the
/// longest counts. A block counts only while nothing comes back from behind it. A cycle is looked for where
/// some router was seen `twice`.
pub(super) fn ending(seen: &Seen<'_>, twice: bool, rules: Rules) -> Option<Ending> {
    let last_exceeded = seen.sets.last(Set::Exceeded).filter(|_| rules.hold(Rule::LastEnd));
    let behind_last_exceeded = last_exceeded.map_or(0, |last| last + 1);
    if let Some(row) = seen.sets.first(Set::Reached, behind_last_exceeded, usize::MAX) {
        return Some(Ending::Reached(row));
    }
    // A router that refuses at its own TTL is the end; so it is when its TTL also ran out there.
    let blocked = seen.sets.first(Set::Blocked, behind_last_exceeded.saturating_sub(1), usize::MAX);
    if let Some(row) = blocked.filter(|_| rules.hold(Rule::Refusal)) {
        return Some(Ending::Blocked(row));
    }
    (twice && rules.hold(Rule::Cycle)).then(|| cycle(seen)).flatten().map(Ending::Loop)
}

/// Whether the router of this row answered also at another one near enough for a cycle.
pub(super) fn seen_twice(rows: &[Row], replies: &Replies, row: usize) -> bool {
    let Some(here) = rows.get(row).filter(|row| row.router != NOTHING) else { return false };
    let first = row.saturating_sub(LONGEST_LOOP);
    let near = rows.get(first..rows.len().min(row + LONGEST_LOOP + 1)).unwrap_or_default();
    near.iter().enumerate().any(|(place, other)| {
        other.tag == here.tag
            && other.router != NOTHING
            && (first + place).abs_diff(row) > 1
            && replies.from(other.router) == replies.from(here.router)
    })
}

/// The row at which a cycle of at least two routers was seen for the third time.
fn cycle(seen: &Seen<'_>) -> Option<usize> {
    let router = |index: usize| seen.router(index);
    (2..=LONGEST_LOOP).find_map(|period| {
        (period * (LOOP_SIGHTINGS - 1)..seen.rows.len()).find(|&last| {
            let first = last - period * (LOOP_SIGHTINGS - 1);
            is_cycle(&router, first, last, period)
        })
    })
}

fn is_cycle(router: &impl Fn(usize) -> Option<IpAddr>, first: usize, last: usize, period: usize) -> bool {
    let Some(start) = router(first) else { return false };
    let returns = (first..=last).step_by(period).all(|index| router(index) == Some(start));
    let differs_between =
        (first + 1..first + period).any(|index| router(index).is_some_and(|other| other != start));
    // Silent rows neither speak for a cycle nor against it.
    let repeats = (first..=last - period).all(|index| match (router(index), router(index + period)) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    });
    returns && differs_between && repeats
}

#[cfg(test)]
mod tests;
