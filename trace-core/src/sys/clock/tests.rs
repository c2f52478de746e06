use std::cell::Cell;

use super::*;

const HOUR: i64 = 3_600_000_000_000;
const MS: i64 = 1_000_000;
const START: i64 = 1_790_000_000_000_000_000;

/// Clocks that stand still until they are moved.
struct Injected {
    monotonic: Cell<u64>,
    wall: Cell<i64>,
}

impl Injected {
    fn new() -> Self {
        Self { monotonic: Cell::new(1_000_000), wall: Cell::new(START) }
    }

    fn pass(&self, nanoseconds: i64) {
        self.monotonic.set(self.monotonic.get() + nanoseconds.unsigned_abs());
        self.wall.set(self.wall.get() + nanoseconds);
    }

    fn step(&self, nanoseconds: i64) {
        self.wall.set(self.wall.get() + nanoseconds);
    }
}

impl Clocks for &Injected {
    fn monotonic(&self) -> Moment {
        Moment::from_nanos(self.monotonic.get())
    }

    fn wall(&self) -> i64 {
        self.wall.get()
    }
}

/// Sends, lets the answer come after 20 ms, reads it 3 ms later, and steps the wall clock where told.
fn rtt_with_steps(before_send: i64, in_flight: i64, before_reading: i64) -> Duration {
    let clocks = Injected::new();
    let mut keeper = Timekeeper::new(&clocks);
    clocks.pass(5 * MS);
    clocks.step(before_send);
    keeper.quiet_since(keeper.read());
    let sent = keeper.now();
    clocks.pass(12 * MS);
    clocks.step(in_flight);
    clocks.pass(8 * MS);
    let stamp = clocks.wall.get();
    clocks.step(before_reading);
    clocks.pass(3 * MS);
    keeper.arrival(Some(stamp)).since(sent)
}

#[test]
fn a_stamp_is_exact_while_the_wall_clock_runs_evenly() {
    assert_eq!(rtt_with_steps(0, 0, 0), Duration::from_millis(20));
}

#[test]
fn setting_the_wall_clock_moves_no_rtt() {
    for step in [HOUR, -HOUR, 2 * MS, -2 * MS, 100 * HOUR] {
        assert_eq!(rtt_with_steps(step, 0, 0), Duration::from_millis(20), "before sending by {step}");
        // The stamp cannot be trusted then: the answer counts as arrived when it was read.
        assert_eq!(rtt_with_steps(0, step, 0), Duration::from_millis(23), "in flight by {step}");
        assert_eq!(rtt_with_steps(0, 0, step), Duration::from_millis(23), "before reading by {step}");
    }
}

#[test]
fn a_slewed_clock_is_no_step() {
    // 500 parts in a million over two seconds: a millisecond.
    let clocks = Injected::new();
    let keeper = Timekeeper::new(&clocks);
    clocks.pass(2_000 * MS);
    clocks.step(MS);
    let stamp = clocks.wall.get();
    clocks.pass(MS);
    assert_eq!(keeper.arrival(Some(stamp)), keeper.now().before(Duration::from_millis(1)));
}

#[test]
fn an_age_is_never_negative_nor_older_than_the_last_look() {
    let clocks = Injected::new();
    let mut keeper = Timekeeper::new(&clocks);
    clocks.pass(50 * MS);
    let looked = keeper.read();
    keeper.quiet_since(looked);
    clocks.pass(4 * MS);
    assert_eq!(keeper.arrival(Some(START - HOUR)), looked.moment());
    assert_eq!(keeper.arrival(Some(clocks.wall.get() + HOUR)), keeper.now());
    assert_eq!(keeper.arrival(Some(i64::MIN)), looked.moment());
    assert_eq!(keeper.arrival(Some(i64::MAX)), keeper.now());
}

#[test]
fn without_a_stamp_it_arrived_now() {
    let clocks = Injected::new();
    let keeper = Timekeeper::new(&clocks);
    clocks.pass(7 * MS);
    assert_eq!(keeper.arrival(None), keeper.now());
}

/// A process that loses its CPU between the two clocks must not believe that the wall clock was set.
#[test]
fn clocks_read_apart_are_read_again() {
    struct Halting(Cell<u64>);
    impl Clocks for Halting {
        fn monotonic(&self) -> Moment {
            Moment::from_nanos(self.0.get())
        }
        fn wall(&self) -> i64 {
            let now = self.0.get();
            if now == 1_000 {
                self.0.set(9_000_000);
            }
            START + i64::try_from(self.0.get()).unwrap()
        }
    }
    let reading = read(&Halting(Cell::new(1_000)));
    assert_eq!(reading.wall - START, i64::try_from(reading.monotonic.as_nanos()).unwrap());
}

#[test]
fn the_system_has_both_clocks() {
    let keeper = Timekeeper::new(SystemClocks::start());
    let reading = keeper.read();
    const Y2020: i64 = 1_577_836_800_000_000_000;
    assert!(reading.wall > Y2020, "the wall clock of this machine stands before 2020");
    assert!(keeper.now() >= reading.moment());
}
