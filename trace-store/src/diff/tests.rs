//! Pairs of traces, and what a person would say of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use trace_core::model::{
    Asn, CountryCode, Flow, Hop, Located, Place as Where, ProbeRecord, ProbeResult, Protocol, Protocols,
    Reply, ReplyKind, Settings, TraceKind,
};

use super::*;
use crate::samples;

const TARGET: u8 = 99;

fn router(number: u8) -> IpAddr {
    [198, 51, 100, number].into()
}

fn probe(flow: u16, round: u32, from: u8) -> ProbeRecord {
    let mut reply = Reply::new(router(from));
    reply.rtt = Some(Duration::from_millis(10));
    reply.kind = Some(if from == TARGET { ReplyKind::PortUnreachable } else { ReplyKind::TimeExceeded });
    let result = if from == 0 { ProbeResult::Silent } else { ProbeResult::Answered(Box::new(reply)) };
    let sent = Some(Duration::from_millis(u64::from(round) * 1000 + u64::from(flow)));
    ProbeRecord { protocol: Some(Protocol::Udp), flow: Flow(flow), round, sent, off_flow: false, result }
}

/// A trace whose hops were answered so, 0 for a probe that was not; probe after probe is a flow of its own with `flows`,
/// else a round.
fn trace(hops: &[&[u8]], flows: bool) -> (Trace, Atlas) {
    let mut trace = Trace::new(Uuid::from_u128(1), TraceKind::Measured, 1_793_000_000_000_000_000);
    trace.target = Some(Target { name: None, address: router(TARGET) });
    trace.protocol = Some(Protocols::One(Protocol::Udp));
    trace.settings = Some(Settings::default());
    let reached = hops.last().is_some_and(|last| last.contains(&TARGET));
    trace.outcome = Some(if reached { Outcome::Reached } else { Outcome::Exhausted });
    let mut atlas = Atlas::default();
    for (ttl, answerers) in (1..).zip(hops) {
        let probes = (0..).zip(*answerers).map(|(number, from)| match flows {
            true => probe(number, 0, *from),
            false => probe(0, number.into(), *from),
        });
        trace.hops.push(Hop { ttl: Ttl::new(ttl).unwrap(), probes: probes.collect() });
        for from in answerers.iter().filter(|from| **from != 0) {
            // Routers 10 to 19 are in AS64501, and so on, each ten in a country of its own.
            let ten = from / 10;
            let place = Where {
                asn: Asn::new(64_500 + u32::from(ten)),
                country_code: CountryCode::new(["AR", "BR", "CL", "DE", "ES"][usize::from(ten % 5)]),
                city: Some(format!("City {ten}").into()),
                ..Where::default()
            };
            atlas.places.insert(router(*from), Located { place: Some(place), ..Located::default() });
        }
    }
    (trace, atlas)
}

fn plain(hops: &[u8]) -> (Trace, Atlas) {
    let hops: Vec<Vec<u8>> = hops.iter().map(|from| vec![*from; 3]).collect();
    trace(&hops.iter().map(Vec::as_slice).collect::<Vec<_>>(), false)
}

fn held(a: &(Trace, Atlas), b: &(Trace, Atlas)) -> Diff {
    diff((&a.0, &a.1), (&b.0, &b.1))
}

/// `1=1 2-3 +4`: first answerers side by side.
fn outline(diff: &Diff) -> String {
    let of = |place: &Option<Place>| {
        place.as_ref().map(|place| match place.addresses.first() {
            Some(IpAddr::V4(address)) => address.octets()[3].to_string(),
            _ => "*".to_owned(),
        })
    };
    let rows = diff.rows.iter().map(|row| match (of(&row.a), of(&row.b)) {
        (Some(a), Some(b)) => format!("{a}{}{b}", if row.mark == Mark::Same { "=" } else { "/" }),
        (Some(a), None) => format!("-{a}"),
        (None, b) => format!("+{}", b.unwrap_or_default()),
    });
    rows.collect::<Vec<_>>().join(" ")
}

fn names(steps: &[Step]) -> String {
    let step = |step: &Step| match step.mark {
        Mark::Added => format!("+{}", step.name),
        Mark::Removed => format!("-{}", step.name),
        _ => step.name.clone(),
    };
    steps.iter().map(step).collect::<Vec<_>>().join(" ")
}

#[test]
fn equal_paths_are_the_same_whatever_the_times() {
    let a = plain(&[10, 11, 20, TARGET]);
    let mut b = a.clone();
    b.0.started += 1;
    for probe in b.0.hops.iter_mut().flat_map(|hop| &mut hop.probes) {
        if let ProbeResult::Answered(reply) = &mut probe.result {
            reply.rtt = Some(Duration::from_millis(77));
        }
    }
    let diff = held(&a, &b);
    assert_eq!((diff.verdict, diff.same()), (Verdict::Same, true));
    assert_eq!(diff.reasons, ["the same routers answer"]);
}

#[test]
fn a_longer_path_is_aligned_around_what_was_put_in() {
    let diff = held(&plain(&[10, 11, 20, 30, TARGET]), &plain(&[10, 11, 40, 41, 20, 30, TARGET]));
    assert_eq!(outline(&diff), "10=10 11=11 +40 +41 20=20 30=30 99=99");
    assert_eq!(diff.verdict, Verdict::Reroute);
    assert_eq!(diff.reasons, ["the path is another one at TTL 3 to 4"]);
    assert_eq!(names(&diff.ases), "AS64501 +AS64504 AS64502 AS64503 AS64509");
    assert_eq!(names(&diff.countries), "BR +ES CL DE ES");
}

#[test]
fn other_networks_are_a_reroute_and_other_routers_of_one_network_may_be_balancing() {
    let a = plain(&[10, 20, 21, 30, TARGET]);
    let elsewhere = held(&a, &plain(&[10, 40, 41, 30, TARGET]));
    assert_eq!(
        (elsewhere.verdict, outline(&elsewhere).as_str()),
        (Verdict::Reroute, "10=10 20/40 21/41 30=30 99=99")
    );
    assert_eq!(names(&elsewhere.cities), "City 1, BR -City 2, CL +City 4, ES City 3, DE City 9, ES");
    let within = held(&a, &plain(&[10, 22, 23, 30, TARGET]));
    assert_eq!(within.verdict, Verdict::Uncertain);
    assert!(within.reasons[0].contains("TTL 2 to 3"), "{:?}", within.reasons);
    assert!(within.ases.iter().all(|step| step.mark == Mark::Same));
}

#[test]
fn one_flow_on_two_paths_is_no_balancing() {
    let (mut a, mut b) = (plain(&[10, 20, 30, TARGET]), plain(&[10, 21, 30, TARGET]));
    for trace in [&mut a.0, &mut b.0] {
        let settings = trace.settings.as_mut().unwrap();
        (settings.source_port, settings.port) = (Some(40_000), Some(33_434));
    }
    assert_eq!(held(&a, &b).verdict, Verdict::Reroute);
    b.0.settings.as_mut().unwrap().source_port = Some(40_001);
    assert_eq!(held(&a, &b).verdict, Verdict::Uncertain);
}

#[test]
fn several_answerers_show_balancing() {
    let both = trace(&[&[10, 10, 10], &[20, 21, 20], &[30, 30, 30], &[TARGET; 3]], true);
    let one = plain(&[10, 20, 30, TARGET]);
    let third = plain(&[10, 22, 30, TARGET]);
    for (a, b) in [(&both, &one), (&one, &both), (&both, &third)] {
        let diff = held(a, b);
        assert_eq!(diff.verdict, Verdict::LoadBalancing, "{}", outline(&diff));
        assert!(diff.reasons[0].contains("balanced over several ways at TTL 2"), "{:?}", diff.reasons);
    }
    assert_eq!(held(&both, &both).verdict, Verdict::Same);
    // That it is balanced in one place explains no other path in another.
    let elsewhere = plain(&[10, 20, 40, TARGET]);
    assert_eq!(held(&both, &elsewhere).verdict, Verdict::Reroute);
}

#[test]
fn a_silent_hop_is_no_other_path() {
    let a = plain(&[10, 11, 20, TARGET]);
    let diff = held(&a, &plain(&[10, 0, 20, TARGET]));
    assert_eq!((diff.verdict, outline(&diff).as_str()), (Verdict::SilentHop, "10=10 11/* 20=20 99=99"));
    assert!(!diff.same());
    // Not even where an AS is seen there alone.
    let diff = held(&a, &plain(&[10, 11, 0, TARGET]));
    assert_eq!(diff.verdict, Verdict::SilentHop);
    assert!(diff.ases.iter().chain(&diff.cities).chain(&diff.countries).all(|step| step.mark == Mark::Same));
    assert_eq!(held(&plain(&[0, 0, TARGET]), &plain(&[0, 0, TARGET])).verdict, Verdict::Same);
}

#[test]
fn a_router_that_limits_its_answers_explains_its_silence() {
    let limited = trace(&[&[10; 3], &[11, 0, 0], &[20; 3], &[TARGET; 3]], false);
    let silent = plain(&[10, 0, 20, TARGET]);
    let diff = held(&limited, &silent);
    assert_eq!((diff.verdict, diff.rows[1].mark), (Verdict::RateLimiting, Mark::RateLimited));
    // Where it answers in both there is no difference at all.
    assert_eq!(held(&limited, &plain(&[10, 11, 20, TARGET])).verdict, Verdict::Same);
}

#[test]
fn a_target_that_is_not_reached_is_told_apart_from_another_path() {
    let a = plain(&[10, 11, 20, 30, TARGET]);
    let diff = held(&a, &plain(&[10, 11, 0, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!((diff.verdict, outline(&diff).as_str()), (Verdict::Unreached, "10=10 11=11 -20 -30 -99"));
    assert!(diff.reasons[0].contains("the second trace did not reach"), "{:?}", diff.reasons);
    let diff = held(&a, &plain(&[10, 40, 41, 0, 0, 0, 0]));
    assert_eq!(diff.verdict, Verdict::Reroute);
    assert!(diff.reasons[0].contains("and the second trace did not reach"), "{:?}", diff.reasons);
}

#[test]
fn different_targets_are_said() {
    let a = plain(&[10, 11, TARGET]);
    let mut b = plain(&[10, 11, 98]);
    b.0.target = Some(Target { name: None, address: router(98) });
    let diff = held(&a, &b);
    assert_eq!(diff.verdict, Verdict::DifferentTargets);
    assert_eq!(diff.reasons[0], "the traces lead to different targets, 198.51.100.99 and 198.51.100.98");
}

#[test]
fn a_place_that_moved_is_no_other_path() {
    let a = plain(&[10, 11, TARGET]);
    let mut b = a.clone();
    b.0.started += 1;
    for located in b.1.places.values_mut() {
        located.place.as_mut().unwrap().city = Some("Elsewhere".into());
    }
    let diff = held(&a, &b);
    assert!(diff.same() && diff.cities.iter().all(|step| step.mark == Mark::Same), "{:?}", diff.cities);
    // What only one of them knows counts for both.
    b.1.places.clear();
    assert!(held(&a, &b).cities.iter().all(|step| step.mark == Mark::Same));
}

#[test]
fn programs_read_what_people_read() {
    let diff = held(&plain(&[10, 20, TARGET]), &plain(&[10, 40, 41, TARGET]));
    let json = serde_json::to_value(&diff).unwrap();
    assert_eq!((&json["same"], &json["verdict"]), (&false.into(), &"reroute".into()));
    assert_eq!(json["a"]["address"], "198.51.100.99");
    assert_eq!(json["a"]["started"], "2026-10-26T07:33:20.000000000Z");
    assert_eq!(json["rows"][0]["change"], "same");
    assert_eq!(json["rows"][0]["a"]["asn"], 64501);
    assert_eq!(json["levels"], serde_json::json!({ "hop": true, "as": true, "city": true, "country": true }));
    assert_eq!(
        json["alignments"]["country"][1],
        serde_json::json!({ "change": "removed", "a": "CL", "b": null })
    );
    assert!(json["text"].as_str().unwrap().starts_with("the path is another one"));
}

/// How often each mark stands in a diff, and the verdict.
fn tally(diff: &Diff) -> (Verdict, BTreeMap<&'static str, usize>) {
    let mut marks = BTreeMap::new();
    for row in &diff.rows {
        *marks.entry(row.mark.as_str()).or_default() += 1;
    }
    (diff.verdict, marks)
}

fn path() -> impl Strategy<Value = (Trace, Atlas)> {
    let hop = prop_oneof![4 => proptest::collection::vec(1u8..12, 1..4), 1 => Just(vec![0, 0, 0])];
    (proptest::collection::vec(hop, 0..10), any::<bool>(), any::<bool>(), 0i64..3).prop_map(
        |(mut hops, reached, flows, started)| {
            if reached {
                hops.push(vec![TARGET; 3]);
            }
            let mut made = trace(&hops.iter().map(Vec::as_slice).collect::<Vec<_>>(), flows);
            made.0.started += started;
            made.0.id = Uuid::from_u128(u128::try_from(started).unwrap());
            made
        },
    )
}

proptest! {
    #[test]
    fn a_trace_is_the_same_as_itself(a in path()) {
        let diff = held(&a, &a);
        prop_assert!(diff.same(), "{:?}", diff);
        prop_assert!(diff.rows.iter().all(|row| row.mark == Mark::Same));
    }

    #[test]
    fn from_the_other_side_it_says_the_same(a in path(), b in path()) {
        prop_assume!((a.0.started, a.0.id) != (b.0.started, b.0.id));
        let (one, other) = (held(&a, &b), held(&b, &a));
        prop_assert_eq!(tally(&one).0, tally(&other).0);
        let turned = other.turned();
        prop_assert_eq!(&turned.rows, &one.rows);
        prop_assert_eq!((&turned.ases, &turned.cities, &turned.countries), (&one.ases, &one.cities, &one.countries));
    }

    #[test]
    fn every_hop_stands_in_one_row_in_its_order(a in path(), b in path()) {
        let diff = held(&a, &b);
        for (trace, side) in [(&a.0, (|row| row.a.as_ref()) as fn(&Row) -> Option<&Place>), (&b.0, |row| row.b.as_ref())] {
            let last = trace.hops.iter().rposition(Hop::answered).map_or(0, |last| last + 1);
            let ttls: Vec<Ttl> = diff.rows.iter().filter_map(side).map(|place| place.ttl).collect();
            prop_assert_eq!(ttls, trace.hops.iter().take(last).map(|hop| hop.ttl).collect::<Vec<_>>());
        }
    }

    #[test]
    fn any_two_traces_can_be_held_against_one_another(
        (a, b) in (samples::trace(), samples::trace()), (x, y) in (samples::atlas(), samples::atlas())
    ) {
        let diff = diff((&a, &x), (&b, &y));
        prop_assert!(serde_json::to_string(&diff).is_ok());
        prop_assert_eq!(diff.reasons.is_empty(), false);
    }
}
