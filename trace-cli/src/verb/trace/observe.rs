//! One host, for somebody who watches from elsewhere: what happens is told while it is measured, and in the end the trace
//! is placed and kept like any other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::anyhow;
use trace_core::model::{Atlas, Outcome, Trace, Uuid};
use trace_core::sys;
use trace_core::tracer::Tracer;
use trace_geo::Chain;
use trace_store::Store;

use super::finish::{Finish, addresses};
use super::launch::Launch;
use super::{Happened, Measure};
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::interrupt::Interrupt;
use crate::names;
use crate::say::Voice;
use crate::settings::TraceSettings;

/// How long it may take until somebody who wants an end is heard.
const TURN: Duration = Duration::from_millis(200);

/// What is told while a trace is made.
#[derive(Debug)]
pub(crate) enum Sight<'a> {
    /// It begins so: nothing is known but how it is made.
    Begin(&'a Trace),
    /// What is known now.
    Draft(&'a Trace),
    /// Where addresses are that answered.
    Places(Atlas),
    /// Something is not as it should be.
    Trouble(String),
}

/// The trace that came of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Observed {
    pub(crate) id: Uuid,
    pub(crate) outcome: Option<Outcome>,
    /// Whether it is in the database now.
    pub(crate) kept: bool,
}

/// Traces the one host of `settings` until it is done or `interrupt` asks for an end.
pub(crate) fn run(
    settings: &TraceSettings,
    interrupt: &Interrupt,
    voice: Voice,
    tell: &(dyn Fn(Sight<'_>) + Sync),
) -> Result<Observed> {
    let mut finish = Finish::prepare(settings, interrupt, voice)?;
    let link = sys::open(settings.mode).blame(Exit::CouldNotProbe)?;
    let mut tracer = Tracer::new(link).with_rate(settings.rate);
    let before = settings.data_dir.as_deref().and_then(|directory| Store::open_read_only(directory).ok());
    let mut launch = Launch::new(before, true, voice);
    let aim = Arc::new(settings.aim());
    for host in settings.targets.clone().into_hosts() {
        let found = host.resolve(settings.wish.as_ref());
        launch.host(&mut tracer, (&aim, 0), &host, found).1?;
    }
    if let Some((draft, _)) = launch.first_draft() {
        tell(Sight::Begin(&draft));
    }
    let mut measure = Measure::default();
    let mut measured = None;
    thread::scope(|scope| {
        // Sources may have to ask others: no probe waits for that.
        let (ask, asked) = mpsc::channel();
        if let Some(chain) = finish.chain() {
            scope.spawn(move || place(chain, &asked, tell));
        }
        let mut known = BTreeSet::new();
        while let Some(happened) = measure.next(&mut tracer, &mut launch, TURN, &|| interrupt.is_asked()) {
            match happened {
                Happened::Answered(target) => {
                    if let Some((draft, _)) = launch.draft(target, tracer.hops(target)) {
                        tell(Sight::Draft(&draft));
                        let new: BTreeSet<IpAddr> = addresses(&draft).difference(&known).copied().collect();
                        if !new.is_empty() {
                            known.extend(new.iter().copied());
                            // Without sources nobody listens.
                            let _ = ask.send(new);
                        }
                    }
                }
                Happened::Measured(trace, remarks) => {
                    remarks.into_iter().for_each(|remark| tell(Sight::Trouble(remark)));
                    measured = Some(trace);
                }
                Happened::RoundOver { .. } | Happened::Nothing => {}
            }
        }
        drop(ask);
    });
    let Some(mut trace) = measured else {
        return Err(Failure::new(Exit::CouldNotProbe, anyhow!("nothing was measured")));
    };
    tell(Sight::Draft(&trace));
    let names = if settings.names && !interrupt.is_asked() {
        names::look_up(addresses(&trace))
    } else {
        BTreeMap::new()
    };
    let atlas = finish.locate(&mut trace, &names);
    let (_, kept, told) =
        finish.keep().map_or_else(|| (Exit::Done, false, Vec::new()), |keep| keep.one(&trace, &atlas));
    told.into_iter().for_each(|remark| tell(Sight::Trouble(remark)));
    tell(Sight::Places(atlas));
    Ok(Observed { id: trace.id, outcome: trace.outcome, kept })
}

/// Says where addresses are, until nobody asks any more.
fn place(chain: &Chain, asked: &mpsc::Receiver<BTreeSet<IpAddr>>, tell: &(dyn Fn(Sight<'_>) + Sync)) {
    for addresses in asked {
        tell(Sight::Places(chain.atlas(addresses)));
    }
}
