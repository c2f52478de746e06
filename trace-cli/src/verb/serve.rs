//! `serve`: the dashboard.

use std::path::PathBuf;

use crate::args::ServeArguments;
use crate::config::Given;
use crate::exit::{Exit, Result};
use crate::say::Voice;
use crate::serve::{self, ServeSettings};

pub(crate) fn run(
    typed: ServeArguments,
    data_dir: Option<PathBuf>,
    given: &Given,
    voice: Voice,
) -> Result<Exit> {
    serve::run(ServeSettings::of(typed, data_dir)?, given, voice)
}
