//! One trace that the page started, and everything that was told of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;
use trace_core::model::{Atlas, Outcome, Trace};
use trace_store::document;

use super::Row;
use crate::clock;
use crate::interrupt::Interrupt;
use crate::say::Voice;
use crate::settings::TraceSettings;
use crate::verb::trace::observe::{self, Observed, Sight};

/// Events of one trace that are remembered; further ones are not told.
const EVENTS: usize = 4096;

/// Something that happened.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    /// JSON on one line.
    pub(crate) data: String,
}

/// A trace that was started.
#[derive(Debug)]
pub(crate) struct Run {
    id: String,
    host: String,
    started: i64,
    interrupt: Interrupt,
    told: Mutex<Told>,
    /// How many events there are.
    news: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Told {
    events: Vec<Event>,
    /// Each hop as it was told last.
    hops: Vec<Value>,
    over: bool,
    observed: Option<Observed>,
}

impl Run {
    pub(super) fn new(id: String, host: String, started: i64) -> Self {
        let (news, _) = watch::channel(0);
        Self { id, host, started, interrupt: Interrupt::default(), told: Mutex::default(), news }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Whether it is over, and the last event told.
    pub(crate) fn is_over(&self) -> bool {
        self.told().over
    }

    /// Ends it; what is measured is kept.
    pub(crate) fn cancel(&self) {
        self.interrupt.ask();
    }

    /// Tells when there are more events.
    pub(crate) fn news(&self) -> watch::Receiver<usize> {
        self.news.subscribe()
    }

    /// The events behind the first `from`, and whether there will be no more.
    pub(crate) fn events(&self, from: usize) -> (Vec<Event>, bool) {
        let told = self.told();
        (told.events.get(from..).unwrap_or_default().to_vec(), told.over)
    }

    pub(super) fn row(&self) -> Row {
        let told = self.told();
        Row {
            id: self.id.clone(),
            host: self.host.clone(),
            started: clock::rfc3339(self.started),
            state: if told.over { "done" } else { "running" },
            trace: told.observed.filter(|observed| observed.kept).map(|observed| observed.id.to_string()),
            outcome: told.observed.and_then(|observed| observed.outcome).map(Outcome::as_str),
        }
    }

    /// Makes the trace, on this thread.
    pub(super) fn make(&self, settings: &TraceSettings, voice: Voice) {
        // Whatever becomes of the trace: it ends, and whoever watches is told.
        let _end = End(self);
        match observe::run(settings, &self.interrupt, voice, &|sight| self.see(sight)) {
            Ok(observed) => self.told().observed = Some(observed),
            Err(failure) => {
                let text = failure.to_string();
                voice.warn(&text);
                self.say("trouble", &json!({ "detail": text }));
            }
        }
    }

    fn see(&self, sight: Sight<'_>) {
        match sight {
            Sight::Begin(draft) => {
                let draft = document_of(draft, &Atlas::default());
                let part = |name: &str| draft.get(name).cloned().unwrap_or_default();
                let begin = json!({
                    "id": part("id"), "target": part("target"), "protocol": part("protocol"), "mode": part("mode"),
                    "settings": part("settings"),
                });
                self.say("begin", &begin);
            }
            Sight::Draft(draft) => self.hops(draft),
            Sight::Places(atlas) => self.places(&atlas),
            Sight::Trouble(detail) => self.say("trouble", &json!({ "detail": detail })),
        }
    }

    /// Tells the hops that are not as they were told last.
    fn hops(&self, draft: &Trace) {
        let document = document_of(draft, &Atlas::default());
        let hops = document.get("hops").and_then(Value::as_array).cloned().unwrap_or_default();
        for (place, hop) in hops.into_iter().enumerate() {
            let known = self.told().hops.get(place).is_some_and(|known| *known == hop);
            if known {
                continue;
            }
            self.say("hop", &hop);
            let mut told = self.told();
            if place >= told.hops.len() {
                told.hops.resize(place + 1, Value::Null);
            }
            if let Some(known) = told.hops.get_mut(place) {
                *known = hop;
            }
        }
    }

    fn places(&self, atlas: &Atlas) {
        let empty = Trace {
            id: trace_core::model::Uuid::nil(),
            kind: trace_core::model::TraceKind::Measured,
            vantage: None,
            target: None,
            source: None,
            origin: None,
            protocol: None,
            mode: None,
            settings: None,
            started: 0,
            duration: None,
            outcome: None,
            outcome_detail: None,
            hops: Vec::new(),
        };
        let document = document_of(&empty, atlas);
        for (address, place) in document.get("places").and_then(Value::as_object).into_iter().flatten() {
            self.say("place", &json!({ "address": address, "place": place }));
        }
    }

    fn say(&self, kind: &'static str, data: &Value) {
        let mut told = self.told();
        if told.events.len() < EVENTS || kind == "end" {
            told.events.push(Event { kind, data: data.to_string() });
        }
        let count = told.events.len();
        drop(told);
        self.news.send_replace(count);
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the end when it is dropped, also by a panic.
struct End<'a>(&'a Run);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let observed = self.0.told().observed;
        let trace = observed.filter(|observed| observed.kept).map(|observed| observed.id.to_string());
        let outcome = observed.and_then(|observed| observed.outcome).map(Outcome::as_str);
        self.0.say("end", &json!({ "trace": trace, "outcome": outcome }));
        let mut told = self.0.told();
        told.over = true;
        told.hops = Vec::new();
        let count = told.events.len();
        drop(told);
        self.0.news.send_replace(count);
    }
}

/// A trace in the words of its document.
fn document_of(trace: &Trace, atlas: &Atlas) -> Value {
    serde_json::from_str(&document::write_line(trace, atlas)).unwrap_or_default()
}
