//! `watch` at work in a laboratory.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rusqlite::Connection;
use serde_json::Value;

use crate::lab::{Chain, Lab, Node};
use crate::run::Home;

/// The program at work, and the lines of its log so far.
pub(crate) struct Watch {
    pub(crate) child: Child,
    log: Arc<Mutex<Vec<Value>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Watch {
    pub(crate) fn start(home: &Home, node: &Node, arguments: &[&str]) -> Self {
        Self::of(node, home.command(&[&["watch", "-v", "--log-format", "json"], arguments].concat()))
    }

    pub(crate) fn of(node: &Node, mut command: Command) -> Self {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = node.enter(|| command.spawn().expect("start the program"));
        let stderr = BufReader::new(child.stderr.take().expect("its standard error"));
        let log = Arc::new(Mutex::new(Vec::new()));
        let lines = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in stderr.lines() {
                let line = line.expect("a line");
                // Every line is JSON, whatever it tells.
                let value: Value =
                    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line}"));
                assert!(
                    value["time"].is_string() && value["level"].is_string() && value["message"].is_string(),
                    "{line}"
                );
                lines.lock().expect("the log").push(value);
            }
        });
        Self { child, log, reader: Some(reader) }
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        let log = self.log.lock().expect("the log");
        log.iter().map(ToString::to_string).collect()
    }

    pub(crate) fn count(&self, words: &str) -> usize {
        self.messages().iter().filter(|line| line.contains(words)).count()
    }

    /// Waits until so many lines of the log say that.
    #[track_caller]
    pub(crate) fn await_lines(&self, number: usize, words: &str) {
        await_that(
            || self.count(words) >= number,
            || format!("{number} times {words:?} in\n{}", self.messages().join("\n")),
        );
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().expect("a process id")), signal)
            .expect("send a signal");
    }

    /// SIGTERM ends it with 0 within five seconds; returns the log.
    #[track_caller]
    pub(crate) fn end(mut self) -> Vec<String> {
        let asked = now();
        self.signal(Signal::SIGTERM);
        let status = self.child.wait().expect("wait for the program");
        let took = asked.elapsed();
        self.reader.take().expect("a reader").join().expect("a log of JSON");
        let log = self.messages();
        assert_eq!(status.code(), Some(0), "{}", log.join("\n"));
        assert!(took < Duration::from_secs(5), "{took:?}");
        log
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
pub(crate) fn await_that(holds: impl Fn() -> bool, otherwise: impl Fn() -> String) {
    let until = now() + Duration::from_secs(60);
    while !holds() {
        assert!(now() < until, "never came: {}", otherwise());
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[expect(clippy::disallowed_methods, reason = "a test waits for so long and no longer")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn stored(home: &Home) -> u32 {
    let Ok(database) = Connection::open(home.database()) else { return 0 };
    database.query_row("SELECT count(*) FROM traces", [], |row| row.get(0)).unwrap_or(0)
}

pub(crate) fn read(home: &Home, name: &str) -> String {
    std::fs::read_to_string(home.path().join(name)).unwrap_or_default()
}

pub(crate) fn short_chain() -> Lab {
    Chain::of(2).without_limits().build()
}

pub(crate) const QUICK: [&str; 9] =
    ["--every", "1s", "--steady", "-n", "--no-geo", "--protocol", "icmp", "--wait", "500ms"];
