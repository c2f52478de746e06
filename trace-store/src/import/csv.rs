//! The CSV of the old scripts.

use std::cell::Cell;
use std::io::{self, Read};
use std::path::Path;

use super::column::{Column, Row};
use super::problem::{Problem, Problems};
use super::rows::{Collection, Traces};
use crate::Error;

/// Longer than any row of the old scripts; a line that never ends, or a quote that is never closed, must not take all
/// memory.
const LONGEST: usize = 1 << 20;

/// What is read until the next row is told: no more than [`LONGEST`] bytes, and then it fails.
struct Bounded<'a, R> {
    source: R,
    left: &'a Cell<usize>,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.left.get());
        if most == 0 && !buffer.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.source.read(buffer.get_mut(..most).unwrap_or_default())?;
        self.left.set(self.left.get().saturating_sub(read));
        Ok(read)
    }
}

pub(super) fn read(source: impl Read, name: &Path) -> Result<Traces, Error> {
    let left = Cell::new(LONGEST);
    let mut reader = ::csv::ReaderBuilder::new().flexible(true).from_reader(Bounded { source, left: &left });
    let refused = |reason| Error::Unreadable { path: name.to_owned(), reason };
    let heading_record = match reader.byte_headers() {
        Ok(headings) => headings.clone(),
        Err(_) if left.get() == 0 => return Err(refused("its first line is too long for a heading")),
        Err(error) => return Err(failed(error, name)),
    };
    let headings: Vec<String> =
        heading_record.iter().map(|heading| String::from_utf8_lossy(heading).into_owned()).collect();
    let columns: Vec<Option<Column>> = headings.iter().map(|heading| Column::of(heading)).collect();
    if headings.iter().any(|heading| heading.eq_ignore_ascii_case("target_address")) {
        return Err(refused(
            "it is the full CSV of `export`, which does not hold every probe; export and import jsonl instead",
        ));
    }
    // Neither an old CSV nor one that lost a column.
    if columns.iter().flatten().count() < 2 {
        return Err(refused("it is neither documents nor CSV nor a database of the old scripts"));
    }
    let mut problems = Problems::default();
    let heading = |column: Column, cause: &str| Problem {
        line: 1,
        column: Some(column.name().to_owned()),
        cause: cause.to_owned(),
    };
    for column in Column::ALL {
        let there = columns.iter().filter(|found| **found == Some(column)).count();
        let pair = match column {
            Column::Latitude => columns.contains(&Some(Column::Longitude)),
            Column::Longitude => columns.contains(&Some(Column::Latitude)),
            _ => false,
        };
        if there > 1 {
            problems.push(heading(column, "this column is there twice"));
        } else if there == 0 && (pair || Column::NEEDED.contains(&column)) {
            problems.push(heading(column, "this column is missing"));
        }
    }
    problems.settle(name)?;
    let place = |column| columns.iter().position(|found| *found == Some(column));
    let places = Column::ALL.map(place);

    let mut problems = Problems::default();
    let mut collection = Collection::new()?;
    let mut record = ::csv::ByteRecord::new();
    loop {
        left.set(LONGEST);
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) if left.get() == 0 => {
                let line = record.position().map_or(0, ::csv::Position::line);
                let cause = "it does not end within a megabyte: a quote may not be closed".to_owned();
                problems.push(Problem { line, column: None, cause });
                break;
            }
            Err(error) => return Err(failed(error, name)),
        }
        let line = record.position().map_or(0, ::csv::Position::line);
        let mut wrong = |column: Option<Column>, cause| {
            let column = column.map(|column| column.name().to_owned());
            problems.push(Problem { line, column, cause });
        };
        // Files were written one behind the other, each with its heading.
        if record == heading_record {
            continue;
        }
        if record.len() != headings.len() {
            wrong(None, format!("it has {} columns, and the heading has {}", record.len(), headings.len()));
            continue;
        }
        let Ok(text) = ::csv::StringRecord::from_byte_record(record.clone()) else {
            wrong(None, "it is not UTF-8".to_owned());
            continue;
        };
        let of = |column: Column| {
            let index = Column::ALL.iter().position(|known| *known == column)?;
            text.get(places.get(index).copied().flatten()?)
        };
        match Row::read(of) {
            Ok(row) => collection.add(line, &row)?,
            Err((column, cause)) => wrong(column, cause),
        }
    }
    problems.settle(name)?;
    collection.finish(name)
}

fn failed(error: ::csv::Error, name: &Path) -> Error {
    let line = error.position().map_or(1, ::csv::Position::line);
    let cause = error.to_string();
    match error.into_kind() {
        ::csv::ErrorKind::Io(source) => Error::File { attempted: "read", path: name.to_owned(), source },
        _ => Error::Faulty {
            path: name.to_owned(),
            problems: vec![Problem { line, column: None, cause }],
            more: 0,
        },
    }
}
