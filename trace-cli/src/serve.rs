//! The dashboard: kept traces as pages and as an API, over HTTP.
//!
//! [`source`] is where traces come from, `views` turns them into answers, `routes` says which path gets which,
//! [`guard`] who may ask, and [`listener`] speaks HTTP and bounds what a peer may take of this machine. Nothing that a
//! request says becomes a path of the file system.

mod answer;
mod guard;
mod listener;
mod live;
mod memo;
mod metrics;
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
use std::time::Duration;

use anyhow::Context as _;

use self::live::Live;
use self::metrics::Metrics;
use self::settings::From;
pub(crate) use self::settings::ServeSettings;
use self::source::Source;
use self::views::Dashboard;
use crate::config::Given;
use crate::exit::{Blame as _, Exit, Result};
use crate::log;
use crate::say::Voice;
use crate::supervisor::Supervisor;

/// Threads that answer. Everything that waits for a disk is done by others.
const WORKERS: usize = 2;
/// Threads that read the database.
const READERS: usize = 4;
/// How often the service manager is told how it goes, if it does not want that more often.
const BEAT: Duration = Duration::from_secs(5);

/// Serves until a signal says that it is enough.
pub(crate) fn run(settings: ServeSettings, given: &Given, voice: Voice) -> Result<Exit> {
    log::start(settings.log_format, voice.is_verbose());
    let voice = voice.logging();
    // Whoever comes while a file is read waits.
    let listener = listener::bind(settings.listen)?;
    let source = Source::of(&settings.from, voice)?;
    let most = listener::most_connections();
    let url = listener::url(&listener);
    tracing::info!("the dashboard is at {url}");
    let guard = guard::Guard::new(&settings)?;
    let live = match &settings.from {
        From::Directory(directory) if settings.allow_trace => {
            Some(Live::new(given.config.clone(), directory.clone().into(), voice))
        }
        _ => None,
    };
    let dashboard = Arc::new(Dashboard::new(source, live, guard.csrf().clone()));
    if settings.open {
        page::open(&url, voice);
    }
    confine(&settings, dashboard.live().ok(), voice);
    trace_core::sys::share_free_memory();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .max_blocking_threads(READERS)
        .thread_name("serve")
        .enable_all()
        .build()
        .context("could not start the threads that serve")
        .blame(Exit::CouldNotProbe)?;
    let metrics = Metrics::new();
    let routes = routes::all(Arc::clone(&dashboard), guard, Arc::clone(&metrics));
    let supervisor = Supervisor::new();
    let state = format!("the dashboard is at {url}");
    let begun = || {
        let mut told = supervisor;
        told.ready(&state);
        let first = Arc::clone(&dashboard);
        tokio::task::spawn_blocking(move || first.warm());
        tokio::spawn(live_on(told, Arc::clone(&metrics), state.clone()));
    };
    let served = runtime.block_on(listener::serve(listener, most, routes, &metrics, begun, || {
        supervisor.stopping();
        tracing::info!("ending");
        dashboard.end();
    }));
    dashboard.wait(listener::FAREWELL);
    runtime.shutdown_timeout(listener::LAST);
    served.context("could not serve").blame(Exit::CouldNotProbe)?;
    Ok(Exit::Done)
}

/// Tells the service manager that it lives, as long as there is a thread that answers: if all of them hang, there is none.
async fn live_on(mut supervisor: Supervisor, metrics: Arc<Metrics>, state: String) {
    loop {
        tokio::time::sleep(supervisor.patience().min(BEAT)).await;
        if tokio::task::spawn_blocking(|| ()).await.is_ok() {
            supervisor.beat(|| format!("{state}; connections: {}", metrics.connections.get()));
        }
    }
}

/// From here on strangers are listened to: nothing but the data directory can be reached, and no program started. A browser
/// that is open lives in a process of its own.
fn confine(settings: &ServeSettings, live: Option<&Live>, voice: Voice) {
    let files = live.map(Live::files).unwrap_or_default();
    settings.walls().read(&files).stand(voice);
}
