use super::*;

const MINUTE: Duration = Duration::from_secs(60);
/// A start that lies in the middle of nowhere.
const START: i64 = 1_790_000_000_123_456_789;

/// Clocks that go on as a test says.
struct Clocks(Moment);

impl Clocks {
    fn new() -> Self {
        Self(Moment { wall: START, boot: Duration::from_secs(1000), awake: Duration::from_secs(900) })
    }

    fn pass(&mut self, span: Duration) -> Moment {
        self.0.wall += nanoseconds(span);
        self.0.boot += span;
        self.0.awake += span;
        self.0
    }

    fn sleep(&mut self, span: Duration) -> Moment {
        self.0.wall += nanoseconds(span);
        self.0.boot += span;
        self.0
    }

    fn set(&mut self, seconds: i64) -> Moment {
        self.0.wall += seconds * 1_000_000_000;
        self.0
    }
}

fn rhythm(every: Duration, seed: u64) -> Rhythm {
    Rhythm { every, seed, steady: false }
}

/// Says of a trace that it was made and shows no change, or that nothing could be sent.
fn end(schedule: &mut Schedule, index: usize, ended: Ended) {
    schedule.ended(index, ended);
    if ended == Ended::Traced {
        schedule.judged(index, false);
    }
}

/// Goes on second by second, every trace taking one; returns the seconds at which traces started.
fn run(schedule: &mut Schedule, clocks: &mut Clocks, seconds: u64, ended: Ended) -> Vec<u64> {
    let mut starts = Vec::new();
    for second in 0..seconds {
        while let Some(index) = schedule.due() {
            starts.push(second);
            end(schedule, index, ended);
        }
        schedule.tick(clocks.pass(Duration::from_secs(1)));
    }
    starts
}

#[test]
fn a_target_is_due_at_once_and_then_in_every_slot() {
    let mut clocks = Clocks::new();
    let mut schedule = Schedule::new(clocks.0);
    schedule.add(rhythm(MINUTE, 0), None);
    let starts = run(&mut schedule, &mut clocks, 600, Ended::Traced);
    assert_eq!(starts.len(), 11, "one at once and ten slots in ten minutes: {starts:?}");
    assert_eq!(starts[0], 0);
    assert!(starts[2..].windows(2).all(|pair| pair[1] - pair[0] == 60), "{starts:?}");
    let into_minute = (START / 1_000_000_000).rem_euclid(60).unsigned_abs() + starts[1];
    // Rounded up to the second in which it is looked at.
    assert!(into_minute.is_multiple_of(60) || (into_minute - 1).is_multiple_of(60), "aligned: {starts:?}");
}

#[test]
fn who_was_traced_in_this_slot_waits_for_the_next() {
    let mut clocks = Clocks::new();
    let mut schedule = Schedule::new(clocks.0);
    schedule.add(rhythm(MINUTE, 0), Some(START - 1));
    let starts = run(&mut schedule, &mut clocks, 600, Ended::Traced);
    assert_eq!(starts.len(), 10, "{starts:?}");
    assert!(starts[0] > 0);
}

#[test]
fn many_targets_do_not_start_in_one_second() {
    let mut clocks = Clocks::new();
    let mut schedule = Schedule::new(clocks.0);
    for number in 0..600_u64 {
        schedule.add(rhythm(10 * MINUTE, number.wrapping_mul(0x9E37_79B9_7F4A_7C15)), Some(START));
    }
    let starts = run(&mut schedule, &mut clocks, 1200, Ended::Traced);
    assert_eq!(starts.len(), 1200);
    let most = starts.chunk_by(|a, b| a == b).map(<[u64]>::len).max();
    assert!(most <= Some(40), "{most:?} in one second");
}

#[test]
fn a_change_makes_four_of_one_for_a_while_and_quiet_leaves_out_every_second() {
    let mut clocks = Clocks::new();
    let mut schedule = Schedule::new(clocks.0);
    let index = schedule.add(rhythm(MINUTE, 0), Some(START));
    schedule.judged(index, true);
    let alert = run(&mut schedule, &mut clocks, 180, Ended::Traced);
    assert_eq!(alert.len(), 12, "{alert:?}");
    assert!(alert[1..].windows(2).all(|pair| pair[1] - pair[0] == 15), "{alert:?}");
    let regular = run(&mut schedule, &mut clocks, 600, Ended::Traced);
    assert_eq!(regular.len(), 10, "{regular:?}");
    run(&mut schedule, &mut clocks, 60 * 96, Ended::Traced);
    let quiet = run(&mut schedule, &mut clocks, 1200, Ended::Traced);
    assert_eq!(quiet.len(), 10, "{quiet:?}");
    let account = schedule.account(index);
    assert!(account.quiet >= 10 && account.late == 0 && account.busy == 0, "{account:?}");
    assert!(account.extra >= 8, "{account:?}");
}

#[test]
fn a_failure_is_tried_again_soon_and_ever_later() {
    let mut clocks = Clocks::new();
    let mut schedule = Schedule::new(clocks.0);
    schedule.add(rhythm(60 * MINUTE, 0), None);
    let starts = run(&mut schedule, &mut clocks, 1000, Ended::Failed);
    assert_eq!(starts, [0, 5, 15, 35, 75, 155, 315, 635]);
}

#[test]
fn a_trace_that_takes_longer_than_its_interval_is_not_started_twice() {
    let mut clocks = Clocks::new();
    let mut schedule = Schedule::new(clocks.0);
    schedule.add(rhythm(MINUTE, 0), None);
    assert_eq!(schedule.due(), Some(0));
    for _ in 0..5 {
        schedule.tick(clocks.pass(MINUTE));
        assert_eq!(schedule.due(), None);
    }
    schedule.ended(0, Ended::Traced);
    let account = schedule.account(0);
    assert_eq!((account.traced, account.busy), (1, 5), "{account:?}");
    schedule.tick(clocks.pass(MINUTE));
    assert_eq!(schedule.due(), Some(0));
}

#[test]
fn after_sleep_each_target_is_traced_once_and_what_was_missed_is_counted() {
    let mut clocks = Clocks::new();
    let mut schedule = Schedule::new(clocks.0);
    for seed in 0..3 {
        schedule.add(rhythm(MINUTE, seed), None);
    }
    run(&mut schedule, &mut clocks, 120, Ended::Traced);
    let night = Duration::from_secs(8 * 3600);
    assert_eq!(schedule.tick(clocks.sleep(night)), Some(Disturbance::Asleep(night)));
    let starts = run(&mut schedule, &mut clocks, 60, Ended::Traced);
    assert!((3..=6).contains(&starts.len()), "{starts:?}");
    assert_eq!(starts[..3], [0, 0, 0]);
    let account = schedule.total();
    assert!((3 * 479..=3 * 480).contains(&account.asleep), "{account:?}");
    assert_eq!(account.late, 0, "{account:?}");
}

#[test]
fn a_clock_that_is_set_neither_floods_nor_stops_the_traces() {
    for step in [-1_000_000_i64, -86_400, -90, -3, 3, 90, 86_400, 1_000_000] {
        let mut clocks = Clocks::new();
        let mut schedule = Schedule::new(clocks.0);
        schedule.add(rhythm(MINUTE, 7), None);
        run(&mut schedule, &mut clocks, 300, Ended::Traced);
        assert_eq!(schedule.tick(clocks.set(step)), Some(Disturbance::Set(step * 1_000_000_000)));
        let starts = run(&mut schedule, &mut clocks, 300, Ended::Traced);
        assert!((5..=6).contains(&starts.len()), "set by {step} s: {starts:?}");
        assert!(starts[0] <= 60, "set by {step} s: {starts:?}");
    }
}

#[test]
fn a_clock_that_drifts_is_no_disturbance() {
    let mut clocks = Clocks::new();
    let mut schedule = Schedule::new(clocks.0);
    for _ in 0..1000 {
        clocks.0.wall += 1_000_000;
        assert_eq!(schedule.tick(clocks.pass(Duration::from_secs(1))), None);
    }
}

#[test]
fn who_is_gone_is_not_traced_again() {
    let mut clocks = Clocks::new();
    let mut schedule = Schedule::new(clocks.0);
    let gone = schedule.add(rhythm(MINUTE, 0), None);
    let stays = schedule.add(rhythm(MINUTE, 0), None);
    schedule.remove(gone);
    assert_eq!(schedule.due(), Some(stays));
    assert_eq!(schedule.due(), None);
    schedule.remove(stays);
    assert!(run(&mut schedule, &mut clocks, 300, Ended::Traced).is_empty());
    assert_eq!(schedule.pause(), None);
}

proptest::proptest! {
    /// Whatever happens but a clock that is set, every slot since the start is accounted for once.
    #[test]
    fn every_slot_is_accounted_for(
        seed: u64,
        every in 10_u64..600,
        steps in proptest::collection::vec((0_u64..2000, 0_u8..5), 1..200),
    ) {
        let mut clocks = Clocks::new();
        let mut schedule = Schedule::new(clocks.0);
        let index = schedule.add(rhythm(Duration::from_secs(every), seed), None);
        let (length, offset) = (schedule.entries[0].every, schedule.entries[0].offset);
        let first = slot_of(START, length, offset);
        let mut running = false;
        for (seconds, what) in steps {
            let span = Duration::from_secs(seconds);
            schedule.tick(if what == 4 { clocks.sleep(span) } else { clocks.pass(span) });
            if running && what != 3 {
                match what % 4 {
                    0 => end(&mut schedule, index, Ended::Traced),
                    1 => schedule.refused(index),
                    _ => end(&mut schedule, index, Ended::Failed),
                }
                schedule.judged(index, what == 2);
                running = false;
            }
            running |= schedule.due().is_some();
        }
        if running {
            schedule.ended(index, Ended::Traced);
        }
        let account = schedule.account(index);
        let last = schedule.entries[0].slot;
        proptest::prop_assert_eq!(account.slots(), (last - first + 1).unsigned_abs(), "{:?}", account);
        proptest::prop_assert!(schedule.pause().is_some_and(|pause| pause <= Duration::from_secs(2 * every)));
    }
}

#[test]
fn a_steady_target_keeps_its_slots_whatever_happens() {
    let mut clocks = Clocks::new();
    let mut schedule = Schedule::new(clocks.0);
    let index = schedule.add(Rhythm { every: MINUTE, seed: 0, steady: true }, Some(START));
    schedule.judged(index, true);
    assert_eq!(run(&mut schedule, &mut clocks, 600, Ended::Traced).len(), 10);
    run(&mut schedule, &mut clocks, 60 * 100, Ended::Traced);
    assert_eq!(run(&mut schedule, &mut clocks, 600, Ended::Traced).len(), 10);
    let account = schedule.account(index);
    assert_eq!((account.extra, account.quiet, account.late), (0, 0, 0), "{account:?}");
}

#[test]
fn a_place_that_is_free_is_taken_and_nothing_is_forgotten() {
    let mut clocks = Clocks::new();
    let mut schedule = Schedule::new(clocks.0);
    for round in 1..=10 {
        let index = schedule.add(rhythm(MINUTE, round), None);
        assert_eq!(index, 0);
        assert_eq!(schedule.due(), Some(index));
        // It is gone while it is being traced.
        schedule.remove(index);
        end(&mut schedule, index, Ended::Traced);
        schedule.tick(clocks.pass(Duration::from_secs(1)));
        assert_eq!(schedule.due(), None);
    }
    assert_eq!(schedule.total().traced, 10);
}
