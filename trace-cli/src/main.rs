//! `trace-cli`: trace the route to a host, see where every hop is, keep it, draw it.
//!
//! [`args`] is what was typed, [`settings`] what was meant, `verb` does it, [`report`] puts it into words.

mod args;
mod clock;
mod escape;
mod exit;
mod grid;
mod host;
mod interrupt;
mod kept;
mod keyboard;
mod names;
mod output;
mod paint;
mod picture;
mod places;
mod report;
mod say;
mod settings;
mod sources;
mod targets;
mod verb;

use std::process::ExitCode;

use args::{Arguments, DbVerb, Verb};
use clap::Parser as _;
use exit::{Exit, Result};
use output::Output;
use say::Voice;

fn main() -> ExitCode {
    // What makes no sense to clap ends here, with its own words and status 2.
    let Arguments { global, verb } = Arguments::parse();
    let voice = Voice::new(global.verbose);
    let mut output = Output::new(global.color);
    let exit = run(verb, global.data_dir, voice, &mut output).unwrap_or_else(|failure| {
        if failure.cause.is_some() {
            voice.warn(&failure.to_string());
        }
        failure.exit
    });
    exit.into()
}

fn run(verb: Verb, data_dir: Option<std::path::PathBuf>, voice: Voice, output: &mut Output) -> Result<Exit> {
    match verb {
        Verb::Trace(typed) => verb::trace::run(*typed, data_dir, voice, output),
        Verb::Map(typed) => verb::map::run(typed, data_dir, voice, output),
        Verb::Explain(typed) => verb::explain::run(typed, data_dir, output),
        Verb::Relocate(typed) => verb::relocate::run(typed, data_dir, voice, output),
        Verb::List(typed) => verb::list::run(typed, data_dir, output),
        Verb::Show(typed) => verb::show::run(typed, data_dir, output),
        Verb::History(typed) => verb::history::run(typed, data_dir, output),
        Verb::Export(typed) => verb::export::run(typed, data_dir, output),
        Verb::Delete { traces } => verb::delete::run(&traces, data_dir, output),
        Verb::Geo { verb } => verb::geo::run(verb, data_dir, voice, output),
        Verb::Db { verb: DbVerb::Init { overwrite } } => verb::db::init(overwrite, data_dir, output),
        Verb::Db { verb: DbVerb::Check } => verb::db::check(data_dir, output),
        Verb::Db { verb: DbVerb::Path } => verb::db::path(data_dir, output),
        Verb::Db { verb: DbVerb::Backup { file } } => verb::db::backup(&file, data_dir, output),
        Verb::Db { verb: DbVerb::Prune { older_than, keep_per_path, dry_run } } => {
            verb::db::prune(older_than, keep_per_path, dry_run, data_dir, output)
        }
        Verb::Doctor(typed) => verb::doctor::run(typed, data_dir, output),
        Verb::Completions { shell } => verb::completions::run(shell, output),
        Verb::Man { verb } => verb::man::run(&verb, output),
    }
}
