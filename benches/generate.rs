//! Makes a database of millions of hops, as a timer would have filled it in months: for the dashboard, for benches, for
//! CI.
//!
//! ```text
//! cargo run --release -p trace-cli --example generate -- DIR --hops 2000000
//! ```
#![expect(
    clippy::disallowed_methods,
    reason = "the newest trace of the database is of now, and a program tells how long it took"
)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    unreachable_pub,
    reason = "a tool of the workshop fails where it cannot go on, and its numbers are small"
)]

mod world;

use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use trace_core::model::{Atlas, Trace};
use trace_store::{Documents, Store};
use world::{Plan, World};

/// Fill a data directory with traces of a world that does not exist
#[derive(Debug, Parser)]
struct Arguments {
    /// The data directory; what is in it stays
    directory: PathBuf,
    /// About so many hops
    #[arg(long, default_value_t = 2_000_000)]
    hops: u32,
    /// Hosts
    #[arg(long, default_value_t = 300)]
    targets: u32,
    /// Probes a hop
    #[arg(long, default_value_t = 3)]
    queries: u8,
    /// Time between two traces to a host
    #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
    interval: Duration,
    /// Judge every place by round-trip times, which takes most of the time
    #[arg(long)]
    judged: bool,
    /// Other seeds give other worlds
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Hops of a trace, on average.
const LENGTH: u32 = 12;

fn main() -> anyhow::Result<()> {
    let typed = Arguments::parse();
    let began = Instant::now();
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?;
    let plan = Plan {
        targets: typed.targets,
        queries: typed.queries,
        traces: (typed.hops / LENGTH).max(1),
        end: now,
        interval: typed.interval,
        seed: typed.seed,
    };
    let mut store = Store::open(&typed.directory)?;
    let (sender, batches) = sync_channel::<Vec<(Trace, Atlas)>>(4);
    let (mut traces, mut hops) = (0, 0);
    std::thread::scope(|scope| -> anyhow::Result<()> {
        scope.spawn(move || {
            let mut world = World::new(plan);
            loop {
                let judge = |(trace, atlas): (Trace, Atlas)| {
                    let atlas = if typed.judged { trace_geo::judge::judge(&trace, &atlas) } else { atlas };
                    (trace, atlas)
                };
                let batch: Vec<_> = world.by_ref().take(1000).map(judge).collect();
                // Whoever takes them has given up.
                if batch.is_empty() || sender.send(batch).is_err() {
                    return;
                }
            }
        });
        for batch in batches {
            let references: Vec<_> = batch.iter().map(|(trace, atlas)| (trace, atlas)).collect();
            store.put_batch(&references, Documents::Skip)?;
            traces += batch.len();
            hops += batch.iter().map(|(trace, _)| trace.hops.len()).sum::<usize>();
        }
        Ok(())
    })?;
    let bytes = std::fs::metadata(store.path())?.len();
    println!(
        "{traces} traces with {hops} hops in {:.1} s, {} MB, {:.1} bytes a hop: {}",
        began.elapsed().as_secs_f64(),
        bytes / 1_000_000,
        bytes as f64 / hops as f64,
        store.path().display()
    );
    Ok(())
}
