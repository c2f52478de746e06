//! Traces as a timer makes them: the same targets again and again, with times that vary, packets that get lost
//! and paths that change now and then.

use core::time::Duration;
use std::net::IpAddr;

use trace_core::model::*;

/// 2026-11-01 in nanoseconds since 1970.
pub(crate) const NOVEMBER: i64 = 1_793_491_200_000_000_000;

const HOPS: u8 = 15;

/// A xorshift generator (Marsaglia 2003): the same numbers in every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

fn router(target: u8, hop: u8, variant: u8) -> IpAddr {
    // The first hops are everybody's.
    if hop <= 4 { [10, 0, 0, hop].into() } else { [198, 18 + variant, target, hop].into() }
}

/// The trace number `number`, hourly, to one of `targets` targets with `queries` probes a hop.
pub(crate) fn trace(number: u32, targets: u8, queries: u8) -> (Trace, Atlas) {
    let mut dice = Dice::new(u64::from(number) + 1);
    let target = u8::try_from(number % u32::from(targets)).unwrap();
    let variant = u8::from(dice.below(50) == 0);
    let started = NOVEMBER + i64::from(number) * (3_600_000_000_000 / i64::from(targets));
    let mut random = [0; 10];
    random.fill_with(|| u8::try_from(dice.below(256)).unwrap());
    let mut sent = 80_000;
    let hops = (1..=HOPS)
        .map(|ttl| {
            let from = router(target, ttl, variant);
            let probes = (0..queries).map(|_| {
                sent += 3_000 + dice.below(20_000);
                let rtt = u64::from(ttl) * 1_300_000 + dice.below(900_000);
                let lost = dice.below(100) == 0;
                ProbeRecord {
                    protocol: Some(Protocol::Udp),
                    flow: Flow(0),
                    round: 0,
                    sent: Some(Duration::from_nanos(sent)),
                    off_flow: false,
                    result: if lost { ProbeResult::Silent } else { answered(from, ttl, rtt) },
                }
            });
            Hop { ttl: Ttl::new(ttl).unwrap(), probes: probes.collect() }
        })
        .collect();
    let address = router(target, HOPS, 0);
    let trace = Trace {
        id: crate::new_id(started, random),
        kind: TraceKind::Measured,
        vantage: Some("office".to_owned()),
        target: Some(Target { name: Some(format!("host{target}.example.net")), address }),
        source: Some([192, 0, 2, 1].into()),
        origin: None,
        protocol: Some(Protocols::One(Protocol::Udp)),
        mode: Some(Mode::Raw),
        settings: Some(Settings { queries, ..Settings::default() }),
        started,
        duration: Some(Duration::from_nanos(40_000_000 + dice.below(9_000_000))),
        outcome: Some(Outcome::Reached),
        outcome_detail: None,
        hops,
    };
    let atlas = atlas(&trace);
    (trace, atlas)
}

fn answered(from: IpAddr, ttl: u8, rtt: u64) -> ProbeResult {
    let last = ttl == HOPS;
    ProbeResult::Answered(Box::new(Reply {
        from,
        rtt: Some(Duration::from_nanos(rtt)),
        kind: Some(if last { ReplyKind::PortUnreachable } else { ReplyKind::TimeExceeded }),
        icmp: Some(if last { IcmpType { kind: 3, code: 3 } } else { IcmpType { kind: 11, code: 0 } }),
        reply_ttl: Some(255 - ttl),
        quoted: Some(Quoted { ttl: 1, tos: 0, nat: false }),
        mpls: Vec::new(),
        extensions: Vec::new(),
        inherited_from: None,
    }))
}

fn atlas(trace: &Trace) -> Atlas {
    let mut atlas = Atlas { consistency: Some(0.97), ..Atlas::default() };
    for address in trace.hops.iter().flat_map(Hop::answerers) {
        let place = Place {
            country_code: CountryCode::new("AR"),
            country: Some("Argentina".into()),
            city: Some("Barranqueras".into()),
            isp: Some("an ISP".into()),
            asn: Asn::new(64500),
            coordinates: Coordinates::new(-27.48, -58.94),
            radius_km: Some(20.0),
            region: None,
        };
        let evidence = Evidence {
            source: "mmdb:GeoLite2-City".into(),
            built: Some("2026-11-01".into()),
            place: place.clone(),
            verdict: Some(Verdict::Plausible),
            reason: None,
        };
        let located = Located {
            place: Some(place),
            source: Some("mmdb:GeoLite2-City 2026-11-01".into()),
            hostname: Some(format!("router-{address}.example.net")),
            verdict: Some(Verdict::Plausible),
            score: Some(0.93),
            note: None,
            candidates: vec![evidence],
        };
        atlas.places.insert(address, located);
    }
    atlas
}
