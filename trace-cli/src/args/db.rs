//! What is typed behind `db`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::clock::{Since, parse_since};

#[derive(Debug, Subcommand)]
pub(crate) enum DbVerb {
    /// Create the database, or keep the one that is there
    Init {
        /// Replace a database that is there: all its traces are lost
        #[arg(long)]
        overwrite: bool,
    },
    /// Check that the database and the documents are whole and agree
    Check,
    /// Print where the database is
    Path,
    /// Copy the database into a new file, also while traces are being written
    Backup {
        /// The file, which must not be there yet
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Remove old traces
    ///
    /// The space in the file is used for new traces.
    Prune {
        /// Those that started longer ago than this: 90d, or before a date
        #[arg(long, value_name = "TIME", value_parser = parse_since)]
        older_than: Since,
        /// The newest so many of each path to an address stay, however old
        #[arg(long, value_name = "N", default_value_t = 1)]
        keep_per_path: u32,
        /// Say how many it would be, and remove none
        #[arg(long)]
        dry_run: bool,
    },
}
