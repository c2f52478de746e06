use core::time::Duration;

use super::ending::{Ending, ending};
use super::patience::patience;
use super::row::Row;
use super::slot::{Slot, State};
use super::window::Window;
use super::{Heard, Moment, ProbeId};
use crate::model::{Flow, Outcome, Protocol, ReplyKind, Settings, Ttl};

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

/// The probes of one protocol and flow to one target.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) protocol: Protocol,
    pub(super) flow: Flow,
    /// Every probe of every round, in the order of sending.
    pub(super) slots: Vec<Slot>,
    /// The current round, one row a TTL; rows are added as they open.
    rows: Vec<Row>,
    first_ttl: Ttl,
    /// How many rows there can be.
    most_rows: usize,
    queries: u8,
    gap: usize,
    wait: Duration,
    round: u32,
    round_since: Moment,
    greatest_rtt: Option<Duration>,
    expected_rows: Option<usize>,
    telling: Telling,
    /// What the rows tell, kept while no answer changes it.
    ending: Option<Ending>,
    /// How many rows lead up to the last one with an answer.
    heard: usize,
    /// How many rows have an answer.
    answered_rows: usize,
}

impl Lane {
    pub(super) fn new(
        protocol: Protocol,
        flow: Flow,
        settings: &Settings,
        expected: Option<Ttl>,
        now: Moment,
    ) -> Self {
        let first = settings.first_ttl.get();
        let rows_to =
            |ttl: Ttl| usize::from(ttl.get()) + 1 - usize::from(first).min(usize::from(ttl.get()) + 1);
        let most_rows = rows_to(settings.max_ttl);
        Self {
            protocol,
            flow,
            slots: Vec::new(),
            rows: Vec::new(),
            first_ttl: settings.first_ttl,
            most_rows,
            queries: settings.queries.max(1),
            gap: usize::from(settings.gap.max(1)),
            wait: settings.wait,
            round: 0,
            round_since: now,
            greatest_rtt: None,
            expected_rows: expected.map(rows_to).filter(|rows| (1..=most_rows).contains(rows)),
            telling: Telling::ById,
            ending: None,
            heard: 0,
            answered_rows: 0,
        }
    }

    /// Starts the next round, steered by the length the last one found.
    pub(super) fn start_round(&mut self, round: u32, now: Moment) {
        if let Some(Ending::Reached(last)) = self.ending {
            self.expected_rows = Some(last + 1);
        }
        self.rows.clear();
        self.ending = None;
        self.heard = 0;
        self.answered_rows = 0;
        self.round = round;
        self.round_since = now;
    }

    pub(super) const fn round(&self) -> u32 {
        self.round
    }

    /// The TTL of a row.
    pub(super) fn ttl(&self, row: usize) -> Ttl {
        self.first_ttl.saturating_add(u8::try_from(row).unwrap_or(u8::MAX))
    }

    fn row_of(&self, ttl: Ttl) -> Option<usize> {
        usize::from(ttl.get()).checked_sub(usize::from(self.first_ttl.get()))
    }

    fn window(&self) -> Window {
        Window { since: self.round_since, answered: self.answered_rows, heard: self.heard, gap: self.gap }
    }

    /// Whether the length known from earlier may still be right: nothing came from a router that far out,
    /// and what was sent that far is still under way.
    fn expected(&self, now: Moment) -> Option<usize> {
        let expected = self.expected_rows?;
        let holds = self
            .rows
            .get(expected - 1)
            .is_none_or(|row| !row.exceeded && !row.is_settled(now, self.patience(expected - 1)));
        (holds && self.heard <= expected).then_some(expected)
    }

    /// How many rows may be probed now.
    pub(super) fn open(&self, now: Moment) -> usize {
        let open = match (self.ending, self.expected(now)) {
            (Some(end), _) => end.last() + 1,
            (None, Some(expected)) => expected,
            (None, None) => self.window().open(now),
        };
        open.min(self.most_rows)
    }

    fn patience(&self, row: usize) -> Duration {
        patience(self.wait, self.greatest_rtt, row < self.heard)
    }

    /// Probes with this TTL that may still be answered.
    pub(super) fn in_flight(&self, row: usize, now: Moment) -> u16 {
        self.rows.get(row).map_or(0, |found| found.in_flight(now, self.patience(row)))
    }

    /// How many probes of this row are sent, if it wants more of them now.
    pub(super) fn wants(&self, row: usize, now: Moment) -> Option<u16> {
        let sent = self.rows.get(row).map_or(0, |found| found.sent);
        if self.rows.get(row).is_some_and(|found| sent >= found.quota) || !self.has_free_id(now) {
            return None;
        }
        let alone = self.telling != Telling::OneAtATime
            || (0..self.rows.len()).all(|other| self.in_flight(other, now) == 0);
        (alone && !self.would_disturb(row, now)).then_some(sent)
    }

    /// Whether a probe would come to the target while another SYN of the flow is under way to it. Some hosts
    /// answer the later of two with no more than a challenge (RFC 5961, section 4), which names neither.
    fn would_disturb(&self, row: usize, now: Moment) -> bool {
        match self.ending {
            Some(Ending::Reached(last)) if self.protocol == Protocol::Tcp && row >= last => {
                (last..self.rows.len()).any(|other| self.in_flight(other, now) > 0)
            }
            _ => false,
        }
    }

    /// An id is free once the probe that had it before is answered or given up.
    fn has_free_id(&self, now: Moment) -> bool {
        let Some(previous) = self.slots.len().checked_sub(usize::from(ProbeId::COUNT)) else { return true };
        self.slots
            .get(previous)
            .is_none_or(|slot| !matches!(slot.state, State::Waiting) || now >= slot.sent + self.wait)
    }

    /// Enters a probe that is about to be sent; returns its id and whether it leaves the flow.
    pub(super) fn enter(&mut self, row: usize, now: Moment) -> (ProbeId, bool) {
        while self.rows.len() <= row {
            self.rows.push(Row::new(self.queries));
        }
        let index = self.slots.len();
        let off_flow = self.telling == Telling::OffFlow;
        let slot = Slot { sent: now, round: self.round, ttl: self.ttl(row), off_flow, state: State::Waiting };
        self.slots.push(slot);
        if let Some(found) = self.rows.get_mut(row) {
            found.sent += 1;
            found.last_sent = now;
        }
        (id_of(index), off_flow)
    }

    /// Corrects when the probe entered last has left.
    pub(super) fn left(&mut self, at: Moment) {
        let Some(slot) = self.slots.last_mut() else { return };
        slot.sent = at;
        let ttl = slot.ttl;
        if let Some(row) = self.row_of(ttl).and_then(|row| self.rows.get_mut(row)) {
            row.last_sent = at;
        }
    }

    /// Takes back the probe entered last, which could not be sent yet.
    pub(super) fn take_back(&mut self) {
        let Some(slot) = self.slots.pop() else { return };
        if let Some(row) = self.row_of(slot.ttl).and_then(|row| self.rows.get_mut(row)) {
            row.sent = row.sent.saturating_sub(1);
        }
    }

    /// Notes that a probe could not be sent at all.
    pub(super) fn failed(&mut self, id: ProbeId, error: String) {
        let Some(slot) = slot_index(self.slots.len(), id).and_then(|index| self.slots.get_mut(index)) else {
            return;
        };
        if !matches!(slot.state, State::Waiting) {
            return;
        }
        slot.state = State::Unsent(Box::new(error));
        let (ttl, round) = (slot.ttl, slot.round);
        if round == self.round
            && let Some(row) = self.row_of(ttl).and_then(|row| self.rows.get_mut(row))
        {
            row.settled += 1;
        }
    }

    /// Takes in an answer; returns the TTL it belongs to, or `None` if it belongs to no probe that waits.
    pub(super) fn hear(&mut self, heard: Heard, from_target: bool) -> Option<Ttl> {
        let index = match heard.id {
            Some(id) => slot_index(self.slots.len(), id)?,
            None => self.only_waiting(&heard)?,
        };
        let slot = self.slots.get_mut(index)?;
        if !matches!(slot.state, State::Waiting) || slot.off_flow != heard.off_flow {
            return None;
        }
        let Heard { mut reply, at, .. } = heard;
        let rtt = at.since(slot.sent);
        reply.rtt = Some(rtt);
        let (kind, from) = (reply.kind, reply.from);
        slot.state = State::Answered(Box::new(reply));
        let (ttl, round) = (slot.ttl, slot.round);
        self.greatest_rtt = self.greatest_rtt.max(Some(rtt));
        if round == self.round
            && let Some(place) = self.row_of(ttl)
            && let Some(row) = self.rows.get_mut(place)
        {
            self.answered_rows += usize::from(row.answered == 0);
            row.answered += 1;
            row.settled += 1;
            match kind {
                Some(ReplyKind::TimeExceeded) => {
                    row.exceeded = true;
                    row.router.get_or_insert(from);
                }
                Some(ReplyKind::EchoReply | ReplyKind::SynAck | ReplyKind::Rst | ReplyKind::Data) => {
                    row.reached = true
                }
                Some(kind) if kind.ends_path() && from_target => row.reached = true,
                Some(kind) if kind.ends_path() => row.blocked = true,
                _ => {}
            }
            self.heard = self.heard.max(place + 1);
            self.ending = ending(&self.rows);
        }
        Some(ttl)
    }

    /// The only probe under way that an answer without an id can belong to. Where there are several, none is
    /// guessed: they are sent again in a way that tells them apart.
    fn only_waiting(&mut self, heard: &Heard) -> Option<usize> {
        let wait = self.wait;
        let mut waiting = self.slots.iter().enumerate().filter(|(_, slot)| {
            matches!(slot.state, State::Waiting)
                && slot.off_flow == heard.off_flow
                && heard.at < slot.sent + wait
        });
        let first = waiting.next()?;
        if waiting.next().is_none() {
            return Some(first.0);
        }
        if self.telling == Telling::ById {
            let a_service = heard.reply.kind == Some(ReplyKind::Data);
            self.telling = if a_service { Telling::OneAtATime } else { Telling::OffFlow };
            self.repeat_unanswered();
        }
        None
    }

    fn repeat_unanswered(&mut self) {
        for row in &mut self.rows {
            if row.answered == 0 && !row.repeated {
                row.repeated = true;
                row.quota = row.sent + u16::from(self.queries);
                row.settled = row.sent;
            }
        }
        let round = self.round;
        let (first, rows) = (self.first_ttl.get(), &self.rows);
        for slot in self.slots.iter_mut().filter(|slot| slot.round == round) {
            let row =
                usize::from(slot.ttl.get()).checked_sub(usize::from(first)).and_then(|row| rows.get(row));
            if matches!(slot.state, State::Waiting) && row.is_some_and(|row| row.repeated) {
                slot.state = State::Replaced;
            }
        }
    }

    /// How this lane's part in the round has ended, once it has.
    pub(super) fn end(&self, now: Moment) -> Option<LaneEnd> {
        let (outcome, last) = match self.ending {
            Some(Ending::Reached(last)) => (Outcome::Reached, last),
            Some(Ending::Blocked(last)) => (Outcome::Unreachable, last),
            Some(Ending::Loop(last)) => (Outcome::Loop, last),
            None => (Outcome::Exhausted, (self.heard + self.gap).min(self.most_rows).checked_sub(1)?),
        };
        let settled = (0..=last)
            .all(|row| self.rows.get(row).is_some_and(|found| found.is_settled(now, self.patience(row))));
        settled.then_some(LaneEnd { outcome, last })
    }

    /// The last row that counts if the trace were to stop now.
    pub(super) fn last_so_far(&self) -> Option<usize> {
        match self.ending {
            Some(end) => Some(end.last()),
            None => self.rows.len().checked_sub(1),
        }
    }

    /// When the next thing happens by the passing of time alone.
    pub(super) fn wake(&self, now: Moment) -> Option<Moment> {
        let opening = match (self.ending, self.expected(now)) {
            (None, None) if self.rows.len() < self.most_rows => self.window().next_opening(now),
            _ => None,
        };
        let settling = self
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.sent > row.settled)
            .map(|(index, row)| row.last_sent + self.patience(index))
            .filter(|&deadline| deadline > now);
        let id = self.slots.len().checked_sub(usize::from(ProbeId::COUNT)).and_then(|previous| {
            let freed = self.slots.get(previous)?.sent + self.wait;
            (freed > now).then_some(freed)
        });
        settling.chain(opening).chain(id).min()
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
mod tests {
    use super::*;

    #[test]
    fn ids_go_round_and_lead_to_the_latest_probe() {
        for count in [1_usize, 2, 511, 512, 513, 1024, 1500] {
            for index in count.saturating_sub(512)..count {
                assert_eq!(slot_index(count, id_of(index)), Some(index), "{index} of {count}");
            }
        }
        assert_eq!(slot_index(3, id_of(3)), None);
        assert_eq!(slot_index(0, id_of(0)), None);
    }

    #[test]
    fn a_slot_stays_small() {
        assert!(size_of::<Slot>() <= 32, "{}", size_of::<Slot>());
    }

    #[test]
    fn a_ttl_not_probed_yet_waits_like_any_other() {
        let settings = Settings::default();
        let mut lane = Lane::new(Protocol::Udp, Flow(0), &settings, None, Moment::ZERO);
        assert_eq!((lane.wants(0, Moment::ZERO), lane.wants(1, Moment::ZERO)), (Some(0), Some(0)));
        lane.telling = Telling::OneAtATime;
        lane.enter(0, Moment::ZERO);
        assert_eq!((lane.wants(0, Moment::ZERO), lane.wants(1, Moment::ZERO)), (None, None));
        // The first is given up: the next may go.
        assert_eq!(lane.wants(1, Moment::ZERO + settings.wait), Some(0));
    }

    #[test]
    fn a_ttl_not_probed_yet_waits_for_a_free_id() {
        let settings = Settings::default();
        let mut lane = Lane::new(Protocol::Udp, Flow(0), &settings, None, Moment::ZERO);
        for _ in 0..ProbeId::COUNT {
            lane.enter(0, Moment::ZERO);
        }
        assert_eq!(lane.wants(1, Moment::ZERO), None);
        assert_eq!(lane.wants(1, Moment::ZERO + settings.wait), Some(0));
    }
}
