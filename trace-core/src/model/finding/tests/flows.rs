//! Balancing, and paths that change.

use super::*;

/// A round of flow 0, one probe to each TTL from 1 on; 0 is silence.
fn round(story: &mut Story, round: u32, bytes: &[u8]) {
    for (ttl, &byte) in (1..).zip(bytes) {
        story.ask(ttl, round, byte);
    }
}

#[test]
fn an_answerer_that_comes_back_within_a_round_is_balancing() {
    let mut story = Story::new();
    for byte in [2, 3, 2] {
        story.ask(1, 0, 1).ask(2, 0, byte).ask(3, 0, TARGET);
    }
    assert_eq!(story.found(), [(2, Finding::SeveralAnswerers), (2, Finding::PerPacketBalancing)]);
    assert_eq!(story.trace.path_changes(), []);
}

#[test]
fn changes_at_two_moments_of_one_round_are_balancing() {
    let mut story = Story::new();
    for byte in [2, 3, 3] {
        story.ask(2, 0, byte);
    }
    for byte in [4, 4, 5] {
        story.ask(3, 0, byte);
    }
    let found = story.found();
    assert!(
        found.contains(&(2, Finding::PerPacketBalancing))
            && found.contains(&(3, Finding::PerPacketBalancing))
    );
}

#[test]
fn one_probe_a_round_shows_balancing_by_its_many_changes() {
    let mut story = Story::new();
    for (number, byte) in (0..).zip([2, 3, 3, 2, 3, 2, 2, 3]) {
        round(&mut story, number, &[1, byte, TARGET]);
    }
    assert_eq!(story.found(), [(2, Finding::SeveralAnswerers), (2, Finding::PerPacketBalancing)]);
}

#[test]
fn a_stray_answer_is_neither() {
    let mut story = Story::new();
    for number in 0..20 {
        round(&mut story, number, &[1, if number == 9 { 3 } else { 2 }, TARGET]);
    }
    assert_eq!(story.found(), [(2, Finding::SeveralAnswerers)]);
    assert_eq!(story.trace.path_changes(), []);
    // Nor do three probes tell, if the odd one is the last.
    let mut story = Story::new();
    story.ask(2, 0, 2).ask(2, 0, 2).ask(2, 0, 3).ask(3, 0, TARGET);
    assert_eq!(story.found(), [(2, Finding::SeveralAnswerers)]);
}

#[test]
fn a_change_has_a_moment_a_range_and_both_sides() {
    let mut story = Story::new();
    for number in 0..6 {
        let bytes = if number < 3 { [1, 2, 3, 4, TARGET] } else { [1, 12, 13, 4, TARGET] };
        round(&mut story, number, &bytes);
    }
    let changes = story.trace.path_changes();
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!((change.first_ttl.get(), change.last_ttl.get(), change.round), (2, 3, 3));
    // Three rounds of five probes, and the second of the fourth.
    assert_eq!(change.at, Duration::from_millis(17));
    assert_eq!(change.before, [2, 3].map(|byte| Some(address(byte))));
    assert_eq!(change.after, [12, 13].map(|byte| Some(address(byte))));
    assert_eq!(change.to_string(), "17.0 ms after the start the path changed from TTL 2 to 3");
    assert_eq!(
        story.found(),
        [
            (2, Finding::SeveralAnswerers),
            (2, Finding::PathChange),
            (3, Finding::SeveralAnswerers),
            (3, Finding::PathChange)
        ]
    );
}

#[test]
fn a_path_may_change_and_change_back() {
    let mut story = Story::new();
    for number in 0..12 {
        round(&mut story, number, &[1, if (4..8).contains(&number) { 3 } else { 2 }, TARGET]);
    }
    let rounds: Vec<u32> = story.trace.path_changes().iter().map(|change| change.round).collect();
    assert_eq!(rounds, [4, 8]);
}

#[test]
fn a_path_that_gets_longer_or_shorter_loses_nothing() {
    // mtr issue 361: what went past the target of a shorter path was never meant for a hop there.
    for grows in [true, false] {
        let mut story = Story::new();
        for number in 0..6 {
            if (number < 3) == grows {
                round(&mut story, number, &[1, 2, TARGET, 0, 0]);
            } else {
                round(&mut story, number, &[1, 12, 13, 14, TARGET]);
            }
        }
        let statistics = story.trace.statistics();
        assert!(statistics.iter().all(|hop| hop.loss() == Some(0.0)), "{statistics:?}");
        assert_eq!(statistics.iter().map(|hop| hop.sent).collect::<Vec<_>>(), [6, 6, 6, 3, 3]);
        let changes = story.trace.path_changes();
        let [change] = changes.as_slice() else { panic!("{changes:?}") };
        let lengths = [change.length_before, change.length_after].map(|length| length.unwrap().get());
        assert_eq!(lengths, if grows { [3, 5] } else { [5, 3] });
        assert_eq!((change.first_ttl.get(), change.last_ttl.get()), (2, 5));
        assert!(story.found().iter().all(|(_, finding)| *finding != Finding::RateLimited));
    }
}

#[test]
fn a_router_that_left_the_path_loses_nothing() {
    let mut story = Story::new();
    for number in 0..6 {
        round(&mut story, number, if number < 3 { &[1, 2, 3, 4, TARGET] } else { &[1, 12, 0, 14, TARGET] });
    }
    let losses: Vec<_> = story.trace.statistics().iter().map(|hop| hop.loss()).collect();
    assert_eq!(losses, [Some(0.0); 5]);
    assert_eq!(story.trace.hops[2].statistics().loss(), Some(0.5));
    assert!(!story.found().contains(&(3, Finding::RateLimited)));
    assert!(story.found().contains(&(3, Finding::PathChange)));
}

#[test]
fn flows_that_keep_to_their_routers_are_balanced_by_flow() {
    let mut story = Story::new();
    for flow in 0..4 {
        for _ in 0..2 {
            for (ttl, byte) in [(1, 1), (2, 2 + u8::try_from(flow % 2).unwrap()), (3, TARGET)] {
                story.probe(ttl, 0, flow, Protocol::Icmp, Some(reply(byte)));
            }
        }
    }
    assert_eq!(story.found(), [(2, Finding::SeveralAnswerers), (2, Finding::PerFlowBalancing)]);
    assert_eq!(
        story.explanation(Finding::PerFlowBalancing),
        "of 4 flows 2 are answered by 10.0.0.2, 2 by 10.0.0.3, each always by the same: they are balanced by flow"
    );
}

#[test]
fn one_probe_a_flow_shows_no_constancy() {
    let mut story = Story::new();
    for flow in 0..4 {
        story.probe(1, 0, flow, Protocol::Icmp, Some(reply(u8::try_from(flow).unwrap() + 1)));
    }
    assert_eq!(story.found(), [(1, Finding::SeveralAnswerers)]);
}

#[test]
fn a_flow_that_was_not_kept_tells_nothing() {
    let mut story = Story::new();
    story.trace.mode = Some(Mode::Unprivileged);
    for number in 0..6 {
        for byte in [2, 3, 2] {
            story.probe(1, number, 0, Protocol::Tcp, Some(reply(if number < 3 { byte } else { byte + 10 })));
        }
    }
    assert_eq!(story.found(), [(1, Finding::SeveralAnswerers)]);
    assert_eq!(story.trace.path_changes(), []);
    // So with what left its flow.
    let mut story = Story::new();
    story.ask(1, 0, 2).ask(1, 0, 3).ask(1, 0, 2);
    for probe in &mut story.trace.hops[0].probes {
        probe.off_flow = true;
    }
    assert_eq!(story.found(), [(1, Finding::SeveralAnswerers)]);
}
