//! Worked out by hand. A degree along the equator is 111.3195 km: 10 degrees are 1,113.195 km, 10.9137 ms.

use core::time::Duration;

use proptest::prelude::*;
use trace_core::model::{
    Flow, Hop, Located, Origin, ProbeRecord, ProbeResult, Protocol, Reply, ReplyKind, Target, Uuid,
};

use super::*;

fn address(last: u8) -> IpAddr {
    IpAddr::from([198, 18, 0, last])
}

fn trace(rtts: &[f64], origin: Option<f64>) -> Trace {
    let mut trace = Trace::new(Uuid::nil(), TraceKind::Measured, 0);
    trace.hops = (1..)
        .zip(rtts)
        .map(|(ttl, &rtt)| {
            let reply = Reply {
                rtt: Some(Duration::from_secs_f64(rtt / 1e3)),
                kind: Some(ReplyKind::TimeExceeded),
                ..Reply::new(address(ttl))
            };
            let result = ProbeResult::Answered(Box::new(reply));
            let (protocol, flow) = (Some(Protocol::Udp), Flow(0));
            let probe = ProbeRecord { protocol, flow, round: 0, sent: None, off_flow: false, result };
            Hop { ttl: Ttl::new(ttl).unwrap(), probes: vec![probe] }
        })
        .collect();
    trace.target = u8::try_from(rtts.len()).ok().map(|last| Target { name: None, address: address(last) });
    trace.origin = origin.map(|longitude| Origin {
        coordinates: Coordinates::new(0.0, longitude).unwrap(),
        radius_km: Some(0.0),
        from: OriginSource::Flag,
    });
    trace
}

/// Hop n at the nth longitude along the equator.
fn atlas(longitudes: &[Option<f64>]) -> Atlas {
    let mut atlas = Atlas::default();
    for (last, longitude) in (1..).zip(longitudes) {
        let coordinates = longitude.and_then(|longitude| Coordinates::new(0.0, longitude));
        let place = Place {
            city: Some(format!("town {last}").into()),
            coordinates,
            radius_km: Some(0.0),
            ..Place::default()
        };
        let verdict = Some(if coordinates.is_some() { Verdict::Plausible } else { Verdict::Area });
        atlas.places.insert(address(last), Located { place: Some(place), verdict, ..Located::default() });
    }
    atlas
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 0.01, "{found} is not {expected}");
}

#[test]
fn every_millisecond_is_accounted_for() {
    // Source at 0, hops at 0.1 (11 km), 10, 10.1, nowhere and 30 degrees.
    let found = budget(
        &trace(&[2.0, 14.0, 14.5, 20.0, 45.0], Some(0.0)),
        &atlas(&[Some(0.1), Some(10.0), Some(10.1), None, Some(30.0)]),
    )
    .unwrap();
    assert!(found.reaches_target);
    assert_eq!(found.legs.len(), 3);
    let [first, second, third] = &found.legs[..] else { panic!("three") };
    assert_eq!((first.from.address, first.to.address), (None, Some(address(1))));
    assert_eq!(second.to.ttls, Some((Ttl::new(2).unwrap(), Ttl::new(3).unwrap())));
    assert_eq!(third.to.name.as_deref(), Some("town 5"));
    near(first.grew_ms, 2.0);
    near(second.kilometres, 9.9 * 111.3195);
    near(second.floor_ms, 10.8046);
    near(second.grew_ms, 12.0);
    near(second.excess_ms.unwrap(), 1.1954);
    near(third.floor_ms, 21.8274);
    near(third.excess_ms.unwrap(), 31.0 - 21.8274);
    near(found.directness.unwrap(), 1.0);
    near(found.direct_floor_ms, 32.7411);
    near(found.rtt_ms, 45.0);
    near(found.fibre_ms, 32.7411);
    near(found.excess_ms, 45.0 - 32.7411);
    near(found.before_ms + found.behind_ms + found.unattributed_ms, 0.0);
}

#[test]
fn a_detour_is_seen_in_the_directness() {
    // 0 to 20 and back to 10: 30 degrees for 10.
    let found = budget(&trace(&[25.0, 40.0], Some(0.0)), &atlas(&[Some(20.0), Some(10.0)])).unwrap();
    near(found.directness.unwrap(), 1.0 / 3.0);
    near(found.direct_kilometres, 1113.195);
    near(found.kilometres, 3339.585);
}

#[test]
fn a_hop_that_is_slower_than_the_next_makes_no_negative_leg() {
    // The router at 10 degrees takes 90 ms for its error; the one behind it answers in 24.
    let found =
        budget(&trace(&[1.0, 90.0, 24.0], Some(0.0)), &atlas(&[Some(0.0), Some(10.0), Some(20.0)])).unwrap();
    assert!(found.legs.iter().all(|leg| leg.grew_ms >= 0.0));
    // The RTT at 10 degrees is 24 at most, and nothing is left for the leg behind it.
    let last = found.legs.last().unwrap();
    assert!(!last.is_attributable() && last.grew_ms == 0.0);
    near(found.fibre_ms + found.excess_ms, 24.0);
}

#[test]
fn time_that_nobody_can_tell_is_said_to_be_that() {
    // No origin, and no place of the target.
    let trace = trace(&[5.0, 20.0, 25.0], None);
    let found = budget(&trace, &atlas(&[Some(0.0), Some(10.0), None])).unwrap();
    assert!(!found.reaches_target);
    near(found.before_ms, 5.0);
    near(found.behind_ms, 5.0);
    near(found.fibre_ms, 10.9137);
    near(found.excess_ms, 15.0 - 10.9137);
    near(found.rtt_ms, 25.0);
}

#[test]
fn without_two_places_or_for_an_imported_trace_there_is_no_account() {
    assert_eq!(budget(&trace(&[5.0, 6.0], None), &atlas(&[Some(0.0), None])), None);
    assert_eq!(budget(&trace(&[], Some(0.0)), &atlas(&[])), None);
    let mut imported = trace(&[5.0, 20.0], None);
    imported.kind = TraceKind::Imported;
    assert_eq!(budget(&imported, &atlas(&[Some(0.0), Some(10.0)])), None);
    let mut atlas = atlas(&[Some(0.0), Some(10.0)]);
    atlas.places.get_mut(&address(2)).unwrap().verdict = Some(Verdict::Suspect);
    assert_eq!(budget(&trace(&[5.0, 20.0], None), &atlas), None);
}

proptest! {
    /// The parts are never negative and add up to the RTT; the directness is within 0 and 1.
    #[test]
    fn the_parts_add_up(
        hops in prop::collection::vec((0.01..400.0_f64, prop::option::of(-179.0..179.0_f64)), 1..14),
        origin in prop::option::of(-179.0..179.0_f64),
    ) {
        let (rtts, places): (Vec<f64>, Vec<Option<f64>>) = hops.into_iter().unzip();
        if let Some(found) = budget(&trace(&rtts, origin), &atlas(&places)) {
            let parts =
                [found.fibre_ms, found.excess_ms, found.before_ms, found.behind_ms, found.unattributed_ms];
            prop_assert!(parts.iter().all(|part| *part >= 0.0), "{found:?}");
            prop_assert!((parts.iter().sum::<f64>() - found.rtt_ms).abs() < 1e-6, "{found:?}");
            prop_assert!(found.directness.is_none_or(|share| (0.0..=1.0).contains(&share)));
        }
    }
}
