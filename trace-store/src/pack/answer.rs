//! What an answer says, without the time it took.

use core::time::Duration;
use std::net::IpAddr;

use trace_core::model::{Extension, IcmpType, Label, Quoted, Reply, ReplyKind, Uuid};

use super::varint::{Malformed, Reader, Writer};

/// An answer without its time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Answer {
    pub(super) from: IpAddr,
    pub(super) timed: bool,
    kind: Option<ReplyKind>,
    icmp: Option<IcmpType>,
    reply_ttl: Option<u8>,
    quoted: Option<Quoted>,
    mpls: Vec<Label>,
    extensions: Vec<Extension>,
    inherited_from: Option<Uuid>,
}

impl Answer {
    pub(super) fn of(reply: &Reply) -> Self {
        Self {
            from: reply.from,
            timed: reply.rtt.is_some(),
            kind: reply.kind,
            icmp: reply.icmp,
            reply_ttl: reply.reply_ttl,
            quoted: reply.quoted,
            mpls: reply.mpls.clone(),
            extensions: reply.extensions.clone(),
            inherited_from: reply.inherited_from,
        }
    }

    /// Bytes this takes on the heap beside itself, about.
    pub(super) fn weight(&self) -> usize {
        let extensions = self.extensions.iter().map(|extension| extension.bytes.len() + 32);
        self.mpls.len() * 8 + extensions.sum::<usize>()
    }

    /// Whether `reply` says this.
    pub(super) fn is(&self, reply: &Reply) -> bool {
        self.from == reply.from
            && self.timed == reply.rtt.is_some()
            && self.kind == reply.kind
            && self.icmp == reply.icmp
            && self.reply_ttl == reply.reply_ttl
            && self.quoted == reply.quoted
            && self.mpls == reply.mpls
            && self.extensions == reply.extensions
            && self.inherited_from == reply.inherited_from
    }

    pub(super) fn reply(&self, rtt: Option<Duration>) -> Reply {
        Reply {
            from: self.from,
            rtt,
            kind: self.kind,
            icmp: self.icmp,
            reply_ttl: self.reply_ttl,
            quoted: self.quoted,
            mpls: self.mpls.clone(),
            extensions: self.extensions.clone(),
            inherited_from: self.inherited_from,
        }
    }
}

const fn kind_code(kind: ReplyKind) -> u8 {
    match kind {
        ReplyKind::TimeExceeded => 1,
        ReplyKind::ReassemblyExceeded => 2,
        ReplyKind::EchoReply => 3,
        ReplyKind::PortUnreachable => 4,
        ReplyKind::HostUnreachable => 5,
        ReplyKind::NetUnreachable => 6,
        ReplyKind::ProtocolUnreachable => 7,
        ReplyKind::AdminProhibited => 8,
        ReplyKind::TooBig => 9,
        ReplyKind::Unreachable => 10,
        ReplyKind::ParameterProblem => 11,
        ReplyKind::SynAck => 12,
        ReplyKind::Rst => 13,
        ReplyKind::Data => 14,
    }
}

// What the flags of an answer announce.
const TIMED: u16 = 1;
const V6: u16 = 1 << 1;
const KIND: u16 = 1 << 2;
const ICMP: u16 = 1 << 3;
const REPLY_TTL: u16 = 1 << 4;
const QUOTED: u16 = 1 << 5;
const NAT: u16 = 1 << 6;
const MPLS: u16 = 1 << 7;
const EXTENSIONS: u16 = 1 << 8;
const INHERITED: u16 = 1 << 9;

pub(super) fn encode(writer: &mut Writer, answer: &Answer) {
    let flags = [
        (answer.timed, TIMED),
        (answer.from.is_ipv6(), V6),
        (answer.kind.is_some(), KIND),
        (answer.icmp.is_some(), ICMP),
        (answer.reply_ttl.is_some(), REPLY_TTL),
        (answer.quoted.is_some(), QUOTED),
        (answer.quoted.is_some_and(|quoted| quoted.nat), NAT),
        (!answer.mpls.is_empty(), MPLS),
        (!answer.extensions.is_empty(), EXTENSIONS),
        (answer.inherited_from.is_some(), INHERITED),
    ];
    writer.unsigned(flags.iter().filter(|(set, _)| *set).map(|(_, flag)| flag).sum::<u16>());
    match answer.from {
        IpAddr::V4(address) => writer.raw(&address.octets()),
        IpAddr::V6(address) => writer.raw(&address.octets()),
    }
    if let Some(kind) = answer.kind {
        writer.byte(kind_code(kind));
    }
    if let Some(icmp) = answer.icmp {
        writer.raw(&[icmp.kind, icmp.code]);
    }
    if let Some(ttl) = answer.reply_ttl {
        writer.byte(ttl);
    }
    if let Some(quoted) = answer.quoted {
        writer.raw(&[quoted.ttl, quoted.tos]);
    }
    if !answer.mpls.is_empty() {
        writer.length(answer.mpls.len());
        for label in &answer.mpls {
            writer.unsigned(label.label);
            writer.raw(&[label.traffic_class, u8::from(label.bottom), label.ttl]);
        }
    }
    if !answer.extensions.is_empty() {
        writer.length(answer.extensions.len());
        for extension in &answer.extensions {
            writer.raw(&[extension.class, extension.c_type]);
            writer.block(&extension.bytes);
        }
    }
    if let Some(id) = answer.inherited_from {
        writer.raw(id.as_bytes());
    }
}

pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Answer, Malformed> {
    let flags: u16 = reader.unsigned()?;
    let has = |flag| flags & flag != 0;
    let from = if has(V6) { reader.array::<16>()?.into() } else { reader.array::<4>()?.into() };
    let mut kind = None;
    if has(KIND) {
        let code = reader.byte()?;
        let known = ReplyKind::ALL.iter().copied().find(|kind| kind_code(*kind) == code);
        kind = Some(known.ok_or(reader.malformed("an answer of no known kind"))?);
    }
    let mut icmp = None;
    if has(ICMP) {
        let [kind, code] = reader.array()?;
        icmp = Some(IcmpType { kind, code });
    }
    let reply_ttl = if has(REPLY_TTL) { Some(reader.byte()?) } else { None };
    let mut quoted = None;
    if has(QUOTED) {
        let [ttl, tos] = reader.array()?;
        quoted = Some(Quoted { ttl, tos, nat: has(NAT) });
    }
    let mut mpls = Vec::new();
    if has(MPLS) {
        for _ in 0..reader.count()? {
            let label = reader.unsigned()?;
            let [traffic_class, bottom, ttl] = reader.array()?;
            mpls.push(Label { label, traffic_class, bottom: bottom != 0, ttl });
        }
    }
    let mut extensions = Vec::new();
    if has(EXTENSIONS) {
        for _ in 0..reader.count()? {
            let [class, c_type] = reader.array()?;
            extensions.push(Extension { class, c_type, bytes: reader.block()?.to_vec() });
        }
    }
    let inherited_from = if has(INHERITED) { Some(Uuid::from_bytes(reader.array()?)) } else { None };
    Ok(Answer { from, timed: has(TIMED), kind, icmp, reply_ttl, quoted, mpls, extensions, inherited_from })
}
