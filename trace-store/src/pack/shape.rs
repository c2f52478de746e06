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

use trace_core::model::{Flow, Hop, ProbeRecord, ProbeResult, Protocol, Ttl};

use super::answer::{self, Answer};
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
    Answered(Answer),
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
    /// The shape that `hops` have by themselves.
    pub(crate) fn of(hops: &[Hop]) -> Self {
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

    /// Whether `hops` are of this shape but for packets that were lost.
    pub(crate) fn fits(&self, hops: &[Hop]) -> bool {
        let first = hops.first().map_or(Ttl::MIN, |hop| hop.ttl);
        first == self.first
            && hops.len() == self.hops.len()
            && hops.iter().zip(&self.hops).all(|(hop, shape)| {
                hop.probes.len() == shape.len()
                    && hop.probes.iter().zip(shape).all(|(probe, (plan, result))| {
                        self.plan(*plan) == Some(self::plan(probe))
                            && self.result(*result).is_some_and(|result| result.fits(&probe.result))
                    })
            })
    }

    /// Who answers first at each TTL, unless every packet is lost.
    pub(crate) fn path(&self) -> Vec<Option<IpAddr>> {
        let first = |hop: &Vec<(usize, usize)>| {
            hop.iter().find_map(|(_, result)| match self.result(*result)? {
                Outcome::Answered(answer) => Some(answer.from),
                Outcome::Silent | Outcome::Unsent(_) => None,
            })
        };
        self.hops.iter().map(first).collect()
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

    pub(crate) fn encode(&self) -> Vec<u8> {
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
                    answer::encode(&mut writer, answer);
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

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
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
                2 => Outcome::Answered(answer::decode(&mut reader)?),
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
    /// Whether `result` came of this, or would have but for a lost packet.
    fn fits(&self, result: &ProbeResult) -> bool {
        match (self, result) {
            (Self::Silent | Self::Answered(_), ProbeResult::Silent) => true,
            (Self::Unsent(before), ProbeResult::Unsent { error }) => before == error,
            (Self::Answered(answer), ProbeResult::Answered(reply)) => answer.is(reply),
            _ => false,
        }
    }

    /// Bytes this takes on the heap, about.
    fn weight(&self) -> usize {
        match self {
            Self::Silent => 0,
            Self::Unsent(error) => error.len(),
            Self::Answered(answer) => answer.weight(),
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
        ProbeResult::Answered(reply) => Outcome::Answered(Answer::of(reply)),
        ProbeResult::Silent => Outcome::Silent,
        ProbeResult::Unsent { error } => Outcome::Unsent(error.clone()),
    }
}

/// What every answered probe of a hop was answered, where they agree and others were lost.
fn usual_answer(hop: &Hop) -> Option<Answer> {
    hop.probes.iter().find(|probe| probe.result == ProbeResult::Silent)?;
    let mut answers = hop.probes.iter().filter_map(ProbeRecord::reply).map(Answer::of);
    let first = answers.next()?;
    answers.all(|other| other == first).then_some(first)
}

const fn protocol_code(protocol: Protocol) -> u8 {
    match protocol {
        Protocol::Icmp => 1,
        Protocol::Udp => 2,
        Protocol::Tcp => 3,
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
