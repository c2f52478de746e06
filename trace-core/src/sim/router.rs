use core::time::Duration;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::limit::Limit;
use super::{Line, RateLimit};
use crate::model::{Family, Label, Protocol, ReplyKind};

/// A router: forwards packets, and answers those whose TTL ends at it.
///
/// Unless told otherwise it answers at once and everything, quotes as much as routers may, has an address of
/// each family, and answers with a TTL of 255.
#[derive(Debug, Clone)]
pub struct Router {
    v4: Ipv4Addr,
    v6: Ipv6Addr,
    pub(super) line: Line,
    pub(super) silent: Vec<Protocol>,
    pub(super) slow: Duration,
    pub(super) limit: Limit,
    pub(super) refuses: Vec<(Protocol, ReplyKind)>,
    pub(super) drops: Vec<Protocol>,
    pub(super) quotes: usize,
    pub(super) labels: Vec<Label>,
    pub(super) legacy_extensions: bool,
    pub(super) reply_ttl: u8,
    pub(super) way_back: u8,
    pub(super) rewrites_tos: Option<u8>,
    pub(super) forwards_too_far: bool,
    pub(super) translates: Option<IpAddr>,
}

impl Router {
    pub(super) fn new(number: u16, line: Line) -> Self {
        let [high, low] = number.to_be_bytes();
        Self {
            // RFC 2544 keeps 198.18.0.0/15 for tests of network devices.
            v4: Ipv4Addr::new(198, 18, high, low),
            v6: Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, number),
            line,
            silent: Vec::new(),
            slow: Duration::ZERO,
            limit: Limit::None,
            refuses: Vec::new(),
            drops: Vec::new(),
            quotes: usize::MAX,
            labels: Vec::new(),
            legacy_extensions: false,
            reply_ttl: 255,
            way_back: 0,
            rewrites_tos: None,
            forwards_too_far: false,
            translates: None,
        }
    }

    /// The address it answers from.
    #[must_use]
    pub const fn address(&self, family: Family) -> IpAddr {
        match family {
            Family::V4 => IpAddr::V4(self.v4),
            Family::V6 => IpAddr::V6(self.v6),
        }
    }

    /// Gives it another address, of the family of this one.
    pub const fn at(&mut self, address: IpAddr) -> &mut Self {
        match address {
            IpAddr::V4(address) => self.v4 = address,
            IpAddr::V6(address) => self.v6 = address,
        }
        self
    }

    /// Changes the line in front of it.
    pub const fn line(&mut self, line: Line) -> &mut Self {
        self.line = line;
        self
    }

    /// Loses this part of the packets in each direction on the line in front of it, 0 to 1.
    pub const fn loss(&mut self, part: f64) -> &mut Self {
        self.line.loss = part;
        self
    }

    /// Adds at most this much to every passage of the line in front of it.
    pub const fn jitter(&mut self, most: Duration) -> &mut Self {
        self.line.jitter = most;
        self
    }

    /// Never answers.
    pub fn silent(&mut self) -> &mut Self {
        self.silent = Protocol::ALL.to_vec();
        self
    }

    /// Never answers probes of this protocol.
    pub fn silent_for(&mut self, protocol: Protocol) -> &mut Self {
        self.silent.push(protocol);
        self
    }

    /// Takes this long to make an answer; forwarding stays quick.
    pub const fn slow(&mut self, delay: Duration) -> &mut Self {
        self.slow = delay;
        self
    }

    /// Limits its answers as Linux does for the family ([`RateLimit::linux`]).
    pub const fn rate_limited(&mut self) -> &mut Self {
        self.limit = Limit::Linux;
        self
    }

    /// Limits its answers.
    pub const fn rate_limit(&mut self, limit: RateLimit) -> &mut Self {
        self.limit = Limit::Fixed(limit);
        self
    }

    /// Answers with an error of this kind what it should forward. Kinds that are no ICMP error silence it.
    pub fn refuses(&mut self, kind: ReplyKind) -> &mut Self {
        self.refuses = Protocol::ALL.iter().map(|protocol| (*protocol, kind)).collect();
        self
    }

    /// Answers with an error of this kind what it should forward of one protocol.
    pub fn refuses_of(&mut self, protocol: Protocol, kind: ReplyKind) -> &mut Self {
        self.refuses.push((protocol, kind));
        self
    }

    /// Drops in silence what it should forward of this protocol.
    pub fn drops(&mut self, protocol: Protocol) -> &mut Self {
        self.drops.push(protocol);
        self
    }

    /// Quotes at most this many bytes behind the IP header of what it answers: 8 is what RFC 792 asks for.
    pub const fn quotes(&mut self, bytes: usize) -> &mut Self {
        self.quotes = bytes;
        self
    }

    /// Reports that what it answers carried these labels (RFC 4950).
    pub fn labels(&mut self, labels: impl IntoIterator<Item = Label>) -> &mut Self {
        self.labels = labels.into_iter().collect();
        self
    }

    /// Reports labels as routers did before RFC 4884: behind 128 bytes, the length not set.
    pub const fn legacy_extensions(&mut self) -> &mut Self {
        self.legacy_extensions = true;
        self
    }

    /// Answers with this TTL or hop limit.
    pub const fn reply_ttl(&mut self, ttl: u8) -> &mut Self {
        self.reply_ttl = ttl;
        self
    }

    /// Its answers pass this many routers more on their way back than the probe did.
    pub const fn longer_way_back(&mut self, routers: u8) -> &mut Self {
        self.way_back = routers;
        self
    }

    /// Sets the type-of-service byte or traffic class of what it forwards.
    pub const fn rewrites_tos(&mut self, tos: u8) -> &mut Self {
        self.rewrites_tos = Some(tos);
        self
    }

    /// Forwards packets that arrive with TTL 1, as TTL 0, so that the next one answers in its place and
    /// quotes TTL 0.
    pub const fn forwards_too_far(&mut self) -> &mut Self {
        self.forwards_too_far = true;
        self
    }

    /// Puts this address, of the family of the probes, in place of the source of what it forwards. On the way
    /// back it puts the old one into what is quoted, but not into its checksum, as common translators do.
    pub const fn translates(&mut self, source: IpAddr) -> &mut Self {
        self.translates = Some(source);
        self
    }
}
