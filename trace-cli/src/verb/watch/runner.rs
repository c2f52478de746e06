//! The process beside this one that runs the commands of `--on-change`, so that this one can be confined and they are not.
//!
//! It is the same program with the same command line, under another name, and is started before anything of a stranger is
//! read. It knows the commands from the command line and the config file, and reads both by itself; whoever talks to it can
//! choose among them and say what changed, and nothing else: neither another command, nor variables that mean something to
//! a shell or a loader.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::command::{Call, Commands, PRIVATE};
use super::untold;
use crate::args::{Arguments, Verb, WatchArguments};
use crate::config::{Checked, Config, Given};
use crate::exit::{self, Blame as _, Exit};
use crate::log;
use crate::say::Voice;
use crate::settings::data_dir;

/// The name under which the program is one that runs commands.
const NAME: &str = "trace-cli: commands";
/// No message is longer: a change that was told and what it is told with.
const LONGEST: u64 = 1 << 20;

/// What it is told, a line each.
#[derive(Debug, Serialize, Deserialize)]
enum Message {
    /// Something changed.
    Call(Call),
    /// The config file is to be read anew.
    Reread,
}

/// The process that runs commands.
#[derive(Debug)]
pub(super) struct Runner {
    process: Child,
    messages: Option<ChildStdin>,
}

impl Runner {
    /// Starts it.
    #[cfg(unix)]
    pub(super) fn start() -> anyhow::Result<Self> {
        use std::os::unix::process::CommandExt as _;
        // Also where the file was replaced since this program was started.
        let mut command = Command::new("/proc/self/exe");
        command.arg0(NAME).args(std::env::args_os().skip(1)).process_group(0);
        for name in PRIVATE {
            command.env_remove(name);
        }
        let process = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        let mut process = process.context("could not start the process that runs commands")?;
        let messages = process.stdin.take();
        Ok(Self { process, messages })
    }

    /// Has a command run. Hands it back where nobody is there to run it: this process is confined by then, and cannot
    /// start another.
    pub(super) fn call(&mut self, call: Call) -> Result<(), Call> {
        let message = Message::Call(call);
        match (self.say(&message), message) {
            (Err(error), Message::Call(call)) => {
                tracing::error!(
                    command = %call.command,
                    "the process that runs commands is gone, and this change is told at the next start: {error}"
                );
                Err(call)
            }
            _ => Ok(()),
        }
    }

    /// The config file is another one.
    pub(super) fn reread(&mut self) {
        // Who is gone is missed at the next change.
        let _ = self.say(&Message::Reread);
    }

    fn say(&mut self, message: &Message) -> std::io::Result<()> {
        let mut line = serde_json::to_string(message)?;
        line.push('\n');
        match &mut self.messages {
            Some(messages) => messages.write_all(line.as_bytes()),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Ends it: what runs has half a second, and what waits is told at the next start.
    pub(super) fn end(mut self) {
        drop(self.messages.take());
        if let Err(error) = self.process.wait() {
            tracing::error!("the process that runs commands cannot be waited for: {error}");
        }
    }
}

/// Whether this process is one that runs commands.
pub(crate) fn is_runner() -> bool {
    std::env::args_os().next().is_some_and(|name| name == NAME)
}

/// Runs commands until nobody can ask for more.
pub(crate) fn serve(
    typed: &WatchArguments,
    directory: Option<PathBuf>,
    given: &Given,
    voice: Voice,
) -> exit::Result<Exit> {
    log::start(typed.log_format, voice.is_verbose());
    // A service manager and a terminal tell everybody to end; this one ends when the other has, who may still have
    // something to tell.
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        signal_hook::flag::register(signal, Arc::<AtomicBool>::default())
            .context("could not listen for signals")
            .blame(Exit::CouldNotProbe)?;
    }
    let directory = data_dir(directory)?;
    let mut known = commands(given)?;
    let running = Commands::start().blame(Exit::CouldNotProbe)?;
    let mut input = BufReader::new(std::io::stdin().lock());
    let mut line = String::new();
    while matches!(input.by_ref().take(LONGEST).read_line(&mut line), Ok(length) if length > 0) {
        match serde_json::from_str(&line) {
            Ok(Message::Call(call)) if may(&known, &call) => running.call(call),
            Ok(Message::Call(call)) => {
                tracing::error!(command = %call.command, "nobody configured this command, and it is not run");
            }
            // Whether that makes sense the other one has said.
            Ok(Message::Reread) => known = reread(given).unwrap_or(known),
            Err(error) => tracing::error!("the process that runs commands understands nothing: {error}"),
        }
        line.clear();
    }
    untold::add(&directory, running.end().into_iter().map(untold::Untold::Call));
    Ok(Exit::Done)
}

/// Whether that is one of the commands, with nothing in its environment but what it is told.
fn may(known: &HashSet<String>, call: &Call) -> bool {
    known.contains(&call.command) && call.variables.iter().all(|(name, _)| name.starts_with("TRACE_"))
}

/// Every command that was typed or configured.
fn commands(given: &Given) -> exit::Result<HashSet<String>> {
    let mut commands = HashSet::new();
    let arguments = given.config.targets.iter().map(|target| given.arguments_for(target));
    for arguments in std::iter::once(given.arguments()).chain(arguments) {
        let Arguments { verb, .. } =
            arguments.map_err(|error| anyhow::anyhow!("{error}")).blame(Exit::Senseless)?;
        if let Verb::Watch(typed) = verb {
            commands.extend(typed.on_change);
        }
    }
    Ok(commands)
}

fn reread(given: &Given) -> exit::Result<HashSet<String>> {
    let config = Config::load(given.typed.config()).and_then(Checked::sound).blame(Exit::Senseless)?;
    commands(&Given { typed: given.typed.clone(), config })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_runs_but_what_was_configured() {
        let known = HashSet::from(["cat >> told".to_owned()]);
        let call = |command: &str, name: &str| Call {
            command: command.to_owned(),
            text: String::new(),
            variables: vec![(name.to_owned(), "x".to_owned())],
        };
        assert!(may(&known, &call("cat >> told", "TRACE_KIND")));
        assert!(!may(&known, &call("cat >> told; id", "TRACE_KIND")));
        assert!(!may(&known, &call("cat >> told", "LD_PRELOAD")));
        assert!(!may(&known, &call("cat >> told", "PATH")));
    }
}
