//! Many traces from elsewhere.

use trace_core::model::{Atlas, Trace, Uuid};

use super::put::Documents;
use super::step::{Step, reached};
use super::{Store, put};
use crate::Error;

/// Traces brought in by one transaction: others are let in between.
const BATCH: usize = 500;

/// What became of traces that were brought in.
#[derive(Debug, Default)]
pub struct Imported {
    /// How many are new.
    pub new: u64,
    /// How many were there already, equal.
    pub known: u64,
    /// Those of whose id another trace is there, which was left as it is.
    pub different: Vec<Uuid>,
    /// What kept the rest from coming in. What is counted above is in the database all the same, and bringing the same in
    /// again goes on where this one ended.
    pub failed: Option<Error>,
}

impl Store {
    /// Stores traces from elsewhere, many in a transaction, each whole or not at all. Who brings in the same again changes
    /// nothing. All of it is on disk when this returns.
    #[must_use]
    pub fn import(
        &mut self,
        traces: impl Iterator<Item = Result<(Trace, Atlas), Error>>,
        documents: Documents,
    ) -> Imported {
        let mut imported = Imported::default();
        let mut batch = Vec::with_capacity(BATCH);
        let done = self.import_all(traces, documents, &mut batch, &mut imported);
        // What was stored before something went wrong is to stay, too.
        let synced = if imported.new > 0 { self.sync() } else { Ok(()) };
        imported.failed = done.and(synced).err();
        imported
    }

    fn import_all(
        &mut self,
        traces: impl Iterator<Item = Result<(Trace, Atlas), Error>>,
        documents: Documents,
        batch: &mut Vec<(Trace, Atlas)>,
        imported: &mut Imported,
    ) -> Result<(), Error> {
        for trace in traces {
            batch.push(trace?);
            if batch.len() >= BATCH {
                self.import_batch(batch, documents, imported)?;
                batch.clear();
            }
        }
        self.import_batch(batch, documents, imported)
    }

    fn import_batch(
        &mut self,
        batch: &[(Trace, Atlas)],
        documents: Documents,
        imported: &mut Imported,
    ) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        let all: Vec<_> = batch.iter().map(|(trace, atlas)| (trace, atlas)).collect();
        match self.put_batch(&all, documents) {
            Ok(stored) => stored.iter().for_each(|stored| imported.count(stored)),
            // One is in the way of the others, not of all.
            Err(Error::Different { .. }) => {
                for (trace, atlas) in all {
                    match self.put_batch(&[(trace, atlas)], documents) {
                        Ok(stored) => stored.iter().for_each(|stored| imported.count(stored)),
                        Err(Error::Different { id, .. }) => imported.different.push(id),
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) => return Err(error),
        }
        reached(Step::AfterBatch);
        Ok(())
    }

    /// Waits until everything is on disk: one more commit that does, with all that stands before it in the log.
    fn sync(&mut self) -> Result<(), Error> {
        self.set_durable(true)?;
        let fault = self.fault("write the traces to disk");
        let transaction = put::begin(&self.connection).map_err(fault)?;
        transaction.execute("UPDATE epoch SET number = number", ()).map_err(fault)?;
        transaction.commit().map_err(fault)
    }
}

impl Imported {
    fn count(&mut self, stored: &put::Stored) {
        if stored.new {
            self.new += 1;
        } else {
            self.known += 1;
        }
    }
}
