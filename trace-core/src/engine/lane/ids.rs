//! Ids of a lane's probes. They go round, and are free again once nothing can be answered by them.

use super::Lane;
use crate::engine::plan::Plan;
use crate::engine::{Moment, ProbeId};

impl Lane {
    /// An id is free once the probe that had it before is answered or given up.
    pub(super) fn has_free_id(&self, plan: &Plan, now: Moment) -> bool {
        let Some(previous) = self.slots.len().checked_sub(usize::from(ProbeId::COUNT)) else { return true };
        self.slots.get(previous).is_none_or(|slot| !slot.is_waiting() || now >= slot.sent + plan.wait)
    }

    /// When the id that is needed next becomes free.
    pub(in crate::engine) fn id_freed(&self, plan: &Plan, now: Moment) -> Option<Moment> {
        let previous = self.slots.len().checked_sub(usize::from(ProbeId::COUNT))?;
        let freed = self.slots.get(previous)?.sent + plan.wait;
        (freed > now).then_some(freed)
    }
}

/// Ids go round: the probe with number `index` in the order of sending has this one.
pub(super) fn id_of(index: usize) -> ProbeId {
    let number = index % usize::from(ProbeId::COUNT) + 1;
    u16::try_from(number).ok().and_then(ProbeId::new).unwrap_or(ProbeId::FIRST)
}

/// The latest of `count` probes that had this id.
pub(super) fn slot_index(count: usize, id: ProbeId) -> Option<usize> {
    let last = count.checked_sub(1)?;
    let offset = usize::from(id.get()) - 1;
    let back = last.checked_sub(offset)? % usize::from(ProbeId::COUNT);
    Some(last - back)
}
