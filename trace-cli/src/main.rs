//! `trace-cli`: trace the route to a host, see where every hop is, keep it, draw it.
//!
//! [`args`] is what was typed, [`settings`] what was meant, `verb` does it, [`report`] puts it into words.

mod args;
mod clock;
mod config;
mod confine;
mod escape;
mod exit;
mod grid;
mod host;
mod interrupt;
mod kept;
mod keyboard;
mod log;
mod names;
mod output;
mod paint;
mod picture;
mod places;
mod report;
mod rights;
mod say;
#[cfg(feature = "serve")]
mod serve;
mod settings;
mod sources;
mod supervisor;
mod targets;
mod verb;

use std::process::ExitCode;

use args::{Arguments, DbVerb, Verb};
use config::{Config, Given, Typed};
use exit::{Blame as _, Exit, Result};
use output::Output;
use say::Voice;

fn main() -> ExitCode {
    // Before anything is read that somebody else may have chosen.
    if let Err(failure) = rights::give_up(std::env::args_os()) {
        Voice::new(false).warn(&failure.to_string());
        return failure.exit.into();
    }
    // What makes no sense to clap ends here, with its own words and status 2.
    let typed = Typed::read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let given = match given(typed) {
        Ok(given) => given,
        Err(failure) => return failed(&failure, Voice::new(false), None),
    };
    let Arguments { global, verb } = given.arguments().unwrap_or_else(|error| {
        if let Some(whence) = given.whence(&error.to_string()) {
            Voice::new(false).warn(&whence);
        }
        error.exit()
    });
    let voice = Voice::new(global.verbose);
    let mut output = Output::new(global.color);
    let done = run(verb, global.data_dir, &given, voice, &mut output);
    done.map_or_else(|failure| failed(&failure, voice, Some(&given)), Into::into)
}

/// Tells why a verb could not do its work.
fn failed(failure: &exit::Failure, voice: Voice, given: Option<&Given>) -> ExitCode {
    if failure.cause.is_some() {
        let message = failure.to_string();
        voice.warn(&message);
        if let Some(whence) =
            given.filter(|_| failure.exit == Exit::Senseless).and_then(|given| given.whence(&message))
        {
            voice.warn(&whence);
        }
    }
    failure.exit.into()
}

/// The config file beneath what was typed. Some verbs do without one, or look at it themselves.
fn given(typed: Typed) -> Result<Given> {
    let config = match typed.verb().first() {
        Some(&("config" | "completions" | "man")) => Config::default(),
        Some(&"doctor") => Config::load(typed.config()).map(|checked| checked.config).unwrap_or_default(),
        _ => Config::load(typed.config()).and_then(config::Checked::sound).blame(Exit::Senseless)?,
    };
    sources::Keys::configure(&config);
    Ok(Given { typed, config })
}

fn run(
    verb: Verb,
    data_dir: Option<std::path::PathBuf>,
    given: &Given,
    voice: Voice,
    output: &mut Output,
) -> Result<Exit> {
    match verb {
        Verb::Trace(typed) => verb::trace::run(*typed, data_dir, voice, output),
        Verb::Watch(typed) if verb::watch::is_runner() => {
            verb::watch::run_commands(&typed, data_dir, given, voice)
        }
        Verb::Watch(typed) => verb::watch::run(*typed, data_dir, given, voice),
        Verb::Map(typed) => verb::map::run(typed, data_dir, voice, output),
        Verb::Explain(typed) => verb::explain::run(typed, data_dir, voice, output),
        Verb::Relocate(typed) => verb::relocate::run(typed, data_dir, voice, output),
        Verb::List(typed) => verb::list::run(typed, data_dir, output),
        Verb::Show(typed) => verb::show::run(typed, data_dir, output),
        Verb::Changes(typed) => verb::changes::run(typed, data_dir, output),
        Verb::Diff(typed) => verb::diff::run(typed, data_dir, output),
        Verb::History(typed) => verb::history::run(typed, data_dir, output),
        Verb::Export(typed) => verb::export::run(typed, data_dir, output),
        Verb::Import(typed) => verb::import::run(&typed, data_dir, voice, output),
        Verb::Delete { traces } => verb::delete::run(&traces, data_dir, output),
        Verb::Geo { verb } => verb::geo::run(verb, data_dir, voice, output),
        Verb::Db { verb: DbVerb::Init { overwrite } } => verb::db::init(overwrite, data_dir, output),
        Verb::Db { verb: DbVerb::Check } => verb::db::check(data_dir, output),
        Verb::Db { verb: DbVerb::Path } => verb::db::path(data_dir, output),
        Verb::Db { verb: DbVerb::Backup { file } } => verb::db::backup(&file, data_dir, output),
        Verb::Db { verb: DbVerb::Prune { older_than, keep_per_path, dry_run } } => {
            verb::db::prune(older_than, keep_per_path, dry_run, data_dir, output)
        }
        Verb::Config { verb } => verb::config::run(verb, given, output),
        #[cfg(feature = "serve")]
        Verb::Serve(typed) => verb::serve::run(typed, data_dir, given, voice),
        Verb::Service { verb } => verb::service::run(verb, voice, output),
        Verb::Doctor(typed) => verb::doctor::run(&typed, data_dir, given, output),
        Verb::Completions { shell } => verb::completions::run(shell, output),
        Verb::Man { verb } => verb::man::run(&verb, output),
    }
}
