//! The probing engine: a pure state machine. Time and answers are handed in, probes come out.
//!
//! [`Engine::poll`] says what to do next: send a probe, wait, or stop. Whoever drives it reports what became
//! of the sending ([`Engine::sent`], [`Engine::postponed`], [`Engine::failed`]) and of the waiting
//! ([`Engine::hear`]). Any number of targets, protocols, flows and rounds go through one engine; nothing in
//! it reads a clock or a socket.
//!
//! # How it decides
//!
//! * Many TTLs are under way at once, in a window that opens with the answers (`window`).
//! * At most three probes to one TTL are under way; more follow as those are answered.
//! * Of the SYNs of a flow one at a time is under way to a TTL that is known to be the target's.
//! * Probes leave in the order of their TTLs, so that the first of those that pass the target are the ones
//!   that count when it limits its answers.
//! * A silent hop is given up soon after its neighbours answered (`patience`).
//! * The target's own answer, a refusal on the way or a loop ends the path (`ending`); so do
//!   [`crate::model::Settings::gap`] silent TTLs.

mod course;
mod ending;
mod event;
mod found;
mod heard;
mod lane;
mod moment;
mod patience;
mod probe;
mod request;
mod row;
mod rule;
mod slot;
mod window;

use core::cmp::Reverse;
use core::time::Duration;
use std::collections::{BinaryHeap, VecDeque};

use course::{Course, Decision};
pub use event::{Event, Found};
pub use heard::Heard;
pub use moment::Moment;
pub use probe::{Probe, ProbeId, TargetIndex};
pub use request::Request;
pub use rule::Rule;
use rule::Rules;

use crate::model::Hop;

/// How long to let a full socket buffer drain before the next probe.
const BUSY_PAUSE: Duration = Duration::from_micros(500);

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
    courses: Vec<Option<Seat>>,
    /// When each course wants to be asked; entries that a later one replaced are passed over.
    due: BinaryHeap<Reverse<(Moment, u32)>>,
    events: VecDeque<Event>,
    /// The least time between two probes over all targets.
    spacing: Option<Duration>,
    not_before: Moment,
    rules: Rules,
    paused: bool,
}

#[derive(Debug)]
struct Seat {
    course: Course,
    due: Moment,
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

    /// Ends the trace of one target as interrupted; without effect if it is finished.
    pub fn stop(&mut self, target: TargetIndex, now: Moment) {
        self.finish(target, now, true);
    }

    /// Limits the probes over all targets to this many a second; 0 lifts the limit.
    pub fn limit_rate(&mut self, packets_per_second: u32) {
        self.spacing = Duration::from_secs(1).checked_div(packets_per_second);
    }

    /// Adds a target. Its trace starts when [`Engine::poll`] comes to it, `now` at the earliest.
    pub fn add(&mut self, request: &Request, now: Moment) -> TargetIndex {
        let number = u32::try_from(self.courses.len()).unwrap_or(u32::MAX);
        let target = TargetIndex(number);
        self.courses.push(Some(Seat { course: Course::new(target, request, now), due: now }));
        self.due.push(Reverse((now, number)));
        target
    }

    /// What to do next.
    pub fn poll(&mut self, now: Moment) -> Step {
        loop {
            let Some(&Reverse((due, number))) = self.due.peek() else { return Step::Done };
            if self.seat(TargetIndex(number)).is_none_or(|seat| seat.due != due) {
                self.due.pop();
                continue;
            }
            if due > now {
                return Step::Wait(due);
            }
            if self.paused {
                return Step::Wait(Moment::MAX);
            }
            if now < self.not_before {
                return Step::Wait(self.not_before);
            }
            let rules = self.rules;
            let Some(seat) = self.seat_mut(TargetIndex(number)) else { continue };
            match seat.course.step(rules, now) {
                Decision::Send(probe) => {
                    if let Some(spacing) = self.spacing {
                        // Time lost to waiting is made up for, but never by a burst.
                        self.not_before = self.not_before.max(now.before(spacing)) + spacing;
                    }
                    return Step::Send(probe);
                }
                Decision::Wait(until) => {
                    seat.due = until;
                    self.due.pop();
                    self.due.push(Reverse((until, number)));
                }
                Decision::Done => {
                    self.due.pop();
                    self.finish(TargetIndex(number), now, false);
                }
                Decision::RoundFinished { round, outcome, last_ttl } => {
                    let target = TargetIndex(number);
                    self.events.push_back(Event::RoundFinished { target, round, outcome, last_ttl });
                }
            }
        }
    }

    /// The probe that [`Engine::poll`] returned last has left at `at`.
    pub fn sent(&mut self, probe: &Probe, at: Moment) {
        if let Some(seat) = self.seat_mut(probe.target) {
            seat.course.left(probe, at);
        }
    }

    /// The probe that [`Engine::poll`] returned last could not leave yet; it will be offered again.
    pub fn postponed(&mut self, probe: &Probe, now: Moment) {
        self.not_before = now + BUSY_PAUSE;
        if let Some(seat) = self.seat_mut(probe.target) {
            seat.course.take_back(probe);
        }
    }

    /// A probe could not be sent; `error` is what the system said.
    pub fn failed(&mut self, probe: &Probe, error: String, now: Moment) {
        if let Some(seat) = self.seat_mut(probe.target) {
            seat.course.failed(probe.protocol, probe.flow, probe.id, error);
            self.wake(probe.target, now);
        }
    }

    /// Takes in an answer. One that belongs to no waiting probe (a duplicate, a late one, a stranger's) has
    /// no effect.
    pub fn hear(&mut self, heard: Heard, now: Moment) {
        let target = heard.target;
        let Some(seat) = self.seat_mut(target) else { return };
        if let Some(ttl) = seat.course.hear(heard) {
            self.events.push_back(Event::Answered { target, ttl });
        }
        self.wake(target, now);
    }

    /// The next thing that happened, oldest first.
    pub fn take_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Everything sent to `target` so far; empty once its trace is finished.
    #[must_use]
    pub fn hops(&self, target: TargetIndex) -> Vec<Hop> {
        self.seat(target).map(|seat| seat.course.hops()).unwrap_or_default()
    }

    /// What was sent to `target` from this round on. With many rounds behind it, cheaper than all of it.
    #[must_use]
    pub fn hops_from(&self, target: TargetIndex, first_round: u32) -> Vec<Hop> {
        let mut hops = self.hops(target);
        for hop in &mut hops {
            hop.probes.retain(|probe| probe.round >= first_round);
        }
        hops
    }

    /// Ends every trace that is still running.
    pub fn interrupt(&mut self, now: Moment) {
        for number in 0..u32::try_from(self.courses.len()).unwrap_or(u32::MAX) {
            self.finish(TargetIndex(number), now, true);
        }
        self.due.clear();
    }

    fn finish(&mut self, target: TargetIndex, now: Moment, interrupted: bool) {
        let seat = usize::try_from(target.0).ok().and_then(|index| self.courses.get_mut(index)?.take());
        if let Some(mut seat) = seat {
            let found = seat.course.finish(now, interrupted);
            self.events.push_back(Event::Finished { target, found });
        }
    }

    /// Has a course asked again at once.
    fn wake(&mut self, target: TargetIndex, now: Moment) {
        if let Some(seat) = self.seat_mut(target)
            && seat.due > now
        {
            seat.due = now;
            self.due.push(Reverse((now, target.0)));
        }
    }

    fn seat(&self, target: TargetIndex) -> Option<&Seat> {
        self.courses.get(usize::try_from(target.0).ok()?)?.as_ref()
    }

    fn seat_mut(&mut self, target: TargetIndex) -> Option<&mut Seat> {
        self.courses.get_mut(usize::try_from(target.0).ok()?)?.as_mut()
    }
}

#[cfg(test)]
mod tests;
