//! What is measured and not in the database yet: in memory, and in a file where that gets too much.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use trace_core::model::{Atlas, Trace};
use trace_store::{Documents, Store, document};

/// Traces that wait in memory. More are written to a file.
pub(super) const MOST: usize = 2048;
/// Traces stored in one transaction.
const BATCH: usize = 256;
/// The file in the data directory that holds what the database could not take. Elsewhere it is called after that directory.
const FILE: &str = "rescued.jsonl";

/// A finished trace with its places, and whose it is.
pub(super) type Measured<T> = (T, Trace, Atlas);

/// What waits for the database.
#[derive(Debug)]
pub(super) struct Backlog<T> {
    waiting: VecDeque<Measured<T>>,
    /// Where the file may lie, best first.
    files: Vec<PathBuf>,
    most: usize,
}

impl<T> Backlog<T> {
    pub(super) fn new(data_dir: &Path) -> Self {
        let mut hasher = DefaultHasher::new();
        std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned()).hash(&mut hasher);
        let elsewhere = std::env::temp_dir().join(format!("trace-{:016x}-{FILE}", hasher.finish()));
        Self { waiting: VecDeque::new(), files: vec![data_dir.join(FILE), elsewhere], most: MOST }
    }

    pub(super) fn push(&mut self, measured: Measured<T>) {
        self.waiting.push_back(measured);
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Stores the oldest traces in one transaction, and returns them.
    ///
    /// # Errors
    ///
    /// None of them is stored, and they wait on; a trace that no database will ever take is set aside in a file.
    pub(super) fn store(
        &mut self,
        store: &mut Store,
        documents: Documents,
    ) -> Result<Vec<(T, Trace)>, trace_store::Error> {
        let number = self.waiting.len().min(BATCH);
        let batch: Vec<(&Trace, &Atlas)> =
            self.waiting.iter().take(number).map(|(_, trace, atlas)| (trace, atlas)).collect();
        match store.put_batch(&batch, documents) {
            Ok(_) => Ok(self.waiting.drain(..number).map(|(whose, trace, _)| (whose, trace)).collect()),
            Err(error @ (trace_store::Error::Unfit { .. } | trace_store::Error::Different { .. })) => {
                self.set_aside(store, documents, number);
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// One of the oldest traces is the cause that none is stored: the others are, and that one goes into a file.
    fn set_aside(&mut self, store: &mut Store, documents: Documents, number: usize) {
        for measured in self.waiting.drain(..number).collect::<Vec<_>>() {
            let (_, trace, atlas) = &measured;
            if store.put(trace, atlas, documents).is_err()
                && self.write(std::slice::from_ref(&measured)).is_err()
            {
                self.waiting.push_front(measured);
            }
        }
    }

    /// Writes what is too much for the memory to a file; says which, if there was anything.
    ///
    /// # Errors
    ///
    /// There is no room for the file either: everything waits on.
    pub(super) fn relieve(&mut self) -> anyhow::Result<Option<(PathBuf, usize)>> {
        if self.waiting.len() < self.most { Ok(None) } else { self.rescue(self.most / 2) }
    }

    /// Writes everything to a file.
    ///
    /// # Errors
    ///
    /// As [`Backlog::relieve`].
    pub(super) fn rescue_all(&mut self) -> anyhow::Result<Option<(PathBuf, usize)>> {
        self.rescue(self.waiting.len())
    }

    fn rescue(&mut self, number: usize) -> anyhow::Result<Option<(PathBuf, usize)>> {
        if number == 0 {
            return Ok(None);
        }
        let oldest: Vec<Measured<T>> = self.waiting.drain(..number).collect();
        match self.write(&oldest) {
            Ok(path) => Ok(Some((path, number))),
            Err(error) => {
                for measured in oldest.into_iter().rev() {
                    self.waiting.push_front(measured);
                }
                Err(error)
            }
        }
    }

    /// Puts traces behind those that the first file holds that takes them.
    fn write(&self, traces: &[Measured<T>]) -> anyhow::Result<PathBuf> {
        let lines: String =
            traces.iter().map(|(_, trace, atlas)| document::write_line(trace, atlas)).collect();
        let mut refused = None;
        for path in &self.files {
            match append(path, &lines) {
                Ok(()) => return Ok(path.clone()),
                Err(error) => {
                    refused =
                        Some(refused.unwrap_or(error).context(format!("cannot write {}", path.display())))
                }
            }
        }
        Err(refused.unwrap_or_else(|| anyhow::anyhow!("there is no place for a file")))
    }

    /// Brings back what files hold from before; returns how many traces. What is stored already is left as it is, so that
    /// nothing is lost or doubled whenever this ends.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or its traces not stored; it stays.
    pub(super) fn bring_back(&self, store: &mut Store, documents: Documents) -> anyhow::Result<usize> {
        let mut number = 0;
        for path in &self.files {
            number += bring_back(path, store, documents)?;
        }
        Ok(number)
    }
}

fn append(path: &Path, lines: &str) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Nobody else's file, and no link to one, in a directory that others write to.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0),
    );
    let mut file = options.open(path)?;
    anyhow::ensure!(is_ours(&file)?, "it belongs to another user");
    let before = file.metadata()?.len();
    let written = file.write_all(lines.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a line would make the next one worthless too.
        let _ = file.set_len(before);
    }
    Ok(written?)
}

fn bring_back(path: &Path, store: &mut Store, documents: Documents) -> anyhow::Result<usize> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    anyhow::ensure!(is_ours(&file)?, "{} belongs to another user and is left as it is", path.display());
    let (mut number, mut broken) = (0, 0_usize);
    let mut batch = Vec::new();
    let mut put = |batch: &mut Vec<(Trace, Atlas)>| -> anyhow::Result<()> {
        let traces: Vec<(&Trace, &Atlas)> = batch.iter().map(|(trace, atlas)| (trace, atlas)).collect();
        store.put_batch(&traces, documents).with_context(|| format!("{} stays", path.display()))?;
        number += batch.len();
        batch.clear();
        Ok(())
    };
    for line in BufReader::new(file).lines() {
        match document::read(&line.with_context(|| format!("cannot read {}", path.display()))?) {
            Ok(trace) => batch.push(trace),
            Err(_) => broken += 1,
        }
        if batch.len() >= BATCH {
            put(&mut batch)?;
        }
    }
    put(&mut batch)?;
    if broken > 0 {
        let aside = path.with_extension("broken.jsonl");
        std::fs::rename(path, &aside).with_context(|| format!("cannot rename {}", path.display()))?;
        anyhow::bail!(
            "{broken} lines of {} are no traces; the file is {} now",
            path.display(),
            aside.display()
        );
    }
    std::fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    Ok(number)
}

#[cfg(unix)]
fn is_ours(file: &File) -> anyhow::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(file.metadata()?.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn is_ours(_: &File) -> anyhow::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    fn backlog(directory: &Path, traces: usize) -> Backlog<()> {
        let mut backlog = Backlog::new(directory);
        backlog.files.truncate(1);
        backlog.most = 8;
        for number in 0..traces {
            let mut trace = samples::trace();
            trace.id = trace_core::model::Uuid::from_u128(0x7000_8000_0000_0000_0000 + number as u128);
            backlog.push(((), trace, Atlas::default()));
        }
        backlog
    }

    #[test]
    fn what_is_too_much_goes_into_a_file_and_comes_back_once() {
        let directory = tempfile::tempdir().unwrap();
        let mut backlog = backlog(directory.path(), 10);
        let (path, number) = backlog.relieve().unwrap().unwrap();
        assert_eq!((number, backlog.len()), (4, 6));
        assert!(backlog.relieve().unwrap().is_none());
        backlog.rescue_all().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 10);
        let mut store = Store::open(directory.path()).unwrap();
        assert_eq!(backlog.bring_back(&mut store, Documents::Skip).unwrap(), 10);
        assert_eq!((store.count().unwrap(), path.exists()), (10, false));
        assert_eq!(backlog.bring_back(&mut store, Documents::Skip).unwrap(), 0);
    }

    #[test]
    fn a_directory_that_takes_no_file_leaves_everything_in_memory() {
        let directory = tempfile::tempdir().unwrap();
        let mut backlog = backlog(&directory.path().join("gone"), 10);
        assert!(backlog.relieve().is_err());
        assert_eq!(backlog.len(), 10);
    }

    #[test]
    fn a_broken_line_is_set_aside_and_the_others_come_back() {
        let directory = tempfile::tempdir().unwrap();
        let mut backlog = backlog(directory.path(), 2);
        let (path, _) = backlog.rescue_all().unwrap().unwrap();
        append(&path, "{\"schema\": 1, \"id\"\n").unwrap();
        let mut store = Store::open(directory.path()).unwrap();
        let said = backlog.bring_back(&mut store, Documents::Skip).unwrap_err().to_string();
        assert!(said.contains("1 lines") && said.contains("broken"), "{said}");
        assert_eq!((store.count().unwrap(), path.exists()), (2, false));
    }
}
