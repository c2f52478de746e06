//! Answers of web services, kept in a small SQLite file that several processes share.

use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};
use trace_core::model::{Asn, Coordinates, CountryCode, Place};

/// How long another process that is writing is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// What this program writes into a file that is its own.
const VERSION: i64 = 1;

/// What a service said of an address.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// When it was asked, in nanoseconds since 1970 UTC.
    pub asked: i64,
    /// The place; `None` if the service knows none.
    pub place: Option<Place>,
    /// What was left out of the place, and why.
    pub remark: Option<String>,
}

/// The file of answers cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerStoreError {
    /// It cannot be opened, read or written.
    #[error("cannot keep answers in {path}: {source}; move the file away if it is damaged", path = path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// It cannot be locked.
    #[error("cannot lock {path}: {source}", path = path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A newer program wrote it.
    #[error("{path} has version {found}, this program reads version 1; use a newer program", path = path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: i64,
    },
}

/// The answers of web services: what each said of an address and when, and which are not to be asked for a while.
///
/// One SQLite file, which any number of processes may have open; an answer that one of them got is there for all.
#[derive(Debug)]
pub struct AnswerStore {
    connection: Mutex<Connection>,
    path: PathBuf,
}

/// A place as it is kept. Missing fields are missing.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    isp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asn: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    longitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    radius_km: Option<f64>,
}

impl From<&Place> for Kept {
    fn from(place: &Place) -> Self {
        let kept = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
        Self {
            country_code: place.country_code.map(|code| code.to_string()),
            country: kept(&place.country),
            city: kept(&place.city),
            region: kept(&place.region),
            isp: kept(&place.isp),
            asn: place.asn.map(Asn::get),
            latitude: place.coordinates.map(|point| point.latitude()),
            longitude: place.coordinates.map(|point| point.longitude()),
            radius_km: place.radius_km,
        }
    }
}

impl From<Kept> for Place {
    fn from(kept: Kept) -> Self {
        let coordinates = kept
            .latitude
            .zip(kept.longitude)
            .and_then(|(latitude, longitude)| Coordinates::new(latitude, longitude));
        Self {
            country_code: kept.country_code.as_deref().and_then(CountryCode::new),
            country: kept.country.map(Arc::from),
            city: kept.city.map(Arc::from),
            region: kept.region.map(Arc::from),
            isp: kept.isp.map(Arc::from),
            asn: kept.asn.and_then(Asn::new),
            coordinates,
            radius_km: kept.radius_km.filter(|_| coordinates.is_some()),
        }
    }
}

impl AnswerStore {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    /// If it cannot be opened or written, or if it is something else.
    pub fn open(path: &Path) -> Result<Self, AnswerStoreError> {
        let failed = |source| AnswerStoreError::Database { path: path.to_owned(), source };
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        let version: i64 =
            connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
        match version {
            VERSION => {}
            0 => Self::create(&connection).map_err(failed)?,
            found => return Err(AnswerStoreError::Version { path: path.to_owned(), found }),
        }
        Ok(Self { connection: Mutex::new(connection), path: path.to_owned() })
    }

    /// Answers that are gone with this value.
    ///
    /// # Errors
    /// If SQLite gets no memory.
    pub fn in_memory() -> Result<Self, AnswerStoreError> {
        let path = PathBuf::from(":memory:");
        let failed = |source| AnswerStoreError::Database { path: path.clone(), source };
        let connection = Connection::open_in_memory().map_err(failed)?;
        Self::create(&connection).map_err(failed)?;
        Ok(Self { connection: Mutex::new(connection), path })
    }

    fn create(connection: &Connection) -> Result<(), rusqlite::Error> {
        // What is lost when the power fails is asked for again.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             BEGIN IMMEDIATE;
             CREATE TABLE IF NOT EXISTS answer (
                 source TEXT NOT NULL, address TEXT NOT NULL, asked INTEGER NOT NULL, place TEXT, remark TEXT,
                 PRIMARY KEY (source, address)
             ) STRICT, WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS rest (
                 who TEXT NOT NULL PRIMARY KEY, until INTEGER NOT NULL, why TEXT NOT NULL
             ) STRICT, WITHOUT ROWID;
             PRAGMA user_version = 1;
             COMMIT;",
        )
    }

    /// Where the answers are.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> AnswerStoreError + '_ {
        |source| AnswerStoreError::Database { path: self.path.clone(), source }
    }

    /// What `source` last said of `address`, whenever that was.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn answer(&self, source: &str, address: IpAddr) -> Result<Option<Answer>, AnswerStoreError> {
        let connection = self.connection();
        let mut statement = connection
            .prepare_cached("SELECT asked, place, remark FROM answer WHERE source = ?1 AND address = ?2")
            .map_err(self.failed())?;
        let row = statement
            .query_row(params![source, address.to_string()], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, Option<String>>(1)?,
                    row.get::<_, Option<String>>(2)?,
                ))
            })
            .optional()
            .map_err(self.failed())?;
        Ok(row.and_then(|(asked, place, remark)| {
            let place = match place {
                // A row that is not understood is as good as none.
                Some(text) => Some(serde_json::from_str::<Kept>(&text).ok()?.into()),
                None => None,
            };
            Some(Answer { asked, place, remark })
        }))
    }

    /// Keeps what `source` said, in place of what it said before.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn keep<'a>(
        &self,
        source: &str,
        answers: impl IntoIterator<Item = (IpAddr, &'a Answer)>,
    ) -> Result<(), AnswerStoreError> {
        let mut connection = self.connection();
        let write = |connection: &mut Connection| {
            let transaction =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            for (address, answer) in answers {
                let place =
                    answer.place.as_ref().and_then(|place| serde_json::to_string(&Kept::from(place)).ok());
                transaction.execute(
                    "INSERT OR REPLACE INTO answer (source, address, asked, place, remark) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![source, address.to_string(), answer.asked, place, answer.remark],
                )?;
            }
            transaction.commit()
        };
        write(&mut connection).map_err(self.failed())
    }

    /// How many addresses `source` was asked for.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn count(&self, source: &str) -> Result<u64, AnswerStoreError> {
        let count: i64 = self
            .connection()
            .query_row("SELECT count(*) FROM answer WHERE source = ?1", [source], |row| row.get(0))
            .map_err(self.failed())?;
        Ok(count.unsigned_abs())
    }

    /// Until when `who` is not to be asked, in nanoseconds since 1970 UTC, and why; `None` if that is over at `now`.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn rest(&self, who: &str, now: i64) -> Result<Option<(i64, String)>, AnswerStoreError> {
        self.connection()
            .prepare_cached("SELECT until, why FROM rest WHERE who = ?1 AND until > ?2")
            .and_then(|mut statement| {
                statement.query_row(params![who, now], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(self.failed())
    }

    /// Has `who` not asked until then, in nanoseconds since 1970 UTC.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn set_rest(&self, who: &str, until: i64, why: &str) -> Result<(), AnswerStoreError> {
        self.connection()
            .execute(
                "INSERT OR REPLACE INTO rest (who, until, why) VALUES (?1, ?2, ?3)",
                params![who, until, why],
            )
            .map(|_| ())
            .map_err(self.failed())
    }

    /// Waits until no other process asks anybody, and keeps them from doing so until the value returned is dropped:
    /// what another one is asking for now is an answer afterwards. Answers in memory are nobody else's.
    ///
    /// # Errors
    /// If there can be no lock.
    pub fn alone(&self) -> Result<Option<File>, AnswerStoreError> {
        if self.path.as_os_str() == ":memory:" {
            return Ok(None);
        }
        let path = self.path.with_extension("lock");
        let locked = File::options().create(true).truncate(false).write(true).open(&path).and_then(|file| {
            file.lock()?;
            Ok(file)
        });
        locked.map(Some).map_err(|source| AnswerStoreError::Lock { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([198, 51, 100, last])
    }

    fn place() -> Place {
        Place {
            country_code: CountryCode::new("SE"),
            country: Some("Sweden".into()),
            city: Some("Malm\u{f6}".into()),
            isp: Some("an \"ISP\"".into()),
            asn: Asn::new(64500),
            coordinates: Coordinates::new(55.6, 13.0),
            radius_km: Some(5.0),
            ..Place::default()
        }
    }

    #[test]
    fn an_answer_is_there_for_the_next_process() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("answers.sqlite");
        let known = Answer { asked: 7, place: Some(place()), remark: Some("a remark".to_owned()) };
        let nothing = Answer { asked: 8, place: None, remark: None };
        let store = AnswerStore::open(&path).unwrap();
        store.keep("a", [(address(1), &known), (address(2), &nothing)]).unwrap();
        let other = AnswerStore::open(&path).unwrap();
        assert_eq!(other.answer("a", address(1)).unwrap(), Some(known.clone()));
        assert_eq!(other.answer("a", address(2)).unwrap(), Some(nothing));
        assert_eq!(other.answer("b", address(1)).unwrap(), None);
        assert_eq!(other.count("a").unwrap(), 2);
        // The newer one takes its place.
        other.keep("a", [(address(1), &Answer { asked: 9, ..known })]).unwrap();
        assert_eq!(store.answer("a", address(1)).unwrap().unwrap().asked, 9);
    }

    #[test]
    fn a_rest_ends() {
        let store = AnswerStore::in_memory().unwrap();
        store.set_rest("a", 100, "too much").unwrap();
        assert_eq!(store.rest("a", 99).unwrap(), Some((100, "too much".to_owned())));
        assert_eq!(store.rest("a", 100).unwrap(), None);
        assert_eq!(store.rest("b", 0).unwrap(), None);
    }

    #[test]
    fn a_file_that_is_something_else_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("answers.sqlite");
        std::fs::write(
            &path,
            "my diary, which is longer than the header of a database that SQLite would read here",
        )
        .unwrap();
        let before = std::fs::read(&path).unwrap();
        let error = AnswerStore::open(&path).unwrap_err().to_string();
        assert!(error.contains("answers.sqlite") && error.contains("not a database"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
        Connection::open(directory.path().join("newer"))
            .unwrap()
            .execute_batch("PRAGMA user_version = 2")
            .unwrap();
        let error = AnswerStore::open(&directory.path().join("newer")).unwrap_err().to_string();
        assert!(error.contains("version 2"), "{error}");
    }

    #[test]
    fn only_one_asks_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("answers.sqlite");
        let (one, other) = (AnswerStore::open(&path).unwrap(), AnswerStore::open(&path).unwrap());
        let lock = one.alone().unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _lock = other.alone().unwrap();
                tell.send(()).unwrap();
            });
            assert!(told.recv_timeout(Duration::from_millis(50)).is_err(), "both asked");
            drop(lock);
            told.recv_timeout(Duration::from_secs(60)).unwrap();
        });
    }
}
