//! Traces that the page starts: a few at a time, each with its events, which anybody may read from anywhere in their
//! order while it is made and for a while after.

mod events;
mod run;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{ffi::OsString, thread};

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

pub(super) use self::events::stream;
pub(super) use self::run::Run;
use super::guard::Pace;
use super::problem::Problem;
use super::token::Token;
use crate::args::Verb;
use crate::clock;
use crate::config::{Config, Given, Typed};
use crate::exit::{Exit, Failure, Result};
use crate::say::Voice;
use crate::settings::TraceSettings;

/// Traces under way at once.
const AT_ONCE: usize = 4;
/// Traces that are remembered with their events, those under way among them.
const REMEMBERED: usize = 32;
/// Traces started a second in the long run, and at once.
const STARTS: (f64, f64) = (0.5, 8.0);
/// The longest host that is looked at: a name has up to 253 letters (RFC 1035), a zone a few more.
const LONGEST_HOST: usize = 280;
/// How often it is looked whether the last ones have ended.
const PAUSE: Duration = Duration::from_millis(20);

/// What the page asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    host: String,
    protocol: Option<String>,
    queries: Option<u8>,
}

/// What is told of a trace that was started.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(super) id: String,
    pub(super) host: String,
    pub(super) started: String,
    pub(super) state: &'static str,
    pub(super) trace: Option<String>,
    pub(super) outcome: Option<&'static str>,
}

/// Starts traces and remembers them.
#[derive(Debug)]
pub(crate) struct Live {
    config: Config,
    data_dir: OsString,
    voice: Voice,
    pace: Pace,
    runs: Mutex<VecDeque<Arc<Run>>>,
    ending: AtomicBool,
}

impl Live {
    /// Traces are kept in this data directory and made as the config file says.
    pub(super) fn new(config: Config, data_dir: OsString, voice: Voice) -> Self {
        Self {
            config,
            data_dir,
            voice,
            pace: Pace::new(STARTS),
            runs: Mutex::default(),
            ending: AtomicBool::new(false),
        }
    }

    /// The files that places are looked up in.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let wanted = Wanted { host: "localhost".to_owned(), protocol: None, queries: None };
        let sources = self.settings(&wanted).ok().and_then(|settings| settings.sources).unwrap_or_default();
        [sources.places, sources.mmdb, sources.ix, sources.hints].concat()
    }

    /// What was meant, by the same rules as if it had been typed.
    pub(super) fn settings(&self, wanted: &Wanted) -> Result<TraceSettings> {
        let senseless = |cause: String| Failure::new(Exit::Senseless, anyhow::anyhow!(cause));
        let mut line: Vec<OsString> = ["trace-cli", "--data-dir"].map(OsString::from).into();
        line.push(self.data_dir.clone());
        line.push("trace".into());
        if let Some(protocol) = &wanted.protocol {
            line.push(format!("--protocol={protocol}").into());
        }
        if let Some(queries) = wanted.queries {
            line.push(format!("--queries={queries}").into());
        }
        line.extend(["--", &wanted.host].map(OsString::from));
        let typed = Typed::read(line).map_err(|error| senseless(words(&error)))?;
        let given = Given { typed, config: self.config.clone() };
        let arguments = given.arguments().map_err(|error| senseless(words(&error)))?;
        let Verb::Trace(typed) = arguments.verb else {
            return Err(senseless("that is no trace".to_owned()));
        };
        let settings = TraceSettings::of(*typed, arguments.global.data_dir)?;
        if let Some(broken) = settings.targets.broken.first() {
            return Err(senseless(broken.clone()));
        }
        if !settings.is_single() || settings.is_endless() {
            return Err(senseless("one host, and rounds that end, can be traced from the page".to_owned()));
        }
        Ok(settings)
    }

    /// Starts a trace.
    pub(super) fn start(&self, wanted: &Wanted) -> std::result::Result<String, Problem> {
        // No name of a host begins with a hyphen (RFC 1123, section 2.1).
        let host =
            !wanted.host.is_empty() && wanted.host.len() <= LONGEST_HOST && !wanted.host.starts_with('-');
        if !host || wanted.queries.is_some_and(|queries| !(1..=10).contains(&queries)) {
            return Err(Problem::senseless("the name or address of a host, and 1 to 10 queries, are needed"));
        }
        let settings = self.settings(wanted).map_err(|failure| Problem::senseless(failure.to_string()))?;
        let id = Token::random().map_err(|failure| Problem::broken(failure.to_string()))?;
        let mut runs = self.runs();
        if self.ending.load(Ordering::Relaxed) {
            return Err(Problem::busy("this server is ending"));
        }
        let enough = |detail: String| Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, detail));
        if runs.iter().filter(|run| !run.is_over()).count() >= AT_ONCE {
            return enough(format!("{AT_ONCE} traces at once are enough; wait until one has ended"));
        }
        if !self.pace.may_pass() {
            return enough("traces are started too fast; start this one in a moment".to_owned());
        }
        let run = Arc::new(Run::new(id.secret().to_owned(), wanted.host.clone(), clock::now()));
        let (this, voice) = (Arc::clone(&run), self.voice);
        thread::Builder::new()
            .name("live".to_owned())
            .spawn(move || this.make(&settings, voice))
            .map_err(|error| Problem::busy(format!("no thread could be started: {error}")))?;
        while runs.len() >= REMEMBERED {
            // Those under way are fewer: one that is over is among the others.
            match runs.iter().position(|run| run.is_over()) {
                Some(oldest) => drop(runs.remove(oldest)),
                None => break,
            }
        }
        runs.push_back(run);
        Ok(id.secret().to_owned())
    }

    /// The traces that are remembered, the newest first.
    pub(super) fn rows(&self) -> Vec<Row> {
        self.runs().iter().rev().map(|run| run.row()).collect()
    }

    /// How many are under way.
    pub(super) fn running(&self) -> usize {
        self.runs().iter().filter(|run| !run.is_over()).count()
    }

    /// One of them.
    pub(super) fn find(&self, id: &str) -> std::result::Result<Arc<Run>, Problem> {
        let found = self.runs().iter().find(|run| run.id() == id).cloned();
        found
            .ok_or_else(|| Problem::missing("no trace that was started here has this id, or it was long ago"))
    }

    /// Ends those under way; what they have measured is kept.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
        for run in self.runs().iter() {
            run.cancel();
        }
    }

    /// Waits until all are kept, for so long at most.
    pub(super) fn wait(&self, limit: Duration) {
        let mut waited = Duration::ZERO;
        while self.running() > 0 && waited < limit {
            thread::park_timeout(PAUSE);
            waited += PAUSE;
        }
    }

    fn runs(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Run>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What clap says, without what is for a terminal.
fn words(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    first.trim_start_matches("error: ").to_owned()
}
