use core::time::Duration;
use std::net::IpAddr;

use trace_core::model::{
    Asn, Atlas, Coordinates, CountryCode, Evidence, Flow, Hop, Located, Origin, OriginSource, Place,
    ProbeRecord, ProbeResult, Protocol, Reply, ReplyKind, Target, Trace, TraceKind, Ttl, Uuid, Verdict,
};

use super::{inspect, judge};

mod bounds;
mod properties;
mod search;
mod usable;

fn address(last: u8) -> IpAddr {
    IpAddr::from([198, 18, 0, last])
}

fn at(latitude: f64, longitude: f64) -> Coordinates {
    Coordinates::new(latitude, longitude).unwrap()
}

/// A town with a stated radius.
fn town(latitude: f64, longitude: f64, radius: f64) -> Place {
    let coordinates = Some(at(latitude, longitude));
    Place { city: Some("a town".into()), coordinates, radius_km: Some(radius), ..Place::default() }
}

fn country(code: &str) -> Place {
    Place { country_code: CountryCode::new(code), ..Place::default() }
}

fn evidence(source: &str, place: Place) -> Evidence {
    Evidence { source: source.into(), built: None, place, verdict: None, reason: None }
}

fn probe(from: IpAddr, rtt_ms: f64, kind: ReplyKind) -> ProbeRecord {
    ProbeRecord {
        protocol: Some(Protocol::Udp),
        flow: Flow(0),
        round: 0,
        sent: None,
        off_flow: false,
        result: ProbeResult::Answered(Box::new(Reply {
            from,
            rtt: Some(Duration::from_secs_f64(rtt_ms / 1e3)),
            kind: Some(kind),
            icmp: None,
            reply_ttl: None,
            quoted: None,
            mpls: Vec::new(),
            extensions: Vec::new(),
            inherited_from: None,
        })),
    }
}

fn reply(probe: &mut ProbeRecord) -> &mut Reply {
    match &mut probe.result {
        ProbeResult::Answered(reply) => reply,
        _ => panic!("it was answered"),
    }
}

fn trace(hops: Vec<Vec<ProbeRecord>>) -> Trace {
    let hops = (1..).zip(hops).map(|(ttl, probes)| Hop { ttl: Ttl::new(ttl).unwrap(), probes }).collect();
    Trace {
        id: Uuid::nil(),
        kind: TraceKind::Measured,
        vantage: None,
        target: None,
        source: None,
        origin: None,
        protocol: None,
        mode: None,
        settings: None,
        started: 0,
        duration: None,
        outcome: None,
        outcome_detail: None,
        hops,
    }
}

/// A path whose hop n is `address(n)`, from 1, with the RTTs given.
fn path(rtts: &[f64]) -> Trace {
    let hop = |(last, rtt): (u8, &f64)| vec![probe(address(last), *rtt, ReplyKind::TimeExceeded)];
    trace((1..).zip(rtts).map(hop).collect())
}

/// An atlas that says of `address(n)`, from 1, what stands in the row n.
fn atlas(rows: &[&[Place]]) -> Atlas {
    let mut atlas = Atlas::default();
    for (last, places) in (1..).zip(rows) {
        let candidates = ["one", "two", "three", "four"].iter().zip(*places);
        let candidates = candidates.map(|(source, place)| evidence(source, place.clone())).collect();
        atlas.places.insert(address(last), Located { candidates, ..Located::default() });
    }
    atlas
}

fn origin(latitude: f64, longitude: f64, from: OriginSource) -> Option<Origin> {
    Some(Origin { coordinates: at(latitude, longitude), radius_km: Some(0.0), from })
}

fn verdict(atlas: &Atlas, last: u8) -> Option<Verdict> {
    atlas.get(address(last)).unwrap().verdict
}

fn candidate(atlas: &Atlas, last: u8, index: usize) -> Option<Verdict> {
    atlas.get(address(last)).unwrap().candidates[index].verdict
}
