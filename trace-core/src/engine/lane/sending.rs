//! Probes of a lane: sent, given up, taken back, and those that could not be sent.

use super::ids::{id_of, slot_index};
use super::{Horizon, Lane, Telling};
use crate::engine::plan::Plan;
use crate::engine::sets::Set;
use crate::engine::slot::Slot;
use crate::engine::{Moment, ProbeId};

/// What [`Lane::give_up`] found.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Awaited {
    /// When the next row is due.
    pub(in crate::engine) due: Moment,
    /// When the row left that is waited for longest.
    pub(in crate::engine) oldest: Moment,
}

impl Lane {
    /// Enters a probe that is about to be sent; returns its id and whether it leaves the flow.
    pub(in crate::engine) fn enter(&mut self, plan: &Plan, row: usize, now: Moment) -> (ProbeId, bool) {
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
                self.sets.remove(Set::Wanting, row);
            }
        }
        self.sets.insert(Set::Flying, row);
        (id_of(index), off_flow)
    }

    /// Corrects when the probe entered last has left.
    pub(in crate::engine) fn left(&mut self, plan: &Plan, at: Moment) {
        let Some(slot) = self.slots.last_mut() else { return };
        slot.sent = at;
        let ttl = slot.ttl;
        if let Some(row) = plan.row(ttl).and_then(|row| self.rows.get_mut(row)) {
            row.last_sent = at;
        }
    }

    /// Takes back the probe entered last, which could not be sent yet.
    pub(in crate::engine) fn take_back(&mut self, plan: &Plan) {
        let Some(slot) = self.slots.pop() else { return };
        let Some(place) = plan.row(slot.ttl) else { return };
        if let Some(row) = self.rows.get_mut(place) {
            row.sent = row.sent.saturating_sub(1);
            self.sets.insert(Set::Wanting, place);
        }
        self.landed(place);
    }

    /// One probe of a row is waited for no longer.
    pub(super) fn landed(&mut self, place: usize) {
        let Some(row) = self.rows.get_mut(place) else { return };
        row.in_flight = row.in_flight.saturating_sub(1);
        if row.in_flight == 0 {
            self.sets.remove(Set::Flying, place);
        }
    }

    /// Gives up what has been waited for long enough; returns what is waited for still.
    pub(in crate::engine) fn give_up(&mut self, plan: &Plan, horizon: &Horizon, now: Moment) -> Awaited {
        let mut flying = self.sets.get(Set::Flying);
        let mut awaited = Awaited { due: Moment::MAX, oldest: Moment::MAX };
        let slots = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        while let Some(place) = flying.pop_first() {
            let Some(row) = self.rows.get_mut(place) else { continue };
            let due = row.last_sent + horizon.patience(plan, place);
            if due > now {
                awaited.due = awaited.due.min(due);
                awaited.oldest = awaited.oldest.min(row.last_sent);
                continue;
            }
            row.in_flight = 0;
            row.given_up = slots;
            self.sets.remove(Set::Flying, place);
            if row.answered == 0 && self.sets.has(Set::Beyond, place) {
                self.sets.insert(Set::Unheard, place);
            }
        }
        awaited
    }

    /// Notes that a probe could not be sent at all.
    pub(in crate::engine) fn failed(&mut self, plan: &Plan, id: ProbeId, error: String) {
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
}
