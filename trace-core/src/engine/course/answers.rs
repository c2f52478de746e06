//! What answers change in a course.

use core::time::Duration;

use super::Course;
use crate::engine::Heard;
use crate::engine::commons::Commons;
use crate::engine::lane::{Horizon, Lane, News};
use crate::model::{Protocol, ReplyKind, Ttl};

impl Course {
    pub(in crate::engine) fn hear(&mut self, commons: &mut Commons, heard: &Heard) -> Option<Ttl> {
        let from = heard.reply.from;
        let kind = heard.reply.kind;
        let (from_target, protocol) = (from == self.address, heard.protocol);
        let lane = self.lanes.get_mut(self.protocols, protocol, heard.flow)?;
        let news = lane.hear(&self.plan, heard, from_target)?;
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
            self.horizon.reached = self.lanes.all().iter().filter_map(Lane::reached).max();
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
        let Self { plan, lanes, .. } = self;
        if !from_target && !commons.has_parted(protocol, plan.ttl(row)) {
            return;
        }
        for lane in lanes.all_mut().iter_mut().filter(|lane| lane.protocol == protocol) {
            lane.restore(plan, row);
        }
    }

    /// Compares who answered where other traces met one and the same router. If it is somebody else, the path is
    /// another one, and what was taken over before it is probed.
    fn compare(&mut self, commons: &Commons, protocol: Protocol, row: usize) {
        if !self.trusts || !commons.ground.shares {
            return;
        }
        let Self { plan, lanes, .. } = self;
        let Some(lane) = lanes.all().iter().find(|lane| lane.protocol == protocol) else { return };
        if lane.is_elsewhere(row, commons.first_router(protocol, plan.ttl(row))) {
            self.trusts = false;
            for lane in lanes.all_mut() {
                lane.give_back(plan);
            }
            self.horizon.heard = lanes.all().iter().map(|lane| lane.heard).max().unwrap_or_default();
        }
    }

    /// Takes in how far somebody was heard, and how long that took.
    pub(super) fn see(&mut self, heard: usize, rtt: Option<Duration>) {
        let Horizon { heard: before, greatest_rtt, .. } = self.horizon;
        self.horizon.heard = before.max(heard);
        self.horizon.greatest_rtt = greatest_rtt.max(rtt);
        // Where the waiting gets shorter, what is waited for is looked through sooner.
        if heard > before || (greatest_rtt.is_none() && rtt.is_some()) {
            self.check_sooner();
        }
    }
}
