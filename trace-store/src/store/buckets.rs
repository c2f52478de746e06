//! Loss and round-trip times per hop over time, in as many steps as a chart has.

use core::time::Duration;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use rusqlite::Connection;
use rusqlite::types::Type;
use trace_core::model::Ttl;

use super::Store;
use super::hops::{self, Count};
use super::overview::Standing;
use crate::Error;

/// What part of a series is looked at, and how closely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// From then on, in nanoseconds since 1970 UTC.
    pub since: i64,
    /// Until then, which is not part of it.
    pub until: i64,
    /// How many steps of equal length.
    pub steps: u16,
    /// Of a step with more traces, so many count, spread evenly over it.
    pub most: u16,
}

impl Window {
    /// The length of a step in nanoseconds: at least one.
    #[must_use]
    pub fn step(&self) -> i64 {
        let span = self.until.saturating_sub(self.since).max(1);
        let steps = i64::from(self.steps.max(1));
        (span / steps).saturating_add(i64::from(span % steps != 0)).max(1)
    }

    fn place(&self, started: i64) -> Option<usize> {
        let into = started.checked_sub(self.since).filter(|into| *into >= 0)?;
        let place = usize::try_from(into / self.step()).ok()?;
        (place < usize::from(self.steps.max(1))).then_some(place)
    }
}

/// A series in steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    /// How many traces started in each step.
    pub traces: Vec<u32>,
    /// How many of them are counted in what follows: all, unless there are more than [`Window::most`].
    pub counted: Vec<u32>,
    /// What was measured at each TTL, in their order.
    pub columns: Vec<Column>,
}

/// What was measured at one TTL, one value a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The TTL.
    pub ttl: Ttl,
    /// Who answered first in most traces; `None` where nobody ever did.
    pub address: Option<IpAddr>,
    /// Probes sent.
    pub sent: Vec<u32>,
    /// Probes answered.
    pub answered: Vec<u32>,
    /// The least RTT.
    pub min: Vec<Option<Duration>>,
    /// The median over the traces, of the median of each.
    pub median: Vec<Option<Duration>>,
}

/// A trace of which nothing but its place in time is known.
struct Found {
    key: i64,
    path: i64,
    place: usize,
}

/// A column that is being filled.
#[derive(Default)]
struct Filling {
    sent: Vec<u32>,
    answered: Vec<u32>,
    min: Vec<Option<u32>>,
    medians: Vec<Vec<u32>>,
}

impl Filling {
    fn new(steps: usize) -> Self {
        Self {
            sent: vec![0; steps],
            answered: vec![0; steps],
            min: vec![None; steps],
            medians: vec![Vec::new(); steps],
        }
    }

    fn add(&mut self, place: usize, count: &Count) {
        let add = |counts: &mut Vec<u32>, more: u32| {
            if let Some(count) = counts.get_mut(place) {
                *count = count.saturating_add(more);
            }
        };
        add(&mut self.sent, count.sent);
        add(&mut self.answered, count.sent.saturating_sub(count.lost));
        if let Some((least, median)) = count.rtt {
            if let Some(min) = self.min.get_mut(place) {
                *min = Some(min.map_or(least, |min| min.min(least)));
            }
            if let Some(medians) = self.medians.get_mut(place) {
                medians.push(median);
            }
        }
    }
}

impl Store {
    /// A series in steps of time. However many traces there are, at most [`Window::most`] a step are read.
    ///
    /// # Errors
    ///
    /// [`Error::Damaged`] when a row makes no sense, and what SQLite may say.
    pub fn buckets(&self, standing: &Standing, window: &Window) -> Result<Buckets, Error> {
        self.fill(standing, window).map_err(self.fault("read a series in steps"))
    }

    fn fill(&self, standing: &Standing, window: &Window) -> rusqlite::Result<Buckets> {
        // One look: between two, traces may be removed.
        let _look = self.connection.unchecked_transaction()?;
        let steps = usize::from(window.steps.max(1));
        let found = within(&self.connection, standing, window)?;
        let mut traces = vec![0_u32; steps];
        for trace in &found {
            if let Some(count) = traces.get_mut(trace.place) {
                *count += 1;
            }
        }
        let mut counted = vec![0_u32; steps];
        let mut seen = vec![0_u32; steps];
        let mut columns: BTreeMap<u8, Filling> = BTreeMap::new();
        let mut paths: HashMap<i64, u32> = HashMap::new();
        let mut statement =
            self.connection.prepare_cached("SELECT first_ttl, hops FROM measurement WHERE key = ?")?;
        for trace in found {
            let (Some(all), Some(seen)) = (traces.get(trace.place), seen.get_mut(trace.place)) else {
                continue;
            };
            let number = *seen;
            *seen += 1;
            if !counts(number, *all, window.most.into()) {
                continue;
            }
            if let Some(counted) = counted.get_mut(trace.place) {
                *counted += 1;
            }
            *paths.entry(trace.path).or_default() += 1;
            let (first, text) = statement
                .query_row([trace.key], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, String>(1)?)))?;
            let unread = || rusqlite::Error::InvalidColumnType(1, "hops".to_owned(), Type::Text);
            for (ttl, count) in (first..=u8::MAX).zip(hops::read(&text).ok_or_else(unread)?) {
                let column = columns.entry(ttl).or_insert_with(|| Filling::new(steps));
                column.add(trace.place, &count);
            }
        }
        let mut answerers = answerers(&self.connection, &paths)?;
        let finish = |(ttl, filling): (u8, Filling)| {
            let us = |us: u32| Duration::from_micros(us.into());
            let median = |mut medians: Vec<u32>| {
                medians.sort_unstable();
                let middle = medians.len().checked_sub(1)? / 2;
                medians.get(middle).copied().map(us)
            };
            Some(Column {
                ttl: Ttl::new(ttl)?,
                address: answerers.remove(&ttl),
                sent: filling.sent,
                answered: filling.answered,
                min: filling.min.into_iter().map(|min| min.map(us)).collect(),
                median: filling.medians.into_iter().map(median).collect(),
            })
        };
        Ok(Buckets { traces, counted, columns: columns.into_iter().filter_map(finish).collect() })
    }
}

/// Whether trace `number` of `all` in a step is one of `most` that are spread evenly.
fn counts(number: u32, all: u32, most: u32) -> bool {
    if all <= most {
        return true;
    }
    let (number, all, most) = (u64::from(number), u64::from(all), u64::from(most));
    (number + 1) * most / all > number * most / all
}

/// The traces of a series within a window.
fn within(connection: &Connection, standing: &Standing, window: &Window) -> rusqlite::Result<Vec<Found>> {
    let mut statement = connection.prepare_cached(WITHIN)?;
    let mut found = Vec::new();
    for setup in &standing.setups {
        let mut rows = statement.query([*setup, window.since, window.until])?;
        while let Some(row) = rows.next()? {
            if let Some(place) = window.place(row.get(1)?) {
                found.push(Found { key: row.get(0)?, path: row.get(2)?, place });
            }
        }
    }
    Ok(found)
}

/// Who answered at each TTL in most of these traces, which are counted by their paths.
fn answerers(connection: &Connection, paths: &HashMap<i64, u32>) -> rusqlite::Result<HashMap<u8, IpAddr>> {
    let mut votes: BTreeMap<(u8, String), u32> = BTreeMap::new();
    let mut statement = connection.prepare_cached(
        "SELECT ph.ttl, a.ip FROM path_hop AS ph JOIN address AS a ON a.id = ph.address WHERE ph.path = ?",
    )?;
    for (path, times) in paths {
        let mut rows = statement.query([path])?;
        while let Some(row) = rows.next()? {
            *votes.entry((row.get(0)?, row.get(1)?)).or_default() += times;
        }
    }
    let mut best: HashMap<u8, (u32, IpAddr)> = HashMap::new();
    for ((ttl, ip), times) in votes {
        let Ok(address) = ip.parse() else { continue };
        let entry = best.entry(ttl).or_insert((times, address));
        if times > entry.0 {
            *entry = (times, address);
        }
    }
    Ok(best.into_iter().map(|(ttl, (_, address))| (ttl, address)).collect())
}

const WITHIN: &str = "SELECT key, started, path FROM measurement
    WHERE setup = ? AND started >= ? AND started < ? ORDER BY started";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_count_and_lie_apart() {
        for (all, most) in [(1, 1), (10, 3), (7, 7), (1000, 20), (21, 20), (5, 20)] {
            let chosen: Vec<u32> = (0..all).filter(|number| counts(*number, all, most)).collect();
            assert_eq!(chosen.len(), usize::try_from(all.min(most)).unwrap());
            let gaps: Vec<u32> = chosen.iter().zip(chosen.iter().skip(1)).map(|(a, b)| b - a).collect();
            assert!(gaps.iter().all(|gap| *gap >= all / most && *gap <= all.div_ceil(most)), "{all} {most}");
        }
    }

    #[test]
    fn steps_cover_the_window_and_nothing_else() {
        let window = Window { since: 100, until: 1103, steps: 10, most: 1 };
        assert_eq!(window.step(), 101);
        assert_eq!(
            [99, 100, 200, 201, 1102].map(|at| window.place(at)),
            [None, Some(0), Some(0), Some(1), Some(9)]
        );
        let widest = Window { since: i64::MIN, until: i64::MAX, steps: 0, most: 1 };
        assert_eq!(widest.place(0), None, "a window wider than the numbers of a clock has no places to tell");
        assert_eq!(Window { since: 5, until: 5, steps: 500, most: 1 }.place(5), Some(0));
    }
}
