//! The value of an option: what it would be on the command line, if clap takes it.

use std::any::TypeId;
use std::error::Error as _;
use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;

use clap::Arg;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use toml::Spanned;
use toml::de::DeValue;

use super::{Reader, nearest};
use crate::config::known::{self, Kind};

/// A place, what is wrong there, and what may have been meant.
type Fault = (Range<usize>, String, Option<String>);

impl Reader<'_> {
    /// The values as they would be typed.
    pub(super) fn values(
        &self,
        verb: Option<&str>,
        name: &str,
        arg: &Arg,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Vec<OsString>, Vec<Fault>> {
        match (known::kind(arg), value.get_ref()) {
            (Kind::Switch, DeValue::Boolean(_)) => Ok(Vec::new()),
            (Kind::Switch, _) => {
                let text = self.text.get(value.span()).unwrap_or_default();
                let text = text.trim_matches(['"', '\'']).to_ascii_lowercase();
                let is_off = ["no", "off", "0", "false", "never", ""].contains(&text.as_str());
                let hint = format!("write it as {name} = {}", !is_off);
                Err(vec![(value.span(), format!("{name} is either true or false"), Some(hint))])
            }
            (Kind::List, DeValue::Array(values)) => {
                let (mut taken, mut faults) = (Vec::new(), Vec::new());
                for value in values.iter() {
                    match self.one(verb, name, arg, value) {
                        Ok(value) => taken.push(value),
                        Err(fault) => faults.push(fault),
                    }
                }
                if faults.is_empty() { Ok(taken) } else { Err(faults) }
            }
            (Kind::List | Kind::Value, _) => {
                self.one(verb, name, arg, value).map(|value| vec![value]).map_err(|fault| vec![fault])
            }
        }
    }

    fn one(
        &self,
        verb: Option<&str>,
        name: &str,
        arg: &Arg,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<OsString, Fault> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(_) | DeValue::Float(_) if is_text(arg) => {
                let text = self.text.get(value.span()).unwrap_or_default();
                let hint = Some(format!("write it as \"{text}\""));
                return Err((value.span(), format!("{name} is a text in quotation marks"), hint));
            }
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.as_str().to_owned(), |number| number.to_string()),
            DeValue::Float(number) => number.as_str().to_owned(),
            other => {
                let what = match other {
                    DeValue::Boolean(_) => "not true or false",
                    DeValue::Array(_) => "not a list",
                    DeValue::Table(_) => "not a table",
                    _ => "not a date",
                };
                let unit = arg.get_value_names().and_then(<[_]>::first).map(|name| name.to_lowercase());
                let unit = unit.unwrap_or_else(|| "value".to_owned());
                let first = match other {
                    DeValue::Array(values) => values.first().and_then(|value| self.text.get(value.span())),
                    _ => None,
                };
                let hint =
                    first.map_or_else(|| otherwise(arg), |first| format!("write it as {name} = {first}"));
                return Err((value.span(), format!("{name} is one {unit}, {what}"), Some(hint)));
            }
        };
        self.check(verb, name, arg, &text).map_err(|(message, hint)| (value.span(), message, hint))?;
        if known::is_path(arg) && text != "-" {
            // A file that is named here lies beside this one.
            let directory = self.path.parent().unwrap_or(Path::new(""));
            return Ok(directory.join(text).into_os_string());
        }
        Ok(text.into())
    }

    /// What clap says to the value.
    fn check(
        &self,
        verb: Option<&str>,
        name: &str,
        arg: &Arg,
        text: &str,
    ) -> Result<(), (String, Option<String>)> {
        let Some(command) = self.known.reader(verb, name) else { return Ok(()) };
        let command = command.clone().no_binary_name(true);
        let Err(error) = command.try_get_matches_from([format!("{}={text}", known::spelled(arg))]) else {
            return Ok(());
        };
        let words = |kind| match error.get(kind) {
            Some(ContextValue::String(word)) => vec![word.clone()],
            Some(ContextValue::Strings(words)) => words.clone(),
            _ => Vec::new(),
        };
        match error.kind() {
            ErrorKind::InvalidValue => {
                let possible = words(ContextKind::ValidValue);
                let near = words(ContextKind::SuggestedValue).into_iter().next();
                let near =
                    near.or_else(|| nearest(text, possible.iter().map(String::as_str)).map(str::to_owned));
                let hint = near.map_or_else(|| otherwise(arg), |near| format!("did you mean {near:?}?"));
                let hint = Some(hint);
                Err((format!("{text:?} is no {name}; there are {}", possible.join(", ")), hint))
            }
            ErrorKind::ValueValidation => {
                let why = error.source().map(ToString::to_string).unwrap_or_default();
                let told = why.contains(text) && !text.is_empty();
                let range = why.split_once(" is not in ").and_then(|(_, range)| range.split_once("..="));
                let hint = range.map_or_else(
                    || otherwise(arg),
                    |(least, most)| format!("write a number from {least} to {most}"),
                );
                Err((
                    if told { format!("{name}: {why}") } else { format!("{text:?} is no {name}: {why}") },
                    Some(hint),
                ))
            }
            ErrorKind::MissingRequiredArgument | ErrorKind::ArgumentConflict => Ok(()),
            _ => Err((format!("{text:?} is no {name}"), Some(otherwise(arg)))),
        }
    }
}

/// What can be done about a value that is like none that makes sense.
fn otherwise(arg: &Arg) -> String {
    match arg.get_default_values().first() {
        Some(default) => format!("without the line it is {}", default.to_string_lossy()),
        None => "leave the line out if none is meant".to_owned(),
    }
}

/// Whether a flag takes words, and no numbers.
fn is_text(arg: &Arg) -> bool {
    known::is_path(arg) || arg.get_value_parser().type_id() == TypeId::of::<String>()
}
