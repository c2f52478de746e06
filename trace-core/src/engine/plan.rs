use core::time::Duration;

use super::rule::Rules;
use crate::model::{Settings, Ttl};

/// What of the settings decides about probes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) queries: u8,
    pub(super) first_ttl: Ttl,
    pub(super) max_ttl: Ttl,
    /// `u32::MAX` is for ever.
    pub(super) rounds: u32,
    pub(super) interval: Duration,
    pub(super) wait: Duration,
    pub(super) gap: usize,
    /// How many rows there can be: row 0 is the first TTL.
    pub(super) most_rows: usize,
    pub(super) rules: Rules,
}

impl Plan {
    pub(super) fn of(settings: &Settings, rules: Rules) -> Self {
        let plan = Self {
            queries: settings.queries.max(1),
            first_ttl: settings.first_ttl,
            max_ttl: settings.max_ttl,
            rounds: settings.rounds.max(1),
            interval: settings.interval,
            wait: settings.wait,
            gap: usize::from(settings.gap.max(1)),
            most_rows: 0,
            rules,
        };
        Self { most_rows: plan.rows_to(settings.max_ttl), ..plan }
    }

    /// How many rows there are up to this TTL.
    pub(super) fn rows_to(&self, ttl: Ttl) -> usize {
        (usize::from(ttl.get()) + 1).saturating_sub(usize::from(self.first_ttl.get()))
    }

    /// The TTL of a row.
    pub(super) fn ttl(&self, row: usize) -> Ttl {
        self.first_ttl.saturating_add(u8::try_from(row).unwrap_or(u8::MAX))
    }

    /// The row of a TTL.
    pub(super) fn row(&self, ttl: Ttl) -> Option<usize> {
        usize::from(ttl.get()).checked_sub(usize::from(self.first_ttl.get()))
    }
}
