//! A real process is killed while it stores traces; whatever it was doing, the next start finds every trace
//! whole or not at all, and the documents agree with the database.

use core::time::Duration;
use std::collections::BTreeSet;
use std::path::Path;

use trace_core::model::Uuid;

use super::super::step::Step;
use super::super::{Documents, Store, file};
use super::processes::Child;
use super::realistic::{self, Dice};
use super::relocate;
use crate::document;

/// What a killed process left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Left {
    NoDatabase,
    NoTrace,
    Pending,
    PendingWithTemporary,
    PendingWithDocument,
    Written,
}

fn left(directory: &Path) -> Left {
    let Ok(store) = Store::open_read_only(directory) else { return Left::NoDatabase };
    let pending: Vec<String> = store
        .connection
        .prepare("SELECT id FROM measurement WHERE document = 2")
        .unwrap()
        .query_map((), |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let named = |id: &String| file::path(directory, id.parse().unwrap()).exists();
    if pending.iter().any(named) {
        Left::PendingWithDocument
    } else if pending.is_empty() {
        if store.count().unwrap() == 0 { Left::NoTrace } else { Left::Written }
    } else if file::leftovers(directory).is_empty() {
        Left::Pending
    } else {
        Left::PendingWithTemporary
    }
}

/// Starts anew and looks at everything: the traces there are must be whole, those that were said to be stored
/// must be there, and each must have its document. Returns how many there are.
fn all_is_well(directory: &Path, stored: &[Uuid], numbers: impl IntoIterator<Item = u32>) -> u64 {
    let store = Store::open(directory).unwrap();
    let report = store.check().unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.documents, report.pending), (report.traces, 0));
    assert!(file::leftovers(directory).is_empty());
    let mut whole = 0;
    for number in numbers {
        let (trace, atlas) = realistic::trace(number, 20, 3);
        let found = store.get(trace.id).unwrap();
        assert!(found.is_some() || !stored.contains(&trace.id), "{} was stored and is gone", trace.id);
        if let Some(found) = found {
            assert_eq!(found, (trace, atlas));
            whole += 1;
        }
    }
    assert_eq!(whole, report.traces, "a trace that nobody stored");
    whole
}

#[test]
fn a_process_killed_at_any_moment_leaves_whole_traces() {
    let mut met = BTreeSet::new();

    // At each step that has a name.
    for (step, expected) in [
        (Step::BeforeCommit, Left::NoTrace),
        (Step::AfterCommit, Left::Pending),
        (Step::AfterTemporary, Left::PendingWithTemporary),
        (Step::AfterRename, Left::PendingWithDocument),
        (Step::BeforeMark, Left::PendingWithDocument),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Child::start(directory.path(), 0, 1, Some(step));
        child.wait_for(&format!("stopped at {step:?}"));
        child.kill();
        let found = left(directory.path());
        assert_eq!(found, expected, "{step:?}");
        met.insert(found);
        let traces = all_is_well(directory.path(), &[], [0]);
        assert_eq!(traces, u64::from(step != Step::BeforeCommit), "{step:?}");
    }

    // At random moments of storing, one after the other in one directory.
    let mut dice = Dice::new(7);
    let directory = tempfile::tempdir().unwrap();
    let mut stored = Vec::new();
    let mut numbers = Vec::new();
    let mut random = BTreeSet::new();
    for round in 0..50 {
        let first = round * 1000;
        let mut child = Child::start(directory.path(), first, 900, None);
        child.wait_for("ready");
        child.leave_alone(Duration::from_micros(dice.below(50_000)));
        child.kill();
        stored.extend(child.stored());
        numbers.extend(first..first + u32::try_from(child.stored().len()).unwrap() + 1);
        random.insert(left(directory.path()));
        if round % 10 == 9 {
            all_is_well(directory.path(), &stored, numbers.iter().copied());
        } else {
            // Every start mends what the one before left.
            let store = Store::open(directory.path()).unwrap();
            assert!(file::leftovers(directory.path()).is_empty());
            let rows = "SELECT count(*) FROM measurement WHERE document <> 1";
            let pending: i64 = store.connection.query_row(rows, (), |row| row.get(0)).unwrap();
            assert_eq!(pending, 0);
        }
    }
    let kept = all_is_well(directory.path(), &stored, numbers.iter().copied());
    assert!(kept > 0, "no trace was stored in 50 rounds");
    assert!(random.len() > 1, "every kill hit the same moment: {random:?}");
    met.extend(random);

    // At random moments of creating the database.
    for _ in 0..10 {
        let directory = tempfile::tempdir().unwrap();
        let mut child = Child::start(directory.path(), 0, 1, None);
        child.wait_for("opening");
        child.leave_alone(Duration::from_micros(dice.below(6_000)));
        child.kill();
        met.insert(left(directory.path()));
        all_is_well(directory.path(), &child.stored(), [0]);
    }
    println!("{met:?}");
    assert!(met.len() >= 4, "{met:?}");
}

#[test]
fn a_process_killed_while_it_relocates_leaves_old_places_or_new_ones() {
    for step in
        [Step::BeforeCommit, Step::AfterCommit, Step::AfterTemporary, Step::AfterRename, Step::BeforeMark]
    {
        let directory = tempfile::tempdir().unwrap();
        let (trace, atlas) = realistic::trace(0, 20, 3);
        let moved = relocate::elsewhere(&atlas);
        Store::open(directory.path()).unwrap().put(&trace, &atlas, Documents::Write).unwrap();
        let path = file::path(directory.path(), trace.id);
        let read = || document::read(&std::fs::read_to_string(&path).unwrap()).unwrap();

        let mut child = Child::relocating(directory.path(), step);
        child.wait_for(&format!("stopped at {step:?}"));
        child.kill();
        // The document is whole at every moment, though it may still say the old places.
        let renamed = matches!(step, Step::AfterRename | Step::BeforeMark);
        let expected = if renamed { &moved } else { &atlas };
        assert_eq!(read(), (trace.clone(), expected.clone()), "{step:?}");

        let store = Store::open(directory.path()).unwrap();
        let expected = if step == Step::BeforeCommit { &atlas } else { &moved };
        assert_eq!(store.get(trace.id).unwrap(), Some((trace.clone(), expected.clone())), "{step:?}");
        assert_eq!(read(), (trace.clone(), expected.clone()), "{step:?}");
        let report = store.check().unwrap();
        assert!(report.is_sound(), "{report:?}");
        assert_eq!((report.documents, report.pending), (1, 0));
        assert!(file::leftovers(directory.path()).is_empty());
    }
}

#[test]
fn a_process_killed_while_it_deletes_leaves_whole_traces() {
    for step in [Step::AfterCommit, Step::AfterRename, Step::BeforeCommit] {
        let directory = tempfile::tempdir().unwrap();
        let traces = [realistic::trace(0, 20, 3), realistic::trace(1, 20, 3)];
        let mut store = Store::open(directory.path()).unwrap();
        for (trace, atlas) in &traces {
            store.put(trace, atlas, Documents::Write).unwrap();
        }
        drop(store);
        let mut child = Child::deleting(directory.path(), step);
        child.wait_for(&format!("stopped at {step:?}"));
        child.kill();
        // The rows go last, so the trace is still there, and its document is written again.
        assert_eq!(all_is_well(directory.path(), &[traces[0].0.id, traces[1].0.id], [0, 1]), 2, "{step:?}");
    }
}
