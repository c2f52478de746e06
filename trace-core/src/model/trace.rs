use core::time::Duration;
use std::net::IpAddr;

use super::words::words;
use super::{Finding, Hop, Mode, Origin, Outcome, Protocols, Settings, Target, Ttl, Uuid};

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

    /// What is noticeable at each hop, in the order of the hops.
    #[must_use]
    pub fn findings(&self) -> Vec<Vec<Finding>> {
        let mut findings = Vec::with_capacity(self.hops.len());
        for (index, hop) in self.hops.iter().enumerate() {
            let behind = self.hops.get(index + 1..).unwrap_or_default();
            let before = self.hops.get(..index).unwrap_or_default();
            findings.push(findings_at(hop, before, behind));
        }
        findings
    }
}

fn findings_at(hop: &Hop, before: &[Hop], behind: &[Hop]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let statistics = hop.statistics();
    let answerers = hop.answerers();
    // What answers whole behind this hop shows that its packets passed here.
    let passed = behind.iter().any(|hop| {
        let statistics = hop.statistics();
        statistics.sent > 0 && statistics.answered == statistics.sent
    });
    if statistics.answered > 0 && statistics.answered < statistics.sent && passed {
        findings.push(Finding::RateLimited);
    }
    if answerers.is_empty() && behind.iter().any(Hop::answered) {
        findings.push(Finding::Silent);
    }
    if answerers.len() > 1 {
        findings.push(Finding::SeveralAnswerers);
    }
    if let Some((previous, earlier)) = before.split_last() {
        let back_again = |address| {
            !previous.answerers().contains(address)
                && earlier.iter().any(|hop| hop.answerers().contains(address))
        };
        if answerers.iter().any(back_again) {
            findings.push(Finding::Loop);
        }
    }
    findings
}

#[cfg(test)]
mod tests;
