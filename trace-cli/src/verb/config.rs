//! `config check` and `config show`.

mod meaning;

use std::path::Path;

use crate::args::{ConfigVerb, Format, ShowConfigArguments};
use crate::config::{self, Checked, Config, Given, Typed, VERBS};
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::output::Output;
use crate::report;

pub(crate) fn run(verb: ConfigVerb, given: &Given, output: &mut Output) -> Result<Exit> {
    match verb {
        ConfigVerb::Check { format } => check(format.format, given.typed.config(), output),
        ConfigVerb::Show(typed) => show(typed, given, output),
    }
}

fn check(format: Format, typed: Option<&Path>, output: &mut Output) -> Result<Exit> {
    let Checked { config, mut mistakes } = Config::load(typed).blame(Exit::Senseless)?;
    // What cannot be read says nothing yet.
    if mistakes.iter().all(|mistake| mistake.is_exposure) {
        mistakes.extend(meaning::mistakes(&config));
        mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    }
    let text = report::config::mistakes(&config, typed, &mistakes, format).blame(Exit::CouldNotKeep)?;
    output.print_form(format, &text)?;
    Ok(if mistakes.is_empty() { Exit::Done } else { Exit::Senseless })
}

fn show(typed: ShowConfigArguments, given: &Given, output: &mut Output) -> Result<Exit> {
    let config = Config::load(given.typed.config()).and_then(Checked::sound).blame(Exit::Senseless)?;
    crate::sources::Keys::configure(&config);
    // What was typed before `config show` holds for the line that is shown.
    let global = given.typed.before_verb();
    let lines: Vec<Vec<_>> = if typed.command.is_empty() {
        VERBS.iter().filter(|verb| Typed::has_verb(verb)).map(|verb| vec![(*verb).into()]).collect()
    } else {
        vec![typed.command]
    };
    let mut settings = Vec::new();
    let mut shown = None;
    for line in lines {
        let line = global.iter().cloned().chain(line);
        let typed = Typed::read(line)
            .map_err(|error| Failure::new(Exit::Senseless, anyhow::anyhow!(words(&error))))?;
        let given = Given { typed, config: config.clone() };
        settings.extend(config::settings(&given));
        shown = Some(given);
    }
    if let Some(given) = shown {
        settings.extend(config::of_targets(&given));
        settings.extend(config::keys(&given));
    }
    let text =
        report::config::settings(&settings, typed.format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(typed.format.format, &text)?;
    Ok(Exit::Done)
}

/// The first line of what clap says.
fn words(error: &clap::Error) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
