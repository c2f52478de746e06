//! Traces and atlases of every shape, for the tests of this crate.

use core::time::Duration;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use trace_core::model::*;

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        // Few addresses, so that they repeat within a trace.
        4 => (1u8..9).prop_map(|last| IpAddr::from([192, 0, 2, last])),
        1 => any::<[u8; 4]>().prop_map(|octets| Ipv4Addr::from(octets).into()),
        2 => any::<[u8; 16]>().prop_map(|octets| Ipv6Addr::from(octets).into()),
    ]
}

fn span() -> impl Strategy<Value = Duration> {
    prop_oneof![
        8 => (0u64..300_000_000).prop_map(Duration::from_nanos),
        1 => (0..=i64::MAX.cast_unsigned()).prop_map(Duration::from_nanos),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just("an ISP".to_owned()), "\\PC{0,12}", any::<String>()]
}

fn id() -> impl Strategy<Value = Uuid> {
    any::<[u8; 16]>().prop_map(Uuid::from_bytes)
}

fn ttl() -> impl Strategy<Value = Ttl> {
    (1u8..=255).prop_map(|ttl| Ttl::new(ttl).unwrap())
}

fn word<T: Clone + std::fmt::Debug>(all: &'static [T]) -> impl Strategy<Value = T> {
    select(all)
}

fn coordinates() -> impl Strategy<Value = Coordinates> {
    (-90.0..=90.0f64, -180.0..=180.0f64).prop_map(|(lat, lon)| Coordinates::new(lat, lon).unwrap())
}

fn reply() -> impl Strategy<Value = Reply> {
    let label = (0u32..1 << 20, 0u8..8, any::<bool>(), any::<u8>())
        .prop_map(|(label, traffic_class, bottom, ttl)| Label { label, traffic_class, bottom, ttl });
    let extension = (any::<u8>(), any::<u8>(), vec(any::<u8>(), 0..9))
        .prop_map(|(class, c_type, bytes)| Extension { class, c_type, bytes });
    let quoted =
        (any::<u8>(), any::<u8>(), any::<bool>()).prop_map(|(ttl, tos, nat)| Quoted { ttl, tos, nat });
    let icmp = any::<[u8; 2]>().prop_map(|[kind, code]| IcmpType { kind, code });
    (
        address(),
        of(span()),
        of(word(ReplyKind::ALL)),
        of(icmp),
        of(any::<u8>()),
        of(quoted),
        vec(label, 0..3),
        vec(extension, 0..2),
        prop_oneof![5 => Just(None), 1 => id().prop_map(Some)],
    )
        .prop_map(|(from, rtt, kind, icmp, reply_ttl, quoted, mpls, extensions, inherited_from)| Reply {
            from,
            rtt,
            kind,
            icmp,
            reply_ttl,
            quoted,
            mpls,
            extensions,
            inherited_from,
        })
}

fn probe() -> impl Strategy<Value = ProbeRecord> {
    let result = prop_oneof![
        5 => reply().prop_map(|reply| ProbeResult::Answered(Box::new(reply))),
        2 => Just(ProbeResult::Silent),
        1 => text().prop_map(|error| ProbeResult::Unsent { error }),
    ];
    let round = prop_oneof![4 => 0u32..3, 1 => any::<u32>()];
    let flow = prop_oneof![4 => 0u16..4, 1 => any::<u16>()].prop_map(Flow);
    (of(word(Protocol::ALL)), flow, round, of(span()), any::<bool>(), result).prop_map(
        |(protocol, flow, round, sent, off_flow, result)| ProbeRecord {
            protocol,
            flow,
            round,
            sent,
            off_flow,
            result,
        },
    )
}

fn hops() -> impl Strategy<Value = Vec<Hop>> {
    (1u8..=200, vec(vec(probe(), 0..5), 0..12)).prop_map(|(first, hops)| {
        let ttls = (first..=255).map(|ttl| Ttl::new(ttl).unwrap());
        ttls.zip(hops).map(|(ttl, probes)| Hop { ttl, probes }).collect()
    })
}

fn rounds() -> impl Strategy<Value = u32> {
    prop_oneof![1 => Just(u32::MAX), 4 => any::<u32>()]
}

fn settings() -> impl Strategy<Value = Settings> {
    (
        (any::<u8>(), ttl(), ttl(), any::<u16>(), rounds(), span(), span()),
        (any::<u8>(), of(any::<u16>()), of(any::<u16>()), any::<u8>()),
        (of(address()), of(text()), of(any::<u16>()), of(0..1u32 << 20), any::<bool>(), of(any::<u32>())),
    )
        .prop_map(
            |(
                (queries, first_ttl, max_ttl, flows, rounds, interval, wait),
                (gap, port, size, tos),
                (source, interface, source_port, flow_label, dont_fragment, mark),
            )| {
                Settings {
                    queries,
                    first_ttl,
                    max_ttl,
                    flows,
                    rounds,
                    interval,
                    wait,
                    gap,
                    port,
                    size,
                    tos,
                    source,
                    interface,
                    source_port,
                    flow_label,
                    dont_fragment,
                    mark,
                }
            },
        )
}

/// Any trace whatever, measured or imported.
pub(crate) fn trace() -> impl Strategy<Value = Trace> {
    let target = (of(text()), address()).prop_map(|(name, address)| Target { name, address });
    let origin = (coordinates(), of(0.0..1e4f64), word(OriginSource::ALL))
        .prop_map(|(coordinates, radius_km, from)| Origin { coordinates, radius_km, from });
    let protocols = prop_oneof![word(Protocol::ALL).prop_map(Protocols::One), Just(Protocols::All)];
    (
        (id(), word(TraceKind::ALL), of(text()), of(target), of(address()), of(origin), of(protocols)),
        (of(word(Mode::ALL)), of(settings()), any::<i64>(), of(span()), of(word(Outcome::ALL)), of(text())),
        hops(),
    )
        .prop_map(
            |(
                (id, kind, vantage, target, source, origin, protocol),
                (mode, settings, started, duration, outcome, outcome_detail),
                hops,
            )| Trace {
                id,
                kind,
                vantage,
                target,
                source,
                origin,
                protocol,
                mode,
                settings,
                started,
                duration,
                outcome,
                outcome_detail,
                hops,
            },
        )
}

fn place() -> impl Strategy<Value = Place> {
    let country = select(vec!["AR", "DE", "XK"]).prop_map(|code| CountryCode::new(code).unwrap());
    let number = (1u32..=u32::MAX).prop_map(|number| Asn::new(number).unwrap());
    (
        of(country),
        of(text()),
        of(text()),
        of(text()),
        of(text()),
        of(number),
        of(coordinates()),
        of(0.0..2e4f64),
    )
        .prop_map(|(country_code, country, city, region, isp, asn, coordinates, radius_km)| Place {
            country_code,
            country: country.map(Arc::from),
            city: city.map(Arc::from),
            region: region.map(Arc::from),
            isp: isp.map(Arc::from),
            asn,
            coordinates,
            radius_km,
        })
}

fn located() -> impl Strategy<Value = Located> {
    let score =
        || prop_oneof![(0u32..=100).prop_map(|hundredths| f64::from(hundredths) / 100.0), 0.0..=1.0f64];
    let evidence = (text(), of(text()), place(), of(word(Verdict::ALL)), of(text())).prop_map(
        |(source, built, place, verdict, reason)| Evidence {
            source: source.into(),
            built: built.map(Arc::from),
            place,
            verdict,
            reason,
        },
    );
    let place = prop_oneof![4 => of(place()), 1 => Just(Some(Place::default()))];
    (place, of(text()), of(text()), of(word(Verdict::ALL)), of(score()), of(text()), vec(evidence, 0..3))
        .prop_map(|(place, source, hostname, verdict, score, note, candidates)| Located {
            place,
            source: source.map(Arc::from),
            hostname,
            verdict,
            score,
            note,
            candidates,
        })
}

/// Any atlas whatever, of addresses that a trace may have met or not.
pub(crate) fn atlas() -> impl Strategy<Value = Atlas> {
    (btree_map(address(), located(), 0..6), of(0.0..=1.0f64))
        .prop_map(|(places, consistency)| Atlas { places, consistency })
}
