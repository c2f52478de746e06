//! Brings databases of places up to date: GeoLite2 by MaxMind, for those who have an account, and DB-IP City Lite, for
//! everybody.
//!
//! A database is only replaced by one that came whole, whose hash is the one announced, and that can be read; it is
//! replaced by renaming, so that a process that reads the old one goes on reading it. Whatever goes wrong, the old one
//! stays.
//!
//! Sources: <https://dev.maxmind.com/geoip/updating-databases> ("Directly downloading databases": permalinks, basic
//! authentication, redirects to presigned addresses elsewhere, `.sha256` files, `Last-Modified`) and
//! <https://db-ip.com/db/download/ip-to-city-lite> (one file a month, CC BY 4.0).

mod fault;
mod offer;
#[cfg(test)]
mod tests;
mod unpack;

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use ureq::Body;
use ureq::http::Response;

pub use self::fault::UpdateFault;
use self::offer::{Offer, Packing, last_modified};
use crate::download::{Waits, read_cause};
use crate::{Error, Locate as _, Mmdb, Secret};

/// Where MaxMind's databases are.
pub const MAXMIND_URL: &str = "https://download.maxmind.com";
/// Where DB-IP's databases are.
pub const DBIP_URL: &str = "https://download.db-ip.com";

/// The beginning of the name of a file that is being written.
const UNFINISHED: &str = ".download-";

/// A database that can be downloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Database {
    /// Cities and coordinates, by MaxMind.
    GeoLite2City,
    /// Origin ASes, by MaxMind.
    GeoLite2Asn,
    /// Countries, by MaxMind.
    GeoLite2Country,
    /// Cities and coordinates, by DB-IP.
    DbIpCityLite,
}

impl Database {
    /// All of them, the most telling first.
    pub const ALL: [Self; 4] =
        [Self::GeoLite2City, Self::DbIpCityLite, Self::GeoLite2Asn, Self::GeoLite2Country];

    /// Its name, as `GeoLite2-City`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GeoLite2City => "GeoLite2-City",
            Self::GeoLite2Asn => "GeoLite2-ASN",
            Self::GeoLite2Country => "GeoLite2-Country",
            Self::DbIpCityLite => "DBIP-City-Lite",
        }
    }

    /// The file it is kept in, inside the directory of the databases.
    #[must_use]
    pub fn file_name(self) -> String {
        format!("{}.mmdb", self.as_str())
    }

    /// Whether it is given only to those who have an account.
    #[must_use]
    pub const fn needs_account(self) -> bool {
        !matches!(self, Self::DbIpCityLite)
    }
}

impl core::fmt::Display for Database {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An account at MaxMind.
#[derive(Debug, Clone)]
pub struct Account {
    /// The number of the account.
    pub id: Secret,
    /// Its licence key.
    pub key: Secret,
}

/// From where, and how much of it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where MaxMind's databases are.
    pub maxmind_url: String,
    /// Where DB-IP's databases are.
    pub dbip_url: String,
    /// The user's account at MaxMind.
    pub account: Option<Account>,
    /// How long the server may say nothing.
    pub silence: Duration,
    /// How long one download may take.
    pub patience: Duration,
    /// The most bytes of a download.
    pub largest_download: u64,
    /// The most bytes of a database.
    pub largest_database: u64,
}

impl Default for Settings {
    /// 30 seconds of silence, half an hour for a download, 512 MiB packed and 2 GiB unpacked; no account.
    fn default() -> Self {
        Self {
            maxmind_url: MAXMIND_URL.to_owned(),
            dbip_url: DBIP_URL.to_owned(),
            account: None,
            silence: Duration::from_secs(30),
            patience: Duration::from_secs(1800),
            largest_download: 512 << 20,
            largest_database: 2 << 30,
        }
    }
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes so far.
    pub received: u64,
    /// All of them, where the server says so.
    pub total: Option<u64>,
}

/// What became of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// There is no newer one.
    Current {
        /// The day it was built.
        built: Option<String>,
    },
    /// A newer one is there now.
    Replaced {
        /// The day it was built.
        built: Option<String>,
        /// Its size in bytes.
        size: u64,
        /// What the licence asks to be shown.
        attribution: Option<String>,
    },
}

/// Brings `database` in `directory` up to date; `now` is in nanoseconds since 1970 UTC. The directory is made if it is
/// not there. `progress` is told of every piece that came.
///
/// Nothing is downloaded if the server's file was last changed when the one here was.
///
/// # Errors
/// [`Error::Update`], and the old database is still there: without an account where one is needed, when the server
/// refuses or does not answer, when what came is cut, too large, not what was announced, no archive, or no such
/// database, when it cannot be written, or when another process is at it.
pub fn update(
    database: Database,
    directory: &Path,
    settings: &Settings,
    now: i64,
    progress: &mut dyn FnMut(Progress),
) -> Result<Update, Error> {
    run(database, directory, settings, now, progress).map_err(|fault| Error::Update { database, fault })
}

fn run(
    database: Database,
    directory: &Path,
    settings: &Settings,
    now: i64,
    progress: &mut dyn FnMut(Progress),
) -> Result<Update, UpdateFault> {
    let offer = Offer::of(database, settings, now)?;
    std::fs::create_dir_all(directory).map_err(|source| write_fault(directory, source))?;
    let _alone = alone(directory)?;
    remove_unfinished(directory);
    let path = directory.join(database.file_name());
    let waits = Waits { connect: settings.silence, response: settings.silence, all: settings.patience };
    let agent = offer.base.agent(5, waits);
    let present = Present::of(&path, database);
    if let Some(present) = &present
        && offer.changed(&agent)? == Some(present.changed)
    {
        return Ok(Update::Current { built: present.built.clone() });
    }
    let announced = offer.announced_hash(&agent)?;
    let mut response = offer.download(&agent)?;
    let changed = last_modified(&response);
    let packed = receive(directory, &mut response, settings.largest_download, progress)?;
    if let Some(expected) = announced
        && expected != packed.hash
    {
        return Err(UpdateFault::Hash { expected, found: packed.hash });
    }
    let mut fresh = temporary(directory)?;
    match offer.packing {
        Packing::Gzip => unpack::gzip(packed.file.as_file(), fresh.as_file_mut(), settings.largest_database),
        Packing::TarGzip => {
            let wanted = database.file_name();
            unpack::tar(packed.file.as_file(), &wanted, fresh.as_file_mut(), settings.largest_database)
        }
    }
    .map_err(|fault| fault.at(directory))?;
    put_in_place(fresh, &path, database, changed)
}

/// The database that is there already, if it can be used.
struct Present {
    changed: SystemTime,
    built: Option<String>,
}

impl Present {
    fn of(path: &Path, database: Database) -> Option<Self> {
        let changed = path.metadata().and_then(|metadata| metadata.modified()).ok()?;
        Some(Self { changed, built: usable(path, database).ok()? })
    }
}

/// The day a database was built, if it is the one that is meant and can be read.
fn usable(path: &Path, database: Database) -> Result<Option<String>, UpdateFault> {
    let opened = Mmdb::open(path).map_err(|error| UpdateFault::Database(Box::new(error)))?;
    let info = opened.info();
    if *info.name != *format!("mmdb:{database}") {
        return Err(UpdateFault::Kind { found: info.name.to_string() });
    }
    Ok(info.built.as_deref().map(str::to_owned))
}

/// What was received, in a file that is gone with this value.
struct Packed {
    file: NamedTempFile,
    hash: String,
}

fn receive(
    directory: &Path,
    response: &mut Response<Body>,
    limit: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<Packed, UpdateFault> {
    let total = response.body().content_length();
    if total.is_some_and(|total| total > limit) {
        return Err(UpdateFault::Large { limit });
    }
    let mut file = temporary(directory)?;
    let mut hash = Sha256::new();
    let mut received = 0_u64;
    let mut piece = vec![0_u8; 1 << 16];
    let mut reader = response.body_mut().as_reader();
    loop {
        progress(Progress { received, total });
        let length = match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(UpdateFault::Unreachable { cause: read_cause(&error) }),
        };
        let piece = piece.get(..length).unwrap_or_default();
        received = received.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        if received > limit {
            return Err(UpdateFault::Large { limit });
        }
        hash.update(piece);
        file.write_all(piece).map_err(|source| write_fault(directory, source))?;
    }
    if total.is_some_and(|total| total != received) {
        return Err(UpdateFault::Unreachable {
            cause: "the connection ended in the middle of the answer".to_owned(),
        });
    }
    let hash = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Packed { file, hash })
}

/// Checks a database that was unpacked, and gives it its name.
fn put_in_place(
    fresh: NamedTempFile,
    path: &Path,
    database: Database,
    changed: Option<SystemTime>,
) -> Result<Update, UpdateFault> {
    let failed = |source| write_fault(path, source);
    let opened = Mmdb::open(fresh.path()).map_err(|error| UpdateFault::Database(Box::new(error)))?;
    let info = opened.info().clone();
    if *info.name != *format!("mmdb:{database}") {
        return Err(UpdateFault::Kind { found: info.name.to_string() });
    }
    drop(opened);
    let file = fresh.as_file();
    if let Some(changed) = changed {
        file.set_modified(changed).map_err(failed)?;
    }
    readable_by_all(file).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    fresh.persist(path).map_err(|error| write_fault(path, error.error))?;
    if let Some(directory) = path.parent() {
        // What was renamed survives a power cut once its directory is written too.
        let _ = File::open(directory).and_then(|directory| directory.sync_all());
    }
    Ok(Update::Replaced {
        built: info.built.as_deref().map(str::to_owned),
        size,
        attribution: info.attribution,
    })
}

/// Temporary files are their owner's alone; what is in this one is no secret.
#[cfg(unix)]
fn readable_by_all(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_all(_: &File) -> io::Result<()> {
    Ok(())
}

/// Keeps other processes from updating the same directory until it is dropped.
fn alone(directory: &Path) -> Result<File, UpdateFault> {
    let path = directory.join(".lock");
    let open = File::options().create(true).truncate(false).write(true).open(&path);
    let file = open.map_err(|source| write_fault(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(UpdateFault::Busy { path: directory.to_owned() }),
        Err(TryLockError::Error(source)) => Err(write_fault(&path, source)),
    }
}

/// What a process that was killed left behind: nobody else writes here now.
fn remove_unfinished(directory: &Path) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            // It costs space and nothing else.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn temporary(directory: &Path) -> Result<NamedTempFile, UpdateFault> {
    let made = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(directory);
    made.map_err(|source| write_fault(directory, source))
}

fn write_fault(path: &Path, source: io::Error) -> UpdateFault {
    UpdateFault::Write { path: PathBuf::from(path), source }
}
