//! Sequences of paths, and what a person would say of them.

use trace_core::model::Outcome;

use super::*;

const NONE: [usize; 0] = [];

/// A trace of a path by its answerers at TTL 1, 2...; 0 is silent.
fn sighting(path: &[i64], reached: bool) -> (Sighting, Route) {
    let hops = (1u8..).zip(path).filter(|(_, from)| **from != 0).map(|(ttl, from)| (ttl, *from)).collect();
    let number = path.iter().fold(7_i64, |number, from| number.wrapping_mul(1_000_003).wrapping_add(*from));
    let sighting = Sighting {
        key: 0,
        started: 0,
        path: number,
        outcome: Some(if reached { Outcome::Reached } else { Outcome::Exhausted }),
        rtt: None,
        sent: 3,
        lost: 0,
    };
    (sighting, Route { hops, last_ttl: u8::try_from(path.len()).ok() })
}

/// Where eras began among these paths, each so often.
fn changes(paths: &[(&[i64], usize)]) -> Vec<usize> {
    let traces = paths.iter().flat_map(|(path, count)| std::iter::repeat_n(*path, *count));
    changes_of(&traces.map(|path| sighting(path, path.last() == Some(&9))).collect::<Vec<_>>())
}

fn changes_of(traces: &[(Sighting, Route)]) -> Vec<usize> {
    let mut course = Course::default();
    let turns = traces.iter().map(|(sighting, route)| course.take(sighting, route));
    turns.filter_map(|turn| if let Turn::Changed(first) = turn { Some(first) } else { None }).collect()
}

#[test]
fn another_path_that_lasts_is_a_change_from_its_first_trace_on() {
    assert_eq!(changes(&[(&[1, 2, 3, 9], 20), (&[1, 4, 5, 9], 20)]), [20]);
    assert_eq!(changes(&[(&[1, 2, 3, 9], 20), (&[1, 4, 5, 9], 20), (&[1, 2, 3, 9], 20)]), [20, 40]);
    // Longer, shorter, and to nowhere.
    assert_eq!(changes(&[(&[1, 2, 3, 9], 20), (&[1, 2, 3, 4, 9], 9)]), [20]);
    assert_eq!(changes(&[(&[1, 2, 3, 9], 20), (&[1, 2, 9], 9)]), [20]);
    assert_eq!(changes(&[(&[1, 2, 3, 9], 20), (&[1, 7, 8, 0, 0], 9)]), [20]);
}

#[test]
fn how_sure_one_can_be_depends_on_how_much_was_seen_before() {
    for (before, enough) in [(5, 12), (10, 6), (20, 4), (40, 3), (5000, 2)] {
        assert_eq!(changes(&[(&[1, 2, 9], before), (&[1, 3, 9], enough - 1)]), NONE, "{before}");
        assert_eq!(changes(&[(&[1, 2, 9], before), (&[1, 3, 9], enough)]), [before], "{before}");
    }
    assert_eq!(changes(&[(&[1, 2, 9], 1), (&[1, 3, 9], 30)]), NONE);
}

#[test]
fn a_single_detour_is_none() {
    assert_eq!(changes(&[(&[1, 2, 3, 9], 20), (&[1, 4, 5, 9], 1), (&[1, 2, 3, 9], 20)]), NONE);
}

#[test]
fn silent_hops_change_nothing() {
    assert_eq!(changes(&[(&[1, 2, 3, 9], 20), (&[1, 0, 3, 9], 20), (&[1, 2, 0, 9], 20)]), NONE);
    assert_eq!(changes(&[(&[1, 0, 3, 9], 20), (&[1, 2, 3, 9], 20)]), NONE);
    assert_eq!(changes(&[(&[1, 2, 3, 9], 20), (&[0, 0, 0, 9], 20), (&[1, 2, 3, 9], 20)]), NONE);
}

#[test]
fn a_target_that_does_not_answer_is_no_other_path() {
    let well = sighting(&[1, 2, 3, 9], true);
    let silent = sighting(&[1, 2, 3, 0, 0, 0, 0], false);
    // The last router says that the host is not there, at its own TTL and at that of the host.
    let refused = sighting(&[1, 2, 3, 3], false);
    let mut traces = vec![well.clone(); 20];
    traces.extend(vec![silent; 10]);
    traces.extend(vec![refused; 10]);
    traces.extend(vec![well; 10]);
    assert_eq!(changes_of(&traces), NONE);
}

#[test]
fn a_router_that_says_there_is_no_way_on_stands_where_it_stood() {
    let well = sighting(&[1, 2, 3, 9], true);
    let refused = |path: &[i64]| {
        let (refused, route) = sighting(path, false);
        (Sighting { outcome: Some(Outcome::Unreachable), ..refused }, route)
    };
    // Silent at its own TTL, and heard one or two behind it.
    for path in [&[1, 2, 0, 3][..], &[1, 2, 0, 0, 3], &[1, 0, 0, 2], &[1, 2, 3, 3]] {
        let traces = [vec![well.clone(); 40], vec![refused(path); 10], vec![well.clone(); 10]].concat();
        assert_eq!(changes_of(&traces), NONE, "{path:?}");
    }
    // One that was never met, or stood farther away, is on another way.
    for path in [&[1, 2, 0, 7][..], &[1, 7], &[1, 3]] {
        let traces = [vec![well.clone(); 40], vec![refused(path); 10], vec![well.clone(); 10]].concat();
        assert_eq!(changes_of(&traces), [40, 50], "{path:?}");
    }
}

/// Traces over paths that are drawn by `draw`, which is handed numbers of a generator.
fn balanced(
    count: usize,
    seed: u64,
    draw: impl Fn(&mut dyn FnMut(u64) -> u64) -> Vec<i64>,
) -> Vec<(Sighting, Route)> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut below = move |bound: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % bound
    };
    (0..count).map(|_| sighting(&draw(&mut below), true)).collect()
}

fn pick(number: u64) -> i64 {
    i64::try_from(number).unwrap()
}

/// How many of 400 series of 300 traces have a change that is none.
fn false_alarms(draw: impl Fn(&mut dyn FnMut(u64) -> u64) -> Vec<i64> + Copy) -> usize {
    (0..400).filter(|seed| !changes_of(&balanced(300, 5000 + seed, draw)).is_empty()).count()
}

#[test]
fn balancing_is_no_change() {
    // Over two links, over two unequal ones, over four, over two and then four again, over 16, and over two of different
    // lengths.
    let two = false_alarms(|below| vec![1, 20 + pick(below(2)), 3, 9]);
    let rare = false_alarms(|below| vec![1, 20 + i64::from(below(10) == 0), 3, 9]);
    let four = false_alarms(|below| vec![1, 20 + pick(below(4)), 3, 9]);
    let nested = false_alarms(|below| vec![1, 20 + pick(below(2)), 30 + pick(below(4)), 9]);
    let many = false_alarms(|below| vec![1, 20 + pick(below(16)), 3, 9]);
    let lengths = false_alarms(|below| if below(2) == 0 { vec![1, 2, 3, 9] } else { vec![1, 4, 5, 6, 9] });
    println!("two {two}, rare {rare}, four {four}, nested {nested}, many {many}, lengths {lengths} of 400");
    for (alarms, most) in [(two, 1), (rare, 1), (four, 1), (nested, 3), (many, 2), (lengths, 1)] {
        assert!(
            alarms <= most,
            "two {two}, rare {rare}, four {four}, nested {nested}, many {many}, lengths {lengths}"
        );
    }
}

#[test]
fn a_change_behind_balancing_is_found() {
    let before = balanced(60, 1, |below| vec![1, 20 + pick(below(4)), 3, 4, 9]);
    let after = balanced(60, 2, |below| vec![1, 20 + pick(below(4)), 7, 8, 9]);
    let traces = [before, after].concat();
    assert_eq!(changes_of(&traces), [60]);
}

#[test]
fn the_ratio_is_that_of_two_urns() {
    for (n, k, strangers, expected) in [
        (0, 1, vec![7], 1.0),
        (1, 1, vec![7], 1.0 / 2.0),
        (20, 1, vec![7, 7], 1.0 / 21.0 * 2.0 / 22.0),
        (20, 1, vec![7, 8], 1.0 / 21.0 * 2.0 / 22.0),
        (20, 4, vec![7, 8, 7], 4.0 / 24.0 * 8.0 / 25.0 * 3.0 / 26.0),
    ] {
        let found = ratio(n, k, strangers.iter().copied());
        assert!((found - expected).abs() < 1e-12, "{n} {k} {strangers:?}: {found}");
    }
}
