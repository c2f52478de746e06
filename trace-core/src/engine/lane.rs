//! The probes of one protocol and flow to one target.
//!
//! What every probe and answer needs lies close together: ten thousand traces under way do not fit into a cache, and
//! fetching their parts from memory is what deciding about a probe costs.

mod answers;
mod ids;
mod rounds;
mod sending;
mod sharing;

use core::net::IpAddr;
use core::time::Duration;

use super::Moment;
use super::ending::{Ending, Seen, ending};
use super::mask::Mask;
use super::patience::patience;
use super::plan::Plan;
use super::replies::Replies;
use super::row::{NOTHING, Row};
use super::rule::Rule;
use super::sets::{Set, Sets};
use super::slot::Slot;
use super::window::{Pace, Window};
use crate::model::{Flow, Outcome, Protocol, Ttl};

/// How answers are told apart on a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// By the id in the answer.
    ById,
    /// Answers without an id came while several probes were under way: further probes leave the flow, each
    /// with a port of its own.
    OffFlow,
    /// The same for answers that only a service at the flow's own port gives: one probe at a time.
    OneAtATime,
}

/// How one lane's part in a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LaneEnd {
    pub(super) outcome: Outcome,
    /// The last row that counts.
    pub(super) last: usize,
}

/// A round of a lane: where it begins in the order of sending, and how it ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    pub(super) first_slot: u32,
    /// The last row that counts, and how it ended; `None` while it is under way.
    pub(super) end: Option<(u8, Outcome)>,
    /// The first row at which the target may have been: it was silent there, if this is before the last.
    may_end: u8,
}

/// A hop that was taken over from another trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) round: u32,
    /// An index into what was said on this lane.
    pub(super) saying: u32,
    pub(super) row: u8,
}

/// What the lanes of a trace know together.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Horizon {
    /// How many rows lead up to the last one with an answer.
    pub(super) heard: usize,
    /// The greatest RTT so far, in any round.
    pub(super) greatest_rtt: Option<Duration>,
    /// The farthest row at which the target answers a lane.
    pub(super) reached: Option<usize>,
}

impl Horizon {
    /// How long an answer to a probe of this row is waited for.
    pub(super) fn patience(&self, plan: &Plan, row: usize) -> Duration {
        patience(plan.wait, self.greatest_rtt, row < self.heard && plan.rules.hold(Rule::Patience))
    }
}

/// What an answer changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct News {
    pub(super) ttl: Ttl,
    pub(super) row: usize,
    pub(super) rtt: Duration,
    /// It belongs to the current round.
    pub(super) is_of_this_round: bool,
    /// A router's TTL ran out for the first time at this row.
    pub(super) is_new_router: bool,
}

/// The probes of one protocol and flow to one target.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) protocol: Protocol,
    telling: Telling,
    pub(super) flow: Flow,
    /// The first slot of the current round.
    first_slot: u32,
    /// The rows of the current round, by what is known of them.
    sets: Sets,
    /// Every probe of every round, in the order of sending.
    slots: Vec<Slot>,
    /// One a TTL; rows are added as they open, and made new with each round.
    rows: Vec<Row>,
    replies: Replies,
    /// How many rows were probed in the current round.
    probed: usize,
    /// How many rows lead up to the last one with an answer.
    pub(super) heard: usize,
    /// How many rows have an answer of their own.
    answered_rows: usize,
    /// How many rows were taken over in the current round.
    taken_rows: usize,
    /// How many rows may be probed now.
    pub(super) open: usize,
    expected_rows: Option<usize>,
    /// What the rows tell, kept while no answer changes it.
    ending: Option<Ending>,
    /// Some router answered at several rows of the round.
    twice: bool,
    /// Which tags the routers of the round have, folded: most new routers are seen to be new by that alone.
    tags: u64,
    pub(super) rounds: Vec<Round>,
    pub(super) taken: Vec<Taken>,
    /// What the system said of probes that could not be sent.
    errors: Vec<String>,
}

impl Lane {
    pub(super) fn new(protocol: Protocol, flow: Flow, plan: &Plan, expected: Option<Ttl>) -> Self {
        let expected = expected.filter(|_| plan.rules.hold(Rule::Length)).map(|ttl| plan.rows_to(ttl));
        Self {
            protocol,
            telling: Telling::ById,
            flow,
            first_slot: 0,
            sets: Sets::default(),
            slots: Vec::new(),
            rows: Vec::new(),
            replies: Replies::default(),
            probed: 0,
            heard: 0,
            answered_rows: 0,
            taken_rows: 0,
            open: 0,
            expected_rows: expected.filter(|rows| (1..=plan.most_rows).contains(rows)),
            ending: None,
            twice: false,
            tags: 0,
            rounds: Vec::new(),
            taken: Vec::new(),
            errors: Vec::new(),
        }
    }

    pub(super) const fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// The first row behind all routers whose TTL ran out.
    fn behind_routers(&self) -> usize {
        self.sets.last(Set::Exceeded).map_or(0, |last| last + 1)
    }

    /// The end that the rows tell of. Where the target answered behind a silent row that was the last one before,
    /// that answer was lost, and the path has not become longer.
    fn ending_now(&self, plan: &Plan) -> Option<Ending> {
        let seen = Seen {
            sets: &self.sets,
            rows: self.rows.get(..self.probed).unwrap_or_default(),
            replies: &self.replies,
        };
        match (ending(&seen, self.twice, plan.rules), self.expected_rows) {
            (Some(Ending::Reached(last)), Some(expected))
                if expected <= last && expected > self.behind_routers() =>
            {
                Some(Ending::Reached(expected - 1))
            }
            (ending, _) => ending,
        }
    }

    /// The row at which the target answers.
    pub(super) const fn reached(&self) -> Option<usize> {
        match self.ending {
            Some(Ending::Reached(last)) => Some(last),
            _ => None,
        }
    }

    fn row(&self, row: usize) -> Option<&Row> {
        self.rows.get(row)
    }

    /// The first router whose TTL ran out at this row.
    pub(super) fn router(&self, row: usize) -> Option<IpAddr> {
        self.replies.from(self.row(row)?.router)
    }

    /// How many rows were probed in this round.
    pub(super) const fn probed_rows(&self) -> usize {
        self.probed
    }

    fn is_settled(&self, row: usize) -> bool {
        !self.sets.has(Set::Wanting, row) && !self.sets.has(Set::Flying, row)
    }

    /// The window on its own, whatever other lanes know.
    pub(super) fn window(&self, plan: &Plan, since: Moment, pace: Pace) -> Window {
        let Self { answered_rows, taken_rows, heard, .. } = *self;
        Window { pace, taken: taken_rows, since, answered: answered_rows, heard, gap: plan.gap }
    }

    /// Whether the length known from earlier may still be right: nothing came from a router that far out,
    /// and what was sent that far is still under way.
    pub(super) fn expected(&self) -> Option<usize> {
        let expected = self.expected_rows?;
        let last = expected - 1;
        let holds = !self.sets.has(Set::Exceeded, last) && !self.is_settled(last);
        (holds && self.heard <= expected).then_some(expected)
    }

    /// Rows that are open and want probes.
    pub(super) fn wanting(&self) -> Mask {
        self.sets.get(Set::Wanting).among_first(self.open)
    }

    /// The nearest of them from this row on.
    #[inline]
    pub(super) fn next_wanting(&self, from: usize) -> Option<usize> {
        self.sets.first(Set::Wanting, from, self.open)
    }

    fn any_flying_from(&self, row: usize) -> bool {
        self.sets.first(Set::Flying, row, usize::MAX).is_some()
    }

    /// Whether a probe may leave at all.
    pub(super) fn may_send(&self, plan: &Plan, now: Moment) -> bool {
        self.has_free_id(plan, now)
            && (self.telling != Telling::OneAtATime || self.sets.is_empty(Set::Flying))
    }

    /// How many probes of a row were sent, and how many of those are waited for.
    pub(super) fn counts(&self, row: usize) -> (u16, u16) {
        self.row(row).map_or((0, 0), |row| (row.sent, row.in_flight))
    }

    /// Whether what answers at this row is known to limit that: errors are limited, and what a target says by itself
    /// is not.
    pub(super) fn is_limited(&self, row: usize) -> bool {
        self.protocol == Protocol::Udp || self.reached().is_none_or(|last| row < last)
    }

    /// How many probes whoever answers at this row got in this round, and when the last of them left. A target gets
    /// all that pass it too.
    pub(super) fn asked(&self, row: usize) -> (u32, Moment) {
        let end = if self.reached().is_some_and(|last| last <= row) { self.probed } else { row + 1 };
        let rows = self.rows.get(row..end.min(self.probed)).unwrap_or_default();
        let asked = rows.iter().map(|row| u32::from(row.sent)).sum();
        (asked, rows.iter().map(|row| row.last_sent).max().unwrap_or(Moment::ZERO))
    }

    /// Whether anybody answered at this row.
    pub(super) fn has_answer(&self, row: usize) -> bool {
        self.row(row).is_some_and(|row| row.answered > 0)
    }

    /// Whether a probe would come to the target while another SYN of the flow is under way to it. Some hosts
    /// answer the later of two with no more than a challenge (RFC 5961, section 4), which names neither.
    pub(super) fn would_disturb(&self, plan: &Plan, row: usize) -> bool {
        match self.ending {
            _ if self.protocol != Protocol::Tcp || !plan.rules.hold(Rule::SynAlone) => false,
            Some(Ending::Reached(last)) => row >= last && self.any_flying_from(last),
            Some(_) => false,
            // So it is where an earlier round has met it.
            None if self.rounds.len() > 1 => {
                self.expected().is_some_and(|rows| row + 1 >= rows && self.any_flying_from(rows - 1))
            }
            None => false,
        }
    }

    fn row_made(&mut self, row: usize, queries: u8) -> Option<&mut Row> {
        if self.rows.len() <= row {
            // In steps of a usual path's half, so that little lies idle in thousands of traces.
            if self.rows.capacity() <= row {
                self.rows.reserve_exact((row + 1 - self.rows.len()).max(15));
            }
            self.rows.resize(row + 1, Row::new(queries, NOTHING));
        }
        self.probed = self.probed.max(row + 1);
        self.rows.get_mut(row)
    }
}

#[cfg(test)]
mod tests;
