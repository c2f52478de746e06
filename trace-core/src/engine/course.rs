use core::time::Duration;
use std::net::IpAddr;

use super::budget::{self, Budget};
use super::commons::{Commons, Leave};
use super::event::Found;
use super::lane::{Horizon, Lane, LaneEnd, News};
use super::mask::Mask;
use super::plan::Plan;
use super::rule::Rule;
use super::window::{BEYOND_GAP, Pace};
use super::{Heard, Moment, Probe, ProbeId, Request, Rules, TargetIndex, found};
use crate::model::{Family, Flow, Hop, Outcome, Protocol, Protocols, ReplyKind, Ttl, Uuid};

/// Probes to one router that may be under way at once: a Linux router sends six ICMP errors to one asker in
/// a burst, and somebody else on this machine may be asking too.
const BURST: u16 = 3;

/// How much later than a router can answer again the next round starts.
const ROUND_SLACK: Duration = Duration::from_millis(100);

/// What a course wants next.
#[derive(Debug)]
pub(super) enum Decision {
    Send(Probe),
    Wait(Moment),
    RoundFinished { round: u32, outcome: Outcome, last_ttl: Ttl },
    Done,
}

/// What became of the search for a probe.
enum Search {
    Found(Probe),
    /// None, but other traces' answers were taken over, which may have opened more.
    Changed,
    /// None before this moment, as far as other traces are concerned.
    Nothing(Moment),
}

/// The course of one trace: its lanes, and the round they are in.
#[derive(Debug)]
pub(super) struct Course {
    target: TargetIndex,
    address: IpAddr,
    id: Uuid,
    plan: Plan,
    protocols: Protocols,
    /// One for each flow and protocol, the protocols of a flow side by side.
    lanes: Vec<Lane>,
    pace: Pace,
    horizon: Horizon,
    /// When something that is waited for may have to be given up; never too late.
    check_at: Moment,
    since: Moment,
    round_since: Moment,
    /// When the next round is to start.
    next_round: Moment,
    /// What the routers on the path still answer to this trace.
    budget: Budget,
    round: u32,
    /// The current round is over and was told of.
    closed: bool,
    /// What other traces found may be taken over: nothing has shown that this path is another one.
    trusts: bool,
}

impl Course {
    pub(super) fn new(target: TargetIndex, request: &Request, rules: Rules, pace: Pace, now: Moment) -> Self {
        let plan = Plan::of(&request.settings, rules);
        let mut lanes = Vec::with_capacity(request.lanes());
        for flow in 0..request.settings.flows.max(1) {
            for &protocol in request.protocols.list() {
                lanes.push(Lane::new(protocol, Flow(flow), &plan, request.expected_length));
            }
        }
        let mut course = Self {
            target,
            address: request.address,
            id: request.id,
            plan,
            protocols: request.protocols,
            lanes,
            pace,
            horizon: Horizon::default(),
            check_at: Moment::MAX,
            since: now,
            round_since: now,
            next_round: now,
            budget: Budget::FULL,
            round: 0,
            closed: false,
            trusts: true,
        };
        course.start_round(now);
        course
    }

    pub(super) fn lanes(&self) -> usize {
        self.lanes.len()
    }

    fn refill(&self) -> Duration {
        budget::refill(Family::of(self.address))
    }

    /// The most probes that one router gets in a round.
    fn probes_a_router(&self) -> u32 {
        u32::try_from(self.lanes.len()).unwrap_or(u32::MAX).saturating_mul(self.plan.queries.into())
    }

    fn start_round(&mut self, now: Moment) {
        for lane in &mut self.lanes {
            lane.start_round(&self.plan);
        }
        self.round_since = now;
        self.closed = false;
        self.check_at = Moment::MAX;
        self.horizon = Horizon { greatest_rtt: self.horizon.greatest_rtt, ..Horizon::default() };
        let (probes, refill) = (self.probes_a_router().min(budget::BURST), self.refill());
        self.budget.spend(probes, refill, now);
        // Rounds that took longer than the interval are not made up for.
        let planned = self.next_round + self.plan.interval;
        self.next_round = if planned < now { now + self.plan.interval } else { planned };
    }

    /// When the next round may start.
    fn next_start(&self) -> Moment {
        if !self.plan.rules.hold(Rule::Spacing) {
            return self.next_round;
        }
        // Probes of one round leave a little earlier than those of another, and answers jitter.
        self.next_round.max(self.budget.ready(self.probes_a_router(), self.refill()) + ROUND_SLACK)
    }

    pub(super) fn step(&mut self, commons: &mut Commons, now: Moment) -> Decision {
        loop {
            if now >= self.check_at {
                let Self { plan, horizon, lanes, .. } = self;
                let due = lanes.iter_mut().map(|lane| lane.give_up(plan, horizon, now)).min();
                self.check_at = due.unwrap_or(Moment::MAX);
                for lane in lanes {
                    while let Some(row) = lane.unheard.pop_first() {
                        if let Some(reply) = commons.common_router(lane.protocol, plan.ttl(row)) {
                            lane.take_for_silence(plan, row, reply);
                        }
                    }
                }
            }
            let later = match self.next_probe(commons, now) {
                Search::Found(probe) => return Decision::Send(probe),
                Search::Changed => continue,
                Search::Nothing(later) => later,
            };
            if let Some(end) = self.end() {
                if !self.closed {
                    return self.close_round(end);
                }
                let last = self.plan.rounds != u32::MAX && self.round + 1 >= self.plan.rounds;
                if last {
                    return Decision::Done;
                }
                let next = self.next_start();
                if now < next {
                    return Decision::Wait(next);
                }
                self.round = self.round.saturating_add(1);
                self.start_round(now);
                continue;
            }
            return Decision::Wait(self.wake(now).min(later));
        }
    }

    /// The best end of the round, once all lanes have come to theirs.
    fn end(&self) -> Option<LaneEnd> {
        let mut best: Option<LaneEnd> = None;
        for lane in &self.lanes {
            let end = lane.end(&self.plan, &self.horizon)?;
            if best.is_none_or(|best| found::rank(end) > found::rank(best)) {
                best = Some(end);
            }
        }
        best
    }

    fn close_round(&mut self, best: LaneEnd) -> Decision {
        self.closed = true;
        for lane in &mut self.lanes {
            if let Some(end) = lane.end(&self.plan, &self.horizon) {
                lane.close_round(end);
            }
        }
        Decision::RoundFinished {
            round: self.round,
            outcome: best.outcome,
            last_ttl: self.plan.ttl(best.last),
        }
    }

    /// When the next thing happens by the passing of time alone.
    fn wake(&self, now: Moment) -> Moment {
        let mut wake = self.check_at;
        for lane in &self.lanes {
            if lane.ending().is_none()
                && lane.expected().is_none()
                && lane.probed_rows() < self.plan.most_rows
            {
                let window = lane.window(&self.plan, self.round_since, self.pace);
                wake = wake.min(window.next_opening(now).unwrap_or(Moment::MAX));
            }
            wake = wake.min(lane.id_freed(&self.plan, now).unwrap_or(Moment::MAX));
        }
        // A lane that is open always has a deadline; the full wait is a net below that.
        if wake <= now || wake == Moment::MAX {
            now + self.plan.wait.max(Duration::from_millis(1))
        } else {
            wake
        }
    }

    /// Sets how many rows each lane may probe now.
    fn open(&mut self, now: Moment) {
        let Self { plan, horizon, lanes, .. } = self;
        let windowed = plan.rules.hold(Rule::Window);
        let mut together = 0;
        for lane in lanes.iter_mut() {
            lane.open = match (lane.ending(), lane.expected()) {
                (Some(end), _) => end.last() + 1,
                (None, Some(expected)) => expected,
                (None, None) if windowed => lane.window(plan, self.round_since, self.pace).open(now),
                (None, None) => plan.most_rows,
            };
            lane.open = lane.open.min(plan.most_rows);
            together = together.max(lane.open);
        }
        if lanes.len() > 1 && plan.rules.hold(Rule::Together) {
            // What is sent to one TTL is sent at one time; who is behind catches up at once.
            for lane in lanes.iter_mut().filter(|lane| lane.ending().is_none()) {
                let beyond = if horizon.reached.is_some() { 0 } else { BEYOND_GAP };
                let limit = (lane.limit(plan, horizon) + beyond).min(plan.most_rows);
                lane.open = lane.open.max(together.min(limit));
            }
        }
    }

    /// The nearest TTL that any lane may probe, all lanes side by side.
    fn next_probe(&mut self, commons: &mut Commons, now: Moment) -> Search {
        self.open(now);
        let mut rows = Mask::default();
        for lane in self.lanes.iter().filter(|lane| lane.may_send(&self.plan, now)) {
            rows = rows.or(&lane.wanting());
        }
        let mut later = Moment::MAX;
        let (nearest, mut changed) = (self.plan.rules.hold(Rule::Order), false);
        while let Some(row) = if nearest { rows.pop_first() } else { rows.pop_last() } {
            let Some((index, sent)) = self.pick(row, now) else { continue };
            let Some(lane) = self.lanes.get_mut(index) else { continue };
            let ttl = self.plan.ttl(row);
            let lanes = self.protocols.list().len();
            match commons.ask(self.trusts, lane.protocol, ttl, sent, self.round, lanes, now) {
                Leave::Granted => return Search::Found(self.enter(index, row, now)),
                Leave::Beyond => {
                    lane.ask_beyond(row);
                    return Search::Found(self.enter(index, row, now));
                }
                Leave::Taken(reply) => {
                    lane.take(&self.plan, row, reply);
                    self.see(row + 1, None);
                    changed = true;
                }
                Leave::Enough => {
                    lane.cut(row);
                    changed = true;
                }
                Leave::Later(moment) => later = later.min(moment),
            }
        }
        if changed { Search::Changed } else { Search::Nothing(later) }
    }

    /// The lane that probes a row next, with how many probes it has sent there; `None` if none may now.
    ///
    /// A probe by each protocol of a flow leaves one after the other, so that what the protocols show of a TTL
    /// was seen at one time. Such a set starts when at most [`BURST`] probes are under way with it, or none without.
    fn pick(&self, row: usize, now: Moment) -> Option<(usize, u16)> {
        let may = |lane: &Lane| {
            lane.wanting().has(row) && lane.may_send(&self.plan, now) && !lane.would_disturb(&self.plan, row)
        };
        if let [lane] = self.lanes.as_slice() {
            let (sent, in_flight) = lane.counts(row);
            let free = in_flight < BURST || !self.plan.rules.hold(Rule::Burst);
            return (free && may(lane)).then_some((0, sent));
        }
        let wanting = self.lanes.iter().enumerate().filter(|(_, lane)| may(lane));
        let (sent, index) = wanting.map(|(index, lane)| (lane.counts(row).0, index)).min()?;
        if !self.plan.rules.hold(Rule::Burst) {
            return Some((index, sent));
        }
        let flow = self.lanes.get(index)?.flow;
        let siblings = || self.lanes.iter().filter(|lane| lane.flow == flow);
        let under_way: u16 = self.lanes.iter().map(|lane| lane.counts(row).1).sum();
        if siblings().any(|lane| lane.counts(row).0 > sent) {
            return (under_way < BURST).then_some((index, sent));
        }
        let set = siblings().filter(|lane| may(lane)).count();
        let set = u16::try_from(set).unwrap_or(u16::MAX);
        (under_way == 0 || under_way.saturating_add(set) <= BURST).then_some((index, sent))
    }

    fn enter(&mut self, index: usize, row: usize, now: Moment) -> Probe {
        let (ttl, round, target) = (self.plan.ttl(row), self.round, self.target);
        let due = now + self.horizon.patience(&self.plan, row);
        self.check_at = self.check_at.min(due);
        match self.lanes.get_mut(index) {
            Some(lane) => {
                let (id, off_flow) = lane.enter(&self.plan, row, now);
                Probe { target, protocol: lane.protocol, ttl, flow: lane.flow, round, id, off_flow }
            }
            // Never: the index was just found.
            None => Probe {
                target,
                protocol: Protocol::Icmp,
                ttl,
                flow: Flow(0),
                round,
                id: ProbeId::FIRST,
                off_flow: false,
            },
        }
    }

    fn lane(&mut self, protocol: Protocol, flow: Flow) -> Option<&mut Lane> {
        let protocols = self.protocols.list();
        let place = protocols.iter().position(|known| *known == protocol)?;
        self.lanes.get_mut(usize::from(flow.0) * protocols.len() + place)
    }

    pub(super) fn left(&mut self, probe: &Probe, at: Moment) {
        let plan = self.plan;
        if let Some(lane) = self.lane(probe.protocol, probe.flow) {
            lane.left(&plan, at);
        }
    }

    pub(super) fn take_back(&mut self, probe: &Probe) {
        let plan = self.plan;
        if let Some(lane) = self.lane(probe.protocol, probe.flow) {
            lane.take_back(&plan);
        }
    }

    pub(super) fn failed(&mut self, protocol: Protocol, flow: Flow, id: ProbeId, error: String) {
        let plan = self.plan;
        if let Some(lane) = self.lane(protocol, flow) {
            lane.failed(&plan, id, error);
        }
    }

    pub(super) fn hear(&mut self, commons: &mut Commons, heard: Heard) -> Option<Ttl> {
        let plan = self.plan;
        let from = heard.reply.from;
        let kind = heard.reply.kind;
        let (from_target, protocol) = (from == self.address, heard.protocol);
        let lane = self.lane(protocol, heard.flow)?;
        let news = lane.hear(&plan, heard, from_target)?;
        let News { ttl, row, rtt, is_of_this_round, is_new_router } = news;
        let heard_rows = lane.heard;
        if is_new_router && commons.ground.shares {
            let neighbours = [row.checked_sub(1).and_then(|row| lane.router(row)), lane.router(row + 1)];
            commons.met(protocol, ttl, from, neighbours, self.id);
        } else if from_target && kind != Some(ReplyKind::TimeExceeded) {
            commons.part(protocol, ttl);
        }
        if is_of_this_round {
            self.see(heard_rows, Some(rtt));
            // A target limits its errors, which probes that passed it may have used up, but no other answers.
            let limited = kind.is_some_and(ReplyKind::ends_path);
            if !limited {
                self.restore(commons, protocol, row, from_target);
            }
            self.compare(commons, protocol, row);
            self.horizon.reached = self.lanes.iter().filter_map(Lane::reached).max();
        } else {
            self.see(0, Some(rtt));
        }
        Some(ttl)
    }

    /// More probes for a row that was cut short for others, if they turn out not to need it.
    fn restore(&mut self, commons: &Commons, protocol: Protocol, row: usize, from_target: bool) {
        if !commons.ground.shares || !commons.has_followers() {
            return;
        }
        let plan = self.plan;
        if !from_target && !commons.has_parted(protocol, plan.ttl(row)) {
            return;
        }
        for lane in self.lanes.iter_mut().filter(|lane| lane.protocol == protocol) {
            lane.restore(&plan, row);
        }
    }

    /// Compares who answered where other traces met one and the same router. If it is somebody else, the path is
    /// another one, and what was taken over before it is probed.
    fn compare(&mut self, commons: &Commons, protocol: Protocol, row: usize) {
        if !self.trusts || !commons.ground.shares {
            return;
        }
        let plan = self.plan;
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.protocol == protocol) else { return };
        if lane.is_elsewhere(row, commons.first_router(protocol, plan.ttl(row))) {
            self.trusts = false;
            for lane in &mut self.lanes {
                lane.give_back(&plan);
            }
            self.horizon.heard = self.lanes.iter().map(|lane| lane.heard).max().unwrap_or_default();
        }
    }

    /// Takes in how far somebody was heard, and how long that took.
    fn see(&mut self, heard: usize, rtt: Option<Duration>) {
        let Horizon { heard: before, greatest_rtt, .. } = self.horizon;
        // Where the waiting gets shorter, what is waited for is looked through again.
        if heard > before || (greatest_rtt.is_none() && rtt.is_some()) {
            self.check_at = Moment::ZERO;
        }
        self.horizon.heard = before.max(heard);
        self.horizon.greatest_rtt = greatest_rtt.max(rtt);
    }

    /// Everything sent so far in a round and later, as hops from the first TTL on.
    pub(super) fn hops(&self, first_round: u32) -> Vec<Hop> {
        found::hops(&self.lanes, &self.plan, first_round, self.last(first_round, true), self.since)
    }

    /// The last row that counts over some rounds. Of the one that is under way only ends that are known count, if
    /// there are others.
    fn last(&self, first_round: u32, running: bool) -> Option<usize> {
        let over = self.best(first_round);
        let now = self.lanes.iter().filter_map(Lane::end_so_far);
        match (over, running && !self.closed) {
            (over, false) => over.map(|end| end.last),
            (None, true) => now.max_by_key(|end| found::rank(*end)).map(|end| end.last),
            (Some(over), true) => {
                let known = now.filter(|end| end.outcome != Outcome::Exhausted);
                known.chain([over]).max_by_key(|end| found::rank(*end)).map(|end| end.last)
            }
        }
    }

    /// The best end over rounds that are over.
    fn best(&self, first_round: u32) -> Option<LaneEnd> {
        let first = usize::try_from(first_round).unwrap_or(usize::MAX);
        let rounds = self.lanes.iter().flat_map(|lane| lane.rounds.get(first..).unwrap_or_default());
        let ends = rounds.filter_map(|round| {
            round.end.map(|(last, outcome)| LaneEnd { outcome, last: usize::from(last) })
        });
        ends.max_by_key(|end| found::rank(*end))
    }

    /// What was found; `interrupted` when the course did not come to its own end.
    pub(super) fn finish(&mut self, commons: &Commons, now: Moment, interrupted: bool) -> Found {
        if interrupted && !self.closed {
            for lane in &mut self.lanes {
                let end = lane.end(&self.plan, &self.horizon);
                if let Some(end) = end {
                    lane.close_round(end);
                }
            }
        }
        if commons.ground.shares {
            for lane in &mut self.lanes {
                found::fill(lane, commons, &self.plan);
            }
        }
        let best = self.best(0);
        let reached = best.is_some_and(|end| end.outcome == Outcome::Reached);
        let last = match (interrupted && !self.closed, reached || (best.is_some() && self.round > 0)) {
            (true, false) => {
                let so_far = self.lanes.iter().filter_map(Lane::end_so_far).map(|end| end.last);
                so_far.chain(best.map(|end| end.last)).max()
            }
            (true, true) => self.last(0, true),
            (false, _) => best.map(|end| end.last),
        };
        let hops = found::hops(&self.lanes, &self.plan, 0, last, self.since);
        let outcome = match best {
            _ if interrupted => Outcome::Interrupted,
            Some(end) => end.outcome,
            None => Outcome::Exhausted,
        };
        let detail = found::detail(outcome, &hops, self.address, self.plan.max_ttl);
        Found { outcome, detail, hops, duration: now.since(self.since) }
    }
}
