use std::path::PathBuf;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use trace_core::model::{Atlas, Outcome, Trace};

use super::draft::{self, Draft};
use super::key::{Key, Keys};
use super::lock::Lock;
use super::memory::{Memory, Stored as Numbers};
use super::step::{Step, reached};
use super::{Store, file};
use crate::Error;
use crate::document;

/// Whether a trace gets a document besides its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documents {
    /// `traces/<id>.json` is written.
    Write,
    /// The database alone keeps it; a document can be made of it at any time.
    Skip,
}

/// What became of the document of a trace that was stored.
#[derive(Debug)]
pub enum Document {
    /// None was asked for.
    Skipped,
    /// It lies here.
    Written(PathBuf),
    /// The trace is in the database, its document could not be written; the next [`Store::open`] tries again.
    Pending {
        /// Why not; `None` where another process held the lock for too long.
        cause: Option<Error>,
    },
}

/// A trace that is in the database now.
#[derive(Debug)]
pub struct Stored {
    /// Whether it was put there now; else it was there already, and nothing was changed.
    pub new: bool,
    /// Its document.
    pub document: Document,
}

/// The log is cut back when it is longer than this many bytes after a transaction.
const LONG_LOG: u64 = 32 << 20;

/// While the log is short, its length is looked at after so many traces.
const LOOK: usize = 32;

/// Whoever makes it longer than this waits for readers, so often and so long at a time.
const FULL_LOG: u64 = 44 << 20;
const PATIENCE: u32 = 60;
const PAUSE: core::time::Duration = core::time::Duration::from_millis(50);

pub(super) fn begin(connection: &Connection) -> rusqlite::Result<Transaction<'_>> {
    // Who locks the database before reading never finds that it changed under him.
    Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
}

impl Store {
    /// Stores a trace and what is known of its places: in one transaction that is on disk when this returns,
    /// then its document. A trace that is there already, equal, is left as it is and no error.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`], [`Error::Full`], [`Error::NotWritable`] and [`Error::Damaged`]: nothing of the trace
    /// is stored, [`crate::rescue`] may keep it. [`Error::Different`] when another trace has its id,
    /// [`Error::Unfit`] when its hops have gaps. A document that cannot be written is no error: see
    /// [`Document::Pending`].
    pub fn put(&mut self, trace: &Trace, atlas: &Atlas, documents: Documents) -> Result<Stored, Error> {
        let mut stored = self.put_all(&[(trace, atlas)], documents, true)?;
        stored.pop().ok_or(Error::Unfit { id: trace.id, reason: "nothing was stored" })
    }

    /// Stores many traces in one transaction: all of them or none. Without documents it does not wait for the
    /// disk: a power cut, but no crash, may lose the last ones.
    ///
    /// # Errors
    ///
    /// Those of [`Store::put`], for the first trace that meets one.
    pub fn put_batch(
        &mut self,
        traces: &[(&Trace, &Atlas)],
        documents: Documents,
    ) -> Result<Vec<Stored>, Error> {
        self.put_all(traces, documents, documents == Documents::Write)
    }

    fn put_all(
        &mut self,
        traces: &[(&Trace, &Atlas)],
        documents: Documents,
        durable: bool,
    ) -> Result<Vec<Stored>, Error> {
        self.check_writable()?;
        let drafts = draft::all(&self.memory, traces)?;
        let write = documents == Documents::Write;
        // While the lock is held, no other process takes the pending rows for those of a dead one.
        let lock = if write { Lock::take(&self.directory, self.wait) } else { Ok(None) };
        self.set_durable(durable)?;
        let keys = self.insert_all(&drafts, documents)?;
        reached(Step::AfterCommit);
        let stored = match lock {
            Ok(Some(_lock)) => self.write_documents(&drafts, &keys)?,
            Ok(None) if !write => {
                keys.iter().map(|(_, new)| Stored { new: *new, document: Document::Skipped }).collect()
            }
            // Without the lock the trace is stored all the same.
            unlocked => {
                let mut cause = unlocked.err();
                let pending = |(_, new): &(i64, bool)| {
                    let document = Document::Pending { cause: cause.take() };
                    Stored { new: *new, document }
                };
                keys.iter().map(pending).collect()
            }
        };
        self.watch_log(traces.len());
        Ok(stored)
    }

    /// The key of each trace, and whether it is new.
    fn insert_all(&mut self, drafts: &[Draft<'_>], documents: Documents) -> Result<Vec<(i64, bool)>, Error> {
        // What a transaction that fails would have put into the database is forgotten with it.
        let mut memory = std::mem::take(&mut self.memory);
        let fault = self.fault("store a trace");
        let transaction = begin(&self.connection).map_err(fault)?;
        let mut taken = Keys::read(&transaction).map_err(fault)?;
        let known = memory.keep_in_step(taken.epoch);
        let mut keys = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let id = draft.trace.id;
            let key = match taken.of(&transaction, id, draft.trace.started).map_err(fault)? {
                Key::Taken(key) => key,
                Key::Free(key) => {
                    let recognised = draft.recognised.as_ref().filter(|_| known);
                    insert(&transaction, &mut memory, key, draft, recognised, documents).map_err(fault)?;
                    keys.push((key, true));
                    continue;
                }
            };
            let same = self.get_by_key(key)?.is_some_and(|(trace, _)| trace == *draft.trace);
            if !same {
                return Err(Error::Different { id, path: self.path.clone() });
            }
            if documents == Documents::Write {
                transaction
                    .execute("UPDATE measurement SET document = 2 WHERE key = ? AND document = 0", [key])
                    .map_err(fault)?;
            }
            keys.push((key, false));
        }
        reached(Step::BeforeCommit);
        transaction.commit().map_err(fault)?;
        self.memory = memory;
        Ok(keys)
    }

    fn write_documents(&mut self, drafts: &[Draft<'_>], keys: &[(i64, bool)]) -> Result<Vec<Stored>, Error> {
        let mut written = Vec::with_capacity(drafts.len());
        let mut stored = Vec::with_capacity(drafts.len());
        for (draft, (key, new)) in drafts.iter().zip(keys) {
            let id = draft.trace.id;
            let path = file::path(&self.directory, id);
            if !new && self.is_written(*key)? && path.exists() {
                stored.push(Stored { new: false, document: Document::Written(path) });
                continue;
            }
            // What was there already may have been located anew: its own atlas counts, not this one.
            let text = if *new {
                Some(document::write(draft.trace, draft.atlas))
            } else {
                self.get_by_key(*key)?.map(|(trace, atlas)| document::write(&trace, &atlas))
            };
            let document = match file::write(&self.directory, id, &text.unwrap_or_default()) {
                Ok(path) => {
                    written.push(*key);
                    Document::Written(path)
                }
                Err(cause) => Document::Pending { cause: Some(cause) },
            };
            stored.push(Stored { new: *new, document });
        }
        if !written.is_empty()
            && let Err(error) = self.note_written(&written)
            && let Some(last) = stored.last_mut()
        {
            // Everything is stored and written; the next start writes it once more.
            last.document = Document::Pending { cause: Some(error) };
        }
        Ok(stored)
    }

    fn is_written(&self, key: i64) -> Result<bool, Error> {
        let sql = "SELECT document = 1 FROM measurement WHERE key = ?";
        self.connection.query_row(sql, [key], |row| row.get(0)).map_err(self.fault("look for a document"))
    }

    /// Looks after every so many traces how long the log is, and after each while it is long.
    fn watch_log(&mut self, stored: usize) {
        self.unlooked = self.unlooked.saturating_sub(stored);
        if self.unlooked == 0 {
            self.bound_log();
            self.unlooked = if self.log_length() > LONG_LOG / 2 { 0 } else { LOOK };
        }
    }

    /// Keeps the log from growing while readers always look at some of it.
    ///
    /// What a reader looks at stays in the log for as long as he does. Our own look for the length of one question, but a
    /// copy of the database takes its time: whoever writes meanwhile waits a little when the log has become long, so that
    /// it grows no faster than that. A reader who never ends must not keep measurements from being stored: then it grows.
    pub(super) fn bound_log(&self) {
        if self.log_length() <= LONG_LOG || self.cut_log(core::time::Duration::from_millis(100)) {
            return;
        }
        for _ in 0..PATIENCE {
            if self.log_length() <= FULL_LOG {
                return;
            }
            super::lock::pause(PAUSE);
            // No lock is held while waiting: others read and write on.
            if self.cut_log(core::time::Duration::ZERO) {
                return;
            }
        }
    }

    /// Moves the log into the database and cuts it back, if nobody looks at it within this time.
    fn cut_log(&self, wait: core::time::Duration) -> bool {
        drop(self.connection.busy_timeout(wait));
        let busy =
            self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, bool>(0));
        drop(self.connection.busy_timeout(self.wait));
        busy.is_ok_and(|busy| !busy)
    }
}

fn insert(
    transaction: &Connection,
    memory: &mut Memory,
    key: i64,
    draft: &Draft<'_>,
    recognised: Option<&Numbers>,
    documents: Documents,
) -> rusqlite::Result<()> {
    let Draft { trace, atlas, .. } = draft;
    let new;
    let stored = match recognised {
        Some(stored) => {
            memory.note_length(transaction, trace, stored)?;
            stored
        }
        None => {
            new = memory.store(transaction, trace, atlas, &draft.least)?;
            &new
        }
    };
    let judgement = draft.judgement.as_ref();
    let judgement = judgement.map(|judgement| memory.judgement(transaction, judgement)).transpose()?;
    let document = match documents {
        Documents::Write => 2,
        Documents::Skip => 0,
    };
    let last = draft.last;
    transaction
        .prepare_cached(
            "INSERT INTO measurement (key, uuid, setup, started, duration_ns, outcome, outcome_detail, path,
                 shape, atlas, narrowed, judgement, consistency, document, sent, lost, least_us, median_us, first_ttl,
                 hops, times)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            key,
            trace.id.as_bytes(),
            stored.setup,
            trace.started,
            draft.duration,
            trace.outcome.map(outcome_code),
            trace.outcome_detail,
            stored.path,
            stored.shape,
            stored.atlas,
            stored.narrowed,
            judgement,
            atlas.consistency,
            document,
            last.map(|last| last.sent),
            last.map(|last| last.lost),
            last.and_then(|last| last.rtt).map(|(least, _)| least),
            last.and_then(|last| last.rtt).map(|(_, median)| median),
            trace.hops.first().map_or(1, |hop| hop.ttl.get()),
            draft.hops,
            stored.times,
        ])?;
    Ok(())
}

/// The number that stands for an outcome in the database.
pub(super) const fn outcome_code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Reached => 0,
        Outcome::Unreachable => 1,
        Outcome::Loop => 2,
        Outcome::Exhausted => 3,
        Outcome::Interrupted => 4,
    }
}
