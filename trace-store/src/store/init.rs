use std::fs;
use std::path::{Path, PathBuf};

use super::lock::Lock;
use super::{Store, file};
use crate::Error;

/// Whether setting up may destroy what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Everything stays.
    No,
    /// Every trace and every document is removed. Only for somebody who asked for it by name.
    Everything,
}

impl Store {
    /// Sets up the store of a data directory. What is there stays, unless overwriting is asked for: then the
    /// traces go, and their documents with them. A file that is no database of ours, or a damaged one, is moved
    /// aside instead of being removed; its new name is returned.
    ///
    /// # Errors
    ///
    /// Those of [`Store::open`]; with [`Overwrite::Everything`], [`Error::Locked`] while another process works
    /// on the database and [`Error::File`].
    pub fn init(directory: &Path, overwrite: Overwrite) -> Result<(Self, Option<PathBuf>), Error> {
        match Self::open(directory) {
            Ok(store) if overwrite == Overwrite::No => Ok((store, None)),
            Ok(mut store) => {
                store.clear()?;
                Ok((store, None))
            }
            Err(
                Error::NotADatabase { path }
                | Error::Foreign { path }
                | Error::OldScripts { path }
                | Error::Newer { path, .. }
                | Error::Damaged { path, .. },
            ) if overwrite == Overwrite::Everything => {
                let aside = move_aside(directory, &path)?;
                Ok((Self::open(directory)?, Some(aside)))
            }
            Err(error) => Err(error),
        }
    }

    /// Removes every trace and its document.
    fn clear(&mut self) -> Result<(), Error> {
        let Some(_lock) = Lock::take(&self.directory, self.wait)? else {
            return Err(Error::Locked { path: self.path.clone() });
        };
        self.set_durable(true)?;
        let fault = self.fault("remove every trace");
        let transaction = super::put::begin(&self.connection).map_err(fault)?;
        let ids: Vec<String> = transaction
            .prepare("SELECT id FROM measurement WHERE document <> 0")
            .and_then(|mut statement| statement.query_map((), |row| row.get(0))?.collect())
            .map_err(fault)?;
        transaction
            .execute_batch(
                "UPDATE epoch SET number = number + 1;
                 UPDATE setup SET base_shape = NULL, base_path = NULL, base_atlas = NULL; DELETE FROM measurement; DELETE FROM judgement; DELETE FROM reason; DELETE FROM atlas_place;
                 DELETE FROM atlas; DELETE FROM located; DELETE FROM shape; DELETE FROM path_hop; DELETE FROM path;
                 DELETE FROM setup; DELETE FROM address;",
            )
            .map_err(fault)?;
        transaction.commit().map_err(fault)?;
        // The space goes back to the system; who reads just now keeps what he sees, and it is done another time.
        drop(self.connection.execute_batch("VACUUM"));
        for id in ids.iter().filter_map(|id| id.parse().ok()) {
            drop(fs::remove_file(file::path(&self.directory, id)));
        }
        Ok(())
    }
}

/// Renames a file and what belongs to it to the first free name.
fn move_aside(directory: &Path, path: &Path) -> Result<PathBuf, Error> {
    let with = |path: &Path, suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let free =
        (1..1000_u32).map(|number| with(path, &format!(".aside-{number}"))).find(|name| !name.exists());
    let aside = free.unwrap_or_else(|| directory.join("traces.aside"));
    for suffix in ["-wal", "-shm", "-journal", ""] {
        let (from, to) = (with(path, suffix), with(&aside, suffix));
        if from.exists() {
            fs::rename(&from, &to).map_err(|source| Error::File {
                attempted: "move aside",
                path: from,
                source,
            })?;
        }
    }
    Ok(aside)
}
