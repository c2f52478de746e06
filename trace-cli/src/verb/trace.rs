//! `trace HOST...`: measure, then locate, keep, print and draw.

mod finish;
mod launch;
mod live;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{panic, sync::mpsc, thread};

use trace_core::link::Link;
use trace_core::model::Trace;
use trace_core::sys;
use trace_core::tracer::{Event, Tracer};

use self::finish::Finish;
use self::launch::{Launch, Next};
use self::live::Live;
use crate::args::{Format, TraceArguments};
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::say::Voice;
use crate::settings::TraceSettings;

type AnyTracer = Tracer<Box<dyn Link>>;

pub(crate) fn run(
    typed: TraceArguments,
    data_dir: Option<PathBuf>,
    voice: Voice,
    output: &mut Output,
) -> Result<Exit> {
    let settings = TraceSettings::of(typed, data_dir)?;
    let interrupt = Interrupt::default();
    let mut finish = Finish::prepare(&settings, &interrupt, voice)?;
    let mut tracer = Tracer::new(sys::open(settings.mode).blame(Exit::CouldNotProbe)?);
    voice.tell(|| format!("probing with {} sockets", tracer.mode()));

    let mut launch = Launch::new(&settings, voice);
    let mut worst = Exit::Done;
    // Every name is resolved before the first trace starts: a slow resolver must not disturb it.
    let resolved: Vec<_> = settings.hosts.iter().map(|host| (host, launch.resolve(host))).collect();
    for (host, addresses) in resolved {
        let expected = |address, protocol| finish.expected_length(address, protocol);
        let launched = addresses.and_then(|addresses| launch.host(&mut tracer, host, addresses, &expected));
        match launched {
            Ok(()) => {}
            Err(failure) if settings.hosts.len() == 1 => return Err(failure),
            // The other hosts are traced all the same.
            Err(failure) => worst = worst.max(tell(voice, &failure)),
        }
    }
    // Until here nothing was measured, and a signal may end the program as it always does.
    interrupt.listen().blame_on(Exit::CouldNotProbe, || "could not listen for signals".to_owned())?;
    let measured = if settings.hosts.len() == 1 {
        one(&mut tracer, launch, &settings, &interrupt, &mut finish, output)
    } else {
        many(&mut tracer, launch, &interrupt, &mut finish, output)
    };
    let ended = finish.end(output);
    Ok(worst.max(ended).max(measured))
}

/// One host: what was measured is worked on when the measurement is over, on this thread.
fn one(
    tracer: &mut AnyTracer,
    mut launch: Launch<'_>,
    settings: &TraceSettings,
    interrupt: &Interrupt,
    finish: &mut Finish<'_>,
    output: &mut Output,
) -> Exit {
    let wanted = settings.format == Format::Table && output.is_terminal();
    let mut live = wanted.then(|| Live::new(output.paint()));
    // The heading stands there before the first answer.
    if let Some(live) = &mut live
        && let Some((trace, remarks)) = launch.first_draft()
    {
        live.draw(&trace, remarks, output);
    }
    let mut traced = None;
    let measured = measure(tracer, &mut launch, &|| interrupt.is_asked(), &mut |happened| match happened {
        Happened::Answered(draft) => {
            if let Some(live) = live.as_mut().filter(|live| live.is_due())
                && let Some((trace, remarks)) = draft()
            {
                live.draw(&trace, remarks, output);
            }
        }
        Happened::Measured(trace, remarks) => {
            interrupt.take_care();
            if let Some(live) = &mut live {
                live.give_way(output);
            }
            traced = Some((trace, remarks));
        }
    });
    let finished = traced.map(|(trace, remarks)| finish.trace(*trace, &remarks, output));
    measured.max(finished.unwrap_or(Exit::Done))
}

/// Several hosts side by side: what is measured is worked on by another thread, so that no probe waits for it.
fn many(
    tracer: &mut AnyTracer,
    mut launch: Launch<'_>,
    interrupt: &Interrupt,
    finish: &mut Finish<'_>,
    output: &mut Output,
) -> Exit {
    let (hand_over, measured) = mpsc::channel::<(Box<Trace>, Vec<String>)>();
    let nobody_reads = AtomicBool::new(false);
    thread::scope(|scope| {
        let worker = scope.spawn(|| {
            measured.into_iter().fold(Exit::Done, |worst, (trace, remarks)| {
                let exit = finish.trace(*trace, &remarks, output);
                nobody_reads.store(output.is_closed(), Ordering::Relaxed);
                worst.max(exit)
            })
        });
        let cancelled = || interrupt.is_asked() || nobody_reads.load(Ordering::Relaxed);
        let exit = measure(tracer, &mut launch, &cancelled, &mut |happened| {
            if let Happened::Measured(trace, remarks) = happened {
                interrupt.take_care();
                // The worker takes everything until this sender is gone.
                let _ = hand_over.send((trace, remarks));
            }
        });
        drop(hand_over);
        let worked = worker.join().unwrap_or_else(|cause| panic::resume_unwind(cause));
        exit.max(worked)
    })
}

/// What happens while measuring.
enum Happened<'a> {
    /// Somebody answered: the trace as far as it is known now, with remarks on how it is made.
    Answered(&'a dyn Fn() -> Option<(Trace, &'a [String])>),
    /// A trace is finished, with remarks on how it was made.
    Measured(Box<Trace>, Vec<String>),
}

/// Measures until every trace is finished. A host none of whose addresses could be probed makes the exit status
/// say so, and its trace, which tells why, is kept like any other.
fn measure(
    tracer: &mut AnyTracer,
    launch: &mut Launch<'_>,
    cancelled: &dyn Fn() -> bool,
    happened: &mut dyn FnMut(Happened<'_>),
) -> Exit {
    let mut worst = Exit::Done;
    let mut broken = None;
    loop {
        // A link that cannot be read any more: what was measured until then is handed out as interrupted.
        let stop = || broken.is_some() || cancelled();
        let event = match tracer.next_event(&stop) {
            Ok(Some(event)) => event,
            Ok(None) => break,
            Err(error) if broken.is_none() => {
                broken = Some(Failure::new(Exit::CouldNotProbe, error));
                continue;
            }
            Err(_) => break,
        };
        match event {
            Event::Answered { target, .. } => {
                happened(Happened::Answered(&|| launch.draft(target, tracer.hops(target))));
            }
            Event::RoundFinished { .. } | Event::Idle => {}
            Event::Finished { target, trace } => match launch.next(tracer, target, &trace) {
                Next::Enough(remarks) => happened(Happened::Measured(trace, remarks)),
                Next::Another => {}
                Next::Failed(failure, remarks) => {
                    happened(Happened::Measured(trace, remarks));
                    worst = worst.max(tell(launch.voice(), &failure));
                }
            },
        }
    }
    broken.map_or(worst, |failure| worst.max(tell(launch.voice(), &failure)))
}

fn tell(voice: Voice, failure: &Failure) -> Exit {
    if failure.cause.is_some() {
        voice.warn(&failure.to_string());
    }
    failure.exit
}
