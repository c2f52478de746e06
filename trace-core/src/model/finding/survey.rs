use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::change::{self, PathChange};
use super::{Finding, Observation, answering, balance, circle, handling, tunnel};
use crate::model::{
    Flow, Hop, Mode, ProbeRecord, ProbeResult, Protocol, Reply, ReplyKind, Statistics, Trace, Ttl,
};

/// A trace, sorted as the rules need it.
#[derive(Debug)]
pub(in crate::model) struct Survey<'a> {
    pub(super) trace: &'a Trace,
    pub(super) lanes: Vec<Lane<'a>>,
    pub(super) changes: Vec<PathChange>,
    /// Where each lane's path ended in each round.
    ends: BTreeMap<(Option<Protocol>, Flow, u32), Ttl>,
}

/// The answers to the probes of one protocol and flow, by TTL and there in the order the probes were sent. What left
/// its flow or was taken over from another trace is not among them.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    pub(super) protocol: Option<Protocol>,
    pub(super) flow: Flow,
    /// Whether the flow was really kept: unprivileged TCP has a port of its own for each probe.
    pub(super) keeps_flow: bool,
    pub(super) answers: Vec<Answer<'a>>,
    /// The TTLs at which its packets go several ways.
    pub(super) balanced: Vec<Ttl>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) ttl: Ttl,
    pub(super) round: u32,
    pub(super) sent: Option<Duration>,
    pub(super) reply: &'a Reply,
}

impl<'a> Survey<'a> {
    pub(in crate::model) fn of(trace: &'a Trace) -> Self {
        let mut survey = Self { trace, lanes: lanes(trace), changes: Vec::new(), ends: ends(trace) };
        for lane in &mut survey.lanes {
            if lane.keeps_flow {
                lane.balanced = balance::per_packet(lane);
            }
        }
        survey.changes = change::changes(&survey);
        survey
    }

    pub(in crate::model) fn into_changes(self) -> Vec<PathChange> {
        self.changes
    }

    /// Everything noticeable, by TTL.
    pub(in crate::model) fn observations(&self) -> Vec<Observation> {
        let mut found = Vec::new();
        answering::observe(self, &mut found);
        circle::observe(self, &mut found);
        handling::observe(self, &mut found);
        tunnel::observe(self, &mut found);
        balance::observe(self, &mut found);
        change::observe(self, &mut found);
        found.sort_by_key(|observation| (observation.ttl, observation.finding));
        found
    }

    /// Loss and round-trip times of a hop's own probes, without those that were never meant for it: past the end that
    /// the path had in their round, or sent to a TTL whose router had left the path.
    pub(in crate::model) fn statistics(&self, hop: &Hop) -> Statistics {
        Statistics::over(hop.probes.iter().filter(|probe| self.counts(hop.ttl, probe)))
    }

    /// Whether a probe tells of the router at its TTL.
    pub(super) fn counts(&self, ttl: Ttl, probe: &ProbeRecord) -> bool {
        let end = self.ends.get(&(probe.protocol, probe.flow, probe.round));
        let past_the_end = end.is_some_and(|end| ttl > *end);
        let silent = matches!(probe.result, ProbeResult::Silent);
        let gone = silent && self.changes.iter().any(|change| change.left(ttl, probe));
        !past_the_end && !gone
    }

    /// For each lane what its answers tell at each hop, as `read` takes it from them; nothing where they do not agree.
    pub(super) fn by_lane<T: PartialEq>(
        &self,
        read: impl Fn(&Answer<'a>) -> Option<T>,
    ) -> Vec<Vec<Option<T>>> {
        let of_lane = |lane: &Lane<'a>| {
            let at = |hop: &Hop| {
                let mut values = lane.at(hop.ttl).iter().filter_map(&read);
                let first = values.next()?;
                values.all(|other| other == first).then_some(first)
            };
            self.trace.hops.iter().map(at).collect()
        };
        self.lanes.iter().map(of_lane).collect()
    }

    /// The TTL of the hop with this index.
    pub(super) fn ttl(&self, index: usize) -> Option<Ttl> {
        self.trace.hops.get(index).map(|hop| hop.ttl)
    }
}

impl<'a> Lane<'a> {
    /// The answers at a TTL, in the order their probes were sent.
    pub(super) fn at(&self, ttl: Ttl) -> &[Answer<'a>] {
        let first = self.answers.partition_point(|answer| answer.ttl < ttl);
        let rest = self.answers.get(first..).unwrap_or_default();
        let count = rest.partition_point(|answer| answer.ttl == ttl);
        rest.get(..count).unwrap_or_default()
    }

    /// The TTLs that were answered, in their order.
    pub(super) fn ttls(&self) -> Vec<Ttl> {
        let mut ttls: Vec<Ttl> = self.answers.iter().map(|answer| answer.ttl).collect();
        ttls.dedup();
        ttls
    }

    /// What it is called, where there are several.
    pub(super) fn name(&self) -> String {
        match self.protocol {
            Some(protocol) => format!("flow {} ({protocol})", self.flow),
            None => format!("flow {}", self.flow),
        }
    }
}

impl Answer<'_> {
    pub(super) fn exceeded(&self) -> bool {
        self.reply.kind == Some(ReplyKind::TimeExceeded)
    }
}

/// Adds an observation, unless the same was found at this hop already.
pub(super) fn note(found: &mut Vec<Observation>, ttl: Ttl, finding: Finding, explanation: String) {
    let known = |other: &Observation| other.ttl == ttl && other.finding == finding;
    if !found.iter().any(known) {
        found.push(Observation { ttl, finding, explanation });
    }
}

/// `10.0.0.1, 10.0.0.2`.
pub(super) fn listed<T: core::fmt::Display>(values: impl IntoIterator<Item = T>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(", ")
}

/// Whether every probe of a trace counts at its hop, as most often: a single address answers at each TTL, so no path
/// changed, and no path ended before the last TTL.
pub(in crate::model) fn is_plain(trace: &Trace) -> bool {
    let Some((last, before)) = trace.hops.split_last() else { return true };
    let on_the_way = |reply: &Reply| matches!(reply.kind, None | Some(ReplyKind::TimeExceeded));
    let single = |hop: &Hop| {
        let mut replies = hop.probes.iter().filter_map(ProbeRecord::reply);
        let first = replies.next();
        replies.all(|reply| first.is_some_and(|first| first.from == reply.from))
    };
    let passed = |hop: &Hop| hop.probes.iter().filter_map(ProbeRecord::reply).all(on_the_way);
    before.iter().all(|hop| hop.ttl < last.ttl && single(hop) && passed(hop)) && single(last)
}

fn lanes(trace: &Trace) -> Vec<Lane<'_>> {
    let mut answers: BTreeMap<(Option<Protocol>, Flow), Vec<Answer<'_>>> = BTreeMap::new();
    for hop in &trace.hops {
        for probe in hop.probes.iter().filter(|probe| !probe.off_flow) {
            let Some(reply) = probe.reply().filter(|reply| reply.inherited_from.is_none()) else { continue };
            let answer = Answer { ttl: hop.ttl, round: probe.round, sent: probe.sent, reply };
            answers.entry((probe.protocol, probe.flow)).or_default().push(answer);
        }
    }
    let mut lanes = Vec::with_capacity(answers.len());
    for ((protocol, flow), mut answers) in answers {
        answers.sort_by_key(|answer| (answer.ttl, answer.round, answer.sent));
        let keeps_flow = (trace.mode, protocol) != (Some(Mode::Unprivileged), Some(Protocol::Tcp));
        lanes.push(Lane { protocol, flow, keeps_flow, answers, balanced: Vec::new() });
    }
    lanes
}

/// Where the path of each lane and round ended: where the target answered, or somebody refused, and no router's TTL
/// ran out behind.
fn ends(trace: &Trace) -> BTreeMap<(Option<Protocol>, Flow, u32), Ttl> {
    #[derive(Default)]
    struct End {
        exceeded: Option<Ttl>,
        reached: Vec<Ttl>,
        refused: Vec<Ttl>,
    }
    let target = trace.target.as_ref().map(|target| target.address);
    let mut ends: BTreeMap<_, End> = BTreeMap::new();
    for hop in &trace.hops {
        for probe in &hop.probes {
            let Some(reply) = probe.reply().filter(|reply| reply.inherited_from.is_none()) else { continue };
            let end = ends.entry((probe.protocol, probe.flow, probe.round)).or_default();
            match reply.kind {
                Some(ReplyKind::TimeExceeded) => end.exceeded = end.exceeded.max(Some(hop.ttl)),
                Some(kind) if is_arrival(kind, reply.from, target) => end.reached.push(hop.ttl),
                Some(kind) if kind.ends_path() => end.refused.push(hop.ttl),
                _ => {}
            }
        }
    }
    // Where the probe that would have reached it was lost, another round tells the length.
    let mut lengths: BTreeMap<_, BTreeSet<Ttl>> = BTreeMap::new();
    for ((protocol, flow, _), end) in &ends {
        let length = end.reached.iter().copied().filter(|ttl| Some(*ttl) > end.exceeded).min();
        lengths.entry((*protocol, *flow)).or_default().extend(length);
    }
    let last = |(protocol, flow, _): &_, end: &End| {
        let known = lengths.get(&(*protocol, *flow)).into_iter().flatten().copied();
        let reached = known.into_iter().find(|ttl| Some(*ttl) > end.exceeded);
        let refused = || end.refused.iter().copied().filter(|ttl| Some(*ttl) >= end.exceeded).min();
        reached.or_else(refused)
    };
    ends.iter().filter_map(|(key, end)| Some((*key, last(key, end)?))).collect()
}

/// Whether an answer of this kind is the target's own.
pub(super) fn is_arrival(kind: ReplyKind, from: IpAddr, target: Option<IpAddr>) -> bool {
    match kind {
        ReplyKind::EchoReply | ReplyKind::SynAck | ReplyKind::Rst | ReplyKind::Data => true,
        kind => kind.ends_path() && Some(from) == target,
    }
}
