//! `man [VERB]`: a manual page.

use anyhow::anyhow;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::args::Arguments;
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::output::Output;

pub(crate) fn run(verb: &[String], output: &mut Output) -> Result<Exit> {
    output.print_bytes(&page(verb)?)?;
    Ok(Exit::Done)
}

fn page(verb: &[String]) -> Result<Vec<u8>> {
    let mut command = Arguments::command();
    // Names and flags that every verb has reach the verbs only now.
    command.build();
    let mut title = "trace-cli".to_owned();
    for word in verb {
        command = one(&command, word)?;
        title = format!("{title}-{word}");
    }
    let mut page = Vec::new();
    Man::new(command.name(title)).render(&mut page).blame(Exit::CouldNotKeep)?;
    Ok(page)
}

fn one(command: &Command, verb: &str) -> Result<Command> {
    command.find_subcommand(verb).cloned().ok_or_else(|| {
        let known: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
        Failure::new(Exit::Senseless, anyhow!("{verb:?} is no verb; known are: {}", known.join(" ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_page_that_tells_its_flags() {
        let program = Arguments::command();
        for verb in program.get_subcommands() {
            let page = String::from_utf8(page(&[verb.get_name().to_owned()]).unwrap()).unwrap();
            assert!(page.contains(".SH NAME") && page.contains("\\-\\-data\\-dir"), "{page}");
        }
        let main = String::from_utf8(page(&[]).unwrap()).unwrap();
        assert!(main.contains("Exit status"), "{main}");
        let lookup = String::from_utf8(page(&["geo", "lookup"].map(str::to_owned)).unwrap()).unwrap();
        assert!(lookup.contains("\\-\\-no\\-dns"), "{lookup}");
    }

    #[test]
    fn an_unknown_verb_is_refused() {
        let failure = page(&["tarce".to_owned()]).unwrap_err();
        assert_eq!(failure.exit, Exit::Senseless);
        assert!(failure.to_string().starts_with("\"tarce\" is no verb; known are: trace watch map "));
    }
}
