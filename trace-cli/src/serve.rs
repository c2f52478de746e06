//! The dashboard: kept traces as pages and as an API, over HTTP.
//!
//! [`source`] is where traces come from, `views` turns them into answers, `routes` says which path gets which,
//! [`guard`] who may ask, and [`listener`] speaks HTTP and bounds what a peer may take of this machine. Nothing that a
//! request says becomes a path of the file system.

mod answer;
mod guard;
mod listener;
mod memo;
mod page;
mod problem;
mod query;
mod routes;
mod settings;
mod shape;
mod source;
mod token;
mod views;

use std::sync::Arc;

use anyhow::Context as _;

pub(crate) use self::settings::ServeSettings;
use self::source::Source;
use self::views::Dashboard;
use crate::exit::{Blame as _, Exit, Result};
use crate::say::Voice;

/// Threads that answer. Everything that waits for a disk is done by others.
const WORKERS: usize = 2;
/// Threads that read the database.
const READERS: usize = 4;

/// Serves until a signal says that it is enough.
pub(crate) fn run(settings: ServeSettings, voice: Voice) -> Result<Exit> {
    let source = Source::of(&settings)?;
    let listener = listener::bind(settings.listen)?;
    // Whoever opens a browser starts a program, which would live behind the same walls.
    if !settings.open {
        let standing = settings.walls().build();
        voice.tell(|| standing.to_string());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(READERS)
        .thread_name("serve")
        .enable_all()
        .build()
        .context("could not start the threads that serve")
        .blame(Exit::CouldNotProbe)?;
    let url = listener::url(&listener);
    voice.warn(&format!("the dashboard is at {url}"));
    let guard = guard::Guard::new(&settings)?;
    let dashboard = Arc::new(Dashboard::new(source, settings.allow_trace, guard.csrf().clone()));
    if settings.open {
        page::open(&url, voice);
    }
    let served = runtime.block_on(listener::serve(listener, routes::all(dashboard, guard)));
    runtime.shutdown_timeout(listener::FAREWELL);
    served.context("could not serve").blame(Exit::CouldNotProbe)?;
    Ok(Exit::Done)
}
