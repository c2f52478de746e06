//! When which target is traced. Pure: time is handed in.
//!
//! Slots lie at multiples of a target's interval since 1970 UTC, so that they stay where they are over restarts, and
//! every target has an offset of its own in them, so that many do not start in one second. After a change a target has
//! four slots for one; after it has been quiet for long every second slot is left out. Every slot is either used or
//! counted with the reason why it was not.

use core::time::Duration;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub(super) use account::Account;

/// Traces in a row without a change after which every second slot is left out.
const QUIET: u32 = 96;
/// Traces after a change that have four slots for one.
const ALERT: u32 = 12;
/// How many slots an alert target has for one.
const HASTE: u32 = 4;
/// No target is traced more often than this by itself.
const LEAST: Duration = Duration::from_secs(5);
/// The offset of a target is at most this part of its interval, and never more than [`WIDEST`].
const SPREAD: u32 = 10;
/// The most that starts are spread over.
const WIDEST: Duration = Duration::from_secs(300);
/// The first wait after a target could not be probed at all; it doubles until it is as long as the interval.
const RETRY: Duration = Duration::from_secs(5);
/// A wall clock that moves this much against the time since the machine started was set.
const STEP: i64 = 2_000_000_000;

/// One moment by three clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Nanoseconds since 1970 UTC.
    pub(super) wall: i64,
    /// Since the machine started, time asleep included.
    pub(super) boot: Duration,
    /// Since the machine started, time asleep left out.
    pub(super) awake: Duration,
}

/// What became of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// It was made.
    Traced,
    /// Nothing could be sent: no name, no route, not permitted.
    Failed,
}

/// How a target is to be traced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rhythm {
    pub(super) every: Duration,
    /// Decides its offset: a hash of its name.
    pub(super) seed: u64,
    /// Neither sooner after a change nor later when nothing changes.
    pub(super) steady: bool,
}

/// A clock that did not go on as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disturbance {
    /// The machine was asleep for so long.
    Asleep(Duration),
    /// The wall clock was set forward, or back, by so many nanoseconds.
    Set(i64),
}

/// A target as the schedule sees it.
#[derive(Debug)]
struct Entry {
    every: i64,
    offset: i64,
    steady: bool,
    due: i64,
    /// The slot of its own interval that was accounted for last.
    slot: i64,
    running: bool,
    /// Whether the trace under way is the first of its slot.
    current: bool,
    /// Gone from the list of targets.
    gone: bool,
    unchanged: u32,
    /// Traces still to be made in haste.
    alert: u32,
    /// Failures in a row.
    failures: u32,
    account: Account,
}

/// The targets and when they are due.
#[derive(Debug)]
pub(super) struct Schedule {
    entries: Vec<Entry>,
    queue: BinaryHeap<Reverse<(i64, usize)>>,
    last: Moment,
    /// Places of targets that are gone.
    free: Vec<usize>,
    /// What became of the slots of those whose places were taken.
    retired: Account,
}

impl Schedule {
    pub(super) fn new(now: Moment) -> Self {
        Self {
            entries: Vec::new(),
            queue: BinaryHeap::new(),
            last: now,
            free: Vec::new(),
            retired: Account::default(),
        }
    }

    /// Takes a target in, and returns its number. It is due at once, or in the next slot if it was traced in this one
    /// (`traced`: when it was last).
    pub(super) fn add(&mut self, rhythm: Rhythm, traced: Option<i64>) -> usize {
        let every = nanoseconds(rhythm.every.max(Duration::from_millis(1)));
        let spread = (every / i64::from(SPREAD)).min(nanoseconds(WIDEST)).max(1);
        let offset = i64::try_from(rhythm.seed % spread.unsigned_abs()).unwrap_or(0);
        let now = self.last.wall;
        let slot = slot_of(now, every, offset);
        let this_slot = traced.is_some_and(|at| at <= now && slot_of(at, every, offset) == slot);
        let due = if this_slot { start_of(slot + 1, every, offset) } else { now };
        let slot = if this_slot { slot } else { slot - 1 };
        let entry = Entry {
            every,
            offset,
            steady: rhythm.steady,
            due,
            slot,
            running: false,
            current: false,
            gone: false,
            unchanged: 0,
            alert: 0,
            failures: 0,
            account: Account::default(),
        };
        // The place of one that is gone is taken: lists may change every day, for years.
        let free = self.free.pop();
        let index = match free.and_then(|index| Some((index, self.entries.get_mut(index)?))) {
            Some((index, place)) => {
                self.retired.add(&place.account);
                *place = entry;
                index
            }
            None => {
                self.entries.push(entry);
                self.entries.len() - 1
            }
        };
        self.queue.push(Reverse((due, index)));
        index
    }

    /// Forgets a target. A trace of it that is under way still has to end.
    pub(super) fn remove(&mut self, index: usize) {
        if let Some(entry) = self.entries.get_mut(index).filter(|entry| !entry.gone) {
            entry.gone = true;
            if !entry.running {
                self.free.push(index);
            }
        }
    }

    /// Takes the time. Says how the clocks were disturbed since it was last taken.
    pub(super) fn tick(&mut self, now: Moment) -> Option<Disturbance> {
        let before = std::mem::replace(&mut self.last, now);
        let passed = now.boot.saturating_sub(before.boot);
        let slept = passed.saturating_sub(now.awake.saturating_sub(before.awake));
        let set = now.wall.saturating_sub(before.wall).saturating_sub(nanoseconds(passed));
        if set.abs() >= STEP {
            self.realign();
            return Some(Disturbance::Set(set));
        }
        if nanoseconds(slept) >= STEP {
            for entry in &mut self.entries {
                // The slots that passed while nobody could use them; the newest of them is used now.
                let missed = (slot_of(now.wall, entry.every, entry.offset) - entry.slot - 1).max(0);
                entry.slot += missed;
                entry.account.asleep += missed.unsigned_abs();
            }
            return Some(Disturbance::Asleep(slept));
        }
        None
    }

    /// Slots are where the wall clock says. One that was set back shows slots again that were used: nobody waits until it
    /// is where it was.
    fn realign(&mut self) {
        let now = self.last.wall;
        for (index, entry) in self.entries.iter_mut().enumerate() {
            entry.slot = entry.slot.min(slot_of(now, entry.every, entry.offset));
            let due = entry.due.min(entry.next(now));
            if due != entry.due {
                entry.due = due;
                self.queue.push(Reverse((due, index)));
            }
        }
    }

    /// The next target that is due, by its number; it counts as under way from now on.
    pub(super) fn due(&mut self) -> Option<usize> {
        let now = self.last.wall;
        loop {
            let &Reverse((due, index)) = self.queue.peek()?;
            let entry = self.entries.get_mut(index).filter(|entry| !entry.gone && entry.due == due);
            let Some(entry) = entry else {
                // Moved since, or gone.
                self.queue.pop();
                continue;
            };
            if due > now {
                return None;
            }
            self.queue.pop();
            let slot = slot_of(now, entry.every, entry.offset);
            let was_running = entry.running;
            entry.pass(slot);
            if !was_running {
                entry.running = true;
                entry.current = slot > entry.slot;
            }
            entry.slot = entry.slot.max(slot);
            entry.due = entry.next(now);
            self.queue.push(Reverse((entry.due, index)));
            if !was_running {
                return Some(index);
            }
        }
    }

    /// Says what became of the trace of a target.
    pub(super) fn ended(&mut self, index: usize, ended: Ended) {
        let now = self.last.wall;
        let Some(entry) = self.entries.get_mut(index) else { return };
        entry.running = false;
        let account = &mut entry.account;
        *match (entry.current, ended) {
            (false, _) => &mut account.extra,
            (true, Ended::Failed) => &mut account.failed,
            (true, Ended::Traced) => &mut account.traced,
        } += 1;
        entry.current = false;
        match ended {
            Ended::Traced => {
                entry.alert = entry.alert.saturating_sub(1);
                entry.failures = 0;
            }
            Ended::Failed => entry.failures = entry.failures.saturating_add(1),
        }
        if entry.gone {
            self.free.push(index);
        } else {
            self.reschedule(index, now);
        }
    }

    /// The trace of a target was not begun after all: nobody could keep it.
    pub(super) fn refused(&mut self, index: usize) {
        let Some(entry) = self.entries.get_mut(index) else { return };
        entry.running = false;
        if std::mem::take(&mut entry.current) {
            entry.account.full += 1;
        } else {
            entry.account.extra += 1;
        }
    }

    /// Says whether the trace of a target that ended last shows a change, or may: path, RTT or loss are not as they
    /// were.
    pub(super) fn judged(&mut self, index: usize, changed: bool) {
        let now = self.last.wall;
        let Some(entry) = self.entries.get_mut(index).filter(|entry| !entry.steady) else { return };
        if changed {
            entry.unchanged = 0;
            entry.alert = ALERT;
        } else {
            entry.unchanged = entry.unchanged.saturating_add(1);
        }
        self.reschedule(index, now);
    }

    fn reschedule(&mut self, index: usize, now: i64) {
        let Some(entry) = self.entries.get_mut(index) else { return };
        let due = entry.next(now);
        if due != entry.due {
            entry.due = due;
            self.queue.push(Reverse((due, index)));
        }
    }

    /// How long nothing is due, or a little less; `None` where there is no target.
    pub(super) fn pause(&self) -> Option<Duration> {
        let Reverse((next, _)) = self.queue.peek()?;
        Some(Duration::from_nanos(u64::try_from(next.saturating_sub(self.last.wall)).unwrap_or(0)))
    }

    /// What became of the slots of one target.
    #[cfg(test)]
    pub(super) fn account(&self, index: usize) -> Account {
        self.entries.get(index).map(|entry| entry.account).unwrap_or_default()
    }

    /// What became of all slots, also of targets that are gone.
    pub(super) fn total(&self) -> Account {
        let mut total = self.retired;
        for entry in &self.entries {
            total.add(&entry.account);
        }
        total
    }
}

impl Entry {
    /// Counts the slots between the one accounted for last and `slot`; if the last trace is still under way, `slot` too.
    fn pass(&mut self, slot: i64) {
        let passed = (slot - self.slot - 1).max(0).unsigned_abs();
        if self.running {
            self.account.busy += (slot - self.slot).max(0).unsigned_abs();
            return;
        }
        // Of slots in a row every second one is odd.
        let odd =
            if self.unchanged < QUIET { 0 } else { (passed + u64::from(self.slot.rem_euclid(2) == 0)) / 2 };
        self.account.quiet += odd;
        self.account.late += passed - odd;
    }

    /// When it is due again, seen from `now`.
    fn next(&self, now: i64) -> i64 {
        let slot = slot_of(now, self.every, self.offset);
        let regular = start_of(slot + 1, self.every, self.offset);
        if self.failures > 0 {
            let wait = nanoseconds(RETRY).saturating_mul(1 << (self.failures - 1).min(20));
            return regular.min(now.saturating_add(wait));
        }
        if self.alert > 0 {
            let part = (self.every / i64::from(HASTE)).max(nanoseconds(LEAST)).min(self.every);
            let into = now - start_of(slot, self.every, self.offset);
            return regular.min(start_of(slot, self.every, self.offset) + (into / part + 1) * part);
        }
        // Every second slot, and the same ones after a restart.
        if !self.steady && self.unchanged >= QUIET && (slot + 1).rem_euclid(2) == 1 {
            return start_of(slot + 2, self.every, self.offset);
        }
        regular
    }
}

fn nanoseconds(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX / 4)
}

const fn slot_of(at: i64, every: i64, offset: i64) -> i64 {
    at.saturating_sub(offset).div_euclid(every)
}

const fn start_of(slot: i64, every: i64, offset: i64) -> i64 {
    slot.saturating_mul(every).saturating_add(offset)
}

mod account;
#[cfg(test)]
mod tests;
