use core::time::Duration;

use super::limit::Limit;
use crate::model::Protocol;

/// How a router or host answers, if it does.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    pub(super) silent: Vec<Protocol>,
    pub(super) slow: Duration,
    pub(super) limit: Limit,
    pub(super) quotes: usize,
    pub(super) reply_ttl: u8,
    pub(super) way_back: u8,
}

impl Manner {
    /// At once, everything, as much as may be quoted, with this TTL.
    pub(super) const fn with_ttl(reply_ttl: u8) -> Self {
        Self {
            silent: Vec::new(),
            slow: Duration::ZERO,
            limit: Limit::None,
            quotes: usize::MAX,
            reply_ttl,
            way_back: 0,
        }
    }
}

/// The methods by which whatever has a `line` and a `manner` is described.
macro_rules! described {
    () => {
        /// Changes the line in front of it.
        pub const fn line(&mut self, line: $crate::sim::Line) -> &mut Self {
            self.line = line;
            self
        }

        /// Loses this part of the packets in each direction on the line in front of it, 0 to 1.
        pub const fn loss(&mut self, part: f64) -> &mut Self {
            self.line.loss = part;
            self
        }

        /// Adds at most this much to every passage of the line in front of it.
        pub const fn jitter(&mut self, most: core::time::Duration) -> &mut Self {
            self.line.jitter = most;
            self
        }

        /// Never answers.
        pub fn silent(&mut self) -> &mut Self {
            self.manner.silent = $crate::model::Protocol::ALL.to_vec();
            self
        }

        /// Never answers probes of this protocol.
        pub fn silent_for(&mut self, protocol: $crate::model::Protocol) -> &mut Self {
            self.manner.silent.push(protocol);
            self
        }

        /// Takes this long to make an answer; forwarding stays quick.
        pub const fn slow(&mut self, delay: core::time::Duration) -> &mut Self {
            self.manner.slow = delay;
            self
        }

        /// Limits its ICMP errors as Linux does for the family ([`RateLimit::linux`](crate::sim::RateLimit::linux)).
        /// Echo replies and TCP answers are not limited.
        pub const fn rate_limited(&mut self) -> &mut Self {
            self.manner.limit = $crate::sim::limit::Limit::Linux;
            self
        }

        /// Limits its ICMP errors.
        pub const fn rate_limit(&mut self, limit: $crate::sim::RateLimit) -> &mut Self {
            self.manner.limit = $crate::sim::limit::Limit::Fixed(limit);
            self
        }

        /// Quotes at most this many bytes behind the IP header of what it answers with an ICMP error: 8 is what
        /// RFC 792 asks for.
        pub const fn quotes(&mut self, bytes: usize) -> &mut Self {
            self.manner.quotes = bytes;
            self
        }

        /// Answers with this TTL or hop limit.
        pub const fn reply_ttl(&mut self, ttl: u8) -> &mut Self {
            self.manner.reply_ttl = ttl;
            self
        }

        /// Its answers pass this many routers more on their way back than the probe did.
        pub const fn longer_way_back(&mut self, routers: u8) -> &mut Self {
            self.manner.way_back = routers;
            self
        }
    };
}

pub(super) use described;
