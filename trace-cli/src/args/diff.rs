//! What `diff` understands.

use clap::Args;

use super::{FormatArguments, help};

#[derive(Debug, Args)]
#[command(after_long_help = help::DIFF_NOTES)]
pub(crate) struct DiffArguments {
    /// The first trace: an id, its beginning or end, `latest`, or a document file
    #[arg(value_name = "A")]
    pub(crate) a: String,
    /// The second one
    #[arg(value_name = "B")]
    pub(crate) b: String,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}
