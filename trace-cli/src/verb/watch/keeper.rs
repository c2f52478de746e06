//! The thread that places what was measured and keeps it. Nothing that it waits for holds tracing up.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use trace_core::model::Trace;
use trace_geo::Chain;
use trace_store::{Documents, Store};

use super::backlog::Backlog;
use super::judge::Judge;
use super::notice::Notice;
use super::pruner::Pruner;
use super::runner::Runner;
use super::seat::Ticket;
use crate::names::Names;
use crate::places::addresses;
use crate::say::Voice;
use crate::settings::How;
use crate::{places, sources};

/// How long a trace waits for host names.
const PATIENCE: Duration = Duration::from_millis(1200);
/// How long a trace waits for others to be stored with.
const TOGETHER: Duration = Duration::from_secs(1);
/// How often it is looked whether names have come.
const TURN: Duration = Duration::from_millis(20);
/// How long another program's lock is waited for at once.
const LOCK: Duration = Duration::from_millis(200);
/// How soon a database that took nothing is tried again, and how late at most: what waits in memory meanwhile is lost if
/// the program is killed.
const AGAIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(5));
/// How often it is told that it takes nothing.
const REMINDER: Duration = Duration::from_secs(300);
/// How long everything has at the end.
const END: Duration = Duration::from_millis(1500);
/// How often what was freed is given back to the system.
const TRIM: Duration = Duration::from_secs(60);
/// How long nothing happens at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What the keeper is given.
pub(super) enum Work {
    /// A finished trace, and whose it is.
    Trace(Ticket, Arc<How>, Box<Trace>),
    /// From now on this holds.
    Terms(Box<Terms>),
    /// Nothing more comes.
    End,
}

/// What holds for all traces.
pub(super) struct Terms {
    /// `None` where places are not wanted.
    pub(super) chain: Option<Chain>,
    /// Whether host names are looked up.
    pub(super) names: bool,
    pub(super) documents: Documents,
    /// Traces older than this go.
    pub(super) keep: Option<Duration>,
}

/// Places and keeps.
pub(super) struct Keeper {
    data_dir: PathBuf,
    voice: Voice,
    terms: Terms,
    names: Option<Names>,
    /// Measured; their host names are being looked up.
    waiting: VecDeque<(Instant, Ticket, Arc<How>, Trace)>,
    backlog: Backlog<(Ticket, Arc<How>)>,
    store: Option<Store>,
    /// When the first trace of the backlog came to it.
    since: Option<Instant>,
    /// When the database is tried again, and how long that is put off then.
    again: Option<(Instant, Duration)>,
    /// When it was last told that the database takes nothing.
    told: Option<Instant>,
    pruner: Pruner,
    notices: Sender<Notice>,
    judge: Judge,
    /// There is no room for more traces.
    full: Arc<AtomicBool>,
    /// When memory was last given back.
    trimmed: Instant,
}

impl Keeper {
    /// `store` is `None` where the database is locked.
    pub(super) fn new(
        data_dir: &Path,
        store: Option<Store>,
        terms: Terms,
        runner: Runner,
        notices: Sender<Notice>,
        full: Arc<AtomicBool>,
        voice: Voice,
    ) -> anyhow::Result<Self> {
        let mut keeper = Self {
            data_dir: data_dir.to_owned(),
            voice,
            names: terms.names.then(Names::start),
            terms,
            waiting: VecDeque::new(),
            backlog: Backlog::new(data_dir),
            store,
            since: None,
            again: None,
            told: None,
            pruner: Pruner::start(data_dir.to_owned())?,
            judge: Judge::start(data_dir, runner, notices.clone())?,
            notices,
            full,
            trimmed: now(),
        };
        keeper.bring_back();
        keeper.pruner.keep(keeper.terms.keep);
        Ok(keeper)
    }

    /// Works until there is no more.
    pub(super) fn run(mut self, work: &Receiver<Work>) {
        loop {
            match work.recv_timeout(self.pause()) {
                Ok(Work::Trace(ticket, how, trace)) => {
                    if let Some(names) = &mut self.names {
                        names.ask(addresses(&trace));
                    }
                    self.waiting.push_back((now() + PATIENCE, ticket, how, *trace));
                }
                Ok(Work::Terms(terms)) => {
                    self.names =
                        if terms.names { self.names.take().or_else(|| Some(Names::start())) } else { None };
                    self.terms = *terms;
                    self.pruner.keep(self.terms.keep);
                    self.judge.reread();
                }
                Ok(Work::End) | Err(RecvTimeoutError::Disconnected) => return self.end(),
                Err(RecvTimeoutError::Timeout) => {}
            }
            while self.place(false) {}
            self.keep_due();
            if self.trimmed.elapsed() >= TRIM {
                trace_core::sys::give_back_memory();
                self.trimmed = now();
            }
        }
    }

    /// How long there is nothing to do unless more comes.
    fn pause(&self) -> Duration {
        if self.names.is_some() && !self.waiting.is_empty() {
            return TURN;
        }
        let at = self.again.map(|(at, _)| at).or_else(|| self.since.map(|since| since + TOGETHER));
        at.map_or(LONGEST_PAUSE, |at| at.saturating_duration_since(now()))
    }

    /// Places the oldest trace, if its names are known, or have been waited for long enough.
    fn place(&mut self, in_haste: bool) -> bool {
        let Some((until, _, _, trace)) = self.waiting.front() else { return false };
        let complete = self.names.as_mut().is_none_or(|names| {
            names.take_in();
            names.knows(addresses(trace))
        });
        if !complete && !in_haste && now() < *until {
            return false;
        }
        let Some((_, ticket, how, mut trace)) = self.waiting.pop_front() else { return false };
        let name = |address| Some((address, self.names.as_ref()?.of(address)?.to_owned()));
        let names = addresses(&trace).into_iter().filter_map(name).collect();
        let chain = self.terms.chain.as_ref();
        trace.origin = chain.map_or(trace.origin, |chain| places::origin(chain, &trace));
        let atlas = places::locate(chain, &trace, &names);
        if let Some(chain) = chain {
            sources::tell(chain, self.voice);
        }
        self.backlog.push(((ticket, how), trace, atlas));
        self.since.get_or_insert_with(now);
        true
    }

    /// Stores what is there, if it is time for that.
    fn keep_due(&mut self) {
        let now = now();
        let due = match self.again {
            Some((at, _)) => now >= at,
            None => self.since.is_some_and(|since| now >= since + TOGETHER),
        };
        if !due && self.backlog.len() < super::backlog::MOST {
            return;
        }
        if let Err(error) = self.keep() {
            // A lock is held for a moment, whatever was the matter before it.
            let wait = match (self.again, &error) {
                (None, _) | (_, trace_store::Error::Locked { .. }) => AGAIN.0,
                (Some((_, wait)), _) => (wait * 2).min(AGAIN.1),
            };
            self.again = Some((now + wait, wait));
            self.tell_refusal(&error);
            self.relieve();
        }
    }

    /// Stores everything that is there.
    fn keep(&mut self) -> Result<(), trace_store::Error> {
        while self.backlog.len() > 0 {
            self.store_some()?;
            if let Some(refused) = self.told.take() {
                tracing::info!(seconds = refused.elapsed().as_secs(), "the database takes traces again");
            }
            if self.again.take().is_some() {
                self.bring_back();
            }
            self.full.store(false, Ordering::Relaxed);
        }
        self.since = None;
        Ok(())
    }

    fn store_some(&mut self) -> Result<(), trace_store::Error> {
        let documents = self.terms.documents;
        let store = match &mut self.store {
            Some(store) => store,
            none => none.insert(super::open(&self.data_dir, LOCK)?),
        };
        for ((ticket, how), trace) in self.backlog.store(store, documents)? {
            self.judge.judge(ticket, how, trace.id);
        }
        Ok(())
    }

    fn tell_refusal(&mut self, error: &trace_store::Error) {
        let now = now();
        if self.told.is_none_or(|told| now >= told + REMINDER) {
            tracing::warn!(waiting = self.backlog.len(), "traces wait for the database: {error}");
            self.told = Some(now);
        }
        // Whatever happened to the file, the next attempt opens it anew.
        if !matches!(error, trace_store::Error::Locked { .. }) {
            self.store = None;
        }
    }

    /// Makes room in memory.
    fn relieve(&mut self) {
        match self.backlog.relieve() {
            Ok(None) => {}
            Ok(Some((path, number))) => {
                tracing::warn!(
                    traces = number,
                    "traces are saved in {}, and brought back from there later",
                    path.display()
                );
            }
            Err(error) => {
                if !self.full.swap(true, Ordering::Relaxed) {
                    tracing::error!(
                        waiting = self.backlog.len(),
                        "there is no room for more traces, and none are made until there is: {error:#}"
                    );
                }
            }
        }
    }

    fn bring_back(&mut self) {
        let Some(store) = &mut self.store else { return };
        match self.backlog.bring_back(store, self.terms.documents) {
            Ok(0) => {}
            Ok(number) => tracing::info!(traces = number, "saved traces are in the database now"),
            Err(error) => tracing::warn!("saved traces are not brought back yet: {error:#}"),
        }
    }

    /// Keeps everything, wherever it can be kept.
    fn end(mut self) {
        let end = now() + END;
        while self.place(true) {}
        // Who has locked it may let go; anything else stays as it is.
        while let Err(error) = self.keep() {
            if !matches!(error, trace_store::Error::Locked { .. }) || now() >= end {
                break;
            }
        }
        let waiting = self.backlog.len();
        let all = match self.backlog.rescue_all() {
            Ok(None) => true,
            Ok(Some((path, number))) => {
                tracing::warn!(
                    traces = number,
                    "the database takes nothing: traces are saved in {}, and brought back from there by the next start",
                    path.display()
                );
                true
            }
            Err(error) => {
                tracing::error!(traces = waiting, "traces are lost: {error:#}");
                false
            }
        };
        self.judge.end();
        let _ = self.notices.send(Notice::Kept { all });
    }
}

#[expect(clippy::disallowed_methods, reason = "what is stored when is no matter of a measurement")]
fn now() -> Instant {
    Instant::now()
}
