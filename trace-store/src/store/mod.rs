//! The database of traces, and the documents beside it.

mod buckets;
mod changes;
mod check;
mod draft;
mod fault;
mod file;
mod filter;
mod find;
mod get;
mod history;
mod hops;
mod import;
mod init;
mod intern;
mod key;
mod likeness;
mod list;
mod lock;
mod memory;
mod migration;
mod newest;
mod open;
mod overview;
mod put;
mod recover;
mod relocate;
mod remove;
mod revision;
mod sayings;
mod step;
mod strand;
mod terms;
#[cfg(test)]
pub(crate) mod tests;

use core::time::Duration;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::Error;

pub use buckets::{Buckets, Column, Window};
pub use check::Report;
pub use file::rescue;
pub use filter::{Cursor, Filter, Match};
pub use history::{Era, Spread, Subject};
pub use import::Imported;
pub use init::Overwrite;
pub use list::Summary;
pub(crate) use migration::APPLICATION_ID;
pub use newest::{Edition, Newest, Point};
pub use overview::{Overview, Standing};
pub use put::{Document, Documents, Stored};
pub use relocate::Relocated;
pub use remove::Prune;

/// The traces of one data directory: the database `traces.sqlite`, and documents in `traces/`.
///
/// One process may open a directory several times, and several processes may do so at once. Writers wait for
/// one another ([`Store::WAIT`]); readers wait for nobody.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    directory: PathBuf,
    path: PathBuf,
    wait: Duration,
    writable: bool,
    durable: Option<bool>,
    memory: memory::Memory,
    /// So many traces may be stored before the length of the log is looked at.
    unlooked: usize,
}

impl Store {
    /// How long a writer waits for other programs to let go of the database.
    pub const WAIT: Duration = Duration::from_secs(10);

    /// The file name of the database within its data directory.
    pub const FILE: &'static str = "traces.sqlite";

    /// Where the database lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The data directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Bytes in the write-ahead log.
    fn log_length(&self) -> u64 {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        std::fs::metadata(log).map_or(0, |log| log.len())
    }

    fn fault(&self, attempted: &'static str) -> impl Fn(rusqlite::Error) -> Error + Copy + use<'_> {
        fault::fault(&self.path, attempted)
    }

    /// Everything is read as it is now until this is dropped: between two looks, another program may remove what a row
    /// points to. Nothing where a transaction is under way anyway.
    fn look(&self) -> rusqlite::Result<Option<rusqlite::Transaction<'_>>> {
        self.connection.is_autocommit().then(|| self.connection.unchecked_transaction()).transpose()
    }

    fn check_writable(&self) -> Result<(), Error> {
        if self.writable { Ok(()) } else { Err(Error::ReadOnly { path: self.path.clone() }) }
    }

    /// Whether commits wait until they are on disk. Without, a power cut (not a crash) may lose the last ones,
    /// and what is there is still sound.
    fn set_durable(&mut self, durable: bool) -> Result<(), Error> {
        if self.durable != Some(durable) {
            let level = if durable { "FULL" } else { "NORMAL" };
            self.connection
                .pragma_update(None, "synchronous", level)
                .map_err(self.fault("choose how to sync"))?;
            self.durable = Some(durable);
        }
        Ok(())
    }
}

/// A log of up to this many bytes stays beside the database for the next process.
const SHORT_LOG: u64 = 256 << 10;

/// To move the log into the database, remove it and make a new one takes more syncs than to store a trace, so
/// it is done once for many processes that store one trace each.
impl Drop for Store {
    fn drop(&mut self) {
        if self.writable && self.log_length() > SHORT_LOG {
            drop(self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false));
        }
    }
}
