use super::TargetIndex;
use crate::model::{Hop, Outcome, Ttl};
use core::time::Duration;

/// Something that happened in the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A probe was answered.
    Answered {
        /// The target of the probe.
        target: TargetIndex,
        /// The TTL of the probe.
        ttl: Ttl,
    },
    /// A trace is finished; the engine has forgotten it.
    Finished {
        /// Its target.
        target: TargetIndex,
        /// What was found.
        found: Found,
    },
}

/// What the engine found out about one target.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// How the trace ended.
    pub outcome: Outcome,
    /// More about the end.
    pub detail: Option<String>,
    /// The hops, as in [`crate::model::Trace`].
    pub hops: Vec<Hop>,
    /// From the start to the end.
    pub duration: Duration,
}
