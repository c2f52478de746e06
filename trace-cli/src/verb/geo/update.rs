//! `geo update`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use trace_geo::Error;
use trace_geo::update::{Database, Progress, Settings, Update, UpdateFault, update};

use crate::args::UpdateArguments;
use crate::clock;
use crate::confine::Walls;
use crate::exit::{Blame as _, Exit, Result};
use crate::output::Output;
use crate::report::sources::updates::{self, Row};
use crate::say::Voice;
use crate::settings;
use crate::sources::{self, Keys};

/// Downloads what was asked for, or all that may be.
pub(super) fn run(
    typed: &UpdateArguments,
    data_dir: Option<PathBuf>,
    voice: Voice,
    output: &mut Output,
) -> Result<Exit> {
    let data_dir = settings::data_dir(data_dir)?;
    let from = servers(&data_dir).blame(Exit::Senseless)?;
    let mut wanted = typed.databases.clone();
    if wanted.is_empty() {
        wanted.extend(
            Database::ALL.iter().filter(|database| from.account.is_some() || !database.needs_account()),
        );
        if from.account.is_none() {
            voice.warn(
                "GeoLite2 is not fetched: it needs an account at MaxMind, which costs nothing \
                 (https://www.maxmind.com/en/geolite2/signup); set MAXMIND_ACCOUNT_ID and MAXMIND_LICENSE_KEY",
            );
        }
    }
    let directory = sources::directory(&data_dir);
    Walls::new().write_within(&data_dir).stand(voice);
    let mut worst = Exit::Done;
    let mut rows = Vec::new();
    for database in wanted {
        let bar = bar(database);
        let done = update(database, &directory, &from, clock::now(), &mut |progress| show(&bar, progress));
        bar.finish_and_clear();
        let path = directory.join(database.file_name());
        match done {
            Ok(Update::Current { built }) => rows.push(Row::new(database, "current", built, &path)),
            Ok(Update::Replaced { built, size, attribution }) => {
                rows.push(Row {
                    size: Some(size),
                    attribution,
                    ..Row::new(database, "replaced", built, &path)
                });
            }
            Err(error) => {
                worst = worst.max(status(&error));
                voice.warn(&error.to_string());
                rows.push(Row {
                    error: Some(error.to_string()),
                    ..Row::new(database, "failed", None, &path)
                });
            }
        }
    }
    let format = typed.format.format;
    let text = updates::updates(&rows, format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(format, &text)?;
    Ok(worst)
}

/// From where, and with which account.
fn servers(data_dir: &Path) -> anyhow::Result<Settings> {
    let keys = Keys::read(data_dir)?;
    let mut settings = Settings { account: keys.maxmind()?, ..Settings::default() };
    if let Some(url) = keys.text("MAXMIND_BASE_URL")? {
        settings.maxmind_url = url;
    }
    if let Some(url) = keys.text("DBIP_BASE_URL")? {
        settings.dbip_url = url;
    }
    Ok(settings)
}

/// What is wrong with what was set is senseless, what cannot be written could not be kept, and the rest is a download
/// that failed.
const fn status(error: &Error) -> Exit {
    match error {
        Error::Update { fault: UpdateFault::Write { .. }, .. } => Exit::CouldNotKeep,
        Error::Update { fault: UpdateFault::NoAccount | UpdateFault::BaseUrl(_), .. } => Exit::Senseless,
        _ => Exit::CouldNotProbe,
    }
}

/// A bar on standard error, if that is a terminal.
fn bar(database: Database) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_message(database.as_str());
    bar
}

fn show(bar: &ProgressBar, progress: Progress) {
    if bar.is_hidden() {
        return;
    }
    if progress.received == 0 {
        // A length that is not known has no bar.
        let template = match progress.total {
            Some(_) => "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}",
            None => "{msg} {spinner} {bytes} {bytes_per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        if let Some(total) = progress.total {
            bar.set_length(total);
        }
    }
    bar.set_position(progress.received);
}
