//! What becomes of an answer at the source: handed over as it is, or, for unprivileged sockets, as the kernel
//! tells of it.

use std::net::SocketAddr;

use super::event::Answer;
use crate::engine::Moment;
use crate::link::Incoming;
use crate::model::{Family, Mode, Protocol};
use crate::wire::{Extensions, Message, word};

pub(super) fn hand_over(mode: Mode, answer: &Answer, at: Moment, hear: &mut dyn FnMut(Incoming<'_>)) {
    let Answer { from, protocol, bytes, reply_ttl, probe } = answer;
    let (from, protocol, reply_ttl, probe) = (*from, *protocol, Some(*reply_ttl), *probe);
    let packet = Incoming::Packet { protocol, from, bytes, reply_ttl, at };
    match (mode, protocol) {
        (Mode::Raw, _) => hear(packet),
        (Mode::Unprivileged, Protocol::Icmp) => match Message::parse(Family::of(from), bytes) {
            Some(Message::EchoReply { .. }) => hear(packet),
            Some(Message::Error { icmp, quote, extensions, .. }) => {
                let transport = quote.transport;
                let (identity, port, quoted) = match quote.protocol {
                    Protocol::Icmp => (word(transport, 4), Some(0), transport),
                    Protocol::Udp => {
                        (word(transport, 0), word(transport, 2), transport.get(8..).unwrap_or(&[]))
                    }
                    Protocol::Tcp => (word(transport, 0), word(transport, 2), transport),
                };
                // The kernel finds the socket by these; a message without them is nobody's.
                let (Some(identity), Some(port)) = (identity, port) else { return };
                hear(Incoming::Error {
                    offender: from,
                    icmp,
                    protocol: quote.protocol,
                    destination: SocketAddr::new(quote.destination, port),
                    identity,
                    // Each has a socket of its own, and the numbers in it are not ours.
                    probe: (quote.protocol == Protocol::Tcp).then_some(probe),
                    quoted,
                    extensions: extensions.map(Extensions::bytes).unwrap_or_default(),
                    reply_ttl,
                    at,
                });
            }
            None => {}
        },
        (Mode::Unprivileged, Protocol::Udp) => {
            if let (Some(port), Some(identity)) = (word(bytes, 0), word(bytes, 2)) {
                hear(Incoming::Data { from: SocketAddr::new(from, port), identity, reply_ttl, at });
            }
        }
        (Mode::Unprivileged, Protocol::Tcp) => match is_reset(bytes) {
            true => hear(Incoming::Refused { probe, reply_ttl, at }),
            false => hear(Incoming::Connected { probe, reply_ttl, at }),
        },
    }
}

fn is_reset(segment: &[u8]) -> bool {
    segment.get(13).is_some_and(|flags| flags & 0x04 != 0)
}
