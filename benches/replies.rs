//! Recognising a reply: from the bytes that a raw socket gives to the probe that was answered, with one target
//! and with ten thousand.
//!
//! `cargo bench -p trace-core --all-features --bench replies` measures with criterion; with `-- --quick` it takes
//! medians of alternating runs in a few seconds, prints them, and fails where ten thousand targets make a reply take
//! more than three times as long as one: a lookup whose memory is no longer in the processor's cache, and no more.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::process::ExitCode;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion};
use trace_core::carrier::Directory;
use trace_core::engine::{Moment, ProbeId, TargetIndex};
use trace_core::link::{Attached, Destination, Identity, Incoming};
use trace_core::model::{Family, Flow, Protocol, Protocols, Ttl};
use trace_core::wire::{Headers, Template};

/// How many times as long as with one target a reply may take with many.
const AT_MOST: f64 = 3.0;
const MANY: u32 = 10_000;
const RUNS: usize = 9;
const ATTEMPTS: usize = 3;
/// Replies that are recognised in turn: more than fit into the caches of a branch predictor.
const REPLIES: u32 = 2_000;
const TURNS_A_RUN: u32 = 20;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut cases = Vec::new();
    for protocol in Protocol::ALL {
        for family in Family::ALL {
            cases.push(Case::new(*protocol, *family)?);
        }
    }
    if std::env::args().any(|argument| argument == "--quick") {
        return Ok(quick(&cases)?);
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("reply");
    for case in &cases {
        group.bench_function(BenchmarkId::new("one target", &case.name), |bencher| {
            bencher.iter(|| case.one.recognise_all());
        });
        group.bench_function(BenchmarkId::new("many targets", &case.name), |bencher| {
            bencher.iter(|| case.many.recognise_all());
        });
    }
    group.finish();
    criterion.final_summary();
    Ok(ExitCode::SUCCESS)
}

fn quick(cases: &[Case]) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    writeln!(out, "{:<12}{:>15}{:>18}{:>8}", "reply", "one target ns", "10,000 targets ns", "ratio")?;
    let mut slow = false;
    for case in cases {
        let mut medians = case.medians();
        for _ in 1..ATTEMPTS {
            if medians.1 / medians.0 > AT_MOST {
                medians = case.medians();
            }
        }
        let (one, many) = medians;
        let ratio = many / one;
        slow |= ratio.is_nan() || ratio > AT_MOST;
        writeln!(out, "{:<12}{one:>15.1}{many:>18.1}{ratio:>8.1}", case.name)?;
    }
    if slow {
        writeln!(
            io::stderr(),
            "many targets may make a reply take {AT_MOST} times as long as one, no longer"
        )?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_unstable_by(f64::total_cmp);
    runs.get(runs.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Replies to one kind of probe, to one target and to many.
struct Case {
    name: String,
    one: Heard,
    many: Heard,
}

impl Case {
    fn new(protocol: Protocol, family: Family) -> Result<Self, Box<dyn Error>> {
        let name = format!("{protocol} {family}");
        Ok(Self { name, one: Heard::new(protocol, family, 1)?, many: Heard::new(protocol, family, MANY)? })
    }

    /// Nanoseconds a reply: with one target, with many.
    fn medians(&self) -> (f64, f64) {
        let times = (0..RUNS).map(|_| (self.one.time(), self.many.time()));
        let (one, many) = times.unzip();
        (median(one), median(many))
    }
}

/// A directory, and messages that quote probes to its targets.
struct Heard {
    directory: Directory,
    from: IpAddr,
    messages: Vec<Vec<u8>>,
}

fn address(family: Family, number: u32) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::from(0xc612_0000 + number).into(),
        Family::V6 => Ipv6Addr::from((0x2001_0db8 << 96) | u128::from(number)).into(),
    }
}

impl Heard {
    fn new(protocol: Protocol, family: Family, targets: u32) -> Result<Self, Box<dyn Error>> {
        let (source, identity) = (address(family, 0), 33_333);
        let mut directory = Directory::new();
        for number in 0..targets {
            let destination = Destination::new(address(family, number + 1), Protocols::One(protocol));
            let identities = vec![Identity { protocol, flow: Flow(0), number: identity }];
            let attached = Attached { source, identities, notes: Vec::new() };
            directory.register(TargetIndex(number), &destination, &attached);
        }
        let mut messages = Vec::new();
        for number in 0..REPLIES {
            // A stride that visits every target in no order that memory would know.
            let target = number.wrapping_mul(7_919) % targets;
            let destination = Destination::new(address(family, target + 1), Protocols::One(protocol));
            let mut template = Template::new(&Headers {
                source,
                destination: destination.address,
                protocol,
                identity,
                destination_port: destination.port_of(protocol),
                size: None,
                tos: 0,
                flow_label: 0x1_2345,
                dont_fragment: false,
            })?;
            let id = u16::try_from(number % 512 + 1)?;
            let probe = template.stamp(Ttl::MIN, ProbeId::new(id).ok_or("an id")?, false);
            let header = match family {
                Family::V4 => [11, 0, 0, 0, 0, 0, 0, 0],
                Family::V6 => [3, 0, 0, 0, 0, 0, 0, 0],
            };
            messages.push([&header, probe].concat());
        }
        let heard = Self { directory, from: address(family, 1), messages };
        match heard.recognise_all() {
            REPLIES => Ok(heard),
            known => Err(format!("{known} of {REPLIES} replies were recognised").into()),
        }
    }

    /// Recognises every reply; tells how many were.
    fn recognise_all(&self) -> u32 {
        let mut known = 0;
        for bytes in &self.messages {
            let (protocol, from, reply_ttl, at) = (Protocol::Icmp, self.from, Some(60), Moment::ZERO);
            let heard = self.directory.recognise(&Incoming::Packet { protocol, from, bytes, reply_ttl, at });
            known += u32::from(black_box(heard).is_some());
        }
        known
    }

    /// Nanoseconds a reply.
    fn time(&self) -> f64 {
        let start = Instant::now();
        for _ in 0..TURNS_A_RUN {
            black_box(self.recognise_all());
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(TURNS_A_RUN) / f64::from(REPLIES)
    }
}
