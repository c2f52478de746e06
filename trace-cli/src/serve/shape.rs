//! Answers as they are written: the names and units that `openapi.json` describes.

use core::time::Duration;

use serde::Serialize;
use trace_core::model::{Mode, Outcome, Protocols};
use trace_store::{Buckets, Change, Column, Newest, Point, Standing, Summary};

use crate::clock;

/// A part of a list, and where it goes on.
#[derive(Debug, Serialize)]
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<String>,
}

/// A part of what changed.
#[derive(Debug, Serialize)]
pub(super) struct Changes {
    pub(super) items: Vec<Change>,
    pub(super) next: Option<String>,
    /// Whether all series were looked at as they are now.
    pub(super) complete: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Status<'a> {
    pub(super) version: &'static str,
    pub(super) source: &'static str,
    pub(super) allow_trace: bool,
    pub(super) csrf: Option<&'a str>,
    pub(super) now: String,
    pub(super) stale_after_s: u32,
    pub(super) store: StoreStatus,
}

#[derive(Debug, Serialize)]
pub(super) struct StoreStatus {
    pub(super) state: &'static str,
    pub(super) message: Option<String>,
    pub(super) traces: Option<u64>,
    pub(super) targets: Option<usize>,
    pub(super) newest: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Target {
    pub(super) key: String,
    pub(super) name: Option<String>,
    pub(super) address: Option<String>,
    pub(super) protocol: Option<&'static str>,
    pub(super) vantage: Option<String>,
    pub(super) traces: u64,
    pub(super) first: String,
    pub(super) last: Last,
    pub(super) status: &'static str,
    pub(super) era_since: Option<String>,
    /// `None`: it is being worked out.
    pub(super) changes_24h: Option<usize>,
    pub(super) changes_7d: Option<usize>,
    /// Milliseconds since 1970, and of the round trip.
    pub(super) sparkline: Vec<(i64, Option<f64>)>,
    pub(super) interval_s: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Last {
    pub(super) id: String,
    pub(super) started: String,
    pub(super) outcome: Option<&'static str>,
    pub(super) duration_ms: Option<f64>,
    pub(super) length: Option<u8>,
    pub(super) rtt_ms: Option<f64>,
    pub(super) loss: Option<f64>,
}

impl From<&Newest> for Last {
    fn from(newest: &Newest) -> Self {
        let loss = |(sent, lost): (u32, u32)| (sent > 0).then(|| round(f64::from(lost) / f64::from(sent)));
        Self {
            id: newest.id.to_string(),
            started: clock::rfc3339(newest.started),
            outcome: newest.outcome.map(Outcome::as_str),
            duration_ms: newest.duration.map(ms),
            length: newest.last_ttl.map(|ttl| ttl.get()),
            rtt_ms: newest.rtt.map(ms),
            loss: newest.probes.and_then(loss),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct Era {
    pub(super) path: String,
    pub(super) paths: u64,
    pub(super) first: String,
    pub(super) last: String,
    pub(super) traces: u64,
    pub(super) reached: u64,
    pub(super) length: Option<u8>,
    pub(super) rtt: Option<Rtt>,
    pub(super) trace: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Rtt {
    pub(super) min_ms: f64,
    pub(super) median_ms: f64,
    pub(super) p95_ms: f64,
}

impl From<&trace_store::Era> for Era {
    fn from(era: &trace_store::Era) -> Self {
        Self {
            path: path(era.path),
            paths: era.paths,
            first: clock::rfc3339(era.first),
            last: clock::rfc3339(era.last),
            traces: era.traces,
            reached: era.reached,
            length: era.last_ttl.map(|ttl| ttl.get()),
            rtt: era.rtt.map(|rtt| Rtt {
                min_ms: ms(rtt.min),
                median_ms: ms(rtt.median),
                p95_ms: ms(rtt.p95),
            }),
            trace: era.trace.to_string(),
        }
    }
}

/// A trace in a list.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    id: String,
    started: String,
    duration_ms: Option<f64>,
    outcome: Option<&'static str>,
    protocol: Option<&'static str>,
    mode: Option<&'static str>,
    vantage: Option<String>,
    name: Option<String>,
    address: Option<String>,
    length: Option<u8>,
    rtt_ms: Option<f64>,
    path: String,
    kind: &'static str,
}

impl From<&Summary> for Row {
    fn from(summary: &Summary) -> Self {
        let target = summary.target.as_ref();
        Self {
            id: summary.id.to_string(),
            started: clock::rfc3339(summary.started),
            duration_ms: summary.duration.map(ms),
            outcome: summary.outcome.map(Outcome::as_str),
            protocol: summary.protocol.map(Protocols::as_str),
            mode: summary.mode.map(Mode::as_str),
            vantage: summary.vantage.clone(),
            name: target.and_then(|target| target.name.clone()),
            address: target.map(|target| target.address.to_string()),
            length: summary.last_ttl.map(|ttl| ttl.get()),
            rtt_ms: summary.rtt.map(ms),
            path: path(summary.path),
            kind: summary.kind.as_str(),
        }
    }
}

/// A series in steps of time.
#[derive(Debug, Serialize)]
pub(super) struct Steps<'a> {
    pub(super) since: String,
    pub(super) until: String,
    pub(super) step_s: f64,
    pub(super) start: Vec<i64>,
    pub(super) traces: &'a [u32],
    pub(super) counted: &'a [u32],
    pub(super) hops: Vec<HopSteps<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct HopSteps<'a> {
    ttl: u8,
    address: Option<String>,
    sent: &'a [u32],
    answered: &'a [u32],
    min_ms: Vec<Option<f64>>,
    median_ms: Vec<Option<f64>>,
}

impl<'a> Steps<'a> {
    pub(super) fn of(buckets: &'a Buckets, window: &trace_store::Window) -> Self {
        let step = window.step();
        let starts = (0..window.steps).map(|n| window.since.saturating_add(step.saturating_mul(n.into())));
        let hop = |column: &'a Column| HopSteps {
            ttl: column.ttl.get(),
            address: column.address.map(|address| address.to_string()),
            sent: &column.sent,
            answered: &column.answered,
            min_ms: column.min.iter().map(|rtt| rtt.map(ms)).collect(),
            median_ms: column.median.iter().map(|rtt| rtt.map(ms)).collect(),
        };
        Self {
            since: clock::rfc3339(window.since),
            until: clock::rfc3339(window.until),
            step_s: step as f64 / 1e9,
            start: starts.map(|at| at.div_euclid(1_000_000)).collect(),
            traces: &buckets.traces,
            counted: &buckets.counted,
            hops: buckets.columns.iter().map(hop).collect(),
        }
    }
}

/// The hash of a path as digits.
fn path(hash: i64) -> String {
    format!("{hash:016x}")
}

/// A key as it stands in paths.
pub(super) fn key(key: u64) -> String {
    format!("{key:016x}")
}

/// The word for protocols.
pub(super) fn protocol(standing: &Standing) -> Option<&'static str> {
    standing.series.protocol.map(Protocols::as_str)
}

pub(super) fn spark(points: &[Point]) -> Vec<(i64, Option<f64>)> {
    points.iter().map(|point| (point.started.div_euclid(1_000_000), point.rtt.map(ms))).collect()
}

/// Milliseconds, to the microsecond.
pub(super) fn ms(span: Duration) -> f64 {
    round(span.as_secs_f64() * 1e3)
}

fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
