use core::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use trace_core::model::{Atlas, Hop, Located, ProbeRecord, ProbeResult, Reply, Ttl};

use super::*;
use crate::samples;

struct Packed {
    shape: Vec<u8>,
    times: Vec<u8>,
}

fn pack(hops: &[Hop]) -> Packed {
    let shape = Shape::of(hops);
    assert!(shape.fits(hops));
    Packed { shape: shape.encode(), times: times(hops, &shape) }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn unpacking_gives_what_was_packed(trace in samples::trace()) {
        let packed = pack(&trace.hops);
        prop_assert_eq!(unpack(&packed.shape, &packed.times), Ok(trace.hops));
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
        prop_assert_eq!(unpack(&shape.encode(), &times(&lossy, &shape)), Ok(lossy));
    }

    #[test]
    fn what_fits_comes_back(one in samples::trace(), other in samples::trace()) {
        let shape = Shape::of(&one.hops);
        if shape.fits(&other.hops) {
            prop_assert_eq!(unpack(&shape.encode(), &times(&other.hops, &shape)), Ok(other.hops));
        }
        let mut changed = one.hops.clone();
        if let Some(probe) = changed.iter_mut().flat_map(|hop| &mut hop.probes).next() {
            probe.round = probe.round.wrapping_add(1);
            prop_assert!(!shape.fits(&changed));
        }
    }

    #[test]
    fn no_bytes_are_too_odd_to_refuse(shape in vec(any::<u8>(), 0..200), times in vec(any::<u8>(), 0..200)) {
        let _ = unpack(&shape, &times);
        let _ = unpack(&pack(&[]).shape, &times);
        // Past the version, where the parts lie.
        let _ = unpack(&[&[1], shape.as_slice()].concat(), &[&[1], times.as_slice()].concat());
    }

    #[test]
    fn a_flipped_byte_never_panics(trace in samples::trace(), at in any::<(usize, u8)>()) {
        let packed = pack(&trace.hops);
        let mut shape = packed.shape.clone();
        let index = at.0 % shape.len();
        shape[index] = at.1;
        let _ = unpack(&shape, &packed.times);
        let mut times = packed.times;
        let index = at.0 % times.len();
        times[index] = at.1;
        let _ = unpack(&packed.shape, &times);
        let _ = unpack(&packed.shape, &times[..index]);
    }

    #[test]
    fn a_judgement_comes_back(atlas in samples::atlas(), bytes in vec(any::<u8>(), 0..60)) {
        let mut bare = unjudged(&atlas);
        prop_assert_eq!(encode_or_nothing(&bare), None);
        if let Some(judgement) = encode_or_nothing(&atlas) {
            judgement::apply(&judgement, &mut bare).unwrap();
        }
        prop_assert_eq!(&bare, &atlas);
        let _ = judgement::apply(&bytes, &mut bare);
        let _ = judgement::apply(&[&[1], bytes.as_slice()].concat(), &mut bare);
    }
}

fn encode_or_nothing(atlas: &Atlas) -> Option<Vec<u8>> {
    judgement::encode(atlas)
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
    assert_eq!(unpack(&packed.shape, &packed.times).unwrap(), lossy);
    // A hop that is wholly silent has another shape by itself, and fits.
    let silent = [hop(1, &[None; 3]), hop(2, &[None; 3])];
    assert_ne!(pack(&silent).shape, whole.shape);
    let shape = Shape::decode(&whole.shape).unwrap();
    assert!(shape.fits(&silent));
    assert_eq!(unpack(&whole.shape, &times(&silent, &shape)).unwrap(), silent);
    assert_eq!(shape.path(), [Some([192, 0, 2, 1].into()), None]);
    // Other answers, more probes or more hops do not.
    assert!(!shape.fits(&[hop(1, &[None; 3]), hop(2, &[None, Some(1), None])]));
    assert!(!shape.fits(&[hop(1, &[None; 2]), hop(2, &[None; 3])]));
    assert!(!shape.fits(&[hop(1, &[None; 3])]));
}

#[test]
fn a_list_that_claims_to_be_endless_takes_no_memory() {
    let endless = [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert!(unpack(&endless, &[1, 0]).unwrap_err().to_string().contains("longer than the rest"));
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
    assert_eq!(judgement::encode(&atlas), None);
}
