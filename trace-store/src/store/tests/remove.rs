//! Traces go, with everything that was theirs alone, and nothing else.

use rusqlite::types::Value;
use trace_core::model::{Atlas, Trace, Uuid};

use super::super::{Documents, Prune, Store, file};
use super::realistic;
use super::views::rows;
use crate::Error;

fn filled(directory: &std::path::Path, numbers: std::ops::Range<u32>) -> (Store, Vec<(Trace, Atlas)>) {
    let mut store = Store::open(directory).unwrap();
    let traces: Vec<_> = numbers.map(|number| realistic::trace(number, 3, 3)).collect();
    for (trace, atlas) in &traces {
        store.put(trace, atlas, Documents::Write).unwrap();
    }
    (store, traces)
}

/// How many rows each table has.
fn sizes(store: &Store) -> Vec<Vec<Value>> {
    let tables = [
        "address",
        "setup",
        "path",
        "path_hop",
        "shape",
        "located",
        "atlas",
        "atlas_place",
        "judgement",
        "reason",
        "measurement",
    ];
    tables.iter().flat_map(|table| rows(store, &format!("SELECT count(*) FROM {table}"))).collect()
}

#[test]
fn a_deleted_trace_is_gone_and_the_others_are_whole() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, traces) = filled(directory.path(), 0..12);
    let mut other = Store::open(directory.path()).unwrap();
    let gone: Vec<Uuid> = traces.iter().step_by(3).map(|(trace, _)| trace.id).collect();
    // Twice named, and one that nobody knows.
    let named = [&gone[..], &gone[..1], &[Uuid::nil()]].concat();
    assert_eq!(store.delete(&named).unwrap(), 4);
    for (trace, atlas) in &traces {
        let deleted = gone.contains(&trace.id);
        let expected = (!deleted).then(|| (trace.clone(), atlas.clone()));
        assert_eq!(store.get(trace.id).unwrap(), expected);
        assert_eq!(file::path(directory.path(), trace.id).exists(), !deleted);
    }
    let report = store.check().unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.traces, report.documents), (8, 8));
    // Whoever had the store open all the time does not build on what is gone.
    for (trace, atlas) in &traces {
        other.put(trace, atlas, Documents::Write).unwrap();
        assert_eq!(other.get(trace.id).unwrap(), Some((trace.clone(), atlas.clone())));
    }
    assert!(other.check().unwrap().is_sound());
    assert_eq!(store.delete(&[]).unwrap(), 0);
}

#[test]
fn nothing_is_left_of_a_target_that_is_gone() {
    let (directory, reference) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut store, traces) = filled(directory.path(), 0..30);
    let target = |trace: &Trace| trace.target.clone().unwrap().address;
    let first = target(&traces[0].0);
    let (gone, left): (Vec<_>, Vec<_>) = traces.into_iter().partition(|(trace, _)| target(trace) == first);
    let ids: Vec<Uuid> = gone.iter().map(|(trace, _)| trace.id).collect();
    assert_eq!(store.delete(&ids).unwrap(), 10);
    // As if it had never been.
    let mut clean = Store::open(reference.path()).unwrap();
    for (trace, atlas) in &left {
        clean.put(trace, atlas, Documents::Write).unwrap();
    }
    assert_eq!(sizes(&store), sizes(&clean));
    let all: Vec<Uuid> = left.iter().map(|(trace, _)| trace.id).collect();
    assert_eq!(store.delete(&all).unwrap(), 20);
    assert!(sizes(&store).iter().all(|size| *size == [Value::Integer(0)]), "{:?}", sizes(&store));
    assert!(store.check().unwrap().is_sound());
}

#[test]
fn a_document_that_cannot_be_removed_keeps_its_trace() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, traces) = filled(directory.path(), 0..2);
    let (trace, atlas) = &traces[0];
    let path = file::path(directory.path(), trace.id);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir_all(path.join("below")).unwrap();
    let error = store.delete(&[trace.id]).unwrap_err();
    assert!(matches!(&error, Error::File { path: named, .. } if *named == path), "{error}");
    assert_eq!(store.get(trace.id).unwrap(), Some((trace.clone(), atlas.clone())));
    let mut reader = Store::open_read_only(directory.path()).unwrap();
    assert!(matches!(reader.delete(&[trace.id]), Err(Error::ReadOnly { .. })));
}

#[test]
fn the_newest_of_each_path_stay() {
    let directory = tempfile::tempdir().unwrap();
    let (store, traces) = filled(directory.path(), 0..60);
    let started = |number: usize| traces[number].0.started;
    let left = |prune: Prune| {
        let gone = store.prunable(prune).unwrap();
        let left: Vec<&Trace> =
            traces.iter().map(|(trace, _)| trace).filter(|trace| !gone.contains(&trace.id)).collect();
        (gone, left)
    };
    let (gone, _) = left(Prune { older_than: started(30), keep_per_path: 0 });
    let oldest: Vec<Uuid> = traces[..30].iter().map(|(trace, _)| trace.id).collect();
    assert_eq!(gone, oldest);
    let (gone, left) = left(Prune { older_than: i64::MAX, keep_per_path: 2 });
    assert!(!gone.is_empty());
    let mut per_path = std::collections::BTreeMap::<Vec<_>, Vec<i64>>::new();
    let path =
        |trace: &Trace| -> Vec<_> { trace.hops.iter().map(|hop| hop.answerers().first().copied()).collect() };
    for trace in &left {
        per_path.entry(path(trace)).or_default().push(trace.started);
    }
    assert!(per_path.values().all(|kept| kept.len() <= 2), "{per_path:?}");
    for (trace, _) in traces.iter().filter(|(trace, _)| gone.contains(&trace.id)) {
        if let Some(kept) = per_path.get(&path(trace)) {
            assert!(kept.iter().all(|kept| *kept > trace.started));
        }
    }
    assert!(store.prunable(Prune { older_than: i64::MIN, keep_per_path: 0 }).unwrap().is_empty());
}

#[test]
fn a_backup_is_a_store_and_is_made_while_others_write() {
    let directory = tempfile::tempdir().unwrap();
    let (mut store, traces) = filled(directory.path(), 0..5);
    let other = Store::open(directory.path()).unwrap();
    other.connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM epoch;").unwrap();
    let backup = tempfile::tempdir().unwrap();
    let to = backup.path().join(Store::FILE);
    store.backup(&to).unwrap();
    Store::open_read_only(directory.path()).unwrap().backup(&backup.path().join("again.sqlite")).unwrap();
    other.connection.execute_batch("ROLLBACK;").unwrap();
    let (later, atlas) = realistic::trace(99, 3, 3);
    store.put(&later, &atlas, Documents::Skip).unwrap();

    let copy = Store::open(backup.path()).unwrap();
    assert_eq!(copy.count().unwrap(), 5);
    for (trace, atlas) in &traces {
        assert_eq!(copy.get(trace.id).unwrap(), Some((trace.clone(), atlas.clone())));
    }
    // Nothing is overwritten, and nothing is left beside it.
    let before = std::fs::read(&to).unwrap();
    let error = store.backup(&to).unwrap_err();
    assert!(matches!(&error, Error::File { path, .. } if *path == to), "{error}");
    assert_eq!(std::fs::read(&to).unwrap(), before);
    assert!(store.backup(&backup.path().join("none/there.sqlite")).is_err());
    let names: Vec<_> =
        std::fs::read_dir(backup.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("partial")), "{names:?}");
}
