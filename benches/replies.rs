//! Recognising a reply: from the bytes that a raw socket gives to the probe that was answered, with one target
//! and with ten thousand.
//!
//! `cargo bench -p trace-core --all-features --bench replies` measures with criterion; with `-- --quick` it takes
//! medians of alternating runs in a few seconds, prints them and whether a reply takes 150 ns at most on this machine, and
//! fails where ten thousand targets make a reply take more than three times as long as one: a lookup whose memory is no
//! longer in the processor's cache, and no more. A machine that is slow or busy is no fault of ours: so what a reply may
//! take is counted in plain lookups of as many keys, made in the same run.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::collections::HashMap;
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
/// How many plain lookups a reply may take.
const LOOKUPS_AT_MOST: f64 = 6.0;
/// What a reply is meant to take at most, in nanoseconds.
const WANTED: f64 = 150.0;
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
    writeln!(
        out,
        "{:<12}{:>15}{:>19}{:>8}{:>17}{:>9}",
        "reply", "one target ns", "10,000 targets ns", "ratio", "plain lookup ns", "lookups"
    )?;
    let (mut slow, mut most) = (false, 0.0_f64);
    for case in cases {
        let mut medians = case.medians();
        for _ in 1..ATTEMPTS {
            if !medians.are_well() {
                medians = case.medians();
            }
        }
        slow |= !medians.are_well();
        most = most.max(medians.one).max(medians.many);
        let (ratio, lookups) = (medians.ratio(), medians.lookups());
        let Medians { one, many, plain } = medians;
        writeln!(out, "{:<12}{one:>15.1}{many:>19.1}{ratio:>8.1}{plain:>17.1}{lookups:>9.1}", case.name)?;
    }
    let met = if most <= WANTED { "met" } else { "missed" };
    writeln!(out, "a reply in {WANTED:.0} ns at most: {met}")?;
    if slow {
        writeln!(
            io::stderr(),
            "many targets may make a reply take {AT_MOST} times as long as one and {LOOKUPS_AT_MOST} plain lookups, no \
             longer"
        )?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_unstable_by(f64::total_cmp);
    runs.get(runs.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Nanoseconds a reply.
struct Medians {
    /// With one target.
    one: f64,
    /// With many.
    many: f64,
    /// For looking as many keys up as there are many targets, and nothing else.
    plain: f64,
}

impl Medians {
    fn ratio(&self) -> f64 {
        self.many / self.one
    }

    fn lookups(&self) -> f64 {
        self.many / self.plain
    }

    fn are_well(&self) -> bool {
        self.ratio() <= AT_MOST && self.lookups() <= LOOKUPS_AT_MOST
    }
}

/// Replies to one kind of probe, to one target and to many.
struct Case {
    name: String,
    one: Heard,
    many: Heard,
    plain: Lookup,
}

impl Case {
    fn new(protocol: Protocol, family: Family) -> Result<Self, Box<dyn Error>> {
        let name = format!("{protocol} {family}");
        let (one, many) = (Heard::new(protocol, family, 1)?, Heard::new(protocol, family, MANY)?);
        Ok(Self { name, one, many, plain: Lookup::new(protocol, family) })
    }

    fn medians(&self) -> Medians {
        let (mut one, mut many, mut plain) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            one.push(self.one.time());
            many.push(self.many.time());
            plain.push(self.plain.time());
        }
        Medians { one: median(one), many: median(many), plain: median(plain) }
    }
}

/// A plain map with what names a flow as its keys.
struct Lookup {
    flows: HashMap<(IpAddr, Protocol, u16), u64>,
    wanted: Vec<(IpAddr, Protocol, u16)>,
}

impl Lookup {
    fn new(protocol: Protocol, family: Family) -> Self {
        let key = |target: u32| (address(family, target + 1), protocol, 33_333);
        let flows = (0..MANY).map(|number| (key(number), number.into())).collect();
        let wanted = (0..REPLIES).map(|number| key(stride(number, MANY))).collect();
        Self { flows, wanted }
    }

    fn time(&self) -> f64 {
        per_reply(|| {
            for key in &self.wanted {
                black_box(self.flows.get(black_box(key)));
            }
        })
    }
}

/// A stride that visits every target in no order that memory would know.
const fn stride(number: u32, targets: u32) -> u32 {
    number.wrapping_mul(7_919) % targets
}

/// Nanoseconds a reply of what is done for all replies.
fn per_reply(mut all: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..TURNS_A_RUN {
        all();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(TURNS_A_RUN) / f64::from(REPLIES)
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
            let target = stride(number, targets);
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
        per_reply(|| {
            black_box(self.recognise_all());
        })
    }
}
