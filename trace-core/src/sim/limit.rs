use core::time::Duration;

use crate::engine::Moment;
use crate::model::Family;

/// A limit on the answers of a router or host: a bucket of tokens for each address it answers to, as Linux has
/// them (`icmp_ratelimit`). It is full at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// How many answers may go out at once.
    pub burst: u32,
    /// How long it takes until one more may.
    pub every: Duration,
}

impl RateLimit {
    /// What a Linux router does unless told otherwise: six at once, then one a second over IPv4, ten a
    /// second over IPv6.
    #[must_use]
    pub const fn linux(family: Family) -> Self {
        let every = match family {
            Family::V4 => Duration::from_secs(1),
            Family::V6 => Duration::from_millis(100),
        };
        Self { burst: 6, every }
    }
}

/// How the answers of a router are limited.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limit {
    None,
    /// As Linux does for the family.
    Linux,
    Fixed(RateLimit),
}

impl Limit {
    pub(super) const fn of(self, family: Family) -> Option<RateLimit> {
        match self {
            Self::None => None,
            Self::Linux => Some(RateLimit::linux(family)),
            Self::Fixed(limit) => Some(limit),
        }
    }
}

/// The bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    /// What has been saved up.
    credit: Duration,
    last: Moment,
}

impl Bucket {
    pub(super) fn full(limit: RateLimit) -> Self {
        Self { credit: limit.every.saturating_mul(limit.burst), last: Moment::ZERO }
    }

    /// Takes a token if there is one.
    pub(super) fn take(&mut self, limit: RateLimit, now: Moment) -> bool {
        let most = limit.every.saturating_mul(limit.burst);
        self.credit = self.credit.saturating_add(now.since(self.last)).min(most);
        self.last = self.last.max(now);
        match self.credit.checked_sub(limit.every) {
            Some(rest) if limit.burst > 0 => {
                self.credit = rest;
                true
            }
            _ => false,
        }
    }
}
