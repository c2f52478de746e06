use super::*;
use crate::report::samples::{answered, hop, silent, trace as sample};
use std::ops::RangeInclusive;
use std::sync::mpsc::channel;
use trace_core::model::ReplyKind;

fn board() -> Board {
    let finder = Finder { ask: channel().0, found: channel().1 };
    Board { keyboard: None, ..Board::new(Paint::Plain, finder, false, false) }
}

#[test]
fn keys_steer_measurement_and_view() {
    let mut board = board();
    assert_eq!(board.press(b'p'), Some(Order::Pause));
    assert_eq!(board.press(b'p'), Some(Order::Resume));
    assert_eq!(board.press(b' '), None);
    board.press(b'p');
    assert_eq!(board.press(b' '), Some(Order::Resume));
    assert_eq!((board.press(b'n'), board.view.names), (None, false));
    assert_eq!((board.press(b'd'), board.view.display), (None, Display::Percentiles));
    assert_eq!((board.press(b'?'), board.view.help), (None, true));
    // Any key ends the help, and does nothing else.
    assert_eq!((board.press(b'n'), board.view.help, board.view.names), (None, false, false));
    assert_eq!(board.press(b'x'), None);
    assert_eq!(board.press(b'q'), Some(Order::Quit));
}

#[test]
fn rounds_count_once_and_late_answers_count() {
    let rounds = |from: u32, to: u32| {
        let probes = (from..to).map(|round| {
            // What was silent in round 1 at first was answered a round later.
            let mut probe = if round == 1 && to < 3 {
                silent()
            } else {
                answered("192.0.2.1", 1000, ReplyKind::TimeExceeded)
            };
            probe.round = round;
            probe
        });
        vec![hop(1, probes.collect::<Vec<_>>())]
    };
    let mut counted = Counted::default();
    let whole = |tallies: Tallies| {
        let tally = &tallies.get(Ttl::MIN).unwrap().whole;
        (tally.sent, tally.answered)
    };
    for round in 0..20 {
        counted.round_over(round, Ttl::MIN, None, &|from| rounds(from, round + 1));
        let expected = u64::from(round) + 1;
        let lost = u64::from(round == 1);
        assert_eq!(
            whole(counted.with(&rounds(counted.settled_to, round + 1), None)),
            (expected, expected - lost)
        );
    }
    counted.reset();
    counted.round_over(20, Ttl::MIN, None, &|from| rounds(from, 21));
    assert_eq!(whole(counted.with(&rounds(counted.settled_to, 21), None)), (1, 1));
}

#[test]
fn what_a_hop_left_out_is_a_limit_as_long_as_it_is_counted() {
    let rounds = |from: u32, to: u32, lossy: bool| {
        let probe = |round: u32, silent_in: u32, from: &str| {
            let mut probe =
                if round == silent_in { silent() } else { answered(from, 1000, ReplyKind::TimeExceeded) };
            probe.round = round;
            probe
        };
        let behind = if lossy { 3 } else { u32::MAX };
        vec![
            hop(1, (from..to).map(|round| probe(round, 3, "192.0.2.1")).collect::<Vec<_>>()),
            hop(2, (from..to).map(|round| probe(round, behind, "192.0.2.2")).collect::<Vec<_>>()),
        ]
    };
    let after = |board: &mut Board, wanted: RangeInclusive<u32>, lossy: bool| {
        let draft = Trace { hops: Vec::new(), ..sample() };
        let end = wanted.end() + 1;
        for round in wanted {
            board.round_over(round, Ttl::MIN, &draft, &|from| rounds(from, round + 1, lossy));
        }
        let tallies = board.tally.with(&rounds(board.tally.settled_to, end, lossy), None);
        board.recent.standing(&tallies)
    };
    let (limits, nothing) = ([vec![Finding::RateLimited], vec![]], [vec![], vec![]]);
    let mut watched = board();
    assert_eq!(after(&mut watched, 0..=10, false), limits);
    // None of the last rounds shows it any more; 1 of 60 is still counted.
    assert_eq!(after(&mut watched, 11..=59, false), limits);
    watched.press(b'r');
    assert_eq!(after(&mut watched, 60..=80, false), nothing);
    // What is lost behind it as well is no limit.
    assert_eq!(after(&mut board(), 0..=59, true), nothing);
}
