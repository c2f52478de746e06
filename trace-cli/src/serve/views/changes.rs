//! What changed: on the way to one target, and to all.

use core::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use trace_core::model::Uuid;
use trace_store::{Change, Series};

use super::Dashboard;
use super::details::Turn;
use super::targets::WEEK;
use crate::clock;
use crate::serve::answer::Answer;
use crate::serve::problem::Problem;
use crate::serve::query;
use crate::serve::shape;
use crate::serve::source::Identity;

/// Older changes are looked for in spans of this length, of one series and of all: what is told at once takes as long for
/// years as for weeks. For each span some of what lies about it is read, too.
const SPAN_OF_ONE: i64 = 4 * WEEK;
const SPAN_OF_ALL: i64 = WEEK;
/// After so long an answer tells what is found, and that there may be more.
const ENOUGH: Duration = Duration::from_millis(300);
/// Spans of all series are looked at anew after so many seconds.
const FRESH: i64 = 30;
/// Changes that are kept of such spans.
const KEPT: usize = 4096;

/// Which changes.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Changes {
    since: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

impl Dashboard {
    pub(crate) fn target_changes(&self, key: &str, asked: &Changes) -> Result<Answer, Problem> {
        let limit = query::limit(asked.limit.as_deref(), 100, 500)?;
        let behind = asked.cursor.as_deref().map(Place::read).transpose()?;
        let since = query::instant("since", asked.since.as_deref())?.unwrap_or(i64::MIN);
        let standing = self.standing(key)?;
        let question = format!("changes {key} {:?} {:?} {limit}", asked.since, asked.cursor);
        let stamp = self.stamp(&standing);
        self.memo.get(&question, stamp, || self.back(Some(&standing.series), stamp, since, behind, limit))
    }

    pub(crate) fn changes(&self, asked: &Changes) -> Result<Answer, Problem> {
        let limit = query::limit(asked.limit.as_deref(), 100, 500)?;
        let behind = asked.cursor.as_deref().map(Place::read).transpose()?;
        let now = clock::now();
        let since = query::instant("since", asked.since.as_deref())?.unwrap_or(now.saturating_sub(WEEK));
        if since >= now.saturating_sub(WEEK) {
            let mut standings = self.standings()?;
            standings.retain(|standing| standing.last >= since);
            standings.sort_unstable_by_key(|standing| Reverse(standing.last));
            let known = self.details.of(&standings, Turn::Later);
            if let Some(error) = known.trouble {
                return Err(error.into());
            }
            let changes = known.details.iter().flatten().flat_map(|detail| &detail.changes);
            let changes = changes.filter(|change| change.at >= since).cloned().collect();
            let (items, next) = page(changes, behind.as_ref(), limit);
            return Answer::json(&shape::Changes { items, next, complete: known.complete });
        }
        let stamp = now.div_euclid(FRESH * 1_000_000_000).cast_unsigned();
        self.back(None, stamp, since, behind, limit)
    }

    /// Goes back through the changes of a series, or of all, until a page is full or it took long enough. Nothing that
    /// lies behind the page is worked out.
    fn back(
        &self,
        series: Option<&Series>,
        stamp: u64,
        since: i64,
        behind: Option<Place>,
        limit: u32,
    ) -> Result<Answer, Problem> {
        let begun = now();
        let full = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut until = behind.as_ref().map_or(i64::MAX, |place| place.at.0.saturating_add(1));
        let mut found = Vec::new();
        let mut edge = None;
        while let Some(newest) = self.source.ask(|store| store.newest_before(series, until))? {
            if newest < since {
                break;
            }
            let length = if series.is_some() { SPAN_OF_ONE } else { SPAN_OF_ALL };
            let start = newest.div_euclid(length).saturating_mul(length);
            let span = self.span(series, stamp, (start, start.saturating_add(length)))?;
            let asked = |change: &&Change| {
                change.at >= since && behind.as_ref().is_none_or(|behind| Place::of(change) > *behind)
            };
            found.extend(span.iter().filter(asked).cloned());
            if found.len() > full {
                break;
            }
            until = start;
            if begun.elapsed() > ENOUGH {
                edge = Some(Place::edge(until));
                break;
            }
        }
        let (items, next) = page(found, None, limit);
        let next = next.or_else(|| edge.map(|edge| edge.text()));
        Answer::json(&shape::Changes { items, next, complete: true })
    }

    /// The changes of one span, which are kept for who turns its pages.
    fn span(
        &self,
        series: Option<&Series>,
        stamp: u64,
        (start, end): (i64, i64),
    ) -> Result<Arc<Vec<Change>>, Problem> {
        let spans = || self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (self.source.file(), series.map(Series::key), start);
        if let Some((_, changes)) = spans().get(&name).filter(|(known, _)| *known == stamp) {
            return Ok(Arc::clone(changes));
        }
        let changes = Arc::new(self.source.ask(|store| store.changes_between(series, start, end))?);
        let mut spans = spans();
        if spans.values().map(|(_, changes)| changes.len() + 1).sum::<usize>() + changes.len() > KEPT {
            spans.clear();
        }
        spans.insert(name, (stamp, Arc::clone(&changes)));
        Ok(changes)
    }
}

/// Changes by file, series and beginning of the span, each with the stamp of what they were made of.
pub(super) type Spans = HashMap<(Option<Identity>, Option<u64>, i64), (u64, Arc<Vec<Change>>)>;

#[expect(clippy::disallowed_methods, reason = "an answer that takes long is cut short")]
fn now() -> Instant {
    Instant::now()
}

/// Where a change stands among others, the newest first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    at: Reverse<i64>,
    trace: Reverse<Uuid>,
    kind: String,
}

impl Place {
    fn of(change: &Change) -> Self {
        Self { at: Reverse(change.at), trace: Reverse(change.after), kind: change.what.as_str().to_owned() }
    }

    /// Behind everything that happened at this time or later.
    fn edge(at: i64) -> Self {
        Self { at: Reverse(at), trace: Reverse(Uuid::nil()), kind: "~".to_owned() }
    }

    fn text(&self) -> String {
        format!("{:016x}{}{}", self.at.0, self.trace.0.simple(), self.kind)
    }

    fn read(text: &str) -> Result<Self, Problem> {
        let read = || {
            let (at, rest) = text.split_at_checked(16)?;
            let (trace, kind) = rest.split_at_checked(32)?;
            let at = u64::from_str_radix(at, 16).ok()?.cast_signed();
            Some(Self { at: Reverse(at), trace: Reverse(trace.parse().ok()?), kind: kind.to_owned() })
        };
        read().ok_or_else(|| Problem::senseless("cursor is none that this server gave"))
    }
}

/// The first so many changes behind a place, the newest first, and where the next page begins.
fn page(mut changes: Vec<Change>, behind: Option<&Place>, limit: u32) -> (Vec<Change>, Option<String>) {
    changes.sort_by_cached_key(Place::of);
    changes.retain(|change| behind.is_none_or(|behind| Place::of(change) > *behind));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = changes.len() > limit;
    changes.truncate(limit);
    let next = changes.last().filter(|_| more).map(|last| Place::of(last).text());
    (changes, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_keeps_the_order() {
        let place = |at, id, kind: &str| Place {
            at: Reverse(at),
            trace: Reverse(Uuid::from_u128(id)),
            kind: kind.to_owned(),
        };
        let places = [
            place(9, 1, "path"),
            place(9, 1, "rtt"),
            place(8, 7, "loss"),
            place(8, 6, "path"),
            Place::edge(8),
            place(-1, 0, "x"),
        ];
        assert!(places.is_sorted());
        for place in places {
            assert_eq!(Place::read(&place.text()).unwrap(), place);
        }
        for bad in ["", "1", "zzzzzzzzzzzzzzzz00000000000000000000000000000000path"] {
            assert!(Place::read(bad).is_err(), "{bad:?}");
        }
    }
}
