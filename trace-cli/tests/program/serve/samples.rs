//! Traces to be shown.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use trace_core::model::{
    Atlas, Coordinates, CountryCode, Hop, Located, Mode, Outcome, Place, ProbeRecord, ProbeResult, Protocol,
    Protocols, Reply, Settings, Target, Trace, TraceKind, Ttl, Uuid, Verdict,
};
use trace_store::{Documents, Store};

use crate::run::Home;

/// Text that would be a script if somebody took it for HTML.
pub(super) const HOSTILE: &str = "<script>alert(1)</script>\"'&\u{202e}";
/// 2026-11-26 12:00:00 UTC in nanoseconds since 1970.
pub(super) const NOON: i64 = 1_795_694_400_000_000_000;
pub(super) const HOUR: i64 = 3_600_000_000_000;

/// Trace number `hour` to the target of this number, by a router of number `way` in the middle.
pub(super) fn trace(target: u8, hour: u32, way: u8) -> (Trace, Atlas) {
    let address = [198, 51, 100, target];
    let path = [[10, 0, 0, 1], [203, 0, 113, way], address];
    let started = NOON + i64::from(hour) * HOUR;
    let hop = |(ttl, from): (u8, [u8; 4])| {
        let probe = |number: u64| {
            let mut reply = Reply::new(from.into());
            reply.rtt = Some(Duration::from_micros(5000 * u64::from(ttl) + 10 * number + u64::from(hour)));
            ProbeRecord {
                protocol: Some(Protocol::Icmp),
                flow: Default::default(),
                round: 0,
                sent: Some(Duration::from_millis(number)),
                off_flow: false,
                result: if ttl == 2 && number == 2 {
                    ProbeResult::Silent
                } else {
                    ProbeResult::Answered(Box::new(reply))
                },
            }
        };
        Hop { ttl: Ttl::new(ttl).expect("a TTL"), probes: (0..3).map(probe).collect() }
    };
    let trace = Trace {
        id: trace_store::new_id(
            started,
            [target, way, hour.to_be_bytes()[3], hour.to_be_bytes()[2], 1, 2, 3, 4, 5, 6],
        ),
        kind: TraceKind::Measured,
        vantage: None,
        target: Some(Target { name: Some(format!("host{target}.example")), address: address.into() }),
        source: Some([10, 0, 0, 2].into()),
        origin: None,
        protocol: Some(Protocols::One(Protocol::Icmp)),
        mode: Some(Mode::Raw),
        settings: Some(Settings::default()),
        started,
        duration: Some(Duration::from_millis(30)),
        outcome: Some(Outcome::Reached),
        outcome_detail: None,
        hops: (1..=3).zip(path).map(hop).collect(),
    };
    let city = |name: &str, latitude, longitude| Located {
        place: Some(Place {
            country_code: CountryCode::new("IS"),
            country: Some("Iceland".into()),
            city: Some(name.into()),
            coordinates: Coordinates::new(latitude, longitude),
            ..Place::default()
        }),
        hostname: Some(format!("{HOSTILE}.router.example")),
        verdict: Some(Verdict::Plausible),
        ..Located::default()
    };
    let places = BTreeMap::from([
        ([203, 0, 113, way].into(), city(HOSTILE, 64.15, -21.94)),
        (address.into(), city("Akureyri", 65.68, -18.1)),
    ]);
    (trace, Atlas { places, consistency: None })
}

/// Keeps traces in the home's database.
pub(super) fn keep(home: &Home, traces: &[(Trace, Atlas)]) {
    keep_in(&home.data(), traces);
}

pub(super) fn keep_in(directory: &Path, traces: &[(Trace, Atlas)]) {
    let borrowed: Vec<_> = traces.iter().map(|(trace, atlas)| (trace, atlas)).collect();
    let mut store = Store::open(directory).expect("open a store");
    store.put_batch(&borrowed, Documents::Skip).expect("keep traces");
}

/// Three targets: one that changed its path, one with a name that is an attack, one without a name that was not reached.
pub(super) fn usual() -> Vec<(Trace, Atlas)> {
    let mut traces: Vec<_> = (0..40).map(|hour| trace(1, hour, if hour < 20 { 1 } else { 2 })).collect();
    traces.extend((0..5).map(|hour| {
        let (mut trace, atlas) = trace(2, hour, 1);
        trace.target = trace.target.map(|target| Target { name: Some(HOSTILE.to_owned()), ..target });
        trace.vantage = Some("attic".to_owned());
        (trace, atlas)
    }));
    traces.extend((0..3).map(|hour| {
        let (mut trace, atlas) = trace(3, hour, 1);
        trace.target = trace.target.map(|target| Target { name: None, ..target });
        trace.protocol = Some(Protocols::One(Protocol::Udp));
        trace.outcome = Some(Outcome::Exhausted);
        trace.hops.pop();
        (trace, atlas)
    }));
    traces
}

pub(super) fn id(trace: &(Trace, Atlas)) -> String {
    Uuid::to_string(&trace.0.id)
}
