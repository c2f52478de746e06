//! From the kernel's wall-clock stamps to moments of the monotonic clock.

use core::time::Duration;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::engine::Moment;

/// The two clocks of a machine.
pub(super) trait Clocks {
    /// The monotonic clock.
    fn monotonic(&self) -> Moment;
    /// The wall clock: nanoseconds since 1970 UTC.
    fn wall(&self) -> i64;
}

/// `CLOCK_MONOTONIC`, counted from when this value was made, and `CLOCK_REALTIME`.
#[derive(Debug)]
pub(super) struct SystemClocks {
    start: Instant,
}

impl SystemClocks {
    pub(super) fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a link has the clock that everybody else is handed")]
        Self { start: Instant::now() }
    }
}

impl Clocks for SystemClocks {
    fn monotonic(&self) -> Moment {
        Moment::ZERO + self.start.elapsed()
    }

    fn wall(&self) -> i64 {
        #[expect(clippy::disallowed_methods, reason = "the kernel stamps packets with the wall clock")]
        let now = SystemTime::now();
        let nanoseconds = match now.duration_since(UNIX_EPOCH) {
            Ok(since) => i128::try_from(since.as_nanos()).unwrap_or(i128::MAX),
            Err(before) => -i128::try_from(before.duration().as_nanos()).unwrap_or(i128::MAX),
        };
        i64::try_from(nanoseconds).unwrap_or_default()
    }
}

/// Both clocks, read together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    monotonic: Moment,
    wall: i64,
}

impl Reading {
    pub(super) const fn moment(self) -> Moment {
        self.monotonic
    }
}

/// Turns stamps into moments, whatever happens to the wall clock.
#[derive(Debug)]
pub(super) struct Timekeeper<C> {
    clocks: C,
    /// Whatever is read from now on arrived after this.
    quiet: Reading,
}

impl<C: Clocks> Timekeeper<C> {
    /// Nanoseconds by which the clocks may part between two readings without it counting as a step; a
    /// thousandth of the time between them comes on top (a clock that is being slewed runs off by half of
    /// that).
    const STEP: u64 = 500_000;

    pub(super) fn new(clocks: C) -> Self {
        let quiet = read(&clocks);
        Self { clocks, quiet }
    }

    pub(super) fn now(&self) -> Moment {
        self.clocks.monotonic()
    }

    pub(super) fn read(&self) -> Reading {
        read(&self.clocks)
    }

    /// Declares that whatever is read from now on arrived after `reading`: every socket was seen empty later.
    pub(super) const fn quiet_since(&mut self, reading: Reading) {
        self.quiet = reading;
    }

    /// When a message arrived that was read just now and bears this stamp: now, less the stamp's age. The age
    /// is at least nothing and at most the time since the sockets were last known to be empty. It is nothing
    /// when there is no stamp, and when the wall clock has been set since then, because nobody can tell
    /// whether that was before or after the stamp.
    pub(super) fn arrival(&self, stamp: Option<i64>) -> Moment {
        let now = self.read();
        let Some(stamp) = stamp else { return now.monotonic };
        let waited = now.monotonic.since(self.quiet.monotonic);
        if self.stepped(now, waited) {
            return now.monotonic;
        }
        let age = Duration::from_nanos(u64::try_from(now.wall.saturating_sub(stamp)).unwrap_or(0));
        now.monotonic.before(age.min(waited))
    }

    fn stepped(&self, now: Reading, waited: Duration) -> bool {
        let waited = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        let wall = now.wall.saturating_sub(self.quiet.wall);
        let parted = wall.saturating_sub(i64::try_from(waited).unwrap_or(i64::MAX)).unsigned_abs();
        parted > Self::STEP + waited / 1000
    }
}

/// Reads both clocks as close together as possible: a process that loses its CPU in between tries again.
fn read(clocks: &impl Clocks) -> Reading {
    const TRIES: u32 = 4;
    const CLOSE: Duration = Duration::from_micros(5);
    let mut before = clocks.monotonic();
    let mut tries = TRIES;
    loop {
        let wall = clocks.wall();
        let after = clocks.monotonic();
        let apart = after.since(before);
        tries -= 1;
        if apart <= CLOSE || tries == 0 {
            return Reading { monotonic: before + apart / 2, wall };
        }
        before = after;
    }
}

#[cfg(test)]
mod tests;
