use std::net::IpAddr;

use super::event::Found;
use super::lane::{Lane, LaneEnd};
use super::{Heard, Moment, Probe, ProbeId, Request, Rule, Rules, TargetIndex};
use super::{found, slot};
use crate::model::{Flow, Hop, Outcome, Protocol, Settings, Ttl};

/// Probes to one router that may be under way at once: a Linux router sends six ICMP errors to one asker in
/// a burst, and somebody else on this machine may be asking too.
const BURST: u16 = 3;

/// What a course wants next.
#[derive(Debug)]
pub(super) enum Decision {
    Send(Probe),
    Wait(Moment),
    RoundFinished { round: u32, outcome: Outcome, last_ttl: Ttl },
    Done,
}

/// The course of one trace: its lanes, and the round they are in.
#[derive(Debug)]
pub(super) struct Course {
    target: TargetIndex,
    address: IpAddr,
    settings: Settings,
    lanes: Vec<Lane>,
    since: Moment,
    /// Whether anybody has asked it for a step: its time counts from then on.
    begun: bool,
    round: u32,
    /// Whether the current round is over and was told of.
    closed: bool,
    /// The best end of each lane over the rounds so far.
    ends: Vec<Option<LaneEnd>>,
}

impl Course {
    pub(super) fn new(target: TargetIndex, request: &Request, now: Moment) -> Self {
        let settings = &request.settings;
        let lanes: Vec<Lane> = (0..settings.flows.max(1))
            .flat_map(|flow| request.protocols.list().iter().map(move |&protocol| (protocol, Flow(flow))))
            .map(|(protocol, flow)| Lane::new(protocol, flow, settings, request.expected_length, now))
            .collect();
        Self {
            target,
            address: request.address,
            settings: settings.clone(),
            ends: vec![None; lanes.len()],
            lanes,
            since: now,
            begun: false,
            round: 0,
            closed: false,
        }
    }

    pub(super) fn step(&mut self, rules: Rules, now: Moment) -> Decision {
        if !self.begun {
            self.begun = true;
            self.since = now;
            for lane in &mut self.lanes {
                lane.start_round(0, now);
            }
        }
        loop {
            if let Some(probe) = self.next_probe(rules, now) {
                return Decision::Send(probe);
            }
            let ended = self.lanes.iter().all(|lane| lane.end(now).is_some());
            if !ended {
                let wake = self
                    .lanes
                    .iter()
                    .filter(|lane| lane.end(now).is_none())
                    .filter_map(|lane| lane.wake(now));
                // A lane that is open always has a deadline; the full wait is a net below that.
                return Decision::Wait(wake.min().unwrap_or(now + self.settings.wait));
            }
            if !self.closed {
                self.closed = true;
                if let Some(end) = self.close_round(now) {
                    let last_ttl =
                        self.settings.first_ttl.saturating_add(u8::try_from(end.last).unwrap_or(u8::MAX));
                    return Decision::RoundFinished { round: self.round, outcome: end.outcome, last_ttl };
                }
            }
            if self.settings.rounds != u32::MAX && self.round + 1 >= self.settings.rounds.max(1) {
                return Decision::Done;
            }
            let next_start = self.since + self.settings.interval.saturating_mul(self.round.saturating_add(1));
            if now < next_start {
                return Decision::Wait(next_start);
            }
            self.round = self.round.saturating_add(1);
            self.closed = false;
            for lane in &mut self.lanes {
                lane.start_round(self.round, now);
            }
        }
    }

    /// The best end of the round that lanes have come to.
    fn close_round(&mut self, now: Moment) -> Option<LaneEnd> {
        let mut best_now = None;
        for (lane, best) in self.lanes.iter().zip(&mut self.ends) {
            let Some(end) = lane.end(now) else { continue };
            if best.is_none_or(|best| found::rank(end) > found::rank(best)) {
                *best = Some(end);
            }
            if best_now.is_none_or(|best| found::rank(end) > found::rank(best)) {
                best_now = Some(end);
            }
        }
        best_now
    }

    /// The nearest TTL that any lane may probe, all lanes side by side.
    fn next_probe(&mut self, rules: Rules, now: Moment) -> Option<Probe> {
        let open: Vec<usize> = self.lanes.iter().map(|lane| lane.open(now)).collect();
        let most = open.iter().copied().max()?;
        for row in 0..most {
            let wanting = self
                .lanes
                .iter()
                .zip(&open)
                .enumerate()
                .filter(|(_, (_, open))| row < **open)
                .filter_map(|(index, (lane, _))| lane.wants(row, now).map(|sent| (sent, index)))
                .min();
            let Some((_, index)) = wanting else { continue };
            let under_way: u16 = self.lanes.iter().map(|lane| lane.in_flight(row, now)).sum();
            if under_way >= BURST && rules.hold(Rule::Burst) {
                continue;
            }
            let lane = self.lanes.get_mut(index)?;
            let (id, off_flow) = lane.enter(row, now);
            return Some(Probe {
                target: self.target,
                protocol: lane.protocol,
                ttl: lane.ttl(row),
                flow: lane.flow,
                round: lane.round(),
                id,
                off_flow,
            });
        }
        None
    }

    fn lane(&mut self, protocol: Protocol, flow: Flow) -> Option<&mut Lane> {
        self.lanes.iter_mut().find(|lane| lane.protocol == protocol && lane.flow == flow)
    }

    pub(super) fn left(&mut self, probe: &Probe, at: Moment) {
        if let Some(lane) = self.lane(probe.protocol, probe.flow) {
            lane.left(at);
        }
    }

    pub(super) fn take_back(&mut self, probe: &Probe) {
        if let Some(lane) = self.lane(probe.protocol, probe.flow) {
            lane.take_back();
        }
    }

    pub(super) fn failed(&mut self, protocol: Protocol, flow: Flow, id: ProbeId, error: String) {
        if let Some(lane) = self.lane(protocol, flow) {
            lane.failed(id, error);
        }
    }

    pub(super) fn hear(&mut self, heard: Heard) -> Option<Ttl> {
        let from_target = heard.reply.from == self.address;
        self.lane(heard.protocol, heard.flow)?.hear(heard, from_target)
    }

    /// Everything sent so far, as hops from the first TTL on.
    pub(super) fn hops(&self) -> Vec<Hop> {
        let ends = self.lanes.iter().filter_map(Lane::last_so_far);
        self.hops_to(ends.max())
    }

    fn hops_to(&self, last: Option<usize>) -> Vec<Hop> {
        let Some(last) = last else { return Vec::new() };
        let mut sent: Vec<(&slot::Slot, &Lane)> =
            self.lanes.iter().flat_map(|lane| lane.slots.iter().map(move |slot| (slot, lane))).collect();
        sent.sort_by_key(|(slot, _)| slot.sent);
        found::hops(&sent, self.settings.first_ttl, last, self.since)
    }

    /// What was found; `interrupted` when the course did not come to its own end.
    pub(super) fn finish(&mut self, now: Moment, interrupted: bool) -> Found {
        if interrupted {
            self.close_round(now);
        }
        let best = self.ends.iter().flatten().copied().max_by_key(|&end| found::rank(end));
        let reached = best.is_some_and(|end| end.outcome == Outcome::Reached);
        let last = if interrupted && !reached {
            self.lanes.iter().filter_map(Lane::last_so_far).chain(best.map(|end| end.last)).max()
        } else {
            best.map(|end| end.last)
        };
        let hops = self.hops_to(last);
        let outcome = match best {
            _ if interrupted => Outcome::Interrupted,
            Some(end) => end.outcome,
            None => Outcome::Exhausted,
        };
        let detail = found::detail(outcome, &hops, self.address, self.settings.max_ttl);
        Found { outcome, detail, hops, duration: now.since(self.since) }
    }
}
