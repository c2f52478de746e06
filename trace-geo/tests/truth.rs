//! The judge against synthetic truth: paths between real cities, round-trip times as fibre makes them, and
//! databases with the faults of real ones. Nothing here shares code or a constant with the judge.
//!
//! # What has to be struck
//!
//! A false point is *displaced* by more than the bound if it lies further from the truth than light gets in the
//! router's RTT (in vacuum, there and back), and its own radius and a city's besides. It is *beyond* the bound if it
//! lies further than that from a place where the packets truly were: the source, where that is known, or another
//! router of the path of which at least one source says rightly where it is, in the RTT of the later of the two.
//!
//! Who knows the source can strike nearly all that is displaced, and 98% of it is asked for. Without the source not
//! everything displaced can be refuted by anybody: the first router answers in 3 ms, so that any other place on
//! earth is displaced; but nothing was before it, and what was behind it was there 80 ms later, in which light gets
//! 12,000 km. If all of the path were moved there with the unknown source, no clock would show it. What can be asked
//! without a source is therefore 98% of what is beyond the bound, and of what is displaced as far as it is beyond
//! the bound; the share of all that is displaced is printed beside it.
//!
//! A target that answers from many places is drawn falsely if light could not have been at the pin: never where the
//! source is known. One whose false place lies within what light allows cannot be told from a right one, and without
//! the source that goes for a path whose routers are all misplaced together.
//!
//! `cargo test -p trace-geo --test truth -- --ignored --nocapture` prints the whole table.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    unreachable_pub,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "truth/globe.rs"]
mod globe;
#[path = "truth/measurement.rs"]
mod measurement;
#[path = "truth/network.rs"]
mod network;
#[path = "truth/random.rs"]
mod random;
#[path = "truth/sources.rs"]
mod sources;
#[path = "truth/tally.rs"]
mod tally;

use measurement::Journey;
use network::Network;
use tally::{Start, Tally, mean, percent, quantile};

/// For looking at while the judge is tuned.
const TUNING: [u64; 4] = [11, 12, 13, 14];
/// Never used for that: chosen once, after the last change of the judge, and looked at once.
const HELD_OUT: u64 = 7_305_118_226;
const PATHS: u64 = 1000;

/// What has to hold on paths that nobody looked at, with the start and without.
fn holds(start: Start) {
    let tally = Tally::of(&Network::new(HELD_OUT), HELD_OUT, PATHS, start);
    println!("start {start:?}: {tally}");
    for (faulty, all) in tally.faulty.iter().zip(tally.places) {
        assert!((13.0..18.0).contains(&percent(*faulty, all)), "{faulty} of {all} places are faulty");
    }
    let mut asked = vec![("beyond", tally.beyond), ("refutable", tally.refutable)];
    if start == Start::Typed {
        asked.push(("displaced", tally.displaced));
    }
    for (what, [all, struck, _]) in asked {
        assert!(all > 1000 && percent(struck, all) >= 98.0, "{struck} of {all} {what} struck");
    }
    let [right, struck, _] = tally.right;
    assert!(right > 30_000 && percent(struck, right) <= 1.0, "{struck} of {right} right places struck");
    let least = |of: fn(&[f64]) -> f64| {
        tally.database_errors.iter().map(|errors| of(errors)).fold(f64::INFINITY, f64::min)
    };
    let median: fn(&[f64]) -> f64 = |errors| quantile(errors, 0.5);
    assert!(mean(&tally.chosen_errors) <= least(mean) / 2.0, "mean error");
    assert!(median(&tally.chosen_errors) <= least(median) / 2.0, "median error");
    let [all, off, beyond, recognised] = tally.anycast;
    assert!(off * 10 <= all && recognised * 3 >= all * 2, "{recognised} of {all} recognised, {off} far off");
    // Without a source a whole path may be moved, and its target with it.
    let most = if start == Start::Typed { 0 } else { all / 20 };
    assert!(beyond <= most, "{beyond} of {all} drawn where no light was");
}

#[test]
fn false_places_are_struck_and_true_ones_stand_where_the_start_is_known() {
    holds(Start::Typed);
}

#[test]
fn false_places_are_struck_and_true_ones_stand_where_a_database_tells_the_start() {
    holds(Start::Looked);
}

#[test]
fn false_places_are_struck_and_true_ones_stand_without_a_start() {
    holds(Start::Unknown);
}

/// The world is the same for ever, and what goes into it is what its files say.
#[test]
fn the_world_is_as_described() {
    let network = Network::new(HELD_OUT);
    assert!(network.cities.len() >= 300);
    let (mut silent, mut all) = (0, 0);
    let mut faster_than_before = 0;
    for number in 0..200 {
        let journey = Journey::new(&network, HELD_OUT, number);
        let mut last = 0.0;
        for router in &journey.routers {
            all += 1;
            silent += usize::from(router.bound.is_none());
            let own =
                journey.trace.hops[router.ttl - 1].statistics().min.map_or(0.0, |rtt| rtt.as_secs_f64());
            faster_than_before += usize::from(own > 0.0 && own < last);
            last = own;
            if let Some(bound) = router.bound {
                let far = network.cities[router.city].at.kilometres(journey.source) - 15.0;
                assert!(
                    far <= 102.2 / 1.2 * bound,
                    "light in fibre was there and back, by no straight cable"
                );
            }
        }
    }
    assert!((all / 20..all / 5).contains(&silent), "{silent} of {all} silent");
    assert!(faster_than_before > all / 20, "{faster_than_before} of {all} answer before their predecessor");
}

#[test]
#[ignore = "prints a table"]
fn tuning() {
    for seed in TUNING {
        let network = Network::new(seed);
        for start in [Start::Typed, Start::Looked, Start::Unknown] {
            println!("seed {seed}, start {start:?}: {}", Tally::of(&network, seed, 500, start));
        }
    }
}
