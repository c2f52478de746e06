//! Traces that are no longer wanted, and copies of the database.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use trace_core::model::Uuid;

use super::lock::Lock;
use super::put::begin;
use super::step::{Step, reached};
use super::{Store, file, key};
use crate::{Error, pack};

/// Traces removed in one transaction.
const BATCH: usize = 1000;

/// What the traces that are left do not point to any more. Setups point to shapes, paths and atlases as well.
const UNUSED: &str = "
    DELETE FROM setup WHERE id NOT IN (SELECT setup FROM measurement);
    DELETE FROM judgement WHERE id NOT IN (SELECT judgement FROM measurement WHERE judgement IS NOT NULL);
    DELETE FROM shape WHERE id NOT IN (SELECT shape FROM measurement)
        AND id NOT IN (SELECT base_shape FROM setup WHERE base_shape IS NOT NULL);
    DELETE FROM path WHERE id NOT IN (SELECT path FROM measurement)
        AND id NOT IN (SELECT base_path FROM setup WHERE base_path IS NOT NULL);
    DELETE FROM path_hop WHERE path NOT IN (SELECT id FROM path);
    DELETE FROM atlas WHERE id NOT IN (SELECT atlas FROM measurement WHERE atlas IS NOT NULL)
        AND id NOT IN (SELECT base_atlas FROM setup WHERE base_atlas IS NOT NULL);
    DELETE FROM atlas_place WHERE atlas NOT IN (SELECT id FROM atlas);
    DELETE FROM located WHERE id NOT IN (SELECT located FROM atlas_place);
    DELETE FROM address WHERE id NOT IN (SELECT address FROM setup WHERE address IS NOT NULL)
        AND id NOT IN (SELECT address FROM path_hop WHERE address IS NOT NULL)
        AND id NOT IN (SELECT address FROM atlas_place);
    UPDATE epoch SET number = number + 1;";

/// Which traces may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prune {
    /// Those that started before: nanoseconds since 1970 UTC.
    pub older_than: i64,
    /// So many of each path to an address stay however old they are, the newest ones.
    pub keep_per_path: u32,
}

impl Store {
    /// Removes traces with their documents; ids of which there is no trace are passed over. Returns how many there
    /// were. A process that dies meanwhile leaves each trace whole, with its document, or nothing of it.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`], [`Error::File`] where a document cannot be removed (its trace stays), and those of
    /// [`Store::put`].
    pub fn delete(&mut self, ids: &[Uuid]) -> Result<u64, Error> {
        self.check_writable()?;
        let Some(_lock) = Lock::take(&self.directory, self.wait)? else {
            return Err(Error::Locked { path: self.path.clone() });
        };
        let mut removed = 0;
        for ids in ids.chunks(BATCH) {
            removed += self.delete_batch(ids)?;
        }
        if removed > 0 {
            self.sweep()?;
        }
        Ok(removed)
    }

    /// The traces that may go: the oldest first.
    ///
    /// # Errors
    ///
    /// What SQLite may say.
    pub fn prunable(&self, prune: Prune) -> Result<Vec<Uuid>, Error> {
        let fault = self.fault("look for old traces");
        let mut statement = self
            .connection
            .prepare(
                "SELECT uuid FROM (
                     SELECT uuid, started, key, row_number() OVER (
                         PARTITION BY address, path ORDER BY started DESC, key < 0 DESC, key DESC) AS number
                     FROM measurement JOIN setup ON setup.id = setup)
                 WHERE started < ?1 AND number > ?2 ORDER BY started, key < 0, key",
            )
            .map_err(fault)?;
        let rows = statement
            .query_map(params![prune.older_than, prune.keep_per_path], |row| row.get::<_, [u8; 16]>(0))
            .map_err(fault)?;
        rows.map(|row| row.map(Uuid::from_bytes)).collect::<Result<_, _>>().map_err(fault)
    }

    /// Copies the database, as it is at this moment, into a new file, while others read and write it. Documents are
    /// not copied; the database holds all that is in them.
    ///
    /// # Errors
    ///
    /// [`Error::File`] where the file is there already or cannot be written, and what SQLite may say.
    pub fn backup(&self, to: &Path) -> Result<(), Error> {
        let failed = |attempted| {
            let path = to.to_owned();
            move |source| Error::File { attempted, path, source }
        };
        if to.symlink_metadata().is_ok() {
            return Err(failed("copy the database to")(std::io::ErrorKind::AlreadyExists.into()));
        }
        let partial = partial(to);
        drop(fs::remove_file(&partial));
        let copied = partial
            .to_str()
            .ok_or_else(|| failed("copy the database to")(std::io::ErrorKind::InvalidFilename.into()))
            .and_then(|name| {
                self.connection.execute("VACUUM INTO ?", [name]).map_err(self.fault("copy the database"))
            })
            .and_then(|_| {
                fs::File::open(&partial)
                    .and_then(|file| file.sync_all())
                    // Unlike renaming, this fails where somebody else has just made the file.
                    .and_then(|()| fs::hard_link(&partial, to))
                    .map_err(failed("copy the database to"))
            });
        drop(fs::remove_file(&partial));
        copied
    }

    /// Removes traces in three steps: their documents are pending, are removed, and then the rows go. Whoever opens the
    /// store after a crash in between writes the documents again. The caller holds the lock.
    fn delete_batch(&mut self, ids: &[Uuid]) -> Result<u64, Error> {
        self.set_durable(true)?;
        let fault = self.fault("remove traces");
        let transaction = begin(&self.connection).map_err(fault)?;
        let mut keys = Vec::with_capacity(ids.len());
        for id in ids {
            let key = key::find(&transaction, *id).map_err(fault)?;
            let Some(key) = key.filter(|key| !keys.contains(&(*id, *key))) else { continue };
            transaction
                .prepare_cached("UPDATE measurement SET document = 2 WHERE key = ? AND document = 1")
                .and_then(|mut statement| statement.execute([key]))
                .map_err(fault)?;
            keys.push((*id, key));
        }
        transaction.commit().map_err(fault)?;
        reached(Step::AfterCommit);
        for (id, _) in &keys {
            let path = file::path(&self.directory, *id);
            match fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::File { attempted: "remove the document", path, source });
                }
                _ => {}
            }
        }
        let documents = file::directory(&self.directory);
        if documents.exists() {
            file::sync(&documents)?;
        }
        reached(Step::AfterRename);
        let transaction = begin(&self.connection).map_err(fault)?;
        for (_, key) in &keys {
            transaction
                .prepare_cached("DELETE FROM measurement WHERE key = ?")
                .and_then(|mut statement| statement.execute([key]))
                .map_err(fault)?;
        }
        reached(Step::BeforeCommit);
        transaction.commit().map_err(fault)?;
        self.bound_log();
        Ok(u64::try_from(keys.len()).unwrap_or(u64::MAX))
    }

    /// Removes what nothing points to any more. Others forget the numbers of what is gone: see `epoch`.
    fn sweep(&mut self) -> Result<(), Error> {
        let fault = self.fault("remove what no trace needs any more");
        let swept = begin(&self.connection).and_then(|transaction| {
            transaction.execute_batch(UNUSED)?;
            sweep_reasons(&transaction)?;
            transaction.commit()
        });
        swept.map_err(fault)?;
        self.bound_log();
        Ok(())
    }
}

/// Removes the reasons that no judgement points to, which no SQL can tell.
fn sweep_reasons(connection: &Connection) -> rusqlite::Result<()> {
    let mut used = HashSet::new();
    let mut statement = connection.prepare("SELECT bytes FROM judgement")?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        match pack::judgement::reasons(row.get_ref(0)?.as_blob()?) {
            Ok(reasons) => used.extend(reasons),
            // Who cannot read everything removes nothing.
            Err(_) => return Ok(()),
        }
    }
    let all: Vec<i64> = connection
        .prepare("SELECT id FROM reason")?
        .query_map((), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut delete = connection.prepare("DELETE FROM reason WHERE id = ?")?;
    for unused in all.iter().filter(|id| !used.contains(id)) {
        delete.execute([unused])?;
    }
    Ok(())
}

/// A file beside `path` that nobody else writes.
fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    path.with_file_name(name)
}
