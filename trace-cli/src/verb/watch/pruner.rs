//! The thread that removes what is older than is wanted, beside everything else.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use trace_store::Prune;

use crate::clock;

/// How often old traces are looked for.
const EVERY: Duration = Duration::from_secs(3600);
/// How many are removed at once, and how long others have the database between two times.
const AT_ONCE: usize = 5000;
const PAUSE: Duration = Duration::from_secs(2);
/// How long the lock of others is waited for.
const LOCK: Duration = Duration::from_secs(5);

/// Where it is said how old traces may get.
#[derive(Debug)]
pub(super) struct Pruner(Sender<Option<Duration>>);

impl Pruner {
    /// Starts the thread. It is left behind at the end: what it is about then did not happen.
    pub(super) fn start(data_dir: PathBuf) -> anyhow::Result<Self> {
        let (tell, told) = channel();
        let work = move || work(&data_dir, &told);
        thread::Builder::new().name("pruner".to_owned()).spawn(work).context("could not start a thread")?;
        Ok(Self(tell))
    }

    /// From now on traces may get so old; `None`: as old as they like.
    pub(super) fn keep(&self, keep: Option<Duration>) {
        // The thread ends with this sender.
        let _ = self.0.send(keep);
    }
}

fn work(data_dir: &std::path::Path, told: &Receiver<Option<Duration>>) {
    let (mut keep, mut pause) = (None, EVERY);
    loop {
        match told.recv_timeout(pause) {
            Ok(new) => keep = new,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        pause = EVERY;
        let Some(keep) = keep else { continue };
        match prune(data_dir, keep) {
            Ok(0) => {}
            Ok(removed) => {
                tracing::info!(
                    traces = removed,
                    "removed traces older than {}",
                    humantime::format_duration(keep)
                );
                pause = PAUSE;
            }
            Err(error) => tracing::warn!("old traces stay for now: {error}"),
        }
    }
}

/// Removes some; returns how many.
fn prune(data_dir: &std::path::Path, keep: Duration) -> Result<u64, trace_store::Error> {
    let mut store = super::open(data_dir, LOCK)?;
    let age = i64::try_from(keep.as_nanos()).unwrap_or(i64::MAX);
    let older_than = clock::now().saturating_sub(age);
    let mut old = store.prunable(Prune { older_than, keep_per_path: 1 })?;
    old.truncate(AT_ONCE);
    if old.is_empty() { Ok(0) } else { store.delete(&old) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use trace_core::model::{Atlas, Uuid};
    use trace_store::{Documents, Store};

    #[test]
    fn what_is_old_goes_but_the_newest_of_each_path() {
        let directory = tempfile::tempdir().unwrap();
        let mut store = Store::open(directory.path()).unwrap();
        let day = 86_400_000_000_000;
        for age in 0..10_u8 {
            let mut trace = samples::trace();
            trace.id = Uuid::from_u128(0x7000_8000_0000_0000_0000 + u128::from(age));
            trace.started = clock::now() - i64::from(age) * day - day / 2;
            store.put(&trace, &Atlas::default(), Documents::Skip).unwrap();
        }
        drop(store);
        assert_eq!(prune(directory.path(), Duration::from_secs(3 * 86_400)).unwrap(), 7);
        assert_eq!(prune(directory.path(), Duration::from_secs(3 * 86_400)).unwrap(), 0);
        // Of a path that nobody takes any more one stays.
        assert_eq!(prune(directory.path(), Duration::from_secs(3600)).unwrap(), 2);
        assert_eq!(Store::open(directory.path()).unwrap().count().unwrap(), 1);
    }
}
