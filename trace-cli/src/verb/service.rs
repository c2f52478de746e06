//! `service install|remove|status`: the units of systemd, which are part of the program.

mod stamp;
mod unit;

use std::io;
use std::path::{Path, PathBuf};

use anyhow::anyhow;

use self::unit::Condition;
use crate::args::{InstallArguments, RemoveArguments, ServiceVerb, StatusArguments};
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::output::Output;
use crate::report::units::{Unit, units};
use crate::say::Voice;

pub(crate) fn run(verb: ServiceVerb, voice: Voice, output: &mut Output) -> Result<Exit> {
    match verb {
        ServiceVerb::Install(typed) => install(&typed, voice, output),
        ServiceVerb::Remove(typed) => remove(&typed, voice, output),
        ServiceVerb::Status(typed) => status(&typed, output),
    }
}

/// Writes what is not there, and brings up to date what is ours.
fn install(typed: &InstallArguments, voice: Voice, output: &mut Output) -> Result<Exit> {
    let root = &typed.tree.root;
    let program = program()?;
    if ["/home", "/root", "/run/user", "/tmp", "/var/tmp"].iter().any(|hidden| program.starts_with(hidden)) {
        voice.warn(&format!(
            "the services see no homes and no temporary files, so they cannot start {}; install it as \
             /usr/local/bin/trace-cli, and the units by that",
            program.display()
        ));
    }
    let files = unit::files(&program, typed.raw);
    let mut exit = Exit::Done;
    let mut said = String::new();
    for file in &files {
        let path = file.path(root);
        match file
            .condition(root)
            .blame_on(Exit::CouldNotKeep, || format!("cannot read {}", path.display()))?
        {
            Condition::Current => said.push_str(&format!("kept     {}\n", path.display())),
            Condition::Packaged => {
                said.push_str(&format!("packaged {}: a package has it already\n", file.name()));
            }
            // What it says is up to who runs the machine.
            Condition::Foreign | Condition::Edited if file.is_settings() => {
                said.push_str(&format!("kept     {}\n", path.display()));
            }
            condition @ (Condition::Foreign | Condition::Edited) => {
                let how = if condition == Condition::Edited { "was changed since" } else { "is not ours" };
                voice.warn(&format!(
                    "{} {how} and is left as it is; move it away, or change a unit by `systemctl edit {}`",
                    path.display(),
                    file.name()
                ));
                exit = Exit::CouldNotKeep;
            }
            Condition::Absent | Condition::Older if typed.dry_run => {
                said.push_str(&format!("would write {}:\n{}\n", path.display(), file.text()));
            }
            Condition::Absent | Condition::Older => {
                file.write(root)
                    .blame_on(Exit::CouldNotKeep, || format!("cannot write {}", path.display()))?;
                said.push_str(&format!("wrote    {}\n", path.display()));
            }
        }
    }
    if !typed.dry_run && exit == Exit::Done {
        said.push_str(
            "Name the hosts in /etc/trace/tracer.env, and then:\n\
             \x20 sudo systemctl daemon-reload\n\
             \x20 sudo systemctl enable --now tracer.timer          # trace every hour\n\
             \x20 sudo systemctl enable --now tracer-watch.service  # or all the time\n\
             \x20 sudo systemctl enable --now tracer-serve.service  # the dashboard\n",
        );
    }
    output.print(&said)?;
    Ok(exit)
}

/// Removes what is ours.
fn remove(typed: &RemoveArguments, voice: Voice, output: &mut Output) -> Result<Exit> {
    let root = &typed.tree.root;
    let mut exit = Exit::Done;
    let mut said = String::new();
    let gone = if typed.dry_run { "would remove" } else { "removed" };
    // What `--raw` wrote too, and whatever program they start.
    for file in unit::files(Path::new(unit::PROGRAM), true) {
        let path = file.path(root);
        match file
            .condition(root)
            .blame_on(Exit::CouldNotKeep, || format!("cannot read {}", path.display()))?
        {
            Condition::Absent | Condition::Packaged => continue,
            Condition::Foreign | Condition::Edited if file.is_settings() => {
                said.push_str(&format!("kept {}\n", path.display()));
                continue;
            }
            Condition::Foreign => continue,
            Condition::Edited => {
                voice.warn(&format!("{} was changed since it was written, and stays", path.display()));
                exit = Exit::CouldNotKeep;
                continue;
            }
            Condition::Current | Condition::Older => {}
        }
        let removed = if typed.dry_run { file.enabled(root) } else { file.remove(root) };
        let links = removed.blame_on(Exit::CouldNotKeep, || format!("cannot remove {}", path.display()))?;
        for path in links.iter().chain([&path]) {
            said.push_str(&format!("{gone} {}\n", path.display()));
        }
    }
    if said.is_empty() {
        said.push_str("there is nothing to remove\n");
    } else if !typed.dry_run {
        said.push_str(
            "What runs goes on until: sudo systemctl daemon-reload; sudo systemctl stop 'tracer*'\n",
        );
    }
    output.print(&said)?;
    Ok(exit)
}

/// Says what there is.
fn status(typed: &StatusArguments, output: &mut Output) -> Result<Exit> {
    let root = &typed.tree.root;
    let mut rows = Vec::new();
    let program = program()?;
    for file in unit::files(&program, true) {
        let path = file.path(root);
        let condition = file
            .condition(root)
            .blame_on(Exit::CouldNotKeep, || format!("cannot read {}", path.display()))?;
        let enabled = file
            .enabled(root)
            .blame_on(Exit::CouldNotKeep, || "cannot read the links of units".to_owned())?;
        rows.push(Unit {
            unit: file.name().to_owned(),
            path: path.display().to_string(),
            state: condition.word(),
            enabled: !enabled.is_empty(),
            active: file.active(root),
        });
    }
    let text = units(&rows, typed.format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(typed.format.format, &text)?;
    Ok(Exit::Done)
}

/// What the units start: this very program.
fn program() -> Result<PathBuf> {
    let program = std::env::current_exe()
        .map_err(|error: io::Error| anyhow!("cannot tell where this program is: {error}"))
        .blame(Exit::CouldNotKeep)?;
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+".contains(character);
    match program.to_str() {
        Some(text) if text.chars().all(plain) => Ok(program),
        _ => Err(Failure::new(
            Exit::CouldNotKeep,
            anyhow!("{} cannot stand in a unit: move the program to /usr/local/bin", program.display()),
        )),
    }
}

#[cfg(test)]
mod tests;
