//! Places anew, measurements as they were.

use proptest::prelude::*;
use rusqlite::types::Value;
use trace_core::model::{Atlas, Trace, Uuid, Verdict};

use super::super::{Document, Documents, Store, file};
use super::realistic;
use super::views::rows;
use crate::{Error, document, samples};

/// Other places for a trace: half of them are gone, the others have moved, and it was judged otherwise.
pub(super) fn elsewhere(atlas: &Atlas) -> Atlas {
    let mut moved = Atlas { consistency: Some(0.5), ..Atlas::default() };
    for (address, located) in atlas.places.iter().skip(atlas.places.len() / 2) {
        let mut located = located.clone();
        located.verdict = Some(Verdict::Suspect);
        located.source = Some("geofeed:office.csv".into());
        let place = located.place.get_or_insert_default();
        place.city = Some("Resistencia".into());
        place.coordinates = trace_core::model::Coordinates::new(-27.45, -58.99);
        moved.places.insert(*address, located);
    }
    moved
}

/// Everything the database has of a measurement, as it stands in it.
fn measurement(store: &Store, id: Uuid) -> (Vec<Vec<Value>>, Vec<Vec<Value>>) {
    let measured = format!(
        "SELECT key, uuid, setup, started, duration_ns, outcome, outcome_detail, path, shape, times
         FROM measurement WHERE id = '{id}'"
    );
    let hops = format!("SELECT first_ttl, hops, sent, lost FROM measurement WHERE id = '{id}'");
    (rows(store, &measured), rows(store, &hops))
}

fn text(store: &Store, id: Uuid) -> String {
    std::fs::read_to_string(file::path(store.directory(), id)).unwrap()
}

#[test]
fn places_change_and_the_measurement_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let traces: Vec<(Trace, Atlas)> = (0..6).map(|number| realistic::trace(number, 2, 3)).collect();
    for (trace, atlas) in &traces {
        store.put(trace, atlas, Documents::Write).unwrap();
    }
    let (trace, atlas) = &traces[2];
    let before = measurement(&store, trace.id);
    let edition = |store: &Store, id| store.edition(id).unwrap();
    let editions = [edition(&store, trace.id), edition(&store, traces[3].0.id)];
    assert!(editions.iter().all(Option::is_some) && editions[0] != editions[1]);
    let moved = elsewhere(atlas);
    let relocated = store.relocate(trace.id, &moved).unwrap();
    assert_ne!(edition(&store, trace.id), editions[0]);
    assert_eq!(edition(&store, traces[3].0.id), editions[1], "the others are as they were");
    assert_eq!(edition(&store, Uuid::nil()), None);
    assert!(relocated.changed && matches!(relocated.document, Document::Written(_)), "{relocated:?}");
    assert_eq!(measurement(&store, trace.id), before);
    let reader = Store::open_read_only(directory.path()).unwrap();
    assert_eq!(reader.get(trace.id).unwrap(), Some((trace.clone(), moved.clone())));
    assert_eq!(document::read(&text(&store, trace.id)).unwrap(), (trace.clone(), moved.clone()));
    // The table a person reads shows the new place.
    let sql = format!("SELECT DISTINCT CITY FROM TRACE WHERE ID = '{}' AND CITY IS NOT NULL", trace.id);
    assert_eq!(rows(&store, &sql), [[Value::Text("Resistencia".to_owned())]]);
    // Nobody else moved.
    for (other, atlas) in traces.iter().filter(|(other, _)| other.id != trace.id) {
        assert_eq!(reader.get(other.id).unwrap(), Some((other.clone(), atlas.clone())));
    }
    // The next trace of the target is stored as ever, and storing the old one again changes nothing.
    let (next, its_atlas) = realistic::trace(8, 2, 3);
    store.put(&next, &its_atlas, Documents::Write).unwrap();
    assert!(!store.put(trace, atlas, Documents::Write).unwrap().new);
    assert_eq!(store.get(next.id).unwrap(), Some((next, its_atlas)));
    assert_eq!(document::read(&text(&store, trace.id)).unwrap().1, moved);
    assert!(store.check().unwrap().is_sound());
}

#[test]
fn the_same_places_change_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(1, 2, 3);
    store.put(&trace, &atlas, Documents::Write).unwrap();
    let modified = || std::fs::metadata(file::path(directory.path(), trace.id)).unwrap().modified().unwrap();
    let before = modified();
    let relocated = store.relocate(trace.id, &atlas).unwrap();
    assert!(!relocated.changed && matches!(relocated.document, Document::Written(_)), "{relocated:?}");
    assert_eq!(modified(), before);
    // To no places, and back; twice in one go.
    let nowhere = Atlas::default();
    let twice = store.relocate_batch(&[(trace.id, &nowhere), (trace.id, &atlas)]).unwrap();
    assert!(twice.iter().all(|relocated| relocated.changed), "{twice:?}");
    assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)));
    assert!(store.check().unwrap().is_sound());
}

#[test]
fn a_trace_without_a_document_gets_none() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(1, 2, 3);
    store.put(&trace, &atlas, Documents::Skip).unwrap();
    let relocated = store.relocate(trace.id, &elsewhere(&atlas)).unwrap();
    assert!(relocated.changed && matches!(relocated.document, Document::Skipped), "{relocated:?}");
    assert!(!file::path(directory.path(), trace.id).exists());
    assert!(store.check().unwrap().is_sound());
}

#[test]
fn one_stranger_stops_a_batch_and_nothing_moves() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(1, 2, 3);
    store.put(&trace, &atlas, Documents::Write).unwrap();
    let moved = elsewhere(&atlas);
    let error = store.relocate_batch(&[(trace.id, &moved), (Uuid::nil(), &moved)]).unwrap_err();
    assert!(matches!(&error, Error::Unknown { text } if *text == Uuid::nil().to_string()), "{error}");
    assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)));
    assert!(store.check().unwrap().is_sound());
    let mut reader = Store::open_read_only(directory.path()).unwrap();
    assert!(matches!(reader.relocate(Uuid::nil(), &moved), Err(Error::ReadOnly { .. })));
}

#[test]
fn a_document_that_cannot_be_written_stays_pending() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(1, 2, 3);
    store.put(&trace, &atlas, Documents::Write).unwrap();
    // A directory of that name stops root as well.
    let path = file::path(directory.path(), trace.id);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let moved = elsewhere(&atlas);
    let relocated = store.relocate(trace.id, &moved).unwrap();
    assert!(matches!(relocated.document, Document::Pending { cause: Some(_) }), "{relocated:?}");
    assert_eq!(store.get(trace.id).unwrap(), Some((trace.clone(), moved.clone())));
    drop(store);
    std::fs::remove_dir(&path).unwrap();
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(document::read(&text(&store, trace.id)).unwrap(), (trace, moved));
    assert!(store.check().unwrap().is_sound());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn any_trace_takes_any_places(trace in samples::trace(), first in samples::atlas(), second in samples::atlas()) {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(directory.path()).unwrap();
        store.put(&trace, &first, Documents::Skip).unwrap();
        prop_assert_eq!(store.relocate(trace.id, &second).unwrap().changed, first != second);
        prop_assert_eq!(store.get(trace.id).unwrap(), Some((trace, second)));
        prop_assert!(store.check().unwrap().is_sound());
    }
}
