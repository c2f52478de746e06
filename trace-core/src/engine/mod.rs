//! The probing engine: a pure state machine. Time and answers are handed in, probes come out.
//!
//! [`Engine::poll`] says what to do next: send a probe, wait, or stop. Whoever drives it reports what became
//! of the sending ([`Engine::sent`], [`Engine::postponed`], [`Engine::failed`]) and of the waiting
//! ([`Engine::hear`]). Any number of targets, protocols, flows and rounds go through one engine; nothing in
//! it reads a clock or a socket.
//!
//! ```
//! use std::net::IpAddr;
//!
//! use trace_core::engine::{Engine, Event, Heard, Moment, Request, Step};
//! use trace_core::model::{Outcome, Protocol, Protocols, Reply, ReplyKind, Settings};
//!
//! let (router, target) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([192, 0, 2, 80]));
//! let (mut engine, mut now) = (Engine::new(), Moment::ZERO);
//! engine.add(&Request::new(target, Protocols::One(Protocol::Icmp), Settings::default()), now);
//! loop {
//!     match engine.poll(now) {
//!         // A network of one router and one target that answer at once.
//!         Step::Send(probe) => {
//!             engine.sent(&probe, now);
//!             let (from, kind) = match probe.ttl.get() {
//!                 1 => (router, ReplyKind::TimeExceeded),
//!                 _ => (target, ReplyKind::EchoReply),
//!             };
//!             let reply = Reply {
//!                 from,
//!                 kind: Some(kind),
//! #               rtt: None, icmp: None, reply_ttl: None, quoted: None, mpls: Vec::new(),
//! #               extensions: Vec::new(), inherited_from: None,
//!                 // and all else that was seen
//!             };
//!             let (protocol, flow, id) = (probe.protocol, probe.flow, Some(probe.id));
//!             engine.hear(Heard { target: probe.target, protocol, flow, id, off_flow: false, at: now, reply }, now);
//!         }
//!         // Time is what we say.
//!         Step::Wait(until) => now = until,
//!         Step::Done => break,
//!     }
//! }
//! let mut found = None;
//! while let Some(event) = engine.take_event() {
//!     if let Event::Finished { found: of_target, .. } = event {
//!         found = Some(of_target);
//!     }
//! }
//! let found = found.ok_or("the only target is finished")?;
//! assert_eq!(found.outcome, Outcome::Reached);
//! assert_eq!(found.hops.len(), 2);
//! assert_eq!(found.hops[0].answerers(), [router]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it decides
//!
//! Each rule has a name ([`Rule`]) by which the simulation can switch it off.
//!
//! * Many TTLs are under way at once, in a window that opens with the answers (`window`). Protocols and flows
//!   of one trace open each TTL together.
//! * At most three probes to one TTL are under way; more follow as those are answered.
//! * Of the SYNs of a flow one at a time is under way to a TTL that is known to be the target's.
//! * Probes leave in the order of their TTLs, so that the first of those that pass the target are the ones
//!   that count when it limits its answers.
//! * A silent hop is given up soon after its neighbours answered (`patience`).
//! * The target's own answer, a refusal on the way or a loop ends the path (`ending`); so do
//!   [`crate::model::Settings::gap`] silent TTLs.
//! * Rounds start at their interval, and no sooner than routers that answer six probes at once and one a second
//!   (IPv4; ten over IPv6) can answer them (`budget`). The path of each round is as long as it is then:
//!   silence behind its end is no loss.
//! * Traces to many targets probe their common first routers once and take them over (`commons`).
//!
//! # Many targets
//!
//! A target costs little until its trace is opened, and one is opened when those that are have nothing to
//! send: the rate is used up by as few traces as will do, and results come early. Where a rate is set and many
//! targets wait, nothing is gained by probing ahead, so each trace goes TTL by TTL. Deciding about a probe costs
//! the same whether one trace is open or ten thousand (benches/engine.rs).

mod budget;
mod commons;
mod course;
mod ending;
mod event;
mod found;
mod heard;
mod lane;
mod mask;
mod mixer;
mod moment;
mod patience;
mod plan;
mod probe;
mod replies;
mod request;
mod row;
mod rule;
mod schedule;
mod sets;
mod slot;
mod stop_set;
mod window;

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use commons::{Commons, Ground};
use course::{Course, Decision};
pub use event::{Event, Found};
pub use heard::Heard;
pub use moment::Moment;
use plan::Plan;
pub use probe::{Probe, ProbeId, TargetIndex};
pub use request::Request;
pub use rule::Rule;
use rule::Rules;
use schedule::{Schedule, Turn};
use window::Pace;

use crate::model::{Hop, Outcome};

/// How long to let a full socket buffer drain before the next probe.
const BUSY_PAUSE: Duration = Duration::from_micros(500);
/// Time that was lost by waking up late is made up for up to this much.
const CATCH_UP: Duration = Duration::from_millis(20);
/// The most traces that are open at once. Each takes up to 4 KiB.
const OPEN_AT_MOST: usize = 16_384;
/// With a limited rate and this many targets there is always something else to probe while answers are under way.
const MANY: usize = 32;

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Send this probe, and report it.
    Send(Probe),
    /// Listen until this moment, or until something is heard.
    Wait(Moment),
    /// Every trace is finished.
    Done,
}

/// Traces any number of targets.
#[derive(Debug, Default)]
pub struct Engine {
    seats: Vec<Seat>,
    commons: Vec<Commons>,
    /// That of the trace opened last. Most follow one and the same.
    plan: Option<Arc<Plan>>,
    /// How many traces are open, and how many wait for that.
    open: usize,
    waiting: usize,
    schedule: Schedule,
    events: VecDeque<Event>,
    /// The least time between two probes over all targets.
    spacing: Option<Duration>,
    not_before: Moment,
    /// There has been something to send ever since the last probe.
    is_busy: bool,
    rules: Rules,
    paused: bool,
}

/// What there is of a target.
#[derive(Debug)]
enum Seat {
    /// Its trace was not opened yet.
    Waiting(Box<Request>),
    Open(Box<Trace>),
    Finished,
}

/// A trace under way.
#[derive(Debug)]
struct Trace {
    course: Course,
    turn: Turn,
    /// The place of its common ground.
    commons: usize,
}

impl Engine {
    /// An engine without targets and without a limit on its rate.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Switches a rule off, to show in the simulation what it is good for. Targets added before keep it.
    #[cfg(feature = "sim")]
    #[must_use]
    pub fn without(mut self, rule: Rule) -> Self {
        self.rules = self.rules.without(rule);
        self
    }

    /// Lets no probe leave until [`Engine::resume`]; answers are still taken in.
    pub const fn pause(&mut self) {
        self.paused = true;
    }

    /// Goes on after [`Engine::pause`].
    pub const fn resume(&mut self) {
        self.paused = false;
    }

    /// Limits the probes over all targets to this many a second; 0 lifts the limit. The limit is the average
    /// that is kept while there is something to send: what a late wake-up cost is made up for.
    pub fn limit_rate(&mut self, packets_per_second: u32) {
        self.spacing = Duration::from_secs(1).checked_div(packets_per_second);
    }

    /// Forgets the targets that are finished, if all of them are and nothing is left to be told; says whether it did. What
    /// routers can still answer is not forgotten.
    pub fn forget(&mut self) -> bool {
        let is_idle = self.open == 0 && self.waiting == 0 && self.events.is_empty();
        if is_idle {
            self.seats.clear();
            self.schedule = Schedule::default();
        }
        is_idle
    }

    /// Adds a target. Its trace starts when [`Engine::poll`] comes to it, `now` at the earliest.
    pub fn add(&mut self, request: &Request, _now: Moment) -> TargetIndex {
        let number = u32::try_from(self.seats.len()).unwrap_or(u32::MAX);
        // Flows are there to show how paths differ; nothing is taken over from one to another.
        let shares = request.share && request.settings.flows <= 1 && self.rules.hold(Rule::Share);
        let ground = Ground::of(request.address, &request.settings, shares);
        match self.commons.iter_mut().find(|commons| commons.ground == ground) {
            Some(commons) => commons.join(number, request.lanes()),
            None => {
                let mut commons = Commons::new(ground);
                commons.join(number, request.lanes());
                self.commons.push(commons);
            }
        }
        self.seats.push(Seat::Waiting(Box::new(request.clone())));
        self.waiting += 1;
        TargetIndex(number)
    }

    /// What to do next.
    pub fn poll(&mut self, now: Moment) -> Step {
        loop {
            while let Some(rung) = self.schedule.rung(now) {
                if let Some(Seat::Open(trace)) = seat(&mut self.seats, rung.1) {
                    self.schedule.ring(rung, &mut trace.turn, now);
                }
            }
            if self.open == 0 && self.waiting == 0 {
                return Step::Done;
            }
            if self.paused {
                return Step::Wait(Moment::MAX);
            }
            if now < self.not_before {
                return Step::Wait(self.not_before);
            }
            let Some(number) = self.schedule.next() else {
                match self.open_next(now) {
                    Ok(()) => continue,
                    Err(again) => {
                        self.is_busy = false;
                        let next = self.schedule.next_ring().unwrap_or(Moment::MAX);
                        return Step::Wait(next.min(again));
                    }
                }
            };
            let target = TargetIndex(number);
            let Some(Seat::Open(trace)) = seat(&mut self.seats, number) else {
                self.schedule.dismiss();
                continue;
            };
            let Some(commons) = self.commons.get_mut(trace.commons) else {
                self.schedule.dismiss();
                continue;
            };
            match trace.course.step(commons, now) {
                Decision::Send(probe) => {
                    self.space(now);
                    return Step::Send(probe);
                }
                Decision::Wait(until) => {
                    self.schedule.dismiss();
                    self.schedule.ask_at(until, number, &mut trace.turn);
                }
                Decision::Done => {
                    self.schedule.dismiss();
                    self.finish(target, now, false);
                }
                Decision::RoundFinished { round, outcome, last_ttl } => {
                    self.events.push_back(Event::RoundFinished { target, round, outcome, last_ttl });
                }
            }
        }
    }

    /// Notes when the probe after this one may leave.
    fn space(&mut self, now: Moment) {
        let Some(spacing) = self.spacing else { return };
        let earliest = if self.is_busy { now.before(CATCH_UP.max(spacing)) } else { now };
        self.not_before = self.not_before.max(earliest) + spacing;
        self.is_busy = true;
    }

    /// Opens the trace of the next target; if none may be, says when to ask again.
    fn open_next(&mut self, now: Moment) -> Result<(), Moment> {
        let Self { seats, commons, schedule, open, waiting, plan, rules, .. } = self;
        let mut again = Moment::MAX;
        if *open >= OPEN_AT_MOST {
            return Err(again);
        }
        let pace =
            if self.spacing.is_some() && *open + *waiting >= MANY { Pace::Sparing } else { Pace::Swift };
        for (place, commons) in commons.iter_mut().enumerate() {
            while let Some(&number) = commons.waiting.front() {
                let Some(found) = seat(seats, number) else { break };
                let Seat::Waiting(request) = found else {
                    commons.waiting.pop_front();
                    continue;
                };
                if let Err(moment) = commons.may_start(request.lanes(), now) {
                    again = again.min(moment);
                    break;
                }
                commons.waiting.pop_front();
                let wanted = Plan::of(&request.settings, *rules);
                let plan = match plan {
                    Some(plan) if **plan == wanted => plan,
                    plan => plan.insert(Arc::new(wanted)),
                };
                let course = Course::new(TargetIndex(number), request, Arc::clone(plan), pace, now);
                commons.start(course.lanes());
                let mut trace = Box::new(Trace { course, turn: Turn::NONE, commons: place });
                schedule.wake(number, &mut trace.turn);
                *found = Seat::Open(trace);
                *open += 1;
                *waiting = waiting.saturating_sub(1);
                return Ok(());
            }
        }
        Err(again)
    }

    /// The probe that [`Engine::poll`] returned last has left at `at`.
    pub fn sent(&mut self, probe: &Probe, at: Moment) {
        if let Some(Seat::Open(trace)) = seat(&mut self.seats, probe.target.0) {
            trace.course.left(probe, at);
        }
    }

    /// The probe that [`Engine::poll`] returned last could not leave yet; it will be offered again.
    pub fn postponed(&mut self, probe: &Probe, now: Moment) {
        self.not_before = now + BUSY_PAUSE;
        if let Some(Seat::Open(trace)) = seat(&mut self.seats, probe.target.0) {
            trace.course.take_back(probe);
        }
    }

    /// A probe could not be sent; `error` is what the system said.
    pub fn failed(&mut self, probe: &Probe, error: String, _now: Moment) {
        if let Some(Seat::Open(trace)) = seat(&mut self.seats, probe.target.0) {
            trace.course.failed(probe, error);
            self.schedule.wake(probe.target.0, &mut trace.turn);
        }
    }

    /// Takes in an answer. One that belongs to no waiting probe (a duplicate, a late one, a stranger's) has
    /// no effect.
    pub fn hear(&mut self, heard: Heard, _now: Moment) {
        let target = heard.target;
        let Some(Seat::Open(trace)) = seat(&mut self.seats, target.0) else { return };
        let Some(commons) = self.commons.get_mut(trace.commons) else { return };
        if let Some(ttl) = trace.course.hear(commons, &heard) {
            self.events.push_back(Event::Answered { target, ttl });
        }
        self.schedule.wake(target.0, &mut trace.turn);
    }

    /// The next thing that happened, oldest first.
    pub fn take_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Everything sent to `target` so far; empty once its trace is finished.
    #[must_use]
    pub fn hops(&self, target: TargetIndex) -> Vec<Hop> {
        self.hops_from(target, 0)
    }

    /// What was sent to `target` from this round on, for as long as the path has been since; the rounds before
    /// are not looked at.
    #[must_use]
    pub fn hops_from(&self, target: TargetIndex, first_round: u32) -> Vec<Hop> {
        let seat = usize::try_from(target.0).ok().and_then(|place| self.seats.get(place));
        match seat {
            Some(Seat::Open(trace)) => trace.course.hops(first_round),
            _ => Vec::new(),
        }
    }

    /// Ends the trace of one target as interrupted; without effect if it is finished.
    pub fn stop(&mut self, target: TargetIndex, now: Moment) {
        self.finish(target, now, true);
    }

    /// Ends every trace that is still running.
    pub fn interrupt(&mut self, now: Moment) {
        for number in 0..u32::try_from(self.seats.len()).unwrap_or(u32::MAX) {
            self.finish(TargetIndex(number), now, true);
        }
    }

    fn finish(&mut self, target: TargetIndex, now: Moment, interrupted: bool) {
        let Some(seat) = seat(&mut self.seats, target.0) else { return };
        let found = match core::mem::replace(seat, Seat::Finished) {
            Seat::Finished => return,
            Seat::Waiting(_) => {
                self.waiting = self.waiting.saturating_sub(1);
                let outcome = Outcome::Interrupted;
                Found { outcome, detail: None, hops: Vec::new(), duration: Duration::ZERO }
            }
            Seat::Open(mut trace) => {
                self.open = self.open.saturating_sub(1);
                let Some(commons) = self.commons.get_mut(trace.commons) else { return };
                let found = trace.course.finish(commons, now, interrupted);
                commons.leave();
                found
            }
        };
        self.events.push_back(Event::Finished { target, found: Box::new(found) });
    }
}

fn seat(seats: &mut [Seat], number: u32) -> Option<&mut Seat> {
    seats.get_mut(usize::try_from(number).ok()?)
}

#[cfg(test)]
mod tests;
