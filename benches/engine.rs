//! What the engine's decisions cost: ten thousand traces of thirty hops in flight, three probes a hop, against
//! the loop that drives them without an engine; and the memory that one of those traces takes.
//!
//! `cargo bench -p trace-core --features sim --bench engine` measures with criterion; with `-- --quick` it prints
//! medians and the memory in a few seconds, and fails where a trace takes more than 4 KiB.

use std::collections::VecDeque;
use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::time::Duration;

use criterion::Criterion;
use trace_core::engine::{Engine, Event, Heard, Moment, Probe, Request, Rule, Step};
use trace_core::model::{Protocol, Protocols, Reply, ReplyKind, Settings};

const TRACES: u32 = 10_000;
const HOPS: u8 = 30;
const PROBES_A_TRACE: u32 = 90;
const RTT: Duration = Duration::from_millis(50);
/// Answers that a link hands over at once.
const BATCH: usize = 64;
const RUNS: usize = 5;
/// The most memory that a trace in flight may take, in bytes.
const AT_MOST: f64 = 4096.0;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    if std::env::args().any(|argument| argument == "--quick") {
        return Ok(quick()?);
    }
    let mut criterion = Criterion::default().configure_from_args().sample_size(10);
    let mut group = criterion.benchmark_group("probe among 10,000 traces");
    group.bench_function("driven without an engine", |bencher| {
        let (probes, _) = run(&mut Vec::new());
        bencher.iter_custom(|times| per_probe(times, || (probes.len(), floor(&probes))));
    });
    group.bench_function("poll and hear", |bencher| {
        bencher.iter_custom(|times| {
            per_probe(times, || {
                let (probes, took) = run(&mut Vec::new());
                (probes.len(), took)
            })
        });
    });
    group.finish();
    criterion.final_summary();
    Ok(ExitCode::SUCCESS)
}

/// The time that `times` probes take.
fn per_probe(times: u64, mut run: impl FnMut() -> (usize, Duration)) -> Duration {
    let (probes, took) = run();
    took.mul_f64(to_f64(usize::try_from(times).unwrap_or(usize::MAX)) / to_f64(probes))
}

fn quick() -> io::Result<ExitCode> {
    // First, while the allocator has nothing to give again.
    let bytes = memory()?;
    let (mut engine, mut driven, mut count) = (Vec::new(), Vec::new(), 0);
    for _ in 0..RUNS {
        let (probes, took) = run(&mut Vec::new());
        count = probes.len();
        engine.push(took.as_secs_f64() * 1e9 / to_f64(count));
        driven.push(floor(&probes).as_secs_f64() * 1e9 / to_f64(count));
    }
    let (engine, driven) = (median(engine), median(driven));
    let mut out = io::stdout().lock();
    writeln!(out, "{TRACES} traces in flight, {HOPS} hops, {count} probes")?;
    writeln!(out, "{:<40}{:>8.1} ns a probe", "driven without an engine", driven)?;
    writeln!(out, "{:<40}{:>8.1} ns a probe", "driven by the engine", engine)?;
    writeln!(out, "{:<40}{:>8.1} ns a probe", "poll, sent and hear", engine - driven)?;
    writeln!(out, "{:<40}{:>8.0} bytes", format!("a trace with {PROBES_A_TRACE} probes in flight"), bytes)?;
    if bytes > AT_MOST {
        writeln!(io::stderr(), "a trace may take {AT_MOST} bytes at most")?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_unstable_by(f64::total_cmp);
    runs.get(runs.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::cast_precision_loss, reason = "counts of probes are far below 2^52")]
const fn to_f64(count: usize) -> f64 {
    count as f64
}

fn request(number: u32) -> Request {
    let address = IpAddr::V4(Ipv4Addr::from_bits(0xc612_0000 + number));
    // Only the first of two rounds is made: handing out finished traces is another matter.
    let settings = Settings { rounds: 2, interval: Duration::from_secs(1000), ..Settings::default() };
    Request::new(address, Protocols::One(Protocol::Icmp), settings)
}

/// Who answers: one of thirty routers, which the targets share by hundreds, or the target.
fn answer(probe: &Probe, at: Moment) -> Heard {
    let (ttl, number) = (probe.ttl.get(), probe.target.0);
    let (from, kind) = if ttl < HOPS {
        (0x0a00_0000 + (u32::from(ttl) << 16) + number / 100, ReplyKind::TimeExceeded)
    } else {
        (0xc612_0000 + number, ReplyKind::EchoReply)
    };
    Heard {
        target: probe.target,
        protocol: probe.protocol,
        flow: probe.flow,
        id: Some(probe.id),
        off_flow: probe.off_flow,
        at,
        reply: Reply {
            from: Ipv4Addr::from_bits(from).into(),
            rtt: None,
            kind: Some(kind),
            icmp: None,
            reply_ttl: Some(64),
            quoted: None,
            mpls: Vec::new(),
            extensions: Vec::new(),
            inherited_from: None,
        },
    }
}

/// Traces all targets in virtual time, one round; returns the probes in the order of sending, and how long it took.
fn run(probes: &mut Vec<Probe>) -> (Vec<Probe>, Duration) {
    let (mut engine, mut now) = (Engine::new(), Moment::ZERO);
    for number in 0..TRACES {
        engine.add(&request(number), now);
    }
    probes.reserve(usize::try_from(TRACES * PROBES_A_TRACE * 3 / 2).unwrap_or_default());
    let mut under_way: VecDeque<(Moment, Probe)> = VecDeque::with_capacity(1 << 20);
    let (start, mut finished) = (worked(), 0);
    while finished < TRACES {
        match engine.poll(now) {
            Step::Send(probe) => {
                engine.sent(&probe, now);
                probes.push(probe);
                under_way.push_back((now + RTT, probe));
            }
            Step::Wait(until) => {
                let next = under_way.front().map_or(until, |(at, _)| until.min(*at));
                now = now.max(next);
                for _ in 0..BATCH {
                    let Some(&(at, probe)) = under_way.front().filter(|(at, _)| *at <= now) else { break };
                    under_way.pop_front();
                    engine.hear(answer(&probe, at), now);
                }
            }
            Step::Done => break,
        }
        while let Some(event) = engine.take_event() {
            finished += u32::from(matches!(event, Event::RoundFinished { .. }));
        }
    }
    let took = worked().saturating_sub(start);
    black_box(engine);
    (core::mem::take(probes), took)
}

/// The same loop with nobody to decide: what the probes and answers cost by themselves.
fn floor(probes: &[Probe]) -> Duration {
    let mut now = Moment::ZERO;
    let mut under_way: VecDeque<(Moment, Probe)> = VecDeque::with_capacity(1 << 20);
    let mut sent = Vec::with_capacity(probes.len());
    let start = worked();
    for batch in probes.chunks(BATCH) {
        for probe in batch {
            sent.push(*probe);
            under_way.push_back((now + RTT, *probe));
        }
        now = now + RTT;
        for _ in 0..BATCH {
            let Some(&(at, probe)) = under_way.front().filter(|(at, _)| *at <= now) else { break };
            under_way.pop_front();
            black_box(answer(&probe, at));
        }
    }
    black_box(sent);
    worked().saturating_sub(start)
}

/// The time that this process has had a processor (proc(5), `schedstat`): what else the machine does counts for
/// nothing.
fn worked() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split_whitespace().next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}

/// The memory that a trace takes with all its probes in flight, in bytes: what the process grows by.
fn memory() -> io::Result<f64> {
    let mut engine = Engine::new().without(Rule::Window).without(Rule::Burst);
    let before = resident()?;
    for number in 0..TRACES {
        engine.add(&request(number), Moment::ZERO);
    }
    let mut in_flight = 0;
    while let Step::Send(probe) = engine.poll(Moment::ZERO) {
        engine.sent(&probe, Moment::ZERO);
        in_flight += 1;
    }
    let after = resident()?;
    if in_flight != TRACES * PROBES_A_TRACE {
        return Err(io::Error::other(format!("{in_flight} probes are in flight")));
    }
    black_box(engine);
    Ok(to_f64(after.saturating_sub(before)) / f64::from(TRACES))
}

/// The memory of this process in bytes (proc(5), `VmRSS`).
fn resident() -> io::Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")).map(str::trim);
    let kibibytes = kibibytes.and_then(|number| number.parse::<usize>().ok());
    kibibytes.map(|number| number * 1024).ok_or_else(|| io::Error::other("/proc/self/status has no VmRSS"))
}
