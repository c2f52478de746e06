use core::time::Duration;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Store;
use super::fault::fault;
use super::lock::Lock;
use super::memory::Memory;
use super::migration::{self, State};
use crate::Error;

/// The write-ahead log is cut back to this many bytes whenever it starts anew.
const LOG_LIMIT: i64 = 16 << 20;

/// When the log has so many pages, they move into the database: 12 MB. Pages that change again and again move once.
const LOG_PAGES: u32 = 3000;

/// A writer keeps so many KiB of pages in memory: a transaction of a thousand traces.
const CACHE: u32 = 16 << 10;

impl Store {
    /// Opens the store of a data directory, creating directory and database where there are none, and brings
    /// it up to date. Documents that a process left pending when it died are written, and its temporary files
    /// removed.
    ///
    /// # Errors
    ///
    /// [`Error::Directory`], [`Error::NotWritable`], [`Error::Locked`], [`Error::NotADatabase`],
    /// [`Error::Foreign`], [`Error::OldScripts`], [`Error::Newer`], [`Error::Damaged`]: what is there is left
    /// as it is. A document that cannot be written is no error here: it stays pending, and [`Store::check`]
    /// tells.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        Self::open_within(directory, Self::WAIT)
    }

    /// As [`Store::open`], with another time to wait for other programs, now and later.
    ///
    /// # Errors
    ///
    /// Those of [`Store::open`].
    pub fn open_within(directory: &Path, wait: Duration) -> Result<Self, Error> {
        fs::create_dir_all(directory)
            .map_err(|source| Error::Directory { path: directory.to_owned(), source })?;
        let path = directory.join(Self::FILE);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut connection = connect(&path, flags, wait)?;
        let attempted = "open the database";
        if !ready(&connection, &path)? {
            let Some(_lock) = Lock::take(directory, wait)? else {
                return Err(Error::Locked { path });
            };
            // Somebody may have been faster.
            let state = migration::inspect(&connection, &path)?;
            let mode: String = connection
                .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
                .map_err(fault(&path, attempted))?;
            if mode != "wal" {
                let message = format!("no write-ahead log is possible here, only {mode}");
                return Err(Error::NotWritable { path, message });
            }
            // The first trace is synced with all that stands before it in the log.
            connection.pragma_update(None, "synchronous", "NORMAL").map_err(fault(&path, attempted))?;
            match state {
                State::Empty => migration::migrate(&mut connection, &path, 0)?,
                State::Older(version) => migration::migrate(&mut connection, &path, version)?,
                State::Current => {}
            }
            // The file itself says what it is, also to who copies it without its log.
            drop(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())));
        }
        connection
            .execute_batch(&format!(
                "PRAGMA journal_size_limit = {LOG_LIMIT}; PRAGMA wal_autocheckpoint = {LOG_PAGES};
                 PRAGMA cache_size = -{CACHE};"
            ))
            .map_err(fault(&path, attempted))?;
        let directory = directory.to_owned();
        let mut store = Self {
            connection,
            directory,
            path,
            wait,
            writable: true,
            durable: None,
            memory: Memory::default(),
            unlooked: 0,
        };
        store.recover()?;
        Ok(store)
    }

    /// Opens the store of a data directory for reading. Nothing is created, changed or brought up to date, and
    /// pending documents stay pending.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] where there is no database, [`Error::File`] where it may not be read, [`Error::Older`] where it must be brought up to date
    /// first, and those of [`Store::open`].
    pub fn open_read_only(directory: &Path) -> Result<Self, Error> {
        Self::open_read_only_within(directory, Self::WAIT)
    }

    /// As [`Store::open_read_only`], with another time to wait for programs that keep the database locked.
    ///
    /// # Errors
    ///
    /// Those of [`Store::open_read_only`].
    pub fn open_read_only_within(directory: &Path, wait: Duration) -> Result<Self, Error> {
        let path = directory.join(Self::FILE);
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => return Err(Error::NotADatabase { path }),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::Missing { path }),
            Err(source) => return Err(Error::File { attempted: "read the database", path, source }),
        }
        let connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY, wait)?;
        match migration::inspect(&connection, &path)? {
            State::Current => {}
            State::Older(_) => return Err(Error::Older { path }),
            State::Empty => return Err(Error::Missing { path }),
        }
        let directory = directory.to_owned();
        Ok(Self {
            connection,
            directory,
            path,
            wait,
            writable: false,
            durable: None,
            memory: Memory::default(),
            unlooked: 0,
        })
    }

    /// A store that goes with this value: for traces that are to be looked at and not kept. It lies in memory as far as
    /// a cache of 16 MiB goes, then in a temporary file that nobody else can open. Documents cannot be written.
    ///
    /// # Errors
    ///
    /// What SQLite may say.
    pub fn temporary() -> Result<Self, Error> {
        // SQLite makes a temporary file where there is no name.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut connection = connect(Path::new(""), flags, Duration::ZERO)?;
        let path = std::env::temp_dir();
        connection
            .execute_batch(&format!("PRAGMA journal_mode = MEMORY; PRAGMA cache_size = -{CACHE};"))
            .map_err(fault(&path, "open a temporary database"))?;
        migration::migrate(&mut connection, &path, 0)?;
        Ok(Self {
            connection,
            directory: PathBuf::new(),
            path,
            wait: Duration::ZERO,
            writable: true,
            durable: None,
            memory: Memory::default(),
            unlooked: 0,
        })
    }
}

fn connect(path: &Path, flags: OpenFlags, wait: Duration) -> Result<Connection, Error> {
    let attempted = "open the database";
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(fault(path, attempted))?;
    connection.busy_timeout(wait).map_err(fault(path, attempted))?;
    // See `Drop`: who only looked, or was refused, changes nothing when closing.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(fault(path, attempted))?;
    // What a row points to was stored in the same transaction, or is kept in mind for as long as nobody removes anything
    // (see `memory`); to look it up once more takes longer than all else a row does. `Store::check` does look.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false).map_err(fault(path, attempted))?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Whether a database needs nothing done before it is used.
fn ready(connection: &Connection, path: &Path) -> Result<bool, Error> {
    if migration::inspect(connection, path)? != State::Current {
        return Ok(false);
    }
    let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
    Ok(mode.map_err(fault(path, "read the journal mode"))? == "wal")
}
