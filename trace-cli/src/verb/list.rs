//! `list`: the traces that are kept.

use std::path::PathBuf;

use trace_store::{Error, Filter, Store};

use crate::args::ListArguments;
use crate::clock;
use crate::exit::{Blame as _, Exit, Result};
use crate::output::Output;
use crate::report::list;
use crate::settings;

pub(crate) fn run(typed: ListArguments, data_dir: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    let directory = settings::data_dir(data_dir)?;
    let filter = Filter {
        limit: Some(typed.limit),
        since: typed.since.map(|since| since.before(clock::now())),
        target: typed.target,
    };
    let traces = match Store::open_read_only(&directory) {
        // Nothing has been traced yet: an empty list.
        Err(Error::Missing { .. }) => Vec::new(),
        store => store.and_then(|store| store.list(&filter)).blame(Exit::CouldNotKeep)?,
    };
    let text = list::summaries(&traces, typed.format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(typed.format.format, &text)?;
    Ok(Exit::Done)
}
