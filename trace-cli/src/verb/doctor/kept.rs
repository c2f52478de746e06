//! What is configured and kept: settings, keys, databases of places, and room for traces.

use std::path::Path;

use trace_geo::Locate as _;

use super::{or_here, quoted};
use crate::clock;
use crate::config::{Config, Given};
use crate::exit::Exit;
use crate::report::health::{Check, State};
use crate::sources::{self, Keys};

/// With less room than this traces are lost soon, and now.
const LITTLE: u64 = 256 << 20;
const NOTHING: u64 = 4 << 20;
/// Databases of places that are older are worth fetching anew: their makers publish every month.
const OLD: i64 = 60;

/// Whether there is a config file, and whether it makes sense.
pub(super) fn config(given: &Given) -> Check {
    let check =
        |state, found, remedy| Check { name: "config file", state, found, remedy, exit: Exit::Senseless };
    let checked = match Config::load(given.typed.config()) {
        Ok(checked) => checked,
        Err(error) => return check(State::Fails, format!("{error:#}"), None),
    };
    let there = checked.config.path.as_deref();
    let Some(path) = there.filter(|path| path.exists()) else {
        return check(State::Works, "there is none; what is typed holds, and the defaults".to_owned(), None);
    };
    match checked.mistakes.first() {
        None => check(State::Works, format!("{} makes sense", path.display()), None),
        Some(mistake) => {
            let remedy = format!("trace-cli --config {} config check", quoted(path));
            // Keys that others can read are not used; the rest of the file holds.
            let state = match checked.mistakes.iter().all(|mistake| mistake.is_exposure) {
                true => State::Limited,
                false => State::Fails,
            };
            check(state, mistake.sentence(), Some(remedy))
        }
    }
}

/// Whether there is room for traces.
pub(super) fn disk(directory: &Path) -> Check {
    let check = |state, found| Check { name: "disk", state, found, remedy: None, exit: Exit::CouldNotKeep };
    let there = directory.ancestors().map(or_here).find(|ancestor| ancestor.exists());
    let Some(there) = there else {
        return check(State::Limited, format!("cannot tell: {} leads nowhere", directory.display()));
    };
    let system = match rustix::fs::statvfs(there) {
        Ok(system) => system,
        Err(error) => return check(State::Limited, format!("cannot tell for {}: {error}", there.display())),
    };
    let room = system.f_bavail.saturating_mul(system.f_frsize);
    let found = format!("{} MB are free at {}", room / 1_000_000, there.display());
    if system.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
        return check(State::Fails, format!("{} is mounted read-only", there.display()));
    }
    let mut check = match room {
        0..NOTHING => check(State::Fails, found),
        NOTHING..LITTLE => check(State::Limited, found),
        _ => check(State::Works, found),
    };
    if check.state != State::Works {
        check.remedy = Some(format!("trace-cli --data-dir {} db prune --older-than 90d", quoted(directory)));
    }
    check
}

/// Which keys there are, and where. None is ever shown.
pub(super) fn keys(directory: &Path) -> Check {
    let check = |state, found| Check { name: "keys", state, found, remedy: None, exit: Exit::Senseless };
    let look = || {
        let keys = Keys::read(directory)?;
        let mut found: Vec<_> = keys.ipgeolocation()?.map(|key| key.found).into_iter().collect();
        found.extend(keys.maxmind()?.map(|_| "an account at MaxMind".to_owned()));
        anyhow::Ok(found)
    };
    match look() {
        Ok(found) if found.is_empty() => check(State::Works, "there are none, and none is needed".to_owned()),
        Ok(found) => check(State::Works, format!("there are {}", found.join(", "))),
        Err(error) => check(State::Limited, format!("{error:#}")),
    }
}

/// Which databases of places were downloaded, and how old they are.
pub(super) fn places(directory: &Path) -> Check {
    let check = |state, found, update: bool| Check {
        name: "places",
        state,
        found,
        remedy: update.then(|| format!("trace-cli --data-dir {} geo update", quoted(directory))),
        exit: Exit::CouldNotKeep,
    };
    let now = clock::now();
    let (mut told, mut state) = (Vec::new(), State::Works);
    for (database, path) in sources::downloaded(directory) {
        let built = match sources::read(database, &path) {
            Ok(found) => found.info().built.as_deref().map(str::to_owned),
            Err(cause) => {
                told.push(format!("{cause:#}"));
                state = State::Limited;
                continue;
            }
        };
        let age = built.as_deref().and_then(|day| clock::days_since(day, now));
        match age {
            Some(days) => told.push(format!("{database} is {days} days old")),
            None => told.push(format!("{database} does not tell its age")),
        }
        if age.is_some_and(|days| days > OLD) {
            state = State::Limited;
        }
    }
    if told.is_empty() {
        let found = "the built-in table of countries alone; `trace-cli geo update` fetches one of cities";
        return check(State::Works, found.to_owned(), false);
    }
    check(state, told.join("; "), state != State::Works)
}
