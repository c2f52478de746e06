//! What `changes` understands.

use clap::Args;

use super::FormatArguments;
use crate::clock::{Since, parse_since};

#[derive(Debug, Args)]
#[command(override_usage = "trace-cli changes <HOST> [OPTIONS]\n       trace-cli changes --all [OPTIONS]")]
pub(crate) struct ChangesArguments {
    /// The host, by name or address
    #[arg(value_name = "HOST", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) host: Option<String>,
    /// Of every host that was traced
    #[arg(long)]
    pub(crate) all: bool,
    /// Only changes since then: 7d, 12h, a date
    ///
    /// What came before is looked at as well: it decides what a change is.
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub(crate) since: Option<Since>,
    /// How many, newest first [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}
