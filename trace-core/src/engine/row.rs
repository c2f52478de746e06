use std::net::IpAddr;

use super::Moment;

/// What one lane has sent with one TTL in the current round, and what came of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// When the last one left.
    pub(super) last_sent: Moment,
    /// The slots before this one are not waited for any more.
    pub(super) given_up: u32,
    /// How many probes are to be sent.
    pub(super) quota: u16,
    /// How many were handed to the link.
    pub(super) sent: u16,
    /// How many of those are still waited for.
    pub(super) in_flight: u16,
    /// How many were answered.
    pub(super) answered: u16,
    /// The first router whose TTL ran out here.
    pub(super) router: Option<IpAddr>,
    /// The target answered at this TTL.
    pub(super) reached: bool,
    /// A TTL ran out here.
    pub(super) exceeded: bool,
    /// Somebody else said that the target cannot be reached.
    pub(super) blocked: bool,
    /// Probes were sent a second time because answers could not be told apart.
    pub(super) repeated: bool,
    /// Fewer probes than asked for were sent because other traces needed the router's answers.
    pub(super) cut: bool,
}

impl Row {
    pub(super) const fn new(queries: u8) -> Self {
        Self {
            last_sent: Moment::ZERO,
            given_up: 0,
            quota: queries as u16,
            sent: 0,
            in_flight: 0,
            answered: 0,
            router: None,
            reached: false,
            exceeded: false,
            blocked: false,
            repeated: false,
            cut: false,
        }
    }
}
