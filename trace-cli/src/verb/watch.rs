//! `watch`: the same targets again and again, for years.

#[allow(dead_code, reason = "the loop that follows it is being built")]
mod schedule;

use std::path::PathBuf;

use anyhow::anyhow;

use crate::args::WatchArguments;
use crate::config::Given;
use crate::exit::{Exit, Failure, Result};
use crate::say::Voice;
use crate::settings::WatchSettings;

pub(crate) fn run(
    typed: WatchArguments,
    data_dir: Option<PathBuf>,
    given: &Given,
    _voice: Voice,
) -> Result<Exit> {
    WatchSettings::of(typed, data_dir, given, None)?;
    Err(Failure::new(Exit::CouldNotProbe, anyhow!("watch traces nothing yet")))
}
