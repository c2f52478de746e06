//! What changed: on the way to one target, and to all.

use core::cmp::Reverse;

use serde::Deserialize;
use trace_core::model::Uuid;
use trace_store::Change;

use super::Dashboard;
use super::details::Turn;
use super::targets::{WEEK, stamp};
use crate::clock;
use crate::serve::answer::Answer;
use crate::serve::problem::Problem;
use crate::serve::query;
use crate::serve::shape;

/// Changes from longer ago than a week are looked for anew after so many seconds.
const FRESH: i64 = 30;

/// Which changes.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Changes {
    since: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

impl Dashboard {
    pub(crate) fn target_changes(&self, key: &str, asked: &Changes) -> Result<Answer, Problem> {
        let since = query::instant("since", asked.since.as_deref())?;
        let standing = self.standing(key)?;
        self.memo.get(&format!("changes {key} {:?}", asked.since), stamp(&standing), || {
            let items = self.source.ask(|store| store.changes_of(&standing.series, since))?;
            Answer::json(&shape::Changes { items, next: None, complete: true })
        })
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
            return page(changes, behind.as_ref(), limit, known.complete);
        }
        let question = format!("changes {:?} {:?} {limit}", asked.since, asked.cursor);
        let stamp = now.div_euclid(FRESH * 1_000_000_000).cast_unsigned();
        self.memo.get(&question, stamp, || {
            page(self.source.ask(|store| store.all_changes(Some(since)))?, behind.as_ref(), limit, true)
        })
    }
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

fn page(
    mut changes: Vec<Change>,
    behind: Option<&Place>,
    limit: u32,
    complete: bool,
) -> Result<Answer, Problem> {
    changes.sort_by_cached_key(Place::of);
    changes.retain(|change| behind.is_none_or(|behind| Place::of(change) > *behind));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = changes.len() > limit;
    changes.truncate(limit);
    let next = changes.last().filter(|_| more).map(|last| Place::of(last).text());
    Answer::json(&shape::Changes { items: changes, next, complete })
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
