//! What is typed behind `service`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::FormatArguments;

pub(super) const SERVICE_NOTES: &str = "\
The units:
  tracer.timer          starts tracer.service every hour: TRACE_TARGETS of /etc/trace/tracer.env
  tracer@HOST.service   traces to one host, once: systemctl start tracer@example.org
  tracer-watch.service  traces all the time, by /etc/trace/config.toml
  tracer-serve.service  shows the dashboard on http://127.0.0.1:8050

All of them run as a user `trace` that exists only meanwhile, share /var/lib/trace, and have no rights; with --raw those \
that trace get CAP_NET_RAW, open raw sockets, and give it up. Keys of web services are read from /etc/credstore: \
trace.ipgeolocation-api-key, trace.maxmind-account-id and trace.maxmind-license-key.";

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceVerb {
    /// Write the units, and say how to start them
    ///
    /// What stands there already and was not written by this command, or was changed since, is left as it is.
    Install(InstallArguments),
    /// Remove the units that `install` wrote
    ///
    /// Traces, settings and units that were changed stay.
    Remove(RemoveArguments),
    /// Say which units there are, whose they are, and whether they run
    Status(StatusArguments),
}

#[derive(Debug, Args)]
pub(crate) struct InstallArguments {
    /// Let the services that trace open raw sockets
    #[arg(long)]
    pub(crate) raw: bool,
    /// Show what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) tree: TreeArguments,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArguments {
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) tree: TreeArguments,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArguments {
    #[command(flatten)]
    pub(crate) tree: TreeArguments,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

/// Where the system is.
#[derive(Debug, Args)]
pub(crate) struct TreeArguments {
    /// The root of the system that is meant, as an image that is being built
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,
}
