//! What was typed, and beneath it what the config file says.
//!
//! What the file says is put behind what was typed, as if it had been typed too; but for what was typed differently, what
//! the environment says, and what would contradict that.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use super::known::{self, Kind};
use super::{Config, Section, Written};
use crate::args::Arguments;

/// What an option is no good without.
const COMPANIONS: [(&str, &str); 5] =
    [("interval", "rounds"), ("canvas", "map"), ("theme", "map"), ("extent", "map"), ("projection", "map")];
/// What the environment says goes before the file.
pub(super) const ENVIRONMENT: [(&str, &str); 3] =
    [("data-dir", "TRACE_DATA_DIR"), ("color", "NO_COLOR"), ("csv", "CSV_DATA")];

/// A command line.
#[derive(Debug, Clone)]
pub(crate) struct Typed {
    line: Vec<OsString>,
    matches: ArgMatches,
    /// Whether nothing is missing that the file would have to say.
    is_whole: bool,
    /// Switches that were typed as `--switch=false`.
    off: BTreeSet<String>,
}

/// What was typed, with the file beneath it.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    pub(crate) typed: Typed,
    pub(crate) config: Config,
}

/// What of the file holds for a command line.
pub(crate) type Taken<'a> = BTreeMap<&'a str, &'a Written>;

impl Typed {
    /// Reads a command line, the program's name first.
    ///
    /// # Errors
    ///
    /// It makes no sense whatever the file may say; or it asks for help.
    pub(crate) fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = Arguments::command();
        let (line, off) = without_off(line, &mut command);
        let (matches, is_whole) = match command.try_get_matches_from_mut(&line) {
            // The file may say what is missing.
            Err(error) if error.kind() == ErrorKind::MissingRequiredArgument => {
                let lenient = Arguments::command().ignore_errors(true);
                (lenient.try_get_matches_from(&line).map_err(|_| error)?, false)
            }
            matches => (matches?, true),
        };
        Ok(Self { line, matches, is_whole, off })
    }

    /// The words of the verb, as `geo lookup`.
    pub(crate) fn verb(&self) -> Vec<&str> {
        let mut verb = Vec::new();
        let mut matches = &self.matches;
        while let Some((name, below)) = matches.subcommand() {
            verb.push(name);
            matches = below;
        }
        verb
    }

    /// The program's name, and the flags of the whole program that were typed.
    pub(crate) fn before_verb(&self) -> Vec<OsString> {
        let mut command = Arguments::command();
        command.build();
        let mut words: Vec<OsString> = vec!["trace-cli".into()];
        for (name, arg) in known::options(&command) {
            if self.is_typed(name, arg) && !self.off.contains(name) {
                let written = Written { values: self.values(name, arg), off: false, line: 0, column: 0 };
                words.extend(self::words(arg, &written));
            }
        }
        words
    }

    /// Whether the program has such a verb.
    pub(crate) fn has_verb(verb: &str) -> bool {
        Arguments::command().find_subcommand(verb).is_some()
    }

    /// `--config`.
    pub(crate) fn config(&self) -> Option<&Path> {
        self.leaf().try_get_one::<PathBuf>("config").ok().flatten().map(PathBuf::as_path)
    }

    /// What was typed, with sections of the file beneath it, the most particular first.
    ///
    /// # Errors
    ///
    /// What is there makes no sense together.
    pub(crate) fn beneath(&self, sections: &[&Section]) -> Result<Arguments, clap::Error> {
        // Most command lines have no file beneath them, and need not be read twice.
        if self.is_whole && sections.iter().all(|section| section.is_empty()) {
            return Arguments::from_arg_matches(&self.matches);
        }
        let mut command = Arguments::command();
        command.build();
        let mut line = self.line.clone();
        let end = line.iter().position(|word| word == "--").unwrap_or(line.len());
        let mut more = Vec::new();
        if let Some(verb) = self.command(&command) {
            let args: BTreeMap<&str, &Arg> = known::options(verb).into_iter().collect();
            for (name, written) in self.taken_by(verb, &args, sections) {
                let Some(arg) = args.get(name) else { continue };
                more.extend(words(arg, written));
            }
        }
        line.splice(end..end, more);
        let matches = Arguments::command().try_get_matches_from(line)?;
        Arguments::from_arg_matches(&matches)
    }

    /// What of the sections holds: nothing that was typed, and nothing that contradicts what was, or a more particular
    /// section.
    pub(crate) fn taken<'a>(&self, sections: &[&'a Section]) -> Taken<'a> {
        let mut command = Arguments::command();
        command.build();
        let Some(verb) = self.command(&command) else { return Taken::new() };
        self.taken_by(verb, &known::options(verb).into_iter().collect(), sections)
    }

    /// The same by the verb and its options, for who has them.
    fn taken_by<'a>(
        &self,
        verb: &Command,
        args: &BTreeMap<&str, &Arg>,
        sections: &[&'a Section],
    ) -> Taken<'a> {
        let mut before: BTreeSet<&str> =
            args.iter().filter(|(name, arg)| self.is_typed(name, arg)).map(|(name, _)| *name).collect();
        let mut decided: BTreeSet<&str> =
            ENVIRONMENT.into_iter().filter(|(_, variable)| is_set(variable)).map(|(name, _)| name).collect();
        decided.extend(
            self.off.iter().filter_map(|name| args.get_key_value(name.as_str())).map(|(name, _)| *name),
        );
        // A file that the environment has shown is shown instead of what is kept.
        if args.contains_key("csv") && is_set("CSV_DATA") {
            decided.insert("data-dir");
        }
        let mut taken = Taken::new();
        for section in sections {
            let open: Vec<(&'a str, &'a Written)> = section
                .iter()
                .map(|(name, written)| (name.as_str(), written))
                .filter(|(name, _)| {
                    args.contains_key(name) && !before.contains(name) && !decided.contains(name)
                })
                .collect();
            let rivals = before.clone();
            for (name, written) in open {
                // A switch that is off here stays off, whatever a more general section says.
                decided.insert(name);
                let yields = rivals.iter().any(|rival| contradict(verb, args, name, rival))
                    || self.yields(name, written);
                if !yields && !written.off {
                    taken.insert(name, written);
                    before.insert(name);
                }
            }
        }
        let missing = |name: &str| {
            COMPANIONS
                .iter()
                .any(|(one, other)| *one == name && args.contains_key(other) && !before.contains(other))
        };
        taken.retain(|name, _| !missing(name));
        taken
    }

    /// Whether what the file says cannot go with the values that were typed.
    fn yields(&self, name: &str, written: &Written) -> bool {
        let leaf = self.leaf();
        let word = |id: &str| {
            let raw = leaf.try_get_raw(id).ok().flatten().and_then(|mut values| values.next());
            raw.filter(|_| leaf.value_source(id) == Some(ValueSource::CommandLine)).and_then(OsStr::to_str)
        };
        let is = |id: &str| {
            leaf.try_contains_id(id).is_ok() && leaf.value_source(id) == Some(ValueSource::CommandLine)
        };
        let value = || written.values.first().and_then(|value| value.to_str()).unwrap_or_default();
        let v6 = |text: &str| text.contains(':');
        // The family that was typed, in whatever way.
        let source = word("source");
        let wants_v6 = is("ipv6") || is("flow_label") || source.is_some_and(v6);
        let wants_v4 = is("ipv4") || source.is_some_and(|text| !v6(text));
        match name {
            "port" | "source-port" => word("protocol") == Some("icmp"),
            "protocol" => value() == "icmp" && (is("port") || is("source_port")),
            "source" => (wants_v4 && v6(value())) || (wants_v6 && !v6(value())),
            "ipv4" | "dont-fragment" => wants_v6,
            "ipv6" | "flow-label" => wants_v4,
            "first-ttl" | "max-ttl" => {
                let number = value().parse::<u8>().ok();
                let typed = |id| word(id).and_then(|text| text.parse::<u8>().ok());
                let (first, last) =
                    if name == "max-ttl" { (typed("first_ttl"), number) } else { (number, typed("max_ttl")) };
                first.zip(last).is_some_and(|(first, last)| first > last)
            }
            _ => false,
        }
    }

    /// Whether an option was typed.
    pub(super) fn is_typed(&self, name: &str, arg: &Arg) -> bool {
        let id = arg.get_id().as_str();
        let leaf = self.leaf();
        self.off.contains(name)
            || (leaf.try_contains_id(id).is_ok() && leaf.value_source(id) == Some(ValueSource::CommandLine))
    }

    /// What was typed for an option.
    pub(super) fn values(&self, name: &str, arg: &Arg) -> Vec<OsString> {
        if self.off.contains(name) {
            return vec!["false".into()];
        }
        if known::kind(arg) == Kind::Switch {
            return vec!["true".into()];
        }
        let raw = self.leaf().try_get_raw(arg.get_id().as_str()).ok().flatten();
        raw.into_iter().flatten().map(OsStr::to_owned).collect()
    }

    /// The flags of the verb.
    pub(super) fn command<'a>(&self, command: &'a Command) -> Option<&'a Command> {
        self.verb().into_iter().try_fold(command, |command, word| command.find_subcommand(word))
    }

    fn leaf(&self) -> &ArgMatches {
        let mut matches = &self.matches;
        while let Some((_, below)) = matches.subcommand() {
            matches = below;
        }
        matches
    }
}

impl Given {
    /// What was typed and the file together.
    ///
    /// # Errors
    ///
    /// It makes no sense together.
    pub(crate) fn arguments(&self) -> Result<Arguments, clap::Error> {
        self.typed.beneath(&self.sections())
    }

    /// The same for one target of the file.
    ///
    /// # Errors
    ///
    /// It makes no sense together.
    pub(crate) fn arguments_for(&self, target: &super::Target) -> Result<Arguments, clap::Error> {
        let mut sections = self.sections();
        sections.insert(0, &target.own);
        self.typed.beneath(&sections)
    }

    /// Whether a flag was typed.
    pub(crate) fn is_typed(&self, name: &str) -> bool {
        let mut command = Arguments::command();
        command.build();
        let verb = self.typed.command(&command);
        let arg = verb.and_then(|verb| known::options(verb).into_iter().find(|(other, _)| *other == name));
        arg.is_some_and(|(name, arg)| self.typed.is_typed(name, arg))
    }

    /// The line and column in the file that a message most likely speaks of; the file's beginning if it names neither a
    /// line nor an option.
    pub(crate) fn place_of(&self, message: &str) -> (usize, usize) {
        let targets = self.config.targets.iter();
        let mut of_target =
            targets.filter(|target| message.starts_with(&format!("{}: ", self.config.place(target.line))));
        let target = of_target.next();
        let own = target.map(|target| &target.own);
        let found = own.into_iter().chain(self.sections()).find_map(|section| {
            section
                .iter()
                .find(|(name, _)| names(message, name))
                .map(|(_, written)| (written.line, written.column))
        });
        found.or_else(|| target.map(|target| (target.line, target.column))).unwrap_or((1, 1))
    }

    pub(super) fn sections(&self) -> Vec<&Section> {
        let verb = self.typed.verb();
        // `geo lookup` has no table, but asks the same sources.
        self.config.sections(verb.first().copied().unwrap_or_default())
    }

    /// Where in the file the options stand that a message speaks of, in words.
    pub(crate) fn whence(&self, message: &str) -> Option<String> {
        let taken = self.typed.taken(&self.sections());
        let places: Vec<String> = taken
            .iter()
            .filter(|(name, _)| names(message, name))
            .map(|(name, written)| format!("{name} is set in {}", self.config.place(written.line)))
            .collect();
        (!places.is_empty()).then(|| places.join(", "))
    }
}

/// Whether a message speaks of an option.
fn names(message: &str, name: &str) -> bool {
    let flag = match name {
        "ipv4" => "-4".to_owned(),
        "ipv6" => "-6".to_owned(),
        name => format!("--{name}"),
    };
    message.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-')).any(|word| word == flag)
}

/// Whether an option of the environment is set.
pub(super) fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn contradict(verb: &Command, args: &BTreeMap<&str, &Arg>, one: &str, other: &str) -> bool {
    let names = |a: &str, b: &str| {
        args.get(a).is_some_and(|arg| {
            verb.get_arg_conflicts_with(arg).into_iter().any(|rival| known::name(rival) == Some(b))
        })
    };
    names(one, other) || names(other, one)
}

/// An option of the file as it would be typed.
fn words(arg: &Arg, written: &Written) -> Vec<OsString> {
    let flag = known::spelled(arg);
    if known::kind(arg) == Kind::Switch {
        return vec![flag.into()];
    }
    let word = |value: &OsString| {
        let mut word = OsString::from(format!("{flag}="));
        word.push(value);
        word
    };
    written.values.iter().map(word).collect()
}

/// The line without switches that are typed as `--switch=false`, and `--switch=true` as clap knows it; what the file
/// switches on can so be switched off.
fn without_off(
    line: impl IntoIterator<Item = OsString>,
    command: &mut Command,
) -> (Vec<OsString>, BTreeSet<String>) {
    let line: Vec<OsString> = line.into_iter().collect();
    let ends = |word: &OsString, end: &[u8]| word.as_encoded_bytes().ends_with(end);
    // Building every verb takes longer than reading a line, so it is done only for a line that may need it.
    if !line.iter().any(|word| ends(word, b"=false") || ends(word, b"=true")) {
        return (line, BTreeSet::new());
    }
    command.build();
    let mut switches = BTreeSet::new();
    collect_switches(command, &mut switches);
    let (mut kept, mut off, mut over) = (Vec::new(), BTreeSet::new(), false);
    for word in line {
        over |= word == "--";
        let switch = word
            .to_str()
            .and_then(|word| word.strip_prefix("--")?.split_once('='))
            .filter(|(name, _)| !over && switches.contains(*name));
        match switch {
            Some((name, "false")) => {
                off.insert(name.to_owned());
            }
            Some((name, "true")) => kept.push(format!("--{name}").into()),
            _ => kept.push(word),
        }
    }
    (kept, off)
}

fn collect_switches(command: &Command, switches: &mut BTreeSet<String>) {
    let own = known::options(command).into_iter().filter(|(_, arg)| known::kind(arg) == Kind::Switch);
    switches.extend(own.map(|(name, _)| name.to_owned()));
    for below in command.get_subcommands() {
        collect_switches(below, switches);
    }
}
