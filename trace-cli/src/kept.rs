//! Traces that are kept, by what people call them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use trace_core::model::{Atlas, Trace};
use trace_store::{Error, Store, document};

use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::settings;

/// The traces of a data directory, opened when the first is asked for.
pub(crate) struct Kept {
    data_dir: Option<PathBuf>,
    store: Option<Store>,
}

impl Kept {
    pub(crate) const fn new(data_dir: Option<PathBuf>) -> Self {
        Self { data_dir, store: None }
    }

    /// The trace that `name` stands for: a document's file if it is a path, else an id, a part of one, or
    /// `latest`.
    pub(crate) fn get(&mut self, name: &str) -> Result<(Trace, Atlas)> {
        let path = Path::new(name);
        if is_path(name) || path.is_file() {
            return read(path);
        }
        let store = self.store()?;
        let id = store.find(name).map_err(unkept)?;
        let found = store.get(id).map_err(unkept)?;
        found.ok_or_else(|| Failure::new(Exit::CouldNotKeep, anyhow!("the trace {id} has just been removed")))
    }

    fn store(&mut self) -> Result<&Store> {
        let store = match self.store.take() {
            Some(store) => store,
            None => {
                let directory = settings::data_dir(self.data_dir.clone())?;
                Store::open_read_only(&directory).blame(Exit::CouldNotKeep)?
            }
        };
        Ok(self.store.insert(store))
    }
}

/// The store of a data directory for writing; unlike one that is to be traced into, it must be there.
pub(crate) fn there(directory: &Path) -> Result<Store> {
    if !settings::database_in(directory).exists() {
        return Store::open_read_only(directory).blame(Exit::CouldNotKeep);
    }
    Store::open(directory).blame(Exit::CouldNotKeep)
}

/// Whether somebody means a document's file.
pub(crate) fn is_path(name: &str) -> bool {
    name.contains(std::path::MAIN_SEPARATOR)
        || Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

/// Reads a document.
fn read(path: &Path) -> Result<(Trace, Atlas)> {
    let text = fs::read_to_string(path)
        .blame_on(Exit::CouldNotKeep, || format!("could not read the document {}", path.display()))?;
    document::read(&text).blame_on(Exit::CouldNotKeep, || path.display().to_string())
}

/// A name that means nothing, or too much, is a mistake of who typed it; the rest could not be read.
pub(crate) fn unkept(error: Error) -> Failure {
    let exit = match error {
        Error::Unknown { .. } | Error::Ambiguous { .. } => Exit::Senseless,
        _ => Exit::CouldNotKeep,
    };
    Failure::new(exit, error)
}
