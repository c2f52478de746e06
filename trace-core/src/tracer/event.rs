use crate::engine::TargetIndex;
use crate::model::{Outcome, Trace, Ttl};

/// Something that happened while tracing.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A probe was answered; [`super::Tracer::hops`] shows the hops as they are now.
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
    /// Nothing has happened for as long as [`super::Tracer::next_event_within`] was given.
    Idle,
    /// A trace is finished. [`super::Tracer::notes`] are kept until the next event is asked for.
    Finished {
        /// Its target.
        target: TargetIndex,
        /// The whole measurement.
        trace: Box<Trace>,
    },
}
