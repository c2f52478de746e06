//! A trace with something of everything, for the tests.

use std::time::Duration;

use trace_core::model::{
    Asn, Atlas, Coordinates, CountryCode, Flow, Hop, IcmpType, Label, Located, Mode, Outcome, Place,
    ProbeRecord, ProbeResult, Protocol, Protocols, Quoted, Reply, ReplyKind, Settings, Target, Trace,
    TraceKind, Ttl, Uuid, Verdict,
};

/// A probe that `from` answered after so many microseconds.
pub(crate) fn answered(from: &str, microseconds: u64, kind: ReplyKind) -> ProbeRecord {
    record(ProbeResult::Answered(Box::new(Reply {
        from: from.parse().unwrap(),
        rtt: Some(Duration::from_micros(microseconds)),
        kind: Some(kind),
        icmp: Some(IcmpType { kind: 3, code: 12 }),
        reply_ttl: None,
        quoted: None,
        mpls: Vec::new(),
        extensions: Vec::new(),
        inherited_from: None,
    })))
}

pub(crate) fn silent() -> ProbeRecord {
    record(ProbeResult::Silent)
}

pub(crate) fn unsent(error: &str) -> ProbeRecord {
    record(ProbeResult::Unsent { error: error.to_owned() })
}

fn record(result: ProbeResult) -> ProbeRecord {
    ProbeRecord {
        protocol: Some(Protocol::Udp),
        flow: Flow(0),
        round: 0,
        sent: Some(Duration::ZERO),
        off_flow: false,
        result,
    }
}

pub(crate) fn hop(ttl: u8, probes: impl Into<Vec<ProbeRecord>>) -> Hop {
    Hop { ttl: Ttl::new(ttl).unwrap(), probes: probes.into() }
}

/// Six hops: private, silent, two answerers, one that limits its answers and carries a label, one that
/// translates addresses, the target.
pub(crate) fn trace() -> Trace {
    use ReplyKind::TimeExceeded;
    let mut labelled = answered("203.0.113.7", 21_003, TimeExceeded);
    let mut translated = answered("203.0.113.9", 30_000, TimeExceeded);
    if let ProbeResult::Answered(reply) = &mut labelled.result {
        reply.mpls = vec![Label { label: 24015, traffic_class: 0, bottom: true, ttl: 1 }];
    }
    if let ProbeResult::Answered(reply) = &mut translated.result {
        reply.quoted = Some(Quoted { ttl: 1, tos: 0, nat: true });
    }
    let target = "198.51.100.80";
    Trace {
        id: Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_1a2b_3c4d),
        kind: TraceKind::Measured,
        vantage: Some("attic".to_owned()),
        target: Some(Target { name: Some("bücher.example".to_owned()), address: target.parse().unwrap() }),
        source: Some("10.0.0.5".parse().unwrap()),
        origin: None,
        protocol: Some(Protocols::One(Protocol::Udp)),
        mode: Some(Mode::Unprivileged),
        settings: Some(Settings::default()),
        started: 1_793_000_000_123_000_000,
        duration: Some(Duration::from_millis(134)),
        outcome: Some(Outcome::Reached),
        outcome_detail: None,
        hops: vec![
            hop(1, [412, 401, 733].map(|rtt| answered("10.0.0.1", rtt, TimeExceeded))),
            hop(2, [silent(), silent(), silent()]),
            hop(
                3,
                [
                    answered("203.0.113.1", 10_012, TimeExceeded),
                    answered("203.0.113.2", 10_555, TimeExceeded),
                    answered("203.0.113.1", 11_000, TimeExceeded),
                ],
            ),
            hop(4, [labelled, silent(), silent()]),
            hop(5, [translated.clone(), translated.clone(), translated]),
            hop(6, [110_204, 110_100, 112_999].map(|rtt| answered(target, rtt, ReplyKind::PortUnreachable))),
        ],
    }
}

/// What is known of its addresses.
pub(crate) fn atlas() -> Atlas {
    let mut atlas = Atlas::default();
    let place = |code: &str, country: &str, city: Option<&str>, asn: u32| Place {
        country_code: CountryCode::new(code),
        country: Some(country.into()),
        city: city.map(Into::into),
        asn: Asn::new(asn),
        coordinates: city.and(Coordinates::new(-27.48, -58.94)),
        ..Place::default()
    };
    let mut add = |address: &str, located: Located| atlas.places.insert(address.parse().unwrap(), located);
    add(
        "10.0.0.1",
        Located {
            verdict: Some(Verdict::Private),
            note: Some("private (RFC 1918)".to_owned()),
            ..Located::default()
        },
    );
    add(
        "203.0.113.1",
        Located {
            place: Some(place("AR", "Argentina", Some("Barranqueras"), 64500)),
            hostname: Some("core1.\u{1b}[2Jexample.net".to_owned()),
            source: Some("mmdb:GeoLite2-City 2026-11-01".into()),
            ..Located::default()
        },
    );
    add(
        "203.0.113.7",
        Located {
            place: Some(place("BR", "Brazil", None, 64501)),
            verdict: Some(Verdict::Area),
            source: Some("builtin 2026-06-17".into()),
            ..Located::default()
        },
    );
    add(
        "198.51.100.80",
        Located {
            place: Some(place("DE", "Germany", Some("Köln"), 64502)),
            hostname: Some("www.example.net".to_owned()),
            ..Located::default()
        },
    );
    atlas
}
