//! Our own documents.

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::{Path, PathBuf};

use trace_core::model::{Atlas, Trace};

use super::frame::{Frame, Frames};
use super::problem::{Problem, Problems};
use crate::{Error, document};

/// The documents of a file, of which all have been read once before the first is handed out.
pub(super) struct Documents {
    frames: Frames<BufReader<File>>,
    name: PathBuf,
}

pub(super) fn read(mut file: BufReader<File>, name: &Path) -> Result<Documents, Error> {
    let failed = |source| Error::File { attempted: "read", path: name.to_owned(), source };
    let mut problems = Problems::default();
    let mut frames = Frames::new(&mut file);
    while let Some(found) = frames.next().map_err(failed)? {
        match found {
            Ok(frame) => {
                if let Err(problem) = parse(&frame) {
                    problems.push(problem);
                }
            }
            Err(stray) => problems.push(Problem { line: stray.line, column: None, cause: stray.cause }),
        }
    }
    problems.settle(name)?;
    file.rewind().map_err(failed)?;
    Ok(Documents { frames: Frames::new(file), name: name.to_owned() })
}

impl Iterator for Documents {
    type Item = Result<(Trace, Atlas), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let found = match self.frames.next() {
            Ok(found) => found?,
            Err(source) => {
                return Some(Err(Error::File { attempted: "read", path: self.name.clone(), source }));
            }
        };
        let problem = |problem| Error::Faulty { path: self.name.clone(), problems: vec![problem], more: 0 };
        Some(match found {
            Ok(frame) => parse(&frame).map_err(problem),
            Err(stray) => Err(problem(Problem { line: stray.line, column: None, cause: stray.cause })),
        })
    }
}

fn parse(frame: &Frame) -> Result<(Trace, Atlas), Problem> {
    let at = |line: u64, column: Option<String>, cause: String| Problem { line, column, cause };
    let Ok(text) = std::str::from_utf8(&frame.text) else {
        return Err(at(frame.line, None, "the document is not UTF-8".to_owned()));
    };
    document::read(text).map_err(|error| match error {
        Error::Document { place, message } => {
            let (line, place) = shift(&place, frame);
            at(line, place, message)
        }
        error => at(frame.line, None, error.to_string()),
    })
}

/// A place within a document, `line 3 column 7, hops[0].ttl` or a field alone, as a place in the file.
fn shift(place: &str, frame: &Frame) -> (u64, Option<String>) {
    let (position, field) = place.split_once(", ").unwrap_or((place, ""));
    let numbers = position.strip_prefix("line ").and_then(|rest| rest.split_once(" column "));
    let Some((Ok(line), Ok(column))) =
        numbers.map(|(line, column)| (line.parse::<u64>(), column.parse::<u64>()))
    else {
        return (frame.line, Some(place.to_owned()));
    };
    let column = if line <= 1 { column + frame.column } else { column };
    let column =
        if field.is_empty() { format!("column {column}") } else { format!("column {column}, {field}") };
    (frame.line + line.saturating_sub(1), Some(column))
}
