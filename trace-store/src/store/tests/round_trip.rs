use core::time::Duration;
use proptest::prelude::*;
use std::net::IpAddr;

use trace_core::model::{Atlas, ProbeResult, Trace};

use super::super::{Documents, Store};
use super::realistic;
use crate::{Error, samples};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn reading_back_gives_what_was_stored(
        traces in proptest::collection::vec((samples::trace(), samples::atlas()), 1..5)
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(directory.path()).unwrap();
        let batch: Vec<_> = traces.iter().map(|(trace, atlas)| (trace, atlas)).collect();
        let stored = store.put_batch(&batch, Documents::Skip).unwrap();
        prop_assert!(stored.iter().all(|stored| stored.new));
        // Through another connection, which has nothing in memory.
        let reader = Store::open_read_only(directory.path()).unwrap();
        for (trace, atlas) in &traces {
            prop_assert_eq!(reader.get(trace.id).unwrap(), Some((trace.clone(), atlas.clone())));
        }
        let report = reader.check().unwrap();
        prop_assert!(report.is_sound(), "{:?}", report);
    }
}

#[test]
fn nobody_is_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(store.get(uuid::Uuid::nil()).unwrap(), None);
    assert_eq!(store.count().unwrap(), 0);
}

#[test]
fn storing_twice_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(1, 3, 3);
    assert!(store.put(&trace, &atlas, Documents::Skip).unwrap().new);
    assert!(!store.put(&trace, &atlas, Documents::Skip).unwrap().new);
    assert_eq!(store.count().unwrap(), 1);

    let mut other = trace.clone();
    other.hops.pop();
    let error = store.put(&other, &atlas, Documents::Skip).unwrap_err();
    assert!(matches!(&error, Error::Different { id, .. } if *id == trace.id), "{error}");
    assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)));
}

#[test]
fn what_could_not_be_read_back_is_not_stored() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (mut trace, atlas) = realistic::trace(1, 3, 1);
    trace.settings.as_mut().unwrap().wait = Duration::MAX;
    let error = store.put(&trace, &atlas, Documents::Write).unwrap_err();
    assert!(matches!(error, Error::Unfit { id, .. } if id == trace.id), "{error}");
    assert_eq!(store.count().unwrap(), 0);
}

#[test]
fn a_batch_is_stored_whole_or_not_at_all() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (first, atlas) = realistic::trace(1, 3, 1);
    let (mut second, _) = realistic::trace(2, 3, 1);
    second.hops.remove(3);
    let error = store.put_batch(&[(&first, &atlas), (&second, &atlas)], Documents::Write).unwrap_err();
    assert!(matches!(error, Error::Unfit { id, .. } if id == second.id), "{error}");
    second = first.clone();
    second.vantage = None;
    let error = store.put_batch(&[(&first, &atlas), (&second, &atlas)], Documents::Write).unwrap_err();
    assert!(matches!(error, Error::Different { .. }), "{error}");
    assert_eq!(store.count().unwrap(), 0);
    assert_eq!(store.get(first.id).unwrap(), None);
}

fn count(store: &Store, table: &str) -> i64 {
    store.connection.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0)).unwrap()
}

#[test]
fn what_repeats_is_stored_once() {
    for queries in [1, 3] {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(directory.path()).unwrap();
        let traces: Vec<_> = (0..300).map(|number| realistic::trace(number, 3, queries)).collect();
        for (index, (trace, atlas)) in traces.iter().enumerate() {
            if index % 100 == 0 {
                // Nothing in memory any more.
                store = Store::open(directory.path()).unwrap();
            }
            store.put(trace, atlas, Documents::Skip).unwrap();
        }
        assert_eq!(
            (count(&store, "measurement"), count(&store, "hops"), count(&store, "setup")),
            (300, 4500, 3)
        );
        // Three targets, now and then another path, and a trace behind it that lost a packet.
        for table in ["path", "shape", "atlas"] {
            assert!(count(&store, table) <= 15, "{table}: {}", count(&store, table));
        }
        assert!(count(&store, "judgement") <= 4, "{}", count(&store, "judgement"));
        for (trace, atlas) in traces {
            assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)));
        }
    }
}

#[test]
fn the_ways_of_a_balanced_path_share_an_atlas() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    // Three hops with two routers each, so eight ways.
    let traces: Vec<_> = (0..64_u32)
        .map(|number| {
            let (mut trace, mut atlas) = realistic::trace(number, 1, 1);
            for (index, ttl) in (0..3_u32).zip([6_usize, 8, 10]) {
                let from = trace.hops[ttl].answerers();
                let (Some(from), true) = (from.first().copied(), number >> index & 1 == 1) else { continue };
                let other = IpAddr::from([203, 0, 113, u8::try_from(ttl).unwrap()]);
                if let ProbeResult::Answered(reply) = &mut trace.hops[ttl].probes[0].result {
                    reply.from = other;
                }
                let located = atlas.places.remove(&from).unwrap();
                atlas.places.insert(other, located);
            }
            (trace, atlas)
        })
        .collect();
    for (trace, atlas) in &traces {
        store.put(trace, atlas, Documents::Skip).unwrap();
    }
    assert!(count(&store, "atlas") <= 10, "{}", count(&store, "atlas"));
    for (trace, atlas) in traces {
        assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)));
    }
    assert!(store.check().unwrap().is_sound());
}

/// A trace like `number` 0, whose fourth hop was silent.
fn silent(number: u32) -> (Trace, Atlas) {
    let (mut trace, mut atlas) = realistic::trace(0, 3, 3);
    trace.id = realistic::trace(number, 3, 3).0.id;
    let hop = &mut trace.hops[3];
    atlas.places.remove(&hop.answerers()[0]);
    hop.probes.iter_mut().for_each(|probe| probe.result = ProbeResult::Silent);
    (trace, atlas)
}

#[test]
fn a_silent_hop_makes_no_new_path() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(0, 3, 3);
    store.put(&trace, &atlas, Documents::Skip).unwrap();
    let (silent, fewer) = silent(1);
    store.put(&silent, &fewer, Documents::Skip).unwrap();
    // Places of somebody who did not answer are kept as well.
    let (mut third, _) = self::silent(2);
    third.vantage = None;
    store.put(&third, &atlas, Documents::Skip).unwrap();
    assert_eq!((count(&store, "path"), count(&store, "shape"), count(&store, "atlas")), (2, 2, 1));
    for (trace, atlas) in [(&trace, &atlas), (&silent, &fewer), (&third, &atlas)] {
        assert_eq!(store.get(trace.id).unwrap(), Some((trace.clone(), atlas.clone())));
    }
    let ip = |view: &str, id: &str| -> Vec<Option<String>> {
        let sql = format!("SELECT ip FROM {view} WHERE {id} = ?");
        let mut statement = store.connection.prepare(&sql).unwrap();
        let rows = statement.query_map([silent.id.to_string()], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let expected: Vec<_> =
        silent.hops.iter().map(|hop| hop.answerers().first().map(ToString::to_string)).collect();
    assert_eq!(expected[3], None);
    assert_eq!(ip("TRACE", "ID"), expected);
    assert_eq!(ip("hops", "trace"), expected);
    let sql = "SELECT count(*) FROM TRACE WHERE HOP = 4 AND COUNTRY IS NULL";
    let nowhere: i64 = store.connection.query_row(sql, (), |row| row.get(0)).unwrap();
    assert_eq!(nowhere, 2);
}

#[test]
fn what_was_located_anew_is_stored_anew() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (first, atlas) = realistic::trace(0, 3, 3);
    let (second, _) = silent(1);
    let mut other = atlas.clone();
    for located in other.places.values_mut() {
        located.candidates[0].place.city = Some("elsewhere".into());
    }
    let third = Trace { id: silent(2).0.id, ..first.clone() };
    for (trace, atlas) in [(&first, &atlas), (&second, &other), (&third, &Atlas::default())] {
        store.put(trace, atlas, Documents::Skip).unwrap();
    }
    for (trace, atlas) in [(first, atlas), (second, other), (third, Atlas::default())] {
        assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)));
    }
}

#[test]
fn nobody_remembers_what_was_removed() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    for number in 0..9 {
        let (trace, atlas) = realistic::trace(number, 3, 3);
        store.put(&trace, &atlas, Documents::Skip).unwrap();
    }
    // Another process removes everything, and the numbers are given to others.
    let (mut other, _) = Store::init(directory.path(), super::super::Overwrite::Everything).unwrap();
    for number in [7, 5, 3, 1] {
        let (trace, atlas) = realistic::trace(number, 8, 1);
        other.put(&trace, &atlas, Documents::Skip).unwrap();
    }
    for number in 10..19 {
        let (trace, atlas) = realistic::trace(number, 3, 3);
        store.put(&trace, &atlas, Documents::Skip).unwrap();
        assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)));
    }
    assert!(store.check().unwrap().is_sound());
}

#[test]
fn nobody_remembers_what_was_not_stored_after_all() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (first, atlas) = realistic::trace(0, 3, 3);
    let (second, fewer) = silent(1);
    let different = Trace { vantage: None, ..first.clone() };
    store.put_batch(&[(&first, &atlas), (&different, &atlas)], Documents::Skip).unwrap_err();
    assert_eq!(count(&store, "shape"), 0);
    store.put(&second, &fewer, Documents::Skip).unwrap();
    assert_eq!(store.get(second.id).unwrap(), Some((second, fewer)));
    assert!(store.check().unwrap().is_sound());
}

#[test]
fn a_row_that_makes_no_sense_is_an_error_and_no_panic() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(1, 3, 3);
    store.put(&trace, &atlas, Documents::Skip).unwrap();
    for (damage, names) in [
        ("UPDATE shape SET bytes = x'01ff'", "probes"),
        ("UPDATE measurement SET outcome = 99", "outcome"),
        ("UPDATE setup SET document = '{}'", "setup"),
        ("UPDATE located SET document = '[]'", "places"),
        ("UPDATE judgement SET bytes = x'03'", "judgement"),
        ("UPDATE address SET ip = 'nowhere' WHERE id = 1", "address"),
        ("UPDATE measurement SET duration_ns = -1", "duration"),
    ] {
        store.connection.execute_batch(&format!("SAVEPOINT sound; {damage};")).unwrap();
        let error = store.get(trace.id).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, Error::Damaged { .. }), "{message}");
        assert!(message.contains(names) && message.contains(&trace.id.to_string()), "{message}");
        let report = store.check().unwrap();
        assert!(!report.is_sound());
        store.connection.execute_batch("ROLLBACK TO sound; RELEASE sound;").unwrap();
    }
    assert!(store.check().unwrap().is_sound());
}
