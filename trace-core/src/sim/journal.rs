use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::engine::{Moment, Probe};

/// What happened in a simulated network, as far as no answer tells. A handle: it stays readable after its
/// link has been given away.
#[derive(Debug, Clone, Default)]
pub struct Journal(Arc<Mutex<Records>>);

#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) probes: Vec<(Moment, Probe)>,
    pub(super) routers: BTreeMap<u16, RouterCounts>,
}

/// What a router did with probes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RouterCounts {
    /// Handed on.
    pub forwarded: u64,
    /// Due an answer: ended here, or refused.
    pub due: u64,
    /// Answered. The answer may have been lost on its way.
    pub answered: u64,
    /// Not answered because of a rate limit.
    pub limited: u64,
}

impl Journal {
    /// The probes that left, in order, and when.
    #[must_use]
    pub fn probes(&self) -> Vec<(Moment, Probe)> {
        self.records().probes.clone()
    }

    /// How many probes left.
    #[must_use]
    pub fn sent(&self) -> usize {
        self.records().probes.len()
    }

    /// What the router with this number did.
    #[must_use]
    pub fn router(&self, number: u16) -> RouterCounts {
        self.records().routers.get(&number).copied().unwrap_or_default()
    }

    pub(super) fn records(&self) -> MutexGuard<'_, Records> {
        // Nothing is left half done while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
