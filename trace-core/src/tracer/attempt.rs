//! Going on with other protocols where the first did not reach its target.

use core::time::Duration;

use crate::engine::{Found, TargetIndex};
use crate::link::Attached;
use crate::model::{Hop, Outcome, Protocol, Protocols, Settings, Trace, TraceKind};
use crate::tracer::Job;

/// The longest that routers were seen to be late, and room for a loaded machine.
const SLACK: Duration = Duration::from_millis(300);

/// What an attempt is for.
#[derive(Debug)]
pub(super) enum Part {
    /// The job as it was asked for.
    Whole,
    /// The job, whose first round ended like this: it is stopped, and others are tried for it.
    Stopped(Outcome),
    /// The job, while others are tried for it.
    Waits(Box<Trials>),
    /// It is tried for that job.
    Trial(TargetIndex),
    /// The rounds of that job, with the protocol that got furthest.
    Rounds(TargetIndex),
    /// Handed out.
    Done,
}

/// The attempts for one job.
#[derive(Debug)]
pub(super) struct Trials {
    /// What got furthest so far.
    pub(super) best: Candidate,
    pub(super) running: Vec<TargetIndex>,
    /// What was found, in a few words each.
    pub(super) said: Vec<String>,
    /// An attempt was interrupted.
    pub(super) interrupted: bool,
    /// The rounds of the winner: where they are made.
    pub(super) rounds: Option<TargetIndex>,
}

/// A finished attempt.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) protocols: Protocols,
    pub(super) found: Found,
    pub(super) attached: Attached,
    /// When it started: nanoseconds since 1970 UTC.
    pub(super) started: i64,
}

impl Candidate {
    /// How far it got: to the target, and else to the last hop that answered.
    fn reach(&self) -> (bool, Option<u8>) {
        (self.found.outcome == Outcome::Reached, furthest(&self.found.hops))
    }

    /// The one that got further; what was asked for first if both got as far.
    pub(super) fn or_further(self, other: Self) -> Self {
        if other.reach() > self.reach() { other } else { self }
    }

    /// In a few words, as `icmp ends behind TTL 7`.
    pub(super) fn words(&self) -> String {
        let protocols = self.protocols;
        match (self.found.outcome, furthest(&self.found.hops)) {
            (Outcome::Reached, Some(ttl)) => format!("{protocols} reaches the target at TTL {ttl}"),
            (_, Some(ttl)) => format!("{protocols} is answered up to TTL {ttl}"),
            (_, None) => format!("{protocols} is not answered"),
        }
    }

    pub(super) fn trace(self, job: &Job, mode: crate::model::Mode) -> Trace {
        Trace {
            id: job.id,
            kind: TraceKind::Measured,
            vantage: job.vantage.clone(),
            target: Some(job.target.clone()),
            source: Some(self.attached.source),
            origin: job.origin,
            protocol: Some(self.protocols),
            mode: Some(mode),
            settings: Some(job.settings.clone()),
            started: self.started,
            duration: Some(self.found.duration),
            outcome: Some(self.found.outcome),
            outcome_detail: self.found.detail,
            hops: self.found.hops,
        }
    }
}

/// The TTL of the last hop that answered.
pub(super) fn furthest(hops: &[Hop]) -> Option<u8> {
    hops.iter().rev().find(|hop| hop.answered()).map(|hop| hop.ttl.get())
}

/// The jobs to try for one that did not reach its target.
pub(super) fn others(job: &Job, found: &Found) -> Vec<Job> {
    let Protocols::One(first) = job.protocols else { return Vec::new() };
    let mut protocols: Vec<Protocol> = Vec::new();
    for &protocol in &job.otherwise {
        if protocol != first && !protocols.contains(&protocol) {
            protocols.push(protocol);
        }
    }
    let settings = Settings { rounds: 1, wait: wait(&job.settings, found), ..job.settings.clone() };
    let nanoseconds = i64::try_from(found.duration.as_nanos()).unwrap_or(i64::MAX);
    let started = job.started.saturating_add(nanoseconds);
    let one = |protocol| Job {
        protocols: Protocols::One(protocol),
        otherwise: Vec::new(),
        settings: settings.clone(),
        started,
        expected_length: None,
        ..job.clone()
    };
    protocols.into_iter().map(one).collect()
}

/// How long further attempts wait, so that all of them take at most twice the wait that was asked for. The RTTs
/// that were seen tell how long an answer takes here.
fn wait(settings: &Settings, found: &Found) -> Duration {
    let replies = found.hops.iter().flat_map(|hop| &hop.probes).filter_map(|probe| probe.reply());
    let greatest = replies.filter_map(|reply| reply.rtt).max();
    let usual = greatest.map_or(settings.wait, |rtt| rtt.saturating_mul(3).saturating_add(SLACK));
    let used = found.duration.saturating_add(greatest.unwrap_or_default()).saturating_add(settings.wait / 20);
    let left = settings.wait.saturating_mul(2).saturating_sub(used);
    usual.min(settings.wait).min(left.max(settings.wait / 8))
}
