use trace_core::model::Uuid;

/// A new id for a trace that started at `started` (nanoseconds since 1970 UTC): a UUID of version 7 (RFC 9562
/// section 5.7), so that ids sort by the millisecond of their start. No clock and no source of randomness is
/// read here; both are handed in.
///
/// A start before 1970 counts as 1970; the 74 bits of `random` that the format has room for are used.
///
/// ```
/// let id = trace_store::new_id(1_793_000_000_000_000_000, [7; 10]);
/// assert_eq!(id.get_version_num(), 7);
/// ```
#[must_use]
pub fn new_id(started: i64, random: [u8; 10]) -> Uuid {
    let milliseconds = u64::try_from(started / 1_000_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_carry_their_millisecond_and_sort_by_it() {
        let early = new_id(1_700_000_000_123_999_999, [0xff; 10]);
        let late = new_id(1_700_000_000_124_000_000, [0; 10]);
        assert!(early < late);
        assert_eq!(early.get_version_num(), 7);
        assert_eq!(&early.as_bytes()[..6], &1_700_000_000_123_u64.to_be_bytes()[2..]);
        assert_eq!(&new_id(i64::MIN, [0; 10]).as_bytes()[..6], &[0; 6]);
    }
}
