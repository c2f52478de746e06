//! What is typed behind `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::help;
use crate::clock::{Since, parse_since};

/// The form of what is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    Json,
    Jsonl,
    Csv,
}

/// The columns of CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Columns {
    Full,
    Old,
}

#[derive(Debug, Args)]
#[command(after_long_help = help::TRACE_NAMES, override_usage = "trace-cli export <TRACE>... [OPTIONS]\n       trace-cli export --all [OPTIONS]")]
pub(crate) struct ExportArguments {
    /// The traces: ids, their beginnings or ends, `latest`, or document files
    #[arg(value_name = "TRACE", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) traces: Vec<String>,
    /// Every trace there is, oldest first
    #[arg(long)]
    pub(crate) all: bool,
    /// With --all: only those started since then
    #[arg(long, value_name = "TIME", value_parser = parse_since, requires = "all")]
    pub(crate) since: Option<Since>,
    /// With --all: only those to this name or address
    #[arg(long, value_name = "HOST", requires = "all")]
    pub(crate) target: Option<String>,
    /// jsonl, json or csv
    ///
    /// jsonl is one document a line, json a list of documents: both hold everything. csv has one row a TTL and
    /// router.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = ExportFormat::Jsonl, hide_possible_values = true)]
    pub(crate) format: ExportFormat,
    /// full, or old: CITY,ID,HOP,LONGITUDE,LATITUDE,IP,DATE_CREATED
    #[arg(long, value_name = "COLUMNS", value_enum, default_value_t = Columns::Full, hide_possible_values = true)]
    pub(crate) columns: Columns,
    /// The file to write, whole or not at all; - is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
}
