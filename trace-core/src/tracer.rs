//! Drives an engine over a link: one measurement at a time, or any number side by side.
//!
//! For one measurement, [`Tracer::builder`] describes it, [`Measurement::run`] makes it, and
//! [`Measurement::events`] shows it while it is made. For many, a [`Tracer`] takes [`Job`]s, also while others
//! are traced, and tells what happens as [`Event`]s on the thread that asks for them.
//!
//! ```
//! # #[cfg(feature = "sim")]
//! # fn main() -> Result<(), trace_core::Error> {
//! use std::time::Duration;
//!
//! use trace_core::model::{Family, Mode, Protocol, Protocols, Target, Uuid};
//! use trace_core::sim::{Network, Path, SimulatedLink, target};
//! use trace_core::tracer::{Event, Job, Tracer};
//!
//! // A hundred targets behind the same three routers.
//! let mut network = Network::chain(Family::V4, 3, Duration::from_millis(2));
//! for number in 1..=100 {
//!     network.target(target(Family::V4, number)).path(Path::through(1..=3));
//! }
//! let mut tracer = Tracer::new(SimulatedLink::new(network, 1, Mode::Raw)).with_rate(1000);
//! for number in 1..=100 {
//!     let to = Target::from(target(Family::V4, number));
//!     let id = Uuid::from_u128(number.into());
//!     tracer.add(Job::new(id, to, Protocols::One(Protocol::Icmp), 0))?;
//! }
//! let mut reached = 0;
//! while let Some(event) = tracer.next_event(&|| false)? {
//!     if let Event::Finished { trace, .. } = event {
//!         reached += usize::from(trace.reached());
//!     }
//! }
//! assert_eq!(reached, 100);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sim"))]
//! # fn main() {}
//! ```
//!
//! # Limits
//!
//! A tracer has one thread. Waiting for cancellation takes up to a tenth of a second.

mod attempt;
mod builder;
mod cancel;
mod ends;
mod event;
mod job;

use core::time::Duration;
use std::collections::VecDeque;

use self::attempt::{Part, furthest};
pub use self::builder::{Builder, Events, Measurement};
pub use self::cancel::Canceller;
pub use self::event::Event;
pub use self::job::Job;
use crate::Error;
use crate::carrier::Directory;
use crate::engine::{self, Engine, Moment, Step, TargetIndex};
use crate::link::{Attached, Destination, Link, SendFailure};
use crate::model::{Hop, Mode, Trace};

/// How often a waiting tracer asks whether it was cancelled.
const CANCEL_CHECK: Duration = Duration::from_millis(100);
/// Probes sent in a row before the link is listened to.
const SENDS_PER_LISTEN: u32 = 32;

/// Traces jobs over a link, any number at a time, on the thread that asks for events.
#[derive(Debug)]
pub struct Tracer<L> {
    link: L,
    engine: Engine,
    directory: Directory,
    /// By target; empty once the next event after its last one was asked for.
    entries: Vec<Option<Box<Entry>>>,
    events: VecDeque<Event>,
    /// The target whose trace was handed out last.
    handed_out: Option<TargetIndex>,
    canceller: Canceller,
    sends_in_a_row: u32,
}

/// What the tracer knows of a target of the engine.
#[derive(Debug)]
struct Entry {
    job: Job,
    attached: Attached,
    part: Part,
}

impl<L: Link> Tracer<L> {
    /// A tracer without jobs.
    #[must_use]
    pub fn new(link: L) -> Self {
        Self {
            link,
            engine: Engine::new(),
            directory: Directory::new(),
            entries: Vec::new(),
            events: VecDeque::new(),
            handed_out: None,
            canceller: Canceller::default(),
            sends_in_a_row: 0,
        }
    }

    /// Limits the probes over all jobs to this many a second, on average while there is something to send; 0
    /// lifts the limit.
    #[must_use]
    pub fn with_rate(mut self, packets_per_second: u32) -> Self {
        self.engine.limit_rate(packets_per_second);
        self
    }

    /// Changes that limit.
    pub fn set_rate(&mut self, packets_per_second: u32) {
        self.engine.limit_rate(packets_per_second);
    }

    /// Forgets the jobs that are finished, if all of them are; says whether it did. A tracer remembers a few bytes of each,
    /// so whoever traces for years lets it forget now and then. Numbers of targets begin at 0 again.
    pub fn forget(&mut self) -> bool {
        if !self.events.is_empty() || !self.engine.forget() {
            return false;
        }
        self.directory = Directory::new();
        self.entries.clear();
        self.handed_out = None;
        true
    }

    /// Switches a rule of the engine off, to show in the simulation what it is good for.
    #[cfg(feature = "sim")]
    #[must_use]
    pub fn without(mut self, rule: engine::Rule) -> Self {
        self.engine = self.engine.without(rule);
        self
    }

    /// How the link sends.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.link.mode()
    }

    /// Something to cancel this tracer with, also from another thread.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// Adds a job, also while others are traced; its trace starts with the next event asked for.
    ///
    /// # Errors
    ///
    /// The link cannot probe this target: no route, not permitted, not supported.
    pub fn add(&mut self, job: Job) -> Result<TargetIndex, Error> {
        self.attempt(job, Part::Whole)
    }

    fn attempt(&mut self, job: Job, part: Part) -> Result<TargetIndex, Error> {
        let index = TargetIndex(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        let destination = Destination::of(job.target.address, job.protocols, &job.settings);
        let attached = self.link.attach(index, &destination)?;
        self.directory.register(index, &destination, &attached);
        self.engine.add(&job.request(), self.link.now());
        self.entries.push(Some(Box::new(Entry { job, attached, part })));
        Ok(index)
    }

    /// What the link cannot keep for this target, and which protocol was chosen and why, in sentences for a
    /// person.
    #[must_use]
    pub fn notes(&self, target: TargetIndex) -> &[String] {
        self.entry(target).map(|entry| entry.attached.notes.as_slice()).unwrap_or_default()
    }

    /// The hops of a running trace as they are now; empty once it is finished.
    #[must_use]
    pub fn hops(&self, target: TargetIndex) -> Vec<Hop> {
        self.hops_from(target, 0)
    }

    /// The hops of a running trace as this round and those after it found them; empty once it is finished.
    #[must_use]
    pub fn hops_from(&self, target: TargetIndex, first_round: u32) -> Vec<Hop> {
        let Some(Part::Waits(trials)) = self.entry(target).map(|entry| &entry.part) else {
            return self.engine.hops_from(target, first_round);
        };
        if let Some(rounds) = trials.rounds {
            return self.engine.hops_from(rounds, first_round);
        }
        let running = trials.running.iter().map(|trial| self.engine.hops(*trial));
        let so_far = core::iter::once(trials.best.found.hops.clone());
        running.chain(so_far).max_by_key(|hops| furthest(hops)).unwrap_or_default()
    }

    /// Lets no probe leave until [`Tracer::resume`]. Answers are still heard.
    pub const fn pause(&mut self) {
        self.engine.pause();
    }

    /// Goes on after [`Tracer::pause`].
    pub const fn resume(&mut self) {
        self.engine.resume();
    }

    /// Ends the trace of one target; it is handed out as interrupted. Without effect once it is finished.
    pub fn stop(&mut self, target: TargetIndex) {
        let now = self.link.now();
        let mut stopped = vec![target];
        if let Some(Part::Waits(trials)) = self.entry(target).map(|entry| &entry.part) {
            stopped.extend(trials.running.iter().chain(&trials.rounds));
        }
        for target in stopped {
            self.engine.stop(target, now);
        }
        self.collect();
    }

    /// Probes and listens until something happens; `None` once every job is finished.
    ///
    /// `cancelled` is asked after every wait, which lasts a tenth of a second at most and ends early when a
    /// signal arrives. Once it says so, every running trace is finished as interrupted.
    ///
    /// # Errors
    ///
    /// The link can no longer be read. What was measured until then is in [`Tracer::hops`].
    pub fn next_event(&mut self, cancelled: &dyn Fn() -> bool) -> Result<Option<Event>, Error> {
        self.happen(Moment::MAX, cancelled)
    }

    /// The same, for at most this long: [`Event::Idle`] says that the time is up. So whoever has keys to read
    /// or jobs to add gets the tracer back in between.
    ///
    /// # Errors
    ///
    /// As [`Tracer::next_event`].
    pub fn next_event_within(
        &mut self,
        limit: Duration,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Event>, Error> {
        self.happen(self.link.now() + limit, cancelled)
    }

    fn happen(&mut self, limit: Moment, cancelled: &dyn Fn() -> bool) -> Result<Option<Event>, Error> {
        if let Some(target) = self.handed_out.take()
            && let Some(entry) = usize::try_from(target.0).ok().and_then(|place| self.entries.get_mut(place))
        {
            *entry = None;
        }
        loop {
            if let Some(event) = self.events.pop_front() {
                if let Event::Finished { target, .. } = event {
                    self.handed_out = Some(target);
                }
                return Ok(Some(event));
            }
            let now = self.link.now();
            if self.canceller.is_cancelled() || cancelled() {
                self.engine.interrupt(now);
            }
            let step = self.engine.poll(now);
            let is_over = now >= limit && step != Step::Done;
            match step {
                Step::Send(probe) => {
                    self.send(&probe);
                    self.sends_in_a_row += 1;
                    if self.sends_in_a_row >= SENDS_PER_LISTEN {
                        self.listen(now)?;
                    }
                }
                Step::Wait(until) => self.listen(until.min(now + CANCEL_CHECK).min(limit))?,
                Step::Done => {}
            }
            if is_over {
                // Also whoever asks without waiting hears what is there.
                self.listen(now)?;
            }
            // What was collected may have started another attempt.
            if !self.collect() && step == Step::Done && self.events.is_empty() {
                return Ok(None);
            }
            if is_over && self.events.is_empty() {
                self.events.push_back(Event::Idle);
            }
        }
    }

    /// Adds one job and traces it to its end, and with it every other job that was added before.
    ///
    /// # Errors
    ///
    /// As [`Tracer::add`] and [`Tracer::next_event`].
    pub fn run(&mut self, job: Job) -> Result<Trace, Error> {
        let wanted = self.add(job)?;
        let mut found = None;
        while let Some(event) = self.next_event(&|| false)? {
            if let Event::Finished { target, trace } = event
                && target == wanted
            {
                found = Some(*trace);
            }
        }
        found.ok_or(Error::Unfinished)
    }

    fn send(&mut self, probe: &engine::Probe) {
        match self.link.send(probe) {
            Ok(at) => self.engine.sent(probe, at),
            Err(SendFailure::Busy) => self.engine.postponed(probe, self.link.now()),
            Err(SendFailure::Refused(error)) => self.engine.failed(probe, error.to_string(), self.link.now()),
        }
    }

    fn listen(&mut self, until: Moment) -> Result<(), Error> {
        self.sends_in_a_row = 0;
        let now = self.link.now();
        let (directory, engine) = (&self.directory, &mut self.engine);
        self.link.receive(until, &mut |incoming| {
            if let crate::link::Incoming::SendFailed { probe, cause } = incoming {
                engine.failed(&probe, cause, now);
            } else if let Some(heard) = directory.recognise(&incoming) {
                let at = heard.at;
                engine.hear(heard, at);
            }
        })
    }

    /// Takes in what happened in the engine; returns whether anything did.
    fn collect(&mut self) -> bool {
        let mut any = false;
        while let Some(event) = self.engine.take_event() {
            any = true;
            match event {
                engine::Event::Answered { target, ttl } => {
                    let target = self.of(target);
                    self.events.push_back(Event::Answered { target, ttl });
                }
                engine::Event::RoundFinished { target, round, outcome, last_ttl } => {
                    self.round_finished(target, round, outcome, last_ttl);
                }
                engine::Event::Finished { target, found } => {
                    self.link.detach(target);
                    self.directory.forget(target);
                    self.finished(target, *found);
                }
            }
        }
        any
    }

    /// The job that a target is probed for.
    fn of(&self, target: TargetIndex) -> TargetIndex {
        match self.entry(target).map(|entry| &entry.part) {
            Some(&(Part::Trial(job) | Part::Rounds(job))) => job,
            _ => target,
        }
    }

    fn entry(&self, target: TargetIndex) -> Option<&Entry> {
        self.entries.get(usize::try_from(target.0).ok()?)?.as_deref()
    }

    fn entry_mut(&mut self, target: TargetIndex) -> Option<&mut Entry> {
        self.entries.get_mut(usize::try_from(target.0).ok()?)?.as_deref_mut()
    }
}

#[cfg(test)]
mod tests;
