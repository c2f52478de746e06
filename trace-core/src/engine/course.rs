//! The course of one trace: its lanes, and the round they are in.

mod answers;
mod ends;
mod lanes;
mod search;

use core::time::Duration;
use std::net::IpAddr;
use std::sync::Arc;

use self::lanes::Lanes;
use self::search::Search;
use super::budget::{self, Budget};
use super::commons::Commons;
use super::lane::{Horizon, Lane};
use super::patience::patience;
use super::plan::Plan;
use super::rule::Rule;
use super::window::Pace;
use super::{Moment, Probe, Request, TargetIndex};
use crate::model::{Family, Flow, Outcome, Protocols, Ttl, Uuid};

/// The most probes to one router in a round that wait for it. Whoever asks for more wants many soon, and takes what
/// routers give.
const SPACED: u32 = 16;

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

/// The course of one trace: its lanes, and the round they are in.
#[derive(Debug)]
pub(super) struct Course {
    target: TargetIndex,
    address: IpAddr,
    id: Uuid,
    plan: Arc<Plan>,
    protocols: Protocols,
    /// One for each flow and protocol, the protocols of a flow side by side.
    lanes: Lanes,
    pace: Pace,
    horizon: Horizon,
    /// When something that is waited for may have to be given up; never too late.
    check_at: Moment,
    /// No row that is waited for was probed before this.
    oldest: Moment,
    since: Moment,
    round_since: Moment,
    /// When the next round is to start.
    next_round: Moment,
    /// What the routers on the path still answer to this trace.
    budget: Budget,
    /// A router gets more probes in a round than it answers at once, so that some wait. Flows are there to be many at
    /// one time: who asks for several takes what routers give.
    asks_much: bool,
    round: u32,
    /// The current round is over and was told of.
    closed: bool,
    /// What other traces found may be taken over: nothing has shown that this path is another one.
    trusts: bool,
}

impl Course {
    pub(super) fn new(
        target: TargetIndex,
        request: &Request,
        plan: Arc<Plan>,
        pace: Pace,
        now: Moment,
    ) -> Self {
        let flows = (0..request.settings.flows.max(1)).map(Flow);
        let protocols = request.protocols.list();
        let each = flows.flat_map(|flow| protocols.iter().map(move |protocol| (*protocol, flow)));
        let lanes = each.map(|(protocol, flow)| Lane::new(protocol, flow, &plan, request.expected_length));
        let lanes = Lanes::of(lanes);
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
            oldest: Moment::MAX,
            since: now,
            round_since: now,
            next_round: now,
            budget: Budget::FULL,
            asks_much: false,
            round: 0,
            closed: false,
            trusts: true,
        };
        course.asks_much = request.settings.flows <= 1
            && course.plan.rules.hold(Rule::Spacing)
            && (budget::BURST + 1..=SPACED).contains(&course.probes_a_router());
        course.start_round(now);
        course
    }

    pub(super) fn lanes(&self) -> usize {
        self.lanes.all().len()
    }

    fn refill(&self) -> Duration {
        budget::refill(Family::of(self.address))
    }

    /// The most probes that one router gets in a round.
    fn probes_a_router(&self) -> u32 {
        u32::try_from(self.lanes.all().len()).unwrap_or(u32::MAX).saturating_mul(self.plan.queries.into())
    }

    fn start_round(&mut self, now: Moment) {
        for lane in self.lanes.all_mut() {
            lane.start_round(&self.plan);
        }
        self.round_since = now;
        self.closed = false;
        self.check_at = Moment::MAX;
        self.oldest = Moment::MAX;
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

    /// Gives up what has been waited for long enough, or takes it over from others.
    fn give_up(&mut self, commons: &Commons, now: Moment) {
        let Self { plan, horizon, lanes, check_at, oldest, .. } = self;
        (*check_at, *oldest) = (Moment::MAX, Moment::MAX);
        for lane in lanes.all_mut() {
            let awaited = lane.give_up(plan, horizon, now);
            *check_at = awaited.due.min(*check_at);
            *oldest = awaited.oldest.min(*oldest);
            let mut unheard = lane.take_unheard();
            while let Some(row) = unheard.pop_first() {
                if let Some(reply) = commons.common_router(lane.protocol, plan.ttl(row)) {
                    lane.take_for_silence(plan, row, reply);
                }
            }
        }
    }

    /// Has what is waited for looked through again as soon as the shortest patience may be over.
    fn check_sooner(&mut self) {
        let holds = self.plan.rules.hold(Rule::Patience);
        let shortest = patience(self.plan.wait, self.horizon.greatest_rtt, holds);
        self.check_at = self.check_at.min(self.oldest + shortest);
    }

    pub(super) fn step(&mut self, commons: &mut Commons, now: Moment) -> Decision {
        loop {
            if now >= self.check_at {
                self.give_up(commons, now);
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

    /// When the next thing happens by the passing of time alone.
    fn wake(&self, now: Moment) -> Moment {
        let mut wake = self.check_at;
        for lane in self.lanes.all() {
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

    pub(super) fn left(&mut self, probe: &Probe, at: Moment) {
        if let Some(lane) = self.lanes.get_mut(self.protocols, probe.protocol, probe.flow) {
            lane.left(&self.plan, at);
        }
    }

    pub(super) fn take_back(&mut self, probe: &Probe) {
        if let Some(lane) = self.lanes.get_mut(self.protocols, probe.protocol, probe.flow) {
            lane.take_back(&self.plan);
        }
    }

    pub(super) fn failed(&mut self, probe: &Probe, error: String) {
        if let Some(lane) = self.lanes.get_mut(self.protocols, probe.protocol, probe.flow) {
            lane.failed(&self.plan, probe.id, error);
        }
    }
}
