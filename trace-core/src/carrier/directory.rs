use std::collections::HashMap;
use std::net::IpAddr;

use super::{Payload, length_carries_id, off_flow_id, tcp_id, transport_length};
use crate::engine::{Heard, Moment, Probe, ProbeId, TargetIndex};
use crate::link::{Attached, Destination, Incoming};
use crate::model::{Family, Flow, IcmpType, Protocol, Quoted, Reply, ReplyKind};
use crate::wire::checksum::Sum;
use crate::wire::{Extensions, Message, Quote, double_word, protocol_number, transport_header, word};

/// Knows the flows that are being probed, and finds out which probe something that was heard answers.
///
/// Finding one costs a hash lookup however many targets there are. Whatever does not belong to a registered
/// flow is `None`: the traffic of other programs, messages that make no sense, and messages made by somebody
/// who guesses.
#[derive(Debug, Default)]
pub struct Directory {
    flows: HashMap<Key, Known>,
    targets: HashMap<TargetIndex, Registered>,
}

/// What every answer to a flow has in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    destination: IpAddr,
    protocol: Protocol,
    identity: u16,
}

/// A registered flow.
#[derive(Debug, Clone, Copy)]
struct Known {
    target: TargetIndex,
    flow: Flow,
    source: IpAddr,
    port: u16,
    /// Bytes behind the IP header, without what the id adds.
    length: u16,
    /// Whether the id adds to the length.
    grows: bool,
}

#[derive(Debug)]
struct Registered {
    address: IpAddr,
    keys: Vec<Key>,
}

/// Which probe of a flow it was, as far as the bytes tell.
struct Which {
    id: Option<ProbeId>,
    off_flow: bool,
}

impl Directory {
    /// A directory of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the flows of a target, as the link that attached it named them. A target that was registered
    /// before is forgotten first.
    pub fn register(&mut self, target: TargetIndex, destination: &Destination, attached: &Attached) {
        self.forget(target);
        let family = Family::of(destination.address);
        let mut keys = Vec::with_capacity(attached.identities.len());
        for identity in &attached.identities {
            let protocol = identity.protocol;
            // A link refuses sizes that are too small before anything is registered.
            let Ok(length) = transport_length(protocol, family, destination.size) else { continue };
            let key = Key { destination: destination.address, protocol, identity: identity.number };
            let known = Known {
                target,
                flow: identity.flow,
                source: attached.source,
                port: destination.port_of(protocol),
                length,
                grows: length_carries_id(protocol, destination.size),
            };
            self.flows.insert(key, known);
            keys.push(key);
        }
        self.targets.insert(target, Registered { address: destination.address, keys });
    }

    /// Removes the flows of a target. What is heard for it later is nobody's.
    pub fn forget(&mut self, target: TargetIndex) {
        let Some(registered) = self.targets.remove(&target) else { return };
        for key in registered.keys {
            if self.flows.get(&key).is_some_and(|known| known.target == target) {
                self.flows.remove(&key);
            }
        }
    }

    /// What was heard, if it answers a probe of a registered flow. `None` for everything else, and for
    /// [`Incoming::SendFailed`], which is no answer.
    #[must_use]
    pub fn recognise(&self, incoming: &Incoming<'_>) -> Option<Heard> {
        match *incoming {
            Incoming::Packet { protocol: Protocol::Icmp, from, bytes, reply_ttl, at } => {
                self.icmp(from, bytes, reply_ttl, at)
            }
            Incoming::Packet { protocol: Protocol::Tcp, from, bytes, reply_ttl, at } => {
                self.segment(from, bytes, reply_ttl, at)
            }
            Incoming::Packet { protocol: Protocol::Udp, from, bytes, reply_ttl, at } => {
                self.datagram(from, word(bytes, 0)?, word(bytes, 2)?, reply_ttl, at)
            }
            Incoming::Data { from, identity, reply_ttl, at } => {
                self.datagram(from.ip(), from.port(), identity, reply_ttl, at)
            }
            Incoming::Error {
                offender,
                icmp,
                protocol,
                destination,
                identity,
                probe,
                quoted,
                extensions,
                reply_ttl,
                at,
            } => {
                let family = Family::of(destination.ip());
                let kind = crate::wire::reply_kind(family, icmp)?;
                let key = Key { destination: destination.ip(), protocol, identity };
                let known = self.flows.get(&key)?;
                let which = match probe {
                    Some(probe) => known.which_alone(&probe)?,
                    None => known.which_queued(key, destination.port(), quoted)?,
                };
                let mut reply = reply(offender, kind, reply_ttl);
                reply.icmp = Some(icmp);
                if let Some(extensions) = Extensions::parse(extensions) {
                    (reply.mpls, reply.extensions) = extensions.read();
                }
                Some(known.heard(protocol, which, at, reply))
            }
            Incoming::Connected { probe, reply_ttl, at } => {
                self.connection(&probe, ReplyKind::SynAck, reply_ttl, at)
            }
            Incoming::Refused { probe, reply_ttl, at } => {
                self.connection(&probe, ReplyKind::Rst, reply_ttl, at)
            }
            Incoming::SendFailed { .. } => None,
        }
    }

    fn icmp(&self, from: IpAddr, bytes: &[u8], reply_ttl: Option<u8>, at: Moment) -> Option<Heard> {
        match Message::parse(Family::of(from), bytes)? {
            Message::EchoReply { identifier, sequence } => {
                let protocol = Protocol::Icmp;
                let known = self.flows.get(&Key { destination: from, protocol, identity: identifier })?;
                let which = Which { id: Some(ProbeId::new(sequence)?), off_flow: false };
                let icmp = bytes.first_chunk().map(|[kind, code]| IcmpType { kind: *kind, code: *code });
                let reply = Reply { icmp, ..reply(from, ReplyKind::EchoReply, reply_ttl) };
                Some(known.heard(protocol, which, at, reply))
            }
            Message::Error { icmp, kind, quote, extensions } => {
                let identity_offset = match quote.protocol {
                    Protocol::Icmp => 4,
                    Protocol::Udp | Protocol::Tcp => 0,
                };
                let key = Key {
                    destination: quote.destination,
                    protocol: quote.protocol,
                    identity: word(quote.transport, identity_offset)?,
                };
                let known = self.flows.get(&key)?;
                let which = known.which_quoted(key, &quote)?;
                let mut reply = reply(from, kind, reply_ttl);
                reply.icmp = Some(icmp);
                reply.quoted = Some(Quoted {
                    ttl: quote.ttl,
                    tos: quote.tos,
                    nat: known.translated(key, &quote, &which),
                });
                if let Some(extensions) = extensions {
                    (reply.mpls, reply.extensions) = extensions.read();
                }
                Some(known.heard(key.protocol, which, at, reply))
            }
        }
    }

    /// A TCP segment: SYN and ACK, or a reset that acknowledges.
    fn segment(&self, from: IpAddr, bytes: &[u8], reply_ttl: Option<u8>, at: Moment) -> Option<Heard> {
        const SYN: u8 = 0x02;
        const RST: u8 = 0x04;
        const ACK: u8 = 0x10;
        let protocol = Protocol::Tcp;
        let identity = word(bytes, 2)?;
        let known = self.flows.get(&Key { destination: from, protocol, identity })?;
        if word(bytes, 0)? != known.port {
            return None;
        }
        let (kind, data) = match bytes.get(13)? & (SYN | RST | ACK) {
            flags if flags == SYN | ACK => (ReplyKind::SynAck, 0),
            // A reset acknowledges what the SYN carried as well (RFC 9293, section 3.10.7.1).
            flags if flags == RST | ACK => (ReplyKind::Rst, known.length - transport_header(protocol)),
            _ => return None,
        };
        let sequence = double_word(bytes, 8)?.wrapping_sub(1).wrapping_sub(u32::from(data));
        let which = Which { id: Some(tcp_id(identity, sequence)?), off_flow: false };
        Some(known.heard(protocol, which, at, reply(from, kind, reply_ttl)))
    }

    /// A datagram from the target: nothing but its ports is known to be ours.
    fn datagram(
        &self,
        from: IpAddr,
        from_port: u16,
        identity: u16,
        reply_ttl: Option<u8>,
        at: Moment,
    ) -> Option<Heard> {
        let protocol = Protocol::Udp;
        let known = self.flows.get(&Key { destination: from, protocol, identity })?;
        let which = if from_port == known.port {
            Which { id: None, off_flow: false }
        } else {
            Which { id: Some(off_flow_id(known.port, from_port)?), off_flow: true }
        };
        Some(known.heard(protocol, which, at, reply(from, ReplyKind::Data, reply_ttl)))
    }

    fn connection(&self, probe: &Probe, kind: ReplyKind, reply_ttl: Option<u8>, at: Moment) -> Option<Heard> {
        let registered = self.targets.get(&probe.target)?;
        Some(Heard {
            target: probe.target,
            protocol: probe.protocol,
            flow: probe.flow,
            id: Some(probe.id),
            off_flow: probe.off_flow,
            at,
            reply: reply(registered.address, kind, reply_ttl),
        })
    }
}

impl Known {
    fn heard(&self, protocol: Protocol, which: Which, at: Moment, reply: Reply) -> Heard {
        let Which { id, off_flow } = which;
        Heard { target: self.target, protocol, flow: self.flow, id, off_flow, at, reply }
    }

    /// The probe whose packet is quoted.
    fn which_quoted(&self, key: Key, quote: &Quote<'_>) -> Option<Which> {
        let transport = quote.transport;
        let id = match key.protocol {
            Protocol::Icmp => {
                let request = match Family::of(key.destination) {
                    Family::V4 => 8,
                    Family::V6 => 128,
                };
                (*transport.first()? == request).then(|| word(transport, 6).and_then(ProbeId::new))??
            }
            Protocol::Tcp => (word(transport, 2)? == self.port)
                .then(|| tcp_id(key.identity, double_word(transport, 4)?))??,
            Protocol::Udp => return self.which_datagram(quote),
        };
        Some(Which { id: Some(id), off_flow: false })
    }

    /// The UDP probe whose packet is quoted. Every place that shows an id must show the same one, but for
    /// those that a translator may have rewritten.
    fn which_datagram(&self, quote: &Quote<'_>) -> Option<Which> {
        let transport = quote.transport;
        let (port, length, checksum) = (word(transport, 2)?, word(transport, 4)?, word(transport, 6)?);
        let by_length = match (self.grows, length.checked_sub(self.length)) {
            (true, longer) => Some(ProbeId::new(longer?)?),
            (false, exact) => (exact == Some(0)).then_some(None)?,
        };
        let by_payload = transport.get(8..).and_then(Payload::udp_id);
        let by_port = match port == self.port {
            true => None,
            false => Some(off_flow_id(self.port, port)?),
        };
        let mut certain = [by_length, by_payload, by_port].into_iter().flatten();
        let id = match certain.next() {
            Some(id) => certain.all(|other| other == id).then_some(Some(id))?,
            None => agreed(quote.identification.and_then(ProbeId::new), ProbeId::new(checksum)),
        };
        Some(Which { id, off_flow: by_port.is_some() })
    }

    /// The probe that had a socket of its own.
    fn which_alone(&self, probe: &Probe) -> Option<Which> {
        let ours = probe.target == self.target && probe.flow == self.flow;
        ours.then_some(Which { id: Some(probe.id), off_flow: probe.off_flow })
    }

    /// The probe of a shared socket that got this on its error queue.
    fn which_queued(&self, key: Key, port: u16, quoted: &[u8]) -> Option<Which> {
        match key.protocol {
            Protocol::Icmp => {
                let id = word(quoted, 6).and_then(ProbeId::new);
                Some(Which { id, off_flow: false })
            }
            Protocol::Tcp if port != self.port => None,
            Protocol::Tcp => {
                let id = double_word(quoted, 4).and_then(|sequence| tcp_id(key.identity, sequence));
                Some(Which { id, off_flow: false })
            }
            Protocol::Udp if port == self.port => {
                Some(Which { id: Payload::udp_id(quoted), off_flow: false })
            }
            Protocol::Udp => {
                let id = off_flow_id(self.port, port)?;
                let agrees = Payload::udp_id(quoted).is_none_or(|other| other == id);
                agrees.then_some(Which { id: Some(id), off_flow: true })
            }
        }
    }

    /// Whether an address or a checksum in the quoted packet is not the one that was sent. A checksum that
    /// was not quoted, or was quoted as 0 (padding; routers that blank it), tells nothing.
    fn translated(&self, key: Key, quote: &Quote<'_>, which: &Which) -> bool {
        if quote.source != self.source {
            return true;
        }
        let Some(id) = which.id else { return false };
        let offset = match key.protocol {
            Protocol::Icmp => 2,
            Protocol::Udp => 6,
            Protocol::Tcp => 16,
        };
        match word(quote.transport, offset) {
            None | Some(0) => false,
            Some(checksum) => checksum != self.checksum(key, id),
        }
    }

    /// The checksum that the probe was sent with.
    fn checksum(&self, key: Key, id: ProbeId) -> u16 {
        let Key { destination, protocol, identity } = key;
        let family = Family::of(destination);
        let pseudo = || {
            let number = protocol_number(protocol, family);
            Sum::ZERO.pseudo_header(self.source, destination, number).word(self.length)
        };
        match (protocol, family) {
            (Protocol::Udp, _) => id.get(),
            (Protocol::Icmp, Family::V4) => Sum::ZERO.word(8 << 8).word(identity).word(u16::MAX).checksum(),
            (Protocol::Icmp, Family::V6) => pseudo().word(128 << 8).word(identity).word(u16::MAX).checksum(),
            (Protocol::Tcp, _) => {
                // Ports, sequence number, 5 words of header with the SYN flag, the largest window.
                let ports = pseudo().word(identity).word(self.port);
                ports.word(identity).word(id.get()).word(0x5002).word(u16::MAX).checksum()
            }
        }
    }
}

/// Two witnesses that both may be missing or rewritten: what they agree on, or what one of them says alone.
fn agreed(one: Option<ProbeId>, other: Option<ProbeId>) -> Option<ProbeId> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => None,
        _ => one.or(other),
    }
}

/// A reply with nothing known but this.
fn reply(from: IpAddr, kind: ReplyKind, reply_ttl: Option<u8>) -> Reply {
    Reply {
        from,
        rtt: None,
        kind: Some(kind),
        icmp: None,
        reply_ttl,
        quoted: None,
        mpls: Vec::new(),
        extensions: Vec::new(),
        inherited_from: None,
    }
}

#[cfg(test)]
mod tests;
