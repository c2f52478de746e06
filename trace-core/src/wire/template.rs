use std::net::IpAddr;

use pnet_packet::icmp::{self, IcmpTypes};
use pnet_packet::icmpv6::{self, Icmpv6Types};
use pnet_packet::ip::IpNextHeaderProtocol;
use pnet_packet::ipv4::{Ipv4Flags, MutableIpv4Packet};
use pnet_packet::ipv6::MutableIpv6Packet;
use pnet_packet::tcp::{MutableTcpPacket, TcpFlags};
use pnet_packet::udp::MutableUdpPacket;

use super::checksum::Sum;
use super::{ip_header, protocol_number};
use crate::Error;
use crate::carrier::{self, MARK};
use crate::engine::ProbeId;
use crate::model::{Family, Protocol, Ttl};

/// What all probes of one flow have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers {
    /// The address they leave from.
    pub source: IpAddr,
    /// The address they go to, of the same family.
    pub destination: IpAddr,
    /// What they are made of.
    pub protocol: Protocol,
    /// Source port or echo identifier.
    pub identity: u16,
    /// Destination port; unused by ICMP.
    pub destination_port: u16,
    /// The size of the whole IP packet in bytes; `None` for the smallest that works, where the length of
    /// UDP datagrams carries the id.
    pub size: Option<u16>,
    /// Type-of-service byte or traffic class.
    pub tos: u8,
    /// The IPv6 flow label, 20 bits; unused by IPv4.
    pub flow_label: u32,
    /// Whether routers may not fragment it (the flag DF of RFC 791, section 3.1); unused by IPv6, where none
    /// ever does.
    pub dont_fragment: bool,
}

/// The probes of one flow as a packet that is built once and stamped for each probe: the fields that change
/// are written and the checksums finished from sums that were kept (RFC 1071, section 2), nothing is built
/// or summed again. [`crate::carrier`] says which field carries what.
///
/// ```
/// use trace_core::engine::ProbeId;
/// use trace_core::model::{Protocol, Ttl};
/// use trace_core::wire::{Headers, Template};
///
/// let mut template = Template::new(&Headers {
///     source: "192.0.2.1".parse()?,
///     destination: "198.51.100.80".parse()?,
///     protocol: Protocol::Icmp,
///     identity: 0x4242,
///     destination_port: 0,
///     size: None,
///     tos: 0,
///     flow_label: 0,
///     dont_fragment: false,
/// })?;
/// let id = ProbeId::new(7).ok_or("no id")?;
/// let packet = template.stamp(Ttl::MIN, id, false);
/// assert_eq!((packet.len(), packet[8], packet[27]), (30, 1, 7)); // TTL and sequence number
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Template {
    /// The packet, as long as it can get.
    bytes: Vec<u8>,
    family: Family,
    protocol: Protocol,
    port: u16,
    /// The sum of the IPv4 header but for length, identification, TTL and checksum.
    header: Sum,
    /// The sum of pseudo header and transport packet but for what [`Template::stamp`] writes.
    transport: Sum,
    /// Bytes behind the IP header when the id adds none.
    length: u16,
    /// Whether the id adds to the length.
    grows: bool,
}

impl Template {
    /// Builds the template.
    ///
    /// # Errors
    ///
    /// [`Error::MixedFamilies`] if source and destination are not of one family, [`Error::ProbeSize`] if
    /// the size is too small.
    pub fn new(headers: &Headers) -> Result<Self, Error> {
        let Headers { source, destination, protocol, destination_port, size, .. } = *headers;
        let family = Family::of(destination);
        if Family::of(source) != family {
            return Err(Error::MixedFamilies { from: source, to: destination });
        }
        let length = carrier::transport_length(protocol, family, size)?;
        let grows = carrier::length_carries_id(protocol, size);
        let longest = if grows { length + ProbeId::COUNT } else { length };

        let mut bytes = vec![0; usize::from(ip_header(family)) + usize::from(longest)];
        let (ip, packet) = bytes.split_at_mut(usize::from(ip_header(family)));
        build_ip_header(ip, headers);
        match protocol {
            Protocol::Icmp => build_echo_request(packet, family, headers.identity),
            Protocol::Udp => build_datagram(packet, headers),
            Protocol::Tcp => build_syn(packet, headers),
        }

        let header = Sum::ZERO.bytes(ip);
        let pseudo = Sum::ZERO.pseudo_header(source, destination, protocol_number(protocol, family));
        let transport = match (protocol, family) {
            (Protocol::Icmp, Family::V4) => Sum::ZERO,
            // The length is added for each probe.
            (Protocol::Udp, _) => pseudo,
            (Protocol::Icmp, Family::V6) | (Protocol::Tcp, _) => pseudo.word(length),
        };
        let transport = transport.bytes(packet);
        if let (Protocol::Icmp, Some([_, _, checksum_0, checksum_1])) = (protocol, packet.first_chunk_mut()) {
            // Whatever the sequence number, together with its complement it counts 0xffff.
            [*checksum_0, *checksum_1] = transport.word(u16::MAX).checksum().to_be_bytes();
        }
        Ok(Self { bytes, family, protocol, port: destination_port, header, transport, length, grows })
    }

    /// Writes one probe and gives the whole IP packet, ready for a raw socket with `IP_HDRINCL` or
    /// `IPV6_HDRINCL`. A UDP probe that is `off_flow` goes to its own port ([`carrier::off_flow_port`]);
    /// the other protocols never need to leave their flow.
    #[inline]
    pub fn stamp(&mut self, ttl: Ttl, id: ProbeId, off_flow: bool) -> &[u8] {
        let length = if self.grows { self.length + id.get() } else { self.length };
        // `new` made the packet long enough for all of these; nothing would be sent if it had not.
        let packet = match self.family {
            Family::V4 => {
                let Some((header, packet)) = self.bytes.split_first_chunk_mut() else { return &[] };
                stamp_ipv4(header, self.header, ttl, id, length);
                packet
            }
            Family::V6 => {
                let Some((header, packet)) = self.bytes.split_first_chunk_mut() else { return &[] };
                stamp_ipv6(header, ttl, length);
                packet
            }
        };
        match self.protocol {
            Protocol::Icmp => {
                let Some(header) = packet.first_chunk_mut() else { return &[] };
                stamp_echo_request(header, id);
            }
            Protocol::Udp => {
                let Some(header) = packet.first_chunk_mut() else { return &[] };
                let port = if off_flow { carrier::off_flow_port(self.port, id) } else { self.port };
                stamp_datagram(header, self.transport, port, length, ttl, id);
            }
            Protocol::Tcp => {
                let Some(header) = packet.first_chunk_mut() else { return &[] };
                stamp_syn(header, self.transport, id);
            }
        }
        let whole = usize::from(ip_header(self.family)) + usize::from(length);
        self.bytes.get(..whole).unwrap_or_default()
    }
}

#[inline]
fn stamp_ipv4(header: &mut [u8; 20], sum: Sum, ttl: Ttl, id: ProbeId, length: u16) {
    let whole = length.saturating_add(ip_header(Family::V4));
    let checksum = sum.word(whole).word(id.get()).word(u16::from(ttl.get()) << 8).checksum();
    let [_, _, length_0, length_1, id_0, id_1, _, _, hops, _, checksum_0, checksum_1, ..] = header;
    [*length_0, *length_1] = whole.to_be_bytes();
    [*id_0, *id_1] = id.get().to_be_bytes();
    *hops = ttl.get();
    [*checksum_0, *checksum_1] = checksum.to_be_bytes();
}

#[inline]
fn stamp_ipv6(header: &mut [u8; 40], ttl: Ttl, length: u16) {
    let [_, _, _, _, length_0, length_1, _, hops, ..] = header;
    [*length_0, *length_1] = length.to_be_bytes();
    *hops = ttl.get();
}

/// Sequence number and balance add up to nothing, so the checksum is the same for all ids and stands already.
#[inline]
fn stamp_echo_request(header: &mut [u8; 10], id: ProbeId) {
    let [_, _, _, _, _, _, sequence_0, sequence_1, balance_0, balance_1] = header;
    [*sequence_0, *sequence_1] = id.get().to_be_bytes();
    [*balance_0, *balance_1] = (!id.get()).to_be_bytes();
}

/// The checksum field holds the id; what it would have held goes into the balance instead.
#[inline]
fn stamp_datagram(header: &mut [u8; 16], sum: Sum, port: u16, length: u16, ttl: Ttl, id: ProbeId) {
    let balance = sum
        .word(port)
        .word(length)
        .word(length)
        .word(id.get())
        .word(id.get())
        .word(u16::from(ttl.get()) << 8)
        .checksum();
    let [
        _,
        _,
        port_0,
        port_1,
        length_0,
        length_1,
        checksum_0,
        checksum_1,
        _,
        _,
        id_0,
        id_1,
        hops,
        _,
        balance_0,
        balance_1,
    ] = header;
    [*port_0, *port_1] = port.to_be_bytes();
    [*length_0, *length_1] = length.to_be_bytes();
    [*checksum_0, *checksum_1] = id.get().to_be_bytes();
    [*id_0, *id_1] = id.get().to_be_bytes();
    *hops = ttl.get();
    [*balance_0, *balance_1] = balance.to_be_bytes();
}

#[inline]
fn stamp_syn(header: &mut [u8; 20], sum: Sum, id: ProbeId) {
    let checksum = sum.word(id.get()).checksum();
    let [_, _, _, _, _, _, id_0, id_1, .., checksum_0, checksum_1, _, _] = header;
    [*id_0, *id_1] = id.get().to_be_bytes();
    [*checksum_0, *checksum_1] = checksum.to_be_bytes();
}

/// Everything but length, identification, TTL and checksum.
fn build_ip_header(bytes: &mut [u8], headers: &Headers) {
    let protocol = |family| IpNextHeaderProtocol(protocol_number(headers.protocol, family));
    match (headers.source, headers.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            if let Some(mut header) = MutableIpv4Packet::new(bytes) {
                header.set_version(4);
                header.set_header_length(5);
                header.set_dscp(headers.tos >> 2);
                header.set_ecn(headers.tos & 0b11);
                header.set_flags(if headers.dont_fragment { Ipv4Flags::DontFragment } else { 0 });
                header.set_next_level_protocol(protocol(Family::V4));
                header.set_source(source);
                header.set_destination(destination);
            }
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            if let Some(mut header) = MutableIpv6Packet::new(bytes) {
                header.set_version(6);
                header.set_traffic_class(headers.tos);
                header.set_flow_label(headers.flow_label & 0xf_ffff);
                header.set_next_header(protocol(Family::V6));
                header.set_source(source);
                header.set_destination(destination);
            }
        }
        // `new` has refused these.
        _ => {}
    }
}

/// Everything but checksum, sequence number and balance.
fn build_echo_request(bytes: &mut [u8], family: Family, identity: u16) {
    match family {
        Family::V4 => {
            if let Some(mut request) = icmp::echo_request::MutableEchoRequestPacket::new(bytes) {
                request.set_icmp_type(IcmpTypes::EchoRequest);
                request.set_identifier(identity);
            }
        }
        Family::V6 => {
            if let Some(mut request) = icmpv6::echo_request::MutableEchoRequestPacket::new(bytes) {
                request.set_icmpv6_type(Icmpv6Types::EchoRequest);
                request.set_identifier(identity);
            }
        }
    }
}

/// Everything but destination port, length, checksum and the payload that depends on the probe.
fn build_datagram(bytes: &mut [u8], headers: &Headers) {
    if let Some(mut datagram) = MutableUdpPacket::new(bytes) {
        datagram.set_source(headers.identity);
    }
    if let Some(mark) = bytes.get_mut(8..).and_then(|payload| payload.first_chunk_mut()) {
        *mark = MARK;
    }
}

/// Everything but the lower half of the sequence number and the checksum.
fn build_syn(bytes: &mut [u8], headers: &Headers) {
    if let Some(mut segment) = MutableTcpPacket::new(bytes) {
        segment.set_source(headers.identity);
        segment.set_destination(headers.destination_port);
        segment.set_sequence(u32::from(headers.identity) << 16);
        segment.set_data_offset(5);
        segment.set_flags(TcpFlags::SYN);
        // As large as it gets without a window scale option.
        segment.set_window(u16::MAX);
    }
}

#[cfg(test)]
pub(crate) mod tests;
