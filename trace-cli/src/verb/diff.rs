//! `diff A B`: how two traces differ.

use std::path::PathBuf;

use trace_store::diff::diff;

use crate::args::DiffArguments;
use crate::exit::{Blame as _, Exit, Result};
use crate::kept::Kept;
use crate::output::Output;
use crate::report;

pub(crate) fn run(typed: DiffArguments, data_dir: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    let mut kept = Kept::new(data_dir);
    let (a, b) = (kept.get(&typed.a)?, kept.get(&typed.b)?);
    let diff = diff((&a.0, &a.1), (&b.0, &b.1));
    let format = typed.format.format;
    let text = report::diff::text(&diff, format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(format, &text)?;
    Ok(if diff.same() { Exit::Done } else { Exit::Different })
}
