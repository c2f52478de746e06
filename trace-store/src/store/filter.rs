//! Which traces somebody asks for, as conditions of SQL.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rusqlite::types::Value;
use trace_core::model::{Outcome, Protocols, TraceKind};

use super::put::outcome_code;
use crate::Error;

/// What a value that may be missing has to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Match<T> {
    /// Anything, or missing.
    #[default]
    Any,
    /// Missing.
    Missing,
    /// This.
    Is(T),
}

/// Which traces to list. What is left at its default asks for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// How many at most; `None` for all.
    pub limit: Option<u32>,
    /// Only traces that started then or later, in nanoseconds since 1970 UTC.
    pub since: Option<i64>,
    /// Only traces that started before then.
    pub until: Option<i64>,
    /// Only traces to this address, or to this name as it was typed, in either case.
    pub target: Option<String>,
    /// Only traces whose target has this in its name or its address, in either case.
    pub search: Option<String>,
    /// Only traces to this address, or those that do not tell where they went.
    pub address: Match<IpAddr>,
    /// Only traces with these protocols.
    pub protocol: Match<Protocols>,
    /// Only traces from the vantage point of this name.
    pub vantage: Match<String>,
    /// Only traces that came from there.
    pub kind: Option<TraceKind>,
    /// Only traces that ended so.
    pub outcome: Match<Outcome>,
    /// Only traces behind this one in the list.
    pub before: Option<Cursor>,
}

/// A trace's place in a list, the newest first: [`Filter::before`] goes on behind it. Traces that are stored or removed
/// meanwhile move nothing, and the trace itself may be removed. The text of it holds for this database alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub(super) started: i64,
    pub(super) key: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:x}", self.started, self.key)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let number = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
            u64::from_str_radix(digits, 16).ok().filter(|_| plain).map(u64::cast_signed)
        };
        let parts = text.split_at_checked(16);
        parts
            .and_then(|(started, key)| Some(Self { started: number(started)?, key: number(key)? }))
            .ok_or_else(|| Error::Cursor { text: text.to_owned() })
    }
}

/// Traces of which something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Among {
    All,
    /// Those whose key is when they started.
    InTime,
    /// The others.
    Apart,
}

/// Conditions on the rows `m` of `measurement` and `s` of `setup`, and the values they ask for.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Conditions {
    /// One more: every `?` in it stands for the next of `values`.
    fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(if self.sql.is_empty() { "WHERE " } else { " AND " });
        self.sql.push_str(sql);
        self.values.extend(values);
    }

    fn matching<T>(&mut self, column: &str, wanted: &Match<T>, value: impl Fn(&T) -> Value) {
        match wanted {
            Match::Any => {}
            Match::Missing => self.and(&format!("{column} IS NULL"), []),
            Match::Is(wanted) => self.and(&format!("{column} = ?"), [value(wanted)]),
        }
    }
}

fn text(text: impl ToString) -> Value {
    Value::Text(text.to_string())
}

impl Filter {
    /// What is asked of the setup alone; nothing if any will do.
    pub(super) fn of_setup(&self) -> Conditions {
        let mut conditions = Conditions::default();
        if let Some(target) = self.target.as_deref().map(str::trim) {
            match target.parse::<IpAddr>() {
                Ok(address) => {
                    conditions.and("s.address = (SELECT id FROM address WHERE ip = ?)", [text(address)])
                }
                Err(_) => conditions.and("s.target = ? COLLATE NOCASE", [text(target)]),
            }
        }
        match &self.address {
            Match::Any => {}
            Match::Missing => conditions.and("s.address IS NULL", []),
            Match::Is(address) => {
                conditions.and("s.address = (SELECT id FROM address WHERE ip = ?)", [text(address)]);
            }
        }
        if let Some(search) = self.search.as_deref().map(str::trim).filter(|search| !search.is_empty()) {
            let escaped = search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let pattern = text(format!("%{escaped}%"));
            conditions.and(
                "(s.target LIKE ? ESCAPE '\\' OR s.address IN (SELECT id FROM address WHERE ip LIKE ? ESCAPE '\\'))",
                [pattern.clone(), pattern],
            );
        }
        conditions.matching("s.protocol", &self.protocol, |protocol| text(protocol.as_str()));
        conditions.matching("s.vantage", &self.vantage, |vantage| text(vantage));
        if let Some(kind) = self.kind {
            conditions.and("s.kind = ?", [text(kind.as_str())]);
        }
        conditions
    }

    /// What is asked of the trace itself, if it is one of these.
    pub(super) fn of_trace(&self, among: Among) -> Conditions {
        let mut conditions = Conditions::default();
        let (clock, first) = match among {
            Among::All => ("m.started", i64::MIN),
            Among::InTime => ("m.key", 0),
            Among::Apart => {
                conditions.and("m.key < 0", []);
                ("m.started", i64::MIN)
            }
        };
        // A bound on the time is always there, so that the traces are read in the order of an index.
        conditions.and(&format!("{clock} >= ?"), [self.since.unwrap_or(first).max(first).into()]);
        if let Some(until) = self.until {
            conditions.and(&format!("{clock} < ?"), [until.into()]);
        }
        if let Some(Cursor { started, key }) = self.before {
            // Of those that started at once, the ones that lie apart come first.
            let behind = if key < 0 { "m.key >= 0 OR m.key < ?" } else { "m.key >= 0 AND m.key < ?" };
            conditions.and(
                &format!("{clock} <= ? AND ({clock} < ? OR {behind})"),
                [started.into(), started.into(), key.into()],
            );
        }
        conditions.matching("m.outcome", &self.outcome, |outcome| i64::from(outcome_code(*outcome)).into());
        conditions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        for (started, key) in [(0, 1), (-1, 7), (i64::MIN, i64::MAX), (1_793_000_000_000_000_000, 66_000)] {
            let cursor = Cursor { started, key };
            assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        }
        for text in
            ["", "12", "0123456789abcdef", "0123456789abcdeg1", "0123456789abcdef+1", "é123456789abcdef1"]
        {
            assert!(matches!(text.parse::<Cursor>(), Err(Error::Cursor { .. })), "{text}");
        }
    }
}
