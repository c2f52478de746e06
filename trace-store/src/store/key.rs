//! The number of a trace's row.
//!
//! It is when the trace started, which its id tells to the millisecond: so rows stand in the order of time, and a trace is found
//! by its id, without an index of either. A trace of which that is not true lies apart, below 0, in the order of storing, and
//! is found by indexes that hold nothing else. See `schema/6.sql`.

use rusqlite::{Connection, OptionalExtension as _, Result, params};
use trace_core::model::Uuid;

/// A trace that started so long before the newest one that is stored lies apart. So whoever has seen all there was finds what is
/// new among the traces of this time, in nanoseconds, and behind those that lay apart before: a trace is stored when it ends.
pub(super) const STRAGGLE: i64 = 120_000_000_000;

/// A millisecond in nanoseconds.
const MILLISECOND: i64 = 1_000_000;

/// Which of the traces that started at once was stored later: the greater one.
pub(super) const fn rank(key: i64) -> u64 {
    key.cast_unsigned()
}

/// The least and the greatest key of a trace with this id, if it does not lie apart; `None` if no clock shows that time.
pub(super) fn span(id: Uuid) -> Option<(i64, i64)> {
    let [a, b, c, d, e, f, ..] = id.into_bytes();
    let first = i64::from_be_bytes([0, 0, a, b, c, d, e, f]).checked_mul(MILLISECOND)?;
    Some((first, first.checked_add(MILLISECOND - 1)?))
}

/// The key of the trace with this id.
pub(super) fn find(connection: &Connection, id: Uuid) -> Result<Option<i64>> {
    Ok(match in_time(connection, id)? {
        Some(key) => Some(key),
        None => apart(connection, id)?,
    })
}

fn in_time(connection: &Connection, id: Uuid) -> Result<Option<i64>> {
    let Some((first, last)) = span(id) else { return Ok(None) };
    connection
        .prepare_cached("SELECT key FROM measurement WHERE key BETWEEN ? AND ? AND uuid = ?")?
        .query_row(params![first, last, id.as_bytes()], |row| row.get(0))
        .optional()
}

fn apart(connection: &Connection, id: Uuid) -> Result<Option<i64>> {
    connection
        .prepare_cached("SELECT key FROM measurement WHERE id = ? AND key < 0")?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()
}

/// Which keys are taken, as far as that decides about the next one. It holds within one transaction that writes.
#[derive(Debug)]
pub(super) struct Keys {
    /// The greatest of those in the order of time.
    newest: Option<i64>,
    /// The greatest of those that lie apart.
    apart: Option<i64>,
    /// How often rows were removed: it is asked in the same breath.
    pub(super) epoch: i64,
}

/// What is known of the key of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// The trace is there.
    Taken(i64),
    /// It is not, and this is for it.
    Free(i64),
}

impl Keys {
    pub(super) fn read(connection: &Connection) -> Result<Self> {
        connection
            .prepare_cached(
                "SELECT (SELECT max(key) FROM measurement WHERE key >= 0), (SELECT max(key) FROM measurement WHERE key < 0),
                     number FROM epoch",
            )?
            .query_row((), |row| Ok(Self { newest: row.get(0)?, apart: row.get(1)?, epoch: row.get(2)? }))
    }

    /// The key of a trace with this id that started then. Whoever is told of a free one stores the trace there.
    pub(super) fn of(&mut self, connection: &Connection, id: Uuid, started: i64) -> Result<Key> {
        let span = span(id);
        // Most traces are behind all that are there.
        let passed = |time: i64| self.newest.is_some_and(|newest| time <= newest);
        if span.is_some_and(|(first, _)| passed(first))
            && let Some(key) = in_time(connection, id)?
        {
            return Ok(Key::Taken(key));
        }
        if self.apart.is_some()
            && let Some(key) = apart(connection, id)?
        {
            return Ok(Key::Taken(key));
        }
        let told = span.is_some_and(|(first, last)| (first..=last).contains(&started));
        let late = self.newest.is_some_and(|newest| started < newest.saturating_sub(STRAGGLE));
        if told && !late && !self.is_shared(connection, started)? {
            self.newest = self.newest.max(Some(started));
            return Ok(Key::Free(started));
        }
        let key = self.apart.map_or(i64::MIN, |apart| apart.saturating_add(1));
        self.apart = Some(key);
        Ok(Key::Free(key))
    }

    /// Whether another trace started in this nanosecond: one that is in the order of time has that key, and must have been
    /// stored before those that lie apart.
    fn is_shared(&self, connection: &Connection, started: i64) -> Result<bool> {
        let behind = self.newest.is_none_or(|newest| newest < started);
        let in_time = "SELECT 1 FROM measurement WHERE key = ?";
        let apart = "SELECT 1 FROM measurement WHERE started = ? AND key < 0";
        Ok((!behind && connection.prepare_cached(in_time)?.exists([started])?)
            || (self.apart.is_some() && connection.prepare_cached(apart)?.exists([started])?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_between_which_keys_its_trace_is() {
        for started in [0, 999_999, 1_000_000, 1_793_000_000_123_456_789, i64::MAX - 999_999] {
            let (first, last) = span(crate::new_id(started, [7; 10])).unwrap();
            assert!((first..=last).contains(&started), "{started}");
            assert_eq!(last - first, 999_999);
        }
        assert_eq!(span(Uuid::from_u128(u128::MAX)), None);
        // The last millisecond that a clock shows is not whole.
        assert_eq!(span(crate::new_id(i64::MAX, [7; 10])), None);
    }

    #[test]
    fn those_that_lie_apart_were_stored_later_than_one_that_started_at_once() {
        assert!(rank(i64::MIN) > rank(i64::MAX));
        assert!(rank(i64::MIN + 1) > rank(i64::MIN));
    }
}
