//! What `import` understands.

use std::path::PathBuf;

use clap::Args;

/// Documents (alone, one a line, or in a list), the CSV of the scripts that came before with its columns in any order,
/// and their database are told apart by what is in them. It is all of a file or nothing: where anything in one makes no
/// sense, each place is told, and nothing of that file is brought in. Bringing in the same again changes nothing, and goes
/// on where it was interrupted. Pickles are refused: reading one runs the program in it.
#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Files, directories of them, or - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Write a document for every trace
    ///
    /// Otherwise they are kept in the database alone, from which documents can be made at any time.
    #[arg(long)]
    pub(crate) documents: bool,
    /// Check the files, say how many traces are in them, and bring in none
    #[arg(long)]
    pub(crate) dry_run: bool,
}
