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
/// The same where there is no hurry: longer than an answer takes from nearly anywhere.
const SPARING_PACE: Duration = Duration::from_millis(250);
/// TTLs that may be under way beyond those that would end the trace when silent.
pub(super) const BEYOND_GAP: usize = 2;

/// How the window opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// So that this trace is done soon.
    Swift,
    /// So that few probes pass the target: there are other targets to probe while answers are under way.
    Sparing,
}

impl Pace {
    /// TTLs that are open from the start.
    const fn at_once(self) -> usize {
        match self {
            Self::Swift => AT_ONCE,
            Self::Sparing => 1,
        }
    }

    /// TTLs that every answering TTL opens.
    const fn per_answer(self) -> usize {
        match self {
            Self::Swift => PER_ANSWER,
            Self::Sparing => 1,
        }
    }

    /// How often a TTL opens while answers are under way.
    const fn pace(self) -> Duration {
        match self {
            Self::Swift => PACE,
            Self::Sparing => SPARING_PACE,
        }
    }
}

/// What the window depends on. Counts and indices are rows: 0 is the first TTL probed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) pace: Pace,
    /// How many rows need no probes, as they were taken over from other traces.
    pub(super) taken: usize,
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
        let by_answer = self.taken + self.pace.at_once() + self.pace.per_answer() * self.answered;
        let most = self.most();
        if by_answer >= most {
            return most;
        }
        let by_time = self.passed(now).and_then(|passed| usize::try_from(passed).ok()).unwrap_or(usize::MAX);
        by_answer.saturating_add(by_time).min(most)
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
        let next = u32::try_from(self.passed(now)?.saturating_add(1)).ok()?;
        Some(self.since + self.pace.pace().saturating_mul(next))
    }

    /// How many times a row has opened by time alone.
    fn passed(&self, now: Moment) -> Option<u64> {
        let nanoseconds = now.as_nanos().saturating_sub(self.since.as_nanos());
        nanoseconds.checked_div(u64::try_from(self.pace.pace().as_nanos()).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: Window =
        Window { pace: Pace::Swift, taken: 0, since: Moment::ZERO, answered: 0, heard: 0, gap: 8 };

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
    fn goes_ttl_by_ttl_where_there_is_no_hurry() {
        let sparing = Window { pace: Pace::Sparing, ..FRESH };
        assert_eq!([0, 249, 250].map(|ms| sparing.open(at(ms))), [1, 1, 2]);
        assert_eq!(Window { answered: 3, heard: 3, ..sparing }.open(at(0)), 4);
        assert_eq!(sparing.next_opening(at(0)), Some(at(250)));
        // What was taken over opens what is behind it.
        assert_eq!(Window { taken: 5, heard: 5, ..sparing }.open(at(0)), 6);
    }

    #[test]
    fn tells_when_time_opens_the_next() {
        assert_eq!(FRESH.next_opening(at(0)), Some(at(1)));
        assert_eq!(FRESH.next_opening(Moment::from_nanos(1_500_000)), Some(at(2)));
        assert_eq!(FRESH.next_opening(at(6)), None);
    }
}
