//! Keeps what was measured: in the database, and what that cannot take in files of their own.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use trace_core::model::{Atlas, Trace};
use trace_store::{Document, Documents, Error, Store, Stored, rescue};

use crate::exit::{Blame as _, Exit, Result};
use crate::interrupt::Interrupt;
use crate::say::Voice;

/// How long another program that has locked the database is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same once somebody wants an end.
const HASTE: Duration = Duration::from_millis(500);
/// How often in that time it is asked whether somebody wants an end.
const TURN: Duration = Duration::from_millis(100);

/// The store of a run.
pub(super) struct Keep<'a> {
    store: Store,
    data_dir: &'a Path,
    documents: Documents,
    interrupt: &'a Interrupt,
    voice: Voice,
}

impl<'a> Keep<'a> {
    /// Opens the store, and makes sure that it will take what is measured.
    pub(super) fn open(
        data_dir: &'a Path,
        documents: Documents,
        interrupt: &'a Interrupt,
        voice: Voice,
    ) -> Result<Self> {
        let opened = patiently(interrupt, || Store::open_within(data_dir, TURN));
        let store = opened.blame_on(Exit::CouldNotKeep, || {
            "nothing is traced (--no-store traces without keeping)".to_owned()
        })?;
        voice.tell(|| format!("traces are kept in {}", store.path().display()));
        Ok(Self { store, data_dir, documents, interrupt, voice })
    }

    /// Keeps one trace with its document. Says whether it is in the database, and what is to be told.
    pub(super) fn one(&mut self, trace: &Trace, atlas: &Atlas) -> (Exit, bool, Vec<String>) {
        let Self { store, documents, .. } = self;
        match patiently(self.interrupt, || store.put(trace, atlas, *documents)) {
            Ok(stored) => {
                let (exit, told) = self.document(trace, stored);
                (exit, true, told.into_iter().collect())
            }
            Err(error) => (Exit::CouldNotKeep, false, vec![self.saved(&error, trace, atlas)]),
        }
    }

    /// Keeps many traces in one transaction.
    pub(super) fn many(&mut self, traces: &[(Trace, Atlas)]) -> (Exit, Vec<String>) {
        let borrowed: Vec<(&Trace, &Atlas)> = traces.iter().map(|(trace, atlas)| (trace, atlas)).collect();
        if borrowed.is_empty() {
            return (Exit::Done, Vec::new());
        }
        let Self { store, documents, .. } = self;
        let mut worst = Exit::Done;
        let mut told = Vec::new();
        match patiently(self.interrupt, || store.put_batch(&borrowed, *documents)) {
            Ok(stored) => {
                for ((trace, _), stored) in traces.iter().zip(stored) {
                    let (exit, said) = self.document(trace, stored);
                    worst = worst.max(exit);
                    told.extend(said);
                }
            }
            // It holds for all of them.
            Err(error @ (Error::Locked { .. } | Error::Full { .. } | Error::NotWritable { .. })) => {
                worst = Exit::CouldNotKeep;
                told.extend(traces.iter().map(|(trace, atlas)| self.saved(&error, trace, atlas)));
            }
            // One of them is the cause: the others can be kept.
            Err(_) => {
                for (trace, atlas) in traces {
                    let (exit, _, said) = self.one(trace, atlas);
                    worst = worst.max(exit);
                    told.extend(said);
                }
            }
        }
        (worst, told)
    }

    fn document(&self, trace: &Trace, stored: Stored) -> (Exit, Option<String>) {
        match stored.document {
            Document::Pending { cause: Some(cause) } => {
                let told = format!(
                    "the trace {} is in the database, but its document is not written: {cause}; it will be when the \
                     store is next opened",
                    trace.id
                );
                (Exit::CouldNotKeep, Some(told))
            }
            // Another process holds the lock: it or the next one writes the document.
            Document::Pending { cause: None } | Document::Skipped => (Exit::Done, None),
            Document::Written(path) => {
                (Exit::Done, self.voice.is_verbose().then(|| format!("wrote {}", path.display())))
            }
        }
    }

    /// Saves a trace that the database did not take, and says where.
    fn saved(&self, error: &Error, trace: &Trace, atlas: &Atlas) -> String {
        match save(trace, atlas, self.data_dir) {
            Ok(path) => format!("{error}; the trace is saved in {}", path.display()),
            Err(also) => format!("{error}; nor could the trace be saved to a file: {also}"),
        }
    }
}

/// Tries again while the database is locked by another program: for ten seconds, or half a second from when
/// somebody wants an end.
fn patiently<T>(
    interrupt: &Interrupt,
    mut attempt: impl FnMut() -> std::result::Result<T, Error>,
) -> std::result::Result<T, Error> {
    let mut end = now() + PATIENCE;
    let mut hurried = false;
    loop {
        match attempt() {
            Err(Error::Locked { .. }) if now() < end => {}
            done => return done,
        }
        if !hurried && interrupt.is_asked() {
            hurried = true;
            end = end.min(now() + HASTE);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "waiting for other programs ends after a time")]
fn now() -> Instant {
    Instant::now()
}

/// The first place that takes a file for a trace: beside the others, where we are, or where temporary files go.
fn save(trace: &Trace, atlas: &Atlas, data_dir: &Path) -> std::result::Result<PathBuf, Error> {
    let temporary = std::env::temp_dir();
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    rescue(trace, atlas, data_dir)
        .or_else(|_| rescue(trace, atlas, &here))
        .or_else(|_| rescue(trace, atlas, &temporary))
}
