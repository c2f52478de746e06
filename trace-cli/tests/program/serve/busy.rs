//! Eight processes at work on one database: a server that is asked all the time, four that trace, one that brings traces in,
//! one that copies the database, one that reads. Nobody is told that it is locked, nothing is lost, and the log stays short.
//! For longer than the three seconds of the suite:
//!
//! ```text
//! TRACE_TEST_SECONDS=30 cargo test -p trace-cli --test program -- busy --nocapture
//! ```

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::Server;
use super::http::Request;
use crate::lab::{Chain, lab_test};
use crate::run::{Home, Run};

/// The log is never longer.
const LONGEST_LOG: u64 = 64 << 20;
/// Traces that are brought in by one process.
const BROUGHT: u64 = 200;

/// What all of them share.
#[derive(Debug)]
struct Work<'a> {
    home: &'a Home,
    over: AtomicBool,
    stored: Mutex<BTreeSet<String>>,
    /// How often each did what it does: answers, traces, files, copies, looks.
    done: [AtomicU64; 5],
}

impl Work<'_> {
    /// Does something again and again until it is enough.
    fn again(&self, role: usize, mut work: impl FnMut(u64)) {
        for number in 0.. {
            if self.over.load(Ordering::Relaxed) {
                break;
            }
            work(number);
            self.done[role].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What a run of the program says, which has to go well.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Run {
        let run = self.home.run(arguments).ends_with(0);
        assert!(!run.stderr.contains("locked"), "{arguments:?}: {}", run.stderr);
        run
    }

    fn keep(&self, ids: impl IntoIterator<Item = String>) {
        self.stored.lock().expect("nobody failed").extend(ids);
    }

    fn serve(&self, address: SocketAddr) {
        self.again(0, |number| {
            let paths = ["status", "targets", "traces?limit=50", "map", "changes", "traces/latest"];
            let path = paths[usize::try_from(number).expect("few") % paths.len()];
            let reply = Request::new(address, "GET", &format!("/api/v1/{path}")).send();
            // Before the first trace there is no latest one.
            assert!(reply.status == 200 || number < 6 && reply.status == 404, "{path}: {}", reply.text());
            thread::park_timeout(Duration::from_millis(5));
        });
    }

    fn trace(&self, target: IpAddr) {
        let target = target.to_string();
        self.again(1, |_| {
            let run = self.run(&["trace", &target, "-n", "--no-geo", "--format", "json"]);
            self.keep([run.document()["id"].as_str().expect("an id").to_owned()]);
        });
    }

    fn import(&self) {
        self.again(2, |number| {
            let mut text = String::from("CITY,ID,HOP,LONGITUDE,LATITUDE,IP,DATE_CREATED\n");
            let id = |trace: u64| format!("{number:08x}-0cfb-47a0-9a6c-{trace:012x}");
            for (trace, hop) in (0..BROUGHT).flat_map(|trace| (1..=10).map(move |hop| (trace, hop))) {
                let (a, b) = (number & 255, trace & 255);
                writeln!(
                    text,
                    "Rome,{},{hop},12.5,41.9,10.{a}.{b}.{hop},2021-01-31 16:06:{hop:02}.489-0500",
                    id(trace)
                )
                .expect("write a row");
            }
            let file = self.home.write("old.csv", &text);
            let said = self.run(&["import", &file]).stdout;
            assert_eq!(said, format!("brought in {BROUGHT} traces\n"));
            self.keep((0..BROUGHT).map(id));
        });
    }

    fn backup(&self) {
        self.again(3, |_| {
            self.run(&["db", "backup", "copy.sqlite"]);
            let copy = self.home.path().join("copy.sqlite");
            let database = Connection::open(&copy).expect("open the copy");
            let sound: String =
                database.query_row("PRAGMA quick_check", (), |row| row.get(0)).expect("a check");
            assert_eq!(sound, "ok");
            drop(database);
            fs::remove_file(copy).expect("remove the copy");
        });
    }

    fn read(&self, target: IpAddr) {
        let target = target.to_string();
        self.again(4, |number| match number % 3 {
            0 => drop(self.run(&["list", "--limit", "1000", "--format", "jsonl"])),
            1 => drop(self.run(&["history", &target])),
            _ => drop(self.run(&["changes", "--all", "--since", "1h"])),
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "a test that goes on for a time")]
fn now() -> Instant {
    Instant::now()
}

lab_test! {
    fn programs_at_work_on_one_database_do_not_hinder_one_another() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        home.run(&["db", "init"]).ends_with(0);
        let wanted = std::env::var("TRACE_TEST_SECONDS").ok();
        let seconds = wanted.as_ref().map_or(3, |seconds| seconds.parse().expect("a number of seconds"));
        let (over, stored, done) = (AtomicBool::new(false), Mutex::default(), Default::default());
        let work = Work { home: &home, over, stored, done };
        let (target, log) = (lab.target(4), home.data().join("traces.sqlite-wal"));
        lab.vantage().enter(|| {
            let server = Server::start(&home, &[]);
            let address = server.address;
            let mut longest = 0;
            thread::scope(|scope| {
                let mut all = vec![scope.spawn(|| work.serve(address)), scope.spawn(|| work.import())];
                all.extend((0..4).map(|_| scope.spawn(|| work.trace(target))));
                all.extend([scope.spawn(|| work.backup()), scope.spawn(|| work.read(target))]);
                let begun = now();
                // Who failed has said why.
                while begun.elapsed() < Duration::from_secs(seconds) && !all.iter().any(|one| one.is_finished()) {
                    longest = fs::metadata(&log).map_or(0, |log| log.len()).max(longest);
                    thread::park_timeout(Duration::from_millis(2));
                }
                work.over.store(true, Ordering::Relaxed);
            });
            let stored = work.stored.lock().expect("nobody failed");
            if let Some(seconds) = &wanted {
                let counts = &work.done;
                let said = format!("{seconds} s: {} traces; {counts:?} answers, traces, files, copies, looks; a log of {longest} bytes", stored.len());
                writeln!(std::io::stderr(), "{said}").expect("say how it went");
            }
            assert!(work.done.iter().all(|done| done.load(Ordering::Relaxed) > 0), "{:?}", work.done);
            assert!(longest < LONGEST_LOG, "{longest}");
            assert_eq!(server.json("/api/v1/status")["store"]["traces"], stored.len());
            assert!(server.end().success());
            let list = home.run(&["list", "--limit", "4000000000", "--format", "jsonl"]).ends_with(0).stdout;
            let id = |line: &str| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["id"].as_str().expect("an id").to_owned();
            assert_eq!(list.lines().map(id).collect::<BTreeSet<_>>(), *stored);
            home.run(&["db", "check"]).ends_with(0);
        });
    }
}
