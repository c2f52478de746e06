//! Where traces come from: the store of a data directory, opened for reading and opened anew when it is replaced, or
//! a temporary store with the traces of a file. Both are asked the same questions.

use core::time::Duration;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use trace_store::{Documents, Error, Overview, Store, import};

use super::settings::From;
use crate::exit::{Blame as _, Exit, Result};
use crate::say::Voice;

/// How long a program that keeps the database locked is waited for: a page that says so is better than one that hangs.
const WAIT: Duration = Duration::from_millis(1500);
/// KiB of pages that each reader keeps in memory.
const CACHE: u32 = 1 << 10;
/// Readers that are kept open.
const READERS: usize = 3;

/// Traces to be shown.
#[derive(Debug)]
pub(crate) struct Source {
    place: Place,
    overview: Mutex<Seen>,
    watch: Mutex<Watch>,
}

#[derive(Debug)]
enum Place {
    Directory { directory: PathBuf, idle: Mutex<Vec<Opened>> },
    File(Box<Mutex<Store>>),
}

/// Which file a database is.
pub(super) type Identity = (u64, u64);

/// An opened store, and the file it was opened from.
#[derive(Debug)]
struct Opened {
    store: Store,
    identity: Identity,
}

/// The overview, and which file it is of.
#[derive(Debug, Default)]
struct Seen {
    identity: Option<Identity>,
    overview: Overview,
}

/// A connection that does nothing but notice changes.
#[derive(Debug, Default)]
struct Watch {
    opened: Option<Opened>,
    last: i64,
    count: u64,
}

impl Source {
    /// What `serve` was told to show. A file is read now, whole.
    pub(super) fn of(from: &From, voice: Voice) -> Result<Self> {
        match from {
            From::Directory(directory) => {
                Ok(Self::new(Place::Directory { directory: directory.clone(), idle: Mutex::default() }))
            }
            From::Csv(path) => {
                let store = read(path, voice).blame(Exit::CouldNotKeep)?;
                Ok(Self::new(Place::File(Box::new(Mutex::new(store)))))
            }
        }
    }

    fn new(place: Place) -> Self {
        Self { place, overview: Mutex::default(), watch: Mutex::default() }
    }

    /// Whether it is a file that is only shown.
    pub(crate) const fn is_file(&self) -> bool {
        matches!(self.place, Place::File(_))
    }

    /// The data directory, if there is one.
    pub(crate) fn directory(&self) -> Option<&Path> {
        match &self.place {
            Place::Directory { directory, .. } => Some(directory),
            Place::File(_) => None,
        }
    }

    /// Which file the database is now; `None` where there is none.
    pub(super) fn file(&self) -> Option<Identity> {
        self.directory().and_then(identity)
    }

    /// Asks the store.
    pub(crate) fn ask<T>(
        &self,
        question: impl FnOnce(&Store) -> std::result::Result<T, Error>,
    ) -> std::result::Result<T, Error> {
        match &self.place {
            Place::File(store) => question(&lock(store)),
            Place::Directory { directory, idle } => {
                let opened = open(directory, idle)?;
                let answer = question(&opened.store)?;
                let mut idle = lock(idle);
                if idle.len() < READERS {
                    idle.push(opened);
                }
                Ok(answer)
            }
        }
    }

    /// Asks the store beside its overview, which is brought up to date before.
    pub(crate) fn survey<T>(
        &self,
        question: impl FnOnce(&mut Overview, &Store) -> std::result::Result<T, Error>,
    ) -> std::result::Result<T, Error> {
        let mut seen = lock(&self.overview);
        let identity = self.file();
        if seen.identity != identity {
            *seen = Seen { identity, ..Seen::default() };
        }
        self.ask(|store| {
            seen.overview.refresh(store)?;
            question(&mut seen.overview, store)
        })
    }

    /// A number that changes whenever what the store would answer may have changed.
    pub(crate) fn revision(&self) -> std::result::Result<u64, Error> {
        let Some(directory) = self.directory() else { return Ok(0) };
        let mut watch = lock(&self.watch);
        let now = identity(directory);
        if watch.opened.as_ref().map(|opened| opened.identity) != now {
            watch.opened = None;
            watch.count += 1;
        }
        if watch.opened.is_none() {
            watch.opened = Some(fresh(directory)?);
        }
        let Watch { opened, last, count } = &mut *watch;
        let revision = opened.as_ref().map(|opened| opened.store.revision());
        match revision {
            Some(Ok(revision)) => {
                if *last != revision {
                    *last = revision;
                    *count += 1;
                }
                Ok(*count)
            }
            Some(Err(error)) => {
                *opened = None;
                Err(error)
            }
            None => Ok(*count),
        }
    }
}

/// The traces of a file, in a store that goes with this program.
fn read(path: &Path, voice: Voice) -> std::result::Result<Store, Error> {
    let mut store = Store::temporary()?;
    let imported = store.import(import::open(path)?, Documents::Skip);
    if let Some(error) = imported.failed {
        return Err(error);
    }
    for id in imported.different {
        voice.warn(&format!(
            "{}: the trace {id} stands there twice, and differs: the first is shown",
            path.display()
        ));
    }
    Ok(store)
}

/// A reader that is idle, or a new one. Those of a file that was replaced are let go.
fn open(directory: &Path, idle: &Mutex<Vec<Opened>>) -> std::result::Result<Opened, Error> {
    let now = identity(directory);
    let mut idle = lock(idle);
    idle.retain(|opened| Some(opened.identity) == now);
    match idle.pop() {
        Some(opened) => Ok(opened),
        None => {
            drop(idle);
            fresh(directory)
        }
    }
}

fn fresh(directory: &Path) -> std::result::Result<Opened, Error> {
    // Looked at before: a file that is replaced in between is opened once more the next time.
    let identity = identity(directory).unwrap_or_default();
    let store = Store::open_read_only_within(directory, WAIT)?;
    store.set_cache(CACHE)?;
    Ok(Opened { store, identity })
}

/// Which file the database of a directory is now.
fn identity(directory: &Path) -> Option<Identity> {
    let metadata = std::fs::metadata(directory.join(Store::FILE)).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;

        Some((metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    {
        let created = metadata.created().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some((0, u64::try_from(created.as_nanos()).ok()?))
    }
}

/// A thread that panicked held it: what it guards is still sound, since it is replaced in one piece.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
