//! What the engine's decisions cost: ten thousand traces of thirty hops in flight, three probes a hop, against
//! the loop that drives them without an engine; and the memory that one of those traces takes.
//!
//! `cargo bench -p trace-core --features sim --bench engine` measures with criterion; with `-- --quick` it prints
//! medians and the memory in a few seconds, says whether deciding takes 200 ns a probe at most on this machine, and fails
//! where a trace takes more than 4 KiB. What deciding costs is fetching from memory what is known of a trace, and memory
//! is quick or slow, as the machine is and as others use it: so it may cost so many fetches, made in the same run.

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
const ATTEMPTS: usize = 3;
/// What deciding is meant to take at most, in nanoseconds a probe.
const WANTED: f64 = 200.0;
/// How many fetches deciding about a probe may take.
const FETCHES_AT_MOST: f64 = 2.0;
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
    let mut medians = Medians::measure();
    for _ in 1..ATTEMPTS {
        if !medians.are_well() {
            medians = Medians::measure();
        }
    }
    let Medians { engine, driven, fetched, count } = medians;
    let mut out = io::stdout().lock();
    writeln!(out, "{TRACES} traces in flight, {HOPS} hops, {count} probes")?;
    writeln!(out, "{:<40}{:>8.1} ns a probe", "driven without an engine", driven)?;
    writeln!(out, "{:<40}{:>8.1} ns a probe", "driven by the engine", engine)?;
    let (deciding, fetches) = (medians.deciding(), medians.fetches());
    let met = if deciding <= WANTED { "met" } else { "missed" };
    writeln!(
        out,
        "{:<40}{deciding:>8.1} ns a probe: at most {WANTED:.0} wanted, {met}",
        "poll, sent and hear"
    )?;
    writeln!(
        out,
        "{:<40}{fetched:>8.1} ns, of which deciding takes {fetches:.1}",
        "fetching from as much memory"
    )?;
    writeln!(out, "{:<40}{:>8.0} bytes", format!("a trace with {PROBES_A_TRACE} probes in flight"), bytes)?;
    if bytes > AT_MOST {
        writeln!(io::stderr(), "a trace may take {AT_MOST} bytes at most")?;
        return Ok(ExitCode::FAILURE);
    }
    if !medians.are_well() {
        writeln!(io::stderr(), "deciding about a probe may take {FETCHES_AT_MOST} fetches at most")?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Nanoseconds a probe.
struct Medians {
    engine: f64,
    driven: f64,
    fetched: f64,
    /// Probes in a run.
    count: usize,
}

impl Medians {
    /// All of them in turn, several times.
    fn measure() -> Self {
        let (mut engine, mut driven, mut fetched, mut count) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for _ in 0..RUNS {
            let (probes, took) = run(&mut Vec::new());
            count = probes.len();
            let each = |took: Duration| took.as_secs_f64() * 1e9 / to_f64(count);
            engine.push(each(took));
            driven.push(each(floor(&probes)));
            fetched.push(each(fetch(&probes)));
        }
        Self { engine: median(engine), driven: median(driven), fetched: median(fetched), count }
    }

    const fn deciding(&self) -> f64 {
        self.engine - self.driven
    }

    fn fetches(&self) -> f64 {
        self.deciding() / self.fetched
    }

    fn are_well(&self) -> bool {
        self.fetches() <= FETCHES_AT_MOST
    }
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

/// Reads and writes one cache line for each probe, of as much memory as the traces may take, in an order that the machine
/// cannot foresee. Each waits for the one before, as decisions do.
fn fetch(probes: &[Probe]) -> Duration {
    const LINES: usize = 64;
    let mut lines = vec![[0_u64; 8]; LINES * usize::try_from(TRACES).unwrap_or_default()];
    // Memory that was never written is not there.
    lines.iter_mut().for_each(|line| line[0] = 1);
    let (start, mut number, mut previous) = (worked(), 1_u64, 0);
    for probe in probes {
        // The numbers of a generator by Knuth ("The Art of Computer Programming", volume 2, section 3.3.4, line 26).
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(u64::from(probe.ttl.get()) | 1);
        let line = usize::try_from(number >> 33).unwrap_or_default() % lines.len();
        // What was read before is nothing, which only the reading tells.
        if let Some([first, second, ..]) = lines.get_mut(line + previous) {
            *first += 1;
            previous = usize::try_from(*second).unwrap_or_default();
        }
    }
    black_box(previous);
    let took = worked().saturating_sub(start);
    black_box(lines);
    took
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
