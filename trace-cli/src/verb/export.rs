//! `export TRACE...|--all`: kept traces for other programs.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use trace_core::model::{Atlas, Trace, Uuid};
use trace_store::{Filter, Store, document};

use crate::args::{Columns, ExportArguments, ExportFormat};
use crate::clock;
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::kept::Kept;
use crate::output::Output;
use crate::report::sheet;
use crate::settings;

pub(crate) fn run(typed: ExportArguments, data_dir: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    if typed.columns == Columns::Old && typed.format != ExportFormat::Csv {
        let cause = anyhow!("--columns old is for --format csv; the other forms hold everything");
        return Err(Failure::new(Exit::Senseless, cause));
    }
    let mut sink = Sink::open(&typed.output, output)?;
    let mut form = Form { format: typed.format, columns: typed.columns, written: 0 };
    if typed.all {
        let store = Store::open_read_only(&settings::data_dir(data_dir)?).blame(Exit::CouldNotKeep)?;
        for id in wanted(&store, typed.since.map(|since| since.before(clock::now())), typed.target)? {
            // Somebody may remove a trace meanwhile.
            if let Some((trace, atlas)) = store.get(id).blame(Exit::CouldNotKeep)? {
                sink.write(&form.next(&trace, &atlas)?)?;
            }
        }
    } else {
        let mut kept = Kept::new(data_dir);
        // Whoever names one that is not there gets nothing of the others.
        let traces = typed.traces.iter().map(|name| kept.get(name)).collect::<Result<Vec<_>>>()?;
        for (trace, atlas) in &traces {
            sink.write(&form.next(trace, atlas)?)?;
        }
    }
    sink.write(&form.end()?)?;
    sink.finish()?;
    Ok(Exit::Done)
}

/// The ids of the traces that were meant, the oldest first.
fn wanted(store: &Store, since: Option<i64>, target: Option<String>) -> Result<Vec<Uuid>> {
    let mut traces = Vec::new();
    for target in super::list::forms(target) {
        traces.extend(store.list(&Filter { since, target, ..Filter::default() }).blame(Exit::CouldNotKeep)?);
    }
    traces.sort_by_key(|trace| (trace.started, trace.id));
    traces.dedup_by_key(|trace| trace.id);
    Ok(traces.into_iter().map(|trace| trace.id).collect())
}

/// Traces one after the other as one text.
struct Form {
    format: ExportFormat,
    columns: Columns,
    written: u64,
}

impl Form {
    fn next(&mut self, trace: &Trace, atlas: &Atlas) -> Result<String> {
        let first = self.written == 0;
        self.written += 1;
        Ok(match self.format {
            ExportFormat::Jsonl => document::write_line(trace, atlas),
            ExportFormat::Json => {
                let separator = if first { "[\n" } else { ",\n" };
                format!("{separator}{}", document::write(trace, atlas))
            }
            ExportFormat::Csv => self.sheet(&[(trace, atlas)], first)?,
        })
    }

    fn end(&self) -> Result<String> {
        match (self.format, self.written) {
            (ExportFormat::Json, 0) => Ok("[]\n".to_owned()),
            (ExportFormat::Json, _) => Ok("]\n".to_owned()),
            // The heading of nothing.
            (ExportFormat::Csv, 0) => self.sheet(&[], true),
            _ => Ok(String::new()),
        }
    }

    fn sheet(&self, traces: &[(&Trace, &Atlas)], headed: bool) -> Result<String> {
        match self.columns {
            Columns::Full => sheet::traces(traces, headed),
            Columns::Old => sheet::old(traces, headed),
        }
        .blame(Exit::CouldNotKeep)
    }
}

/// Where it goes: standard output, or a file that is there whole or not at all.
enum Sink<'a> {
    Output(&'a mut Output),
    File { writer: BufWriter<File>, partial: PathBuf, path: PathBuf },
}

impl<'a> Sink<'a> {
    fn open(path: &Path, output: &'a mut Output) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Output(output));
        }
        let name = path.file_name().with_context(|| format!("{} is no file to write to", path.display()));
        let mut partial = std::ffi::OsString::from(".");
        partial.push(name.blame(Exit::Senseless)?);
        partial.push(format!(".{}", std::process::id()));
        let partial = path.with_file_name(partial);
        let file = File::create(&partial).blame_on(Exit::CouldNotKeep, || unwritten(path))?;
        Ok(Self::File { writer: BufWriter::new(file), partial, path: path.to_owned() })
    }

    fn write(&mut self, text: &str) -> Result<()> {
        match self {
            Self::Output(_) if text.is_empty() => Ok(()),
            Self::Output(output) => output.print_data(text),
            Self::File { writer, partial, path } => writer
                .write_all(text.as_bytes())
                .inspect_err(|_| drop(std::fs::remove_file(&partial)))
                .blame_on(Exit::CouldNotKeep, || unwritten(path)),
        }
    }

    fn finish(self) -> Result<()> {
        let Self::File { writer, partial, path } = self else { return Ok(()) };
        writer
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&partial, &path))
            .inspect_err(|_| drop(std::fs::remove_file(&partial)))
            .blame_on(Exit::CouldNotKeep, || unwritten(&path))
    }
}

fn unwritten(path: &Path) -> String {
    format!("could not write {}", path.display())
}
