//! What `serve` understands.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::LogFormat;

/// What to serve, to whom.
#[derive(Debug, Args)]
#[command(after_long_help = NOTES)]
pub(crate) struct ServeArguments {
    /// Where to listen: address and port
    ///
    /// Port 0 takes any that is free and says which. Without --token-file only addresses of this machine's loopback
    /// are taken.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8050")]
    pub(crate) listen: SocketAddr,
    /// Show the traces of a CSV file instead of those that are kept [default: $CSV_DATA]
    ///
    /// Columns CITY,ID,HOP,LONGITUDE,LATITUDE,IP,DATE_CREATED in any order. Nothing is stored. The environment counts
    /// where no --data-dir is given.
    #[arg(long, value_name = "FILE", conflicts_with = "data_dir")]
    pub(crate) csv: Option<PathBuf>,
    /// Open no browser tab
    #[arg(long)]
    pub(crate) no_open: bool,
    /// Ask for the token in this file, and so permit other addresses than loopback
    ///
    /// One line of at least 16 characters, in a file that only you can read. Browsers log in with it once; programs
    /// send it as `Authorization: Bearer TOKEN`. What is sent is not encrypted: put a proxy that speaks TLS before it.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Let the page start traces
    #[arg(long, conflicts_with = "csv")]
    pub(crate) allow_trace: bool,
    /// text or json
    ///
    /// Where the journal reads along, lines of text begin with their priority and carry no time.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text, hide_possible_values = true)]
    pub(crate) log_format: LogFormat,
    /// A further name this server is reached by, as that of a proxy; repeatable
    ///
    /// Requests for other names are turned away, so that no page of somebody else can read this one by pointing a name
    /// of its own here. Addresses, localhost and the name of this machine need not be said.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(crate) host_name: Vec<String>,
}

const NOTES: &str = "\
The page works offline: nothing is loaded from elsewhere, and nothing is sent. The database is only read, also while \
traces are being written; with --allow-trace those that the page starts are kept as `trace` does. SIGTERM and Ctrl-C \
end it with exit status 0.

For programs: /api/v1/openapi.json describes the API, /metrics is for Prometheus, /healthz says whether it lives.";
