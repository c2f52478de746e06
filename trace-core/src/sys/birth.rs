use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::Uuid;

/// The time by the wall clock: nanoseconds since 1970 UTC, as [`crate::model::Trace::started`] has it.
#[must_use]
pub fn wall_clock() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "whoever makes a trace is handed its start from here")]
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// A new name for a trace that starts at this time (nanoseconds since 1970 UTC): a UUID of version 7 (RFC 9562,
/// section 5.7), whose random part comes from the keys that the standard library draws for its hash tables.
#[must_use]
pub fn new_id(started: i64) -> Uuid {
    let milliseconds = u64::try_from(started / 1_000_000).unwrap_or_default();
    let mut random = [0; 10];
    for chunk in random.chunks_mut(8) {
        let drawn = RandomState::new().build_hasher().finish().to_be_bytes();
        for (byte, drawn) in chunk.iter_mut().zip(drawn) {
            *byte = drawn;
        }
    }
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_stand_in_the_order_of_time() {
        let now = wall_clock();
        let (one, other, later) = (new_id(now), new_id(now), new_id(now + 1_000_000_000));
        assert_ne!(one, other);
        assert!(one < later && other < later);
        assert_eq!(one.get_version_num(), 7);
    }
}
