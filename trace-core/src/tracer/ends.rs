//! What becomes of rounds and traces that are over: handed out, or followed by an attempt with another protocol.

use super::attempt::{self, Candidate, Part, Trials};
use super::{Event, Job, Tracer};
use crate::engine::{Found, TargetIndex};
use crate::link::Link;
use crate::model::{Outcome, Ttl};

impl<L: Link> Tracer<L> {
    pub(super) fn round_finished(
        &mut self,
        target: TargetIndex,
        round: u32,
        outcome: Outcome,
        last_ttl: Ttl,
    ) {
        let Some(entry) = self.entry(target) else { return };
        let further = !entry.job.otherwise.is_empty() && round == 0 && outcome != Outcome::Reached;
        match entry.part {
            // Of several rounds the first decides by which protocol they are made.
            Part::Whole if further && entry.job.settings.rounds > 1 => {
                if let Some(entry) = self.entry_mut(target) {
                    entry.part = Part::Stopped(outcome);
                }
                self.engine.stop(target, self.link.now());
            }
            Part::Whole if further => {}
            Part::Whole | Part::Rounds(_) => {
                let target = self.of(target);
                self.events.push_back(Event::RoundFinished { target, round, outcome, last_ttl });
            }
            Part::Stopped(_) | Part::Waits(_) | Part::Trial(_) | Part::Done => {}
        }
    }

    pub(super) fn finished(&mut self, target: TargetIndex, found: Found) {
        let Some(entry) = self.entry_mut(target) else { return };
        let part = core::mem::replace(&mut entry.part, Part::Done);
        let mut candidate = Candidate {
            protocols: entry.job.protocols,
            started: entry.job.started,
            attached: entry.attached.clone(),
            found,
        };
        match part {
            Part::Whole => self.first_finished(target, candidate),
            Part::Stopped(outcome) => {
                candidate.found.outcome = outcome;
                self.first_finished(target, candidate);
            }
            Part::Trial(job) => {
                self.release(target);
                self.trial_finished(job, target, candidate);
            }
            Part::Rounds(job) => {
                self.release(target);
                self.hand_out(job, candidate);
            }
            Part::Waits(trials) => {
                if let Some(entry) = self.entry_mut(target) {
                    entry.part = Part::Waits(trials);
                }
            }
            Part::Done => {}
        }
    }

    /// The protocol that was asked for first is done: others are tried if it did not reach the target.
    fn first_finished(&mut self, target: TargetIndex, candidate: Candidate) {
        let Some(job) = self.entry(target).map(|entry| entry.job.clone()) else { return };
        let settled = matches!(candidate.found.outcome, Outcome::Reached | Outcome::Interrupted);
        if settled || job.otherwise.is_empty() {
            return self.hand_out(target, candidate);
        }
        let mut said = vec![candidate.words()];
        let mut running = Vec::new();
        for other in attempt::others(&job, &candidate.found) {
            let protocols = other.protocols;
            match self.attempt(other, Part::Trial(target)) {
                Ok(trial) => running.push(trial),
                Err(error) => said.push(format!("{protocols} cannot be tried: {error}")),
            }
        }
        let none = running.is_empty();
        if let Some(entry) = self.entry_mut(target) {
            let (best, interrupted) = (candidate, false);
            entry.part = Part::Waits(Box::new(Trials { best, running, said, interrupted, rounds: None }));
        }
        if none {
            self.decide(target);
        }
    }

    fn trial_finished(&mut self, job: TargetIndex, trial: TargetIndex, candidate: Candidate) {
        let Some(entry) = self.entry_mut(job) else { return };
        let Part::Waits(trials) = core::mem::replace(&mut entry.part, Part::Done) else { return };
        let Trials { best, mut running, mut said, mut interrupted, rounds } = *trials;
        said.push(candidate.words());
        running.retain(|other| *other != trial);
        interrupted |= candidate.found.outcome == Outcome::Interrupted;
        let (done, best) = (running.is_empty(), best.or_further(candidate));
        entry.part = Part::Waits(Box::new(Trials { best, running, said, interrupted, rounds }));
        if done {
            self.decide(job);
        }
    }

    /// All protocols were tried: the one that got furthest is kept.
    fn decide(&mut self, target: TargetIndex) {
        let Some(entry) = self.entry_mut(target) else { return };
        let Part::Waits(mut trials) = core::mem::replace(&mut entry.part, Part::Done) else { return };
        let chosen = trials.best.protocols;
        let mut notes = trials.best.attached.notes.clone();
        notes.push(format!("{chosen} was chosen: {}", trials.said.join(", ")));
        entry.attached.notes = notes;
        if trials.interrupted && trials.best.found.outcome != Outcome::Reached {
            trials.best.found.outcome = Outcome::Interrupted;
        }
        if entry.job.settings.rounds <= 1 || trials.interrupted {
            return self.hand_out(target, trials.best);
        }
        let job = Job {
            protocols: chosen,
            otherwise: Vec::new(),
            started: trials.best.started,
            ..entry.job.clone()
        };
        match self.attempt(job, Part::Rounds(target)) {
            Ok(rounds) => {
                if let Some(entry) = self.entry_mut(target) {
                    trials.rounds = Some(rounds);
                    entry.part = Part::Waits(trials);
                }
            }
            Err(_) => self.hand_out(target, trials.best),
        }
    }

    fn hand_out(&mut self, target: TargetIndex, candidate: Candidate) {
        let mode = self.link.mode();
        let Some(entry) = self.entry_mut(target) else { return };
        entry.part = Part::Done;
        let trace = Box::new(candidate.trace(&entry.job, mode));
        self.events.push_back(Event::Finished { target, trace });
    }

    /// Forgets an attempt that nobody else knows of.
    fn release(&mut self, target: TargetIndex) {
        if let Some(entry) = usize::try_from(target.0).ok().and_then(|place| self.entries.get_mut(place)) {
            *entry = None;
        }
    }
}
