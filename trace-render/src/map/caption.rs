//! What is said of a route in words.

use time::OffsetDateTime;
use trace_core::model::{Outcome, Target};

use crate::scene::{Route, Scene};
use crate::text;

use super::tags::milliseconds;

/// What a route is called.
pub(super) fn name(route: &Route) -> String {
    let Some(target) = &route.target else { return "a route without a target".to_owned() };
    target.name.as_deref().and_then(text::drawable).unwrap_or_else(|| target.address.to_string())
}

/// The end of a route in a word or two.
pub(super) const fn phrase(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Reached => "reached",
        Outcome::Unreachable => "unreachable",
        Outcome::Loop => "ends in a loop",
        Outcome::Exhausted => "not reached",
        Outcome::Interrupted => "interrupted",
    }
}

/// An instant as `2026-11-23 22:55:08 UTC`; empty for one no calendar holds.
fn calendar(nanoseconds: i64) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanoseconds)) else {
        return String::new();
    };
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// A number of things, `1 hop` or `12 hops`.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Title and the line below it.
pub(crate) fn title(scene: &Scene) -> (String, String) {
    match scene.routes.as_slice() {
        [] => ("No route".to_owned(), String::new()),
        [route] => (name(route), summary(route)),
        [first, ..] => {
            let started = scene.routes.iter().map(|route| route.started);
            let (from, to) =
                started.fold((first.started, first.started), |(from, to), at| (from.min(at), to.max(at)));
            let span =
                if from == to { calendar(from) } else { format!("{} – {}", calendar(from), calendar(to)) };
            (count(scene.routes.len(), "route", "routes"), span)
        }
    }
}

fn summary(route: &Route) -> String {
    let mut parts = Vec::new();
    let named = |target: &&Target| target.name.as_deref().and_then(text::drawable).is_some();
    parts.extend(route.target.as_ref().filter(named).map(|target| target.address.to_string()));
    if let Some(vantage) = route.vantage.as_deref().and_then(text::drawable) {
        parts.push(format!("from {vantage}"));
    }
    parts.push(calendar(route.started));
    parts.extend(route.protocol.map(|protocol| protocol.as_str().to_uppercase()));
    parts.push(match (route.outcome, route.rtt) {
        (Some(Outcome::Reached), Some(rtt)) => format!("reached in {}", milliseconds(rtt)),
        (Some(outcome), _) => phrase(outcome).to_owned(),
        (None, _) => String::new(),
    });
    let mut hops = count(route.hops, "hop", "hops");
    let without: Vec<String> =
        [(route.silent, "silent"), (route.private, "private"), (route.unlocated, "not located")]
            .into_iter()
            .filter(|&(number, _)| number > 0)
            .map(|(number, what)| format!("{number} {what}"))
            .collect();
    if !without.is_empty() {
        hops = format!("{hops}, {}", without.join(", "));
    }
    parts.push(hops);
    parts.retain(|part| !part.is_empty());
    parts.join("  ·  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc() {
        assert_eq!(calendar(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(calendar(1_795_474_508_123_456_789), "2026-11-23 22:55:08 UTC");
        assert!(calendar(i64::MIN).starts_with("1677-") && calendar(i64::MAX).starts_with("2262-"));
    }
}
