//! From the text of a config file to what it says, with all that is wrong with it.

mod value;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use clap::Arg;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
use trace_geo::Secret;

use super::known::{self, KEYS, Known, VERBS};
use super::{Checked, Config, Mistake, Section, Target, Written, WrittenKey};
use crate::host::Host;

type Entry<'a> = (&'a Spanned<DeString<'a>>, &'a Spanned<DeValue<'a>>);

/// A text that is being read.
struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
    known: Known,
    mistakes: Vec<Mistake>,
}

/// Reads a file's text; `exposed` says that others can read the file, and so no keys may stand in it.
pub(super) fn read(text: &str, path: &Path, exposed: Option<String>) -> Checked {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader { text, path, known: Known::new(), mistakes: Vec::new() };
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let expected =
            error.message().split_once("expected ").map(|(_, expected)| format!("write {expected} there"));
        let hint = expected.unwrap_or_else(|| "a line is name = value, or a [table]".to_owned());
        reader.mistake(span, error.message().to_owned(), Some(hint));
    }
    let mut config = reader.file(table.get_ref());
    if let (Some(why), Some(key)) = (&exposed, config.keys.first()) {
        let line = key.line;
        reader.mistakes.push(Mistake {
            file: path.to_owned(),
            line,
            column: 1,
            message: why.clone(),
            suggestion: None,
            text: None,
            width: 1,
            is_exposure: true,
        });
        config.exposed = exposed;
        config.keys.clear();
    }
    let mut mistakes = reader.mistakes;
    mistakes.sort_by_key(|mistake| (mistake.line, mistake.column));
    mistakes.dedup();
    config.path = Some(path.to_owned());
    Checked { config, mistakes }
}

impl Reader<'_> {
    fn file(&mut self, table: &DeTable<'_>) -> Config {
        let mut config = Config::default();
        for (key, value) in table {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("target", DeValue::Array(targets)) => {
                    config.targets = targets.iter().filter_map(|target| self.target(target)).collect();
                }
                ("target", _) => self.mistake(
                    key.span(),
                    "targets are written as tables".to_owned(),
                    Some("begin each with a line [[target]]".to_owned()),
                ),
                ("keys", DeValue::Table(keys)) => config.keys = self.keys(keys),
                (verb, DeValue::Table(table)) if VERBS.contains(&verb) => {
                    let options = owned(&self.known.of_verb(verb));
                    let section = self.section(table.iter(), &options, &format!("[{verb}]"), Some(verb));
                    config.verbs.insert(verb.to_owned(), section);
                }
                (name, DeValue::Table(_)) => {
                    let tables = VERBS.into_iter().chain(["keys", "target"]);
                    let hint = nearest(name, tables).map(|near| format!("did you mean [{near}]?"));
                    let any = "a table is called as a verb, [watch] for one, or [keys] or [[target]]";
                    let hint = hint.unwrap_or_else(|| any.to_owned());
                    self.mistake(key.span(), format!("there is no table [{name}]"), Some(hint));
                }
                _ => {
                    let options = owned(&self.known.shared());
                    let section = self.section(
                        [(key, value)].into_iter(),
                        &options,
                        "the first part of the file",
                        None,
                    );
                    let of_all = section.iter().filter(|(name, _)| self.known.is_of_all(name));
                    config.everywhere.extend(of_all.map(|(name, written)| (name.clone(), written.clone())));
                    config.shared.extend(section);
                }
            }
        }
        let sections: Vec<(&str, &Section)> = std::iter::once(("", &config.shared))
            .chain(config.verbs.iter().map(|(verb, section)| (verb.as_str(), section)))
            .chain(config.targets.iter().map(|target| ("watch", &target.own)))
            .collect();
        for (verb, section) in sections {
            self.contradictions(verb, section);
        }
        config
    }

    fn section<'a>(
        &mut self,
        entries: impl Iterator<Item = Entry<'a>>,
        options: &BTreeMap<String, Arg>,
        place: &str,
        verb: Option<&str>,
    ) -> Section {
        let mut section = Section::new();
        for (key, value) in entries {
            let name = key.get_ref().as_ref();
            let Some(arg) = options.get(name) else {
                let hint = self.elsewhere(name, options);
                let hint = hint.unwrap_or_else(|| "`trace-cli config show` lists all there are".to_owned());
                self.mistake(key.span(), format!("{place} has no option {name:?}"), Some(hint));
                continue;
            };
            match self.values(verb, name, arg, value) {
                Ok(values) => {
                    let (line, column) = self.place(value.span().start);
                    let off = matches!(value.get_ref(), DeValue::Boolean(false));
                    section.insert(name.to_owned(), Written { values, off, line, column });
                }
                Err(faults) => {
                    for (span, message, hint) in faults {
                        self.mistake(span, message, hint);
                    }
                }
            }
        }
        section
    }

    /// What an option that is not known here may have been meant for.
    fn elsewhere(&self, name: &str, options: &BTreeMap<String, Arg>) -> Option<String> {
        let kebab = name.replace('_', "-").to_lowercase();
        if let Some(near) = nearest(&kebab, options.keys().map(String::as_str)) {
            return Some(format!("did you mean {near:?}?"));
        }
        let verbs: Vec<String> = VERBS
            .into_iter()
            .filter(|verb| self.known.of_verb(verb).iter().any(|(other, _)| *other == kebab))
            .map(|verb| format!("[{verb}]"))
            .collect();
        if !verbs.is_empty() {
            return Some(format!("it belongs into {}", verbs.join(" or ")));
        }
        KEYS.iter().any(|(key, _)| *key == kebab).then(|| "it belongs into [keys]".to_owned())
    }

    fn target(&mut self, target: &Spanned<DeValue<'_>>) -> Option<Target> {
        let DeValue::Table(table) = target.get_ref() else {
            self.mistake(
                target.span(),
                "a target is a table".to_owned(),
                Some("as [[target]] with host = \"example.com\" beneath".to_owned()),
            );
            return None;
        };
        let host = table.iter().find(|(key, _)| key.get_ref() == "host");
        let options = owned(&self.known.of_target());
        let others = table.iter().filter(|(key, _)| key.get_ref() != "host");
        let own = self.section(others, &options, "[[target]]", Some("watch"));
        let Some((_, value)) = host else {
            self.mistake(
                target.span(),
                "this target has no host".to_owned(),
                Some("say which: host = \"example.com\"".to_owned()),
            );
            return None;
        };
        let Some(host) = value.get_ref().as_str() else {
            let written =
                self.text.get(value.span()).and_then(|text| text.lines().next()).unwrap_or_default();
            let hint = Some(format!("as host = \"{}\"", written.trim_matches(['"', '[', ']'])));
            self.mistake(value.span(), "a host is a name or an address in quotation marks".to_owned(), hint);
            return None;
        };
        let is_network = host.parse::<ipnetwork::IpNetwork>().is_ok();
        if !is_network && let Err(error) = Host::read(host, None) {
            self.mistake(value.span(), format!("{error:#}"), Some("as host = \"example.com\"".to_owned()));
            return None;
        }
        let (line, column) = self.place(value.span().start);
        Some(Target { host: host.to_owned(), line, column, own })
    }

    fn keys(&mut self, table: &DeTable<'_>) -> Vec<WrittenKey> {
        let mut keys = Vec::new();
        for (key, value) in table {
            let written = key.get_ref().as_ref();
            let Some((_, name)) = KEYS.iter().find(|(known, _)| *known == written) else {
                let kebab = written.replace('_', "-").to_lowercase();
                let hint = nearest(&kebab, KEYS.iter().map(|(known, _)| *known))
                    .map(|near| format!("did you mean {near:?}?"));
                let all = || format!("there are {}", KEYS.map(|(known, _)| known).join(", "));
                let hint = Some(hint.unwrap_or_else(all));
                self.secret_mistake(key.span(), format!("[keys] has no option {written:?}"), hint);
                continue;
            };
            // A number of an account may be written as one.
            let text = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) => number.as_str().to_owned(),
                _ => {
                    self.secret_mistake(
                        value.span(),
                        format!("{written} is a text in quotation marks"),
                        Some(format!("as {written} = \"...\"")),
                    );
                    continue;
                }
            };
            match Secret::new(text) {
                Ok(secret) => keys.push(WrittenKey { name, secret, line: self.place(key.span().start).0 }),
                Err(fault) => {
                    let hint = Some(format!("as {written} = \"...\""));
                    self.secret_mistake(value.span(), format!("{written} is no key: {fault}"), hint);
                }
            }
        }
        keys.sort_by_key(|key| key.line);
        keys
    }

    /// Options of one table that exclude one another.
    fn contradictions(&mut self, verb: &str, section: &Section) {
        let verb = if verb.is_empty() { "trace" } else { verb };
        let Some(command) = self.known.verb(verb) else { return };
        let mut found = Vec::new();
        for (name, written) in section.iter().filter(|(_, written)| !written.off) {
            let Some((_, arg)) = known::options(command).into_iter().find(|(other, _)| other == name) else {
                continue;
            };
            for other in command.get_arg_conflicts_with(arg) {
                let Some(other) = known::name(other) else { continue };
                if let Some(second) = section.get(other).filter(|second| !second.off) {
                    let (first, last) = if (written.line, written.column) < (second.line, second.column) {
                        ((name.as_str(), written), (other, second))
                    } else {
                        ((other, second), (name.as_str(), written))
                    };
                    found.push((
                        last.1.line,
                        last.1.column,
                        format!("{} and {} in line {} contradict each other", last.0, first.0, first.1.line),
                    ));
                }
            }
        }
        for (line, column, message) in found {
            let text = self.text.lines().nth(line - 1).map(str::to_owned);
            self.mistakes.push(Mistake {
                file: self.path.to_owned(),
                line,
                column,
                message,
                suggestion: Some("leave one of them out".to_owned()),
                text,
                width: 1,
                is_exposure: false,
            });
        }
    }

    fn mistake(&mut self, span: Range<usize>, message: String, suggestion: Option<String>) {
        let (line, column) = self.place(span.start);
        let text = self.text.lines().nth(line - 1);
        let meant = self.text.get(span).and_then(|meant| meant.lines().next()).unwrap_or_default();
        let width = meant.chars().count();
        let text = text.filter(|_| !self.may_hold_a_key(line)).map(str::to_owned);
        self.mistakes.push(Mistake {
            file: self.path.to_owned(),
            line,
            column,
            message,
            suggestion,
            text,
            width,
            is_exposure: false,
        });
    }

    /// The same without the line itself.
    fn secret_mistake(&mut self, span: Range<usize>, message: String, suggestion: Option<String>) {
        self.mistake(span, message, suggestion);
        if let Some(last) = self.mistakes.last_mut() {
            last.text = None;
        }
    }

    /// Whether a line stands below `[keys]`, or looks as if it should, or as if a key stood in it: where a file makes no
    /// sense, nothing else tells what a line is.
    fn may_hold_a_key(&self, line: usize) -> bool {
        let mut lines = self.text.lines().take(line).collect::<Vec<_>>().into_iter().rev();
        let Some(own) = lines.next() else { return false };
        let own = own.trim().to_ascii_lowercase();
        if own.starts_with('[') && own.ends_with(']') {
            return false;
        }
        let named = ["key", "ipgeolocation", "maxmind", "secret", "token", "license", "password"];
        let opaque = |word: &str| word.len() >= 20 && word.bytes().any(|byte| byte.is_ascii_digit());
        let below = lines.find(|line| line.trim_start().starts_with('['));
        let below = below.is_some_and(|table| table.trim_start().starts_with("[keys"));
        below
            || named.iter().any(|name| own.contains(name))
            || own.split(|letter: char| !letter.is_ascii_alphanumeric()).any(opaque)
    }

    /// Line and column of a byte.
    fn place(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }
}

/// Copies of options by name: what is read reports mistakes meanwhile.
fn owned(options: &[(&str, &Arg)]) -> BTreeMap<String, Arg> {
    options.iter().map(|(name, arg)| ((*name).to_owned(), (*arg).clone())).collect()
}

/// The word that `word` is most like, if there is one at all: as near as clap asks for.
fn nearest<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let rated = words.map(|other| (strsim::jaro(word, other), other)).filter(|(likeness, _)| *likeness > 0.8);
    rated.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, other)| other)
}
