use core::time::Duration;

use super::ending::{Ending, ending, seen_twice};
use super::mask::Mask;
use super::patience::patience;
use super::plan::Plan;
use super::replies::Replies;
use super::row::Row;
use super::rule::Rule;
use super::slot::{Slot, State};
use super::window::{Pace, Window};
use super::{Heard, Moment, ProbeId};
use crate::model::{Flow, Outcome, ProbeResult, Protocol, Reply, ReplyKind, Ttl};

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
    pub(super) flow: Flow,
    /// Every probe of every round, in the order of sending.
    slots: Vec<Slot>,
    replies: Replies,
    /// What the system said of probes that could not be sent.
    errors: Vec<String>,
    /// The current round, one row a TTL; rows are added as they open.
    rows: Vec<Row>,
    /// Rows that want more probes.
    wanting: Mask,
    /// Rows with probes that are waited for.
    flying: Mask,
    /// Rows whose router was asked though it has answered others enough.
    beyond: Mask,
    /// Those of them that nobody answered at.
    pub(super) unheard: Mask,
    pub(super) rounds: Vec<Round>,
    pub(super) taken: Vec<Taken>,
    expected_rows: Option<usize>,
    telling: Telling,
    /// What the rows tell, kept while no answer changes it.
    ending: Option<Ending>,
    /// Some router answered at several rows of the round.
    twice: bool,
    /// How many rows lead up to the last one with an answer.
    pub(super) heard: usize,
    /// How many rows have an answer of their own.
    answered_rows: usize,
    /// How many rows from the first on were taken over.
    taken_rows: usize,
    /// How many rows may be probed now.
    pub(super) open: usize,
}

impl Lane {
    pub(super) fn new(protocol: Protocol, flow: Flow, plan: &Plan, expected: Option<Ttl>) -> Self {
        let expected = expected.filter(|_| plan.rules.hold(Rule::Length)).map(|ttl| plan.rows_to(ttl));
        Self {
            protocol,
            flow,
            slots: Vec::new(),
            replies: Replies::default(),
            errors: Vec::new(),
            rows: Vec::new(),
            wanting: Mask::default(),
            flying: Mask::default(),
            beyond: Mask::default(),
            unheard: Mask::default(),
            rounds: Vec::new(),
            taken: Vec::new(),
            expected_rows: expected.filter(|rows| (1..=plan.most_rows).contains(rows)),
            telling: Telling::ById,
            ending: None,
            twice: false,
            heard: 0,
            answered_rows: 0,
            taken_rows: 0,
            open: 0,
        }
    }

    /// Starts the next round, steered by the length the last one found.
    pub(super) fn start_round(&mut self, plan: &Plan) {
        if let Some(Ending::Reached(last)) = self.ending.filter(|_| plan.rules.hold(Rule::Length)) {
            self.expected_rows = Some(last + 1);
        }
        self.rows.clear();
        self.wanting = Mask::first(plan.most_rows);
        self.flying = Mask::default();
        self.beyond = Mask::default();
        self.unheard = Mask::default();
        self.ending = None;
        self.twice = false;
        self.heard = 0;
        self.answered_rows = 0;
        self.taken_rows = 0;
        let first_slot = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.rounds.push(Round { first_slot, end: None, may_end: 0 });
    }

    /// Notes how the current round ended.
    pub(super) fn close_round(&mut self, end: LaneEnd) {
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
    fn round(&self) -> u32 {
        u32::try_from(self.rounds.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    pub(super) const fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// The first row behind all routers whose TTL ran out.
    fn behind_routers(&self) -> usize {
        self.rows.iter().rposition(|row| row.exceeded).map_or(0, |last| last + 1)
    }

    /// The end that the rows tell of. Where the target answered behind a silent row that was the last one before,
    /// that answer was lost, and the path has not become longer.
    fn ending_now(&self, plan: &Plan) -> Option<Ending> {
        match (ending(&self.rows, self.twice, plan.rules), self.expected_rows) {
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
    pub(super) fn router(&self, row: usize) -> Option<core::net::IpAddr> {
        self.row(row).and_then(|row| row.router)
    }

    /// How many rows were probed in this round.
    pub(super) const fn probed_rows(&self) -> usize {
        self.rows.len()
    }

    fn is_settled(&self, row: usize) -> bool {
        !self.wanting.has(row) && !self.flying.has(row)
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
        let holds = self.row(expected - 1).is_none_or(|row| !row.exceeded && !self.is_settled(expected - 1));
        (holds && self.heard <= expected).then_some(expected)
    }

    /// Rows that are open and want probes.
    pub(super) fn wanting(&self) -> Mask {
        self.wanting.among_first(self.open)
    }

    /// Whether a probe may leave at all.
    pub(super) fn may_send(&self, plan: &Plan, now: Moment) -> bool {
        self.has_free_id(plan, now) && (self.telling != Telling::OneAtATime || self.flying.is_empty())
    }

    /// How many probes of a row were sent, and how many of those are waited for.
    pub(super) fn counts(&self, row: usize) -> (u16, u16) {
        self.row(row).map_or((0, 0), |row| (row.sent, row.in_flight))
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
            Some(Ending::Reached(last)) => row >= last && self.flying.any_from(last),
            Some(_) => false,
            // So it is where an earlier round has met it.
            None if self.rounds.len() > 1 => {
                self.expected().is_some_and(|rows| row + 1 >= rows && self.flying.any_from(rows - 1))
            }
            None => false,
        }
    }

    /// An id is free once the probe that had it before is answered or given up.
    fn has_free_id(&self, plan: &Plan, now: Moment) -> bool {
        let Some(previous) = self.slots.len().checked_sub(usize::from(ProbeId::COUNT)) else { return true };
        self.slots.get(previous).is_none_or(|slot| !slot.is_waiting() || now >= slot.sent + plan.wait)
    }

    /// When the id that is needed next becomes free.
    pub(super) fn id_freed(&self, plan: &Plan, now: Moment) -> Option<Moment> {
        let previous = self.slots.len().checked_sub(usize::from(ProbeId::COUNT))?;
        let freed = self.slots.get(previous)?.sent + plan.wait;
        (freed > now).then_some(freed)
    }

    fn row_made(&mut self, row: usize, queries: u8) -> Option<&mut Row> {
        if self.rows.len() <= row {
            // In steps of a usual path's half, so that little lies idle in thousands of traces.
            if self.rows.capacity() <= row {
                self.rows.reserve_exact((row + 1 - self.rows.len()).max(15));
            }
            self.rows.resize(row + 1, Row::new(queries));
        }
        self.rows.get_mut(row)
    }

    /// Enters a probe that is about to be sent; returns its id and whether it leaves the flow.
    pub(super) fn enter(&mut self, plan: &Plan, row: usize, now: Moment) -> (ProbeId, bool) {
        let index = self.slots.len();
        let off_flow = self.telling == Telling::OffFlow;
        if self.slots.capacity() == index && index < 480 {
            self.slots.reserve_exact(30);
        }
        self.slots.push(Slot::new(now, plan.ttl(row), off_flow));
        if let Some(found) = self.row_made(row, plan.queries) {
            found.sent += 1;
            found.in_flight += 1;
            found.last_sent = now;
            if found.sent >= found.quota {
                self.wanting.remove(row);
            }
        }
        self.flying.insert(row);
        (id_of(index), off_flow)
    }

    /// Sends no more probes of this row than were sent; [`Lane::restore`] takes that back.
    pub(super) fn cut(&mut self, row: usize) {
        if let Some(found) = self.rows.get_mut(row) {
            found.cut = true;
            found.quota = found.sent;
            self.wanting.remove(row);
        }
    }

    pub(super) fn restore(&mut self, plan: &Plan, row: usize) {
        if let Some(found) = self.rows.get_mut(row).filter(|row| row.cut) {
            found.cut = false;
            found.quota = u16::from(plan.queries);
            if found.sent < found.quota {
                self.wanting.insert(row);
            }
        }
    }

    /// Takes over what another trace heard at this row, in place of probes.
    pub(super) fn take(&mut self, plan: &Plan, row: usize, reply: Reply) {
        let from = reply.from;
        if let Some(found) = self.row_made(row, plan.queries) {
            found.quota = found.sent;
            found.exceeded = true;
            found.router.get_or_insert(from);
        }
        self.wanting.remove(row);
        self.heard = self.heard.max(row + 1);
        if self.taken_rows == row {
            self.taken_rows = row + 1;
        }
        self.note_taken(row, reply);
    }

    /// Notes that the router of this row is asked though it has answered others enough.
    pub(super) fn ask_beyond(&mut self, row: usize) {
        self.beyond.insert(row);
    }

    /// Takes over what another trace heard at a row whose router was asked in vain: the silence counts for nothing.
    pub(super) fn take_for_silence(&mut self, plan: &Plan, row: usize, reply: Reply) {
        let first = self.rounds.last().map_or(0, |round| round.first_slot);
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        for slot in self.slots.iter_mut().skip(first) {
            if slot.is_waiting() && plan.row(slot.ttl) == Some(row) {
                slot.replace();
            }
        }
        self.take(plan, row, reply);
        self.ending = self.ending_now(plan);
    }

    /// Has everything probed after all that was taken over in this round.
    pub(super) fn give_back(&mut self, plan: &Plan) {
        let round = self.round();
        for taken in self.taken.iter().filter(|taken| taken.round == round) {
            let place = usize::from(taken.row);
            let Some(row) = self.rows.get_mut(place).filter(|row| row.answered == 0) else { continue };
            row.exceeded = false;
            row.router = None;
            row.quota = row.sent + u16::from(plan.queries);
            self.wanting.insert(place);
        }
        self.taken.retain(|taken| taken.round != round);
        self.taken_rows = 0;
        self.heard = self.rows.iter().rposition(|row| row.answered > 0).map_or(0, |last| last + 1);
        self.ending = self.ending_now(plan);
    }

    /// Whether an answer from the row that was asked beyond others' shows that this path is another one.
    pub(super) fn is_elsewhere(&self, row: usize, router: Option<core::net::IpAddr>) -> bool {
        !self.taken.is_empty() && self.beyond.has(row) && self.router(row) != router
    }

    /// Notes what another trace heard at this row.
    pub(super) fn note_taken(&mut self, row: usize, reply: Reply) {
        let (round, saying) = (self.round(), self.replies.say(row, reply));
        if let Ok(row) = u8::try_from(row) {
            self.taken.push(Taken { round, saying, row });
        }
    }

    /// Corrects when the probe entered last has left.
    pub(super) fn left(&mut self, plan: &Plan, at: Moment) {
        let Some(slot) = self.slots.last_mut() else { return };
        slot.sent = at;
        let ttl = slot.ttl;
        if let Some(row) = plan.row(ttl).and_then(|row| self.rows.get_mut(row)) {
            row.last_sent = at;
        }
    }

    /// Takes back the probe entered last, which could not be sent yet.
    pub(super) fn take_back(&mut self, plan: &Plan) {
        let Some(slot) = self.slots.pop() else { return };
        let Some(place) = plan.row(slot.ttl) else { return };
        if let Some(row) = self.rows.get_mut(place) {
            row.sent = row.sent.saturating_sub(1);
            self.wanting.insert(place);
        }
        self.landed(place);
    }

    /// One probe of a row is waited for no longer.
    fn landed(&mut self, place: usize) {
        let Some(row) = self.rows.get_mut(place) else { return };
        row.in_flight = row.in_flight.saturating_sub(1);
        if row.in_flight == 0 {
            self.flying.remove(place);
        }
    }

    /// Gives up what has been waited for long enough; returns when the next is due.
    pub(super) fn give_up(&mut self, plan: &Plan, horizon: &Horizon, now: Moment) -> Moment {
        let (mut flying, mut next) = (self.flying, Moment::MAX);
        let slots = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        while let Some(place) = flying.pop_first() {
            let Some(row) = self.rows.get_mut(place) else { continue };
            let due = row.last_sent + horizon.patience(plan, place);
            if due > now {
                next = next.min(due);
                continue;
            }
            row.in_flight = 0;
            row.given_up = slots;
            self.flying.remove(place);
            if row.answered == 0 && self.beyond.has(place) {
                self.unheard.insert(place);
            }
        }
        next
    }

    /// Notes that a probe could not be sent at all.
    pub(super) fn failed(&mut self, plan: &Plan, id: ProbeId, error: String) {
        let Some(index) = slot_index(self.slots.len(), id) else { return };
        let Some(slot) = self.slots.get_mut(index).filter(|slot| slot.is_waiting()) else { return };
        // An interface that is gone says the same of every probe.
        if self.errors.last() != Some(&error) {
            self.errors.push(error);
        }
        slot.fail(u32::try_from(self.errors.len() - 1).unwrap_or(u32::MAX));
        let ttl = slot.ttl;
        if let Some(place) = plan.row(ttl)
            && self.is_waited_for(index, place)
        {
            self.landed(place);
        }
    }

    /// Whether a slot is of this round and was not given up.
    fn is_waited_for(&self, index: usize, place: usize) -> bool {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        self.is_of_this_round(index) && self.row(place).is_some_and(|row| index >= row.given_up)
    }

    fn is_of_this_round(&self, index: u32) -> bool {
        self.rounds.last().is_some_and(|round| index >= round.first_slot)
    }

    /// Takes in an answer; `None` if it belongs to no probe that waits.
    pub(super) fn hear(&mut self, plan: &Plan, heard: Heard, from_target: bool) -> Option<News> {
        let index = match heard.id {
            Some(id) => slot_index(self.slots.len(), id)?,
            None => self.only_waiting(plan, &heard)?,
        };
        let slot =
            self.slots.get(index).filter(|slot| slot.is_waiting() && slot.off_flow == heard.off_flow)?;
        let (ttl, rtt) = (slot.ttl, heard.at.since(slot.sent));
        let place = plan.row(ttl)?;
        let (kind, from) = (heard.reply.kind, heard.reply.from);
        let answer = self.replies.keep(place, heard.reply, rtt);
        self.slots.get_mut(index)?.answer(answer);
        let is_of_this_round = self.is_of_this_round(u32::try_from(index).unwrap_or(u32::MAX));
        let mut news = News { ttl, row: place, rtt, is_of_this_round, is_new_router: false };
        if is_of_this_round {
            if self.is_waited_for(index, place) {
                self.landed(place);
            }
            news.is_new_router = self.mark(plan, place, kind, from, from_target);
        }
        Some(news)
    }

    /// Marks what an answer says of its row; returns whether a router's TTL ran out there for the first time.
    fn mark(
        &mut self,
        plan: &Plan,
        place: usize,
        kind: Option<ReplyKind>,
        from: core::net::IpAddr,
        from_target: bool,
    ) -> bool {
        let Some(row) = self.rows.get_mut(place) else { return false };
        self.answered_rows += usize::from(row.answered == 0);
        row.answered += 1;
        let new_router = kind == Some(ReplyKind::TimeExceeded) && !row.exceeded;
        let before = (row.exceeded, row.reached, row.blocked);
        match kind {
            Some(ReplyKind::TimeExceeded) => row.exceeded = true,
            Some(ReplyKind::EchoReply | ReplyKind::SynAck | ReplyKind::Rst | ReplyKind::Data) => {
                row.reached = true;
            }
            Some(kind) if kind.ends_path() && from_target => row.reached = true,
            Some(kind) if kind.ends_path() => row.blocked = true,
            _ => {}
        }
        let changed = before != (row.exceeded, row.reached, row.blocked);
        if new_router && row.router.is_none() {
            row.router = Some(from);
            self.twice = self.twice || seen_twice(&self.rows, place);
        }
        self.heard = self.heard.max(place + 1);
        if changed {
            self.ending = self.ending_now(plan);
        }
        new_router
    }

    /// The only probe under way that an answer without an id can belong to. Where there are several, none is
    /// guessed: they are sent again in a way that tells them apart.
    fn only_waiting(&mut self, plan: &Plan, heard: &Heard) -> Option<usize> {
        let wait = plan.wait;
        // Nothing older can still have its id.
        let first = self.slots.len().saturating_sub(usize::from(ProbeId::COUNT));
        // A probe that another was sent in place of may be answered like any other. Of what a service says one is
        // like the other: it comes from the target.
        let a_service = heard.reply.kind == Some(ReplyKind::Data);
        let mut waiting = self.slots.iter().enumerate().skip(first).filter(|(_, slot)| {
            let replaced = slot.state() == State::Replaced && !a_service;
            let may_be = slot.is_waiting() || replaced;
            may_be && slot.off_flow == heard.off_flow && heard.at < slot.sent + wait
        });
        let (only, slot) = waiting.next()?;
        if waiting.next().is_none() {
            return slot.is_waiting().then_some(only);
        }
        if self.telling == Telling::ById && plan.rules.hold(Rule::Repeat) {
            self.telling = if a_service { Telling::OneAtATime } else { Telling::OffFlow };
            self.repeat_unanswered(plan);
        }
        None
    }

    fn repeat_unanswered(&mut self, plan: &Plan) {
        let slots = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        for (place, row) in self.rows.iter_mut().enumerate() {
            if row.answered == 0 && row.sent > 0 && !row.repeated {
                row.repeated = true;
                row.quota = row.sent + u16::from(plan.queries);
                row.in_flight = 0;
                row.given_up = slots;
                self.flying.remove(place);
                self.wanting.insert(place);
            }
        }
        let first = self.rounds.last().map_or(0, |round| round.first_slot);
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        for slot in self.slots.iter_mut().skip(first) {
            let row = plan.row(slot.ttl).and_then(|row| self.rows.get(row));
            if slot.is_waiting() && row.is_some_and(|row| row.repeated) {
                slot.replace();
            }
        }
    }

    /// How many rows this lane probes at most until another answer comes.
    pub(super) fn limit(&self, plan: &Plan, horizon: &Horizon) -> usize {
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
    pub(super) fn end(&self, plan: &Plan, horizon: &Horizon) -> Option<LaneEnd> {
        let (outcome, last) = match self.ending {
            Some(Ending::Reached(last)) => (Outcome::Reached, last),
            Some(Ending::Blocked(last)) => (Outcome::Unreachable, last),
            Some(Ending::Loop(last)) => (Outcome::Loop, last),
            None => (Outcome::Exhausted, self.limit(plan, horizon).checked_sub(1)?),
        };
        let open = self.wanting.or(&self.flying).among_first(last + 1);
        open.is_empty().then_some(LaneEnd { outcome, last })
    }

    /// The last row that counts if the trace were to stop now, and how the lane would have ended.
    pub(super) fn end_so_far(&self) -> Option<LaneEnd> {
        match self.ending {
            Some(Ending::Reached(last)) => Some(LaneEnd { outcome: Outcome::Reached, last }),
            Some(Ending::Blocked(last)) => Some(LaneEnd { outcome: Outcome::Unreachable, last }),
            Some(Ending::Loop(last)) => Some(LaneEnd { outcome: Outcome::Loop, last }),
            None => Some(LaneEnd { outcome: Outcome::Exhausted, last: self.rows.len().checked_sub(1)? }),
        }
    }

    /// What was sent in a round and later, with its round.
    pub(super) fn sent_from(&self, first_round: u32) -> impl Iterator<Item = (u32, usize, &Slot)> {
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
    pub(super) fn is_under_way(&self, plan: &Plan, index: usize, slot: &Slot) -> bool {
        slot.is_waiting()
            && plan.row(slot.ttl).is_some_and(|row| self.flying.has(row) && self.is_waited_for(index, row))
    }

    /// What came of a probe; `None` for one that another was sent in place of.
    pub(super) fn result(&self, slot: &Slot) -> Option<ProbeResult> {
        match slot.state() {
            State::Waiting => Some(ProbeResult::Silent),
            State::Replaced => None,
            State::Answered(answer) => Some(ProbeResult::Answered(Box::new(self.replies.answer(answer)?))),
            State::Unsent(error) => {
                let error = self.errors.get(usize::try_from(error).ok()?)?.clone();
                Some(ProbeResult::Unsent { error })
            }
        }
    }

    /// What another trace heard.
    pub(super) fn saying(&self, taken: &Taken) -> Option<Reply> {
        self.replies.saying(taken.saying).cloned()
    }
}

/// Ids go round: the probe with number `index` in the order of sending has this one.
fn id_of(index: usize) -> ProbeId {
    let number = index % usize::from(ProbeId::COUNT) + 1;
    u16::try_from(number).ok().and_then(ProbeId::new).unwrap_or(ProbeId::FIRST)
}

/// The latest of `count` probes that had this id.
fn slot_index(count: usize, id: ProbeId) -> Option<usize> {
    let last = count.checked_sub(1)?;
    let offset = usize::from(id.get()) - 1;
    let back = last.checked_sub(offset)? % usize::from(ProbeId::COUNT);
    Some(last - back)
}

#[cfg(test)]
mod tests;
