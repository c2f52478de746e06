//! Which options there are: the flags of the program, as clap knows them.

use std::any::TypeId;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use crate::args::Arguments;

/// The verbs that have a table of their own.
pub(crate) const VERBS: [&str; 14] = [
    "trace", "watch", "map", "serve", "explain", "relocate", "list", "show", "history", "changes", "diff",
    "export", "import", "doctor",
];
/// What is typed or not, and never written down.
const TYPED_ONLY: [&str; 8] = ["help", "version", "config", "yes", "output", "all", "dry-run", "probe"];
/// The verbs that choose among traces by what others are told to do: what the first part of the file says of probing is no
/// choice of theirs.
pub(super) const CHOOSING: [&str; 4] = ["list", "history", "changes", "export"];
/// What a `[[target]]` may say beside the flags that say how to probe.
const TARGET_OPTIONS: [&str; 5] = ["every", "steady", "on-change", "all-addresses", "expand"];
/// What holds for the whole program and not for one target.
const NOT_OF_TARGETS: [&str; 2] = ["mode", "rate"];
/// The keys: their names here, and in the environment.
pub(super) const KEYS: [(&str, &str); 4] = [
    ("ipgeolocation-api-key", "IPGEOLOCATION_API_KEY"),
    ("ipgeolocation-base-url", "IPGEOLOCATION_BASE_URL"),
    ("maxmind-account-id", "MAXMIND_ACCOUNT_ID"),
    ("maxmind-license-key", "MAXMIND_LICENSE_KEY"),
];

/// What kind of value an option has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// On or off.
    Switch,
    /// One value.
    Value,
    /// Any number of values.
    List,
}

/// The flags of the program.
pub(super) struct Known {
    command: Command,
}

impl Known {
    pub(super) fn new() -> Self {
        let mut command = Arguments::command();
        // Flags of the whole program are those of every verb from here on.
        command.build();
        Self { command }
    }

    pub(super) fn verb(&self, verb: &str) -> Option<&Command> {
        self.command.find_subcommand(verb)
    }

    /// Whether an option is one of the whole program.
    pub(super) fn is_of_all(&self, name: &str) -> bool {
        options(&self.command).iter().any(|(other, _)| *other == name)
    }

    /// The options of a table `[verb]`, by name.
    pub(super) fn of_verb(&self, verb: &str) -> Vec<(&str, &Arg)> {
        self.verb(verb).map(options).unwrap_or_default()
    }

    /// The options that may stand before the first table, with a verb that has them: flags of the whole program, what
    /// `trace` and `watch` have in common, and what is said of places and maps.
    pub(super) fn shared(&self) -> Vec<(&str, &Arg)> {
        let mut shared = options(&self.command);
        let (trace, watch, map) = (self.of_verb("trace"), self.of_verb("watch"), self.of_verb("map"));
        let has = |options: &[(&str, &Arg)], name| options.iter().any(|(other, _)| *other == name);
        for (name, arg) in trace {
            let common = has(&watch, name) || has(&map, name);
            if common && !["targets", "expand"].contains(&name) && !has(&shared, name) {
                shared.push((name, arg));
            }
        }
        shared
    }

    /// The options of a `[[target]]`.
    pub(super) fn of_target(&self) -> Vec<(&str, &Arg)> {
        let mut options = self.of_verb("watch");
        options.retain(|(name, arg)| {
            let probing = arg.get_help_heading() == Some("Probing") && !NOT_OF_TARGETS.contains(name);
            probing || TARGET_OPTIONS.contains(name)
        });
        options
    }

    /// The verb, or one that has the option, to read its value with.
    pub(super) fn reader(&self, verb: Option<&str>, name: &str) -> Option<&Command> {
        if let Some(verb) = verb {
            return self.verb(verb);
        }
        VERBS
            .into_iter()
            .filter_map(|verb| self.verb(verb))
            .find(|command| options(command).iter().any(|(other, _)| *other == name))
    }
}

/// The flags of a command that can be written down, by name.
pub(super) fn options(command: &Command) -> Vec<(&str, &Arg)> {
    let named = command.get_arguments().filter_map(|arg| Some((name(arg)?, arg)));
    named.filter(|(name, _)| !TYPED_ONLY.contains(name)).collect()
}

/// What a flag is called in the file: `-4` and `-6` have no long name.
pub(super) fn name(arg: &Arg) -> Option<&str> {
    arg.get_long().or_else(|| arg.get_short().map(|_| arg.get_id().as_str()))
}

/// How a flag is typed.
pub(super) fn spelled(arg: &Arg) -> String {
    match (arg.get_long(), arg.get_short()) {
        (Some(long), _) => format!("--{long}"),
        (None, short) => format!("-{}", short.unwrap_or_default()),
    }
}

pub(super) fn kind(arg: &Arg) -> Kind {
    match arg.get_action() {
        ArgAction::SetTrue | ArgAction::SetFalse | ArgAction::Count => Kind::Switch,
        ArgAction::Append => Kind::List,
        _ => Kind::Value,
    }
}

/// Whether a flag names a file or a directory.
pub(super) fn is_path(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == TypeId::of::<PathBuf>()
}
