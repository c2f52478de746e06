use std::io;
use std::path::PathBuf;

use trace_core::model::Uuid;

/// What can go wrong while remembering traces: what was attempted, on what, and what would mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory of the data cannot be made.
    #[error("cannot create the data directory {path}: {source}; choose another one with --data-dir")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database may not be written or created.
    #[error(
        "cannot write the database {path}: {message}; check that the directory and the files in it belong to you, \
         or choose another one with --data-dir"
    )]
    NotWritable {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        message: String,
    },
    /// There is no database yet.
    #[error("there is no database at {path}; it is created by the first trace, or by `trace-cli db init`")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Another program kept the database locked for longer than this one waits.
    #[error("{path} is locked by another program, which did not let go in time; end it, or try again")]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// The file is not a SQLite database.
    #[error("{path} is not a database; it was left as it is: move it away, or choose another --data-dir")]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A database of another program.
    #[error("{path} is a database of another program; it was left as it is: choose another --data-dir")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A database of the scripts that came before this program.
    #[error(
        "{path} is a database of the old scripts; it was left as it is: choose another --data-dir, or move it away, and \
         `trace-cli import FILE` brings its traces in"
    )]
    OldScripts {
        /// The file.
        path: PathBuf,
    },
    /// A database of a later release.
    #[error(
        "{path} was written by a newer release (its version is {found}, this program knows {known}); it was left \
         as it is: update this program"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// A database of an earlier release, which a reader may not bring up to date.
    #[error("{path} was written by an older release; any trace or `trace-cli db init` brings it up to date")]
    Older {
        /// The database.
        path: PathBuf,
    },
    /// The database is damaged.
    #[error(
        "{path} is damaged ({message}); `trace-cli db check` says how far; the documents in traces/ hold the same \
         traces, and `trace-cli show FILE` reads them"
    )]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// No space is left where the database lies.
    #[error("no space is left for the database {path}; make room, or choose another --data-dir")]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// Anything else that SQLite refused.
    #[error("cannot {attempted} in {path}: {message}")]
    Database {
        /// What was attempted.
        attempted: &'static str,
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        message: String,
    },
    /// A file could not be read or written.
    #[error("cannot {attempted} {path}: {source}")]
    File {
        /// What was attempted.
        attempted: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A document that makes no sense.
    #[error("the document makes no sense at {place}: {message}")]
    Document {
        /// Line and column, the field, or both.
        place: String,
        /// What is wrong there.
        message: String,
    },
    /// A document of another schema.
    #[error("the document has schema {found}, this program knows {known}: update this program")]
    Schema {
        /// The schema of the document.
        found: u64,
        /// The schema this program knows.
        known: u64,
    },
    /// A file that traces were to be brought in from, and that has none of the forms they come in.
    #[error("nothing can be brought in from {path}: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What it is, and what to do.
        reason: &'static str,
    },
    /// A database that traces were to be brought in from, and that cannot be read.
    #[error("cannot read {path}: {message}; it was left as it is, and nothing of it was brought in")]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A file that traces were to be brought in from, and that makes no sense in places.
    #[error("{path} makes no sense in {}, so nothing of it was brought in: {}", number(.problems, *.more), places(.problems, *.more))]
    Faulty {
        /// The file.
        path: PathBuf,
        /// The first places.
        problems: Vec<crate::import::Problem>,
        /// How many more there are.
        more: u64,
    },
    /// No trace goes by this name.
    #[error("no trace has the id {text:?}, nor one that begins or ends so; `trace-cli list` shows them")]
    Unknown {
        /// What was asked for.
        text: String,
    },
    /// The beginning or end of an id that several traces share.
    #[error("{text:?} means several traces: {}{}; give more digits", list(.matches), if *.more { " and more" } else { "" })]
    Ambiguous {
        /// What was asked for.
        text: String,
        /// Some of the traces it may mean, in the order of their ids.
        matches: Vec<Uuid>,
        /// Whether there are more.
        more: bool,
    },
    /// A place in a list that no list has told.
    #[error("{text:?} is no place in a list of traces; begin at its top")]
    Cursor {
        /// What was handed in.
        text: String,
    },
    /// There is no latest trace because there is none at all.
    #[error("there is no trace yet in {path}")]
    Empty {
        /// The database.
        path: PathBuf,
    },
    /// The database has another trace of this id.
    #[error("another trace with the id {id} is in {path} already; it was left as it is")]
    Different {
        /// The id.
        id: Uuid,
        /// The database.
        path: PathBuf,
    },
    /// A trace that breaks a promise of the model.
    #[error("the trace {id} cannot be stored: {reason}")]
    Unfit {
        /// The trace.
        id: Uuid,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Something that only a store opened for writing can do.
    #[error("{path} was opened for reading only")]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
}

fn list(ids: &[Uuid]) -> String {
    ids.iter().map(Uuid::to_string).collect::<Vec<_>>().join(", ")
}

fn number(problems: &[crate::import::Problem], more: u64) -> String {
    match more.saturating_add(u64::try_from(problems.len()).unwrap_or(u64::MAX)) {
        1 => "one place".to_owned(),
        count => format!("{count} places"),
    }
}

fn places(problems: &[crate::import::Problem], more: u64) -> String {
    let mut places: Vec<String> = problems.iter().map(ToString::to_string).collect();
    if more > 0 {
        places.push(format!("and {more} more"));
    }
    places.join("; ")
}
