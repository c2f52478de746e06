//! What is answered: each question as a function that may wait for the database.

mod changes;
mod details;
mod list;
mod scenes;
mod targets;
mod traces;

pub(super) use self::changes::Changes;
pub(super) use self::list::Traces;
pub(super) use self::targets::{Span, Targets};
pub(super) use self::traces::{Eras, Look, Many, Two};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::Semaphore;
use trace_store::Error;

use self::changes::Spans;
use self::details::Details;
use self::scenes::Scenes;
use self::targets::Glance;
use super::answer::Answer;
use super::live::{Live, Wanted};
use super::memo::Memo;
use super::metrics::Metrics;
use super::problem::Problem;
use super::shape::{Page, Status, StoreStatus};
use super::source::Source;
use super::token::Token;
use crate::clock;

/// A trace that is older than this is stale where it is not known how often the target is traced.
pub(super) const STALE_AFTER_S: u32 = 86_400;
/// Questions that wait for a reader of the database. More of them would only grow old.
const WAITING: usize = 64;

/// What all answers are made of.
#[derive(Debug)]
pub(crate) struct Dashboard {
    source: Arc<Source>,
    /// What starts traces, if that is allowed.
    live: Option<Live>,
    csrf: Token,
    memo: Memo,
    scenes: Scenes,
    spans: Mutex<Spans>,
    glances: Mutex<HashMap<u64, Arc<Glance>>>,
    details: Arc<Details>,
    /// Pictures take memory: one is drawn at a time.
    drawing: Mutex<()>,
    /// How the store was when that was logged last.
    logged: Mutex<&'static str>,
    waiting: Arc<Semaphore>,
}

impl Dashboard {
    pub(crate) fn new(source: Source, live: Option<Live>, csrf: Token) -> Self {
        let source = Arc::new(source);
        Self {
            details: Details::new(Arc::clone(&source)),
            source,
            live,
            csrf,
            memo: Memo::default(),
            scenes: Scenes::default(),
            spans: Mutex::default(),
            glances: Mutex::default(),
            drawing: Mutex::default(),
            logged: Mutex::new(OK),
            waiting: Arc::new(Semaphore::new(WAITING)),
        }
    }

    /// Answers on a thread that may wait.
    pub(crate) async fn answer(
        self: Arc<Self>,
        question: impl FnOnce(&Self) -> Result<Answer, Problem> + Send + 'static,
    ) -> Result<Answer, Problem> {
        let Ok(place) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return Err(Problem::busy("too many questions at once; ask again in a moment"));
        };
        let work = move || {
            let answer = question(&self);
            drop(place);
            answer
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|_| Problem::broken("the answer could not be made; that is a fault of this program"))?
    }

    /// What starts traces.
    pub(crate) fn live(&self) -> Result<&Live, Problem> {
        let off = "traces are not started from here; `trace-cli serve --allow-trace` allows that";
        self.live.as_ref().ok_or_else(|| Problem::new(StatusCode::FORBIDDEN, off))
    }

    pub(crate) fn runs(&self) -> Result<Answer, Problem> {
        let items = self.live.as_ref().map(Live::rows).unwrap_or_default();
        Answer::json(&Page { items, next: None })
    }

    pub(crate) fn start(&self, wanted: &Wanted) -> Result<Answer, Problem> {
        let id = self.live()?.start(wanted)?;
        Answer::json(&serde_json::json!({ "id": id }))
    }

    /// Everything is to end: traces under way are kept as far as they are.
    pub(crate) fn end(&self) {
        self.details.end();
        self.live.iter().for_each(Live::end);
    }

    /// Waits for what [`Dashboard::end`] ended.
    pub(crate) fn wait(&self, limit: Duration) {
        self.live.iter().for_each(|live| live.wait(limit));
    }

    /// The numbers for Prometheus.
    pub(crate) fn numbers(&self, metrics: &Metrics) -> Answer {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let counted = self.source.survey(|overview, _| {
            Ok((i64::try_from(overview.traces()).unwrap_or(i64::MAX), count(overview.standings().len())))
        });
        let gauges = &metrics.store;
        gauges.up.set(i64::from(counted.is_ok()));
        if let Ok((traces, targets)) = counted {
            gauges.traces.set(traces);
            gauges.targets.set(targets);
        }
        gauges.running.set(self.live.as_ref().map_or(0, |live| count(live.running())));
        Answer::new("application/openmetrics-text; version=1.0.0; charset=utf-8", metrics.text())
    }

    /// Logs when the store cannot be read any more, and when it can again.
    fn log(&self, store: &StoreStatus) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if *logged == store.state {
            return;
        }
        *logged = store.state;
        match &store.message {
            Some(message) => tracing::warn!(state = store.state, "the traces cannot be read: {message}"),
            None => tracing::info!("the traces can be read again"),
        }
    }

    pub(crate) fn status(&self) -> Result<Answer, Problem> {
        let looked = self.source.survey(|overview, _| {
            let newest = overview.standings().iter().map(|standing| standing.last).max();
            Ok((overview.traces(), overview.standings().len(), newest))
        });
        let store = match looked {
            Ok((traces, targets, newest)) => StoreStatus {
                state: OK,
                message: None,
                traces: Some(traces),
                targets: Some(targets),
                newest: newest.map(clock::rfc3339),
            },
            Err(error) => StoreStatus {
                state: state(&error),
                message: Some(error.to_string()),
                traces: None,
                targets: None,
                newest: None,
            },
        };
        self.log(&store);
        Answer::json(&Status {
            version: env!("CARGO_PKG_VERSION"),
            source: if self.source.is_file() { "csv" } else { "store" },
            allow_trace: self.live.is_some(),
            csrf: self.live.is_some().then(|| self.csrf.secret()),
            now: clock::rfc3339(clock::now()),
            stale_after_s: STALE_AFTER_S,
            store,
        })
    }
}

/// A store that can be read.
const OK: &str = "ok";

/// What is wrong with a store, in a word.
const fn state(error: &Error) -> &'static str {
    match error {
        Error::Missing { .. } | Error::Empty { .. } => "missing",
        Error::Damaged { .. }
        | Error::NotADatabase { .. }
        | Error::Foreign { .. }
        | Error::OldScripts { .. } => "damaged",
        Error::Newer { .. } => "newer",
        Error::Older { .. } => "older",
        Error::Locked { .. } => "locked",
        _ => "unreadable",
    }
}
