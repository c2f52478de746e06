use std::net::IpAddr;

use super::manner::{Manner, described};
use super::{Line, Path};
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
    pub(super) manner: Manner,
    pub(super) unreachable: Option<ReplyKind>,
    pub(super) open: Vec<Protocol>,
    pub(super) challenges: bool,
}

impl Host {
    pub(super) const fn new(address: IpAddr, line: Line) -> Self {
        Self {
            address,
            line,
            paths: Vec::new(),
            manner: Manner::with_ttl(64),
            unreachable: None,
            open: Vec::new(),
            challenges: false,
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

    described!();

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

    /// Remembers a SYN it has accepted until the source resets it, one round trip later, and answers another SYN of the
    /// same ports with a challenge alone, which names neither (RFC 5961, section 4). Unprivileged probes have a port
    /// each and are not concerned.
    pub const fn challenges(&mut self) -> &mut Self {
        self.challenges = true;
        self
    }

    /// The path at this moment: none before the first.
    pub(super) fn path_at(&self, moment: Moment) -> Option<&Path> {
        let following = self.paths.partition_point(|(from, _)| *from <= moment);
        following.checked_sub(1).and_then(|place| self.paths.get(place)).map(|(_, path)| path)
    }
}
