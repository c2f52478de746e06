//! Eight processes trace, bring in, remove, copy and read at once: nobody is told that the database is locked, nothing is
//! lost, and the log stays short. For longer than the three seconds of the suite:
//!
//! ```text
//! TRACE_STORE_TEST_SECONDS=30 cargo test --release -p trace-store --lib busy -- --nocapture
//! ```

use core::time::Duration;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use trace_core::model::Uuid;

use super::super::{Documents, Filter, Store, Subject};
use super::realistic;

const DIRECTORY: &str = "TRACE_STORE_TEST_DIRECTORY";
const ROLE: &str = "TRACE_STORE_TEST_ROLE";
const SECONDS: &str = "TRACE_STORE_TEST_SECONDS";

/// The log is never longer.
const LONGEST_LOG: u64 = 64 << 20;

const ROLES: [&str; 8] = ["trace", "trace", "trace", "watch", "import", "import", "read", "tidy"];

fn seconds() -> u64 {
    std::env::var(SECONDS).ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(3)
}

#[expect(clippy::disallowed_methods, reason = "a test that goes on for a time")]
fn now() -> Instant {
    Instant::now()
}

fn say(text: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "\n{text}").and_then(|()| out.flush()).unwrap();
}

#[test]
#[ignore = "another test runs it as a process of its own"]
fn busy_child() {
    let directory = std::env::var_os(DIRECTORY).unwrap();
    let directory = Path::new(&directory);
    let role = std::env::var(ROLE).unwrap();
    let (number, role) = role.split_once(' ').unwrap();
    let end = now() + Duration::from_secs(seconds());
    let first = number.parse::<u32>().unwrap() * 1_000_000;
    let mut numbers = first..;
    let mut rounds = 0;
    while now() < end {
        rounds += 1;
        match role {
            // A process a trace, as a timer starts them.
            "trace" => {
                let (trace, atlas) = realistic::trace(numbers.next().unwrap(), 20, 3);
                let mut store = Store::open(directory).unwrap();
                store.put(&trace, &atlas, Documents::Write).unwrap();
                say(&format!("stored {}", trace.id));
            }
            "watch" => {
                let mut store = Store::open(directory).unwrap();
                for number in numbers.by_ref().take(50) {
                    let (trace, atlas) = realistic::trace(number, 20, 3);
                    store.put(&trace, &atlas, Documents::Skip).unwrap();
                    say(&format!("stored {}", trace.id));
                }
            }
            "import" => {
                let mut store = Store::open(directory).unwrap();
                let traces: Vec<_> =
                    numbers.by_ref().take(1500).map(|number| realistic::trace(number, 200, 3)).collect();
                let imported = store.import(traces.iter().cloned().map(Ok), Documents::Skip);
                assert!(imported.failed.is_none(), "{:?}", imported.failed);
                assert_eq!(imported.new, 1500);
                traces.iter().for_each(|(trace, _)| say(&format!("stored {}", trace.id)));
            }
            "read" => {
                let Ok(store) = Store::open_read_only(directory) else { continue };
                let mut filter = Filter { limit: Some(100), ..Filter::default() };
                for _ in 0..5 {
                    let page = store.list(&filter).unwrap();
                    for summary in page.iter().step_by(20) {
                        // It may be removed between the one and the other.
                        let found = store.get(summary.id).unwrap();
                        assert!(found.is_none_or(|(trace, _)| trace.started == summary.started));
                    }
                    filter.before = page.last().map(|last| last.cursor);
                }
                let target = "host3.example.net".to_owned();
                store.history(&Subject { target, ..Subject::default() }).unwrap();
            }
            _ => {
                let mut store = Store::open(directory).unwrap();
                let page = store.list(&Filter { limit: Some(20), ..Filter::default() }).unwrap();
                let ids: Vec<Uuid> = page.iter().map(|summary| summary.id).collect();
                ids.iter().for_each(|id| say(&format!("removing {id}")));
                store.delete(&ids).unwrap();
                let copy = directory.join(format!("copy-{rounds}.sqlite"));
                store.backup(&copy).unwrap();
                std::fs::remove_file(copy).unwrap();
            }
        }
    }
    say(&format!("done {rounds}"));
}

#[test]
fn busy_processes_do_not_hinder_one_another() {
    let directory = tempfile::tempdir().unwrap();
    let (mut stored, mut removed) = (BTreeSet::new(), BTreeSet::new());
    let mut store = Store::open(directory.path()).unwrap();
    for number in 0..100 {
        let (trace, atlas) = realistic::trace(number, 20, 3);
        store.put(&trace, &atlas, Documents::Write).unwrap();
        stored.insert(trace.id);
    }
    drop(store);
    let children: Vec<_> = (1..)
        .zip(ROLES)
        .map(|(number, role)| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "store::tests::busy::busy_child", "--ignored", "--nocapture"])
                .env(DIRECTORY, directory.path())
                .env(ROLE, format!("{number} {role}"))
                .stdout(std::fs::File::create(directory.path().join(format!("out-{number}"))).unwrap())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    let mut longest = 0;
    let log = directory.path().join("traces.sqlite-wal");
    let waiting = std::thread::spawn(move || {
        children.into_iter().map(|child| child.wait_with_output().unwrap()).collect::<Vec<_>>()
    });
    while !waiting.is_finished() {
        longest = longest.max(std::fs::metadata(&log).map_or(0, |log| log.len()));
        std::thread::yield_now();
        super::super::lock::pause(Duration::from_millis(5));
    }
    for ((number, role), output) in (1..).zip(ROLES).zip(waiting.join().unwrap()) {
        let said = std::fs::read_to_string(directory.path().join(format!("out-{number}"))).unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{role}: {complaint}{}", &said[said.len().saturating_sub(2000)..]);
        let rounds = said.lines().find_map(|line| line.strip_prefix("done ")).expect("the end");
        println!("{role}: {rounds} rounds");
        let ids = |word: &'static str| {
            said.lines().filter_map(move |line| line.strip_prefix(word)).map(|id| id.parse::<Uuid>().unwrap())
        };
        stored.extend(ids("stored "));
        removed.extend(ids("removing "));
    }
    println!("{} stored, {} removed, log at most {} kB", stored.len(), removed.len(), longest / 1000);
    assert!(longest < LONGEST_LOG, "{longest}");
    let store = Store::open(directory.path()).unwrap();
    let report = store.check().unwrap();
    assert!(report.is_sound(), "{:?}", report.problems);
    assert_eq!(report.pending, 0);
    let there: BTreeSet<Uuid> =
        store.list(&Filter::default()).unwrap().into_iter().map(|summary| summary.id).collect();
    let expected: BTreeSet<Uuid> = stored.difference(&removed).copied().collect();
    assert!(stored.len() > 100 && removed.len() > 19, "{} {}", stored.len(), removed.len());
    assert_eq!(there, expected);
}

#[test]
fn a_log_that_a_reader_looks_at_grows_no_faster_than_he_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let reader = Store::open_read_only(directory.path()).unwrap();
    let log = || std::fs::metadata(directory.path().join("traces.sqlite-wal")).unwrap().len();
    reader.connection.execute_batch("BEGIN; SELECT count(*) FROM measurement;").unwrap();
    let blob = "CREATE TABLE growth (bytes BLOB); INSERT INTO growth VALUES (zeroblob(47000000));";
    store.connection.execute_batch(blob).unwrap();
    // He ends after half a second: whoever writes has waited, and cuts the log back.
    let looking = std::thread::spawn(move || {
        super::super::lock::pause(Duration::from_millis(500));
        reader.connection.execute_batch("COMMIT;").unwrap();
    });
    let (trace, atlas) = realistic::trace(1, 20, 3);
    store.put(&trace, &atlas, Documents::Skip).unwrap();
    looking.join().unwrap();
    assert!(log() < 32 << 20, "{}", log());
}
