//! What is typed behind `watch`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Locating, Probing};
use crate::clock::parse_span;

pub(super) const WATCH_NOTES: &str = "\
Where neither hosts nor --targets are typed, the [[target]] tables of the config file say whom to watch; each may have \
settings of its own, which hold also for a host that is typed. Traces start at whole multiples of --every, each target a little later than the one before; \
after a change a target is traced four times as often for a while, and one that has not changed for long every second \
time only (--steady stops both).

COMMAND is run by sh with the change on its standard input: lines of text, and in the environment TRACE_KIND (path, \
rtt or loss), TRACE_TARGET, TRACE_ADDRESS, TRACE_PROTOCOL, TRACE_BEFORE and TRACE_AFTER (ids of traces), TRACE_AT and \
TRACE_DATA_DIR. It has a minute; tracing goes on meanwhile, and also if it fails.

Signals:
  SIGHUP   read the config file and the lists anew; if they make no sense, what runs goes on. Files in directories that
           were not named at the start are read from the next start on
  SIGTERM  end within five seconds; what was measured is kept, and changes that were not told are told by the next
           start. Exit status 0

Exit status:
  0    ended by a signal
  2    what was typed or configured makes no sense
  3    could not probe at all
  4    could not open the database";

#[derive(Debug, Args)]
pub(crate) struct WatchArguments {
    /// Names or addresses to trace to, again and again
    #[arg(value_name = "HOST")]
    pub(crate) hosts: Vec<String>,
    /// More hosts from a file, one a line; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) targets: Option<PathBuf>,
    /// Take networks, as 192.0.2.0/24, for all their addresses
    #[arg(long, hide_short_help = true)]
    pub(crate) expand: bool,
    /// Trace also to more than 65,536 addresses
    #[arg(long, hide_short_help = true, requires = "expand")]
    pub(crate) yes: bool,
    /// Trace to every address of a name, not only to the best one
    #[arg(long, hide_short_help = true)]
    pub(crate) all_addresses: bool,
    /// Time from one trace of a target to the next
    ///
    /// As 30s, 5m, 1h. Traces start at whole multiples of it since 1970 UTC, so that they stay where they are when the
    /// program is started anew.
    #[arg(long, value_name = "TIME", value_parser = parse_span, default_value = "1h")]
    pub(crate) every: Duration,
    /// Neither sooner after a change nor later when nothing changes
    #[arg(long)]
    pub(crate) steady: bool,
    /// What to run when a path, its round-trip time or its loss changes
    ///
    /// The change comes on standard input. Load balancing is no change.
    #[arg(long, value_name = "COMMAND")]
    pub(crate) on_change: Option<String>,
    /// Remove traces that are older than this: 90d
    ///
    /// The newest of each path to an address stays.
    #[arg(long, value_name = "TIME", value_parser = parse_span)]
    pub(crate) keep: Option<Duration>,
    /// text or json
    ///
    /// Where the journal reads along, lines of text begin with their priority and carry no time.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text, hide_possible_values = true)]
    pub(crate) log_format: LogFormat,
    /// Write a document for every trace
    ///
    /// Otherwise the database alone keeps them, from which documents can be made at any time.
    #[arg(long, hide_short_help = true)]
    pub(crate) documents: bool,
    /// A name for the place this is measured from
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub(crate) vantage: Option<String>,
    #[command(flatten, next_help_heading = "Probing")]
    pub(crate) probing: Probing,
    #[command(flatten, next_help_heading = "Places")]
    pub(crate) locating: Locating,
    /// Do not look up places
    #[arg(long, help_heading = "Places", conflicts_with_all = ["places", "mmdb", "ix", "hints"])]
    pub(crate) no_geo: bool,
    /// Do not look up host names of hops
    #[arg(short = 'n', long, help_heading = "Places")]
    pub(crate) no_dns: bool,
}

/// How what happens is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}
