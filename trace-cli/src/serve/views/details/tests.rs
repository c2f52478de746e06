use std::collections::BTreeMap;

use axum::response::IntoResponse as _;
use serde_json::Value;
use tempfile::TempDir;
use trace_core::model::{
    Atlas, Hop, Mode, Outcome, ProbeRecord, ProbeResult, Protocol, Protocols, Reply, Settings, Target, Trace,
    TraceKind, Ttl,
};
use trace_store::Documents;

use super::*;
use crate::clock;
use crate::say::Voice;
use crate::serve::answer::Answer;
use crate::serve::settings::From;
use crate::serve::token::Token;
use crate::serve::views::{Changes, Dashboard, Targets};

/// The trace of this many minutes ago, to the target of this number.
fn trace(target: u8, minutes: u8) -> Trace {
    let started = clock::now() - i64::from(minutes) * 60_000_000_000;
    let address = [198, 51, 100, target].into();
    let mut reply = Reply::new(address);
    reply.rtt = Some(Duration::from_millis(7));
    let probe = ProbeRecord {
        protocol: Some(Protocol::Icmp),
        flow: Default::default(),
        round: 0,
        sent: Some(Duration::ZERO),
        off_flow: false,
        result: ProbeResult::Answered(Box::new(reply)),
    };
    Trace {
        id: trace_store::new_id(started, [target, minutes, 0, 0, 0, 0, 0, 0, 0, 0]),
        kind: TraceKind::Measured,
        vantage: None,
        target: Some(Target { name: None, address }),
        source: None,
        origin: None,
        protocol: Some(Protocols::One(Protocol::Icmp)),
        mode: Some(Mode::Raw),
        settings: Some(Settings::default()),
        started,
        duration: Some(Duration::from_millis(30)),
        outcome: Some(Outcome::Reached),
        outcome_detail: None,
        hops: vec![Hop { ttl: Ttl::new(1).unwrap(), probes: vec![probe] }],
    }
}

fn keep(directory: &TempDir, traces: &[Trace]) {
    let atlas = Atlas { places: BTreeMap::new(), consistency: None };
    let mut store = Store::open(directory.path()).unwrap();
    for trace in traces {
        store.put(trace, &atlas, Documents::Skip).unwrap();
    }
}

fn dashboard(directory: &TempDir) -> Dashboard {
    let from = From::Directory(directory.path().to_owned());
    Dashboard::new(Source::of(&from, Voice::new(false)).unwrap(), None, Token::random().unwrap())
}

/// What an answer says, and its tag.
fn read(answer: Answer) -> (Value, String) {
    let response = answer.into_response();
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    (serde_json::from_slice(&runtime.block_on(body).unwrap()).unwrap(), tag)
}

fn targets(dashboard: &Dashboard) -> (Value, String) {
    read(dashboard.targets(&Targets::default()).unwrap())
}

fn changes(dashboard: &Dashboard) -> Value {
    read(dashboard.changes(&Changes::default()).unwrap()).0
}

/// Asks until nothing is being worked out any more, for a minute at most.
fn completed(dashboard: &Dashboard) -> (Value, String) {
    for _ in 0..600 {
        if changes(dashboard)["complete"] == true {
            let known = targets(dashboard);
            let details = &dashboard.details;
            let gone = details.told.wait_timeout_while(details.lock(), GRACE * 100, |state| state.works);
            assert!(!gone.unwrap().0.works, "the thread leaves when nothing is left to do");
            return known;
        }
    }
    panic!("it is never complete");
}

#[test]
fn targets_are_told_before_their_details_are_known() {
    let directory = TempDir::new().unwrap();
    keep(&directory, &[trace(1, 3), trace(1, 2), trace(2, 1)]);
    let dashboard = dashboard(&directory);
    // The thread is as good as there, and does not come to these series.
    dashboard.details.lock().works = true;
    let (before, tag) = targets(&dashboard);
    assert_eq!(before["items"].as_array().map(Vec::len), Some(2));
    for target in before["items"].as_array().unwrap() {
        assert_eq!((&target["status"], &target["last"]["rtt_ms"]), (&"reached".into(), &7.0.into()));
        assert_ne!(target["sparkline"], Value::Array(Vec::new()));
        for unknown in ["changes_24h", "changes_7d", "era_since"] {
            assert_eq!(target[unknown], Value::Null, "{unknown}");
        }
    }
    assert_eq!(changes(&dashboard)["complete"], false);
    assert_eq!(dashboard.details.lock().queue.len(), 2, "each stands in line once");

    dashboard.details.lock().works = false;
    let (after, other) = completed(&dashboard);
    for target in after["items"].as_array().unwrap() {
        assert_eq!((&target["changes_24h"], &target["changes_7d"]), (&0.into(), &0.into()));
        assert!(target["era_since"].is_string(), "{target}");
    }
    assert_ne!(tag, other, "who has the answer of before gets this one");
}

#[test]
fn new_traces_are_looked_at_and_what_was_known_stays_meanwhile() {
    let directory = TempDir::new().unwrap();
    keep(&directory, &[trace(1, 3)]);
    let dashboard = dashboard(&directory);
    completed(&dashboard);
    keep(&directory, &[trace(1, 2)]);
    dashboard.details.lock().works = true;
    let (meanwhile, _) = targets(&dashboard);
    assert_eq!(
        (&meanwhile["items"][0]["traces"], &meanwhile["items"][0]["changes_7d"]),
        (&2.into(), &0.into())
    );
    assert_eq!(changes(&dashboard)["complete"], false);
    dashboard.details.lock().works = false;
    completed(&dashboard);
}

#[test]
fn another_database_in_its_place_is_worked_out_anew() {
    let (directory, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    keep(&directory, &[trace(1, 3)]);
    keep(&other, &[trace(1, 2)]);
    let dashboard = dashboard(&directory);
    completed(&dashboard);
    // As many traces to the same target: only the file tells that it is another one.
    std::fs::rename(other.path().join(Store::FILE), directory.path().join(Store::FILE)).unwrap();
    dashboard.details.lock().works = true;
    let (anew, _) = targets(&dashboard);
    assert_eq!(anew["items"][0]["changes_7d"], Value::Null);
    dashboard.details.lock().works = false;
    completed(&dashboard);
}

#[test]
fn after_the_end_nothing_is_worked_out() {
    let directory = TempDir::new().unwrap();
    keep(&directory, &[trace(1, 3)]);
    let dashboard = dashboard(&directory);
    dashboard.end();
    let (ended, _) = targets(&dashboard);
    assert_eq!(ended["items"][0]["changes_24h"], Value::Null);
    assert!(dashboard.details.lock().queue.is_empty() && !dashboard.details.lock().works);
}
