//! `changes HOST`: what changed on the way to a host.

use std::path::PathBuf;

use trace_store::{Change, Error, Filter, Store, Subject};

use crate::args::ChangesArguments;
use crate::clock;
use crate::exit::{Blame as _, Exit, Result};
use crate::output::Output;
use crate::report::changes;
use crate::settings;

pub(crate) fn run(typed: ChangesArguments, data_dir: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    let store = Store::open_read_only(&settings::data_dir(data_dir)?).blame(Exit::CouldNotKeep)?;
    let since = typed.since.map(|since| since.before(clock::now()));
    let (mut found, traced) = match typed.host {
        None => (store.all_changes(since), store.count().map(|count| count > 0)),
        host => {
            let targets: Vec<String> = super::list::forms(host).into_iter().flatten().collect();
            (of(&store, &targets, since), traced(&store, &targets))
        }
    };
    if let Ok(found) = &mut found
        && let Some(limit) = typed.limit
    {
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    }
    let (found, traced) = (found.blame(Exit::CouldNotKeep)?, traced.blame(Exit::CouldNotKeep)?);
    let text =
        changes::text(&found, traced, typed.format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(typed.format.format, &text)?;
    Ok(Exit::Done)
}

fn of(store: &Store, targets: &[String], since: Option<i64>) -> std::result::Result<Vec<Change>, Error> {
    let mut found: Vec<Change> = Vec::new();
    for target in targets {
        let more = store.changes(&Subject { target: target.clone(), since })?;
        // One address may have been traced under both forms of its name.
        found.extend(more.into_iter().filter(|change| !found.contains(change)).collect::<Vec<_>>());
    }
    found.sort_by_key(|change| std::cmp::Reverse((change.at, change.sure_at)));
    Ok(found)
}

/// Whether there is any trace to one of these.
fn traced(store: &Store, targets: &[String]) -> std::result::Result<bool, Error> {
    for target in targets {
        let any = Filter { limit: Some(1), target: Some(target.clone()), ..Filter::default() };
        if !store.list(&any)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}
