//! `man [VERB]`: a manual page.

use anyhow::anyhow;
use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::args::Arguments;
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::output::Output;

pub(crate) fn run(verb: Option<&str>, output: &mut Output) -> Result<Exit> {
    output.print_bytes(&page(verb)?)?;
    Ok(Exit::Done)
}

fn page(verb: Option<&str>) -> Result<Vec<u8>> {
    let mut program = Arguments::command();
    // Names and flags that every verb has reach the verbs only now.
    program.build();
    let command = match verb {
        None => program,
        Some(verb) => one(&program, verb)?,
    };
    let mut page = Vec::new();
    Man::new(command).render(&mut page).blame(Exit::CouldNotKeep)?;
    Ok(page)
}

fn one(program: &Command, verb: &str) -> Result<Command> {
    let verbs = || program.get_subcommands().filter(|known| !known.is_hide_set());
    let found = verbs().find(|known| known.get_name() == verb).cloned();
    found.map(|command| command.name(format!("trace-cli-{verb}"))).ok_or_else(|| {
        let known: Vec<_> = verbs().map(Command::get_name).collect();
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
            let page = String::from_utf8(page(Some(verb.get_name())).unwrap()).unwrap();
            assert!(page.contains(".SH NAME") && page.contains("\\-\\-data\\-dir"), "{page}");
        }
        let main = String::from_utf8(page(None).unwrap()).unwrap();
        assert!(main.contains("Exit status"), "{main}");
    }

    #[test]
    fn an_unknown_verb_is_refused() {
        let failure = page(Some("tarce")).unwrap_err();
        assert_eq!(failure.exit, Exit::Senseless);
        assert!(failure.to_string().starts_with("\"tarce\" is no verb; known are: trace map "));
    }
}
