//! `db init|check|path|backup|prune`: the database itself.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use trace_store::{Overwrite, Prune, Store};

use crate::clock::{self, Since};
use crate::escape::escape;
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::kept::there;
use crate::output::Output;
use crate::paint::Ink;
use crate::report::table::plural;
use crate::settings::{data_dir, database_in};

/// Creates the database, or keeps the one that is there.
pub(crate) fn init(overwrite: bool, typed: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    let directory = data_dir(typed)?;
    let was_there = database_in(&directory).exists();
    let wanted = if overwrite { Overwrite::Everything } else { Overwrite::No };
    let (store, aside) = Store::init(&directory, wanted).blame(Exit::CouldNotKeep)?;
    let path = store.path().display();
    let mut text = match (was_there, overwrite) {
        (false, _) => format!("created {path}\n"),
        (true, true) => format!("emptied {path}\n"),
        (true, false) => {
            let count = store.count().blame(Exit::CouldNotKeep)?;
            let traces = plural(count, "trace", "traces");
            format!("kept {path} with {traces} (`trace-cli db check` tells whether they are whole)\n")
        }
    };
    if let Some(aside) = aside {
        text.push_str(&format!("what was there before is now {}\n", aside.display()));
    }
    output.print(&text)?;
    Ok(Exit::Done)
}

/// Checks that database and documents are whole and agree.
pub(crate) fn check(typed: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    let directory = data_dir(typed)?;
    let store = Store::open_read_only(&directory).blame(Exit::CouldNotKeep)?;
    let report = store.check().blame(Exit::CouldNotKeep)?;
    let mut text = format!(
        "{}: {}, {}, {} pending\n",
        store.path().display(),
        plural(report.traces, "trace", "traces"),
        plural(report.documents, "document", "documents"),
        report.pending
    );
    for problem in &report.problems {
        text.push_str(&output.paint().apply(Ink::Bad, &escape(problem)));
        text.push('\n');
    }
    if report.is_sound() {
        text.push_str(&output.paint().apply(Ink::Good, "sound"));
        text.push('\n');
        output.print(&text)?;
        return Ok(Exit::Done);
    }
    output.print(&text)?;
    let count = u64::try_from(report.problems.len()).unwrap_or(u64::MAX);
    let cause = anyhow!("{} found in {}", plural(count, "problem", "problems"), store.path().display());
    Err(Failure::new(Exit::CouldNotKeep, cause))
}

/// Copies the database into a new file.
pub(crate) fn backup(file: &Path, typed: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    let store = Store::open_read_only(&data_dir(typed)?).blame(Exit::CouldNotKeep)?;
    store.backup(file).blame(Exit::CouldNotKeep)?;
    let count = plural(store.count().blame(Exit::CouldNotKeep)?, "trace", "traces");
    output.print(&format!("copied {} with {count} to {}\n", store.path().display(), file.display()))?;
    Ok(Exit::Done)
}

/// Removes old traces.
pub(crate) fn prune(
    older_than: Since,
    keep_per_path: u32,
    dry_run: bool,
    typed: Option<PathBuf>,
    output: &mut Output,
) -> Result<Exit> {
    let directory = data_dir(typed)?;
    let prune = Prune { older_than: older_than.before(clock::now()), keep_per_path };
    let counted = |count: usize| plural(u64::try_from(count).unwrap_or(u64::MAX), "trace", "traces");
    if dry_run {
        let store = Store::open_read_only(&directory).blame(Exit::CouldNotKeep)?;
        let old = store.prunable(prune).blame(Exit::CouldNotKeep)?;
        output.print(&format!("would remove {}\n", counted(old.len())))?;
        return Ok(Exit::Done);
    }
    let mut store = there(&directory)?;
    let old = store.prunable(prune).blame(Exit::CouldNotKeep)?;
    let removed = plural(store.delete(&old).blame(Exit::CouldNotKeep)?, "trace", "traces");
    let left = plural(store.count().blame(Exit::CouldNotKeep)?, "trace", "traces");
    output.print(&format!("removed {removed}, {left} left\n"))?;
    Ok(Exit::Done)
}

/// Prints where the database is, or would be.
pub(crate) fn path(typed: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    use std::os::unix::ffi::OsStrExt as _;

    let path = database_in(&data_dir(typed)?);
    let mut bytes = path.as_os_str().as_bytes().to_owned();
    bytes.push(b'\n');
    output.print_bytes(&bytes)?;
    Ok(Exit::Done)
}
