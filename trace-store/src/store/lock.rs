use core::time::Duration;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use crate::Error;

/// The lock of a data directory: whoever holds it may create the database, and write documents. The system
/// lets go of it when its holder dies.
///
/// It is taken before the database is locked, never the other way round.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_millis(2);

impl Lock {
    /// Waits for the lock for as long as `wait`; `None` when somebody else still has it then.
    pub(super) fn take(directory: &Path, wait: Duration) -> Result<Option<Self>, Error> {
        let path = directory.join("traces.lock");
        let failed = |attempted| {
            let path = path.clone();
            move |source| Error::File { attempted, path, source }
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(failed("open the lock file"))?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self { _file: file })),
                Err(TryLockError::WouldBlock) if waited >= wait => return Ok(None),
                Err(TryLockError::WouldBlock) => {}
                // Some file systems know no locks. Writing a document twice does no harm, none at all would.
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                    return Ok(Some(Self { _file: file }));
                }
                Err(TryLockError::Error(error)) => return Err(failed("lock")(error)),
            }
            pause(PAUSE);
            waited += PAUSE;
        }
    }
}

/// Lets time go by.
#[expect(
    clippy::disallowed_methods,
    reason = "waiting for a lock of files knows no time limit, and a stopped holder must not stop us"
)]
pub(super) fn pause(span: Duration) {
    std::thread::sleep(span);
}
