//! The wall clock, and times as people read and type them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

/// Nanoseconds since 1970 UTC, now.
#[expect(clippy::disallowed_methods, reason = "the one place of this program that reads the wall clock")]
pub(crate) fn now() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanoseconds| -nanoseconds)
        }
    }
}

/// `2026-11-23 23:11:17 UTC`.
pub(crate) fn instant(nanoseconds: i64) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    at(nanoseconds)
        .and_then(|instant| instant.format(format).ok())
        .unwrap_or_else(|| format!("{nanoseconds} ns"))
}

/// RFC 3339 in UTC.
pub(crate) fn rfc3339(nanoseconds: i64) -> String {
    at(nanoseconds)
        .and_then(|instant| instant.format(&Rfc3339).ok())
        .unwrap_or_else(|| format!("{nanoseconds} ns"))
}

/// A day in nanoseconds.
pub(crate) const DAY: i64 = 86_400_000_000_000;

/// Whole days from a date, as `2026-11-01`, until `now`.
pub(crate) fn days_since(day: &str, now: i64) -> Option<i64> {
    let day = Date::parse(day, format_description!("[year]-[month]-[day]")).ok()?;
    let since = i64::try_from(day.midnight().assume_utc().unix_timestamp_nanos()).ok()?;
    Some(now.saturating_sub(since).div_euclid(DAY))
}

/// As the scripts that came before wrote dates, in UTC: `2021-01-31 16:06:12.489+0000`.
pub(crate) fn old_form(nanoseconds: i64) -> String {
    let format =
        format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:3]+0000");
    at(nanoseconds)
        .and_then(|instant| instant.format(format).ok())
        .unwrap_or_else(|| format!("{nanoseconds} ns"))
}

fn at(nanoseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanoseconds)).ok()
}

/// A span of time as it is typed: `500ms`, `2s`, `7d`, or a plain number of seconds.
pub(crate) fn parse_span(text: &str) -> anyhow::Result<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).with_context(|| format!("{text} is no span of time"));
    }
    humantime::parse_duration(text)
        .with_context(|| format!("{text:?} is no span of time; examples: 500ms, 2s, 1m 30s, 7d"))
}

/// A point in the past as it is typed: a span before now, a date (its beginning in UTC), or RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// This long ago.
    Ago(Duration),
    /// Nanoseconds since 1970 UTC.
    At(i64),
}

impl Since {
    /// Nanoseconds since 1970 UTC, seen from `now`.
    pub(crate) fn before(self, now: i64) -> i64 {
        match self {
            Self::Ago(span) => now.saturating_sub(i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)),
            Self::At(instant) => instant,
        }
    }
}

/// Reads a [`Since`].
pub(crate) fn parse_since(text: &str) -> anyhow::Result<Since> {
    if let Ok(span) = humantime::parse_duration(text) {
        return Ok(Since::Ago(span));
    }
    let date = Date::parse(text, format_description!("[year]-[month]-[day]"));
    let instant = match date {
        Ok(date) => Some(date.midnight().assume_utc()),
        Err(_) => OffsetDateTime::parse(text, &Rfc3339).ok(),
    };
    let Some(instant) = instant else {
        bail!("{text:?} is neither a span of time (7d, 12h) nor a date (2026-11-01, 2026-11-01T12:00:00Z)");
    };
    i64::try_from(instant.unix_timestamp_nanos())
        .map(Since::At)
        .with_context(|| format!("{text:?} is too far from 1970"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_printed_in_utc() {
        assert_eq!(instant(1_793_000_000_123_000_000), "2026-10-26 07:33:20 UTC");
        assert_eq!(rfc3339(1_793_000_000_123_000_000), "2026-10-26T07:33:20.123Z");
        assert_eq!(instant(-1), "1969-12-31 23:59:59 UTC");
    }

    #[test]
    fn spans_are_read_with_and_without_unit() {
        assert_eq!(parse_span("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(parse_span("2").unwrap(), Duration::from_secs(2));
        assert_eq!(parse_span("0.25").unwrap(), Duration::from_millis(250));
        for bad in ["", "-1", "NaN", "inf", "soon", "5 parsecs"] {
            assert!(parse_span(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn since_takes_spans_and_dates() {
        let day = 86_400 * 1_000_000_000;
        assert_eq!(parse_since("7d").unwrap().before(10 * day), 3 * day);
        assert_eq!(parse_since("1970-01-03").unwrap(), Since::At(2 * day));
        assert_eq!(parse_since("1970-01-01T01:00:00+01:00").unwrap(), Since::At(0));
        for bad in ["yesterday", "2026-13-01", "2026-02-30", ""] {
            assert!(parse_since(bad).is_err(), "{bad:?} was taken");
        }
    }
}
