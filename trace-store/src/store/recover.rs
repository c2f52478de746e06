use super::lock::Lock;
use super::step::{Step, reached};
use super::{Store, file};
use crate::Error;
use crate::document;

impl Store {
    /// Finishes what processes that died left undone: writes the documents that are pending, and removes
    /// temporary files. Whoever writes a document holds the lock, so with the lock in hand all that is found
    /// belongs to the dead.
    pub(super) fn recover(&mut self) -> Result<(), Error> {
        let leftovers = !file::leftovers(&self.directory).is_empty();
        if !leftovers && self.pending()?.is_empty() {
            return Ok(());
        }
        let Some(_lock) = Lock::take(&self.directory, self.wait)? else {
            // A process that stands still holds it. Its documents can wait, the traces are safe.
            return Ok(());
        };
        for path in file::leftovers(&self.directory) {
            drop(std::fs::remove_file(path));
        }
        for key in self.pending()? {
            // A document that cannot be written, or a row that cannot be read, must not keep anybody from
            // storing the next trace: it stays pending, and `check` tells.
            if self.write_document(key).is_err() {
                break;
            }
        }
        Ok(())
    }

    /// The keys of all traces whose document is pending.
    fn pending(&self) -> Result<Vec<i64>, Error> {
        let fault = self.fault("look for pending documents");
        let mut statement = self
            .connection
            .prepare_cached("SELECT key FROM measurement WHERE document = 2")
            .map_err(fault)?;
        let keys = statement.query_map((), |row| row.get(0)).map_err(fault)?;
        keys.collect::<Result<_, _>>().map_err(fault)
    }

    /// Writes the document of a row. The caller holds the lock.
    pub(super) fn write_document(&mut self, key: i64) -> Result<(), Error> {
        if let Some((trace, atlas)) = self.get_by_key(key)? {
            file::write(&self.directory, trace.id, &document::write(&trace, &atlas))?;
            self.mark_written(&[key])?;
        }
        Ok(())
    }

    /// Notes that documents are on disk, if others do not keep the database locked for too long: the documents lie where they
    /// belong all the same, and the next start writes them once more.
    pub(super) fn note_written(&mut self, keys: &[i64]) -> Result<(), Error> {
        match self.mark_written(keys) {
            Err(Error::Locked { .. }) => Ok(()),
            done => done,
        }
    }

    /// Notes that documents are on disk. Should a power cut undo this, they are written once more.
    pub(super) fn mark_written(&mut self, keys: &[i64]) -> Result<(), Error> {
        reached(Step::BeforeMark);
        self.set_durable(false)?;
        let fault = self.fault("mark documents as written");
        let transaction = super::put::begin(&self.connection).map_err(fault)?;
        for key in keys {
            transaction
                .prepare_cached("UPDATE measurement SET document = 1 WHERE key = ? AND document = 2")
                .and_then(|mut statement| statement.execute([key]))
                .map_err(fault)?;
        }
        transaction.commit().map_err(fault)
    }
}
