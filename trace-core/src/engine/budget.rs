//! What a router may be asked before it says nothing more.
//!
//! A Linux router sends six ICMP errors at once to one asker, and then one a second over IPv4 and ten over
//! IPv6 (`icmp_ratelimit`, `icmp_msgs_burst`); others are seldom more generous. What is asked beyond that looks
//! like loss and is none.

use core::time::Duration;

use super::Moment;
use crate::model::Family;

/// Errors that a router sends at once.
pub(super) const BURST: u32 = 6;

/// How long it takes until a router sends one more.
pub(super) const fn refill(family: Family) -> Duration {
    match family {
        Family::V4 => Duration::from_secs(1),
        Family::V6 => Duration::from_millis(100),
    }
}

/// The answers that a router still owes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    /// When it would be full again.
    full: Moment,
}

impl Budget {
    pub(super) const FULL: Self = Self { full: Moment::ZERO };

    /// How many answers are left.
    pub(super) fn left(&self, refill: Duration, now: Moment) -> u32 {
        let owed = self.full.since(now).as_nanos().div_ceil(refill.as_nanos().max(1));
        BURST.saturating_sub(u32::try_from(owed).unwrap_or(u32::MAX))
    }

    /// Spends answers.
    pub(super) fn spend(&mut self, answers: u32, refill: Duration, now: Moment) {
        self.full = self.full.max(now) + refill.saturating_mul(answers);
    }

    /// When this many answers, six at most, are left.
    pub(super) fn ready(&self, answers: u32, refill: Duration) -> Moment {
        self.full.before(refill.saturating_mul(BURST.saturating_sub(answers.min(BURST))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_at_once_and_then_one_a_second() {
        let second = refill(Family::V4);
        let at = |milliseconds| Moment::ZERO + Duration::from_millis(milliseconds);
        let mut budget = Budget::FULL;
        assert_eq!(budget.left(second, at(0)), 6);
        budget.spend(3, second, at(0));
        assert_eq!([0, 999, 1000, 3000, 9000].map(|ms| budget.left(second, at(ms))), [3, 3, 4, 6, 6]);
        assert_eq!((budget.ready(3, second), budget.ready(5, second)), (at(0), at(2000)));
        budget.spend(6, second, at(0));
        assert_eq!((budget.left(second, at(0)), budget.left(second, at(4000))), (0, 1));
        // More than six are never saved up.
        assert_eq!(budget.ready(100, second), at(9000));
    }
}
