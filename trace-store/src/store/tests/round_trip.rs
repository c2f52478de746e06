use proptest::prelude::*;

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

#[test]
fn a_lost_packet_costs_no_new_shape_and_a_path_is_stored_once() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    for number in 0..300 {
        let (trace, atlas) = realistic::trace(number, 3, 3);
        store.put(&trace, &atlas, Documents::Skip).unwrap();
    }
    let count = |table: &str| -> i64 {
        store.connection.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| row.get(0)).unwrap()
    };
    assert_eq!(count("measurement"), 300);
    assert_eq!(count("hop"), 300 * 15);
    assert_eq!(count("setup"), 3);
    assert!(count("path") <= 6, "{}", count("path"));
    assert!(count("shape") <= 12, "{}", count("shape"));
    assert!(count("atlas") <= 12, "{}", count("atlas"));
    assert_eq!(count("judgement"), 1);
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
        ("UPDATE judgement SET bytes = x'02'", "judgement"),
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
