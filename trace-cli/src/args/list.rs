//! What `list` understands.

use clap::Args;
use trace_core::model::{Outcome, Protocols};

use super::{FormatArguments, help, values};
use crate::clock::{Since, parse_since};

#[derive(Debug, Args)]
#[command(after_long_help = help::TRACE_NAMES)]
pub(crate) struct ListArguments {
    /// How many, newest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: u32,
    /// Only those started since then: 7d, 12h, a date
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub(crate) since: Option<Since>,
    /// Only those started before then: 7d, 12h, a date
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub(crate) until: Option<Since>,
    /// Only those to this name or address
    #[arg(long, value_name = "HOST")]
    pub(crate) target: Option<String>,
    /// Only those that ended so: reached, unreachable, loop, exhausted or interrupted
    #[arg(long, value_name = "OUTCOME", value_parser = values::outcome(), hide_possible_values = true)]
    pub(crate) outcome: Option<Outcome>,
    /// Only those with icmp, udp, tcp, or all of them side by side
    #[arg(long, value_name = "PROTOCOL", value_parser = values::protocols(), hide_possible_values = true)]
    pub(crate) protocol: Option<Protocols>,
    /// Only those from the vantage point of this name
    #[arg(long, value_name = "NAME")]
    pub(crate) vantage: Option<String>,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}
