//! The bytes of answers, from their transport header on.

use std::net::IpAddr;

use crate::model::{Extension, Family, IcmpType, Label, Protocol};
use crate::wire::checksum::Sum;
use crate::wire::{double_word, ip_header, protocol_number, transport_header};

/// An ICMP error message that quotes `packet`.
pub(super) struct ErrorMessage<'a> {
    pub(super) from: IpAddr,
    pub(super) to: IpAddr,
    pub(super) icmp: IcmpType,
    /// The whole packet that caused it, as it arrived.
    pub(super) packet: &'a [u8],
    /// How many bytes behind the IP header are quoted at most.
    pub(super) quotes: usize,
    pub(super) labels: &'a [Label],
    pub(super) extensions: &'a [Extension],
    /// Objects as before RFC 4884: the length is not set.
    pub(super) legacy: bool,
}

impl ErrorMessage<'_> {
    pub(super) fn bytes(&self) -> Vec<u8> {
        let family = Family::of(self.from);
        // RFC 1812, section 4.3.2.3, and RFC 4443, section 2.4 (c): whole messages of 576 and 1280 bytes.
        let (most, unit): (usize, usize) = match family {
            Family::V4 => (576 - 20 - 8, 4),
            Family::V6 => (1280 - 40 - 8, 8),
        };
        let extensible = matches!((family, self.icmp.kind), (Family::V4, 3 | 11 | 12) | (Family::V6, 1 | 3));
        let something = !self.labels.is_empty() || !self.extensions.is_empty();
        let structure =
            if extensible && something { structure(self.labels, self.extensions) } else { Vec::new() };

        let quoted = usize::from(ip_header(family)).saturating_add(self.quotes).min(self.packet.len());
        let most = match (structure.is_empty(), self.legacy) {
            (true, _) => most,
            (false, true) => 128,
            (false, false) => most.saturating_sub(structure.len()) / unit * unit,
        };
        let mut message = vec![self.icmp.kind, self.icmp.code, 0, 0, 0, 0, 0, 0];
        message.extend(self.packet.iter().take(quoted.min(most)));
        if !structure.is_empty() {
            let length = message.len().saturating_sub(8).max(128).next_multiple_of(unit);
            message.resize(8 + length, 0);
            message.extend(structure);
            let words = if self.legacy { 0 } else { u8::try_from(length / unit).unwrap_or(0) };
            if let Some([_, _, _, _, fifth, sixth, ..]) = message.first_chunk_mut::<8>() {
                match family {
                    Family::V4 => *sixth = words,
                    Family::V6 => *fifth = words,
                }
            }
        }
        finish(&mut message, Protocol::Icmp, self.from, self.to);
        message
    }
}

/// An extension structure with the label stack, if there is one, and other objects (RFC 4884, section 7; RFC 4950).
fn structure(labels: &[Label], extensions: &[Extension]) -> Vec<u8> {
    let mut bytes = vec![0x20, 0, 0, 0];
    let stack = labels.iter().flat_map(|label| {
        let flags = (u32::from(label.traffic_class & 0b111) << 9) | (u32::from(label.bottom) << 8);
        ((label.label << 12) | flags | u32::from(label.ttl)).to_be_bytes()
    });
    if !labels.is_empty() {
        put_object(&mut bytes, 1, 1, &stack.collect::<Vec<u8>>());
    }
    for extension in extensions {
        put_object(&mut bytes, extension.class, extension.c_type, &extension.bytes);
    }
    put_checksum(&mut bytes, 2, Sum::ZERO);
    bytes
}

/// One object: its length with its header, class, C-Type and payload.
fn put_object(bytes: &mut Vec<u8>, class: u8, c_type: u8, payload: &[u8]) {
    let length = u16::try_from(4 + payload.len()).unwrap_or(4);
    bytes.extend(length.to_be_bytes());
    bytes.extend([class, c_type]);
    bytes.extend(payload);
}

/// The reply to an echo request.
pub(super) fn echo_reply(from: IpAddr, to: IpAddr, request: &[u8]) -> Vec<u8> {
    let mut reply = request.to_vec();
    if let Some(kind) = reply.first_mut() {
        *kind = match Family::of(from) {
            Family::V4 => 0,
            Family::V6 => 129,
        };
    }
    finish(&mut reply, Protocol::Icmp, from, to);
    reply
}

/// The answer to a SYN: SYN and ACK from a port that is open, else a reset.
pub(super) fn segment(from: IpAddr, to: IpAddr, syn: &[u8], open: bool) -> Vec<u8> {
    const HEADER_AND_RST_ACK: u16 = 0x5014;
    const HEADER_AND_SYN_ACK: u16 = 0x5012;
    let data = syn.len().saturating_sub(usize::from(transport_header(Protocol::Tcp)));
    let data = u32::try_from(data).unwrap_or(0);
    let sequence = double_word(syn, 4).unwrap_or(0);
    let (acknowledged, flags, own) = match open {
        true => (sequence.wrapping_add(1), HEADER_AND_SYN_ACK, !sequence),
        false => (sequence.wrapping_add(1).wrapping_add(data), HEADER_AND_RST_ACK, 0),
    };
    acknowledgement(from, to, syn, [own, acknowledged], flags)
}

/// The answer to a SYN while another one with this sequence number is half open: an acknowledgement of that one.
pub(super) fn challenge(from: IpAddr, to: IpAddr, syn: &[u8], accepted: u32) -> Vec<u8> {
    const HEADER_AND_ACK: u16 = 0x5010;
    acknowledgement(from, to, syn, [(!accepted).wrapping_add(1), accepted.wrapping_add(1)], HEADER_AND_ACK)
}

/// A segment back to where `syn` came from, with sequence and acknowledgement number.
fn acknowledgement(from: IpAddr, to: IpAddr, syn: &[u8], numbers: [u32; 2], flags: u16) -> Vec<u8> {
    let mut answer = ports_back(syn);
    answer.extend(numbers.into_iter().flat_map(u32::to_be_bytes));
    answer.extend(flags.to_be_bytes());
    answer.extend([0; 6]);
    finish(&mut answer, Protocol::Tcp, from, to);
    answer
}

/// What a UDP service sends back.
pub(super) fn datagram(from: IpAddr, to: IpAddr, request: &[u8]) -> Vec<u8> {
    let mut answer = ports_back(request);
    answer.extend([0, 12, 0, 0]);
    answer.extend(*b"data");
    finish(&mut answer, Protocol::Udp, from, to);
    answer
}

fn ports_back(request: &[u8]) -> Vec<u8> {
    match request.first_chunk() {
        Some([source_0, source_1, destination_0, destination_1]) => {
            vec![*destination_0, *destination_1, *source_0, *source_1]
        }
        None => Vec::new(),
    }
}

/// Puts in the checksum.
fn finish(bytes: &mut [u8], protocol: Protocol, from: IpAddr, to: IpAddr) {
    let family = Family::of(from);
    let pseudo = match (protocol, family) {
        (Protocol::Icmp, Family::V4) => Sum::ZERO,
        _ => {
            let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
            Sum::ZERO.pseudo_header(from, to, protocol_number(protocol, family)).word(length)
        }
    };
    let offset = match protocol {
        Protocol::Icmp => 2,
        Protocol::Udp => 6,
        Protocol::Tcp => 16,
    };
    put_checksum(bytes, offset, pseudo);
}

fn put_checksum(bytes: &mut [u8], offset: usize, pseudo: Sum) {
    let Some(field) = bytes.get_mut(offset..).and_then(|rest| rest.first_chunk_mut()) else { return };
    *field = [0; 2];
    let checksum = pseudo.bytes(bytes).checksum();
    if let Some(field) = bytes.get_mut(offset..).and_then(|rest| rest.first_chunk_mut()) {
        *field = checksum.to_be_bytes();
    }
}
