//! How fast a trace is, beside the system's traceroute (and scamper where it is installed), on chains of real kernel
//! routers in network namespaces: one run, medians, ratios. The targets are those of the project; with `--quick` there
//! are fewer runs, and a guard of twice the target decides whether the run passes, since the machine may be busy.
//!
//! `cargo bench -p trace-cli --bench speed` needs no root: the routers live in a user namespace of its own.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a measurement that cannot go on fails"
)]

#[path = "../trace-core/tests/lab/mod.rs"]
mod lab;

use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use lab::{Chain, Fault, Lab, tool};
use serde_json::Value;
use tempfile::TempDir;

/// Ten routers and the target.
const ROUTERS: u8 = 10;
/// A link, one way.
const LINK: Duration = Duration::from_millis(5);
/// Addresses in 30 networks that are looked up, and never probed.
const ROUTABLE: [&str; 30] = [
    "1.1.1.1",
    "8.8.8.8",
    "9.9.9.9",
    "4.2.2.1",
    "12.0.0.1",
    "17.0.0.1",
    "18.0.0.1",
    "23.0.0.1",
    "31.13.24.1",
    "62.4.0.1",
    "77.88.8.8",
    "80.67.169.12",
    "91.198.174.192",
    "129.132.1.1",
    "130.89.148.14",
    "133.11.0.1",
    "140.82.112.3",
    "151.101.1.1",
    "157.240.1.1",
    "185.60.216.35",
    "193.0.6.139",
    "194.109.6.66",
    "200.160.2.3",
    "202.12.27.33",
    "203.119.101.61",
    "208.67.222.222",
    "212.58.244.20",
    "2001:4860:4860::8888",
    "2606:4700:4700::1111",
    "2a03:2880:f12f:83::25de",
];

fn main() -> ExitCode {
    // `cargo test --benches` and `cargo bench` both come here; only the latter measures.
    let arguments: Vec<String> = std::env::args().collect();
    let quick = arguments.iter().any(|argument| argument == "--quick");
    if !quick && !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let mut passed = true;
    let ran = lab::program_inside(|| {
        let report = measure(quick);
        report.print();
        passed = !quick || report.guards_hold();
        if !passed {
            std::process::exit(1);
        }
    });
    if ran { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What was measured, against what was wanted.
#[derive(Debug, Default)]
struct Report {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    what: String,
    measured: f64,
    limit: f64,
    unit: &'static str,
    detail: String,
}

impl Report {
    fn add(
        &mut self,
        what: impl Into<String>,
        measured: f64,
        limit: f64,
        unit: &'static str,
        detail: String,
    ) {
        self.lines.push(Line { what: what.into(), measured, limit, unit, detail });
    }

    fn print(&self) {
        println!("{:<58} {:>9} {:>9}      ", "", "at most", "measured");
        for Line { what, measured, limit, unit, detail } in &self.lines {
            let verdict = if measured <= limit { "met" } else { "NOT MET" };
            println!("{what:<58} {limit:>9.2} {measured:>9.2} {unit:<8} {verdict:<8} {detail}");
        }
    }

    /// Twice what is wanted: what a busy machine may add, and no more.
    fn guards_hold(&self) -> bool {
        self.lines.iter().all(|line| line.measured <= 2.0 * line.limit)
    }
}

/// How often each command runs.
#[derive(Debug, Clone, Copy)]
struct Times(usize);

fn measure(quick: bool) -> Report {
    let mut report = Report::default();
    let times = Times(if quick { 5 } else { 15 });
    let fast = Chain::of(ROUTERS).without_limits().build();
    beside_traceroute(&mut report, &fast, times);
    whole_job(&mut report, &fast, times);
    lookup(&mut report, &fast, times);
    let slow = Chain::of(ROUTERS).without_limits().delay(LINK).build();
    over_distance(&mut report, &slow, times);
    silent(&mut report, "no delay", &fast, &Chain::of(ROUTERS).without_limits(), times);
    silent(&mut report, "5 ms a link", &slow, &Chain::of(ROUTERS).without_limits().delay(LINK), times);
    never(&mut report);
    report
}

/// Wall time and memory beside traceroute told the length of the path.
fn beside_traceroute(report: &mut Report, lab: &Lab, times: Times) {
    for family in [4, 6] {
        for (protocol, option) in [("icmp", "-I"), ("udp", "-U")] {
            let target = lab.target(family).to_string();
            let mut theirs = tool("traceroute");
            theirs.args(["-n", "-q3", "-N", "255", "-m", "11", option, &target]);
            let mut ours =
                program(&["trace", &target, "--protocol", protocol, "--no-store", "--no-geo", "-n"], None);
            let (their_wall, our_wall) = in_turns(lab, &mut theirs, &mut ours, times);
            let what = format!("wall beside traceroute {option} -N 255 -m 11, IPv{family}");
            let detail = format!("{our_wall:.2} ms beside {their_wall:.2}");
            report.add(what, our_wall / their_wall, 2.0, "times", detail);
            if let Some((their_memory, our_memory)) = memory(lab, &theirs).zip(memory(lab, &ours)) {
                let what = format!("memory beside traceroute {option}, IPv{family}");
                let detail = format!("{our_memory:.1} MiB beside {their_memory:.1}");
                report.add(what, our_memory / their_memory, 4.0, "times", detail);
            } else {
                lab::skip("no GNU time to measure memory with: apt-get install time");
            }
        }
    }
    let target = lab.target(4).to_string();
    let mut theirs = tool("scamper");
    theirs.args(["-p", "10000", "-I", &format!("trace -P icmp-paris -q 3 {target}")]);
    // It drops root's rights before it works, which a user namespace of one user does not let it.
    if lab.vantage().enter(|| theirs.output().is_ok_and(|output| output.status.success())) {
        let mut ours = program(&["trace", &target, "--no-store", "--no-geo", "-n"], None);
        let (theirs, ours) = in_turns(lab, &mut theirs, &mut ours, times);
        let detail = format!("{ours:.2} ms beside {theirs:.2}");
        report.add("wall beside scamper -p 10000, IPv4", ours / theirs, 2.0, "times", detail);
    }
}

/// What places, database and document cost on top.
fn whole_job(report: &mut Report, lab: &Lab, times: Times) {
    let data = tempfile::tempdir().expect("make a directory");
    let feed = data.path().join("feed.csv");
    std::fs::write(&feed, "10.7.0.0/16,DE,,Berlin,,52.5,13.4\nfd07::/32,AR,,Barranqueras,,-27.5,-58.9\n")
        .expect("write a geofeed");
    for family in [4, 6] {
        let target = lab.target(family).to_string();
        let mut bare = program(&["trace", &target, "--no-store", "--no-geo", "-n"], None);
        let feed = feed.to_str().expect("a path");
        let mut whole = program(&["trace", &target, "-n", "--places", feed], Some(&data));
        let (bare, whole) = in_turns(lab, &mut bare, &mut whole, times);
        let detail = format!("{whole:.2} ms and {bare:.2}");
        report.add(format!("store and places on top, IPv{family}"), whole - bare, 25.0, "ms", detail);
    }
}

fn lookup(report: &mut Report, lab: &Lab, times: Times) {
    let mut ours = program(&[&["geo", "lookup", "--no-dns"][..], &ROUTABLE].concat(), None);
    let walls: Vec<f64> = (0..times.0).map(|_| run(lab, &mut ours, 0)).collect();
    report.add("geo lookup --no-dns of 30 addresses", median(&walls), 20.0, "ms", String::new());
}

/// How near a trace comes to the round trip to its target, and with how many packets.
fn over_distance(report: &mut Report, lab: &Lab, times: Times) {
    for family in [4, 6] {
        for protocol in ["icmp", "udp"] {
            let target = lab.target(family).to_string();
            let arguments = ["trace", &target, "--protocol", protocol, "-n", "--no-geo", "--format", "json"];
            let unknown: Vec<Distance> = (0..times.0)
                .map(|_| {
                    let data = tempfile::tempdir().expect("make a directory");
                    distance(lab, &mut program(&arguments, Some(&data)))
                })
                .collect();
            let data = tempfile::tempdir().expect("make a directory");
            distance(lab, &mut program(&arguments, Some(&data)));
            let known: Vec<Distance> =
                (0..times.0).map(|_| distance(lab, &mut program(&arguments, Some(&data)))).collect();
            for (what, runs, ratio, packets) in
                [("unknown", unknown, 1.25, 75.0), ("known", known, 1.08, 39.0)]
            {
                let of = |read: fn(&Distance) -> f64| median(&runs.iter().map(read).collect::<Vec<_>>());
                let (wall, rtt) = (of(|run| run.wall), of(|run| run.rtt));
                let detail = format!("{:.1} ms of {rtt:.1}, process {wall:.1}", of(|run| run.duration));
                let what = format!("{protocol}, IPv{family}, length {what}");
                report.add(
                    format!("{what}: duration"),
                    of(|run| run.duration / run.rtt),
                    ratio,
                    "RTTs",
                    detail,
                );
                report.add(
                    format!("{what}: packets"),
                    of(|run| run.packets),
                    packets,
                    "packets",
                    String::new(),
                );
            }
        }
    }
}

/// One trace over a distance, in milliseconds.
#[derive(Debug)]
struct Distance {
    /// Of the whole process, store and document included.
    wall: f64,
    duration: f64,
    rtt: f64,
    packets: f64,
}

/// The least round trip to the target and the time from the first probe to the end are the trace's own; packets are
/// counted at the interface.
fn distance(lab: &Lab, command: &mut Command) -> Distance {
    let before = lab.vantage().packets_sent("right");
    let start = Instant::now();
    let output = lab.vantage().output(command);
    let wall = start.elapsed().as_secs_f64() * 1000.0;
    let packets = lab.vantage().packets_sent("right") - before;
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(document["outcome"], "reached", "{document}");
    let last = document["hops"].as_array().and_then(|hops| hops.last()).expect("a hop");
    Distance {
        wall,
        duration: document["duration_ms"].as_f64().expect("a duration"),
        rtt: last["statistics"]["min_ms"].as_f64().expect("a round trip"),
        packets: f64::from(u32::try_from(packets).expect("a small number")),
    }
}

/// What one silent router in the middle adds.
fn silent(report: &mut Report, what: &str, lab: &Lab, chain: &Chain, times: Times) {
    let gap = chain.clone().fault(ROUTERS / 2, Fault::Silent).build();
    let wall = |lab: &Lab| {
        let target = lab.target(4).to_string();
        let mut command = program(&["trace", &target, "--no-store", "--no-geo", "-n"], None);
        median(&(0..times.0).map(|_| run(lab, &mut command, 0)).collect::<Vec<_>>())
    };
    let (without, with) = (wall(lab), wall(&gap));
    let detail = format!("{with:.1} ms and {without:.1}");
    report.add(format!("a silent router in the middle, {what}"), with - without, 350.0, "ms", detail);
}

/// A target that never answers.
fn never(report: &mut Report) {
    let lab = Chain::of(ROUTERS).without_limits().fault(ROUTERS + 1, Fault::Silent).build();
    for family in [4, 6] {
        let target = lab.target(family).to_string();
        let wait = 2.0;
        let mut command = program(&["trace", &target, "--no-store", "--no-geo", "-n"], None);
        let wall = run(&lab, &mut command, 1) / 1000.0;
        let detail = format!("{wall:.2} s");
        report.add(format!("a target that never answers, IPv{family}"), wall / wait, 2.0, "waits", detail);
    }
}

/// Runs two commands in turns, so that whatever else the machine does hits both; median milliseconds of each.
fn in_turns(lab: &Lab, theirs: &mut Command, ours: &mut Command, times: Times) -> (f64, f64) {
    let mut walls: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for turn in 0..=times.0 {
        for (walls, command) in walls.iter_mut().zip([&mut *theirs, &mut *ours]) {
            let wall = run(lab, command, 0);
            // The first run of each fills caches.
            if turn > 0 {
                walls.push(wall);
            }
        }
    }
    let [theirs, ours] = walls.map(|walls| median(&walls));
    (theirs, ours)
}

/// The middle one.
fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Runs a command to its end, which must be as told; milliseconds.
fn run(lab: &Lab, command: &mut Command, status: i32) -> f64 {
    lab.vantage().enter(|| {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let start = Instant::now();
        let ended = command.status().expect("start a program");
        let wall = start.elapsed().as_secs_f64() * 1000.0;
        assert_eq!(ended.code(), Some(status), "{command:?}");
        wall
    })
}

/// The most memory that a command held at once, in MiB. It is asked of GNU time, which is smaller than anything it
/// measures: a process counts as what it was before exec, too.
fn memory(lab: &Lab, command: &Command) -> Option<f64> {
    let mut time = tool("/usr/bin/time");
    time.args(["-f", "%M", "-o", "/dev/stderr"]).arg(command.get_program()).args(command.get_args());
    time.stdout(Stdio::null());
    let output = lab.vantage().enter(|| time.stdin(Stdio::null()).output()).ok()?;
    let kilobytes: f64 = String::from_utf8_lossy(&output.stderr).lines().last()?.trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// Our program; without a home it finds none of anybody's data.
fn program(arguments: &[&str], home: Option<&TempDir>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trace-cli"));
    command.env_clear().env("PATH", "/usr/bin:/bin").args(arguments);
    command.env("HOME", home.map_or("/nonexistent".as_ref(), TempDir::path));
    command
}
