//! Looking addresses up: remembered, in the built-in table whose blocks are open, and cold, beside a mere look into a
//! hash map.
//!
//! `cargo bench -p trace-geo --bench places` measures with criterion; with `-- --quick` it takes medians of processor
//! time in a few seconds, prints them beside the floor and what is wanted, and fails where something takes twice as
//! long, three measurements long. With `-- --only NAME TIMES` one case runs so often and nothing is measured, for
//! counting instructions: `valgrind --tool=callgrind`.

use std::collections::HashMap;
use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::net::IpAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use trace_core::model::Located;
use trace_geo::{Builtin, Chain, is_global};

/// Hops of a trace, in 30 networks.
const HOPS: [&str; 30] = [
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
const MANY: usize = 100_000;
const RUNS: usize = 5;
/// The least processor time of a run: many ticks of the clock that counts it.
const BATCH: Duration = Duration::from_millis(80);
const ATTEMPTS: usize = 3;
/// How much longer than wanted is a failure: caches are shared with whatever else the machine does.
const SLACK: u32 = 2;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let is = |word: &str| arguments.iter().any(|argument| argument == word);
    if !["--bench", "--quick", "--only"].into_iter().any(is) {
        // `cargo test --benches` comes here too.
        return Ok(ExitCode::SUCCESS);
    }
    let bench = Bench::new()?;
    if is("--quick") {
        for _ in 0..ATTEMPTS {
            if bench.quick()? {
                return Ok(ExitCode::SUCCESS);
            }
        }
        return Ok(ExitCode::FAILURE);
    }
    if let Some(only) = arguments.iter().position(|argument| argument == "--only") {
        let [name, times] = arguments.get(only + 1..only + 3).unwrap_or_default() else {
            return Err("--only NAME TIMES".into());
        };
        let times: u32 = times.parse()?;
        for case in bench.cases().iter().filter(|case| case.name.contains(name.as_str())) {
            (0..times).for_each(|_| (case.run)());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut criterion = Criterion::default().configure_from_args();
    for case in bench.cases() {
        criterion.bench_function(case.name, |bencher| bencher.iter(|| (case.run)()));
    }
    Ok(ExitCode::SUCCESS)
}

struct Bench {
    hops: Vec<IpAddr>,
    many: Vec<IpAddr>,
    table: Builtin,
    chain: Chain,
    map: HashMap<IpAddr, Arc<Located>>,
}

/// Something measured.
struct Case<'a> {
    name: &'static str,
    /// How often the thing is done in one run.
    times: u32,
    /// How many runs go by between two looks at the clock.
    turns: u32,
    /// How long one may take.
    wanted: Option<Duration>,
    run: Box<dyn Fn() + 'a>,
}

impl Bench {
    fn new() -> Result<Self, Box<dyn Error>> {
        let hops = HOPS.iter().map(|hop| hop.parse()).collect::<Result<Vec<IpAddr>, _>>()?;
        // Numerical Recipes, chapter 7.1: a generator for what need not be random, only spread.
        let mut state = 20_261_124_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            IpAddr::from(state.to_be_bytes())
        };
        let mut many = Vec::with_capacity(MANY);
        while many.len() < MANY {
            let address = next();
            if is_global(address) {
                many.push(address);
            }
        }
        let chain = Chain::builder().builtin()?.build();
        let map = hops.iter().map(|hop| (*hop, chain.look(*hop))).collect();
        Ok(Self { hops, many, table: Builtin::embedded()?, chain, map })
    }

    fn cases(&self) -> Vec<Case<'_>> {
        let all = 30;
        vec![
            Case {
                name: "a hash map of as many (the floor)",
                times: all,
                turns: 100,
                wanted: None,
                run: Box::new(|| {
                    self.hops
                        .iter()
                        .for_each(|hop| drop(black_box(self.map.get(black_box(hop)).map(Arc::clone))));
                }),
            },
            Case {
                name: "an address that is remembered",
                times: all,
                turns: 100,
                wanted: Some(Duration::from_nanos(60)),
                run: Box::new(|| {
                    self.hops.iter().for_each(|hop| drop(black_box(self.chain.look(black_box(*hop)))));
                }),
            },
            Case {
                name: "country, AS and its name in the table",
                times: all,
                turns: 100,
                wanted: Some(Duration::from_nanos(500)),
                run: Box::new(|| {
                    self.hops.iter().for_each(|hop| drop(black_box(self.table.lookup(black_box(*hop)))));
                }),
            },
            Case {
                name: "a place made anew, nothing remembered",
                times: all,
                turns: 100,
                wanted: Some(Duration::from_nanos(500)),
                run: Box::new(|| {
                    self.hops.iter().for_each(|hop| drop(black_box(self.chain.locate(black_box(*hop)))));
                }),
            },
            Case {
                name: "30 hops, chain opened for them",
                times: 1,
                turns: 1,
                wanted: Some(Duration::from_millis(5)),
                run: Box::new(|| {
                    let chain = Chain::builder().builtin().map(|builder| builder.build());
                    drop(black_box(chain.map(|chain| chain.atlas(self.hops.iter().copied()))));
                }),
            },
            Case {
                name: "30 hops, again",
                times: 1,
                turns: 1,
                wanted: Some(Duration::from_micros(200)),
                run: Box::new(|| drop(black_box(self.chain.atlas(self.hops.iter().copied())))),
            },
            Case {
                name: "100,000 addresses, chain opened for them",
                times: 1,
                turns: 1,
                wanted: Some(Duration::from_secs(1)),
                run: Box::new(|| {
                    let chain = Chain::builder().builtin().map(|builder| builder.build());
                    if let Ok(chain) = chain {
                        self.many.iter().for_each(|address| drop(black_box(chain.look(*address))));
                    }
                }),
            },
        ]
    }

    /// Medians of processor time; whether all of them are within [`SLACK`] of what is wanted.
    fn quick(&self) -> io::Result<bool> {
        let mut out = io::stdout().lock();
        let mut well = true;
        let mut floor = None;
        for case in self.cases() {
            (case.run)();
            let mut runs: Vec<Duration> = (0..RUNS).map(|_| run(&case)).collect();
            runs.sort();
            let median = runs.get(RUNS / 2).copied().unwrap_or_default();
            let floor = *floor.get_or_insert(median);
            let times = median.as_secs_f64() / floor.as_secs_f64();
            let wanted = case.wanted.map(|wanted| format!("  (at most {wanted:?})")).unwrap_or_default();
            writeln!(out, "{:<42} {median:>12.1?} {times:>9.1}x{wanted}", case.name)?;
            well &= case.wanted.is_none_or(|wanted| median <= wanted * SLACK);
        }
        Ok(well)
    }
}

/// What one thing takes of a processor, over as many of them as fill [`BATCH`].
fn run(case: &Case<'_>) -> Duration {
    let (start, mut done) = (worked(), 0);
    loop {
        (0..case.turns).for_each(|_| (case.run)());
        done += case.turns * case.times;
        let taken = worked().saturating_sub(start);
        if taken >= BATCH {
            return taken / done;
        }
    }
}

/// The time that this process has had a processor (proc(5), `schedstat`): what else the machine does counts for
/// nothing. It grows by the tick, a few milliseconds.
fn worked() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = stat.split_whitespace().next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or_default())
}
