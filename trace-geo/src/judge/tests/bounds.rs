//! Cases worked out by hand. A degree along the equator is 111.3195 km (WGS84: 6378.137 km * pi / 180), so
//! 10 degrees are 1,113.195 km: 10.4037 ms in fibre (at 107), 7.4262 ms in vacuum (at 149.9).

use super::*;

#[test]
fn rule_one_from_the_source() {
    use Verdict::{Impossible, Plausible, Suspect};
    // Source and hop 10 degrees apart; their radii, the RTT, what follows. 213.195 km of radii leave 900 km:
    // 8.4112 ms and 6.0040 ms.
    for (source_radius, radius, rtt, expected) in [
        (0.0, 0.0, 10.41, Plausible),
        (0.0, 0.0, 10.40, Suspect),
        (0.0, 0.0, 7.43, Suspect),
        (0.0, 0.0, 7.42, Impossible),
        (100.0, 113.195, 8.42, Plausible),
        (100.0, 113.195, 8.40, Suspect),
        (100.0, 113.195, 6.01, Suspect),
        (100.0, 113.195, 6.00, Impossible),
        (1200.0, 0.0, 0.01, Plausible),
    ] {
        let mut trace = path(&[rtt]);
        trace.origin = origin(0.0, 20.0, OriginSource::Flag);
        trace.origin.as_mut().unwrap().radius_km = Some(source_radius);
        let judged = judge(&trace, &atlas(&[&[town(0.0, 30.0, radius)]]));
        assert_eq!(candidate(&judged, 1, 0), Some(expected), "{source_radius} {radius} {rtt}");
        let found = judged.get(address(1)).unwrap();
        let place = found.place.as_ref().and_then(|place| place.coordinates);
        if expected == Impossible {
            assert_eq!((found.verdict, place, &found.source), (Some(Verdict::Unlocated), None, &None));
            let reason = found.candidates[0].reason.as_deref().unwrap();
            assert!(reason.contains("from the origin"), "{reason}");
        } else {
            assert_eq!((found.verdict, place), (Some(expected), Some(at(0.0, 30.0))));
        }
        let consistency = match expected {
            Plausible => 1.0,
            Suspect => 0.5,
            _ => 0.0,
        };
        assert_eq!(judged.consistency, Some(consistency));
    }
}

#[test]
fn a_reason_names_distance_time_and_what_they_allow() {
    let mut trace = path(&[7.0]);
    trace.origin = origin(0.0, 20.0, OriginSource::Config);
    let judged = judge(&trace, &atlas(&[&[town(0.0, 30.0, 0.0)]]));
    // 7 * 107 = 749; 7 * 149.9 = 1049.3.
    assert_eq!(
        judged.get(address(1)).unwrap().candidates[0].reason.as_deref(),
        Some("1113 km from the origin, but 7.000 ms allow 749 km in fibre and 1049 km in vacuum")
    );
}

/// The formula: 0.5 + 0.2 * (1 - 107 * 20 / 20004) = 0.678604...; agreement of the only other one: 0.3 more.
#[test]
fn the_score_is_as_documented() {
    let mut trace = path(&[20.0]);
    trace.origin = origin(0.0, 20.0, OriginSource::Flag);
    let score = |places: &[Place]| judge(&trace, &atlas(&[places])).get(address(1)).unwrap().score.unwrap();
    let alone = score(&[town(0.0, 30.0, 0.0)]);
    assert!((alone - 0.678_604).abs() < 1e-5, "{alone}");
    let agreed = score(&[town(0.0, 30.0, 0.0), town(0.0, 30.2, 0.0)]);
    assert!((agreed - 0.978_604).abs() < 1e-5, "{agreed}");
    let disagreed = score(&[town(0.0, 30.0, 0.0), town(0.0, 12.0, 0.0)]);
    assert!((disagreed - alone).abs() < 1e-12, "{disagreed}");
}

#[test]
fn rule_two_needs_no_source() {
    // Two hops near one another (0.01 degrees: 1.1 km) against one 10 degrees away.
    for (rtt, expected) in [
        (10.41, Verdict::Plausible),
        (10.38, Verdict::Suspect),
        (7.44, Verdict::Suspect),
        (7.41, Verdict::Impossible),
    ] {
        let rows: [&[Place]; 3] =
            [&[town(0.0, 20.0, 0.0)], &[town(0.0, 20.01, 0.0)], &[town(0.0, 30.0, 0.0)]];
        let judged = judge(&path(&[1.0, 2.0, rtt]), &atlas(&rows));
        assert_eq!(candidate(&judged, 3, 0), Some(expected), "{rtt}");
        assert_eq!(
            (verdict(&judged, 1), verdict(&judged, 2)),
            (Some(Verdict::Plausible), Some(Verdict::Plausible))
        );
    }
}

/// Source at 20 degrees, hops at 30, 20 and 30, all in the same RTT: no leg is longer than 1,113.195 km, the
/// tour is 4,452.78 km, which 214 * 20.81 = 4,453.3 allow and 299.8 * 14.86 = 4,455 in vacuum. Without any
/// one of the hops the tour is 2,226.39 km, which 10.41 ms allow.
#[test]
fn rule_three_strikes_what_passes_alone() {
    let rows: [&[Place]; 3] = [&[town(0.0, 30.0, 0.0)], &[town(0.0, 20.0, 0.0)], &[town(0.0, 30.0, 0.0)]];
    let found = |rtt: f64| {
        let mut trace = path(&[rtt, rtt, rtt]);
        trace.origin = origin(0.0, 20.0, OriginSource::Flag);
        let judged = judge(&trace, &atlas(&rows));
        let mut found: Vec<_> = (1..=3).map(|last| candidate(&judged, last, 0).unwrap()).collect();
        found.sort();
        found
    };
    use Verdict::{Impossible, Plausible, Suspect};
    assert_eq!(found(20.81), [Plausible, Plausible, Plausible]);
    assert_eq!(found(20.80), [Plausible, Plausible, Suspect]);
    assert_eq!(found(14.86), [Plausible, Plausible, Suspect]);
    assert_eq!(found(14.84), [Plausible, Plausible, Impossible]);
}

/// Buenos Aires (-34.61, -58.38) to Germany's nearest corner is over 11,000 km: not within 70 ms (10,493 km
/// in vacuum), easily within 120 (12,840 km in fibre).
#[test]
fn rule_four_a_country_is_an_area() {
    let mut with_network = country("DE");
    with_network.asn = Asn::new(64500);
    let judged_at = |rtt: f64, place: &Place| {
        let mut trace = path(&[rtt]);
        trace.origin = origin(-34.61, -58.38, OriginSource::Flag);
        judge(&trace, &atlas(&[std::slice::from_ref(place)]))
    };
    assert_eq!(verdict(&judged_at(120.0, &with_network), 1), Some(Verdict::Area));
    let struck = judged_at(70.0, &with_network);
    assert_eq!(verdict(&struck, 1), Some(Verdict::Unlocated));
    // The network is known all the same.
    let expected = Place { asn: Asn::new(64500), ..Place::default() };
    assert_eq!(struck.get(address(1)).unwrap().place, Some(expected));
    // France has a part in Guiana, 4,200 km away: 41 ms are enough, 24 (3,598 km in vacuum) are not.
    assert_eq!(verdict(&judged_at(41.0, &country("FR")), 1), Some(Verdict::Area));
    assert_eq!(verdict(&judged_at(24.0, &country("FR")), 1), Some(Verdict::Unlocated));
    // No outline, nothing to hold against it.
    assert_eq!(verdict(&judged_at(0.1, &country("TK")), 1), None);
}

#[test]
fn a_default_point_is_the_area_and_never_a_pin() {
    let default = Place { coordinates: Some(at(37.751, -97.822)), radius_km: Some(1000.0), ..country("US") };
    let mut trace = path(&[1.0]);
    // 2,000 km from the default point, in the country: only the area is plausible.
    trace.origin = origin(40.71, -74.01, OriginSource::Flag);
    let judged = judge(&trace, &atlas(&[std::slice::from_ref(&default)]));
    let found = judged.get(address(1)).unwrap();
    assert_eq!((found.verdict, &found.place), (Some(Verdict::Area), &Some(country("US"))));
    assert_eq!(found.candidates[0].place, default);
}

#[test]
fn known_points_of_a_country_and_nowhere_are_no_pins_whatever_radius_they_state() {
    let mut trace = path(&[1.0]);
    trace.origin = origin(40.71, -74.01, OriginSource::Flag);
    for (latitude, longitude) in [(37.751, -97.822), (38.0, -97.0), (0.0, 0.0)] {
        let region = Some("Kansas".into());
        let stated = Place {
            coordinates: Some(at(latitude, longitude)),
            radius_km: Some(5.0),
            region,
            ..country("US")
        };
        let judged = judge(&trace, &atlas(&[std::slice::from_ref(&stated)]));
        let found = judged.get(address(1)).unwrap();
        assert_eq!(found.verdict, Some(Verdict::Area), "{latitude} {longitude}");
        assert_eq!(found.place.as_ref().unwrap().coordinates, None);
        // The user knows where his own network is.
        let mut own = atlas(&[std::slice::from_ref(&stated)]);
        own.places.get_mut(&address(1)).unwrap().candidates[0].source = "geofeed:own.csv".into();
        let expected = if longitude == 0.0 { Some(Verdict::Area) } else { Some(Verdict::Unlocated) };
        assert_eq!(verdict(&judge(&trace, &own), 1), expected);
    }
}

#[test]
fn the_next_candidate_stands_in_for_a_struck_one() {
    let mut trace = path(&[5.0]);
    trace.origin = origin(50.1, 8.7, OriginSource::Flag);
    // Ashburn, then Paris (480 km), then the country of France.
    let judged = judge(&trace, &atlas(&[&[town(39.0, -77.5, 20.0), town(48.9, 2.35, 20.0), country("FR")]]));
    let found = judged.get(address(1)).unwrap();
    let verdicts: Vec<_> = found.candidates.iter().map(|candidate| candidate.verdict.unwrap()).collect();
    assert_eq!(verdicts, [Verdict::Impossible, Verdict::Plausible, Verdict::Area]);
    assert_eq!((found.source.as_deref(), found.verdict), (Some("two"), Some(Verdict::Plausible)));
    assert_eq!(found.place.as_ref().unwrap().country_code, CountryCode::new("FR"));
}

#[test]
fn a_suspect_place_ranks_behind_every_plausible_one() {
    let mut trace = path(&[10.0]);
    trace.origin = origin(0.0, 20.0, OriginSource::Flag);
    let judged = judge(&trace, &atlas(&[&[town(0.0, 30.0, 0.0), town(0.0, 12.0, 0.0)]]));
    assert_eq!(candidate(&judged, 1, 0), Some(Verdict::Suspect));
    assert_eq!(judged.get(address(1)).unwrap().source.as_deref(), Some("two"));
}

#[test]
fn of_plausible_places_the_first_is_taken_unless_others_agree_on_another() {
    let mut trace = path(&[40.0]);
    trace.origin = origin(50.1, 8.7, OriginSource::Flag);
    let (paris, madrid) = (town(48.9, 2.35, 20.0), town(40.4, -3.7, 20.0));
    let source =
        |places: &[Place]| judge(&trace, &atlas(&[places])).get(address(1)).unwrap().source.clone().unwrap();
    assert_eq!(source(&[paris.clone(), madrid.clone()]), "one".into());
    assert_eq!(source(&[paris.clone(), madrid.clone(), madrid.clone()]), "two".into());
    let in_france = Place { country_code: CountryCode::new("FR"), ..paris };
    assert_eq!(source(&[country("FR"), madrid, in_france]), "three".into());
}

#[test]
fn where_nothing_tells_which_of_two_is_wrong_both_are_suspect() {
    let rows: [&[Place]; 2] = [&[town(-34.6, -58.4, 20.0)], &[town(35.7, 139.7, 20.0)]];
    let judged = judge(&path(&[5.0, 10.0]), &atlas(&rows));
    assert_eq!((verdict(&judged, 1), verdict(&judged, 2)), (Some(Verdict::Suspect), Some(Verdict::Suspect)));
    assert_eq!(judged.consistency, Some(0.5));
}

/// A router does not answer from several places; a target may, so of the two it is the one that has no pin. Where light
/// in vacuum could have been, both keep theirs.
#[test]
fn a_target_that_contradicts_one_router_has_no_pin() {
    for (rtt, verdict_then, pinned) in
        [(39.0, Verdict::Suspect, true), (36.0, Verdict::Unlocated, false), (10.0, Verdict::Anycast, false)]
    {
        let mut trace = path(&[1.0, rtt]);
        trace.target = Some(Target { name: None, address: address(2) });
        let rows = atlas(&[&[town(40.71, -74.01, 0.0)], &[town(51.51, -0.13, 0.0)]]);
        let judged = judge(&trace, &rows);
        assert_eq!((verdict(&judged, 1), verdict(&judged, 2)), (Some(Verdict::Suspect), Some(verdict_then)));
        assert_eq!(judged.get(address(2)).unwrap().place.is_some(), pinned, "{rtt}");
        assert_eq!(candidate(&judged, 2, 0), Some(Verdict::Suspect));
        assert!(judged.get(address(1)).unwrap().place.is_some());
    }
}

#[test]
fn an_origin_from_a_database_is_a_candidate_and_one_typed_stands() {
    // Frankfurt, Paris, Amsterdam within 12 ms; the origin is said to be in Tokyo.
    let rows: [&[Place]; 3] =
        [&[town(50.1, 8.7, 20.0)], &[town(48.9, 2.35, 20.0)], &[town(52.37, 4.9, 20.0)]];
    let mut trace = path(&[1.0, 9.0, 12.0]);
    trace.origin = origin(35.7, 139.7, OriginSource::Database);
    let judged = inspect(&trace, &atlas(&rows));
    assert!((1..=3).all(|last| verdict(&judged.atlas, last) == Some(Verdict::Plausible)));
    assert_eq!(judged.origin.unwrap().verdict, Verdict::Impossible);
    trace.origin = origin(35.7, 139.7, OriginSource::Flag);
    let judged = inspect(&trace, &atlas(&rows));
    assert!((1..=3).all(|last| verdict(&judged.atlas, last) == Some(Verdict::Unlocated)));
    assert_eq!(judged.origin, None);
    trace.origin = origin(50.0, 8.3, OriginSource::Database);
    assert_eq!(inspect(&trace, &atlas(&rows)).origin.unwrap().verdict, Verdict::Plausible);
}

#[test]
fn an_anycast_target_is_recognised_and_has_no_place() {
    // Mountain View in 3 ms from Frankfurt: 9,100 km.
    let far = town(37.4, -122.1, 20.0);
    let rows: [&[Place]; 2] = [&[town(50.1, 8.7, 20.0)], &[far.clone(), country("US")]];
    let mut trace = path(&[1.0, 3.0]);
    trace.origin = origin(50.0, 8.3, OriginSource::Flag);
    assert_eq!(verdict(&judge(&trace, &atlas(&rows)), 2), Some(Verdict::Unlocated));
    trace.target = Some(Target { name: None, address: address(2) });
    let judged = judge(&trace, &atlas(&rows));
    let found = judged.get(address(2)).unwrap();
    assert_eq!((found.verdict, &found.place, found.score), (Some(Verdict::Anycast), &None, None));
    assert_eq!(candidate(&judged, 2, 0), Some(Verdict::Impossible));
    assert_eq!(judged.consistency, Some(1.0));
    // 50 ms: 182 km a millisecond; impossible, yet not far below.
    let mut trace = path(&[1.0, 50.0]);
    trace.origin = origin(50.0, 8.3, OriginSource::Flag);
    trace.target = Some(Target { name: None, address: address(2) });
    assert_eq!(verdict(&judge(&trace, &atlas(&[rows[0], &[far]])), 2), Some(Verdict::Unlocated));
}

#[test]
fn the_verdict_is_the_worst_over_all_ttls_of_an_address() {
    // At hop 1 any place is possible, at hop 3 of the other flow (an RTT of 1 ms) it is not.
    let mut trace = path(&[90.0]);
    let mut other = probe(address(1), 1.0, ReplyKind::TimeExceeded);
    other.flow = Flow(1);
    trace.hops.push(Hop { ttl: Ttl::new(2).unwrap(), probes: Vec::new() });
    trace.hops.push(Hop { ttl: Ttl::new(3).unwrap(), probes: vec![other] });
    trace.origin = origin(0.0, 20.0, OriginSource::Flag);
    assert_eq!(
        candidate(&judge(&trace, &atlas(&[&[town(0.0, 30.0, 0.0)]])), 1, 0),
        Some(Verdict::Impossible)
    );
}

#[test]
fn what_a_source_says_of_its_own_answer_stays_in_front() {
    let mut trace = path(&[20.0]);
    trace.origin = origin(0.0, 20.0, OriginSource::Flag);
    let mut before = atlas(&[&[town(0.0, 30.0, 0.0)]]);
    before.places.get_mut(&address(1)).unwrap().candidates[0].reason = Some("fra is Frankfurt".to_owned());
    let once = judge(&trace, &before);
    let reason = once.get(address(1)).unwrap().candidates[0].reason.clone().unwrap();
    assert_eq!(
        reason,
        "fra is Frankfurt; held against the path: 1113 km from the origin; 20.000 ms allow 2140 km in fibre"
    );
    assert_eq!(judge(&trace, &once), once);
}

/// Three databases put both routers of a network at its office on the other side of the world; the exchange
/// point before them and the registries of three countries speak against it, without any origin.
#[test]
fn a_network_at_its_office_is_one_statement() {
    let office = town(9.06, 7.49, 20.0);
    let santiago = Place { country_code: CountryCode::new("CL"), ..town(-33.45, -70.65, 20.0) };
    let registered = |code: &str| Place { asn: Asn::new(64501), ..country(code) };
    let rows: Vec<Vec<Place>> = vec![
        vec![santiago.clone(), santiago.clone(), santiago, Place { asn: Asn::new(64500), ..country("CL") }],
        vec![office.clone(), office.clone(), office.clone(), registered("AR")],
        vec![office.clone(), office.clone(), office.clone(), registered("UY")],
        vec![office.clone(), office.clone(), office, registered("BR")],
    ];
    let rows: Vec<&[Place]> = rows.iter().map(Vec::as_slice).collect();
    let judged = judge(&path(&[1.3, 17.4, 21.6, 31.3]), &atlas(&rows));
    assert_eq!(verdict(&judged, 1), Some(Verdict::Plausible));
    for last in 2..=4 {
        assert_eq!(
            (verdict(&judged, last), candidate(&judged, last, 0)),
            (Some(Verdict::Area), Some(Verdict::Impossible))
        );
    }
}

#[test]
fn what_a_database_marks_as_anycast_has_no_place_and_binds_nobody() {
    let mut trace = path(&[1.0, 3.0, 5.0]);
    trace.origin = origin(50.0, 8.3, OriginSource::Flag);
    let rows: [&[Place]; 3] =
        [&[town(50.1, 8.7, 20.0)], &[town(37.4, -122.1, 20.0)], &[town(50.1, 8.7, 20.0)]];
    let mut marked = atlas(&rows);
    let reason = Some(crate::mmdb::record::ANYCAST.to_owned());
    let mark =
        Evidence { reason, ..evidence("mmdb:ipinfo", Place { asn: Asn::new(64500), ..Place::default() }) };
    marked.places.get_mut(&address(2)).unwrap().candidates.push(mark);
    let judged = judge(&trace, &marked);
    let found = judged.get(address(2)).unwrap();
    assert_eq!((found.verdict, found.score), (Some(Verdict::Anycast), None));
    assert_eq!(found.place, Some(Place { asn: Asn::new(64500), ..Place::default() }));
    assert_eq!(
        (verdict(&judged, 1), verdict(&judged, 3)),
        (Some(Verdict::Plausible), Some(Verdict::Plausible))
    );
    assert_eq!(judged.consistency, Some(1.0));
    assert_eq!(judge(&trace, &judged), judged);
}
