//! What is wrong with a config file, and what holds.

use std::path::Path;

use serde::Serialize;

use super::form;
use crate::args::Format;
use crate::config::{Config, From, Mistake, Setting};
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};

/// Every mistake, or that there is none.
pub(crate) fn mistakes(
    config: &Config,
    typed: Option<&Path>,
    mistakes: &[Mistake],
    format: Format,
) -> anyhow::Result<String> {
    form::rows(format, mistakes.iter(), || {
        if !mistakes.is_empty() {
            return mistakes.iter().map(Mistake::render).collect::<Vec<_>>().join("\n");
        }
        match &config.path {
            Some(path) => {
                let targets = match config.targets.len() {
                    0 => String::new(),
                    1 => ", 1 target".to_owned(),
                    number => format!(", {number} targets"),
                };
                format!("{}: no mistakes{targets}\n", escape(&path.display().to_string()))
            }
            None => {
                let path = crate::config::path(typed).ok().flatten();
                let place =
                    path.map(|(path, _)| format!("; it would be {}", escape(&path.display().to_string())));
                format!("there is no config file{}\n", place.unwrap_or_default())
            }
        }
    })
}

/// A setting in columns.
#[derive(Serialize)]
struct Row<'a> {
    verb: &'a str,
    target: Option<&'a str>,
    option: &'a str,
    value: Option<&'a str>,
    from: From,
    place: Option<&'a str>,
}

/// Settings and where each comes from.
pub(crate) fn settings(settings: &[Setting], format: Format, paint: Paint) -> anyhow::Result<String> {
    let rows = settings.iter().map(|setting| Row {
        verb: &setting.verb,
        target: setting.target.as_deref(),
        option: &setting.option,
        value: setting.value.as_deref(),
        from: setting.from,
        place: setting.place.as_deref(),
    });
    form::rows(format, rows, || {
        let mut grid = Grid::new([
            ("VERB", Side::Left),
            ("OPTION", Side::Left),
            ("VALUE", Side::Left),
            ("FROM", Side::Left),
        ]);
        for setting in settings {
            let place = setting.place.as_deref().map(escape);
            let from = match (setting.from, place) {
                (From::Flag, _) => "flag".to_owned(),
                (From::Default, _) => "default".to_owned(),
                (From::Environment, place) => format!("environment {}", place.unwrap_or_default()),
                (From::Config, place) => place.unwrap_or_default(),
            };
            let whose = setting
                .target
                .as_ref()
                .map_or_else(|| setting.verb.clone(), |host| format!("target {}", escape(host)));
            let ink = if setting.from == From::Default { Ink::Faint } else { Ink::Normal };
            let value = setting.value.as_deref().map_or_else(|| "-".to_owned(), escape);
            grid.push([whose, setting.option.clone(), value, from].map(|text| Cell::inked(ink, text)));
        }
        grid.render(paint)
    })
}
