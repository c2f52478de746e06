//! What a lane takes over from other traces, and what it leaves to them.

use super::{IpAddr, Lane, Taken};
use crate::engine::mask::Mask;
use crate::engine::plan::Plan;
use crate::engine::row::NOTHING;
use crate::engine::sets::Set;
use crate::model::Reply;

impl Lane {
    /// Sends no more probes of this row than were sent; [`Lane::restore`] takes that back.
    pub(in crate::engine) fn cut(&mut self, row: usize) {
        if let Some(found) = self.rows.get_mut(row) {
            found.cut = true;
            found.quota = found.sent;
            self.sets.remove(Set::Wanting, row);
        }
    }

    pub(in crate::engine) fn restore(&mut self, plan: &Plan, row: usize) {
        if let Some(found) = self.rows.get_mut(row).filter(|row| row.cut) {
            found.cut = false;
            found.quota = u16::from(plan.queries);
            if found.sent < found.quota {
                self.sets.insert(Set::Wanting, row);
            }
        }
    }

    /// Takes over what another trace heard at this row, in place of probes.
    pub(in crate::engine) fn take(&mut self, plan: &Plan, row: usize, reply: Reply) {
        let from = reply.from;
        let saying = self.note_taken(plan, row, reply);
        if let Some(found) = self.row_made(row, plan.queries) {
            found.quota = found.sent;
            found.meet(from, saying);
            self.tags |= 1 << (found.tag % 64);
        }
        self.sets.insert(Set::Exceeded, row);
        self.sets.remove(Set::Wanting, row);
        self.heard = self.heard.max(row + 1);
        self.taken_rows += 1;
    }

    /// Notes that the router of this row is asked though it has answered others enough.
    pub(in crate::engine) fn ask_beyond(&mut self, row: usize) {
        self.sets.insert(Set::Beyond, row);
    }

    /// Takes over what another trace heard at a row whose router was asked in vain: the silence counts for nothing.
    pub(in crate::engine) fn take_for_silence(&mut self, plan: &Plan, row: usize, reply: Reply) {
        let first = usize::try_from(self.first_slot).unwrap_or(usize::MAX);
        for slot in self.slots.iter_mut().skip(first) {
            if slot.is_waiting() && plan.row(slot.ttl) == Some(row) {
                slot.replace();
            }
        }
        self.take(plan, row, reply);
        self.ending = self.ending_now(plan);
    }

    /// Has everything probed after all that was taken over in this round.
    pub(in crate::engine) fn give_back(&mut self, plan: &Plan) {
        let round = self.round();
        for taken in self.taken.iter().filter(|taken| taken.round == round) {
            let place = usize::from(taken.row);
            let Some(row) = self.rows.get_mut(place).filter(|row| row.answered == 0) else { continue };
            row.router = NOTHING;
            self.sets.remove(Set::Exceeded, place);
            row.quota = row.sent + u16::from(plan.queries);
            self.sets.insert(Set::Wanting, place);
        }
        self.taken.retain(|taken| taken.round != round);
        self.taken_rows = 0;
        self.heard = self.rows.iter().rposition(|row| row.answered > 0).map_or(0, |last| last + 1);
        self.ending = self.ending_now(plan);
    }

    /// Whether an answer from the row that was asked beyond others' shows that this path is another one.
    pub(in crate::engine) fn is_elsewhere(&self, row: usize, router: Option<IpAddr>) -> bool {
        !self.taken.is_empty() && self.sets.has(Set::Beyond, row) && self.router(row) != router
    }

    /// Notes what another trace heard at this row; returns the index of what was said.
    pub(in crate::engine) fn note_taken(&mut self, plan: &Plan, row: usize, reply: Reply) -> u32 {
        let round = self.round();
        let latest = self.row(row).map_or(NOTHING, |row| row.latest);
        let saying = self.replies.say(latest, &reply);
        if let Some(found) = self.row_made(row, plan.queries) {
            found.latest = saying;
        }
        if let Ok(row) = u8::try_from(row) {
            self.taken.push(Taken { round, saying, row });
        }
        saying
    }

    /// Takes out the rows that were asked beyond what their routers owe and that nobody answered at.
    pub(in crate::engine) fn take_unheard(&mut self) -> Mask {
        let unheard = self.sets.get(Set::Unheard);
        if !unheard.is_empty() {
            self.sets.put(Set::Unheard, Mask::default());
        }
        unheard
    }

    /// Whether a row of the current round was taken over.
    pub(in crate::engine) fn has_taken(&self, row: usize) -> bool {
        let round = self.round();
        self.taken.iter().any(|taken| taken.round == round && usize::from(taken.row) == row)
    }

    /// What another trace heard.
    pub(in crate::engine) fn saying(&self, taken: &Taken) -> Option<Reply> {
        self.replies.reply(taken.saying, None)
    }
}
