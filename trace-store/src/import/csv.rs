//! The CSV of the old scripts.

use std::io::Read;
use std::path::Path;

use super::column::{Column, Row};
use super::problem::{Problem, Problems};
use super::rows::{Collection, Traces};
use crate::Error;

/// Longer than any row of the old scripts; a quote that is never closed must not take all memory.
const LONGEST: usize = 1 << 20;

pub(super) fn read(source: impl Read, name: &Path) -> Result<Traces, Error> {
    let mut reader = ::csv::ReaderBuilder::new().flexible(true).from_reader(source);
    let refused = |reason| Error::Unreadable { path: name.to_owned(), reason };
    let headings = reader.byte_headers().map_err(|error| failed(error, name))?.clone();
    if headings.as_slice().len() > LONGEST {
        return Err(refused("its first line is too long for a heading"));
    }
    let heading_record = headings;
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
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
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
