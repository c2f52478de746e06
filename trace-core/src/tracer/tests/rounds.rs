//! Rounds, and paths that change between them.

use super::*;
use crate::model::Hop;

const ROUNDS: u32 = 10;

/// A path with `before` routers that has `after` of them from 4.5 seconds on.
fn changing(before: u16, after: u16) -> Network {
    let mut network = Network::chain(Family::V4, 12, ms(5));
    let moment = Moment::ZERO + ms(4500);
    let host = network.target(address(1));
    host.path(Path::through(1..=before)).path_from(moment, Path::through(1..=after));
    network
}

fn settings(queries: u8) -> Settings {
    Settings { rounds: ROUNDS, queries, ..Settings::default() }
}

fn counts(hops: &[Hop]) -> Vec<(u32, u32)> {
    hops.iter().map(|hop| (hop.statistics().sent, hop.statistics().answered)).collect()
}

#[test]
fn a_path_that_gets_longer_or_shorter_is_no_loss() {
    for (before, after) in [(5, 8), (8, 5)] {
        let mut tracer = tracer(changing(before, after));
        let target = tracer.add(Job { settings: settings(1), ..job(1, Protocol::Icmp) }).unwrap();
        let mut lengths = Vec::new();
        let trace = loop {
            match tracer.next_event(&|| false).unwrap().unwrap() {
                Event::RoundFinished { last_ttl, outcome, .. } => {
                    assert_eq!(outcome, Outcome::Reached);
                    lengths.push(u16::from(last_ttl.get()));
                    let hops = tracer.hops(target);
                    assert!(hops.iter().all(|hop| hop.statistics().loss() == Some(0.0)), "{hops:?}");
                }
                Event::Finished { trace, .. } => break trace,
                _ => {}
            }
        };
        assert_eq!(lengths, [[before + 1; 5], [after + 1; 5]].concat());
        // Each TTL counts the rounds in which it was part of the path.
        let (short, long) = (usize::from(before.min(after)) + 1, usize::from(before.max(after)) + 1);
        let mut expected = vec![(10, 10); short];
        expected.resize(long, (5, 5));
        assert_eq!(counts(&trace.hops), expected, "{before} to {after}");
    }
}

#[test]
fn hops_are_shown_from_a_round_on() {
    let mut tracer = tracer(changing(8, 5));
    let target = tracer.add(Job { settings: settings(1), ..job(1, Protocol::Icmp) }).unwrap();
    loop {
        match tracer.next_event(&|| false).unwrap().unwrap() {
            Event::RoundFinished { round: 8, .. } => break,
            Event::Finished { .. } => panic!("finished"),
            _ => {}
        }
    }
    assert_eq!(counts(&tracer.hops_from(target, 6)), [(3, 3); 6]);
    assert_eq!(tracer.hops(target).len(), 9);
}

#[test]
fn limited_routers_are_waited_for_between_rounds() {
    for (queries, seconds) in [(1, 9), (3, 24)] {
        let mut network = Network::chain(Family::V4, 6, ms(5));
        for number in 1..=6 {
            network.router(number).rate_limited();
        }
        let mut tracer = tracer(network);
        tracer.add(Job { settings: settings(queries), ..job(1, Protocol::Icmp) }).unwrap();
        let trace = finish(&mut tracer).remove(0).0;
        let all = ROUNDS * u32::from(queries);
        assert_eq!(counts(&trace.hops), [(all, all); 7]);
        let took = trace.duration.unwrap();
        assert!(took >= ms(seconds * 1000) && took < ms(seconds * 1000 + 3100), "{queries}: {took:?}");
    }
}

#[test]
fn rounds_for_ever_go_on_until_they_are_stopped() {
    let mut tracer = tracer(Network::chain(Family::V4, 6, ms(5)));
    let settings = Settings { rounds: u32::MAX, queries: 1, ..Settings::default() };
    let target = tracer.add(Job { settings, ..job(1, Protocol::Icmp) }).unwrap();
    let trace = loop {
        match tracer.next_event(&|| false).unwrap().unwrap() {
            Event::RoundFinished { round: 2000, .. } => tracer.stop(target),
            Event::Finished { trace, .. } => break trace,
            _ => {}
        }
    };
    assert_eq!((trace.outcome, counts(&trace.hops)), (Some(Outcome::Interrupted), vec![(2001, 2001); 7]));
}

#[test]
fn what_is_under_way_when_rounds_are_interrupted_is_no_loss() {
    let mut tracer = tracer(Network::chain(Family::V4, 6, ms(5)));
    tracer.add(Job { settings: settings(1), ..job(1, Protocol::Icmp) }).unwrap();
    loop {
        match tracer.next_event(&|| false).unwrap().unwrap() {
            Event::RoundFinished { round: 3, .. } => break,
            Event::Finished { .. } => panic!("finished"),
            _ => {}
        }
    }
    // The first answer of the next round.
    assert!(matches!(tracer.next_event(&|| false).unwrap(), Some(Event::Answered { .. })));
    tracer.canceller().cancel();
    let trace = finish(&mut tracer).remove(0).0;
    assert_eq!(counts(&trace.hops), [(5, 5), (4, 4), (4, 4), (4, 4), (4, 4), (4, 4), (4, 4)]);
}
