//! `show TRACE`: a trace that is kept.

use std::path::PathBuf;

use trace_geo::budget::budget;
use trace_store::document;

use crate::args::{Format, ShowArguments};
use crate::exit::{Blame as _, Exit, Result};
use crate::kept::Kept;
use crate::output::Output;
use crate::places;
use crate::report::{self, sheet, table};

pub(crate) fn run(typed: ShowArguments, data_dir: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    let (trace, atlas) = Kept::new(data_dir).get(&typed.trace)?;
    if typed.budget {
        let atlas = places::judged(&trace, atlas);
        let account = budget(&trace, &atlas);
        let text = report::budget::text(account.as_ref(), typed.format.format, output.paint());
        output.print_form(typed.format.format, &text.blame(Exit::CouldNotKeep)?)?;
        return Ok(Exit::Done);
    }
    let text = match typed.format.format {
        Format::Table => {
            let style = table::Style {
                paint: output.paint(),
                width: output.size().map(|(width, _)| width),
                verdicts: typed.verdicts,
                wide: typed.wide,
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
