//! `delete TRACE...`: kept traces go, with their documents.

use std::path::PathBuf;

use anyhow::anyhow;

use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::kept::{is_path, there, unkept};
use crate::output::Output;
use crate::report::table::plural;
use crate::settings;

/// Removes all of them, or none where one is not known.
pub(crate) fn run(names: &[String], data_dir: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    if let Some(file) = names.iter().find(|name| is_path(name)) {
        let cause = anyhow!(
            "{file} is a file; only traces that the database keeps are deleted, with their documents"
        );
        return Err(Failure::new(Exit::Senseless, cause));
    }
    let mut store = there(&settings::data_dir(data_dir)?)?;
    let ids = names.iter().map(|name| store.find(name).map_err(unkept)).collect::<Result<Vec<_>>>()?;
    let removed = store.delete(&ids).blame(Exit::CouldNotKeep)?;
    output.print(&format!("removed {}\n", plural(removed, "trace", "traces")))?;
    Ok(Exit::Done)
}
