//! What was typed. What was meant is made of it in [`crate::settings`].

mod changes;
mod config;
mod db;
mod diff;
mod export;
mod geo;
mod help;
mod import;
mod list;
mod locating;
mod map;
mod probing;
#[cfg(feature = "serve")]
mod serve;
mod service;
mod values;
mod watch;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::clock::{Since, parse_since};
pub(crate) use changes::ChangesArguments;
pub(crate) use config::{ConfigVerb, ShowConfigArguments};
pub(crate) use db::DbVerb;
pub(crate) use diff::DiffArguments;
pub(crate) use export::{Columns, ExportArguments, ExportFormat};
pub(crate) use geo::{GeoVerb, LookupArguments, SourceFiles, SourcesArguments, UpdateArguments};
pub(crate) use import::ImportArguments;
pub(crate) use list::ListArguments;
pub(crate) use locating::{Locating, OriginArguments};
pub(crate) use map::{Drawing, MapArguments};
pub(crate) use probing::{Probing, TargetArguments};
#[cfg(feature = "serve")]
pub(crate) use serve::ServeArguments;
#[cfg(test)]
pub(crate) use service::TreeArguments;
pub(crate) use service::{InstallArguments, RemoveArguments, ServiceVerb, StatusArguments};
pub(crate) use values::{Asked, Canvas, Rounds, interface};
pub(crate) use watch::{LogFormat, WatchArguments};

/// Trace the route to a host, see where every hop is, keep it, draw it.
#[derive(Debug, Parser)]
#[command(
    name = "trace-cli",
    version,
    long_version = help::long_version(),
    after_long_help = help::EXIT_STATUS,
    max_term_width = 100,
    infer_subcommands = false,
    disable_help_subcommand = true
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What every verb understands.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Where traces are kept [default: $TRACE_DATA_DIR]
    ///
    /// The directory that holds the database `traces.sqlite` and the documents `traces/ID.json`. Without it
    /// $TRACE_DATA_DIR is used, else $XDG_DATA_HOME/trace, else ~/.local/share/trace.
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) data_dir: Option<PathBuf>,
    /// The config file [default: $TRACE_CONFIG]
    ///
    /// What it says holds unless it is typed or set in the environment; a switch that it turns on is turned off by
    /// --switch=false. Without it $TRACE_CONFIG is read, else $XDG_CONFIG_HOME/trace/config.toml or
    /// ~/.config/trace/config.toml, if there is one.
    #[arg(long, value_name = "FILE", global = true, hide_short_help = true)]
    pub(crate) config: Option<PathBuf>,
    /// Colours: auto, always or never
    ///
    /// `auto` colours a terminal unless NO_COLOR is set.
    #[arg(long, value_name = "WHEN", global = true, value_enum, default_value_t = ColorChoice::Auto, hide_short_help = true, hide_possible_values = true)]
    pub(crate) color: ColorChoice,
    /// Say on standard error what is being done
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
    Jsonl,
    Csv,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Trace the route to hosts
    ///
    /// Says who forwards our packets, how long the way there and back takes, and in which network and country each
    /// router is. The trace is kept in the database and as a document, and can be drawn on a map. Needs no
    /// privileges; with CAP_NET_RAW it sees more.
    #[command(after_long_help = help::TRACE_NOTES)]
    Trace(Box<TraceArguments>),
    /// Trace again and again, and tell what changes
    ///
    /// Many targets at their own intervals in one process, for years: aligned to the clock, more often after a change,
    /// through losses of the network, sleep and clocks that are set.
    #[command(after_long_help = watch::WATCH_NOTES)]
    Watch(Box<WatchArguments>),
    /// Draw kept traces on a map
    Map(MapArguments),
    /// List the traces that are kept
    List(ListArguments),
    /// Print a trace that is kept
    Show(ShowArguments),
    /// Say why a hop is thought to be where it is
    ///
    /// Every candidate for the place of whoever answered at a TTL: who says so and since when, whether light could have
    /// been there and back in the time measured, and so whether it was taken or struck. With sources named, what they say
    /// now counts instead of what is kept, which stays as it is.
    Explain(ExplainArguments),
    /// Place kept traces anew
    ///
    /// Asks today's sources for the places of traces that are kept, holds them against the round-trip times, and
    /// shows what moved. What was measured stays as it is. Nothing is sent; host names are those that are known.
    Relocate(RelocateArguments),
    /// Say how the paths to a host followed one another
    ///
    /// One line an era: traces to one address, with one protocol and from one vantage point, until the path changed.
    /// Packets that are balanced over several ways begin no other era: a column says how many ways there were. Times are those to the host: the least of all probes, and median and 95th percentile of the
    /// medians of the traces.
    History(HistoryArguments),
    /// Say what changed on the way to a host
    ///
    /// Its path, the level of its round-trip time, and its loss, the newest change first. A change is told once it lasted
    /// long enough to be told from chance; balanced packets, silent hops, single outliers, the rhythm of the day, and
    /// routers that limit their answers are none. `diff BEFORE AFTER` shows its traces.
    Changes(ChangesArguments),
    /// Hold two kept traces against one another
    Diff(DiffArguments),
    /// Write kept traces for other programs
    Export(ExportArguments),
    /// Bring traces in from files
    Import(ImportArguments),
    /// Remove kept traces
    Delete {
        /// The traces: ids, their beginnings or ends, or `latest`
        #[arg(value_name = "TRACE", required = true)]
        traces: Vec<String>,
    },
    /// Ask where addresses are
    Geo {
        #[command(subcommand)]
        verb: GeoVerb,
    },
    /// Create, check or find the database
    Db {
        #[command(subcommand)]
        verb: DbVerb,
    },
    /// Check or show the config file
    Config {
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Show the traces that are kept as a page in the browser
    #[cfg(feature = "serve")]
    Serve(ServeArguments),
    /// Write, show or remove the units of systemd
    #[command(after_long_help = service::SERVICE_NOTES)]
    Service {
        #[command(subcommand)]
        verb: ServiceVerb,
    },
    /// Say what works on this machine, and what mends the rest
    Doctor(DoctorArguments),
    /// Print the completions of a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print a manual page
    #[command(after_help = help::MAN)]
    Man {
        /// The verb it is about, as `trace` or `geo lookup` [default: the program]
        #[arg(value_name = "VERB")]
        verb: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct TraceArguments {
    #[command(flatten)]
    pub(crate) targets: TargetArguments,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
    /// Tables with 95th percentile, jitter and way back
    ///
    /// `95%` and `Jitter` (RFC 3550) are milliseconds; `Back` is how many routers the answers passed on their way
    /// back, as far as their TTLs tell: a way that is the same in both directions has one less than the TTL.
    #[arg(long, hide_short_help = true)]
    pub(crate) wide: bool,
    /// Keep nothing
    ///
    /// Neither the database is opened nor a document written.
    #[arg(long)]
    pub(crate) no_store: bool,
    /// Write a document for every trace
    ///
    /// Up to ten hosts get documents anyway; more of them, and lists, are kept in the database alone, from which
    /// documents can be made at any time.
    #[arg(long, hide_short_help = true, conflicts_with = "no_store")]
    pub(crate) documents: bool,
    /// A name for the place this is measured from
    ///
    /// It is kept with the trace, so that traces from several places can be told apart.
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
    ///
    /// Otherwise the system's resolver is asked for the names of global addresses, for a second at most.
    /// Private and other special addresses are never asked for.
    #[arg(short = 'n', long, help_heading = "Places")]
    pub(crate) no_dns: bool,
    /// Draw the routes: a .png, .svg, .html or .geojson file
    #[arg(long, value_name = "FILE", help_heading = "Map")]
    pub(crate) map: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Map")]
    pub(crate) drawing: Drawing,
}

/// The form of the results.
#[derive(Debug, Args)]
pub(crate) struct FormatArguments {
    /// table, json, jsonl or csv
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Table, hide_possible_values = true)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
#[command(after_long_help = help::TRACE_NAMES)]
pub(crate) struct ShowArguments {
    /// The trace: an id, its beginning or end, `latest`, or a document file
    #[arg(value_name = "TRACE")]
    pub(crate) trace: String,
    /// Say which source placed each address, and what is thought of it
    #[arg(long)]
    pub(crate) verdicts: bool,
    /// Say where the milliseconds went instead: leg by leg, against light in fibre
    #[arg(long, conflicts_with = "verdicts")]
    pub(crate) budget: bool,
    /// Tables with 95th percentile, jitter and way back
    ///
    /// `95%` and `Jitter` (RFC 3550) are milliseconds; `Back` is how many routers the answers passed on their way
    /// back, as far as their TTLs tell: a way that is the same in both directions has one less than the TTL.
    #[arg(long, conflicts_with = "budget")]
    pub(crate) wide: bool,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    /// The host, by name or address
    #[arg(value_name = "HOST")]
    pub(crate) host: String,
    /// Only traces started since then: 7d, 12h, a date
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub(crate) since: Option<Since>,
    /// How many eras, the newest [default: all]
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

#[derive(Debug, Args)]
#[command(after_long_help = help::TRACE_NAMES)]
pub(crate) struct ExplainArguments {
    /// The trace: an id, its beginning or end, `latest`, or a document file
    #[arg(value_name = "TRACE")]
    pub(crate) trace: String,
    /// The hop
    #[arg(value_name = "TTL", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) ttl: u8,
    #[command(flatten)]
    pub(crate) locating: Locating,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

#[derive(Debug, Args)]
#[command(after_long_help = help::TRACE_NAMES, override_usage = "trace-cli relocate <TRACE>... [OPTIONS]\n       trace-cli relocate --all [OPTIONS]")]
pub(crate) struct RelocateArguments {
    /// The traces: ids, their beginnings or ends, or `latest`
    #[arg(value_name = "TRACE", required_unless_present = "all", conflicts_with = "all")]
    pub(crate) traces: Vec<String>,
    /// Every trace there is
    #[arg(long)]
    pub(crate) all: bool,
    /// Show what would move, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) locating: Locating,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Send probes to the first hop, to see whether errors come back at all
    ///
    /// Three packets with TTL 1 on the way to HOST, which reach no further than the first router. Without HOST on the way
    /// to 192.0.2.1, which is nobody's. Otherwise the doctor sends nothing but to the loopback address.
    #[arg(long, value_name = "HOST", num_args = 0..=1, default_missing_value = "192.0.2.1")]
    pub(crate) probe: Option<String>,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

#[cfg(test)]
mod tests;
