//! The database of the old scripts: one table, `TRACE`.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use super::column::{Column, Row};
use super::problem::{Problem, Problems};
use super::rows::{Collection, Traces};
use crate::Error;

/// Reads the table `TRACE`; the file is opened for reading only.
pub(super) fn read(path: &Path) -> Result<Traces, Error> {
    let damaged = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            Error::Locked { path: path.to_owned() }
        }
        _ => Error::Unsound { path: path.to_owned(), message: error.to_string() },
    };
    let refused = |reason| Error::Unreadable { path: path.to_owned(), reason };
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(damaged)?;
    connection.busy_timeout(crate::Store::WAIT).map_err(damaged)?;
    let application: i64 =
        connection.query_row("PRAGMA application_id", (), |row| row.get(0)).map_err(damaged)?;
    if application == crate::store::APPLICATION_ID {
        return Err(refused(
            "it is a database of this program: `trace-cli export --all --data-dir DIR -o FILE` there, and import FILE",
        ));
    }
    let headings: Vec<String> = connection
        .prepare("SELECT name FROM pragma_table_info('TRACE')")
        .and_then(|mut statement| statement.query_map((), |row| row.get(0))?.collect())
        .map_err(damaged)?;
    if headings.is_empty() {
        return Err(refused("it is a database without a table TRACE: not one of the old scripts"));
    }
    let mut problems = Problems::default();
    for column in Column::NEEDED {
        if !headings.iter().any(|heading| Column::of(heading) == Some(column)) {
            let column = Some(column.name().to_owned());
            problems.push(Problem {
                line: 0,
                column,
                cause: "the table TRACE has no such column".to_owned(),
            });
        }
    }
    problems.settle(path)?;
    // A column that is not there is missing in every row. The names are ours: nothing of the file gets into SQL.
    let there = |column: Column| headings.iter().any(|heading| Column::of(heading) == Some(column));
    let columns = Column::ALL.map(|column| if there(column) { column.name() } else { "NULL" });
    let sql = format!("SELECT {} FROM TRACE", columns.join(", "));
    let mut statement = connection.prepare(&sql).map_err(damaged)?;
    let mut rows = statement.query(()).map_err(damaged)?;
    let mut problems = Problems::default();
    let mut collection = Collection::new()?;
    let mut line = 0;
    while let Some(row) = rows.next().map_err(damaged)? {
        line += 1;
        let mut texts: [Option<String>; Column::ALL.len()] = Default::default();
        for (index, text) in texts.iter_mut().enumerate() {
            *text = match row.get_ref(index).map_err(damaged)? {
                ValueRef::Null => None,
                ValueRef::Integer(number) => Some(number.to_string()),
                ValueRef::Real(number) => Some(number.to_string()),
                ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                    Some(String::from_utf8_lossy(bytes).into_owned())
                }
            };
        }
        let of = |column: Column| {
            let index = Column::ALL.iter().position(|known| *known == column)?;
            texts.get(index)?.as_deref()
        };
        match Row::read(of) {
            Ok(row) => collection.add(line, &row)?,
            Err((column, cause)) => {
                let column = column.map(|column| column.name().to_owned());
                problems.push(Problem { line, column, cause });
            }
        }
    }
    problems.settle(path)?;
    collection.finish(path)
}
