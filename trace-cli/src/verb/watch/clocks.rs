//! The three clocks of the schedule.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::schedule::Moment;
use crate::clock;

/// Now.
pub(super) fn now() -> Moment {
    let awake = read(ClockId::Monotonic);
    Moment { wall: clock::now(), boot: boot(awake), awake }
}

/// Since the machine started, time asleep included, where the system counts that.
#[cfg(target_os = "linux")]
fn boot(_: Duration) -> Duration {
    read(ClockId::Boottime)
}

#[cfg(not(target_os = "linux"))]
const fn boot(awake: Duration) -> Duration {
    awake
}

fn read(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
    seconds + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}
