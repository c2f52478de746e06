//! What each verb would say to what the config file says.

use std::path::Path;

use crate::args::Verb;
use crate::config::{Config, Given, Mistake, Section, Typed, Written};
use crate::exit::Failure;
use crate::settings::{TraceSettings, WatchSettings};

/// Options that name a file which must be there.
const FILES: [&str; 7] = ["places", "mmdb", "ix", "hints", "targets", "csv", "token-file"];

/// What is wrong although every value can be read.
pub(super) fn mistakes(config: &Config) -> Vec<Mistake> {
    let Some(path) = &config.path else { return Vec::new() };
    let mut mistakes = missing_files(config, path);
    // A host must be named; that of nobody else.
    for verb in ["trace", "watch"] {
        let Ok(typed) = Typed::read(["trace-cli", verb, "127.0.0.1"].map(Into::into)) else { continue };
        let given = Given { typed, config: config.clone() };
        let Err(message) = attempt(&given) else { continue };
        let (line, column) = given.place_of(&message);
        mistakes.push(mistake(path, (line, column), message));
    }
    mistakes.dedup_by(|a, b| a.message == b.message);
    mistakes
}

fn attempt(given: &Given) -> Result<(), String> {
    let arguments = given.arguments().map_err(|error| {
        let text = error.to_string();
        text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
    })?;
    let data_dir = arguments.global.data_dir;
    let said = match arguments.verb {
        Verb::Trace(typed) => TraceSettings::of(*typed, data_dir).map(|_| ()),
        Verb::Watch(typed) => WatchSettings::of(*typed, data_dir, given, None).map(|_| ()),
        _ => Ok(()),
    };
    said.map_err(|failure: Failure| failure.to_string())
}

fn missing_files(config: &Config, path: &Path) -> Vec<Mistake> {
    let sections: Vec<&Section> = config.verbs.values().chain([&config.shared]).collect();
    let named = sections
        .into_iter()
        .flat_map(|section| section.iter().filter(|(name, _)| FILES.contains(&name.as_str())));
    let mut mistakes = Vec::new();
    for (name, Written { values, line, column, .. }) in named {
        for value in values.iter().filter(|value| *value != "-" && !Path::new(value).exists()) {
            let message = format!("{name} names {}, and there is no such file", Path::new(value).display());
            mistakes.push(mistake(path, (*line, *column), message));
        }
    }
    mistakes
}

fn mistake(path: &Path, (line, column): (usize, usize), message: String) -> Mistake {
    let file = path.to_owned();
    Mistake { file, line, column, message, suggestion: None, text: None, width: 1, is_exposure: false }
}
