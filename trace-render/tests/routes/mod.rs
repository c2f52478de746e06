//! Routes to draw, for the tests and the gallery.

#![allow(dead_code, unreachable_pub, reason = "each user takes what it needs")]

use core::time::Duration;
use std::net::{IpAddr, Ipv4Addr};

use trace_core::model::{
    Atlas, Coordinates, CountryCode, Flow, Hop, Located, Origin, OriginSource, Outcome, Place, ProbeRecord,
    ProbeResult, Protocol, Protocols, Reply, ReplyKind, Target, Trace, TraceKind, Ttl, Uuid, Verdict,
};

/// What a hop is.
#[derive(Debug, Clone, Copy)]
pub enum At<'a> {
    /// A city: name, country's code, latitude, longitude.
    City(&'a str, &'a str, f64, f64),
    /// The same with a verdict.
    Judged(&'a str, &'a str, f64, f64, Verdict),
    /// A country and no more.
    Country(&'a str),
    /// It answered from a private range.
    Private,
    /// It did not answer.
    Silent,
    /// It answered, and nobody knows from where.
    Nowhere,
}

/// 2026-11-23 22:55:08 UTC.
pub const STARTED: i64 = 1_795_474_508_000_000_000;

/// A trace with one probe a hop and the places of its hops.
pub fn route(name: &str, outcome: Outcome, hops: &[At<'_>]) -> (Trace, Atlas) {
    let mut atlas = Atlas::default();
    let mut path = Vec::new();
    let mut last = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 80));
    for (index, &at) in hops.iter().enumerate() {
        let number = u8::try_from(index + 1).unwrap_or(u8::MAX);
        let address = IpAddr::V4(match at {
            At::Private => Ipv4Addr::new(192, 168, 1, number),
            _ => Ipv4Addr::new(198, 51, 100, number),
        });
        let result = if matches!(at, At::Silent) {
            ProbeResult::Silent
        } else {
            last = address;
            atlas.places.insert(address, located(at));
            ProbeResult::Answered(Box::new(Reply {
                from: address,
                rtt: Some(Duration::from_micros(700 + 9_400 * u64::from(number))),
                kind: Some(ReplyKind::TimeExceeded),
                icmp: None,
                reply_ttl: None,
                quoted: None,
                mpls: Vec::new(),
                extensions: Vec::new(),
                inherited_from: None,
            }))
        };
        let probe = ProbeRecord {
            protocol: Some(Protocol::Icmp),
            flow: Flow(0),
            round: 0,
            sent: None,
            off_flow: false,
            result,
        };
        path.push(Hop { ttl: Ttl::new(number).unwrap_or(Ttl::MAX), probes: vec![probe] });
    }
    let address = if outcome == Outcome::Reached { last } else { IpAddr::V4(Ipv4Addr::new(203, 0, 113, 80)) };
    let trace = Trace {
        id: Uuid::nil(),
        kind: TraceKind::Measured,
        vantage: None,
        target: Some(Target { name: (!name.is_empty()).then(|| name.to_owned()), address }),
        source: None,
        origin: None,
        protocol: Some(Protocols::One(Protocol::Icmp)),
        mode: None,
        settings: None,
        started: STARTED,
        duration: None,
        outcome: Some(outcome),
        outcome_detail: None,
        hops: path,
    };
    (trace, atlas)
}

/// The same trace with a place to start from.
pub fn from((mut trace, atlas): (Trace, Atlas), latitude: f64, longitude: f64) -> (Trace, Atlas) {
    trace.origin = Coordinates::new(latitude, longitude).map(|coordinates| Origin {
        coordinates,
        radius_km: Some(50.0),
        from: OriginSource::Flag,
    });
    (trace, atlas)
}

fn located(at: At<'_>) -> Located {
    let point = |city: &str, code: &str, latitude, longitude| Place {
        city: Some(city).filter(|city| !city.is_empty()).map(Into::into),
        country_code: CountryCode::new(code),
        coordinates: Coordinates::new(latitude, longitude),
        ..Place::default()
    };
    let (place, verdict) = match at {
        At::City(city, code, latitude, longitude) => {
            (point(city, code, latitude, longitude), Verdict::Plausible)
        }
        At::Judged(city, code, latitude, longitude, verdict) => {
            (point(city, code, latitude, longitude), verdict)
        }
        At::Country(code) => {
            (Place { country_code: CountryCode::new(code), ..Place::default() }, Verdict::Area)
        }
        At::Private => return Located { verdict: Some(Verdict::Private), ..Located::default() },
        At::Nowhere | At::Silent => {
            return Located { verdict: Some(Verdict::Unlocated), ..Located::default() };
        }
    };
    Located { place: Some(place), verdict: Some(verdict), ..Located::default() }
}
