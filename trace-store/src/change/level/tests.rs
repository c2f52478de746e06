//! Simulated round-trip times: 20 ms, and noise of half a millisecond. The seeds here are others than those that the limits
//! were chosen with.

#![expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "simulated numbers are small")]

use super::*;

/// A xorshift generator (Marsaglia 2003): the same numbers in every run.
pub(in crate::change) struct Dice(u64);

impl Dice {
    pub(in crate::change) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From 0 to 1.
    pub(in crate::change) fn share(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        f64::from(u32::try_from(self.0 >> 32).unwrap()) / f64::from(u32::MAX)
    }

    /// From the normal distribution (Box and Muller 1958).
    fn noise(&mut self) -> f64 {
        let (radius, angle) = (self.share().max(1e-12), self.share());
        (-2.0 * radius.ln()).sqrt() * (core::f64::consts::TAU * angle).cos()
    }
}

/// What a line is like.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Line {
    Normal,
    /// Long tails.
    Lognormal,
    /// Three of a hundred traces are ten times slower and more.
    Spikes,
    /// Neighbours are alike: autocorrelation 0.3 from one trace to the next.
    Inert,
    /// The same with 0.6.
    Sluggish,
    /// One of two ways each time, one of them much longer.
    Balanced,
    /// A wave a day.
    Sine,
    /// Busy from six to eleven.
    Evening,
    /// The same, and not every day equally.
    Uneven,
    /// Busy in office hours, and not at the weekend.
    Office,
}

const LINES: [Line; 10] = [
    Line::Normal,
    Line::Lognormal,
    Line::Spikes,
    Line::Inert,
    Line::Sluggish,
    Line::Balanced,
    Line::Sine,
    Line::Evening,
    Line::Uneven,
    Line::Office,
];

const HOUR: i64 = 3_600;

/// So many traces, `step` seconds apart, with something put on top by their number: in units of the noise.
fn series(line: Line, count: usize, step: i64, seed: u64, top: impl Fn(usize) -> f64) -> Vec<Sample> {
    let mut dice = Dice::new(seed);
    let mut inertia = 0.0;
    let sample = |place: usize| {
        let started = i64::try_from(place).unwrap() * step;
        let hours = started as f64 / 3600.0;
        let (hour, weekend) = (hours % 24.0, (hours / 24.0) as i64 % 7 >= 5);
        let noise = dice.noise();
        let mut persists = |share: f64| {
            inertia = share * inertia + noise;
            inertia * (1.0 - share * share).sqrt()
        };
        let value = match line {
            Line::Normal => noise,
            Line::Lognormal => noise.exp() * 0.8,
            Line::Spikes => noise + if dice.share() < 0.03 { 10.0 + 50.0 * dice.share() } else { 0.0 },
            Line::Inert => persists(0.3),
            Line::Sluggish => persists(0.6),
            Line::Balanced => 0.3 * noise + if dice.share() < 0.5 { 20.0 } else { 0.0 },
            Line::Sine => noise + 5.0 * (hour / 24.0 * core::f64::consts::TAU).sin(),
            Line::Evening => noise + if (18.0..23.0).contains(&hour) { 10.0 } else { 0.0 },
            Line::Uneven => noise + if (17.0..23.0).contains(&hour) { 3.0 + 6.0 * dice.share() } else { 0.0 },
            Line::Office => noise + if (9.0..18.0).contains(&hour) && !weekend { 6.0 } else { 0.0 },
        };
        let rtt = 20_000.0 + 500.0 * (value + top(place));
        Sample { place, started: started * 1_000_000_000, rtt: rtt.max(100.0) as u32 }
    };
    (0..count).map(sample).collect()
}

/// Changes that are none, after the first nine days, when days and weekends are known.
fn false_alarms(line: Line, step: i64, days: i64, seeds: std::ops::Range<u64>) -> usize {
    let per_day = 86_400 / step;
    let number = |days: i64| usize::try_from(days * per_day).unwrap();
    let of_seed = |seed| {
        let found = shifts(&series(line, number(days), step, seed, |_| 0.0));
        found.iter().filter(|shift| shift.after >= number(9)).count()
    };
    seeds.map(of_seed).sum()
}

#[test]
fn what_is_as_ever_is_no_change() {
    for line in LINES.into_iter().filter(|line| *line != Line::Sluggish) {
        let alarms = false_alarms(line, HOUR, 100, 1_000_000..1_000_006);
        // A weekend is known from the one before alone.
        let most = if line == Line::Office { 8 } else { 1 };
        assert!(alarms <= most, "{line:?}: {alarms} in 600 days");
    }
}

#[test]
fn outliers_are_no_change() {
    for in_a_row in 1..=4 {
        let spike = |place: usize| if (300..300 + in_a_row).contains(&place) { 100.0 } else { 0.0 };
        assert_eq!(shifts(&series(Line::Normal, 500, HOUR, 9, spike)), [], "{in_a_row}");
    }
}

#[test]
fn a_rise_of_three_times_the_noise_is_found_where_it_began() {
    for line in [Line::Normal, Line::Lognormal, Line::Spikes, Line::Sine, Line::Evening] {
        let found = (0..20).filter(|seed| {
            let samples =
                series(line, 600, HOUR, 1_100_000 + seed, |place| if place < 500 { 0.0 } else { 3.0 });
            let near = |shift: &Shift| (496..=504).contains(&shift.after) && shift.sure <= 530;
            shifts(&samples).iter().any(|shift| near(shift) && shift.levels.1 > shift.levels.0)
        });
        let found = found.count();
        assert!(found >= 17, "{line:?}: {found} of 20");
    }
}

#[test]
fn a_change_that_is_taken_back_is_told_twice() {
    let day = |place: usize| if (500..524).contains(&place) { 6.0 } else { 0.0 };
    let found = shifts(&series(Line::Normal, 600, HOUR, 1_200_000, day));
    let [up, down] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(up.before + 1, up.after);
    assert!(up.after.abs_diff(500) <= 2 && down.after.abs_diff(524) <= 2, "{found:?}");
    assert!(up.sure <= 515 && down.sure <= 536, "{found:?}");
    assert!(up.levels.1.abs_diff(23_000) < 500 && down.levels.1.abs_diff(20_000) < 500, "{found:?}");
}

#[test]
fn a_plain_step_is_told_at_once_on_a_new_line() {
    // Every minute for two hours: nothing is known of the days.
    let step = |place: usize| if place < 60 { 0.0 } else { 12.0 };
    let found = shifts(&series(Line::Normal, 120, 60, 4, step));
    assert_eq!(found.iter().map(|shift| shift.after).collect::<Vec<_>>(), [60]);
    assert!(found[0].sure < 70, "{found:?}");
    // A slow rise is what a morning looks like.
    let rise = |place: usize| f64::from(u32::try_from(place).unwrap()) / 10.0;
    assert_eq!(shifts(&series(Line::Normal, 120, 60, 4, rise)), []);
}

#[test]
fn a_difference_that_no_clock_can_tell_is_none() {
    let quiet = |place: usize| Sample {
        place,
        started: i64::try_from(place).unwrap() * HOUR * 1_000_000_000,
        rtt: if place < 300 { 200 } else { 260 },
    };
    assert_eq!(shifts(&(0..600).map(quiet).collect::<Vec<_>>()), []);
}

#[test]
fn sums_over_pairs_are_kept_as_the_window_moves() {
    let mut dice = Dice::new(3);
    let mut chart = Chart::default();
    for _ in 0..3 * WINDOW {
        chart.push((dice.share() * 50.0) as i64);
        let values: Vec<i64> = chart.values.iter().copied().collect();
        for (before, sum) in (1..values.len()).zip(&chart.sums) {
            let (old, new) = values.split_at(before);
            let pairs = old.iter().flat_map(|one| new.iter().map(move |other| (other - one).signum()));
            assert_eq!(pairs.sum::<i64>(), *sum);
        }
    }
}

/// `cargo test --release -p trace-store -- --ignored --nocapture rates_of_alarms`
#[test]
#[ignore = "prints figures for people and checks nothing"]
fn rates_of_alarms() {
    const SERIES: u64 = 100;
    for line in LINES {
        for (name, step, days) in [("an hour", HOUR, 365), ("ten minutes", 600, 60)] {
            let alarms = false_alarms(line, step, days, 2_000_000..2_000_000 + SERIES);
            let years = SERIES as f64 * (days - 9) as f64 / 365.0;
            let found = |size: f64| {
                let mut delays: Vec<usize> = (0..SERIES)
                    .filter_map(|seed| {
                        let top = |place: usize| if place < 1500 { 0.0 } else { size };
                        let found = shifts(&series(line, 1600, step, 2_100_000 + seed, top));
                        let near = found.iter().find(|shift| {
                            (1490..=1540).contains(&shift.after) && shift.levels.1 > shift.levels.0
                        })?;
                        Some(near.sure + 1 - 1500.min(near.sure))
                    })
                    .collect();
                delays.sort_unstable();
                format!("{} in {}", delays.len(), delays.get(delays.len() / 2).copied().unwrap_or(0))
            };
            println!(
                "{line:?}, a trace in {name}: {:.2} false alarms a year; of 100 rises by 2, 3, 5 and 10 times the noise found, \
                 and after how many traces: {}; {}; {}; {}",
                alarms as f64 / years,
                found(2.0),
                found(3.0),
                found(5.0),
                found(10.0)
            );
        }
    }
}
