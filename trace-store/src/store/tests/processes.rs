//! Several processes work on one directory at once.

use core::time::Duration;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use trace_core::model::Uuid;

use super::super::step::Step;
use super::super::{Document, Documents, Store, file};
use super::{realistic, relocate};

const DIRECTORY: &str = "TRACE_STORE_TEST_DIRECTORY";
const FIRST: &str = "TRACE_STORE_TEST_FIRST";
const COUNT: &str = "TRACE_STORE_TEST_COUNT";
const STOP_AT: &str = "TRACE_STORE_TEST_STOP_AT";

/// Longer than anything here takes on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that stores traces: this test binary, told to run [`child`] alone.
pub(super) struct Child {
    process: std::process::Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Child {
    /// Starts a process that stores `count` traces from number `first` on, and perhaps stops at a step.
    pub(super) fn start(directory: &Path, first: u32, count: u32, stop_at: Option<Step>) -> Self {
        let mut child = Self::prepare(directory, first, count, stop_at);
        child.go();
        child
    }

    /// Starts a process that locates trace number 0 anew, and stops at a step.
    pub(super) fn relocating(directory: &Path, stop_at: Step) -> Self {
        let mut child = Self::prepare_as("relocating_child", directory, 0, 1, Some(stop_at));
        child.go();
        child
    }

    /// Starts a process that removes trace number 0, and stops at a step.
    pub(super) fn deleting(directory: &Path, stop_at: Step) -> Self {
        let mut child = Self::prepare_as("deleting_child", directory, 0, 1, Some(stop_at));
        child.go();
        child
    }

    /// Starts a process that waits to be told to [`Child::go`].
    fn prepare(directory: &Path, first: u32, count: u32, stop_at: Option<Step>) -> Self {
        Self::prepare_as("child", directory, first, count, stop_at)
    }

    fn prepare_as(name: &str, directory: &Path, first: u32, count: u32, stop_at: Option<Step>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", &format!("store::tests::processes::{name}"), "--ignored", "--nocapture"])
            .env(DIRECTORY, directory)
            .env(FIRST, first.to_string())
            .env(COUNT, count.to_string())
            .env_remove(STOP_AT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(step) = stop_at {
            command.env(STOP_AT, format!("{step:?}"));
        }
        let mut process = command.spawn().unwrap();
        let (sender, lines) = channel();
        let hear = |out: Box<dyn Read + Send>, mark: &'static str| {
            let sender = sender.clone();
            let lines = BufReader::new(out).lines().map_while(Result::ok);
            std::thread::spawn(move || {
                lines.map(|line| format!("{mark}{line}")).try_for_each(|line| sender.send(line))
            });
        };
        hear(Box::new(process.stdout.take().unwrap()), "");
        // Why it failed stands there, and is told with the rest: what a process inherits is not shown by every runner.
        hear(Box::new(process.stderr.take().unwrap()), "! ");
        Self { process, lines, heard: Vec::new() }
    }

    fn go(&mut self) {
        self.process.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Waits until the process says so.
    pub(super) fn wait_for(&mut self, text: &str) {
        while !self.heard.iter().any(|line| line == text) {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => self.heard.push(line),
                Err(error) => panic!("waiting for {text:?}: {error}; heard {:?}", self.heard),
            }
        }
    }

    /// Lets it work for so long.
    pub(super) fn leave_alone(&self, span: Duration) {
        let (_sender, nothing) = channel::<()>();
        assert_eq!(nothing.recv_timeout(span), Err(RecvTimeoutError::Timeout));
    }

    /// SIGKILL, and everything it said before.
    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.heard.extend(self.lines.iter());
    }

    /// Waits for its end: whether it went well, and all that it said.
    fn finish(mut self) -> (bool, Vec<String>) {
        let status = self.process.wait().unwrap();
        self.heard.extend(self.lines.iter());
        (status.success(), self.heard)
    }

    /// The ids it said it had stored.
    pub(super) fn stored(&self) -> Vec<Uuid> {
        self.heard.iter().filter_map(|line| line.strip_prefix("stored ")?.parse().ok()).collect()
    }
}

#[test]
#[ignore = "other tests run it as a process of its own"]
fn child() {
    let number = |name| std::env::var(name).unwrap().parse::<u32>().unwrap();
    let directory = std::env::var_os(DIRECTORY).unwrap();
    let directory = Path::new(&directory);
    let say = |text: &str| {
        let mut out = std::io::stdout();
        writeln!(out, "\n{text}").and_then(|()| out.flush()).unwrap();
    };
    std::io::stdin().read_line(&mut String::new()).unwrap();
    say("opening");
    let mut store = Store::open(directory).unwrap();
    say("ready");
    for number in number(FIRST)..number(FIRST) + number(COUNT) {
        let (trace, atlas) = realistic::trace(number, 20, 3);
        let stored = store.put(&trace, &atlas, Documents::Write).unwrap();
        // On a machine that is busy enough others have the lock for longer than it is waited for: the trace is kept, and
        // who opens the store next writes its document. The test counts them all.
        let kept = matches!(stored.document, Document::Written(_) | Document::Pending { cause: None });
        assert!(kept, "{stored:?}");
        say(&format!("stored {}", trace.id));
    }
}

#[test]
#[ignore = "other tests run it as a process of its own"]
fn relocating_child() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let directory = std::env::var_os(DIRECTORY).unwrap();
    let mut store = Store::open(Path::new(&directory)).unwrap();
    let (trace, atlas) = realistic::trace(0, 20, 3);
    store.relocate(trace.id, &relocate::elsewhere(&atlas)).unwrap();
}

#[test]
#[ignore = "other tests run it as a process of its own"]
fn deleting_child() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let directory = std::env::var_os(DIRECTORY).unwrap();
    let mut store = Store::open(Path::new(&directory)).unwrap();
    let (trace, _) = realistic::trace(0, 20, 3);
    store.delete(&[trace.id]).unwrap();
}

#[test]
fn processes_store_side_by_side() {
    let directory = tempfile::tempdir().unwrap();
    let each = 25;
    let mut children: Vec<_> =
        (0..8).map(|index| Child::prepare(directory.path(), index * 1000, each, None)).collect();
    // All of them create the database.
    children.iter_mut().for_each(Child::go);
    let mut stored = Vec::new();
    for child in children {
        let (success, heard) = child.finish();
        assert!(success, "{heard:?}");
        stored.extend(heard.into_iter().filter(|line| line.starts_with("stored ")));
    }
    assert_eq!(stored.len(), 8 * 25);
    let store = Store::open(directory.path()).unwrap();
    let report = store.check().unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!((report.traces, report.documents), (8 * 25, 8 * 25));
    assert!(file::leftovers(directory.path()).is_empty());
}

#[test]
fn processes_create_one_database_together() {
    for _ in 0..10 {
        let directory = tempfile::tempdir().unwrap();
        let mut children: Vec<_> =
            (0..8).map(|index| Child::prepare(directory.path(), index, 1, None)).collect();
        children.iter_mut().for_each(Child::go);
        for child in children {
            let (success, heard) = child.finish();
            assert!(success, "{heard:?}");
        }
        assert_eq!(Store::open(directory.path()).unwrap().count().unwrap(), 8);
    }
}

/// A process that fails says why, and whoever started it tells that.
#[test]
fn why_a_process_failed_is_heard() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join(Store::FILE),
        "no database, and long enough to be looked at. ".repeat(100),
    )
    .unwrap();
    let (success, heard) = Child::start(directory.path(), 0, 1, None).finish();
    assert!(!success);
    assert!(heard.iter().any(|line| line.starts_with("! ") && line.contains("NotADatabase")), "{heard:?}");
}

#[test]
fn the_log_is_bounded_while_somebody_reads() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let reader = Store::open_read_only(directory.path()).unwrap();
    let traces: Vec<_> = (0..500).map(|number| realistic::trace(number, 20, 3)).collect();
    let log = || std::fs::metadata(directory.path().join("traces.sqlite-wal")).unwrap().len();
    // What a reader looks at cannot be checkpointed: the log grows.
    reader.connection.execute_batch("BEGIN; SELECT count(*) FROM measurement;").unwrap();
    let blob = "CREATE TABLE growth (bytes BLOB); INSERT INTO growth VALUES (zeroblob(40000000));";
    store.connection.execute_batch(blob).unwrap();
    assert!(log() > 32 << 20);
    store.put(&traces[0].0, &traces[0].1, Documents::Skip).unwrap();
    assert!(log() > 32 << 20);
    // He looks away: the next trace cuts it back.
    reader.connection.execute_batch("COMMIT;").unwrap();
    store.put(&traces[1].0, &traces[1].1, Documents::Skip).unwrap();
    assert!(log() < 32 << 20, "{}", log());
}
