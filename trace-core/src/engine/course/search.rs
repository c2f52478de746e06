//! Which probe a course sends next.

use super::{Course, ROUND_SLACK};
use crate::engine::budget;
use crate::engine::commons::{Commons, Leave};
use crate::engine::lane::Lane;
use crate::engine::rule::Rule;
use crate::engine::window::BEYOND_GAP;
use crate::engine::{Moment, Probe, ProbeId};
use crate::model::{Flow, Protocol};

/// Probes to one router that may be under way at once: a Linux router sends six ICMP errors to one asker in
/// a burst, and somebody else on this machine may be asking too.
const BURST: u16 = 3;

/// What became of the search for a probe.
pub(super) enum Search {
    Found(Probe),
    /// None, but other traces' answers were taken over, which may have opened more.
    Changed,
    /// None before this moment, as far as other traces are concerned.
    Nothing(Moment),
}

/// Who probes a row next.
enum Pick {
    /// The lane with this index, which has sent so many probes there.
    Lane(usize, u16),
    /// Nobody before this moment.
    Later(Moment),
    /// Nobody while nothing changes.
    None,
}

impl Course {
    /// Sets how many rows each lane may probe now.
    fn open(&mut self, now: Moment) {
        let Self { plan, horizon, lanes, .. } = self;
        let lanes = lanes.all_mut();
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

    /// The next row after this one that any lane may probe: the nearest goes first.
    fn candidate(&self, after: Option<usize>, now: Moment) -> Option<usize> {
        let lanes = self.lanes.all().iter().filter(|lane| lane.may_send(&self.plan, now));
        if self.plan.rules.hold(Rule::Order) {
            let from = after.map_or(0, |row| row + 1);
            lanes.filter_map(|lane| lane.next_wanting(from)).min()
        } else {
            let end = after.unwrap_or(self.plan.most_rows);
            lanes.filter_map(|lane| lane.wanting().among_first(end).last()).max()
        }
    }

    /// The nearest TTL that any lane may probe, all lanes side by side.
    pub(super) fn next_probe(&mut self, commons: &mut Commons, now: Moment) -> Search {
        self.open(now);
        let (mut later, mut changed) = (Moment::MAX, false);
        let mut after = None;
        while let Some(row) = self.candidate(after, now) {
            after = Some(row);
            let (index, sent) = match self.pick(row, now) {
                Pick::Lane(index, sent) => (index, sent),
                Pick::Later(moment) => {
                    later = later.min(moment);
                    continue;
                }
                Pick::None => continue,
            };
            let Some(lane) = self.lanes.all_mut().get_mut(index) else { continue };
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

    /// The lane that probes a row next.
    ///
    /// A probe by each protocol of a flow leaves one after the other, so that what the protocols show of a TTL
    /// was seen at one time. Such a set starts when at most [`BURST`] probes are under way with it, or none without.
    fn pick(&self, row: usize, now: Moment) -> Pick {
        let may = |lane: &Lane| {
            lane.wanting().has(row) && lane.may_send(&self.plan, now) && !lane.would_disturb(&self.plan, row)
        };
        if let [lane] = self.lanes.all() {
            let (sent, in_flight) = lane.counts(row);
            let free = in_flight < BURST || !self.plan.rules.hold(Rule::Burst);
            if !free || lane.would_disturb(&self.plan, row) {
                return Pick::None;
            }
            return if self.asks_much { self.when_rested(row, now, 0, sent) } else { Pick::Lane(0, sent) };
        }
        let wanting = self.lanes.all().iter().enumerate().filter(|(_, lane)| may(lane));
        let Some((sent, index)) = wanting.map(|(index, lane)| (lane.counts(row).0, index)).min() else {
            return Pick::None;
        };
        if !self.plan.rules.hold(Rule::Burst) {
            return Pick::Lane(index, sent);
        }
        let Some(flow) = self.lanes.all().get(index).map(|lane| lane.flow) else { return Pick::None };
        let siblings = || self.lanes.all().iter().filter(|lane| lane.flow == flow);
        let under_way: u16 = self.lanes.all().iter().map(|lane| lane.counts(row).1).sum();
        if siblings().any(|lane| lane.counts(row).0 > sent) {
            return if under_way < BURST { Pick::Lane(index, sent) } else { Pick::None };
        }
        let set = siblings().filter(|lane| may(lane)).count();
        let set = u16::try_from(set).unwrap_or(u16::MAX);
        if under_way > 0 && under_way.saturating_add(set) > BURST {
            return Pick::None;
        }
        if self.asks_much { self.when_rested(row, now, index, sent) } else { Pick::Lane(index, sent) }
    }

    /// This lane, once the router of the row can answer another probe by each lane that wants one.
    #[cold]
    fn when_rested(&self, row: usize, now: Moment, index: usize, sent: u16) -> Pick {
        let lanes = self.lanes.all();
        let limited = lanes.iter().filter(|lane| lane.is_limited(row));
        let (mut more, mut asked, mut last) = (0, 0, Moment::ZERO);
        for lane in limited {
            let (by_lane, at) = lane.asked(row);
            asked += by_lane;
            last = last.max(at);
            more += u32::from(lane.wanting().has(row));
        }
        let ready = match (asked + more).saturating_sub(budget::BURST).min(more) {
            0 => Moment::ZERO,
            beyond => last + self.refill().saturating_mul(beyond) + ROUND_SLACK,
        };
        if now < ready { Pick::Later(ready) } else { Pick::Lane(index, sent) }
    }

    /// A round has paid for as many answers of each router as come at once; those beyond are paid for one by one.
    #[cold]
    fn pay(&mut self, row: usize, now: Moment) {
        let asked: u32 = self.lanes.all().iter().map(|lane| u32::from(lane.counts(row).0)).sum();
        if asked >= budget::BURST {
            self.budget.spend(1, self.refill(), now);
        }
    }

    #[inline]
    fn enter(&mut self, index: usize, row: usize, now: Moment) -> Probe {
        let (ttl, round, target) = (self.plan.ttl(row), self.round, self.target);
        let due = now + self.horizon.patience(&self.plan, row);
        self.check_at = self.check_at.min(due);
        self.oldest = self.oldest.min(now);
        if self.asks_much {
            self.pay(row, now);
        }
        match self.lanes.all_mut().get_mut(index) {
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
}
