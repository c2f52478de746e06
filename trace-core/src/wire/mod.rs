//! Bytes on the wire: probes out, ICMP messages in.
//!
//! The layout of headers comes from `pnet_packet`; checksum arithmetic, probe templates, what routers quote
//! and the extension structures they attach are ours. Whatever comes from the network is read without
//! panicking: a message that makes no sense is `None`.
//!
//! The families and the protocols are values here, never copies of the code.

pub mod checksum;
mod extension;
mod fragment;
mod icmp;
mod quote;
pub(crate) mod template;

pub use extension::Extensions;
pub use fragment::fragments;
pub use icmp::{Message, icmp_type, reply_kind};
pub use quote::Quote;
pub use template::{Headers, Template};

use crate::model::{Family, Protocol};

/// Bytes of the IP header of our probes: no IPv4 options, no IPv6 extension headers.
#[must_use]
pub const fn ip_header(family: Family) -> u16 {
    match family {
        Family::V4 => 20,
        Family::V6 => 40,
    }
}

/// Bytes of the transport header of our probes: echo request, UDP, or TCP without options.
#[must_use]
pub const fn transport_header(protocol: Protocol) -> u16 {
    match protocol {
        Protocol::Icmp | Protocol::Udp => 8,
        Protocol::Tcp => 20,
    }
}

/// The number that stands for a protocol in an IP header (IPv4: protocol, IPv6: next header).
#[must_use]
pub const fn protocol_number(protocol: Protocol, family: Family) -> u8 {
    match (protocol, family) {
        (Protocol::Icmp, Family::V4) => 1,
        (Protocol::Icmp, Family::V6) => 58,
        (Protocol::Udp, _) => 17,
        (Protocol::Tcp, _) => 6,
    }
}

/// The protocol that a number stands for in an IP header of `family`.
#[must_use]
pub const fn protocol_of(number: u8, family: Family) -> Option<Protocol> {
    match (number, family) {
        (1, Family::V4) | (58, Family::V6) => Some(Protocol::Icmp),
        (17, _) => Some(Protocol::Udp),
        (6, _) => Some(Protocol::Tcp),
        _ => None,
    }
}

/// The 16 bits at `offset`, in network order.
pub(crate) fn word(bytes: &[u8], offset: usize) -> Option<u16> {
    bytes.get(offset..)?.first_chunk().map(|word| u16::from_be_bytes(*word))
}

/// The 32 bits at `offset`, in network order.
pub(crate) fn double_word(bytes: &[u8], offset: usize) -> Option<u32> {
    bytes.get(offset..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
}
