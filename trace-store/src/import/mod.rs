//! Traces from other forms: our own documents, and what the scripts before this program left behind.
//!
//! | form | told by | what comes of it |
//! |---|---|---|
//! | documents, alone, one after the other (`jsonl`) or in a list | `{` or `[` at the beginning | the traces as they were |
//! | the old CSV | its heading: `ID`, `HOP`, `IP` and `DATE_CREATED`, in any order and case | imported traces |
//! | the old database | the table `TRACE` | imported traces |
//! | anything else, pickles among it | | is refused |
//!
//! Nothing is run, and no file is changed. Memory is bounded however long a file is, and whatever the order of its rows: rows
//! of the old forms are collected in a temporary database, documents are read one at a time.
//!
//! # What an old row says
//!
//! The old hop number is a counter over the answers, and no TTL: such a trace is [`TraceKind::Imported`], and nothing judges
//! it. Every row of a hop is a probe that was answered, or not where its address is missing; no RTT is known. The old date
//! is when the place of a hop was asked for, on the wall clock at that place: the earliest of a trace is its start, and
//! `sent` of each probe is how much later its own date was. A date without an offset counts as UTC. The word `unknown`
//! stands for what is missing, and so does nothing at all.
//!
//! # Ids
//!
//! An old id that is a UUID stays. Any other becomes a UUID of version 5 (RFC 9562 section 5.5) of the old id, the start and
//! the addresses of all hops, so that the same trace has the same id whenever and from wherever it is brought in, and
//! bringing it in again changes nothing.
//!
//! [`TraceKind::Imported`]: trace_core::model::TraceKind::Imported

mod column;
mod csv;
mod database;
mod date;
mod documents;
mod frame;
mod problem;
mod rows;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;

use trace_core::model::{Atlas, Trace};

use crate::Error;

pub use problem::Problem;

/// The traces of a file. Its rows or documents have all been looked at: nothing of it is wrong.
pub struct Traces {
    form: Form,
}

enum Form {
    Rows(rows::Traces),
    Documents(documents::Documents),
}

impl std::fmt::Debug for Traces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Traces").finish_non_exhaustive()
    }
}

impl Iterator for Traces {
    type Item = Result<(Trace, Atlas), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.form {
            Form::Rows(rows) => rows.next(),
            Form::Documents(documents) => documents.next(),
        }
    }
}

/// The traces of a file of any form, after everything in it has been checked.
///
/// # Errors
///
/// [`Error::File`] when it cannot be read, [`Error::Unreadable`] when it has none of the forms, [`Error::Faulty`] with
/// every place where something is wrong: it is all of a file or nothing.
pub fn open(path: &Path) -> Result<Traces, Error> {
    let failed = |source| Error::File { attempted: "read", path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    if file.metadata().map_err(failed)?.is_file() {
        return sort(BufReader::with_capacity(BUFFER, file), path, Some(path));
    }
    // A pipe is read once, and everything is to be checked before anything is taken.
    read(file, path)
}

/// As [`open`], of something that can be read once, as standard input; `name` is what errors call it. It is kept in a
/// temporary file meanwhile.
///
/// # Errors
///
/// Those of [`open`].
pub fn read(mut source: impl Read, name: &Path) -> Result<Traces, Error> {
    let failed = |source| Error::File { attempted: "read", path: name.to_owned(), source };
    let mut file = tempfile::tempfile().map_err(|source| Error::File {
        attempted: "keep a copy of",
        path: name.to_owned(),
        source,
    })?;
    std::io::copy(&mut source, &mut file).map_err(failed)?;
    file.rewind().map_err(failed)?;
    sort(BufReader::with_capacity(BUFFER, file), name, None)
}

const BUFFER: usize = 1 << 16;

/// Looks at the beginning of a file and reads it as what it is. `path` is where it lies, if it lies somewhere.
fn sort(mut file: BufReader<File>, name: &Path, path: Option<&Path>) -> Result<Traces, Error> {
    let failed = |source| Error::File { attempted: "read", path: name.to_owned(), source };
    let refused = |reason| Error::Unreadable { path: name.to_owned(), reason };
    let head = file.fill_buf().map_err(failed)?;
    if head.starts_with(b"SQLite format 3\0") {
        let path = path.ok_or_else(|| refused("a database cannot be read from a pipe: name its file"))?;
        return Ok(Traces { form: Form::Rows(database::read(path)?) });
    }
    if is_pickle(head, name) {
        return Err(refused(
            "it is a pickle, and reading one would run whatever program is in it; let the old scripts write CSV \
             (DataFrame.to_csv) and import that",
        ));
    }
    let mark = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let first = head.iter().skip(mark).find(|byte| !byte.is_ascii_whitespace()).copied();
    let form = match first {
        None => return Err(refused("it is empty")),
        Some(b'{' | b'[') => Form::Documents(documents::read(file, name)?),
        Some(_) if head.contains(&0) => {
            return Err(refused("it is neither documents nor CSV nor a database of the old scripts"));
        }
        Some(_) => Form::Rows(csv::read(file, name)?),
    };
    Ok(Traces { form })
}

/// Whether a file is a pickle of Python: by its beginning (protocol 2 and later), or by its name where its beginning says
/// nothing.
fn is_pickle(head: &[u8], name: &Path) -> bool {
    let named = name
        .extension()
        .is_some_and(|ending| ["pkl", "pickle", "p"].iter().any(|known| ending.eq_ignore_ascii_case(known)));
    matches!(head, [0x80, 2..=5, ..]) || named
}
