use super::*;
use crate::report::samples::{answered, hop, silent};
use std::sync::mpsc::channel;
use trace_core::model::ReplyKind;

fn board() -> Board {
    let finder = Finder { ask: channel().0, found: channel().1 };
    Board { keyboard: None, ..Board::new(Paint::Plain, finder, false) }
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
