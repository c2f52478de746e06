use core::time::Duration;
use std::net::IpAddr;

use super::limit::Limit;
use super::{Line, Path, RateLimit};
use crate::engine::Moment;
use crate::model::{Protocol, ReplyKind};

/// A host that can be traced to, with the path that leads to it.
///
/// Unless told otherwise it answers echo requests, says of UDP ports that nobody listens, refuses TCP
/// connections, and answers with a TTL of 64.
#[derive(Debug, Clone)]
pub struct Host {
    pub(super) address: IpAddr,
    pub(super) line: Line,
    /// From when on which path holds, in this order.
    pub(super) paths: Vec<(Moment, Path)>,
    pub(super) silent: Vec<Protocol>,
    pub(super) slow: Duration,
    pub(super) limit: Limit,
    pub(super) unreachable: Option<ReplyKind>,
    pub(super) open: Vec<Protocol>,
    pub(super) quotes: usize,
    pub(super) reply_ttl: u8,
    pub(super) way_back: u8,
}

impl Host {
    pub(super) const fn new(address: IpAddr, line: Line) -> Self {
        Self {
            address,
            line,
            paths: Vec::new(),
            silent: Vec::new(),
            slow: Duration::ZERO,
            limit: Limit::None,
            unreachable: None,
            open: Vec::new(),
            quotes: usize::MAX,
            reply_ttl: 64,
            way_back: 0,
        }
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// The path that leads to it from the start.
    pub fn path(&mut self, path: Path) -> &mut Self {
        self.path_from(Moment::ZERO, path)
    }

    /// The path that leads to it from this moment on.
    pub fn path_from(&mut self, moment: Moment, path: Path) -> &mut Self {
        self.paths.retain(|(from, _)| *from != moment);
        let place = self.paths.partition_point(|(from, _)| *from < moment);
        self.paths.insert(place, (moment, path));
        self
    }

    /// Changes the line in front of it.
    pub const fn line(&mut self, line: Line) -> &mut Self {
        self.line = line;
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

    /// Takes this long to make an answer.
    pub const fn slow(&mut self, delay: Duration) -> &mut Self {
        self.slow = delay;
        self
    }

    /// Limits its ICMP errors as Linux does; echo replies and TCP answers are not limited.
    pub const fn rate_limited(&mut self) -> &mut Self {
        self.limit = Limit::Linux;
        self
    }

    /// Limits its ICMP errors.
    pub const fn rate_limit(&mut self, limit: RateLimit) -> &mut Self {
        self.limit = Limit::Fixed(limit);
        self
    }

    /// Cannot be reached: the last router before it says so with an error of this kind.
    pub const fn unreachable(&mut self, kind: ReplyKind) -> &mut Self {
        self.unreachable = Some(kind);
        self
    }

    /// Accepts TCP connections, or answers UDP datagrams with data.
    pub fn serves(&mut self, protocol: Protocol) -> &mut Self {
        self.open.push(protocol);
        self
    }

    /// Quotes at most this many bytes behind the IP header in its ICMP errors.
    pub const fn quotes(&mut self, bytes: usize) -> &mut Self {
        self.quotes = bytes;
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

    /// The path at this moment: none before the first.
    pub(super) fn path_at(&self, moment: Moment) -> Option<&Path> {
        let following = self.paths.partition_point(|(from, _)| *from <= moment);
        following.checked_sub(1).and_then(|place| self.paths.get(place)).map(|(_, path)| path)
    }
}
