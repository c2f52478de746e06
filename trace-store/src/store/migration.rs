//! What version a database has, and how to bring it up to date.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::fault::fault;
use crate::Error;

/// Marks a database as ours (`PRAGMA application_id`): "TRCE".
pub(crate) const APPLICATION_ID: i64 = 0x5452_4345;

/// The migrations in order: the first makes version 1 out of nothing.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
    include_str!("schema/6.sql"),
];

/// The version this program writes (`PRAGMA user_version`).
pub(super) const VERSION: i64 = 6;

/// Where a database stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing in it yet.
    Empty,
    /// Ours, of an earlier release.
    Older(i64),
    /// Ours, as this program writes it.
    Current,
}

/// Where the database at `path` stands. It is read and not touched.
pub(super) fn inspect(connection: &Connection, path: &Path) -> Result<State, Error> {
    let attempted = "read the version of the database";
    // One look: between two, another program may create the tables.
    let _look = connection.unchecked_transaction().map_err(fault(path, attempted))?;
    let pragma = |name: &str| {
        connection.query_row(name, (), |row| row.get::<_, i64>(0)).map_err(fault(path, attempted))
    };
    let application = pragma("PRAGMA application_id")?;
    let version = pragma("PRAGMA user_version")?;
    match (application, version) {
        (APPLICATION_ID, VERSION) => Ok(State::Current),
        (APPLICATION_ID, found) if found > VERSION => {
            Err(Error::Newer { path: path.to_owned(), found, known: VERSION })
        }
        (APPLICATION_ID, found) => Ok(State::Older(found)),
        (0, 0) => {
            let table: Option<String> = connection
                .query_row(
                    "SELECT max(name) FILTER (WHERE lower(name) = 'trace' AND type = 'table') FROM sqlite_schema
                     HAVING count(*) > 0",
                    (),
                    |row| Ok(row.get::<_, Option<String>>(0)?.unwrap_or_default()),
                )
                .map(Some)
                .or_else(|error| match error {
                    rusqlite::Error::QueryReturnedNoRows => Ok(None),
                    error => Err(error),
                })
                .map_err(fault(path, attempted))?;
            match table {
                None => Ok(State::Empty),
                Some(name) if !name.is_empty() && has_old_columns(connection, path)? => {
                    Err(Error::OldScripts { path: path.to_owned() })
                }
                Some(_) => Err(Error::Foreign { path: path.to_owned() }),
            }
        }
        _ => Err(Error::Foreign { path: path.to_owned() }),
    }
}

/// Whether the table `TRACE` has the columns the old scripts gave it.
fn has_old_columns(connection: &Connection, path: &Path) -> Result<bool, Error> {
    let sql = "SELECT count(*) FROM pragma_table_info('TRACE') WHERE lower(name) IN ('id', 'hop', 'ip')";
    let count = connection.query_row(sql, (), |row| row.get::<_, i64>(0));
    Ok(count.map_err(fault(path, "read the columns of the table TRACE"))? == 3)
}

/// Brings a database up to date in one transaction. The caller holds the lock of the directory.
pub(super) fn migrate(connection: &mut Connection, path: &Path, from: i64) -> Result<(), Error> {
    let attempted = "bring the database up to date";
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(fault(path, attempted))?;
    for (migration, makes) in MIGRATIONS.iter().zip(1..) {
        if makes > from {
            transaction.execute_batch(migration).map_err(fault(path, attempted))?;
        }
    }
    transaction
        .execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"))
        .map_err(fault(path, attempted))?;
    transaction.commit().map_err(fault(path, attempted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_migration_has_its_version() {
        assert_eq!(i64::try_from(MIGRATIONS.len()), Ok(VERSION));
    }
}
