//! `show TRACE`: a trace that is kept.

use std::path::PathBuf;

use trace_store::document;

use crate::args::{Format, ShowArguments};
use crate::exit::{Blame as _, Exit, Result};
use crate::kept::Kept;
use crate::output::Output;
use crate::report::{sheet, table};

pub(crate) fn run(typed: ShowArguments, data_dir: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    let (trace, atlas) = Kept::new(data_dir).get(&typed.trace)?;
    let text = match typed.format.format {
        Format::Table => {
            let style = table::Style {
                paint: output.paint(),
                width: output.size().map(|(width, _)| width),
                verdicts: typed.verdicts,
                remarks: &[],
            };
            table::trace(&trace, &atlas, style)
        }
        Format::Json => document::write(&trace, &atlas),
        Format::Jsonl => document::write_line(&trace, &atlas),
        Format::Csv => sheet::traces(&[(&trace, &atlas)], true).blame(Exit::CouldNotKeep)?,
    };
    output.print_form(typed.format.format, &text)?;
    Ok(Exit::Done)
}
