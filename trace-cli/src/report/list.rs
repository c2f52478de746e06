//! Lists of traces.

use serde::Serialize;
use trace_core::model::Outcome;
use trace_store::Summary;

use super::{form, short_id};
use crate::args::Format;
use crate::clock;
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};

/// A trace in a list, as programs read it. The names are those of the document.
#[derive(Debug, Serialize)]
struct Row {
    id: String,
    kind: &'static str,
    vantage: Option<String>,
    target: Option<String>,
    address: Option<String>,
    protocol: Option<&'static str>,
    mode: Option<&'static str>,
    started: String,
    duration_ms: Option<f64>,
    outcome: Option<&'static str>,
    last_ttl: Option<u8>,
    path: String,
}

impl Row {
    fn of(summary: &Summary) -> Self {
        let target = summary.target.as_ref();
        Self {
            id: summary.id.to_string(),
            kind: summary.kind.as_str(),
            vantage: summary.vantage.clone(),
            target: target.and_then(|target| target.name.clone()),
            address: target.map(|target| target.address.to_string()),
            protocol: summary.protocol.map(|protocol| protocol.as_str()),
            mode: summary.mode.map(|mode| mode.as_str()),
            started: clock::rfc3339(summary.started),
            duration_ms: summary.duration.map(|duration| duration.as_nanos() as f64 / 1e6),
            outcome: summary.outcome.map(|outcome| outcome.as_str()),
            last_ttl: summary.last_ttl.map(|ttl| ttl.get()),
            path: path(summary.path),
        }
    }
}

/// The hash of a path as digits: equal for equal paths.
pub(super) fn path(hash: i64) -> String {
    format!("{hash:016x}")
}

/// Traces in a list, in any form.
pub(crate) fn summaries(summaries: &[Summary], format: Format, paint: Paint) -> anyhow::Result<String> {
    form::rows(format, summaries.iter().map(Row::of), || table(summaries, paint))
}

fn table(summaries: &[Summary], paint: Paint) -> String {
    let mut grid = Grid::new([
        ("Trace", Side::Left),
        ("Started", Side::Left),
        ("Target", Side::Left),
        ("Protocol", Side::Left),
        ("Mode", Side::Left),
        ("Outcome", Side::Left),
        ("Hops", Side::Right),
        ("Took s", Side::Right),
        ("Path", Side::Left),
        ("Vantage", Side::Left),
    ]);
    for summary in summaries {
        let text = |value: Option<&str>| Cell::new(value.map(escape).unwrap_or_default());
        let ink = if summary.outcome == Some(Outcome::Reached) { Ink::Good } else { Ink::Warning };
        let target = summary.target.as_ref().map(ToString::to_string);
        grid.push([
            Cell::new(short_id(summary.id)),
            Cell::new(clock::instant(summary.started)),
            text(target.as_deref()),
            text(summary.protocol.map(|protocol| protocol.as_str())),
            text(summary.mode.map(|mode| mode.as_str())),
            Cell::inked(ink, summary.outcome.map(|outcome| outcome.as_str()).unwrap_or_default()),
            Cell::new(summary.last_ttl.map(|ttl| ttl.to_string()).unwrap_or_default()),
            Cell::new(summary.duration.map(|took| format!("{:.3}", took.as_secs_f64())).unwrap_or_default()),
            Cell::inked(Ink::Faint, path(summary.path).get(..8).unwrap_or_default()),
            text(summary.vantage.as_deref()),
        ]);
    }
    if grid.is_empty() { "no traces\n".to_owned() } else { grid.render(paint) }
}

#[cfg(test)]
mod tests;
