//! `trace HOST...`: measure, then locate, print, keep and draw.

mod board;
mod finish;
mod keep;
pub(super) mod launch;
mod live;
#[cfg(feature = "serve")]
pub(crate) mod observe;
mod stream;
mod supply;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use std::{panic, sync::mpsc, thread};

use anyhow::Context as _;
use trace_core::engine::TargetIndex;
use trace_core::link::Link;
use trace_core::model::{Outcome, Trace, Ttl};
use trace_core::sys;
use trace_core::tracer::{Event, Tracer};
use trace_store::Store;

use self::board::{Board, Finder, Order};
use self::finish::Finish;
use self::launch::{Launch, Next};
use self::live::Live;
use self::stream::Stream;
use self::supply::Supply;
use crate::args::{Format, TraceArguments};
use crate::confine::Walls;
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::say::Voice;
use crate::settings::{Sources, TraceSettings};

pub(super) type AnyTracer = Tracer<Box<dyn Link>>;

/// Traces under way or not stored yet at a time: what bounds the memory of a run.
const AT_ONCE: usize = 2048;
/// Traces under way at least, however slowly probes may leave.
const AT_ONCE_AT_LEAST: usize = 16;
/// How long keys and the picture of rounds may have to wait.
const ROUND_TURN: Duration = Duration::from_millis(50);
/// How long hosts that are being looked up may have to wait for the tracer.
const TURN: Duration = Duration::from_millis(20);

pub(crate) fn run(
    typed: TraceArguments,
    data_dir: Option<PathBuf>,
    voice: Voice,
    output: &mut Output,
) -> Result<Exit> {
    let settings = TraceSettings::of(typed, data_dir)?;
    let mut worst = Exit::Done;
    for broken in &settings.targets.broken {
        voice.warn(broken);
        worst = Exit::Senseless;
    }
    if settings.targets.count() == 0 {
        return Ok(worst);
    }
    let interrupt = Interrupt::default();
    let mut finish = Finish::prepare(&settings, &interrupt, voice)?;
    let link = sys::open(settings.mode).blame(Exit::CouldNotProbe)?;
    let mut tracer = Tracer::new(link).with_rate(settings.rate);
    voice.tell(|| format!("probing with {} sockets", tracer.mode()));
    // Everything is open that was named; from here on strangers are listened to.
    walls(&settings).stand(voice);

    // The store of the traces themselves is busy keeping some while others are started.
    let before = settings.data_dir.as_deref().and_then(|directory| Store::open_read_only(directory).ok());
    let aim = Arc::new(settings.aim());
    let mut launch = Launch::new(before, settings.format == Format::Table, voice);
    let measured = if settings.is_single() {
        for host in settings.targets.clone().into_hosts() {
            let addresses = host.resolve(settings.wish.as_ref());
            launch.host(&mut tracer, (&aim, 0), &host, addresses).1?;
        }
        listen(&interrupt)?;
        if settings.probing.rounds > 1 && settings.format == Format::Table && output.is_terminal() {
            rounds(&mut tracer, launch, &settings, &interrupt, &mut finish, output)
        } else {
            one(&mut tracer, launch, &settings, &interrupt, &mut finish, output)
        }
    } else {
        listen(&interrupt)?;
        many(&mut tracer, launch, &settings, &interrupt, &mut finish, output)
    };
    let ended = finish.end(output);
    Ok(worst.max(ended).max(measured))
}

/// What a trace reads and writes once it has begun.
fn walls(settings: &TraceSettings) -> Walls {
    let walls = settings.sources.as_ref().map_or_else(Walls::new, Sources::walls);
    let walls = settings.data_dir.iter().fold(walls, |walls, directory| walls.write(directory));
    settings.map.iter().fold(walls, |walls, map| walls.write_beside(&map.path))
}

/// Until here nothing was measured, and a signal may end the program as it always does.
fn listen(interrupt: &Interrupt) -> Result<()> {
    interrupt.listen().context("could not listen for signals").blame(Exit::CouldNotProbe)
}

/// One host: what was measured is worked on when the measurement is over, on this thread.
fn one(
    tracer: &mut AnyTracer,
    mut launch: Launch,
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
    let mut measure = Measure::default();
    while let Some(happened) = measure.next(tracer, &mut launch, Duration::MAX, &|| interrupt.is_asked()) {
        match happened {
            Happened::Answered(target) => {
                if let Some(live) = live.as_mut().filter(|live| live.is_due())
                    && let Some((trace, remarks)) = launch.draft(target, tracer.hops(target))
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
            Happened::RoundOver { .. } | Happened::Nothing => {}
        }
    }
    let finished = traced.map(|(trace, remarks)| finish.trace(*trace, &remarks, output));
    measure.worst.max(finished.unwrap_or(Exit::Done))
}

/// One host, round after round, on a terminal: a table that grows, steered by keys.
fn rounds(
    tracer: &mut AnyTracer,
    mut launch: Launch,
    settings: &TraceSettings,
    interrupt: &Interrupt,
    finish: &mut Finish<'_>,
    output: &mut Output,
) -> Exit {
    // The terminal is not as it was, and every round counts: no signal ends the program where it stands.
    interrupt.take_care();
    let mut measure = Measure::default();
    let mut traced = None;
    let quit = Cell::new(false);
    thread::scope(|scope| {
        let (ask, asked) = mpsc::channel();
        let (tell, found) = mpsc::channel();
        if let Some(chain) = finish.chain() {
            scope.spawn(move || {
                asked.iter().try_for_each(|addresses: BTreeSet<_>| tell.send(chain.atlas(addresses)))
            });
        }
        let mut board = Board::new(output.paint(), Finder { ask, found }, settings.names, settings.wide);
        let cancelled = || quit.get() || interrupt.is_asked();
        while let Some(happened) = measure.next(tracer, &mut launch, ROUND_TURN, &cancelled) {
            match happened {
                Happened::RoundOver { target, round, last_ttl } => {
                    if let Some((draft, _)) = launch.draft(target, Vec::new()) {
                        board.round_over(round, last_ttl, &draft, &|from| tracer.hops_from(target, from));
                    }
                }
                Happened::Measured(trace, remarks) => {
                    board.give_way(output);
                    traced = Some((trace, remarks));
                }
                Happened::Answered(_) | Happened::Nothing => {}
            }
            for order in board.orders() {
                match order {
                    Order::Pause => tracer.pause(),
                    Order::Resume => tracer.resume(),
                    Order::Quit => quit.set(true),
                }
            }
            if traced.is_none()
                && board.is_due()
                && let Some(target) = launch.first()
                && let Some((draft, remarks)) = launch.draft(target, tracer.hops_from(target, board.wanted()))
            {
                board.draw(&draft, remarks, output);
            }
        }
    });
    let finished = traced.map(|(trace, remarks)| finish.trace(*trace, &remarks, output));
    // Who quits has seen enough; a signal comes from elsewhere.
    let finished =
        finished.filter(|exit| !(*exit == Exit::Interrupted && quit.get() && !interrupt.is_asked()));
    measure.worst.max(finished.unwrap_or(Exit::Done))
}

/// Many hosts side by side: they are looked up by threads of their own, and what is measured is worked on by another,
/// so that no probe waits for either.
fn many(
    tracer: &mut AnyTracer,
    mut launch: Launch,
    settings: &TraceSettings,
    interrupt: &Interrupt,
    finish: &mut Finish<'_>,
    output: &mut Output,
) -> Exit {
    let (hand_over, measured) = mpsc::channel();
    let nobody_reads = AtomicBool::new(false);
    let unfinished = AtomicUsize::new(0);
    let voice = launch.voice();
    let aim = Arc::new(settings.aim());
    let supply = Supply::of(settings.targets.clone().into_hosts(), settings.wish.clone())
        .context("could not start a thread to look up the hosts");
    let supply = match supply.blame(Exit::CouldNotProbe) {
        Ok(supply) => supply,
        Err(failure) => return tell(voice, &failure),
    };
    thread::scope(|scope| {
        let stream = Stream::new(finish, output, settings.names, voice);
        let (unfinished, nobody_reads) = (&unfinished, &nobody_reads);
        let this = thread::current();
        let done = move |stored, closed| {
            unfinished.fetch_sub(stored, Ordering::Relaxed);
            nobody_reads.store(closed, Ordering::Relaxed);
            this.unpark();
        };
        let worker = scope.spawn(move || stream.run(&measured, &|| interrupt.is_asked(), &done));
        let cancelled = || interrupt.is_asked() || nobody_reads.load(Ordering::Relaxed);
        let mut measure = Measure::default();
        let mut refused = Exit::Done;
        let (mut more, mut untraced) = (true, settings.targets.count());
        // A trace sends a few probes a second: more of them than probes may leave would only wait for one another.
        let wide = match usize::try_from(settings.rate) {
            Ok(rate @ 1..) => rate.clamp(AT_ONCE_AT_LEAST, AT_ONCE),
            _ => AT_ONCE,
        };
        loop {
            while more
                && !cancelled()
                && launch.running() < wide
                && launch.running() + unfinished.load(Ordering::Relaxed) < AT_ONCE
            {
                // While nothing is measured a name may be waited for.
                let next = if launch.running() == 0 { supply.wait(TURN) } else { supply.next() };
                match next {
                    supply::Next::Host(found) => {
                        let (host, addresses) = *found;
                        untraced = untraced.saturating_sub(1);
                        if let (_, Err(failure)) = launch.host(tracer, (&aim, 0), &host, addresses) {
                            // The other hosts are traced all the same.
                            refused = refused.max(tell(voice, &failure));
                        }
                    }
                    supply::Next::Later => break,
                    supply::Next::Never => more = false,
                }
            }
            more &= !cancelled();
            if launch.running() == 0 {
                if !more {
                    break;
                }
                if unfinished.load(Ordering::Relaxed) >= AT_ONCE {
                    // The worker says when there is room again.
                    thread::park_timeout(TURN);
                }
                continue;
            }
            let limit = if more { TURN } else { Duration::MAX };
            match measure.next(tracer, &mut launch, limit, &cancelled) {
                Some(Happened::Measured(trace, _))
                    if trace.hops.is_empty() && trace.outcome == Some(Outcome::Interrupted) =>
                {
                    untraced += 1;
                }
                Some(Happened::Measured(trace, remarks)) => {
                    interrupt.take_care();
                    unfinished.fetch_add(1, Ordering::Relaxed);
                    // The worker takes everything until this sender is gone.
                    let _ = hand_over.send((trace, remarks));
                }
                Some(Happened::Answered(_) | Happened::RoundOver { .. } | Happened::Nothing) => {}
                None if measure.is_broken() => break,
                None => {}
            }
        }
        drop(hand_over);
        let worked = worker.join().unwrap_or_else(|cause| panic::resume_unwind(cause));
        if untraced > 0 && interrupt.is_asked() {
            voice.warn(&format!("interrupted before {untraced} more could be traced"));
            refused = refused.max(Exit::Interrupted);
        }
        measure.worst.max(refused).max(worked)
    })
}

/// What happens while measuring.
enum Happened {
    /// Somebody answered.
    Answered(TargetIndex),
    /// A trace is finished, with remarks on how it was made.
    Measured(Box<Trace>, Vec<String>),
    /// A round of a trace is over.
    RoundOver { target: TargetIndex, round: u32, last_ttl: Ttl },
    /// Nothing, for as long as it was waited.
    Nothing,
}

/// Takes what happens from the tracer, until every trace is finished. A host none of whose addresses could be probed
/// makes the exit status say so, and its trace, which tells why, is kept like any other.
struct Measure {
    worst: Exit,
    broken: bool,
}

impl Default for Measure {
    fn default() -> Self {
        Self { worst: Exit::Done, broken: false }
    }
}

impl Measure {
    /// Whether the link cannot be read any more.
    const fn is_broken(&self) -> bool {
        self.broken
    }

    /// The next thing that happens within `limit`; `None` once every trace is finished.
    fn next(
        &mut self,
        tracer: &mut AnyTracer,
        launch: &mut Launch,
        limit: Duration,
        cancelled: &dyn Fn() -> bool,
    ) -> Option<Happened> {
        loop {
            // A link that cannot be read any more: what was measured until then is handed out as interrupted.
            let broken = self.broken;
            let stop = || broken || cancelled();
            let event = if limit == Duration::MAX {
                tracer.next_event(&stop)
            } else {
                tracer.next_event_within(limit, &stop)
            };
            match event {
                Ok(None) => return None,
                Ok(Some(Event::Answered { target, .. })) => return Some(Happened::Answered(target)),
                Ok(Some(Event::Idle)) => return Some(Happened::Nothing),
                Ok(Some(Event::RoundFinished { target, round, last_ttl, .. })) => {
                    return Some(Happened::RoundOver { target, round, last_ttl });
                }
                Ok(Some(Event::Finished { target, trace })) => match launch.next(tracer, target, &trace) {
                    Next::Enough(remarks) => return Some(Happened::Measured(trace, remarks)),
                    Next::Another => {}
                    Next::Failed(failure, remarks) => {
                        self.worst = self.worst.max(tell(launch.voice(), &failure));
                        return Some(Happened::Measured(trace, remarks));
                    }
                },
                Err(_) if self.broken => return None,
                Err(error) => {
                    self.broken = true;
                    let failure = Failure::new(Exit::CouldNotProbe, error);
                    self.worst = self.worst.max(tell(launch.voice(), &failure));
                }
            }
        }
    }
}

fn tell(voice: Voice, failure: &Failure) -> Exit {
    if failure.cause.is_some() {
        voice.warn(&failure.to_string());
    }
    failure.exit
}
