use core::time::Duration;
use std::net::IpAddr;

use super::words::words;
use super::{Extension, IcmpType, Label, Uuid};

words! {
    /// What an answer says.
    ReplyKind, "kind of reply" {
        /// The TTL ran out at a router (ICMP 11/0, ICMPv6 3/0).
        TimeExceeded = "time-exceeded",
        /// A fragment could not be reassembled in time (ICMP 11/1, ICMPv6 3/1).
        ReassemblyExceeded = "reassembly-exceeded",
        /// The target answered an ICMP echo request.
        EchoReply = "echo-reply",
        /// No listener at the port (ICMP 3/3, ICMPv6 1/4).
        PortUnreachable = "port-unreachable",
        /// The host does not answer its router (ICMP 3/1, ICMPv6 1/3).
        HostUnreachable = "host-unreachable",
        /// No route (ICMP 3/0, ICMPv6 1/0).
        NetUnreachable = "net-unreachable",
        /// The host does not speak the protocol (ICMP 3/2, ICMPv6 4/1).
        ProtocolUnreachable = "protocol-unreachable",
        /// A filter refused it (ICMP 3/9, 3/10 and 3/13, ICMPv6 1/1, 1/5 and 1/6).
        AdminProhibited = "admin-prohibited",
        /// The packet does not fit the next link (ICMP 3/4, ICMPv6 2/0).
        TooBig = "too-big",
        /// Any other destination-unreachable message; type and code tell which.
        Unreachable = "unreachable",
        /// A header field was refused (ICMP 12, ICMPv6 4).
        ParameterProblem = "parameter-problem",
        /// The target accepted the TCP connection.
        SynAck = "syn-ack",
        /// The target refused the TCP connection.
        Rst = "rst",
        /// A service answered with data.
        Data = "data",
    }
}

impl ReplyKind {
    /// Whether this kind says that the packet went no further because of something in the way, if it comes
    /// from somebody who is not the target.
    #[must_use]
    pub const fn ends_path(self) -> bool {
        matches!(
            self,
            Self::PortUnreachable
                | Self::HostUnreachable
                | Self::NetUnreachable
                | Self::ProtocolUnreachable
                | Self::AdminProhibited
                | Self::TooBig
                | Self::Unreachable
                | Self::ParameterProblem
        )
    }
}

/// What a router quoted of our probe, where it tells something of the way there. Only raw sockets see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quoted {
    /// The TTL the probe had left when it was quoted: 1 as a rule, 0 from routers that forward too far.
    pub ttl: u8,
    /// The type-of-service byte (DSCP and ECN) the probe arrived with.
    pub tos: u8,
    /// Whether addresses, ports or checksum differ from those that were sent.
    pub nat: bool,
}

/// An answer to a probe.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// Who answered.
    pub from: IpAddr,
    /// Time from sending the probe to receiving the answer. `None` for a hop copied from another trace, and
    /// where an imported form has none.
    pub rtt: Option<Duration>,
    /// What the answer says; `None` where an imported form does not tell.
    pub kind: Option<ReplyKind>,
    /// ICMP type and code, where the answer was an ICMP message.
    pub icmp: Option<IcmpType>,
    /// The TTL or hop limit the answer arrived with, from which the length of the way back can be guessed.
    pub reply_ttl: Option<u8>,
    /// What was quoted of the probe.
    pub quoted: Option<Quoted>,
    /// MPLS labels the probe carried (RFC 4950).
    pub mpls: Vec<Label>,
    /// Other extension objects (RFC 4884).
    pub extensions: Vec<Extension>,
    /// The trace this answer was taken over from. Such an answer has no RTT and counts in no statistic.
    pub inherited_from: Option<Uuid>,
}

impl Reply {
    /// An answer of which nothing is known but who sent it.
    #[must_use]
    pub const fn new(from: IpAddr) -> Self {
        Self {
            from,
            rtt: None,
            kind: None,
            icmp: None,
            reply_ttl: None,
            quoted: None,
            mpls: Vec::new(),
            extensions: Vec::new(),
            inherited_from: None,
        }
    }

    /// The TTL or hop limit the answer probably left with: the next of 32, 64, 128 and 255, which are what systems
    /// start with (Vanaubel et al., "Network fingerprinting: TTL-based router signatures", IMC 2013). `None` where
    /// that which it arrived with was not seen.
    #[must_use]
    pub const fn initial_ttl(&self) -> Option<u8> {
        match self.reply_ttl {
            Some(0) | None => None,
            Some(1..=32) => Some(32),
            Some(33..=64) => Some(64),
            Some(65..=128) => Some(128),
            Some(129..) => Some(255),
        }
    }

    /// How many routers the answer probably passed on its way back. A path that is the same both ways has one less
    /// than the TTL of the probe.
    #[must_use]
    pub const fn routers_back(&self) -> Option<u8> {
        match (self.initial_ttl(), self.reply_ttl) {
            (Some(initial), Some(arrived)) => initial.checked_sub(arrived),
            _ => None,
        }
    }
}
