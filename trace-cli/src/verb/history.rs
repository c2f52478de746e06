//! `history HOST`: how the paths to a host followed one another.

use std::path::PathBuf;

use trace_store::{Store, Subject};

use crate::args::HistoryArguments;
use crate::clock;
use crate::exit::{Blame as _, Exit, Result};
use crate::output::Output;
use crate::report::history;
use crate::settings;

pub(crate) fn run(typed: HistoryArguments, data_dir: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    let store = Store::open_read_only(&settings::data_dir(data_dir)?).blame(Exit::CouldNotKeep)?;
    let since = typed.since.map(|since| since.before(clock::now()));
    let mut eras = Vec::new();
    for target in super::list::forms(Some(typed.host)).into_iter().flatten() {
        eras.extend(store.history(&Subject { target, since }).blame(Exit::CouldNotKeep)?);
    }
    eras.sort_by_key(|era| (era.first, era.last));
    if let Some(limit) = typed.limit.and_then(|limit| usize::try_from(limit).ok()) {
        eras.drain(..eras.len().saturating_sub(limit));
    }
    let text = history::eras(&eras, typed.format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(typed.format.format, &text)?;
    Ok(Exit::Done)
}
