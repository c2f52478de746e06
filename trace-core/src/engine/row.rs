use core::time::Duration;
use std::net::IpAddr;

use super::Moment;

/// What one lane has sent with one TTL in the current round, and what came of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// How many probes are to be sent.
    pub(super) quota: u16,
    /// How many were handed to the link.
    pub(super) sent: u16,
    /// How many of those need no more waiting: answered, or never left.
    pub(super) settled: u16,
    /// How many were answered.
    pub(super) answered: u16,
    /// When the last one left.
    pub(super) last_sent: Moment,
    /// The target answered at this TTL.
    pub(super) reached: bool,
    /// A TTL ran out here.
    pub(super) exceeded: bool,
    /// Somebody else said that the target cannot be reached.
    pub(super) blocked: bool,
    /// Probes were sent a second time because answers could not be told apart.
    pub(super) repeated: bool,
    /// The first router whose TTL ran out here.
    pub(super) router: Option<IpAddr>,
}

impl Row {
    pub(super) const fn new(queries: u8) -> Self {
        Self {
            quota: queries as u16,
            sent: 0,
            settled: 0,
            answered: 0,
            last_sent: Moment::ZERO,
            reached: false,
            exceeded: false,
            blocked: false,
            repeated: false,
            router: None,
        }
    }

    /// Probes that may still be answered.
    pub(super) fn in_flight(&self, now: Moment, patience: Duration) -> u16 {
        if now >= self.last_sent + patience { 0 } else { self.sent.saturating_sub(self.settled) }
    }

    /// Whether everything was sent and nothing more is waited for.
    pub(super) fn is_settled(&self, now: Moment, patience: Duration) -> bool {
        self.sent >= self.quota && self.in_flight(now, patience) == 0
    }
}
