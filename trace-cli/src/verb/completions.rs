//! `completions SHELL`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Arguments;
use crate::exit::{Exit, Result};
use crate::output::Output;

pub(crate) fn run(shell: Shell, output: &mut Output) -> Result<Exit> {
    output.print(&script(shell))?;
    Ok(Exit::Done)
}

fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "trace-cli", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        // For bash the hyphen of the program's name is taken for the one before a verb in one half of the script, and
        // for a letter of the name in the other: behind a verb nothing would be completed.
        Shell::Bash => script.replace("trace__subcmd__cli", "trace__cli"),
        _ => script,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_gets_every_verb() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::Elvish, Shell::PowerShell] {
            let script = script(shell);
            for verb in Arguments::command().get_subcommands() {
                assert!(script.contains(verb.get_name()), "{shell} lacks {}", verb.get_name());
            }
        }
    }

    #[test]
    fn bash_completes_behind_a_verb() {
        let completed = |words: &[&str]| {
            let script = script(Shell::Bash);
            let last = words.last().unwrap();
            let words = words.join(" ");
            let count = words.split(' ').count() - 1;
            let asked = format!(
                "{script}\nCOMP_WORDS=({words}); COMP_CWORD={count}; _trace__cli trace-cli '{last}' ''; \
                 echo \"${{COMPREPLY[@]}}\""
            );
            let output = std::process::Command::new("bash").args(["--norc", "-c", &asked]).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(completed(&["trace-cli", "trace", "--first"]), "--first-ttl\n");
        assert_eq!(completed(&["trace-cli", "geo", "lookup", "--no-"]), "--no-dns\n");
        assert_eq!(completed(&["trace-cli", "doc"]), "doctor\n");
    }
}
