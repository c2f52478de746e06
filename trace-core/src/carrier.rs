//! Which header field carries the number of a probe, and why.
//!
//! An ICMP error message quotes the beginning of the packet that caused it: the IP header and at least 8
//! bytes behind it (RFC 792). What tells probes apart must lie in there, must come back unchanged, and must
//! not be a field that load balancers hash, or every probe would take a path of its own (Augustin et al.,
//! "Avoiding traceroute anomalies with Paris traceroute", IMC 2006). Balancers hash addresses, protocol, the
//! first four bytes behind the IP header (ports; type, code and checksum of ICMP) and the IPv6 flow label.
//!
//! Two numbers are carried. The *identity* (16 bits) names a flow of a target; a bound socket reserves it,
//! so that no other program and no other trace shares it. The [`ProbeId`] (1 to 512) names the probe.
//!
//! | | identity | probe id | kept constant over a flow |
//! |---|---|---|---|
//! | ICMP | echo identifier | sequence number | the checksum: two payload bytes are the complement of the sequence number |
//! | UDP over IPv4 | source port | length, IP identification, payload | both ports |
//! | UDP over IPv6 | source port | length, payload | both ports, flow label |
//! | TCP SYN | source port, and the upper half of the sequence number | the lower half of the sequence number | both ports, flow label |
//!
//! * **UDP length.** A datagram is as many bytes longer than the shortest one as its id says. Over IPv6
//!   nothing else of the 8 bytes is free: ports and flow label are hashed, and the checksum changes with
//!   every address translator. Over IPv4 the identification carries the id too, for there is one. It is never 0: the
//!   kernel would fill it in. All IPv4 probes carry it, as it costs nothing.
//! * **UDP checksum.** Two payload bytes are chosen so that the checksum *is* the id. So it is never 0, which
//!   would mean "no checksum" (RFC 768) and is forbidden over IPv6 (RFC 8200, section 8.1), and a quoted
//!   checksum that differs tells of a translator in between. It is a witness. Only where the size of all
//!   probes was fixed by the user and a router quotes neither payload nor identification is it the key, as
//!   nothing else is left.
//! * **UDP payload** repeats the id behind a mark, for links that see only the payload (error queues) and
//!   as a check where routers quote it.
//! * **Off flow.** Where only the payload could tell and a router does not quote it, a probe can leave its
//!   flow: its destination port is the flow's port plus its id (minus, where that would pass 65,535).
//! * **TCP** answers acknowledge the sequence number plus one, plus what data the SYN carried if they are
//!   resets (RFC 9293, section 3.10.7.1); so each answer names its own probe.
//!
//! What is sent is recognised in what is quoted of it, be it no more than 8 bytes:
//!
//! ```
//! use trace_core::carrier::Directory;
//! use trace_core::engine::{Moment, ProbeId, TargetIndex};
//! use trace_core::link::{Attached, Destination, Identity, Incoming};
//! use trace_core::model::{Flow, Protocol, Protocols, Ttl};
//! use trace_core::wire::{Headers, Template};
//!
//! let (source, target) = ([10, 0, 0, 5].into(), [192, 0, 2, 80].into());
//! let destination = Destination::new(target, Protocols::One(Protocol::Udp));
//! let mut probe = Template::new(&Headers {
//!     source,
//!     destination: target,
//!     protocol: Protocol::Udp,
//!     identity: 40_000,
//!     destination_port: destination.port_of(Protocol::Udp),
//!     size: None,
//!     tos: 0,
//!     flow_label: 0,
//!     dont_fragment: false,
//! })?;
//! let id = ProbeId::new(77).ok_or("an id")?;
//! let packet = probe.stamp(Ttl::MIN, id, false);
//!
//! // A router sends back that its time was exceeded, the IP header and 8 bytes.
//! let message = [&[11, 0, 0, 0, 0, 0, 0, 0], &packet[..28]].concat();
//!
//! let mut directory = Directory::new();
//! let identities = vec![Identity { protocol: Protocol::Udp, flow: Flow(0), number: 40_000 }];
//! directory.register(TargetIndex(0), &destination, &Attached { source, identities, notes: Vec::new() });
//! let heard = directory.recognise(&Incoming::Packet {
//!     protocol: Protocol::Icmp,
//!     from: [10, 0, 0, 1].into(),
//!     bytes: &message,
//!     reply_ttl: Some(64),
//!     at: Moment::ZERO,
//! });
//! assert_eq!(heard.and_then(|heard| heard.id), Some(id));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Without raw sockets
//!
//! The kernel writes the headers, and what is left to choose keeps the flow, or not:
//!
//! * **ICMP**: kept. The kernel fills in the identifier of the socket and the checksum; sequence number and its complement
//!   in the payload leave that checksum constant.
//! * **UDP**: kept. A socket has one port; length, checksum and identification are the kernel's, so that the payload alone
//!   names the probe, and where a router does not quote it the probe leaves its flow.
//! * **TCP**: given up, with a note. A connection has a port and a first sequence number of its own; the socket tells which
//!   probe was answered. The IPv6 flow label stays the same for all of them.
//!
//! # What it is good for
//!
//! Linux, as a router, hashes addresses and flow label unless told otherwise; with `fib_multipath_hash_policy=1` protocol
//! and ports instead, of which ICMP has none: all its flows go one way there, whatever they carry. Routers that hash the
//! first four bytes behind the IP header, whatever they mean, keep flows of all three protocols apart.
//!
//! # Who is believed
//!
//! An answer is ours only if the destination address, the protocol and the identity match a registered flow
//! and the fields named above make sense together. A quoted destination port other than the flow's counts
//! only where the off-flow port of exactly that id stands there.

mod directory;
mod payload;

pub use directory::Directory;
pub use payload::Payload;

use std::num::Wrapping;

use crate::Error;
use crate::engine::ProbeId;
use crate::link::{Destination, Identity};
use crate::model::{Family, Protocol};
use crate::wire::{ip_header, transport_header};

/// The mark at the start of the payload of UDP probes.
pub(crate) const MARK: [u8; 2] = *b"tr";

/// Bytes of payload that carry the id and what balances it: mark, id, TTL, zero and balance (UDP), balance
/// (ICMP), none (TCP).
const fn payload(protocol: Protocol) -> u16 {
    match protocol {
        Protocol::Icmp => 2,
        Protocol::Udp => 8,
        Protocol::Tcp => 0,
    }
}

/// The size of the smallest IP packet that carries a probe, in bytes.
#[must_use]
pub const fn smallest(protocol: Protocol, family: Family) -> u16 {
    ip_header(family) + transport_header(protocol) + payload(protocol)
}

/// Bytes behind the IP header of a packet whose size the user gave or left open (without the id that a UDP
/// datagram of open size adds).
///
/// # Errors
///
/// [`Error::ProbeSize`] if `size` is less than [`smallest`].
pub(crate) fn transport_length(protocol: Protocol, family: Family, size: Option<u16>) -> Result<u16, Error> {
    let smallest = smallest(protocol, family);
    match size {
        Some(size) if size < smallest => Err(Error::ProbeSize { protocol, family, size, smallest }),
        _ => Ok(size.unwrap_or(smallest) - ip_header(family)),
    }
}

/// Whether the length of a datagram carries the id: UDP probes from raw sockets whose size is left open.
pub(crate) const fn length_carries_id(protocol: Protocol, size: Option<u16>) -> bool {
    matches!(protocol, Protocol::Udp) && size.is_none()
}

/// The destination port of a UDP probe that leaves its flow.
#[must_use]
pub const fn off_flow_port(port: u16, id: ProbeId) -> u16 {
    match port.checked_add(ProbeId::COUNT) {
        Some(_) => port + id.get(),
        None => port - id.get(),
    }
}

/// The id of the probe that left its flow to `quoted`, or `None` if no probe of the flow at `port` does.
#[must_use]
pub const fn off_flow_id(port: u16, quoted: u16) -> Option<ProbeId> {
    let distance = match port.checked_add(ProbeId::COUNT) {
        Some(_) => quoted.checked_sub(port),
        None => port.checked_sub(quoted),
    };
    match distance {
        Some(distance) => ProbeId::new(distance),
        None => None,
    }
}

/// The sequence number of a TCP probe: the identity above, the id below.
#[must_use]
pub const fn tcp_sequence(identity: u16, id: ProbeId) -> u32 {
    ((identity as u32) << 16) | id.get() as u32
}

/// The id in a sequence number of the flow with this identity.
#[must_use]
pub fn tcp_id(identity: u16, sequence: u32) -> Option<ProbeId> {
    let id = (Wrapping(sequence) - Wrapping(u32::from(identity) << 16)).0;
    u16::try_from(id).ok().and_then(ProbeId::new)
}

/// The IPv6 flow label of a flow: what the user asked for, one more for each further flow, or else
/// [`flow_label`].
#[must_use]
pub const fn label(destination: &Destination, identity: &Identity) -> u32 {
    match destination.flow_label {
        Some(first) => first.wrapping_add(identity.flow.0 as u32) & 0xf_ffff,
        None => flow_label(identity.protocol, identity.number),
    }
}

/// The IPv6 flow label of a flow whose label the user left open: 20 bits that differ between the flows of a
/// target and are never 0, which would mean "no label" (RFC 6437, section 3).
#[must_use]
pub const fn flow_label(protocol: Protocol, identity: u16) -> u32 {
    let protocol = match protocol {
        Protocol::Icmp => 1,
        Protocol::Udp => 2,
        Protocol::Tcp => 3,
    };
    (protocol << 16) | identity as u32
}
