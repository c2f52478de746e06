//! Everything of a trace's probes but time.
//!
//! ```text
//! version 1
//! plans    count, of each: protocol (0 none, 1 icmp, 2 udp, 3 tcp), flow, round,
//!          flags (1 off-flow, 2 departure known)
//! results  count, of each: 0 silent | 1 unsent, error | 2 answered, flags, answerer (4 or 16 bytes), and what
//!          the flags announce: kind, ICMP type and code, reply TTL, quoted TTL and TOS, MPLS labels,
//!          extensions, id of the trace it was taken over from (16 bytes)
//! hops     first TTL, count, of each: number of probes, of each probe: number of its plan, of its result
//! ```
//!
//! Where one probe of a hop is lost and all others were answered alike, the shape says that it was answered
//! too and the times name the exception: the shape of a path does not change with every packet lost.

use core::hash::Hash;
use std::collections::HashMap;
use std::net::IpAddr;

use trace_core::model::{
    Extension, Flow, Hop, IcmpType, Label, ProbeRecord, ProbeResult, Protocol, Quoted, Reply, ReplyKind, Ttl,
    Uuid,
};

use super::varint::{Malformed, Reader, Writer};

const VERSION: u8 = 1;

/// Labels and extension bytes in one decoded trace: far more than a real one has, far less than memory.
const MAX_WEIGHT: usize = 1 << 28;

/// How a probe was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Plan {
    protocol: Option<Protocol>,
    flow: Flow,
    round: u32,
    off_flow: bool,
    pub(super) departs: bool,
}

/// What came of it, without the time it took.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Outcome {
    Silent,
    Unsent(String),
    Answered(Box<Answer>),
}

/// An answer without its time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Answer {
    from: IpAddr,
    pub(super) timed: bool,
    kind: Option<ReplyKind>,
    icmp: Option<IcmpType>,
    reply_ttl: Option<u8>,
    quoted: Option<Quoted>,
    mpls: Vec<Label>,
    extensions: Vec<Extension>,
    inherited_from: Option<Uuid>,
}

/// The shape of a trace: each probe as the numbers of its plan and its result.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    plans: Vec<Plan>,
    results: Vec<Outcome>,
    first: Ttl,
    pub(super) hops: Vec<Vec<(usize, usize)>>,
}

/// Gives equal values the same number, in the order in which they appear.
struct Numbers<T> {
    numbers: HashMap<T, usize>,
    values: Vec<T>,
}

impl<T: Clone + Eq + Hash> Numbers<T> {
    fn new() -> Self {
        Self { numbers: HashMap::new(), values: Vec::new() }
    }

    fn of(&mut self, value: T) -> usize {
        if let Some(number) = self.numbers.get(&value) {
            return *number;
        }
        let number = self.values.len();
        self.values.push(value.clone());
        self.numbers.insert(value, number);
        number
    }
}

impl Shape {
    pub(super) fn of(hops: &[Hop]) -> Self {
        let mut plans = Numbers::new();
        let mut results = Numbers::new();
        let mut shapes = Vec::with_capacity(hops.len());
        for hop in hops {
            let usual = usual_answer(hop);
            let shape = hop.probes.iter().map(|probe| {
                let result = match (&probe.result, &usual) {
                    (ProbeResult::Silent, Some(usual)) => Outcome::Answered(usual.clone()),
                    (result, _) => outcome(result),
                };
                (plans.of(plan(probe)), results.of(result))
            });
            shapes.push(shape.collect());
        }
        let first = hops.first().map_or(Ttl::MIN, |hop| hop.ttl);
        Self { plans: plans.values, results: results.values, first, hops: shapes }
    }

    pub(super) fn plan(&self, number: usize) -> Option<Plan> {
        self.plans.get(number).copied()
    }

    pub(super) fn result(&self, number: usize) -> Option<&Outcome> {
        self.results.get(number)
    }

    /// The TTLs of the hops; fewer than there are hops if they go past 255.
    pub(super) fn ttls(&self) -> impl Iterator<Item = Ttl> + use<> {
        (self.first.get()..=u8::MAX).filter_map(Ttl::new)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.byte(VERSION);
        writer.length(self.plans.len());
        for plan in &self.plans {
            writer.byte(plan.protocol.map_or(0, protocol_code));
            writer.unsigned(plan.flow.0);
            writer.unsigned(plan.round);
            writer.byte(u8::from(plan.off_flow) | u8::from(plan.departs) << 1);
        }
        writer.length(self.results.len());
        for result in &self.results {
            match result {
                Outcome::Silent => writer.byte(0),
                Outcome::Unsent(error) => {
                    writer.byte(1);
                    writer.block(error.as_bytes());
                }
                Outcome::Answered(answer) => {
                    writer.byte(2);
                    encode_answer(&mut writer, answer);
                }
            }
        }
        writer.byte(self.first.get());
        writer.length(self.hops.len());
        for hop in &self.hops {
            writer.length(hop.len());
            for (plan, result) in hop {
                writer.length(*plan);
                writer.length(*result);
            }
        }
        writer.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        reader.version(VERSION)?;
        let mut plans = Vec::new();
        for _ in 0..reader.count()? {
            plans.push(decode_plan(&mut reader)?);
        }
        let mut results = Vec::new();
        for _ in 0..reader.count()? {
            results.push(match reader.byte()? {
                0 => Outcome::Silent,
                1 => Outcome::Unsent(reader.text()?),
                2 => Outcome::Answered(Box::new(decode_answer(&mut reader)?)),
                _ => return Err(reader.malformed("a result of no known kind")),
            });
        }
        let first = Ttl::new(reader.byte()?).ok_or(reader.malformed("0 is no TTL"))?;
        let mut hops = Vec::new();
        let mut weight = 0_usize;
        for _ in 0..reader.count()? {
            let mut hop = Vec::new();
            for _ in 0..reader.count()? {
                let plan: usize = reader.unsigned()?;
                let result: usize = reader.unsigned()?;
                match (plans.get(plan), results.get(result)) {
                    (Some(_), Some(outcome)) => weight = weight.saturating_add(outcome.weight()),
                    _ => return Err(reader.malformed("a probe of no known plan or result")),
                }
                hop.push((plan, result));
            }
            hops.push(hop);
        }
        reader.end()?;
        if weight > MAX_WEIGHT {
            return Err(reader.malformed("more extensions than any trace has"));
        }
        if hops.len() > usize::from(u8::MAX - first.get()) + 1 {
            return Err(reader.malformed("hops past TTL 255"));
        }
        Ok(Self { plans, results, first, hops })
    }
}

impl Outcome {
    /// Bytes this takes on the heap, about.
    fn weight(&self) -> usize {
        match self {
            Self::Silent => 0,
            Self::Unsent(error) => error.len(),
            Self::Answered(answer) => {
                let extensions = answer.extensions.iter().map(|extension| extension.bytes.len() + 32);
                answer.mpls.len() * 8 + extensions.sum::<usize>()
            }
        }
    }
}

fn plan(probe: &ProbeRecord) -> Plan {
    Plan {
        protocol: probe.protocol,
        flow: probe.flow,
        round: probe.round,
        off_flow: probe.off_flow,
        departs: probe.sent.is_some(),
    }
}

impl Plan {
    pub(super) fn probe(self, sent: Option<core::time::Duration>, result: ProbeResult) -> ProbeRecord {
        let Self { protocol, flow, round, off_flow, departs: _ } = self;
        ProbeRecord { protocol, flow, round, sent, off_flow, result }
    }
}

fn outcome(result: &ProbeResult) -> Outcome {
    match result {
        ProbeResult::Answered(reply) => Outcome::Answered(Box::new(answer(reply))),
        ProbeResult::Silent => Outcome::Silent,
        ProbeResult::Unsent { error } => Outcome::Unsent(error.clone()),
    }
}

fn answer(reply: &Reply) -> Answer {
    Answer {
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

impl Answer {
    pub(super) fn reply(&self, rtt: Option<core::time::Duration>) -> Reply {
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

/// What every answered probe of a hop was answered, where they agree and others were lost.
fn usual_answer(hop: &Hop) -> Option<Box<Answer>> {
    hop.probes.iter().find(|probe| probe.result == ProbeResult::Silent)?;
    let mut answers = hop.probes.iter().filter_map(ProbeRecord::reply).map(answer);
    let first = answers.next()?;
    answers.all(|other| other == first).then(|| Box::new(first))
}

const fn protocol_code(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Icmp => 1,
        Protocol::Udp => 2,
        Protocol::Tcp => 3,
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

fn decode_plan(reader: &mut Reader<'_>) -> Result<Plan, Malformed> {
    let protocol = match reader.byte()? {
        0 => None,
        code => {
            let known = Protocol::ALL.iter().copied().find(|protocol| protocol_code(*protocol) == code);
            Some(known.ok_or(reader.malformed("a protocol of no known kind"))?)
        }
    };
    let flow = Flow(reader.unsigned()?);
    let round = reader.unsigned()?;
    let flags = reader.byte()?;
    Ok(Plan { protocol, flow, round, off_flow: flags & 1 != 0, departs: flags & 2 != 0 })
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

fn encode_answer(writer: &mut Writer, answer: &Answer) {
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

fn decode_answer(reader: &mut Reader<'_>) -> Result<Answer, Malformed> {
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
