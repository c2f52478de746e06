use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Line;
use super::manner::{Manner, described};
use crate::model::{Extension, Family, Label, Protocol, ReplyKind};

/// A router: forwards packets, and answers those whose TTL ends at it.
///
/// Unless told otherwise it answers at once and everything, quotes as much as routers may, has an address of
/// each family, and answers with a TTL of 255.
#[derive(Debug, Clone)]
pub struct Router {
    v4: Ipv4Addr,
    v6: Ipv6Addr,
    pub(super) line: Line,
    pub(super) manner: Manner,
    pub(super) refuses: Vec<(Protocol, ReplyKind)>,
    pub(super) drops: Vec<Protocol>,
    pub(super) labels: Vec<Label>,
    pub(super) extensions: Vec<Extension>,
    pub(super) legacy_extensions: bool,
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
            manner: Manner::with_ttl(255),
            refuses: Vec::new(),
            drops: Vec::new(),
            labels: Vec::new(),
            extensions: Vec::new(),
            legacy_extensions: false,
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

    described!();

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

    /// Reports that what it answers carried these labels (RFC 4950).
    pub fn labels(&mut self, labels: impl IntoIterator<Item = Label>) -> &mut Self {
        self.labels = labels.into_iter().collect();
        self
    }

    /// Reports labels and other objects as routers did before RFC 4884: behind 128 bytes, the length not set.
    pub const fn legacy_extensions(&mut self) -> &mut Self {
        self.legacy_extensions = true;
        self
    }

    /// Attaches these objects to what it answers (RFC 4884), behind its labels.
    pub fn extensions(&mut self, extensions: impl IntoIterator<Item = Extension>) -> &mut Self {
        self.extensions = extensions.into_iter().collect();
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
