use core::time::Duration;
use std::net::IpAddr;

use super::finding::{Survey, is_plain};
use super::words::words;
use super::{
    Finding, Hop, Mode, Observation, Origin, Outcome, PathChange, Protocols, Settings, Statistics, Target,
    Ttl, Uuid,
};

words! {
    /// Where a trace comes from.
    TraceKind, "kind of trace" {
        /// Measured by this program: a hop's number is its TTL.
        Measured = "measured",
        /// Brought in from another form, whose hop numbers may be mere counters; never judged.
        Imported = "imported",
    }
}

/// A finished measurement, never changed again.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Its name for ever (UUID version 7, RFC 9562).
    pub id: Uuid,
    /// Where it comes from.
    pub kind: TraceKind,
    /// The name of the place it was measured from, if one was given.
    pub vantage: Option<String>,
    /// What was traced to; `None` only where an imported form does not tell.
    pub target: Option<Target>,
    /// The address the probes left from.
    pub source: Option<IpAddr>,
    /// Where the source stands.
    pub origin: Option<Origin>,
    /// The protocols of its probes.
    pub protocol: Option<Protocols>,
    /// How they were sent.
    pub mode: Option<Mode>,
    /// What was asked for.
    pub settings: Option<Settings>,
    /// When it started: nanoseconds since 1970 UTC. The only wall-clock time in a trace.
    pub started: i64,
    /// How long it took.
    pub duration: Option<Duration>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// A sentence about the end, where there is more to say.
    pub outcome_detail: Option<String>,
    /// The hops without gaps or repeats, from the first TTL to the target's, or to the last one probed.
    pub hops: Vec<Hop>,
}

impl Trace {
    /// A trace of which nothing is known but its name, its kind and when it started: the base of those that are put
    /// together by hand.
    #[must_use]
    pub const fn new(id: Uuid, kind: TraceKind, started: i64) -> Self {
        Self {
            id,
            kind,
            vantage: None,
            target: None,
            source: None,
            origin: None,
            protocol: None,
            mode: None,
            settings: None,
            started,
            duration: None,
            outcome: None,
            outcome_detail: None,
            hops: Vec::new(),
        }
    }

    /// Whether the target itself answered.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.outcome == Some(Outcome::Reached)
    }

    /// The TTL of the last hop that answered.
    #[must_use]
    pub fn last_answer(&self) -> Option<Ttl> {
        self.hops.iter().rev().find(|hop| hop.answered()).map(|hop| hop.ttl)
    }

    /// What is noticeable at each hop, in the order of the hops; [`Trace::observations`] says why.
    #[must_use]
    pub fn findings(&self) -> Vec<Vec<Finding>> {
        let observations = self.observations();
        let at = |hop: &Hop| {
            observations.iter().filter(|found| found.ttl == hop.ttl).map(|found| found.finding).collect()
        };
        self.hops.iter().map(at).collect()
    }

    /// What is noticeable, each finding with the evidence in words, by TTL.
    #[must_use]
    pub fn observations(&self) -> Vec<Observation> {
        Survey::of(self).observations()
    }

    /// When and where the path changed while it was traced, in the order of time. Flows that cannot be kept
    /// (unprivileged TCP) tell of none.
    #[must_use]
    pub fn path_changes(&self) -> Vec<PathChange> {
        Survey::of(self).into_changes()
    }

    /// Loss and round-trip times of each hop, in the order of the hops.
    ///
    /// Other than [`Hop::statistics`], which sees one hop alone, this leaves out what was never meant for a hop: probes
    /// past the end that the path had in their round, and silence where a router had left the path. Neither is loss.
    #[must_use]
    pub fn statistics(&self) -> Vec<Statistics> {
        if is_plain(self) {
            return self.hops.iter().map(Hop::statistics).collect();
        }
        let survey = Survey::of(self);
        self.hops.iter().map(|hop| survey.statistics(hop)).collect()
    }
}

#[cfg(test)]
mod tests;
