//! Dates as the old scripts wrote them, and as others do.

use time::format_description::FormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// `2021-01-31 16:06:12.489-0500`, RFC 3339, and those without fraction or offset.
const WITH_OFFSET: &[FormatItem<'_>] = format_description!(
    version = 2,
    "[year]-[month]-[day][first [T][ ]][hour]:[minute]:[second][optional [.[subsecond]]][optional [ ]][first [Z][[offset_hour sign:mandatory]:[offset_minute]][[offset_hour sign:mandatory][offset_minute]][[offset_hour sign:mandatory]]]"
);
const WITHOUT: &[FormatItem<'_>] = format_description!(
    version = 2,
    "[year]-[month]-[day][first [T][ ]][hour]:[minute]:[second][optional [.[subsecond]]]"
);

/// Nanoseconds since 1970 UTC; a date without an offset counts as UTC.
pub(super) fn parse(text: &str) -> Option<i64> {
    let instant = text
        .strip_suffix(['Z', 'z'])
        .or(Some(text))
        .and_then(|text| PrimitiveDateTime::parse(text.trim_end(), &WITHOUT).ok())
        .map(PrimitiveDateTime::assume_utc)
        .or_else(|| OffsetDateTime::parse(text, &WITH_OFFSET).ok())?;
    i64::try_from(instant.unix_timestamp_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn dates_of_every_form_are_the_same_instant() {
        let instant = Some(1_612_127_172_489_000_000);
        for text in [
            "2021-01-31 16:06:12.489-0500",
            "2021-01-31 16:06:12.489-05:00",
            "2021-01-31 21:06:12.489+0000",
            "2021-01-31T21:06:12.489Z",
            "2021-01-31 21:06:12.489",
            "2021-02-01T02:36:12.489000000+05:30",
            "2021-01-31 16:06:12.489 -0500",
            "2021-01-31 16:06:12.489-05",
        ] {
            assert_eq!(parse(text), instant, "{text}");
        }
        assert_eq!(parse("2021-01-31 16:06:12-0500"), Some(1_612_127_172_000_000_000));
        assert_eq!(parse("1969-12-31 23:59:59+0000"), Some(-1_000_000_000));
        for text in [
            "",
            "2021-01-31",
            "31.01.2021 16:06",
            "2021-13-01 00:00:00+0000",
            "2021-02-30 00:00:00Z",
            "soon",
            "2021-01-31 16:06:12.489-0500 or so",
            "9999-01-01 00:00:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
