//! traceroute, mtr, scamper, trippy, tracepath, scapy and trace-cli side by side on the same chains of real kernel
//! routers: wall time, CPU time, memory, packets and hops found. Installs nothing; who is not there is passed over
//! by name. `benches/peers` runs it; scamper and trippy take part only where it runs as root.
#![expect(clippy::disallowed_methods, reason = "a measurement reads the clock")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement that cannot go on fails"
)]

#[path = "../trace-core/tests/lab/mod.rs"]
mod lab;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use lab::{Chain, Fault, Lab, tool};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use tempfile::TempDir;

/// Routers between the vantage point and the target.
const ROUTERS: u8 = 10;
/// A link, one way: eleven of them there and back are 110 ms.
const LINK: Duration = Duration::from_millis(5);
/// Targets of the list.
const TARGETS: u32 = 1000;
/// Packets a second where a tool can be told.
const RATE: &str = "10000";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    let runs = arguments
        .iter()
        .position(|argument| argument == "--runs")
        .and_then(|place| arguments.get(place + 1))
        .map_or(5, |number| number.parse().expect("--runs takes a number"));
    let only = arguments
        .iter()
        .position(|argument| argument == "--only")
        .and_then(|place| arguments.get(place + 1).cloned());
    let ran = lab::program_inside(|| measure(runs, only.as_deref()));
    if ran { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A tool and how it is told to trace to one target with three probes a hop.
struct Peer {
    name: &'static str,
    /// The words of its command; `TARGET` stands for the address.
    words: &'static [&'static str],
    /// The exit status is no measure of success for most of them.
    runs_where: Where,
}

/// Where a tool can run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Anywhere,
    /// It drops root's rights by means that a user namespace of one user has not.
    AsRoot,
}

const OURS: &str = "trace-cli";

/// The tools for one target.
const PEERS: [Peer; 13] = [
    ours(&[OURS, "trace", "TARGET", "-n", "--no-geo", "--no-store"]),
    ours_unprivileged(&[OURS, "trace", "TARGET", "-n", "--no-geo", "--no-store", "--mode", "unprivileged"]),
    whole(&[OURS, "trace", "TARGET", "-n"]),
    anywhere("traceroute -I", &["traceroute", "-n", "-I", "-q3", "TARGET"]),
    anywhere("traceroute -I -N255 -m11", &["traceroute", "-n", "-I", "-q3", "-N255", "-m11", "TARGET"]),
    Peer {
        name: "scamper -p10000",
        words: &["scamper", "-p", RATE, "-I", "trace -P icmp-paris -q 3 TARGET"],
        runs_where: Where::AsRoot,
    },
    anywhere("mtr -c3", &["mtr", "-n", "-r", "-c3", "TARGET"]),
    anywhere("mtr -c3 -i0.1 -G0.3", &["mtr", "-n", "-r", "-c3", "-i0.1", "-G0.3", "TARGET"]),
    anywhere("trippy -C3", &["trip", "-m", "pretty", "-C3", "TARGET"]),
    anywhere(
        "trippy -C3 -i50ms -T100ms -g10ms",
        &["trip", "-m", "pretty", "-C3", "-i50ms", "-T100ms", "-g10ms", "TARGET"],
    ),
    anywhere("tracepath", &["tracepath", "-n", "TARGET"]),
    anywhere(
        "scapy traceroute()",
        &[
            "/usr/bin/python3",
            "-c",
            "from scapy.all import *; conf.verb=0; r,_=traceroute(['TARGET'],maxttl=11,l4=ICMP(),timeout=1,verbose=0); print(sorted({a.src for _,a in r}))",
        ],
    ),
    anywhere(
        "scapy sr1() by TTL",
        &[
            "/usr/bin/python3",
            "-c",
            "from scapy.all import *; conf.verb=0\nfor t in range(1,12):\n  a=sr1(IP(dst='TARGET',ttl=t)/ICMP(),timeout=1,verbose=0)\n  print(t,a.src if a else '*')",
        ],
    ),
];

const fn anywhere(name: &'static str, words: &'static [&'static str]) -> Peer {
    Peer { name, words, runs_where: Where::Anywhere }
}

const fn ours(words: &'static [&'static str]) -> Peer {
    anywhere("trace-cli, the measurement alone", words)
}

const fn ours_unprivileged(words: &'static [&'static str]) -> Peer {
    anywhere("trace-cli, unprivileged", words)
}

const fn whole(words: &'static [&'static str]) -> Peer {
    anywhere("trace-cli, located and stored", words)
}

/// What one run cost and found.
#[derive(Debug, Clone, Copy)]
struct Cost {
    wall: f64,
    cpu: f64,
    packets: f64,
    hops: f64,
}

fn measure(runs: usize, only: Option<&str>) {
    let wanted = |scene: &str| only.is_none_or(|only| scene.contains(only));
    println!("{runs} runs each, medians; 3 probes a hop, IPv4, ICMP where the tool can; 11 hops.\n");
    let fast = || Chain::of(ROUTERS).without_limits();
    for (scene, chain) in [
        ("no delay", fast()),
        ("target at 110 ms", fast().delay(LINK)),
        ("a silent router, no delay", fast().fault(ROUTERS / 2, Fault::Silent)),
    ] {
        if wanted(scene) {
            let lab = chain.build();
            println!("## {scene}\n\n{HEAD}");
            for peer in &PEERS {
                one_target(&lab, peer, runs);
            }
            println!();
        }
    }
    let scene = "1000 targets";
    if wanted(scene) {
        println!("## {scene} behind the same ten routers, 1 probe a hop, {RATE} packets a second\n\n{HEAD}");
        many_targets(&fast().build(), runs);
    }
}

const HEAD: &str =
    "| tool | wall ms | CPU ms | memory MiB | packets | hops found |\n|---|---|---|---|---|---|";

fn one_target(lab: &Lab, peer: &Peer, runs: usize) {
    let target = lab.target(4).to_string();
    let words: Vec<String> = peer.words.iter().map(|word| word.replace("TARGET", &target)).collect();
    run_and_print(lab, peer.name, &words, peer.runs_where, runs);
}

fn run_and_print(lab: &Lab, name: &str, words: &[String], runs_where: Where, runs: usize) {
    let program = words.first().expect("a program");
    if !installed(program) {
        println!("| {name} | not installed | | | | |");
        return;
    }
    if program.ends_with("python3") && !has_scapy(program) {
        println!("| {name} | no scapy | | | | |");
        return;
    }
    if runs_where == Where::AsRoot && !lab::as_root() {
        println!("| {name} | needs root | | | | |");
        return;
    }
    // The first run fills caches.
    run(lab, words);
    let costs: Vec<Cost> = (0..runs).map(|_| run(lab, words)).collect();
    let of = |read: fn(&Cost) -> f64| median(costs.iter().map(read).collect());
    let memory = memory(lab, words).map_or_else(String::new, |memory| format!("{memory:.1}"));
    println!(
        "| {name} | {:.1} | {:.1} | {memory} | {:.0} | {:.0} |",
        of(|cost| cost.wall),
        of(|cost| cost.cpu),
        of(|cost| cost.packets),
        of(|cost| cost.hops),
    );
}

/// A list of targets: the last node answers for all of 10.8.0.0/16.
fn many_targets(lab: &Lab, runs: usize) {
    for node in 0..=ROUTERS {
        let next = lab.hop(node + 1, 4);
        lab.node(node).ip(&format!("route add 10.8.0.0/16 via {next}\n"));
    }
    lab.node(ROUTERS + 1).ip("route add local 10.8.0.0/16 dev lo\n");
    let directory = TempDir::new().expect("make a directory");
    let list = directory.path().join("targets");
    let targets: Vec<String> =
        (0..TARGETS).map(|number| format!("10.8.{}.{}", number / 250, number % 250 + 1)).collect();
    std::fs::write(&list, targets.join("\n") + "\n").expect("write the list");
    let list = list.to_str().expect("a path");
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();

    let ours = [OURS, "trace", "--targets", list, "-q1", "-n", "--no-geo", "--no-store", "--format", "jsonl"];
    let at_rate = [&ours[..], &["--rate", RATE]].concat();
    run_and_print(lab, "trace-cli, shared hops probed once", &owned(&at_rate), Where::Anywhere, runs);
    let alone = [&at_rate[..], &["--no-share"]].concat();
    run_and_print(lab, "trace-cli, every hop of every trace", &owned(&alone), Where::Anywhere, runs);
    let faster = [&ours[..], &["--no-share", "--rate", "40000"]].concat();
    run_and_print(lab, "the same, 40000 packets a second", &owned(&faster), Where::Anywhere, runs);
    let scamper = ["scamper", "-p", RATE, "-w", "1000", "-c", "trace -P icmp-paris -q 1", "-f", list];
    run_and_print(lab, "scamper -p10000 -w1000", &owned(&scamper), Where::AsRoot, runs);
    let mut script = String::from("while read t; do traceroute -n -I -q1 -N255 -m11 $t; done <");
    write!(script, "{list}").expect("write to a text");
    run_and_print(
        lab,
        "traceroute -q1 -N255 -m11, one by one",
        &owned(&["sh", "-c", &script]),
        Where::Anywhere,
        runs,
    );
}

fn installed(program: &str) -> bool {
    program == OURS
        || tool(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn has_scapy(python: &str) -> bool {
    let mut command = tool(python);
    command.args(["-c", "import scapy"]).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The command, with a home of its own so that it finds nobody's data.
fn command(words: &[String], home: &Path) -> Command {
    let program = words.first().expect("a program");
    let mut command =
        if program == OURS { Command::new(env!("CARGO_BIN_EXE_trace-cli")) } else { tool(program) };
    command.args(&words[1..]).env("HOME", home).env_remove("TRACE_DATA_DIR").env_remove("XDG_DATA_HOME");
    command
}

fn run(lab: &Lab, words: &[String]) -> Cost {
    let home = TempDir::new().expect("make a directory");
    let mut command = command(words, home.path());
    command.stdin(Stdio::null()).stderr(Stdio::null());
    let before = (lab.vantage().packets_sent("right"), cpu());
    let start = Instant::now();
    let output = lab.vantage().enter(|| command.output().expect("start a program"));
    let wall = start.elapsed().as_secs_f64() * 1000.0;
    let packets = lab.vantage().packets_sent("right") - before.0;
    let text = String::from_utf8_lossy(&output.stdout);
    Cost {
        wall,
        cpu: cpu() - before.1,
        packets: f64::from(u32::try_from(packets).expect("a small number")),
        hops: f64::from(hops(lab, &text)),
    }
}

/// Milliseconds of CPU that ended children have used.
fn cpu() -> f64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("ask for the use of children");
    let microseconds = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    f64::from(u32::try_from(microseconds).unwrap_or(u32::MAX)) / 1000.0
}

/// How many hops a text names: one for one target, each hop of each target where there are many.
fn hops(lab: &Lab, text: &str) -> u32 {
    let routers: BTreeSet<String> = (1..=ROUTERS + 1).map(|ttl| lab.hop(ttl, 4).to_string()).collect();
    let words = |line: &str| -> BTreeSet<String> {
        line.split(|c: char| !(c.is_ascii_digit() || c == '.')).map(str::to_owned).collect()
    };
    let mut found = 0;
    let mut seen = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with('{') {
            // A document a line: its hops are counted by their TTLs that somebody answered.
            let document: serde_json::Value = serde_json::from_str(line).expect("a document");
            let answered = |hop: &&serde_json::Value| {
                hop["probes"]
                    .as_array()
                    .is_some_and(|probes| probes.iter().any(|probe| probe["result"] == "answered"))
            };
            let hops = document["hops"].as_array().expect("hops");
            found += u32::try_from(hops.iter().filter(answered).count()).expect("a small number");
            continue;
        }
        if line.starts_with("traceroute ") {
            found += u32::try_from(seen.len()).expect("a small number");
            seen.clear();
            continue;
        }
        let of_line = words(line);
        seen.extend(routers.intersection(&of_line).cloned());
        seen.extend(
            of_line.into_iter().filter(|word| word.starts_with("10.8.") && word.split('.').count() == 4),
        );
    }
    found + u32::try_from(seen.len()).expect("a small number")
}

/// The most memory the command held at once, in MiB, asked of GNU time.
fn memory(lab: &Lab, words: &[String]) -> Option<f64> {
    let home = TempDir::new().expect("make a directory");
    let command = command(words, home.path());
    let mut time = tool("/usr/bin/time");
    time.args(["-f", "%M", "-o"]).arg(home.path().join("memory"));
    time.arg(command.get_program()).args(command.get_args()).env("HOME", home.path());
    time.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    lab.vantage().enter(|| time.status()).ok()?;
    let text = std::fs::read_to_string(home.path().join("memory")).ok()?;
    let kilobytes: f64 = text.lines().last()?.trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
