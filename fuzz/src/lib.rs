//! What must hold for any bytes. Each function is a fuzz target; `trace-core/tests/corpus.rs` includes this
//! file and runs them over the corpus as plain tests.

use std::net::{IpAddr, SocketAddr};
use std::sync::LazyLock;

use trace_core::carrier::Directory;
use trace_core::engine::{Heard, Moment, TargetIndex};
use trace_core::link::{Attached, Destination, Identity, Incoming};
use trace_core::model::{Extension, Family, Flow, IcmpType, Protocol, Protocols};
use trace_core::wire::{Extensions, Message, Quote};

const SOURCES: [&str; 2] = ["192.0.2.1", "2001:db8::1"];
const DESTINATIONS: [&str; 2] = ["198.51.100.80", "2001:db8:2::80"];
const ROUTERS: [&str; 2] = ["203.0.113.9", "2001:db8:9::9"];
/// Flows whose size is open, and flows of packets of a fixed size.
const IDENTITIES: [(u16, Option<u16>); 2] = [(0x8235, None), (0x8236, Some(80))];

/// A quoted packet: the first byte chooses the family, the packet follows.
pub fn quote(data: &[u8]) {
    let Some((family, bytes)) = family(data) else { return };
    if let Some(quote) = Quote::parse(family, bytes) {
        assert!(bytes.ends_with(quote.transport));
        assert_eq!(Family::of(quote.source), family);
        assert_eq!(Family::of(quote.destination), family);
        assert_eq!(quote.identification.is_some(), family == Family::V4);
        assert!(quote.flow_label.is_none_or(|label| label < 1 << 20));
    }
}

/// An ICMP message: the first byte chooses the family, the message follows.
pub fn icmp(data: &[u8]) {
    let Some((family, bytes)) = family(data) else { return };
    if let Some(Message::Error { icmp, kind, quote, extensions }) = Message::parse(family, bytes) {
        assert_eq!(trace_core::wire::reply_kind(family, icmp), Some(kind));
        assert!(quote.transport.len() + 8 < bytes.len());
        if let Some(extensions) = extensions {
            assert!(bytes.ends_with(extensions.bytes()));
            extension(extensions.bytes());
        }
    }
}

/// An extension structure.
pub fn extension(data: &[u8]) {
    if let Some(extensions) = Extensions::parse(data) {
        let (labels, others) = extensions.read();
        let kept: usize = others.iter().map(|object| object.bytes.len() + 4).sum();
        assert!(labels.len() * 4 + kept <= data.len());
        assert!(labels.iter().all(|label| label.label < 1 << 20 && label.traffic_class < 8));
        for object in &others {
            // RFC 5837: what is understood is shown, whatever it is.
            if let Some(interface) = object.interface() {
                assert_eq!(object.class, Extension::INTERFACE);
                assert!(!interface.to_string().is_empty());
            }
        }
    }
}

/// Something heard while flows over every protocol and family are probed. Of the first byte, bits 0 and 1
/// choose an ICMP, TCP or UDP packet or an entry of the error queue, bit 2 the family, bit 3 whether it comes
/// from the target or a router, bits 4 and 5 the protocol of a queue entry. A packet follows; or type, code,
/// port, identity, the length of the extensions, these, and what was quoted.
pub fn recognise(data: &[u8]) -> Option<Heard> {
    static DIRECTORY: LazyLock<Directory> = LazyLock::new(directory);
    let (choice, bytes) = data.split_first()?;
    let family = usize::from(choice >> 2 & 1);
    let (router, target) = (address(&ROUTERS, family)?, address(&DESTINATIONS, family)?);
    let from = if choice >> 3 & 1 == 1 { target } else { router };
    let at = Moment::ZERO;
    let heard = match choice & 0b11 {
        protocol @ 0..=2 => {
            let protocol = *[Protocol::Icmp, Protocol::Tcp, Protocol::Udp].get(usize::from(protocol))?;
            DIRECTORY.recognise(&Incoming::Packet { protocol, from, bytes, reply_ttl: None, at })
        }
        _ => {
            let protocol = *Protocol::ALL.get(usize::from(choice >> 4 & 0b11) % 3)?;
            let ([kind, code, port_0, port_1, identity_0, identity_1, length], rest) =
                bytes.split_first_chunk()?;
            let (extensions, quoted) = rest.split_at_checked(usize::from(*length))?;
            DIRECTORY.recognise(&Incoming::Error {
                offender: from,
                icmp: IcmpType { kind: *kind, code: *code },
                protocol,
                destination: SocketAddr::new(target, u16::from_be_bytes([*port_0, *port_1])),
                identity: u16::from_be_bytes([*identity_0, *identity_1]),
                probe: None,
                quoted,
                extensions,
                reply_ttl: None,
                at,
            })
        }
    }?;
    assert_eq!(heard.reply.from, from);
    assert!(heard.reply.kind.is_some() && heard.reply.rtt.is_none());
    assert!(!heard.off_flow || (heard.protocol == Protocol::Udp && heard.id.is_some()));
    Some(heard)
}

fn family(data: &[u8]) -> Option<(Family, &[u8])> {
    let (first, rest) = data.split_first()?;
    Some((if first & 1 == 0 { Family::V4 } else { Family::V6 }, rest))
}

fn address(addresses: &[&str; 2], family: usize) -> Option<IpAddr> {
    addresses.get(family)?.parse().ok()
}

fn directory() -> Directory {
    let mut directory = Directory::new();
    let mut index = 0;
    for family in [0, 1] {
        for (number, size) in IDENTITIES {
            let (Some(source), Some(address)) = (address(&SOURCES, family), address(&DESTINATIONS, family))
            else {
                continue;
            };
            let destination = Destination { size, ..Destination::new(address, Protocols::All) };
            let identity = |protocol: &Protocol| Identity { protocol: *protocol, flow: Flow(0), number };
            let identities = Protocol::ALL.iter().map(identity).collect();
            directory.register(
                TargetIndex(index),
                &destination,
                &Attached { source, identities, notes: Vec::new() },
            );
            index += 1;
        }
    }
    directory
}
