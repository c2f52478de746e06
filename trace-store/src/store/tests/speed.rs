//! Figures for people: `cargo test --release -p trace-store -- --ignored --nocapture figures`.

use core::time::Duration;
use std::time::Instant;

use super::super::{Documents, Filter, Store};
use super::realistic;

#[expect(clippy::disallowed_methods, reason = "a clock is what it takes to measure")]
fn took<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

fn median(runs: usize, mut work: impl FnMut() -> Duration) -> Duration {
    let mut all: Vec<_> = (0..runs).map(|_| work()).collect();
    all.sort_unstable();
    all[runs / 2]
}

/// Hop rows a second into the one flat table of the old scripts, `each` traces a transaction.
fn flat(each: usize, count: u32) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(directory.path().join("flat.sqlite")).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             CREATE TABLE TRACE (ID TEXT, HOP INTEGER, IP TEXT, COUNTRY TEXT, CITY TEXT, ISP TEXT, LATITUDE REAL,
                 LONGITUDE REAL, DATE_CREATED TEXT, RTT REAL);
             CREATE INDEX by_id ON TRACE (ID, HOP);",
        )
        .unwrap();
    let traces: Vec<_> = (0..count).map(|number| realistic::trace(number, 200, 1)).collect();
    let (span, ()) = took(|| {
        for chunk in traces.chunks(each) {
            let transaction = connection.unchecked_transaction().unwrap();
            let mut statement = transaction
                .prepare_cached("INSERT INTO TRACE VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
                .unwrap();
            for (trace, atlas) in chunk {
                for hop in &trace.hops {
                    let ip = hop.answerers().first().copied();
                    let place = ip.and_then(|ip| atlas.places[&ip].place.clone()).unwrap_or_default();
                    let values = rusqlite::params![
                        trace.id.to_string(),
                        hop.ttl.get(),
                        ip.map(|ip| ip.to_string()),
                        place.country,
                        place.city,
                        place.isp,
                        place.coordinates.map(|point| point.latitude()),
                        place.coordinates.map(|point| point.longitude()),
                        "2026-11-23T22:58:32.000000120Z",
                        hop.statistics().min.map(|rtt| rtt.as_secs_f64()),
                    ];
                    statement.execute(values).unwrap();
                }
            }
            drop(statement);
            transaction.commit().unwrap();
        }
    });
    f64::from(count) * 15.0 / span.as_secs_f64()
}

fn ours(each: usize, count: u32) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let traces: Vec<_> = (0..count).map(|number| realistic::trace(number, 200, 1)).collect();
    let (span, ()) = took(|| {
        for chunk in traces.chunks(each) {
            let batch: Vec<_> = chunk.iter().map(|(trace, atlas)| (trace, atlas)).collect();
            store.put_batch(&batch, Documents::Skip).unwrap();
        }
    });
    f64::from(count) * 15.0 / span.as_secs_f64()
}

#[test]
#[ignore = "prints figures for people and checks nothing"]
fn against_the_old_form() {
    for (each, count) in [(1, 4_000), (1000, 20_000)] {
        let (flat, ours) = (flat(each, count), ours(each, count));
        println!(
            "{each} traces a transaction: {flat:.0} and {ours:.0} hop rows a second, {:.1} times",
            ours / flat
        );
    }
}

#[test]
#[ignore = "prints figures for people and checks nothing"]
fn figures() {
    let created = median(11, || {
        let directory = tempfile::tempdir().unwrap();
        took(|| drop(Store::open(directory.path()).unwrap())).0
    });
    println!("create a store and close it: {created:?}");
    let first = median(11, || {
        let directory = tempfile::tempdir().unwrap();
        let (trace, atlas) = realistic::trace(1, 20, 3);
        took(|| Store::open(directory.path()).unwrap().put(&trace, &atlas, Documents::Write).unwrap()).0
    });
    println!("create a store, put a first trace with its document, close: {first:?}");

    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let traces: Vec<_> = (0..66_000).map(|number| realistic::trace(number, 200, 1)).collect();
    let (span, ()) = took(|| {
        for chunk in traces.chunks(1000) {
            let batch: Vec<_> = chunk.iter().map(|(trace, atlas)| (trace, atlas)).collect();
            store.put_batch(&batch, Documents::Skip).unwrap();
        }
    });
    println!("batches of 1000, with places: {:.0} hop rows a second", 66_000.0 * 15.0 / span.as_secs_f64());
    let mut number = 100_000;
    let mut next = |store: &mut Store, documents| {
        number += 1;
        let (trace, atlas) = realistic::trace(number, 200, 3);
        took(|| store.put(&trace, &atlas, documents).unwrap()).0
    };
    println!("put into 66,000 traces: {:?}", median(201, || next(&mut store, Documents::Skip)));
    println!("the same with its document: {:?}", median(201, || next(&mut store, Documents::Write)));
    let (span, ()) = took(|| {
        for (trace, atlas) in (200_000..202_000).map(|number| realistic::trace(number, 200, 1)) {
            store.put_batch(&[(&trace, &atlas)], Documents::Skip).unwrap();
        }
    });
    println!("one trace a transaction: {:.0} hop rows a second", 2_000.0 * 15.0 / span.as_secs_f64());
    let (trace, _) = &traces[33_000];
    println!("get: {:?}", median(101, || took(|| store.get(trace.id).unwrap().unwrap()).0));
    let target = trace.target.as_ref().unwrap().address;
    let protocol = trace_core::model::Protocol::Udp;
    println!(
        "expected_length: {:?}",
        median(101, || took(|| store.expected_length(target, protocol).unwrap().unwrap()).0)
    );
    let id = trace.id.to_string();
    println!("find by the last 8 digits: {:?}", median(11, || took(|| store.find(&id[28..]).unwrap()).0));
    println!("find latest: {:?}", median(11, || took(|| store.find("latest").unwrap()).0));
    let newest = Filter { limit: Some(20), ..Filter::default() };
    println!("list the newest 20: {:?}", median(11, || took(|| store.list(&newest).unwrap()).0));
    let to = Filter { limit: Some(20), target: Some(target.to_string()), ..Filter::default() };
    println!("list the newest 20 to a target: {:?}", median(11, || took(|| store.list(&to).unwrap()).0));
    drop(store);
    println!("open and close: {:?}", median(21, || took(|| drop(Store::open(directory.path()).unwrap())).0));
    println!(
        "open, put with its document, close: {:?}",
        median(21, || {
            number += 1;
            let (trace, atlas) = realistic::trace(number, 200, 3);
            took(|| Store::open(directory.path()).unwrap().put(&trace, &atlas, Documents::Write).unwrap()).0
        })
    );
    let (span, report) = took(|| Store::open(directory.path()).unwrap().check().unwrap());
    println!("check of {} traces: {span:?}", report.traces);
    assert!(report.is_sound(), "{report:?}");
    let parts = "SELECT name, sum(pgsize), sum(ncell) FROM dbstat GROUP BY name ORDER BY 2 DESC LIMIT 12";
    let store = Store::open(directory.path()).unwrap();
    let mut statement = store.connection.prepare(parts).unwrap();
    let mut rows = statement.query(()).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (name, bytes, cells): (String, i64, i64) =
            (row.get(0).unwrap(), row.get(1).unwrap(), row.get(2).unwrap());
        println!("{name}: {bytes} bytes, {cells} cells");
    }
    for queries in [1, 3] {
        println!("{queries} probes: {:.1} bytes a hop", super::size::bytes_per_hop(66_000, 200, queries));
    }
}

/// The database in the directory `TRACE_STORE_DATABASE`, as `examples/generate` makes it, or one of a million hops.
#[test]
#[ignore = "prints figures for people and checks nothing"]
fn changes_of_one_target() {
    let directory = tempfile::tempdir().unwrap();
    let store = match std::env::var_os("TRACE_STORE_DATABASE") {
        Some(there) => Store::open_read_only(there.as_ref()).unwrap(),
        None => {
            let mut store = Store::open(directory.path()).unwrap();
            let traces: Vec<_> = (0..66_000).map(|number| realistic::trace(number, 76, 1)).collect();
            for chunk in traces.chunks(1000) {
                let batch: Vec<_> = chunk.iter().map(|(trace, atlas)| (trace, atlas)).collect();
                store.put_batch(&batch, Documents::Skip).unwrap();
            }
            store
        }
    };
    let newest = store.list(&Filter { limit: Some(40), ..Filter::default() }).unwrap();
    let week = newest[0].started - 7 * 86_400 * 1_000_000_000;
    let mut targets: Vec<String> =
        newest.iter().map(|summary| summary.target.as_ref().unwrap().address.to_string()).collect();
    targets.sort_unstable();
    targets.dedup();
    println!("{} traces, {} targets asked", store.count().unwrap(), targets.len());
    for (name, since) in [("a week", Some(week)), ("ever", None)] {
        let spans: Vec<_> = targets
            .iter()
            .map(|target| {
                let subject = super::super::Subject { target: target.clone(), since };
                let found = store.changes(&subject).unwrap().len();
                // The least of many is what a busy machine takes least from.
                let span = (0..25).map(|_| took(|| store.changes(&subject).unwrap()).0).min().unwrap();
                (span, found, store.history(&subject).unwrap().iter().map(|era| era.traces).sum::<u64>())
            })
            .collect();
        let mut times: Vec<_> = spans.iter().map(|(span, ..)| *span).collect();
        times.sort_unstable();
        println!(
            "changes of a target, {name}: median {:?}, worst {:?}; changes and traces: {:?}",
            times[times.len() / 2],
            times[times.len() - 1],
            spans.iter().map(|(_, found, traces)| (*found, *traces)).collect::<Vec<_>>()
        );
    }
    println!("news of a trace: {:?}", median(21, || took(|| store.news(newest[0].id).unwrap()).0));
    println!("changes of all targets in a week: {:?}", took(|| store.all_changes(Some(week)).unwrap().len()));
}
