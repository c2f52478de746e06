//! What it costs to remember: hop rows a second beside the one flat table of the scripts that came before, in one run with
//! the same settings of SQLite, and bytes a hop with judged places. The ratio of rates is by the clock, which has the disk in
//! it; that of processor time, which a busy machine does not change, stands beside it. Medians of the runs.
//!
//! ```text
//! cargo bench -p trace-cli --bench memory [-- --before 80000] [-- --quick]
//! ```
//!
//! `--before` is how many traces are in both databases before anything is measured: 160,000, which are two million hop rows,
//! unless something else is said. The flat table becomes slower as it grows. The targets are those of the project, and not all of
//! them are met; with `--quick` there are fewer runs and fewer traces, of which what they share takes more bytes each, and
//! what decides is that it has not become worse.
//!
//! Of many traces at once, ours works out on all processors what to write, before it locks the database.
//!
//! What SQLite alone takes bounds the ratio at one trace a transaction: where the flat table took 76 us a trace, one row of 150 bytes
//! took 14 us without an index, and about 6 more for each tree that changes, since that is a page in the log. A trace changes two
//! trees, and a new shape of a path some more. Both databases have pages of SQLite's usual size.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    unreachable_pub,
    reason = "a measurement that cannot go on fails, and its numbers are small"
)]

mod world;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use rusqlite::{Connection, params};
use trace_core::model::{Atlas, Trace};
use trace_store::{Documents, Store};
use world::{Dice, Plan, World};

/// 2026-11-01 in nanoseconds since 1970.
const NOVEMBER: i64 = 1_793_491_200_000_000_000;

type Traces = Vec<(Trace, Atlas)>;

fn world(traces: u32, queries: u8) -> World {
    let interval = Duration::from_secs(3600);
    World::new(Plan { targets: 150, queries, traces, end: NOVEMBER, interval, seed: 7 })
}

fn judged((trace, atlas): (Trace, Atlas)) -> (Trace, Atlas) {
    let judged = trace_geo::judge::judge(&trace, &atlas);
    (trace, judged)
}

fn hops(traces: &[(Trace, Atlas)]) -> f64 {
    traces.iter().map(|(trace, _)| trace.hops.len()).sum::<usize>() as f64
}

/// Processor time and time that went by.
fn took(work: impl FnOnce()) -> (f64, f64) {
    let processor = || {
        let usage = getrusage(UsageWho::RUSAGE_SELF).expect("what this process used");
        (usage.user_time() + usage.system_time()).num_microseconds() as f64 / 1e6
    };
    let (began, before) = (Instant::now(), processor());
    work();
    (processor() - before, began.elapsed().as_secs_f64())
}

/// The flat table: text, ids of version 4, an index by id.
fn flat(directory: &Path) -> Connection {
    let connection = Connection::open(directory.join("flat.sqlite")).expect("make the flat table");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 3000;
             CREATE TABLE TRACE (ID TEXT, HOP INTEGER, IP TEXT, COUNTRY TEXT, CITY TEXT, ISP TEXT, LATITUDE REAL,
                 LONGITUDE REAL, DATE_CREATED TEXT);
             CREATE INDEX BY_ID ON TRACE (ID, HOP);",
        )
        .expect("make the flat table");
    connection
}

fn into_flat(connection: &Connection, traces: &[(Trace, Atlas)], each: usize, dice: &mut Dice) {
    for chunk in traces.chunks(each) {
        let transaction = connection.unchecked_transaction().expect("begin");
        let mut statement = transaction
            .prepare_cached("INSERT INTO TRACE VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .expect("prepare");
        for (trace, atlas) in chunk {
            let (high, low) = (u128::from(dice.below(u64::MAX)), u128::from(dice.below(u64::MAX)));
            let bits = (high << 64 | low) & !(0xf << 76) | 4 << 76;
            let id = trace_core::model::Uuid::from_u128(bits).to_string();
            for hop in &trace.hops {
                let ip = hop.answerers().first().copied();
                let place = ip.and_then(|ip| atlas.get(ip)).and_then(|located| located.place.as_ref());
                let point = place.and_then(|place| place.coordinates);
                statement
                    .execute(params![
                        id,
                        hop.ttl.get(),
                        ip.map(|ip| ip.to_string()),
                        place.and_then(|place| place.country.as_deref()),
                        place.and_then(|place| place.city.as_deref()),
                        place.and_then(|place| place.isp.as_deref()),
                        point.map(|point| point.latitude()),
                        point.map(|point| point.longitude()),
                        "2026-11-23 22:58:32.489-0500",
                    ])
                    .expect("insert a row");
            }
        }
        drop(statement);
        transaction.commit().expect("commit");
    }
}

fn into_ours(store: &mut Store, traces: &[(Trace, Atlas)], each: usize) {
    for chunk in traces.chunks(each) {
        let batch: Vec<_> = chunk.iter().map(|(trace, atlas)| (trace, atlas)).collect();
        store.put_batch(&batch, Documents::Skip).expect("store traces");
    }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_unstable_by(f64::total_cmp);
    all[all.len() / 2]
}

/// The ratio of what both take for the same traces: by processor time, and by time that went by.
fn ingest(each: usize, runs: usize, before: u32, places_judged: bool) -> (f64, f64) {
    // Enough that the log of either is moved into its database some times in each run.
    let size = if each == 1 { 3_000 } else { 12_000 };
    let mut world = world(before + (runs * size) as u32, 1);
    let directory = tempfile::tempdir().expect("make a directory");
    let mut dice = Dice::new(9);
    let connection = flat(directory.path());
    let mut store = Store::open(directory.path()).expect("make a store");
    for _ in 0..before / 1000 {
        let part: Traces = world.by_ref().take(1000).collect();
        into_flat(&connection, &part, 1000, &mut dice);
        into_ours(&mut store, &part, 1000);
    }
    let (mut by_processor, mut by_clock, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..runs {
        let part = world.by_ref().take(size);
        let part: Traces = if places_judged { part.map(judged).collect() } else { part.collect() };
        let mut times = [(0.0, 0.0); 2];
        // Neither always goes first.
        for which in [run % 2, 1 - run % 2] {
            times[which] = took(|| match which {
                0 => into_flat(&connection, &part, each, &mut dice),
                _ => into_ours(&mut store, &part, each),
            });
        }
        let [theirs, ours] = times;
        by_processor.push(theirs.0 / ours.0);
        by_clock.push(theirs.1 / ours.1);
        rates.push((hops(&part) / theirs.0, hops(&part) / ours.0));
    }
    let (ratio, clock) = (median(by_processor), median(by_clock));
    let rate = |of: fn(&(f64, f64)) -> f64| median(rates.iter().map(of).collect());
    println!(
        "{each:4} traces a transaction{}: {ratio:.2} times the flat table ({clock:.2} by the clock), {:.0} hop rows a second of \
         processor, the flat table {:.0}",
        if places_judged { ", judged" } else { "" },
        rate(|(_, ours)| *ours),
        rate(|(theirs, _)| *theirs),
    );
    (ratio, clock)
}

/// Bytes of database and log a hop, everything judged.
fn size(count: u32, queries: u8) -> f64 {
    let directory = tempfile::tempdir().expect("make a directory");
    let mut store = Store::open(directory.path()).expect("make a store");
    let traces: Traces = world(count, queries).map(judged).collect();
    into_ours(&mut store, &traces, 1000);
    let (trace, atlas) = &traces[traces.len() / 2];
    assert_eq!(store.get(trace.id).expect("read a trace"), Some((trace.clone(), atlas.clone())));
    drop(store);
    let files = std::fs::read_dir(directory.path()).expect("list the directory");
    let bytes: u64 = files.map(|file| file.expect("a file").metadata().expect("its size").len()).sum();
    let size = bytes as f64 / hops(&traces);
    println!(
        "{queries} probes a hop, judged, {count} traces of {:.1} hops: {size:.1} bytes a hop",
        hops(&traces) / f64::from(count)
    );
    size
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let after = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
    let before = after("--before").and_then(|number| number.parse().ok()).unwrap_or(if quick {
        5_000
    } else {
        160_000
    });
    let runs = if quick { 3 } else { 7 };
    let mut sound = true;
    let mut check = |what: &str, value: f64, target: f64, guard: f64, least: bool| {
        let met = |bound: f64| if least { value >= bound } else { value <= bound };
        println!("  {what}: {value:.2}, to be {target} {}", if met(target) { "met" } else { "MISSED" });
        sound &= met(if quick { guard } else { target });
    };
    for (each, target, guards) in [(1, 3.0, [1.7, 1.5]), (1000, 5.0, [2.0, 1.8])] {
        let (processor, clock) = ingest(each, runs, before, false);
        check("times the rate of the flat table", clock, target, guards[0], true);
        check("times as much a second of processor", processor, guards[1], guards[1], true);
    }
    ingest(1000, runs.min(3), before.min(5_000), true);
    let count = if quick { 10_000 } else { 40_000 };
    check("bytes a hop at one probe", size(count, 1), 30.0, 38.0, false);
    check("bytes a hop at three probes", size(count, 3), 60.0, 48.0, false);
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
