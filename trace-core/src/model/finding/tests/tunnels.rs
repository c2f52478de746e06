//! MPLS.

use super::*;

fn label(ttl: u8) -> Label {
    Label { label: 24015, traffic_class: 0, bottom: true, ttl }
}

fn labelled(byte: u8, ttl: u8) -> Reply {
    Reply { mpls: vec![label(ttl)], ..reply(byte) }
}

fn taking(milliseconds: u64, reply: Reply) -> Reply {
    Reply { rtt: Some(Duration::from_millis(milliseconds)), ..reply }
}

fn back(byte: u8, ttl: u8) -> Reply {
    Reply { reply_ttl: Some(ttl), ..reply(byte) }
}

#[test]
fn labels_show_a_tunnel() {
    let mut story = Story::new();
    story.walk([reply(1), labelled(2, 1), labelled(3, 1), reply(4), reply(TARGET)]);
    assert_eq!(story.found(), [(2, Finding::MplsTunnel), (3, Finding::MplsTunnel)]);
    assert_eq!(
        story.explanation(Finding::MplsTunnel),
        "reports label 24015 of an MPLS tunnel from TTL 2 to 3"
    );
}

#[test]
fn one_label_with_a_ttl_from_outside_hides_routers() {
    let mut story = Story::new();
    story.walk([reply(1), labelled(2, 252), reply(4), reply(TARGET)]);
    assert_eq!(story.found(), [(2, Finding::MplsOpaque)]);
    assert!(story.explanation(Finding::MplsOpaque).ends_with("hides about 3 routers"));
    for ttl in [1, 255, 100] {
        let mut story = Story::new();
        story.walk([reply(1), labelled(2, ttl), reply(4), reply(TARGET)]);
        assert_eq!(story.found(), [(2, Finding::MplsTunnel)], "label TTL {ttl}");
    }
}

#[test]
fn rising_quoted_ttls_show_a_tunnel_without_labels() {
    let quotes = |ttls: [u8; 5]| {
        let mut story = Story::new();
        story.walk((1..).zip(ttls).map(|(byte, ttl)| quoting(byte, ttl, 0, false)));
        story.found()
    };
    let implicit = |ttls: &[u8]| ttls.iter().map(|ttl| (*ttl, Finding::MplsImplicit)).collect::<Vec<_>>();
    assert_eq!(quotes([1, 1, 2, 3, 1]), implicit(&[2, 3, 4]));
    assert_eq!(quotes([1, 1, 1, 1, 1]), []);
    // One that is merely wrong does not rise.
    assert_eq!(quotes([1, 1, 5, 1, 1]), []);
}

#[test]
fn labels_explain_rising_quoted_ttls() {
    let mut story = Story::new();
    let both = |byte, ttl| Reply { mpls: vec![label(1)], ..quoting(byte, ttl, 0, false) };
    story.walk([quoting(1, 1, 0, false), both(2, 1), both(3, 2), both(4, 3), quoting(5, 1, 0, false)]);
    assert!(story.found().iter().all(|(_, finding)| *finding == Finding::MplsTunnel));
}

#[test]
fn a_target_that_quotes_what_was_left_is_no_tunnel() {
    let unreachable =
        |ttl| Reply { kind: Some(ReplyKind::PortUnreachable), ..quoting(TARGET, ttl, 0, false) };
    let mut story = Story::new();
    story.walk([quoting(1, 1, 0, false), unreachable(1), unreachable(2), unreachable(3)]);
    assert_eq!(story.found(), []);
}

#[test]
fn a_way_back_that_jumps_and_then_stays_hides_routers() {
    let ways = |ttls: [u8; 8]| {
        let mut story = Story::new();
        story.walk((1..).zip(ttls).map(|(byte, ttl)| back(byte, ttl)));
        story.found()
    };
    // Routers back: 0, 1, 2, then 7 for as long as four hidden ones last, then as far as the probe went.
    assert_eq!(ways([255, 254, 253, 248, 248, 248, 248, 248]), [(4, Finding::MplsInvisible)]);
    // Another way back goes on growing.
    assert_eq!(ways([255, 254, 253, 248, 247, 246, 245, 244]), []);
    assert_eq!(ways([255, 254, 253, 252, 251, 250, 249, 248]), []);
    // Too little.
    assert_eq!(ways([255, 254, 253, 250, 250, 249, 248, 247]), []);
    // Not steady before.
    assert_eq!(ways([255, 251, 254, 248, 248, 248, 248, 248]), []);
    // A router that starts with 64 is told from a longer way.
    assert_eq!(ways([255, 254, 253, 57, 57, 57, 57, 57]), []);
}

#[test]
fn times_of_a_tunnel_may_be_those_of_its_end() {
    let times = |times: [u64; 5]| {
        let mut story = Story::new();
        let replies = [reply(1), labelled(2, 1), labelled(3, 1), labelled(4, 1), reply(5)];
        story.walk(times.into_iter().zip(replies).map(|(time, reply)| taking(time, reply)));
        let found = story.found();
        found
            .into_iter()
            .filter(|(_, found)| *found == Finding::MplsRtt)
            .map(|(ttl, _)| ttl)
            .collect::<Vec<_>>()
    };
    assert_eq!(times([5, 80, 80, 80, 80]), [2, 3, 4]);
    assert_eq!(times([5, 20, 40, 60, 80]), []);
    assert_eq!(times([79, 80, 80, 80, 80]), [], "all are near one another");
}
