//! What became of slots.

/// What became of the slots of a target, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Account {
    /// A trace was made.
    pub(in super::super) traced: u64,
    /// Left out since nothing had changed for long.
    pub(in super::super) quiet: u64,
    /// The trace before it was still under way.
    pub(in super::super) busy: u64,
    /// Nothing could be sent.
    pub(in super::super) failed: u64,
    /// The machine was asleep.
    pub(in super::super) asleep: u64,
    /// The clock was set past it, or this process did not get to it.
    pub(in super::super) late: u64,
    /// There was no room for its result.
    pub(in super::super) full: u64,
    /// Traces beside those of the slots: after a change, or tried again.
    pub(in super::super) extra: u64,
}

impl Account {
    /// Slots in all.
    pub(in super::super) const fn slots(&self) -> u64 {
        self.traced + self.quiet + self.busy + self.failed + self.asleep + self.late + self.full
    }

    pub(super) const fn add(&mut self, other: &Self) {
        self.traced += other.traced;
        self.quiet += other.quiet;
        self.busy += other.busy;
        self.failed += other.failed;
        self.asleep += other.asleep;
        self.late += other.late;
        self.full += other.full;
        self.extra += other.extra;
    }
}
