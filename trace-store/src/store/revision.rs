//! Whether anything changed.

use super::Store;
use crate::Error;

impl Store {
    /// A number that changes when another connection, also of another program, changes the database. Only numbers of one
    /// opened store can be held against each other (`PRAGMA data_version`).
    ///
    /// # Errors
    ///
    /// What SQLite may say.
    pub fn revision(&self) -> Result<i64, Error> {
        self.connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut statement| statement.query_row((), |row| row.get(0)))
            .map_err(self.fault("look whether the database changed"))
    }

    /// Keeps at most so many KiB of pages in memory.
    ///
    /// # Errors
    ///
    /// What SQLite may say.
    pub fn set_cache(&self, kibibytes: u32) -> Result<(), Error> {
        self.connection
            .pragma_update(None, "cache_size", -i64::from(kibibytes))
            .map_err(self.fault("bound the page cache"))
    }
}
