//! A part of the past says the same as all of it.

use core::convert::Infallible;

use super::super::level::tests::Dice;
use super::*;

const HOUR: i64 = 3_600_000_000_000;

/// As many traces as [`crate::Store::news`] looks at before the newest.
const EARLIER: usize = 512;

fn all(sightings: &[Sighting], routes: &HashMap<i64, Route>) -> Vec<Event> {
    judge::<Infallible>(sightings, routes, |_| Ok(false)).unwrap().0
}

/// Traces by the hour on which everything changes every hundred traces or so, and sometimes back.
fn unsteady(count: usize, seed: u64) -> (Vec<Sighting>, HashMap<i64, Route>) {
    let mut dice = Dice::new(seed);
    let mut below = |bound: f64| (dice.share() * bound).floor();
    let (mut way, mut level, mut loss) = (0.0, 20_000.0, 0.0);
    let mut sightings = Vec::new();
    for place in 0..count {
        if below(100.0) < 1.0 {
            way = below(4.0);
        }
        if below(80.0) < 1.0 {
            level = 20_000.0 + 3_000.0 * below(4.0);
        }
        if below(60.0) < 1.0 {
            loss = 0.4 * below(3.0);
        }
        let lost = (0..3).filter(|_| below(1000.0) < 1000.0 * loss).count();
        let branch = below(2.0);
        let number = |value: f64| value.to_string().parse::<i64>().unwrap();
        let us = u32::try_from(number(level + below(2_000.0))).unwrap();
        sightings.push(Sighting {
            key: i64::try_from(place).unwrap(),
            started: i64::try_from(place).unwrap() * HOUR,
            path: number(way * 2.0 + branch),
            outcome: Some(if lost == 3 { Outcome::Exhausted } else { Outcome::Reached }),
            rtt: (lost < 3).then_some((us, us)),
            sent: 3,
            lost: u32::try_from(lost).unwrap(),
        });
    }
    let routes = (0..8).map(|path| {
        let hops = [(1, 1), (2, 10 + path / 2), (3, 20 + path), (4, 9)].into();
        (path, Route { hops, last_ttl: Some(4) })
    });
    (sightings, routes.collect())
}

/// How many changes there are, and how many of them the incremental form tells otherwise.
fn disagreement(count: usize, seed: u64) -> (usize, usize) {
    let (sightings, routes) = unsteady(count, seed);
    let whole = all(&sightings, &routes);
    let mut different = 0;
    // Only where somebody says anything there can be a difference; a few other places besides.
    let mut places: BTreeSet<usize> = whole.iter().map(|event| event.sure).collect();
    places.extend((EARLIER..count).step_by(97));
    for place in places.into_iter().filter(|place| *place > EARLIER) {
        let begin = place - EARLIER;
        let sure = |events: &[Event], place: usize| -> Vec<String> {
            let events = events.iter().filter(|event| event.sure == place);
            events.map(|event| format!("{} {:?}", place - event.after, event.fact)).collect()
        };
        let part = all(&sightings[begin..=place], &routes);
        different += usize::from(sure(&part, place - begin) != sure(&whole, place));
    }
    (whole.len(), different)
}

#[test]
fn the_last_traces_say_the_same_as_all_of_them() {
    for seed in 0..3 {
        let (changes, different) = disagreement(1200, 30_000 + seed);
        assert!(changes > 15, "{changes}");
        assert_eq!(different, 0, "of {changes} changes, seed {seed}");
    }
}

/// `cargo test --release -p trace-store -- --ignored --nocapture how_often_a_part`
#[test]
#[ignore = "prints figures for people and checks nothing"]
fn how_often_a_part_says_otherwise() {
    let (mut changes, mut different) = (0, 0);
    for seed in 0..200 {
        let (some, other) = disagreement(2000, 40_000 + seed);
        changes += some;
        different += other;
    }
    println!("{different} of {changes} changes are told otherwise by the last {EARLIER} traces than by all");
}
