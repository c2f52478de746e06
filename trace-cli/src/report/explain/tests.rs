use insta::assert_snapshot;
use trace_core::model::{Coordinates, CountryCode, OriginSource};

use super::*;
use crate::report::samples;

fn evidence(source: &str, city: &str, verdict: Verdict, reason: &str) -> Evidence {
    Evidence {
        source: source.into(),
        built: Some("2026-11-01".into()),
        place: Place {
            country_code: CountryCode::new("AR"),
            city: Some(city.into()),
            coordinates: Coordinates::new(-27.48, -58.94),
            radius_km: Some(20.0),
            ..Place::default()
        },
        verdict: Some(verdict),
        reason: Some(reason.to_owned()),
    }
}

fn sample() -> (Trace, Atlas) {
    let (mut trace, mut atlas) = (samples::trace(), samples::atlas());
    trace.origin = Some(Origin {
        coordinates: Coordinates::new(-34.6, -58.4).unwrap(),
        radius_km: None,
        from: OriginSource::Flag,
    });
    atlas.consistency = Some(0.75);
    let located = atlas.places.get_mut(&"203.0.113.1".parse::<IpAddr>().unwrap()).unwrap();
    located.verdict = Some(Verdict::Plausible);
    located.score = Some(0.5);
    let mut struck =
        evidence("geofeed:office.csv", "\u{1b}[2JTokyo", Verdict::Impossible, "18000 km from hop 2");
    struck.place.coordinates = Coordinates::new(35.68, 139.69);
    located.candidates = vec![
        struck,
        evidence("mmdb:GeoLite2-City", "Barranqueras", Verdict::Plausible, "790 km; 10.012 ms allow 1071 km"),
        evidence("mmdb:other", "Barranqueras", Verdict::Suspect, "why not"),
    ];
    (trace, atlas)
}

fn explained(ttl: u8, format: Format) -> String {
    let (trace, atlas) = sample();
    let hop = trace.hops.iter().find(|hop| hop.ttl.get() == ttl).unwrap();
    let explanation = Explanation { trace: &trace, hop, atlas: &atlas, was_judged: true, origin: None };
    text(&explanation, format, Paint::Plain).unwrap()
}

#[test]
fn every_candidate_is_shown_with_what_became_of_it() {
    assert_snapshot!(explained(3, Format::Table), @r#"
    TTL 3 of 1a2b3c4d, measured from -34.600,-58.400 (flag)

    203.0.113.1  core1.\u{1b}[2Jexample.net  least RTT 10.012 ms
    Barranqueras, AR: plausible, score 0.50, from mmdb:GeoLite2-City 2026-11-01
    Candidate  Source              Built       Place                         Point  Radius  From origin  Verdict     Why
    struck     geofeed:office.csv  2026-11-01  \u{1b}[2JTokyo, AR   35.680,139.690   20 km     18376 km  impossible  18000 km from hop 2
    taken      mmdb:GeoLite2-City  2026-11-01  Barranqueras, AR    -27.480,-58.940   20 km       791 km  plausible   790 km; 10.012 ms allow 1071 km
    not taken  mmdb:other          2026-11-01  Barranqueras, AR    -27.480,-58.940   20 km       791 km  suspect     why not

    203.0.113.2  least RTT 10.555 ms
    no place is known
    no source says anything of it
    "#);
}

#[test]
fn programs_get_every_candidate() {
    assert_snapshot!(explained(3, Format::Csv).replace('\u{1b}', "<ESC>"), @r#"
    trace,ttl,address,hostname,min_rtt_ms,fate,source,built,country_code,country,region,city,latitude,longitude,radius_km,asn,isp,from_origin_km,verdict,reason
    019a0000-0000-7000-8000-00001a2b3c4d,3,203.0.113.1,core1.<ESC>[2Jexample.net,10.012,struck,geofeed:office.csv,2026-11-01,AR,,,<ESC>[2JTokyo,35.68,139.69,20.0,,,18376.0,impossible,18000 km from hop 2
    019a0000-0000-7000-8000-00001a2b3c4d,3,203.0.113.1,core1.<ESC>[2Jexample.net,10.012,taken,mmdb:GeoLite2-City,2026-11-01,AR,,,Barranqueras,-27.48,-58.94,20.0,,,791.0,plausible,790 km; 10.012 ms allow 1071 km
    019a0000-0000-7000-8000-00001a2b3c4d,3,203.0.113.1,core1.<ESC>[2Jexample.net,10.012,not-taken,mmdb:other,2026-11-01,AR,,,Barranqueras,-27.48,-58.94,20.0,,,791.0,suspect,why not
    "#);
    let json: serde_json::Value = serde_json::from_str(&explained(3, Format::Json)).unwrap();
    assert_eq!(json["ttl"], 3);
    assert_eq!(json["consistency"], 0.75);
    assert_eq!(json["answerers"][0]["candidates"][0]["fate"], "struck");
    assert_eq!(json["answerers"][0]["candidates"][1]["fate"], "taken");
    assert_eq!(json["answerers"][0]["candidates"][2]["fate"], "not-taken");
    assert_eq!(json["answerers"][1]["candidates"], serde_json::json!([]));
    assert_eq!(explained(3, Format::Jsonl).lines().count(), 1);
}

#[test]
fn a_hop_without_answers_or_places_says_so() {
    assert_snapshot!(explained(2, Format::Table), @r#"
    TTL 2 of 1a2b3c4d, measured from -34.600,-58.400 (flag)
    nobody answered (3 probes): there is nobody to place
    "#);
    assert_snapshot!(explained(1, Format::Table), @r#"
    TTL 1 of 1a2b3c4d, measured from -34.600,-58.400 (flag)

    10.0.0.1  least RTT 0.401 ms
    private (RFC 1918)
    "#);
    assert_snapshot!(explained(5, Format::Table), @r#"
    TTL 5 of 1a2b3c4d, measured from -34.600,-58.400 (flag)

    203.0.113.9  least RTT 30.000 ms
    no place is known
    no source says anything of it
    "#);
}
