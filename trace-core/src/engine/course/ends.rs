//! How the rounds of a course end, and what it hands out.

use super::{Course, Decision};
use crate::engine::commons::Commons;
use crate::engine::event::Found;
use crate::engine::lane::{Lane, LaneEnd};
use crate::engine::{Moment, found};
use crate::model::{Hop, Outcome};

impl Course {
    /// The best end of the round, once all lanes have come to theirs.
    pub(super) fn end(&self) -> Option<LaneEnd> {
        let mut best: Option<LaneEnd> = None;
        for lane in self.lanes.all() {
            let end = lane.end(&self.plan, &self.horizon)?;
            if best.is_none_or(|best| found::rank(end) > found::rank(best)) {
                best = Some(end);
            }
        }
        best
    }

    pub(super) fn close_round(&mut self, best: LaneEnd) -> Decision {
        self.closed = true;
        for lane in self.lanes.all_mut() {
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

    /// Everything sent so far in a round and later, as hops from the first TTL on.
    pub(in crate::engine) fn hops(&self, first_round: u32) -> Vec<Hop> {
        found::hops(self.lanes.all(), &self.plan, first_round, self.last(first_round, true), self.since)
    }

    /// The last row that counts over some rounds. Of the one that is under way only ends that are known count, if
    /// there are others.
    fn last(&self, first_round: u32, running: bool) -> Option<usize> {
        let over = self.best(first_round);
        let now = self.lanes.all().iter().filter_map(Lane::end_so_far);
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
        let rounds = self.lanes.all().iter().flat_map(|lane| lane.rounds.get(first..).unwrap_or_default());
        let ends = rounds.filter_map(|round| {
            round.end.map(|(last, outcome)| LaneEnd { outcome, last: usize::from(last) })
        });
        ends.max_by_key(|end| found::rank(*end))
    }

    /// What was found; `interrupted` when the course did not come to its own end.
    pub(in crate::engine) fn finish(&mut self, commons: &Commons, now: Moment, interrupted: bool) -> Found {
        if interrupted && !self.closed {
            for lane in self.lanes.all_mut() {
                let end = lane.end(&self.plan, &self.horizon);
                if let Some(end) = end {
                    lane.close_round(end);
                }
            }
        }
        if commons.ground.shares {
            for lane in self.lanes.all_mut() {
                found::fill(lane, commons, &self.plan, self.trusts);
            }
        }
        let best = self.best(0);
        let reached = best.is_some_and(|end| end.outcome == Outcome::Reached);
        let last = match (interrupted && !self.closed, reached || (best.is_some() && self.round > 0)) {
            (true, false) => {
                let so_far = self.lanes.all().iter().filter_map(Lane::end_so_far).map(|end| end.last);
                so_far.chain(best.map(|end| end.last)).max()
            }
            (true, true) => self.last(0, true),
            (false, _) => best.map(|end| end.last),
        };
        let hops = found::hops(self.lanes.all(), &self.plan, 0, last, self.since);
        let outcome = match best {
            _ if interrupted => Outcome::Interrupted,
            Some(end) => end.outcome,
            None => Outcome::Exhausted,
        };
        let detail = found::detail(outcome, &hops, self.address, self.plan.max_ttl);
        Found { outcome, detail, hops, duration: now.since(self.since) }
    }
}
