//! The eras of a target, on traces whose paths are known.

use core::time::Duration;

use trace_core::model::{Atlas, Outcome, ProbeResult, Protocol, Protocols, Target, Trace, Ttl};

use super::super::{Documents, Era, Store, Subject};
use super::realistic::{self, NOVEMBER};

pub(super) const HOUR: i64 = 3_600_000_000_000;

/// Trace number `hour` to the target 198.18.0.15 through a fifth router of number `router`, with such a median RTT.
pub(super) fn trace(hour: u32, router: u8, milliseconds: u64) -> Trace {
    let (mut trace, _) = realistic::trace(hour, 1, 3);
    trace.started = NOVEMBER + i64::from(hour) * HOUR;
    trace.target = Some(Target { name: Some("Host.Example".to_owned()), address: [198, 18, 0, 15].into() });
    for hop in &mut trace.hops {
        let ttl = hop.ttl.get();
        for (number, probe) in (0u64..).zip(&mut hop.probes) {
            let from = if ttl == 5 { [10, 9, 9, router] } else { [198, 18, 0, ttl] };
            let mut reply = trace_core::model::Reply::new(from.into());
            reply.rtt = Some(Duration::from_millis(milliseconds) + Duration::from_micros(number * 10));
            probe.result = ProbeResult::Answered(Box::new(reply));
        }
    }
    trace
}

fn history(store: &Store, target: &str) -> Vec<Era> {
    store.history(&Subject { target: target.to_owned(), since: None }).unwrap()
}

pub(super) fn stored(traces: &[Trace]) -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    for trace in traces {
        store.put(trace, &Atlas::default(), Documents::Skip).unwrap();
    }
    (directory, store)
}

/// When an era began and ended in hours, and how many traces it has.
fn outline(eras: &[Era]) -> Vec<(i64, i64, u64)> {
    eras.iter().map(|era| ((era.first - NOVEMBER) / HOUR, (era.last - NOVEMBER) / HOUR, era.traces)).collect()
}

#[test]
fn an_era_lasts_until_another_path_is_taken() {
    let mut traces: Vec<Trace> = (0..10).map(|hour| trace(hour, 1, 20)).collect();
    traces.extend((10..18).map(|hour| trace(hour, 2, 30)));
    traces.extend((18..26).map(|hour| trace(hour, 1, 21)));
    // A hop that lost every packet of one trace, and a target that did not answer in another.
    for probe in &mut traces[4].hops[6].probes {
        probe.result = ProbeResult::Silent;
    }
    traces[20].outcome = Some(Outcome::Exhausted);
    let (_directory, store) = stored(&traces);
    for name in ["198.18.0.15", " 198.18.0.15", "host.example", "HOST.EXAMPLE"] {
        let eras = history(&store, name);
        assert_eq!(outline(&eras), [(0, 9, 10), (10, 17, 8), (18, 25, 8)], "{name}");
        assert_eq!(eras[0].path, eras[2].path);
        assert_ne!(eras[0].path, eras[1].path);
        assert_eq!((eras[0].reached, eras[2].reached), (10, 7));
        assert!(
            eras.iter().all(
                |era| era.last_ttl == Ttl::new(15) && era.protocol == Some(Protocols::One(Protocol::Udp))
            )
        );
        let rtt = eras[1].rtt.unwrap();
        assert_eq!((rtt.min, rtt.median), (Duration::from_millis(30), Duration::from_micros(30_010)));
    }
    let since = Subject { target: "host.example".to_owned(), since: Some(NOVEMBER + 11 * HOUR) };
    assert_eq!(outline(&store.history(&since).unwrap()), [(11, 17, 7), (18, 25, 8)]);
    assert!(history(&store, "elsewhere.example").is_empty());
    assert!(history(&store, "192.0.2.1").is_empty());
    assert!(history(&store, "").is_empty());
}

#[test]
fn the_spread_is_over_the_medians_of_the_traces() {
    let traces: Vec<Trace> = (0u32..20).map(|hour| trace(hour, 1, u64::from(hour) + 1)).collect();
    let (_directory, store) = stored(&traces);
    let rtt = history(&store, "host.example")[0].rtt.unwrap();
    assert_eq!(rtt.min, Duration::from_millis(1));
    assert_eq!(rtt.median, Duration::from_micros(10_010));
    assert_eq!(rtt.p95, Duration::from_micros(19_010));
}

#[test]
fn traces_made_in_different_ways_have_eras_of_their_own() {
    let mut traces: Vec<Trace> = (0..12).map(|hour| trace(hour, 1 + u8::from(hour % 2 == 1), 20)).collect();
    for trace in traces.iter_mut().skip(1).step_by(2) {
        trace.protocol = Some(Protocols::One(Protocol::Icmp));
    }
    // Other settings do not make another series.
    traces[6].settings.as_mut().unwrap().rounds = 2;
    let (_directory, store) = stored(&traces);
    let eras = history(&store, "198.18.0.15");
    assert_eq!(outline(&eras), [(0, 10, 6), (1, 11, 6)]);
    traces[11].vantage = None;
    let (_directory, store) = stored(&traces);
    assert_eq!(outline(&history(&store, "198.18.0.15")), [(0, 10, 6), (1, 9, 5), (11, 11, 1)]);
}

#[test]
fn a_target_that_never_answers_has_no_times() {
    let mut silent = trace(1, 1, 5);
    silent.outcome = Some(Outcome::Exhausted);
    let (_directory, store) = stored(&[silent]);
    let eras = history(&store, "198.18.0.15");
    assert_eq!((eras[0].rtt, eras[0].reached, eras[0].traces), (None, 0, 1));
}

#[test]
fn a_history_reads_the_traces_of_its_target_alone() {
    let (_directory, store) = stored(&[trace(1, 1, 5)]);
    let sql = "EXPLAIN QUERY PLAN SELECT m.path FROM setup AS s JOIN measurement AS m ON m.setup = s.id
        WHERE s.address = (SELECT id FROM address WHERE ip = '198.18.0.15') AND m.started >= 0 ORDER BY m.started";
    let plan: Vec<String> =
        super::views::rows(&store, sql).iter().map(|row| format!("{:?}", row[3])).collect();
    assert!(plan.iter().all(|line| !line.contains("SCAN")), "{plan:?}");
}
