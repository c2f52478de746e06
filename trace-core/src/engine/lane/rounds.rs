//! Rounds of a lane: how they begin, and how they ended.

use super::{Horizon, Lane, LaneEnd, Round};
use crate::engine::ending::Ending;
use crate::engine::mask::Mask;
use crate::engine::plan::Plan;
use crate::engine::row::Row;
use crate::engine::rule::Rule;
use crate::engine::sets::{Set, Sets};
use crate::engine::slot::{Slot, State};
use crate::model::{Outcome, ProbeResult};

impl Lane {
    /// Starts the next round, steered by the length the last one found.
    pub(in crate::engine) fn start_round(&mut self, plan: &Plan) {
        if let Some(Ending::Reached(last)) = self.ending.filter(|_| plan.rules.hold(Rule::Length)) {
            self.expected_rows = Some(last + 1);
        }
        for row in &mut self.rows {
            *row = Row::new(plan.queries, row.latest);
        }
        self.sets = Sets::default();
        self.sets.put(Set::Wanting, Mask::first(plan.most_rows));
        self.ending = None;
        self.twice = false;
        self.tags = 0;
        self.probed = 0;
        self.heard = 0;
        self.answered_rows = 0;
        self.taken_rows = 0;
        self.first_slot = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        if self.rounds.capacity() == 0 && plan.rounds == 1 {
            self.rounds.reserve_exact(1);
        }
        self.rounds.push(Round { first_slot: self.first_slot, end: None, may_end: 0 });
    }

    /// Notes how the current round ended.
    pub(in crate::engine) fn close_round(&mut self, end: LaneEnd) {
        let last = u8::try_from(end.last).unwrap_or(u8::MAX);
        let may_end = u8::try_from(self.behind_routers()).unwrap_or(u8::MAX);
        if let Some(round) = self.rounds.last_mut() {
            round.end = Some((last, end.outcome));
            round.may_end = may_end;
        }
        if end.outcome != Outcome::Reached || may_end < last {
            return;
        }
        // Where rounds before lost the target's answer at its own TTL, they end there as well.
        for round in self.rounds.iter_mut().rev().skip(1) {
            match &mut round.end {
                Some((before, Outcome::Reached)) if round.may_end <= last && last < *before => *before = last,
                _ => break,
            }
        }
    }

    /// The number of the current round.
    pub(super) fn round(&self) -> u32 {
        u32::try_from(self.rounds.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// How many rows this lane probes at most until another answer comes.
    pub(in crate::engine) fn limit(&self, plan: &Plan, horizon: &Horizon) -> usize {
        let together = plan.rules.hold(Rule::Together);
        let limit = match horizon.reached.filter(|_| together) {
            // Another protocol or flow has found the target: up to there, unless this one gets past it.
            Some(last) if last >= self.heard => last + 1,
            Some(_) => self.heard + plan.gap,
            None if together => self.heard.max(horizon.heard) + plan.gap,
            None => self.heard + plan.gap,
        };
        limit.min(plan.most_rows)
    }

    /// How this lane's part in the round has ended, once it has.
    pub(in crate::engine) fn end(&self, plan: &Plan, horizon: &Horizon) -> Option<LaneEnd> {
        let (outcome, last) = match self.ending {
            Some(Ending::Reached(last)) => (Outcome::Reached, last),
            Some(Ending::Blocked(last)) => (Outcome::Unreachable, last),
            Some(Ending::Loop(last)) => (Outcome::Loop, last),
            None => (Outcome::Exhausted, self.limit(plan, horizon).checked_sub(1)?),
        };
        let open = |set| self.sets.first(set, 0, last + 1).is_some();
        (!open(Set::Wanting) && !open(Set::Flying)).then_some(LaneEnd { outcome, last })
    }

    /// The last row that counts if the trace were to stop now, and how the lane would have ended.
    pub(in crate::engine) fn end_so_far(&self) -> Option<LaneEnd> {
        match self.ending {
            Some(Ending::Reached(last)) => Some(LaneEnd { outcome: Outcome::Reached, last }),
            Some(Ending::Blocked(last)) => Some(LaneEnd { outcome: Outcome::Unreachable, last }),
            Some(Ending::Loop(last)) => Some(LaneEnd { outcome: Outcome::Loop, last }),
            None => Some(LaneEnd { outcome: Outcome::Exhausted, last: self.probed.checked_sub(1)? }),
        }
    }

    /// What was sent in a round and later, with its round.
    pub(in crate::engine) fn sent_from(&self, first_round: u32) -> impl Iterator<Item = (u32, usize, &Slot)> {
        let start = usize::try_from(first_round).unwrap_or(usize::MAX);
        let rounds = self.rounds.get(start..).unwrap_or_default();
        (first_round..).zip(rounds).enumerate().flat_map(move |(place, (number, round))| {
            let first = usize::try_from(round.first_slot).unwrap_or(usize::MAX);
            let end = rounds
                .get(place + 1)
                .map_or(self.slots.len(), |next| usize::try_from(next.first_slot).unwrap_or(usize::MAX));
            let slots = self.slots.get(first..end).unwrap_or_default();
            (first..).zip(slots).map(move |(index, slot)| (number, index, slot))
        })
    }

    /// Whether a probe may still be answered.
    pub(in crate::engine) fn is_under_way(&self, plan: &Plan, index: usize, slot: &Slot) -> bool {
        slot.is_waiting()
            && plan
                .row(slot.ttl)
                .is_some_and(|row| self.sets.has(Set::Flying, row) && self.is_waited_for(index, row))
    }

    /// What came of a probe; `None` for one that another was sent in place of.
    pub(in crate::engine) fn result(&self, slot: &Slot) -> Option<ProbeResult> {
        match slot.state() {
            State::Waiting => Some(ProbeResult::Silent),
            State::Replaced => None,
            State::Answered(saying, rtt) => {
                Some(ProbeResult::Answered(Box::new(self.replies.reply(saying, Some(rtt))?)))
            }
            State::Unsent(error) => {
                let error = self.errors.get(usize::try_from(error).ok()?)?.clone();
                Some(ProbeResult::Unsent { error })
            }
        }
    }
}
