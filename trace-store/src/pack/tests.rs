use core::time::Duration;
use std::collections::{HashMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;
use trace_core::model::{
    Atlas, Flow, Hop, Located, ProbeRecord, ProbeResult, Protocol, Reply, ReplyKind, Ttl,
};

use super::*;
use crate::samples;

struct Packed {
    shape: Vec<u8>,
    times: Vec<u8>,
    least: Vec<Option<u32>>,
}

/// What a row may count: the least RTT, or nothing of it, or something else where not every probe counts.
fn counted(hops: &[Hop]) -> Vec<Option<u32>> {
    let least = |hop: &Hop| Some(u32::try_from(hop.statistics().min?.as_micros()).unwrap_or(u32::MAX));
    let odd = |ttl: u8| [false, false, false, true][usize::from(ttl % 4)];
    let counted = hops.iter().map(|hop| if odd(hop.ttl.get()) { Some(1234) } else { least(hop) });
    // Nothing of the last ones.
    counted.take(5).collect()
}

fn pack(hops: &[Hop]) -> Packed {
    let shape = Shape::of(hops);
    assert!(shape.fits(hops));
    let least = counted(hops);
    Packed { shape: shape.encode(), times: times(hops, &shape, &least), least }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn unpacking_gives_what_was_packed(trace in samples::trace()) {
        let packed = pack(&trace.hops);
        prop_assert_eq!(unpack(&packed.shape, &packed.times, &packed.least), Ok(trace.hops));
    }

    #[test]
    fn lost_packets_leave_the_shape_of_another_trace(trace in samples::trace(), lost in any::<u64>()) {
        let shape = Shape::of(&trace.hops);
        let mut lossy = trace.hops.clone();
        for (index, probe) in lossy.iter_mut().flat_map(|hop| &mut hop.probes).enumerate() {
            if lost >> (index % 64) & 1 == 1 && probe.reply().is_some() {
                probe.result = ProbeResult::Silent;
            }
        }
        prop_assert!(shape.fits(&lossy));
        prop_assert_eq!(unpack(&shape.encode(), &times(&lossy, &shape, &[Some(7)]), &[Some(7)]), Ok(lossy));
    }

    #[test]
    fn what_fits_comes_back(one in samples::trace(), other in samples::trace()) {
        let shape = Shape::of(&one.hops);
        if shape.fits(&other.hops) {
            prop_assert_eq!(unpack(&shape.encode(), &times(&other.hops, &shape, &[]), &[]), Ok(other.hops));
        }
        let mut changed = one.hops.clone();
        if let Some(probe) = changed.iter_mut().flat_map(|hop| &mut hop.probes).next() {
            probe.round = probe.round.wrapping_add(1);
            prop_assert!(!shape.fits(&changed));
        }
    }

    #[test]
    fn no_bytes_are_too_odd_to_refuse(shape in vec(any::<u8>(), 0..200), times in vec(any::<u8>(), 0..200)) {
        let _ = unpack(&shape, &times, &[]);
        let _ = unpack(&pack(&[]).shape, &times, &[]);
        // Past the version, where the parts lie.
        for version in [1, 2] {
            let _ = unpack(&[&[1], shape.as_slice()].concat(), &[&[version], times.as_slice()].concat(), &[Some(u32::MAX)]);
        }
    }

    #[test]
    fn a_flipped_byte_never_panics(trace in samples::trace(), at in any::<(usize, u8)>()) {
        let packed = pack(&trace.hops);
        let mut shape = packed.shape.clone();
        let index = at.0 % shape.len();
        shape[index] = at.1;
        let _ = unpack(&shape, &packed.times, &packed.least);
        let mut times = packed.times;
        let index = at.0 % times.len();
        times[index] = at.1;
        let _ = unpack(&packed.shape, &times, &packed.least);
        let _ = unpack(&packed.shape, &times[..index], &packed.least);
    }

    #[test]
    fn a_judgement_comes_back(trace in samples::trace(), atlas in samples::atlas(), bytes in vec(any::<u8>(), 0..60)) {
        let floor = Floor::of(&trace.hops);
        let mut bare = unjudged(&atlas);
        prop_assert!(Judgement::of(&bare, &trace.hops).is_none());
        if let Some((judgement, table)) = judged(&atlas, &trace.hops) {
            judgement::apply(&judgement, &mut bare, &floor, |number| table.get(&number).cloned()).unwrap();
            let numbers: HashSet<i64> = judgement::reasons(&judgement).unwrap().into_iter().collect();
            prop_assert_eq!(numbers, table.keys().copied().collect());
        }
        prop_assert_eq!(&bare, &atlas);
        let table = |_| Some("\u{1}0".to_owned());
        let _ = judgement::apply(&bytes, &mut bare, &floor, table);
        let _ = judgement::apply(&[&[1], bytes.as_slice()].concat(), &mut bare, &floor, table);
        let _ = judgement::apply(&[&[2], bytes.as_slice()].concat(), &mut bare, &floor, table);
        let _ = judgement::reasons(&bytes);
    }

    #[test]
    fn a_reason_comes_back_whatever_it_says(
        trace in samples::trace(), text in "(hop |[0-9]{1,3}|\\.| ms allow | km in fibre| \\(in vacuum |\u{1}|[a-z ]){0,8}",
    ) {
        let floor = Floor::of(&trace.hops);
        let addresses = trace.hops.iter().flat_map(Hop::answerers).chain([[192, 0, 2, 200].into()]);
        for address in addresses {
            if let Some(short) = reason::shorten(&text, address, &floor) {
                prop_assert_eq!(reason::lengthen(&short, address, &floor), Some(text.clone()));
            }
            let _ = reason::lengthen(&text, address, &floor);
        }
    }
}

/// A judgement with the table that its reasons stand in.
fn judged(atlas: &Atlas, hops: &[Hop]) -> Option<(Vec<u8>, HashMap<i64, String>)> {
    let judgement = Judgement::of(atlas, hops)?;
    let table: HashMap<i64, String> = (70..).zip(judgement.reasons.iter().cloned()).collect();
    let numbers: Vec<i64> = (70..).take(judgement.reasons.len()).collect();
    Some((judgement.encode(&numbers), table))
}

/// Three hops of one flow, the least RTT at the last but one.
fn three_hops() -> Vec<Hop> {
    let rtts = [(1, 30_123_456), (2, 10_500_000), (3, 12_345_678)];
    let hop = |(ttl, rtt): (u8, u64)| {
        let mut reply = Reply::new([192, 0, 2, ttl].into());
        reply.kind = Some(ReplyKind::TimeExceeded);
        reply.rtt = Some(Duration::from_nanos(rtt));
        let probe = ProbeRecord {
            protocol: Some(Protocol::Icmp),
            flow: Flow(0),
            round: 0,
            sent: None,
            off_flow: false,
            result: ProbeResult::Answered(Box::new(reply)),
        };
        Hop { ttl: Ttl::new(ttl).unwrap(), probes: vec![probe] }
    };
    rtts.into_iter().map(hop).collect()
}

#[test]
fn of_a_reason_that_speaks_of_round_trip_times_they_are_left_out() {
    let floor = Floor::of(&three_hops());
    let short = |text: &str, last: u8| reason::shorten(text, [192, 0, 2, last].into(), &floor).unwrap();
    // The least at the later of both or behind it: 10.5 ms at the first two, 12.346 ms at the third.
    for (text, last, expected) in [
        ("7 km from the origin; 10.500 ms allow 1124 km in fibre", 1, "7 km from the origin; \u{1}2"),
        (
            "7 km from hop 3 (192.0.2.3); 12.346 ms allow 1321 km in fibre",
            1,
            "7 km from hop 3 (192.0.2.3); \u{1}2",
        ),
        (
            "7 km from hop 1 (192.0.2.1); 12.346 ms allow 1321 km in fibre",
            3,
            "7 km from hop 1 (192.0.2.1); \u{1}2",
        ),
        (
            "2000 km from the origin, but 12.346 ms allow 1321 km in fibre and 1851 km in vacuum",
            3,
            "2000 km from the origin, but \u{1}0",
        ),
        (
            "1400 km from the origin, but 12.346 ms allow 1321 km in fibre (in vacuum 1851 km); x",
            3,
            "1400 km from the origin, but \u{1}1; x",
        ),
        (
            "the tour from hop 1 (a) to hop 3 (b) through this place and back is 1 km; 12.346 ms allow 2642 km in fibre",
            2,
            "the tour from hop 1 (a) to hop 3 (b) through this place and back is 1 km; \u{1}5",
        ),
    ] {
        assert_eq!(short(text, last), expected);
        assert_eq!(reason::lengthen(expected, [192, 0, 2, last].into(), &floor).unwrap(), text);
    }
    // What does not follow from the RTTs stays.
    for text in [
        "7 km from the origin; 10.501 ms allow 1124 km in fibre",
        "7 km; 10.500 ms allow 9 km in fibre",
        " ms allow ",
        "",
    ] {
        assert_eq!(short(text, 1), text);
    }
    assert_eq!(reason::shorten("a \u{1} b", [192, 0, 2, 1].into(), &floor), None);
}

#[test]
fn a_score_that_is_made_of_an_rtt_takes_a_byte() {
    let floor = Floor::of(&three_hops());
    let address = [192, 0, 2, 3].into();
    let base = 0.5 + 0.2 * (1.0_f64 - 107.0 * 12.345_678 / 20_004.0).max(0.0);
    for (score, expected) in [
        (base, Some((0, 0, false))),
        (base + 0.3 * (1.0 / 2.0), Some((1, 2, false))),
        ((base + 0.3) / 4.0, Some((1, 1, true))),
        (0.93, None),
    ] {
        let made = reason::Score::of(score, address, &floor);
        assert_eq!(made.map(|made| (made.agreeing, made.others, made.quarter)), expected);
        if let Some(made) = made {
            assert_eq!(made.value(address, &floor), Some(score));
        }
    }
    assert_eq!(reason::Score::of(base, [192, 0, 2, 99].into(), &floor), None);
}

fn unjudged(atlas: &Atlas) -> Atlas {
    let mut atlas = atlas.clone();
    for located in atlas.places.values_mut() {
        located.verdict = None;
        located.score = None;
        for candidate in &mut located.candidates {
            candidate.verdict = None;
            candidate.reason = None;
        }
    }
    atlas
}

fn hop(ttl: u8, rtts: &[Option<u64>]) -> Hop {
    let answered = |rtt| {
        ProbeResult::Answered(Box::new(Reply {
            from: [192, 0, 2, ttl].into(),
            rtt: Some(Duration::from_nanos(rtt)),
            kind: None,
            icmp: None,
            reply_ttl: Some(64),
            quoted: None,
            mpls: Vec::new(),
            extensions: Vec::new(),
            inherited_from: None,
        }))
    };
    let probe = |rtt: &Option<u64>| ProbeRecord {
        protocol: None,
        flow: trace_core::model::Flow(0),
        round: 0,
        sent: Some(Duration::from_micros(u64::from(ttl))),
        off_flow: false,
        result: rtt.map_or(ProbeResult::Silent, answered),
    };
    Hop { ttl: Ttl::new(ttl).unwrap(), probes: rtts.iter().map(probe).collect() }
}

#[test]
fn a_lost_packet_does_not_change_the_shape() {
    let whole = pack(&[hop(1, &[Some(5), Some(6), Some(7)]), hop(2, &[None, None, None])]);
    let lossy = [hop(1, &[Some(9), None, Some(1)]), hop(2, &[None, None, None])];
    let packed = pack(&lossy);
    assert_eq!(packed.shape, whole.shape);
    assert_ne!(packed.times, whole.times);
    assert_eq!(unpack(&packed.shape, &packed.times, &packed.least).unwrap(), lossy);
    // A hop that is wholly silent has another shape by itself, and fits.
    let silent = [hop(1, &[None; 3]), hop(2, &[None; 3])];
    assert_ne!(pack(&silent).shape, whole.shape);
    let shape = Shape::decode(&whole.shape).unwrap();
    assert!(shape.fits(&silent));
    assert_eq!(unpack(&whole.shape, &times(&silent, &shape, &[]), &[]).unwrap(), silent);
    assert_eq!(shape.path(), [Some([192, 0, 2, 1].into()), None]);
    // Other answers, more probes or more hops do not.
    assert!(!shape.fits(&[hop(1, &[None; 3]), hop(2, &[None, Some(1), None])]));
    assert!(!shape.fits(&[hop(1, &[None; 2]), hop(2, &[None; 3])]));
    assert!(!shape.fits(&[hop(1, &[None; 3])]));
}

#[test]
fn a_list_that_claims_to_be_endless_takes_no_memory() {
    let endless = [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert!(unpack(&endless, &[1, 0], &[]).unwrap_err().to_string().contains("longer than the rest"));
}

#[test]
fn the_hash_is_that_of_the_published_vectors() {
    assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325_u64.cast_signed());
    assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8_u64.cast_signed());
}

#[test]
fn an_atlas_without_judgement_has_none() {
    let mut atlas = Atlas::default();
    atlas.places.insert([192, 0, 2, 1].into(), Located::default());
    assert!(Judgement::of(&atlas, &[]).is_none());
}
