//! All series at a glance, and one of them in steps of time.

use core::time::Duration;

use trace_core::model::{Atlas, Outcome, Target, Trace};

use super::super::{Documents, Filter, Overview, Store, Window};
use super::realistic::{self, NOVEMBER};

const HOUR: i64 = 3_600_000_000_000;

fn trace(hour: u32, last: u8) -> Trace {
    let (mut trace, _) = realistic::trace(hour, 1, 3);
    trace.started = NOVEMBER + i64::from(hour) * HOUR;
    trace.target =
        Some(Target { name: Some(format!("host{last}.example")), address: [198, 18, 0, last].into() });
    trace
}

fn keep(store: &mut Store, traces: &[Trace]) {
    let atlas = Atlas::default();
    let pairs: Vec<_> = traces.iter().map(|trace| (trace, &atlas)).collect();
    store.put_batch(&pairs, Documents::Skip).unwrap();
}

/// Name and number of traces of each series, and when it was last traced in hours.
fn outline(overview: &Overview) -> Vec<(String, u64, i64)> {
    let hours = |at: i64| (at - NOVEMBER) / HOUR;
    let row = |standing: &super::super::Standing| {
        (standing.name.clone().unwrap_or_default(), standing.traces, hours(standing.last))
    };
    let mut rows: Vec<_> = overview.standings().iter().map(row).collect();
    rows.sort();
    rows
}

#[test]
fn what_is_new_is_counted_and_what_is_gone_no_more() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let mut overview = Overview::default();
    overview.refresh(&store).unwrap();
    assert_eq!((outline(&overview), overview.traces()), (vec![], 0));
    keep(&mut store, &(0..10).map(|hour| trace(hour, 1)).collect::<Vec<_>>());
    keep(&mut store, &[trace(103, 2)]);
    overview.refresh(&store).unwrap();
    let rows = |one, last, two| {
        vec![("host1.example".to_owned(), one, last), ("host2.example".to_owned(), two, 103)]
    };
    assert_eq!(outline(&overview), rows(10, 9, 1));
    // Nothing is counted twice, and what comes late counts too.
    overview.refresh(&store).unwrap();
    keep(&mut store, &[trace(20, 1), trace(11, 1)]);
    overview.refresh(&store).unwrap();
    assert_eq!(outline(&overview), rows(12, 20, 1));
    let mut afresh = Overview::default();
    afresh.refresh(&store).unwrap();
    assert_eq!(outline(&afresh), outline(&overview));
    store.delete(&[trace(20, 1).id]).unwrap();
    overview.refresh(&store).unwrap();
    assert_eq!((outline(&overview), overview.traces()), (rows(11, 11, 1), 12));
    let standing = overview.standings().iter().find(|standing| standing.traces == 11).unwrap();
    assert_eq!(overview.find(standing.key), Some(standing));
    assert_eq!(overview.find(7), None);
}

#[test]
fn the_newest_traces_of_a_series_are_those_of_the_list() {
    let mut store = Store::temporary().unwrap();
    let mut traces: Vec<Trace> = (0..60).map(|hour| trace(hour, 1)).collect();
    traces[58].outcome = Some(Outcome::Exhausted);
    // Another setting is another setup, and the same series.
    for trace in traces.iter_mut().step_by(3) {
        trace.settings =
            trace.settings.clone().map(|settings| trace_core::model::Settings { gap: 5, ..settings });
    }
    keep(&mut store, &traces);
    let mut overview = Overview::default();
    overview.refresh(&store).unwrap();
    let [standing] = overview.standings() else { panic!("one series") };
    let list = store.list(&Filter { limit: Some(48), ..Filter::default() }).unwrap();
    let recent = store.recent(standing, 48).unwrap();
    let points: Vec<_> = recent.iter().rev().map(|point| (point.started, point.rtt)).collect();
    assert_eq!(points, list.iter().map(|summary| (summary.started, summary.rtt)).collect::<Vec<_>>());
    assert_eq!(points[1].1, None, "it did not reach its target");
    let ids: Vec<_> = list.iter().take(5).map(|summary| summary.id).collect();
    assert_eq!(store.newest_ids(standing, 5).unwrap(), ids);
    let newest = store.newest(standing).unwrap().unwrap();
    let last = traces[59].hops.last().unwrap().statistics();
    assert_eq!((newest.id, newest.last_ttl), (traces[59].id, traces[59].hops.last().map(|hop| hop.ttl)));
    let micros = |rtt: Duration| (rtt.as_nanos() + 500) / 1000;
    assert_eq!(newest.rtt.map(micros), last.min.map(micros));
    assert_eq!(newest.probes, Some((last.sent, last.sent - last.answered)));
}

#[test]
fn steps_hold_what_the_traces_hold() {
    let mut store = Store::temporary().unwrap();
    let traces: Vec<Trace> = (0..50).map(|hour| trace(hour, 1)).collect();
    keep(&mut store, &traces);
    let mut overview = Overview::default();
    overview.refresh(&store).unwrap();
    let [standing] = overview.standings() else { panic!("one series") };
    let window = Window { since: NOVEMBER, until: NOVEMBER + 40 * HOUR, steps: 4, most: 10 };
    let buckets = store.buckets(standing, &window).unwrap();
    assert_eq!((&buckets.traces, &buckets.counted), (&vec![10; 4], &vec![10; 4]));
    for column in &buckets.columns {
        for step in 0..4 {
            let hops = traces[step * 10..step * 10 + 10].iter().filter_map(|trace| {
                trace.hops.iter().find(|hop| hop.ttl == column.ttl).map(|hop| hop.statistics())
            });
            let (mut sent, mut answered, mut least) = (0, 0, None);
            for hop in hops {
                sent += hop.sent;
                answered += hop.answered;
                least = least.into_iter().chain(hop.min).min();
            }
            assert_eq!((column.sent[step], column.answered[step]), (sent, answered), "{:?}", column.ttl);
            let micros = |rtt: Duration| (rtt.as_nanos() + 500) / 1000;
            assert_eq!(column.min[step].map(micros), least.map(micros), "{:?}", column.ttl);
        }
    }
    let sparse = store.buckets(standing, &Window { most: 3, ..window }).unwrap();
    assert_eq!((&sparse.traces, &sparse.counted), (&vec![10; 4], &vec![3; 4]));
}
