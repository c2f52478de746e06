//! Drives an engine over a link: the blocking call and the iterator of events.

use core::time::Duration;
use std::collections::VecDeque;

use crate::Error;
use crate::carrier::Directory;
use crate::engine::{self, Engine, Found, Moment, Request, Step, TargetIndex};
use crate::link::{Attached, Destination, Link, SendFailure};
use crate::model::{
    Hop, Mode, Origin, Outcome, Protocol, Protocols, Settings, Target, Trace, TraceKind, Ttl, Uuid,
};

/// How often a waiting tracer asks whether it was cancelled.
const CANCEL_CHECK: Duration = Duration::from_millis(100);
/// Probes sent in a row before the link is listened to.
const SENDS_PER_LISTEN: u32 = 32;

/// One trace to be made, with what the measurement itself cannot know.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The name the trace will have.
    pub id: Uuid,
    /// What to trace to.
    pub target: Target,
    /// The protocols to probe with.
    pub protocols: Protocols,
    /// The protocols to go on with when those do not reach the target; the trace of the one that got
    /// furthest is the one that is kept, and says which it was.
    pub otherwise: Vec<Protocol>,
    /// Whether hops that the jobs of a tracer have in common are probed once and taken over by the others.
    pub share: bool,
    /// Probes, TTLs, flows, rounds and waiting.
    pub settings: Settings,
    /// The time it starts: nanoseconds since 1970 UTC.
    pub started: i64,
    /// The length of the path as an earlier trace found it.
    pub expected_length: Option<Ttl>,
    /// The name of the place it is measured from.
    pub vantage: Option<String>,
    /// Where that place is.
    pub origin: Option<Origin>,
}

impl Job {
    /// A job with default settings and nothing but the necessary.
    #[must_use]
    pub fn new(id: Uuid, target: Target, protocols: Protocols, started: i64) -> Self {
        Self {
            id,
            target,
            protocols,
            otherwise: Vec::new(),
            share: true,
            settings: Settings::default(),
            started,
            expected_length: None,
            vantage: None,
            origin: None,
        }
    }
}

/// Something that happened while tracing.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A probe was answered; [`Tracer::hops`] shows the hops as they are now.
    Answered {
        /// The target of the probe.
        target: TargetIndex,
        /// The TTL of the probe.
        ttl: Ttl,
    },
    /// A round of a trace is over.
    RoundFinished {
        /// Its target.
        target: TargetIndex,
        /// The round, from 0.
        round: u32,
        /// How the round ended.
        outcome: Outcome,
        /// The TTL of the target, or the last one that counts where it was not reached.
        last_ttl: Ttl,
    },
    /// Nothing has happened for as long as [`Tracer::next_event_within`] was given.
    Idle,
    /// A trace is finished.
    Finished {
        /// Its target.
        target: TargetIndex,
        /// The whole measurement.
        trace: Box<Trace>,
    },
}

/// Traces jobs over a link, any number at a time, on the thread that asks for events.
#[derive(Debug)]
pub struct Tracer<L> {
    link: L,
    engine: Engine,
    directory: Directory,
    jobs: Vec<(Job, Attached)>,
    events: VecDeque<Event>,
    sends_in_a_row: u32,
}

impl<L: Link> Tracer<L> {
    /// A tracer without jobs.
    #[must_use]
    pub fn new(link: L) -> Self {
        Self {
            link,
            engine: Engine::new(),
            directory: Directory::new(),
            jobs: Vec::new(),
            events: VecDeque::new(),
            sends_in_a_row: 0,
        }
    }

    /// Limits the probes over all jobs to this many a second; 0 lifts the limit.
    #[must_use]
    pub fn with_rate(mut self, packets_per_second: u32) -> Self {
        self.engine.limit_rate(packets_per_second);
        self
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

    /// Adds a job; its trace starts with the next event asked for.
    ///
    /// # Errors
    ///
    /// The link cannot probe this target: no route, not permitted, not supported.
    pub fn add(&mut self, job: Job) -> Result<TargetIndex, Error> {
        let index = TargetIndex(u32::try_from(self.jobs.len()).unwrap_or(u32::MAX));
        let destination = Destination::of(job.target.address, job.protocols, &job.settings);
        let attached = self.link.attach(index, &destination)?;
        self.directory.register(index, &destination, &attached);
        let request = Request {
            address: job.target.address,
            protocols: job.protocols,
            settings: job.settings.clone(),
            expected_length: job.expected_length,
            id: job.id,
            share: job.share,
        };
        self.engine.add(&request, self.link.now());
        self.jobs.push((job, attached));
        Ok(index)
    }

    /// What the link cannot keep for this target, in sentences for a person.
    #[must_use]
    pub fn notes(&self, target: TargetIndex) -> &[String] {
        self.job(target).map(|(_, attached)| attached.notes.as_slice()).unwrap_or_default()
    }

    /// The hops of a running trace as they are now; empty once it is finished.
    #[must_use]
    pub fn hops(&self, target: TargetIndex) -> Vec<Hop> {
        self.engine.hops(target)
    }

    /// The hops of a running trace as this round and those after it found them; empty once it is finished.
    #[must_use]
    pub fn hops_from(&self, target: TargetIndex, first_round: u32) -> Vec<Hop> {
        self.engine.hops_from(target, first_round)
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
        self.engine.stop(target, self.link.now());
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
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if cancelled() {
                self.engine.interrupt(self.link.now());
            }
            let now = self.link.now();
            if now >= limit {
                return Ok(Some(Event::Idle));
            }
            let step = self.engine.poll(now);
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
            self.collect();
            if step == Step::Done && self.events.is_empty() {
                return Ok(None);
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
            match event {
                Event::Finished { target, trace } if target == wanted => found = Some(*trace),
                Event::Finished { .. }
                | Event::Answered { .. }
                | Event::RoundFinished { .. }
                | Event::Idle => {}
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

    fn collect(&mut self) {
        while let Some(event) = self.engine.take_event() {
            match event {
                engine::Event::Answered { target, ttl } => {
                    self.events.push_back(Event::Answered { target, ttl })
                }
                engine::Event::RoundFinished { target, round, outcome, last_ttl } => {
                    self.events.push_back(Event::RoundFinished { target, round, outcome, last_ttl });
                }
                engine::Event::Finished { target, found } => {
                    self.link.detach(target);
                    self.directory.forget(target);
                    if let Some(trace) = self.trace(target, found) {
                        self.events.push_back(Event::Finished { target, trace: Box::new(trace) });
                    }
                }
            }
        }
    }

    fn job(&self, target: TargetIndex) -> Option<&(Job, Attached)> {
        self.jobs.get(usize::try_from(target.0).ok()?)
    }

    fn trace(&self, target: TargetIndex, found: Found) -> Option<Trace> {
        let (job, attached) = self.job(target)?;
        Some(Trace {
            id: job.id,
            kind: TraceKind::Measured,
            vantage: job.vantage.clone(),
            target: Some(job.target.clone()),
            source: Some(attached.source),
            origin: job.origin,
            protocol: Some(job.protocols),
            mode: Some(self.link.mode()),
            settings: Some(job.settings.clone()),
            started: job.started,
            duration: Some(found.duration),
            outcome: Some(found.outcome),
            outcome_detail: found.detail,
            hops: found.hops,
        })
    }
}
