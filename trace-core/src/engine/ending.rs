//! Where a path ends, told from the rows of one lane.

use std::net::IpAddr;

use super::row::Row;
use super::rule::{Rule, Rules};

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

/// The end that the rows tell of, if they tell of one.
///
/// The target's own answer counts at the first TTL from which on no router's TTL ran out any more: when the
/// path gets longer while it is being traced, or packets are balanced over paths of different lengths, the
/// longest counts. A block counts only while nothing comes back from behind it. A cycle is looked for where
/// some router was seen `twice`.
pub(super) fn ending(rows: &[Row], twice: bool, rules: Rules) -> Option<Ending> {
    let last_exceeded = rows.iter().rposition(|row| row.exceeded && rules.hold(Rule::LastEnd));
    let behind_last_exceeded = last_exceeded.map_or(0, |last| last + 1);
    let reached = rows.iter().enumerate().skip(behind_last_exceeded).find(|(_, row)| row.reached);
    if let Some((index, _)) = reached {
        return Some(Ending::Reached(index));
    }
    // A router that refuses at its own TTL is the end; so it is when its TTL also ran out there.
    let from = behind_last_exceeded.saturating_sub(1);
    let blocked = rows.iter().enumerate().skip(from).find(|(_, row)| row.blocked);
    let blocked = blocked.filter(|_| rules.hold(Rule::Refusal));
    if let Some((index, _)) = blocked {
        return Some(Ending::Blocked(index));
    }
    (twice && rules.hold(Rule::Cycle)).then(|| cycle(rows)).flatten().map(Ending::Loop)
}

/// Whether the router of this row answered also at another one near enough for a cycle.
pub(super) fn seen_twice(rows: &[Row], row: usize) -> bool {
    let Some(router) = rows.get(row).and_then(|row| row.router) else { return false };
    let near = rows.iter().enumerate().skip(row.saturating_sub(LONGEST_LOOP)).take(2 * LONGEST_LOOP + 1);
    near.filter(|(other, _)| other.abs_diff(row) > 1).any(|(_, other)| other.router == Some(router))
}

/// The row at which a cycle of at least two routers was seen for the third time.
fn cycle(rows: &[Row]) -> Option<usize> {
    let router = |index: usize| rows.get(index).and_then(|row| row.router);
    (2..=LONGEST_LOOP).find_map(|period| {
        (period * (LOOP_SIGHTINGS - 1)..rows.len()).find(|&last| {
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
