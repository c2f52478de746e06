//! The thread that says what a stored trace brings, and whom it is told. Looking back at hundreds of traces takes its time,
//! and keeping those that come holds up nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use trace_core::model::Uuid;
use trace_store::{Change, Error, News, Store};

use super::command::Call;
use super::notice::Notice;
use super::runner::Runner;
use super::seat::Ticket;
use super::untold::{self, Untold};
use crate::clock;
use crate::report::news as report;
use crate::settings::How;

/// Traces that wait to be judged; more are not looked at.
const WAITING: usize = 20_000;
/// How soon a database that was locked is looked at again.
const AGAIN: Duration = Duration::from_millis(500);

/// What comes to it.
#[derive(Debug)]
enum Case {
    /// A stored trace, and whose it is.
    Trace(Ticket, Arc<How>, Uuid),
    /// Commands may be others.
    Reread,
}

/// Who judges.
#[derive(Debug)]
pub(super) struct Judge {
    cases: Sender<Case>,
    waiting: Arc<AtomicUsize>,
    ending: Arc<AtomicBool>,
    worker: thread::JoinHandle<()>,
}

/// What the thread needs.
struct Bench {
    data_dir: PathBuf,
    store: Option<Store>,
    runner: Runner,
    notices: Sender<Notice>,
    waiting: Arc<AtomicUsize>,
    ending: Arc<AtomicBool>,
}

impl Judge {
    pub(super) fn start(data_dir: &Path, runner: Runner, notices: Sender<Notice>) -> anyhow::Result<Self> {
        let (cases, brought) = channel();
        let (waiting, ending) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let bench = Bench {
            data_dir: data_dir.to_owned(),
            store: None,
            runner,
            notices,
            waiting: Arc::clone(&waiting),
            ending: Arc::clone(&ending),
        };
        let work = move || bench.run(&brought);
        let worker = thread::Builder::new().name("judge".to_owned()).spawn(work);
        Ok(Self { cases, waiting, ending, worker: worker.context("could not start a thread")? })
    }

    /// Has a stored trace judged; the loop hears of it.
    pub(super) fn judge(&self, ticket: Ticket, how: Arc<How>, id: Uuid) {
        match self.waiting.load(Ordering::Relaxed) {
            WAITING.. => {
                tracing::error!(id = %id, "more traces than can be looked at: what this one brings is not told");
            }
            _ => {
                self.waiting.fetch_add(1, Ordering::Relaxed);
                // The thread ends with this sender.
                let _ = self.cases.send(Case::Trace(ticket, how, id));
            }
        }
    }

    /// Commands may be others from now on.
    pub(super) fn reread(&self) {
        let _ = self.cases.send(Case::Reread);
    }

    /// Ends: what waits is looked at by the next start, and commands that run have half a second.
    pub(super) fn end(self) {
        self.ending.store(true, Ordering::Relaxed);
        drop(self.cases);
        self.worker.thread().unpark();
        // Whoever panicked has said so.
        let _ = self.worker.join();
    }
}

impl Bench {
    fn run(mut self, brought: &Receiver<Case>) {
        let mut left = Vec::new();
        for untold in untold::take(&self.data_dir) {
            match untold {
                _ if self.ending.load(Ordering::Relaxed) => left.push(untold),
                Untold::Call(call) => left.extend(self.runner.call(call).err().map(Untold::Call)),
                Untold::Trace { id, command } => {
                    if let Ok(id) = id.parse() {
                        let _ = self.case(command.as_deref(), id);
                    }
                }
            }
        }
        for case in brought {
            let (ticket, how, id) = match case {
                Case::Trace(ticket, how, id) => (ticket, how, id),
                Case::Reread => {
                    self.runner.reread();
                    continue;
                }
            };
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            if self.ending.load(Ordering::Relaxed) {
                left.push(Untold::Trace { id: id.to_string(), command: how.on_change.clone() });
                continue;
            }
            let changed = self.case(how.on_change.as_deref(), id);
            // The loop ends after this thread.
            let _ = self.notices.send(Notice::Judged(ticket, changed));
        }
        untold::add(&self.data_dir, left.into_iter());
        self.runner.end();
    }

    /// Whether a trace shows a change, or may: its target is to be traced again soon. Changes that are sure are logged,
    /// and told to the command that was asked for.
    fn case(&mut self, command: Option<&str>, id: Uuid) -> bool {
        let news = loop {
            match self.news(id) {
                Err(Error::Locked { .. }) if !self.ending.load(Ordering::Relaxed) => {
                    thread::park_timeout(AGAIN)
                }
                Err(error) => {
                    tracing::warn!(id = %id, "what the trace brings cannot be told: {error}");
                    // Whatever happened to the file, it is opened anew.
                    self.store = None;
                    return false;
                }
                Ok(news) => break news,
            }
        };
        for change in &news.changes {
            let host = report::host(change);
            tracing::info!(
                host = %host,
                kind = change.what.as_str(),
                before = %change.before,
                after = %change.after,
                "{}", change.what
            );
            if let (Some(command), Some(store)) = (command, &self.store) {
                let call = call(command.to_owned(), store, change, &self.data_dir);
                untold::add(&self.data_dir, self.runner.call(call).err().map(Untold::Call).into_iter());
            }
        }
        news.suspicion || !news.changes.is_empty()
    }

    fn news(&mut self, id: Uuid) -> Result<News, Error> {
        let store = match &mut self.store {
            Some(store) => store,
            none => {
                let store = Store::open_read_only(&self.data_dir)?;
                store.set_cache(super::PAGES)?;
                none.insert(store)
            }
        };
        store.news(id)
    }
}

fn call(command: String, store: &Store, change: &Change, data_dir: &Path) -> Call {
    let traces = [change.before, change.after].map(|id| store.get(id).ok().flatten());
    let text = match &traces {
        [Some((before, old)), Some((after, new))] => {
            report::text(change, Some(&trace_store::diff::diff((before, old), (after, new))))
        }
        // One of them was deleted meanwhile.
        _ => report::text(change, None),
    };
    let protocol = change.series.protocol.map_or("", |protocol| protocol.as_str());
    let variables = [
        ("TRACE_KIND", change.what.as_str().to_owned()),
        ("TRACE_TARGET", change.name.clone().unwrap_or_default().replace('\0', "")),
        ("TRACE_ADDRESS", change.series.address.map(|address| address.to_string()).unwrap_or_default()),
        ("TRACE_PROTOCOL", protocol.to_owned()),
        ("TRACE_BEFORE", change.before.to_string()),
        ("TRACE_AFTER", change.after.to_string()),
        ("TRACE_AT", clock::rfc3339(change.at)),
        ("TRACE_TEXT", change.what.to_string()),
        ("TRACE_DATA_DIR", data_dir.display().to_string()),
    ];
    let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Call { command, text, variables }
}
