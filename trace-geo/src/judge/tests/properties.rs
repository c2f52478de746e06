use proptest::prelude::*;

use super::*;

/// Great-circle kilometres on a sphere that is larger than the earth anywhere: never less than the geodesic.
fn kilometres((a, x): (f64, f64), (b, y): (f64, f64)) -> f64 {
    let (a, b, turn) = (a.to_radians(), b.to_radians(), (y - x).to_radians());
    let square = ((b - a) / 2.0).sin().powi(2) + a.cos() * b.cos() * (turn / 2.0).sin().powi(2);
    2.0 * 6400.0 * square.sqrt().min(1.0).asin()
}

fn anywhere() -> impl Strategy<Value = (f64, f64)> {
    (-85.0..85.0_f64, -180.0..180.0_f64)
}

fn some_place() -> impl Strategy<Value = Place> {
    let code = prop::option::of(prop::sample::select(vec!["DE", "US", "FR", "RU", "AQ", "TK", "ZZ", "FJ"]));
    let radius = prop::option::of(prop_oneof![-10.0..3000.0_f64, Just(f64::NAN), Just(f64::INFINITY)]);
    (code, prop::option::of(anywhere()), prop::option::of("[a-z]{1,3}"), radius).prop_map(
        |(code, point, city, radius_km)| Place {
            country_code: code.and_then(CountryCode::new),
            city: city.map(Into::into),
            coordinates: point.map(|(latitude, longitude)| at(latitude, longitude)),
            radius_km,
            ..Place::default()
        },
    )
}

fn some_probe() -> impl Strategy<Value = ProbeRecord> {
    let kind = prop::sample::select(ReplyKind::ALL.to_vec());
    (1..12_u8, 0.0..400.0_f64, kind, 0..3_u16, any::<bool>(), any::<bool>()).prop_map(
        |(last, rtt, kind, flow, off, timed)| {
            let mut probe = probe(address(last), rtt, kind);
            probe.flow = Flow(flow);
            probe.off_flow = off && flow == 2;
            if !timed {
                reply(&mut probe).rtt = None;
            }
            probe
        },
    )
}

fn some_origin() -> impl Strategy<Value = Option<Origin>> {
    let from = prop::sample::select(OriginSource::ALL.to_vec());
    prop::option::of((anywhere(), from).prop_map(|((latitude, longitude), from)| Origin {
        coordinates: at(latitude, longitude),
        radius_km: None,
        from,
    }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Places that lie on a path which light could take are never struck nor suspected: whatever the detours,
    /// the way back, the time a router takes, and with or without the source.
    #[test]
    fn true_places_stand(
        source in anywhere(),
        hops in prop::collection::vec((anywhere(), 1.0..3.0_f64, 1.0..3.0_f64, 0.0..50.0_f64), 1..14),
        from in prop::option::of(prop::sample::select(OriginSource::ALL.to_vec())),
    ) {
        let (mut there, mut last, mut rtts, mut rows) = (0.0, source, Vec::new(), Vec::new());
        for &(point, detour, back, slow) in &hops {
            there += kilometres(last, point) * detour;
            last = point;
            rtts.push((there + kilometres(point, source) * back) / 204.3 + 0.01 + slow);
            rows.push([town(point.0, point.1, 0.0)]);
        }
        let rows: Vec<&[Place]> = rows.iter().map(<[Place; 1]>::as_slice).collect();
        let mut trace = path(&rtts);
        trace.origin = from.and_then(|from| origin(source.0, source.1, from));
        let judged = inspect(&trace, &atlas(&rows));
        let expected = (hops.len() > 1 || from.is_some()).then_some(Verdict::Plausible);
        for last in (1..).take(hops.len()) {
            prop_assert_eq!(candidate(&judged.atlas, last, 0), expected);
        }
        prop_assert!(judged.origin.is_none_or(|origin| origin.verdict == Verdict::Plausible));
    }

    /// Whatever comes in: no panic, nothing lost, scores within 0 and 1, and judging twice changes nothing.
    #[test]
    fn anything_can_be_judged(
        hops in prop::collection::vec(prop::collection::vec(some_probe(), 0..3), 0..12),
        rows in prop::collection::vec(prop::collection::vec(some_place(), 0..4), 0..12),
        origin in some_origin(),
        target in 1..12_u8,
    ) {
        let rows: Vec<&[Place]> = rows.iter().map(Vec::as_slice).collect();
        let mut trace = trace(hops);
        trace.origin = origin;
        trace.target = Some(Target { name: None, address: address(target) });
        let before = atlas(&rows);
        let after = judge(&trace, &before);
        prop_assert_eq!(format!("{:?}", judge(&trace, &after)), format!("{after:?}"));
        prop_assert!(after.consistency.is_none_or(|consistency| (0.0..=1.0).contains(&consistency)));
        prop_assert!(after.places.keys().eq(before.places.keys()));
        for (known, now) in before.places.values().zip(after.places.values()) {
            let said = |located: &Located| {
                let said = |evidence: &Evidence| format!("{} {:?}", evidence.source, evidence.place);
                located.candidates.iter().map(said).collect::<Vec<_>>()
            };
            prop_assert_eq!(said(known), said(now));
            prop_assert!(now.score.is_none_or(|score| (0.0..=1.0).contains(&score)));
            let place = now.place.as_ref().and_then(|place| place.coordinates);
            let pinned = matches!(now.verdict, None | Some(Verdict::Plausible | Verdict::Suspect));
            prop_assert!(pinned || place.is_none());
        }
    }
}
