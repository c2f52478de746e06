//! What is typed behind `config`.

use std::ffi::OsString;

use clap::{Args, Subcommand};

use super::FormatArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Say what is wrong with the config file
    ///
    /// Every mistake with its line, its column and, where there is one, a suggestion. The exit status is 2 if there is any.
    Check {
        #[command(flatten)]
        format: FormatArguments,
    },
    /// Print every setting and where it comes from
    ///
    /// A flag, the environment, a line of the config file, or the default.
    Show(ShowConfigArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ShowConfigArguments {
    #[command(flatten)]
    pub(crate) format: FormatArguments,
    /// A verb, and flags behind it as one would type them [default: trace, watch and serve]
    #[arg(value_name = "COMMAND", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<OsString>,
}
