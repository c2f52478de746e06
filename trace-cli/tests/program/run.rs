//! Starts the program in a home of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::lab::{Lab, Node, powerless, tool};

/// Whether the program runs as root of its namespace or with no rights at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rights {
    Root,
    None,
}

/// A home directory, with nothing in it, and the program started in it.
#[derive(Debug)]
pub(crate) struct Home {
    directory: TempDir,
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("make a directory") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Where the program keeps its data when nothing is said.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join(".local/share/trace")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("traces.sqlite")
    }

    /// Writes a file and returns its path.
    pub(crate) fn write(&self, name: &str, text: &str) -> String {
        let path = self.path().join(name);
        std::fs::write(&path, text).expect("write a file");
        path.to_str().expect("a path in UTF-8").to_owned()
    }

    /// The program, as this user finds it; its environment is empty but for a home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_trace-cli"), arguments)
    }

    /// The same with another copy of the program.
    pub(crate) fn command_of(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = tool(program);
        command.env_clear().env("HOME", self.path()).env("PATH", "/usr/bin:/bin").env("TZ", "UTC");
        command.current_dir(self.path()).args(arguments).stdin(Stdio::null());
        command
    }

    /// Runs the program here, outside any laboratory: for what needs no network.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Runs the program at a laboratory's vantage point.
    pub(crate) fn run_in(&self, lab: &Lab, rights: Rights, arguments: &[&str]) -> Run {
        self.run_at(lab.vantage(), rights, arguments)
    }

    /// Runs the program in a namespace.
    pub(crate) fn run_at(&self, node: &Node, rights: Rights, arguments: &[&str]) -> Run {
        let run = || Run::of(&mut self.command(arguments));
        match rights {
            Rights::Root => node.enter(run),
            Rights::None => node.enter_unprivileged(|| {
                powerless();
                run()
            }),
        }
    }
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().expect("start the program");
        let text = |bytes| String::from_utf8(bytes).expect("output in UTF-8");
        Self {
            status: output.status.code().expect("the program ends by itself"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Checks the exit status; a wrong one shows what was said.
    #[track_caller]
    pub(crate) fn ends_with(self, status: i32) -> Self {
        assert_eq!(self.status, status, "stdout:\n{}stderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// Checks that a message on stderr, and nothing on stdout, says all of this.
    #[track_caller]
    pub(crate) fn complains(self, status: i32, words: &[&str]) -> Self {
        let run = self.ends_with(status);
        for word in words {
            assert!(run.stderr.contains(word), "{word:?} is missing in:\n{}", run.stderr);
        }
        assert_eq!(run.stdout, "", "a failure is no result");
        run
    }

    /// The document on stdout.
    #[track_caller]
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in:\n{}", self.stdout))
    }
}

/// Every file below a directory.
pub(crate) fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("read a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
