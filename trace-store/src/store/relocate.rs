//! New places for traces that are kept.

use rusqlite::params;
use trace_core::model::{Atlas, Uuid};

use super::key::Keys;
use super::lock::Lock;
use super::put::{Document, begin};
use super::step::{Step, reached};
use super::{Store, file, key};
use crate::pack::Judgement;
use crate::{Error, document};

/// What became of a trace that was located anew.
#[derive(Debug)]
pub struct Relocated {
    /// Whether its places are others now; else nothing was changed.
    pub changed: bool,
    /// Its document, if it has one.
    pub document: Document,
}

impl Store {
    /// Gives a trace that is kept other places; its measurement stays as it is, byte for byte. If it has a
    /// document, that is marked pending in the same transaction, then written anew, and then marked as written: as
    /// for a new trace, whoever opens the store next finishes what a process that died left undone.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] where no trace has this id, and those of [`Store::put`]: nothing is changed then. A
    /// document that cannot be written is no error: see [`Document::Pending`].
    pub fn relocate(&mut self, id: Uuid, atlas: &Atlas) -> Result<Relocated, Error> {
        let mut relocated = self.relocate_batch(&[(id, atlas)])?;
        relocated.pop().ok_or_else(|| Error::Unknown { text: id.to_string() })
    }

    /// The same with many traces in one transaction: all of them or none.
    ///
    /// # Errors
    ///
    /// Those of [`Store::relocate`], for the first trace that meets one.
    pub fn relocate_batch(&mut self, traces: &[(Uuid, &Atlas)]) -> Result<Vec<Relocated>, Error> {
        self.check_writable()?;
        // While the lock is held, no other process takes the pending rows for those of a dead one.
        let lock = Lock::take(&self.directory, self.wait)?;
        self.set_durable(true)?;
        let found = self.settle(traces)?;
        reached(Step::AfterCommit);
        let mut relocated = Vec::with_capacity(found.len());
        let mut written = Vec::new();
        for (settled, (id, _)) in found.iter().zip(traces) {
            let document = match &settled.document {
                Wanted::None => Document::Skipped,
                Wanted::There => Document::Written(file::path(&self.directory, *id)),
                Wanted::Text(text) if lock.is_some() => match file::write(&self.directory, *id, text) {
                    Ok(path) => {
                        written.push(settled.key);
                        Document::Written(path)
                    }
                    Err(cause) => Document::Pending { cause: Some(cause) },
                },
                Wanted::Text(_) => Document::Pending { cause: None },
            };
            relocated.push(Relocated { changed: settled.changed, document });
        }
        if !written.is_empty()
            && let Err(error) = self.note_written(&written)
            && let Some(last) = relocated.last_mut()
        {
            last.document = Document::Pending { cause: Some(error) };
        }
        self.bound_log();
        Ok(relocated)
    }

    /// The transaction.
    fn settle(&mut self, traces: &[(Uuid, &Atlas)]) -> Result<Vec<Settled>, Error> {
        // What a transaction that fails would have put into the database is forgotten with it.
        let mut memory = std::mem::take(&mut self.memory);
        let fault = self.fault("locate a trace anew");
        let transaction = begin(&self.connection).map_err(fault)?;
        memory.keep_in_step(Keys::read(&transaction).map_err(fault)?.epoch);
        let mut found = Vec::with_capacity(traces.len());
        for (id, atlas) in traces {
            let unknown = || Error::Unknown { text: id.to_string() };
            let key = key::find(&transaction, *id).map_err(fault)?.ok_or_else(unknown)?;
            let written: i64 = transaction
                .prepare_cached("SELECT document FROM measurement WHERE key = ?")
                .and_then(|mut statement| statement.query_row([key], |row| row.get(0)))
                .map_err(fault)?;
            let (trace, before) = self.get_by_key(key)?.ok_or_else(unknown)?;
            let document = |trace| match written {
                0 => Wanted::None,
                _ => Wanted::Text(document::write(trace, atlas)),
            };
            if before == **atlas {
                let document = if written == 1 { Wanted::There } else { document(&trace) };
                found.push(Settled { key, changed: false, document });
                continue;
            }
            let (number, narrowed) = memory.relocate(&transaction, &trace, atlas).map_err(fault)?;
            let judgement = Judgement::of(atlas, &trace.hops);
            let judgement = judgement
                .as_ref()
                .map(|judgement| memory.judgement(&transaction, judgement))
                .transpose()
                .map_err(fault)?;
            transaction
                .prepare_cached(
                    "UPDATE measurement SET atlas = ?2, narrowed = ?3, judgement = ?4, consistency = ?5,
                         document = iif(document = 0, 0, 2)
                     WHERE key = ?1",
                )
                .and_then(|mut statement| {
                    statement.execute(params![key, number, narrowed, judgement, atlas.consistency])
                })
                .map_err(fault)?;
            found.push(Settled { key, changed: true, document: document(&trace) });
        }
        reached(Step::BeforeCommit);
        transaction.commit().map_err(fault)?;
        self.memory = memory;
        Ok(found)
    }
}

/// What the transaction did with a trace.
struct Settled {
    key: i64,
    changed: bool,
    document: Wanted,
}

/// What is to be done with the document of a trace.
enum Wanted {
    /// It has none.
    None,
    /// It says the right thing already.
    There,
    /// It is to say this.
    Text(String),
}
