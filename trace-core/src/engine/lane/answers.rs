//! Answers to a lane's probes.

use super::ids::slot_index;
use super::{IpAddr, Lane, News, Telling};
use crate::engine::ending::seen_twice;
use crate::engine::plan::Plan;
use crate::engine::row::NOTHING;
use crate::engine::rule::Rule;
use crate::engine::sets::Set;
use crate::engine::slot::State;
use crate::engine::{Heard, ProbeId};
use crate::model::ReplyKind;

impl Lane {
    /// Whether a slot is of this round and was not given up.
    pub(super) fn is_waited_for(&self, index: usize, place: usize) -> bool {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        self.is_of_this_round(index) && self.row(place).is_some_and(|row| index >= row.given_up)
    }

    fn is_of_this_round(&self, index: u32) -> bool {
        index >= self.first_slot
    }

    /// Takes in an answer; `None` if it belongs to no probe that waits.
    pub(in crate::engine) fn hear(&mut self, plan: &Plan, heard: &Heard, from_target: bool) -> Option<News> {
        let index = match heard.id {
            Some(id) => slot_index(self.slots.len(), id)?,
            None => self.only_waiting(plan, heard)?,
        };
        let slot =
            self.slots.get_mut(index).filter(|slot| slot.is_waiting() && slot.off_flow == heard.off_flow)?;
        let (ttl, rtt) = (slot.ttl, heard.at.since(slot.sent));
        let place = plan.row(ttl)?;
        let row = self.rows.get_mut(place)?;
        let (kind, from) = (heard.reply.kind, heard.reply.from);
        row.latest = self.replies.say(row.latest, &heard.reply);
        slot.answer(row.latest, heard.at);
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
        from: IpAddr,
        from_target: bool,
    ) -> bool {
        let Some(row) = self.rows.get_mut(place) else { return false };
        self.answered_rows += usize::from(row.answered == 0);
        row.answered += 1;
        let says = match kind {
            Some(ReplyKind::TimeExceeded) => Some(Set::Exceeded),
            Some(ReplyKind::EchoReply | ReplyKind::SynAck | ReplyKind::Rst | ReplyKind::Data) => {
                Some(Set::Reached)
            }
            Some(kind) if kind.ends_path() && from_target => Some(Set::Reached),
            Some(kind) if kind.ends_path() => Some(Set::Blocked),
            _ => None,
        };
        let news = says.filter(|set| !self.sets.has(*set, place));
        if let Some(set) = news {
            self.sets.insert(set, place);
        }
        let is_new_router = news == Some(Set::Exceeded);
        if is_new_router && row.router == NOTHING {
            row.meet(from, row.latest);
            let bit = 1 << (row.tag % 64);
            let is_known = self.tags & bit != 0;
            self.tags |= bit;
            self.twice = self.twice || (is_known && seen_twice(&self.rows, &self.replies, place));
        }
        self.heard = self.heard.max(place + 1);
        if news.is_some() {
            self.ending = self.ending_now(plan);
        }
        is_new_router
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
                self.sets.remove(Set::Flying, place);
                self.sets.insert(Set::Wanting, place);
            }
        }
        let first = usize::try_from(self.first_slot).unwrap_or(usize::MAX);
        for slot in self.slots.iter_mut().skip(first) {
            let row = plan.row(slot.ttl).and_then(|row| self.rows.get(row));
            if slot.is_waiting() && row.is_some_and(|row| row.repeated) {
                slot.replace();
            }
        }
    }
}
