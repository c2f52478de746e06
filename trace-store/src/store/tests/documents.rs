use std::fs;

use super::super::{Document, Documents, Store, rescue};
use super::realistic;
use crate::document;

#[test]
fn a_document_says_what_the_database_says() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(1, 3, 3);
    let stored = store.put(&trace, &atlas, Documents::Write).unwrap();
    let path = directory.path().join(format!("traces/{}.json", trace.id));
    assert!(matches!(stored.document, Document::Written(written) if written == path));
    assert_eq!(document::read(&fs::read_to_string(&path).unwrap()).unwrap(), (trace, atlas));
    assert!(super::super::file::leftovers(directory.path()).is_empty());
    let report = store.check().unwrap();
    assert_eq!((report.traces, report.documents, report.pending), (1, 1, 0));
    assert!(report.is_sound(), "{report:?}");
}

#[test]
fn documents_can_be_left_out_and_asked_for_later() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(1, 3, 3);
    let stored = store.put(&trace, &atlas, Documents::Skip).unwrap();
    assert!(matches!(stored.document, Document::Skipped));
    assert!(!directory.path().join("traces").exists());
    let stored = store.put(&trace, &atlas, Documents::Write).unwrap();
    assert!(!stored.new);
    assert!(matches!(stored.document, Document::Written(_)));
    assert_eq!(store.check().unwrap().documents, 1);
}

#[test]
fn a_batch_writes_its_documents() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let traces: Vec<_> = (0..5).map(|number| realistic::trace(number, 3, 1)).collect();
    let batch: Vec<_> = traces.iter().map(|(trace, atlas)| (trace, atlas)).collect();
    store.put_batch(&batch, Documents::Write).unwrap();
    let report = store.check().unwrap();
    assert_eq!((report.traces, report.documents), (5, 5));
}

#[test]
fn a_document_that_cannot_be_written_waits_for_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    // A file lies where the directory should be: this stops root as well.
    fs::write(directory.path().join("traces"), "in the way").unwrap();
    let (trace, atlas) = realistic::trace(1, 3, 3);
    let stored = store.put(&trace, &atlas, Documents::Write).unwrap();
    match stored.document {
        Document::Pending { cause: Some(cause) } => assert!(cause.to_string().contains("traces"), "{cause}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(store.get(trace.id).unwrap(), Some((trace.clone(), atlas.clone())));
    drop(store);
    // It still is in the way; nobody is kept from opening.
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(store.check().unwrap().pending, 1);
    drop(store);
    fs::remove_file(directory.path().join("traces")).unwrap();
    let store = Store::open(directory.path()).unwrap();
    let report = store.check().unwrap();
    assert_eq!((report.documents, report.pending), (1, 0));
    assert!(report.is_sound(), "{report:?}");
}

#[test]
fn a_trace_is_stored_while_somebody_stands_still_with_the_lock() {
    let directory = tempfile::tempdir().unwrap();
    let wait = core::time::Duration::from_millis(20);
    let mut store = Store::open_within(directory.path(), wait).unwrap();
    // A process that another test has just started may hold a copy of it for a moment.
    let patience = core::time::Duration::from_secs(10);
    let lock = super::super::lock::Lock::take(directory.path(), patience).unwrap().unwrap();
    let (trace, atlas) = realistic::trace(1, 3, 3);
    let stored = store.put(&trace, &atlas, Documents::Write).unwrap();
    assert!(matches!(stored.document, Document::Pending { cause: None }), "{stored:?}");
    assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)));
    // Opening goes on without it, too.
    drop(Store::open_within(directory.path(), wait).unwrap());
    assert_eq!(store.check().unwrap().pending, 1);
    drop(lock);
    drop(Store::open_within(directory.path(), wait).unwrap());
    assert_eq!(store.check().unwrap().documents, 1);
}

#[test]
fn a_document_that_is_missing_is_written_when_asked_for_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(1, 3, 3);
    store.put(&trace, &atlas, Documents::Write).unwrap();
    fs::remove_file(directory.path().join(format!("traces/{}.json", trace.id))).unwrap();
    assert!(!store.check().unwrap().is_sound());
    store.put(&trace, &atlas, Documents::Write).unwrap();
    let report = store.check().unwrap();
    assert!(report.is_sound() && report.documents == 1, "{report:?}");
}

#[test]
fn a_check_tells_documents_that_disagree() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let traces: Vec<_> = (0..4).map(|number| realistic::trace(number, 3, 1)).collect();
    let batch: Vec<_> = traces.iter().map(|(trace, atlas)| (trace, atlas)).collect();
    store.put_batch(&batch, Documents::Write).unwrap();
    let path = |number: usize| directory.path().join(format!("traces/{}.json", traces[number].0.id));
    fs::remove_file(path(0)).unwrap();
    fs::copy(path(2), path(1)).unwrap();
    // Laid out differently, it says the same.
    fs::write(path(2), document::write_line(&traces[2].0, &traces[2].1)).unwrap();
    fs::copy(path(3), directory.path().join("traces/019aa3f0-5c00-7b6e-8a52-0123456789ab.json")).unwrap();
    let report = store.check().unwrap();
    assert_eq!(report.documents, 2);
    assert_eq!(report.problems.len(), 3, "{report:?}");
    let all = report.problems.join("\n");
    assert!(all.contains(&traces[0].0.id.to_string()) && all.contains(&traces[1].0.id.to_string()), "{all}");
    assert!(all.contains("019aa3f0-5c00-7b6e-8a52-0123456789ab.json has no trace"), "{all}");
}

#[test]
fn a_rescue_file_is_a_document() {
    let directory = tempfile::tempdir().unwrap();
    let (trace, atlas) = realistic::trace(1, 3, 3);
    let path = rescue(&trace, &atlas, directory.path()).unwrap();
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    assert_eq!(document::read(&fs::read_to_string(&path).unwrap()).unwrap(), (trace.clone(), atlas.clone()));
    let error = rescue(&trace, &atlas, &path).unwrap_err();
    assert!(error.to_string().contains("rescue"), "{error}");
}
