//! `watch`: the same targets again and again, for years.
//!
//! One thread decides what is due ([`schedule`]), probes ([`prober`]) and never waits for anything but answers; others look
//! names up ([`lookup`]), place and keep what was measured ([`keeper`]), judge it ([`judge`]), run commands ([`command`]) and listen for
//! signals ([`notice`]). They all talk to the first one over one channel.

mod backlog;
mod clocks;
mod command;
mod judge;
mod keeper;
mod lookup;
mod notice;
mod prober;
mod pruner;
mod runner;
mod schedule;
mod seat;
mod untold;
mod walls;
mod watcher;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use trace_core::sys;
use trace_geo::Chain;
use trace_store::{Error, Filter, Store};

use self::keeper::{Keeper, Terms};
pub(crate) use self::runner::{is_runner, serve as run_commands};
use self::watcher::{Parts, Watcher};
use crate::args::{Arguments, Verb, WatchArguments};
use crate::config::{self, Checked, Config, Given};
use crate::exit::{Blame as _, Exit, Result};
use crate::host::Host;
use crate::say::Voice;
use crate::settings::{Sources, WatchSettings};
use crate::{clock, log, places, sources};

/// KiB of the database that each of its connections keeps in memory. Without a bound of its own a writer would grow for days.
const PAGES: u32 = 512;

/// How long another program's lock is waited for at the start; later it holds nothing up.
const LOCK: Duration = Duration::from_millis(500);

/// So many traces are looked at to know when each target was last traced.
const LOOKED_AT: u32 = 200_000;

pub(crate) fn run(
    typed: WatchArguments,
    data_dir: Option<PathBuf>,
    given: &Given,
    voice: Voice,
) -> Result<Exit> {
    let settings = WatchSettings::of(typed, data_dir, given, None)?;
    log::start(settings.log_format, voice.is_verbose());
    let voice = voice.logging();
    let runner = runner::Runner::start().blame(Exit::CouldNotProbe)?;
    let link = sys::open(settings.mode).blame(Exit::CouldNotProbe)?;
    // Before there is a second thread: each would have walls of its own.
    walls::of(&settings, given).blame(Exit::CouldNotKeep)?.stand(voice);
    let (tell, notices) = channel();
    // From here on a signal ends this in order.
    notice::listen(tell.clone()).blame(Exit::CouldNotProbe)?;
    // A measurement is worth more than a place.
    let chain = |from: &Sources| sources::open_usable(from, voice).map(|(chain, _)| chain);
    let terms = terms(&settings, chain)?;
    let store = match open(&settings.data_dir, LOCK) {
        Ok(store) => Some(store),
        // What passes by itself is waited for; meanwhile traces wait in memory.
        Err(error @ (Error::Locked { .. } | Error::Full { .. })) => {
            tracing::warn!("traces wait for the database: {error}");
            None
        }
        Err(error) => return Err(error).blame(Exit::CouldNotKeep),
    };
    let last = store.as_ref().map(|store| last_traces(store, &settings)).unwrap_or_default();

    let full = Arc::new(AtomicBool::new(false));
    let keeper =
        Keeper::new(&settings.data_dir, store, terms, runner, tell.clone(), Arc::clone(&full), voice);
    let keeper = keeper.blame(Exit::CouldNotProbe)?;
    let (work, to_do) = channel();
    let thread = thread::Builder::new().name("keeper".to_owned()).spawn(move || keeper.run(&to_do));
    let thread = thread.context("could not start a thread").blame(Exit::CouldNotProbe)?;
    let lookup = lookup::Lookup::start(&tell).blame(Exit::CouldNotProbe)?;
    let parts = Parts { settings, given: given.clone(), notices, work, lookup, full, link, voice };
    Watcher::new(parts, last).run(thread)
}

/// Opens the store for a thread that has it for years.
fn open(data_dir: &Path, wait: Duration) -> core::result::Result<Store, Error> {
    let store = Store::open_within(data_dir, wait)?;
    store.set_cache(PAGES)?;
    Ok(store)
}

/// What holds for the keeper; `open` opens the sources of places.
fn terms(settings: &WatchSettings, open: impl FnOnce(&Sources) -> Result<Chain>) -> Result<Terms> {
    let chain = settings.sources.as_ref().map(open).transpose()?;
    if let Some(city) = &settings.origin_city {
        tracing::info!("{}", places::origin_words(city));
    }
    Ok(Terms { chain, names: settings.names, documents: settings.documents, keep: settings.keep })
}

/// When each name and address was last traced, as far back as it matters.
fn last_traces(store: &Store, settings: &WatchSettings) -> HashMap<String, i64> {
    let longest = settings.targets.iter().map(|wanted| wanted.how.every).max().unwrap_or_default();
    let since = clock::now().saturating_sub(i64::try_from(longest.as_nanos()).unwrap_or(i64::MAX));
    let filter = Filter { since: Some(since), limit: Some(LOOKED_AT), ..Filter::default() };
    let mut last = HashMap::new();
    match store.list(&filter) {
        Ok(traces) => {
            for trace in traces {
                let Some(target) = trace.target else { continue };
                let started = trace.started;
                for word in target.name.into_iter().chain([target.address.to_string()]) {
                    let newest = last.entry(word).or_insert(started);
                    *newest = started.max(*newest);
                }
            }
        }
        Err(error) => tracing::warn!("when the targets were last traced is not known: {error}"),
    }
    last
}

/// A host as traces call it.
fn word(host: &Host) -> String {
    match host {
        Host::Address(address) => address.to_string(),
        Host::OnLink { address, .. } => address.to_string(),
        Host::Name { typed, .. } => typed.clone(),
    }
}

/// What was meant, read anew: the same command line over the config file as it is now.
fn reread(given: &Given, before: &WatchSettings) -> Result<(Given, WatchSettings)> {
    let config = Config::load(given.typed.config()).and_then(Checked::sound).blame(Exit::Senseless)?;
    if config.path.is_none()
        && config::path(given.typed.config()).is_ok_and(|path| path.is_some_and(|(path, _)| path.exists()))
    {
        return Err(anyhow::anyhow!(
            "the config file was in no place that this process may read when it started: start it anew"
        ))
        .blame(Exit::Senseless);
    }
    let given = Given { typed: given.typed.clone(), config };
    let Arguments { global, verb } =
        given.arguments().map_err(|error| anyhow::anyhow!("{error}")).blame(Exit::Senseless)?;
    let Verb::Watch(typed) = verb else { return Ok((given, before.clone())) };
    let settings = WatchSettings::of(*typed, global.data_dir, &given, Some(before))?;
    Ok((given, settings))
}
