//! Traces and places as text: pure functions from values to strings.

pub(crate) mod budget;
pub(crate) mod changes;
pub(crate) mod columns;
pub(crate) mod config;
pub(crate) mod diff;
pub(crate) mod explain;
mod form;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod hops;
pub(crate) mod list;
pub(crate) mod lookup;
mod loss;
pub(crate) mod moves;
pub(crate) mod news;
pub(crate) mod notes;
pub(crate) mod place;
#[cfg(test)]
pub(crate) mod samples;
mod sequel;
pub(crate) mod sheet;
pub(crate) mod sources;
pub(crate) mod table;
pub(crate) mod tally;
pub(crate) mod units;

use std::time::Duration;

/// Milliseconds with three decimals, as traceroute prints them.
pub(crate) fn milliseconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64() * 1000.0)
}

/// The last 8 digits of an id: ids made within a minute begin alike.
pub(crate) fn short_id(id: trace_core::model::Uuid) -> String {
    let digits = id.simple().to_string();
    digits.get(digits.len().saturating_sub(8)..).unwrap_or(&digits).to_owned()
}
