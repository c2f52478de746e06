//! Where each setting comes from.

use std::ffi::OsString;

use clap::CommandFactory as _;
use serde::Serialize;

use super::known::{self, KEYS, Kind};
use super::layer::{ENVIRONMENT, is_set};
use super::{Given, Written};
use crate::args::Arguments;
use crate::settings::data_dir;

/// Where a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum From {
    Flag,
    Environment,
    Config,
    Default,
}

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Setting {
    /// The verb it holds for; `keys` for a key, `target` for one of a target's own.
    pub(crate) verb: String,
    /// Whose own setting it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    pub(crate) option: String,
    /// As it would be typed; a key never shows. `None` where there is none.
    pub(crate) value: Option<String>,
    pub(crate) from: From,
    /// A file with its line, or a variable of the environment.
    pub(crate) place: Option<String>,
}

/// Every setting of a verb.
pub(crate) fn settings(given: &Given) -> Vec<Setting> {
    let mut command = Arguments::command();
    command.build();
    let Some(verb) = given.typed.command(&command) else { return Vec::new() };
    let taken = given.typed.taken(&given.sections());
    let name_of_verb = given.typed.verb().join(" ");
    let mut settings = Vec::new();
    for (name, arg) in known::options(verb) {
        let variable = ENVIRONMENT.into_iter().find(|(option, variable)| *option == name && is_set(variable));
        let default: Vec<OsString> = match known::kind(arg) {
            Kind::Switch => vec!["false".into()],
            _ => arg.get_default_values().iter().map(|value| value.to_os_string()).collect(),
        };
        let (values, from, place) = if given.typed.is_typed(name, arg) {
            (given.typed.values(name, arg), From::Flag, None)
        } else if let Some((_, variable)) = variable {
            let value = std::env::var_os(variable).unwrap_or_default();
            // The variable says no more than that there are to be no colours.
            let value = if name == "color" { "never".into() } else { value };
            (vec![value], From::Environment, Some(variable.to_owned()))
        } else if let Some(written) = taken.get(name) {
            (shown(written), From::Config, Some(given.config.place(written.line)))
        } else {
            (default, From::Default, None)
        };
        settings.push(Setting {
            verb: name_of_verb.clone(),
            target: None,
            option: name.to_owned(),
            value: joined(&values),
            from,
            place,
        });
    }
    settings.sort_by(|a, b| a.option.cmp(&b.option));
    settings
}

/// The own settings of the targets of the file.
pub(crate) fn of_targets(given: &Given) -> Vec<Setting> {
    let mut settings = Vec::new();
    for target in &given.config.targets {
        let setting = |option: &str, value, line| Setting {
            verb: "target".to_owned(),
            target: Some(target.host.clone()),
            option: option.to_owned(),
            value,
            from: From::Config,
            place: Some(given.config.place(line)),
        };
        settings.push(setting("host", Some(target.host.clone()), target.line));
        settings.extend(
            target.own.iter().map(|(name, written)| setting(name, joined(&shown(written)), written.line)),
        );
    }
    settings
}

/// The keys that there are, and where; never the keys themselves.
pub(crate) fn keys(given: &Given) -> Vec<Setting> {
    let data_dir = given.arguments().ok().and_then(|arguments| data_dir(arguments.global.data_dir).ok());
    let file = data_dir.map(|directory| directory.join(".env"));
    let names: Vec<&str> = KEYS.iter().map(|(_, name)| *name).collect();
    let of_file =
        file.as_deref().and_then(|file| trace_geo::read_env_file(file, &names).ok()).unwrap_or_default();
    let mut settings = Vec::new();
    for (option, name) in KEYS {
        let configured = given.config.keys.iter().find(|key| key.name == name);
        let (from, place) = if is_set(name) {
            (From::Environment, Some(name.to_owned()))
        } else if let (Some(file), true) = (&file, of_file.iter().any(|(known, _)| known == name)) {
            (From::Environment, Some(file.display().to_string()))
        } else if let Some(key) = configured {
            (From::Config, Some(given.config.place(key.line)))
        } else {
            (From::Default, None)
        };
        let value = (from != From::Default).then(|| "[redacted]".to_owned());
        settings.push(Setting {
            verb: "keys".to_owned(),
            target: None,
            option: option.to_owned(),
            value,
            from,
            place,
        });
    }
    settings
}

fn shown(written: &Written) -> Vec<OsString> {
    match (written.off, written.values.is_empty()) {
        (true, _) => vec!["false".into()],
        (false, true) => vec!["true".into()],
        (false, false) => written.values.clone(),
    }
}

fn joined(values: &[OsString]) -> Option<String> {
    let values: Vec<_> = values.iter().map(|value| value.to_string_lossy()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}
