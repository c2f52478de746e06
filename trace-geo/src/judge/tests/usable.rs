//! Which answers count.

use super::*;

/// A source, and a place 10 degrees away: 7.42 ms and less are impossible.
fn far() -> Atlas {
    atlas(&[&[town(0.0, 30.0, 0.0)]])
}

fn from_source(mut trace: Trace) -> Trace {
    trace.origin = origin(0.0, 20.0, OriginSource::Flag);
    trace
}

#[test]
fn a_hop_is_at_most_as_slow_as_those_behind_it() {
    // The router takes 90 ms for an error; who stands behind it answers in 5.
    let trace = from_source(path(&[90.0, 5.0]));
    assert_eq!(candidate(&judge(&trace, &far()), 1, 0), Some(Verdict::Impossible));
}

#[test]
fn a_hop_faster_than_its_predecessor_is_no_contradiction() {
    // Both 10 degrees out, 12 ms are enough for both, and the difference of -78 ms means nothing.
    let rows: [&[Place]; 2] = [&[town(0.0, 30.0, 0.0)], &[town(0.0, 30.1, 0.0)]];
    let judged = judge(&from_source(path(&[90.0, 12.0])), &atlas(&rows));
    assert_eq!(
        (verdict(&judged, 1), verdict(&judged, 2)),
        (Some(Verdict::Plausible), Some(Verdict::Plausible))
    );
    assert_eq!(judged.consistency, Some(1.0));
}

#[test]
fn only_answers_over_icmp_count() {
    use ReplyKind::{AdminProhibited, Data, EchoReply, PortUnreachable, Rst, SynAck, TimeExceeded};
    for (kind, expected) in [
        (TimeExceeded, Some(Verdict::Impossible)),
        (EchoReply, Some(Verdict::Impossible)),
        (PortUnreachable, Some(Verdict::Impossible)),
        (AdminProhibited, Some(Verdict::Impossible)),
        (Rst, None),
        (SynAck, None),
        (Data, None),
    ] {
        let judged = judge(&from_source(trace(vec![vec![probe(address(1), 5.0, kind)]])), &far());
        assert_eq!(candidate(&judged, 1, 0), expected, "{kind}");
        // A forged one behind the hop does not make it faster either.
        let hops = vec![vec![probe(address(1), 50.0, TimeExceeded)], vec![probe(address(2), 5.0, kind)]];
        let judged = judge(&from_source(trace(hops)), &far());
        assert_eq!(candidate(&judged, 1, 0), expected.or(Some(Verdict::Plausible)), "{kind}");
    }
}

#[test]
fn probes_off_their_flow_inherited_answers_and_imported_traces_tell_nothing() {
    let mut off_flow = from_source(path(&[5.0]));
    off_flow.hops[0].probes[0].off_flow = true;
    let mut inherited = from_source(path(&[5.0]));
    reply(&mut inherited.hops[0].probes[0]).inherited_from = Some(Uuid::nil());
    let mut imported = from_source(path(&[5.0]));
    imported.kind = TraceKind::Imported;
    let mut untimed = from_source(path(&[5.0]));
    reply(&mut untimed.hops[0].probes[0]).rtt = None;
    for trace in [off_flow, inherited, imported, untimed] {
        assert_eq!(judge(&trace, &far()), far());
    }
}

#[test]
fn a_flow_that_is_balanced_or_changes_its_path_is_left_out_and_others_stay() {
    let mut trace = from_source(path(&[5.0, 6.0]));
    trace.hops[1].probes.push(probe(address(3), 6.0, ReplyKind::TimeExceeded));
    assert_eq!(judge(&trace, &far()), far());
    let mut steady = probe(address(1), 50.0, ReplyKind::TimeExceeded);
    steady.flow = Flow(1);
    trace.hops[0].probes.push(steady);
    assert_eq!(verdict(&judge(&trace, &far()), 1), Some(Verdict::Plausible));
    // Somebody behind the target.
    let mut trace = from_source(path(&[5.0, 6.0]));
    trace.target = Some(Target { name: None, address: address(1) });
    assert_eq!(judge(&trace, &far()), far());
}

#[test]
fn who_refuses_at_a_later_ttl_is_no_further_away() {
    // Router 1 at TTL 1; router 2 at TTL 2; then router 1 refuses at TTL 3, in 5 ms. That packet need not
    // have passed router 2.
    let mut trace = from_source(path(&[50.0, 50.0]));
    let refusal = probe(address(1), 5.0, ReplyKind::HostUnreachable);
    trace.hops.push(Hop { ttl: Ttl::new(3).unwrap(), probes: vec![refusal] });
    let rows: [&[Place]; 2] = [&[town(0.0, 20.0, 0.0)], &[town(0.0, 30.0, 0.0)]];
    let judged = judge(&trace, &atlas(&rows));
    assert_eq!(
        (verdict(&judged, 1), verdict(&judged, 2)),
        (Some(Verdict::Plausible), Some(Verdict::Plausible))
    );
}

#[test]
fn with_nothing_to_hold_it_against_a_place_has_no_verdict() {
    assert_eq!(judge(&path(&[5.0]), &far()), far());
}

#[test]
fn private_addresses_and_those_not_to_be_placed_stay_as_they_are() {
    let mut atlas = far();
    let private = Located {
        verdict: Some(Verdict::Private),
        note: Some("private (RFC 1918)".to_owned()),
        ..Located::default()
    };
    atlas.places.insert(address(2), private.clone());
    let withheld = Located {
        verdict: Some(Verdict::Unlocated),
        candidates: vec![evidence("geofeed:own.csv", Place::default()), evidence("mmdb:x", country("US"))],
        ..Located::default()
    };
    atlas.places.insert(address(3), withheld.clone());
    let judged = judge(&from_source(path(&[20.0, 21.0, 22.0])), &atlas);
    assert_eq!(judged.get(address(2)), Some(&private));
    assert_eq!(judged.get(address(3)), Some(&withheld));
    assert_eq!(verdict(&judged, 1), Some(Verdict::Plausible));
}

#[test]
fn a_place_without_evidence_is_its_own() {
    let mut atlas = Atlas::default();
    let place = Some(town(0.0, 30.0, 0.0));
    atlas.places.insert(address(1), Located { place, source: Some("old 2020".into()), ..Located::default() });
    let judged = judge(&from_source(path(&[5.0])), &atlas);
    assert_eq!(
        (verdict(&judged, 1), candidate(&judged, 1, 0)),
        (Some(Verdict::Unlocated), Some(Verdict::Impossible))
    );
    assert_eq!(judged.get(address(1)).unwrap().candidates[0].source, "old 2020".into());
}
