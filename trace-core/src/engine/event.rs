use super::TargetIndex;
use core::time::Duration;

use crate::model::{Hop, Outcome, Ttl};

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
    /// A round is over.
    RoundFinished {
        /// The target.
        target: TargetIndex,
        /// The round, from 0.
        round: u32,
        /// How it ended: the best end over protocols and flows.
        outcome: Outcome,
        /// The TTL of the target, or the last one that counts where it was not reached.
        last_ttl: Ttl,
    },
    /// A trace is finished; the engine has forgotten it.
    Finished {
        /// Its target.
        target: TargetIndex,
        /// What was found.
        found: Box<Found>,
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
