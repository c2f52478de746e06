use std::net::IpAddr;

use pnet_packet::ipv4::Ipv4Packet;
use pnet_packet::ipv6::Ipv6Packet;

use super::{protocol_of, word};
use crate::model::{Family, Protocol};

/// The beginning of one of our packets as somebody quotes it in an ICMP error message: what its IP header
/// said on arrival there, and as many bytes behind it as were sent back. RFC 792 asks for 8, RFC 1812
/// (section 4.3.2.3) and RFC 4443 (section 3) for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote<'a> {
    /// Where the packet came from, as seen there.
    pub source: IpAddr,
    /// Where it was going, as seen there.
    pub destination: IpAddr,
    /// The protocol behind the IP header, its options and extension headers.
    pub protocol: Protocol,
    /// The TTL or hop limit it had left.
    pub ttl: u8,
    /// The type-of-service byte or traffic class.
    pub tos: u8,
    /// The IPv4 identification; IPv6 has none.
    pub identification: Option<u16>,
    /// The IPv6 flow label; IPv4 has none.
    pub flow_label: Option<u32>,
    /// The transport header and what follows, as far as it was quoted; perhaps with padding behind it.
    pub transport: &'a [u8],
}

impl<'a> Quote<'a> {
    /// Reads the beginning of an IP packet of `family`. `None` if it is none, is cut within its IP headers,
    /// carries another protocol, or is a fragment other than the first.
    #[must_use]
    pub fn parse(family: Family, bytes: &'a [u8]) -> Option<Self> {
        match family {
            Family::V4 => Self::parse_v4(bytes),
            Family::V6 => Self::parse_v6(bytes),
        }
    }

    fn parse_v4(bytes: &'a [u8]) -> Option<Self> {
        let header = Ipv4Packet::new(bytes)?;
        let length = usize::from(header.get_header_length()).checked_mul(4)?;
        if header.get_version() != 4 || length < Ipv4Packet::minimum_packet_size() {
            return None;
        }
        if header.get_fragment_offset() != 0 {
            return None;
        }
        Some(Self {
            source: header.get_source().into(),
            destination: header.get_destination().into(),
            protocol: protocol_of(header.get_next_level_protocol().0, Family::V4)?,
            ttl: header.get_ttl(),
            tos: (header.get_dscp() << 2) | header.get_ecn(),
            identification: Some(header.get_identification()),
            flow_label: None,
            transport: bytes.get(length..)?,
        })
    }

    fn parse_v6(bytes: &'a [u8]) -> Option<Self> {
        let header = Ipv6Packet::new(bytes)?;
        if header.get_version() != 6 {
            return None;
        }
        let rest = bytes.get(Ipv6Packet::minimum_packet_size()..)?;
        let (protocol, transport) = behind_extension_headers(header.get_next_header().0, rest)?;
        Some(Self {
            source: header.get_source().into(),
            destination: header.get_destination().into(),
            protocol,
            ttl: header.get_hop_limit(),
            tos: header.get_traffic_class(),
            identification: None,
            flow_label: Some(header.get_flow_label()),
            transport,
        })
    }
}

/// Skips the extension headers of IPv6 (RFC 8200, section 4; the authentication header of RFC 4302 counts
/// its length differently).
fn behind_extension_headers(mut next: u8, mut bytes: &[u8]) -> Option<(Protocol, &[u8])> {
    const HOP_BY_HOP: u8 = 0;
    const ROUTING: u8 = 43;
    const FRAGMENT: u8 = 44;
    const AUTHENTICATION: u8 = 51;
    const DESTINATION_OPTIONS: u8 = 60;
    loop {
        let following = bytes.first().copied();
        let length = bytes.get(1).copied().map(usize::from);
        let skip = match next {
            HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS => (length? + 1) * 8,
            AUTHENTICATION => (length? + 2) * 4,
            // 13 bits of offset, 2 reserved, 1 "more fragments".
            FRAGMENT if word(bytes, 2)? & 0xfff8 == 0 => 8,
            FRAGMENT => return None,
            _ => return protocol_of(next, Family::V6).map(|protocol| (protocol, bytes)),
        };
        next = following?;
        bytes = bytes.get(skip..)?;
    }
}

#[cfg(test)]
mod tests;
