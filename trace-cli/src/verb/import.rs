//! `import FILE...`: traces from documents, and from what the scripts that came before left behind.

use std::io;
use std::path::{Path, PathBuf};
use std::vec::IntoIter;

use anyhow::anyhow;
use trace_core::model::{Atlas, Trace};
use trace_store::import::{self, Traces};
use trace_store::{Documents, Error, Imported, Store};

use crate::args::ImportArguments;
use crate::confine::Walls;
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::output::Output;
use crate::report::table::plural;
use crate::say::Voice;
use crate::settings;

/// Files with these endings are looked at in a directory.
const ENDINGS: [&str; 8] = ["json", "jsonl", "ndjson", "csv", "sqlite", "sqlite3", "db", "pkl"];

pub(crate) fn run(
    typed: &ImportArguments,
    data_dir: Option<PathBuf>,
    voice: Voice,
    output: &mut Output,
) -> Result<Exit> {
    let files = files(&typed.files)?;
    let walls = files.iter().fold(Walls::new(), |walls, file| walls.read_beside(file));
    let mut feed = Feed { files: files.into_iter(), open: None, failed: false, voice };
    if typed.dry_run {
        let count = u64::try_from(feed.by_ref().count()).unwrap_or(u64::MAX);
        output.print(&format!("would bring in {}\n", plural(count, "trace", "traces")))?;
        return Ok(if feed.failed { Exit::CouldNotKeep } else { Exit::Done });
    }
    let directory = settings::data_dir(data_dir)?;
    let mut store = Store::open(&directory).blame(Exit::CouldNotKeep)?;
    // The files may be from anybody.
    walls.write(&directory).stand(voice);
    let documents = if typed.documents { Documents::Write } else { Documents::Skip };
    let imported = store.import(feed.by_ref(), documents);
    told(imported, &store, &feed, output)
}

/// Says what came of it.
fn told(imported: Imported, store: &Store, feed: &Feed, output: &mut Output) -> Result<Exit> {
    for id in &imported.different {
        let error = Error::Different { id: *id, path: store.path().to_owned() };
        feed.voice.warn(&error.to_string());
    }
    let new = plural(imported.new, "trace", "traces");
    output.print(&match imported.known {
        0 => format!("brought in {new}\n"),
        known => format!("brought in {new}, {known} were there already\n"),
    })?;
    match imported.failed {
        Some(error) => {
            let cause = anyhow!(error).context(
                "not all traces were brought in; those told above are kept, and the same command goes on with the rest",
            );
            Err(Failure::new(Exit::CouldNotKeep, cause))
        }
        None if feed.failed || !imported.different.is_empty() => Ok(Exit::CouldNotKeep),
        None => Ok(Exit::Done),
    }
}

/// The files that were typed, and those in the directories that were, in the order of their names.
fn files(typed: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in typed {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let unread = || format!("could not read the directory {}", path.display());
        let entries = path.read_dir().blame_on(Exit::CouldNotKeep, unread)?;
        let entries = entries.collect::<io::Result<Vec<_>>>().blame_on(Exit::CouldNotKeep, unread)?;
        let known = |path: &Path| {
            let ending = path.extension().unwrap_or_default();
            path.is_file() && ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
        };
        let mut found: Vec<PathBuf> =
            entries.into_iter().map(|entry| entry.path()).filter(|path| known(path)).collect();
        if found.is_empty() {
            let cause = anyhow!(
                "there is nothing to bring in in {}: no file ends in .json, .jsonl, .csv or .sqlite",
                path.display()
            );
            return Err(Failure::new(Exit::CouldNotKeep, cause));
        }
        found.sort();
        files.append(&mut found);
    }
    Ok(files)
}

/// The traces of all files, one after the other. What is wrong with one is said, and the next one is taken.
struct Feed {
    files: IntoIter<PathBuf>,
    open: Option<Traces>,
    failed: bool,
    voice: Voice,
}

impl Iterator for Feed {
    type Item = std::result::Result<(Trace, Atlas), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.open.as_mut().and_then(Iterator::next) {
                Some(Ok(found)) => return Some(Ok(found)),
                Some(Err(error)) => self.refuse(&error),
                None => {
                    let path = self.files.next()?;
                    let traces = if path == Path::new("-") {
                        import::read(io::stdin().lock(), Path::new("standard input"))
                    } else {
                        import::open(&path)
                    };
                    match traces {
                        Ok(traces) => self.open = Some(traces),
                        Err(error) => self.refuse(&error),
                    }
                }
            }
        }
    }
}

impl Feed {
    fn refuse(&mut self, error: &Error) {
        (self.open, self.failed) = (None, true);
        let Error::Faulty { path, problems, more } = error else {
            return self.voice.warn(&error.to_string());
        };
        for problem in problems {
            self.voice.warn(&format!("{}, {problem}", path.display()));
        }
        let more = if *more > 0 { format!(" at {more} more") } else { String::new() };
        self.voice.warn(&format!(
            "{} makes no sense there{}; nothing of it was brought in",
            path.display(),
            if more.is_empty() { String::new() } else { format!(" and{more} places") }
        ));
    }
}
