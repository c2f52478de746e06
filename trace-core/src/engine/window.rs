//! How far ahead of the answers a lane may probe.
//!
//! All TTLs at once would be fastest and wrong: routers limit their ICMP errors (Linux: six at once to one
//! asker, then one a second over IPv4), and whatever is sent past the target drains the target's own six.
//! One TTL at a time is slow. So a few TTLs open at once, more as answers come, a further one every
//! millisecond while none has come yet, and never more than the gap that would end the trace anyway (and two
//! more, so that the end of a long path is under way when the answers that open it arrive).

use core::time::Duration;

use super::Moment;

/// TTLs that are open from the start.
const AT_ONCE: usize = 4;
/// TTLs that every answering TTL opens.
const PER_ANSWER: usize = 2;
/// How often a TTL opens while answers are under way.
const PACE: Duration = Duration::from_millis(1);
/// TTLs that may be under way beyond those that would end the trace when silent.
const BEYOND_GAP: usize = 2;

/// What the window depends on. Counts and indices are rows: 0 is the first TTL probed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// When the round began.
    pub(super) since: Moment,
    /// How many rows have an answer.
    pub(super) answered: usize,
    /// How many rows there are up to the last one with an answer.
    pub(super) heard: usize,
    /// Silent TTLs that end the trace.
    pub(super) gap: usize,
}

impl Window {
    /// How many rows are open at `now`.
    pub(super) fn open(&self, now: Moment) -> usize {
        let by_time = now.since(self.since).as_nanos() / PACE.as_nanos();
        let by_time = usize::try_from(by_time).unwrap_or(usize::MAX);
        let opened = AT_ONCE.saturating_add(PER_ANSWER * self.answered).saturating_add(by_time);
        opened.min(self.most())
    }

    /// How many rows may be open at most until another answer comes.
    pub(super) fn most(&self) -> usize {
        self.heard + self.gap + BEYOND_GAP
    }

    /// When time alone opens the next row; `None` if it never does.
    pub(super) fn next_opening(&self, now: Moment) -> Option<Moment> {
        if self.open(now) >= self.most() {
            return None;
        }
        let passed = u64::try_from(now.since(self.since).as_nanos() / PACE.as_nanos()).ok()?;
        let pace = u64::try_from(PACE.as_nanos()).ok()?;
        Some(self.since + Duration::from_nanos((passed + 1).saturating_mul(pace)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Window = Window { since: Moment::ZERO, answered: 0, heard: 0, gap: 8 };

    fn at(milliseconds: u64) -> Moment {
        Moment::ZERO + Duration::from_millis(milliseconds)
    }

    #[test]
    fn opens_slowly_while_nothing_is_heard() {
        assert_eq!([0, 1, 5, 6, 500].map(|ms| FRESH.open(at(ms))), [4, 5, 9, 10, 10]);
    }

    #[test]
    fn opens_with_the_answers() {
        let heard = Window { answered: 3, heard: 3, ..FRESH };
        assert_eq!(heard.open(at(0)), 10);
        assert_eq!(heard.most(), 13);
    }

    #[test]
    fn tells_when_time_opens_the_next() {
        assert_eq!(FRESH.next_opening(at(0)), Some(at(1)));
        assert_eq!(FRESH.next_opening(Moment::from_nanos(1_500_000)), Some(at(2)));
        assert_eq!(FRESH.next_opening(at(6)), None);
    }
}
