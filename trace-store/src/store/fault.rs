//! What SQLite says, in our words.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::Error;

/// Turns an error of SQLite into one that says what was attempted on which database.
pub(super) fn fault<'a>(
    path: &'a Path,
    attempted: &'static str,
) -> impl Fn(rusqlite::Error) -> Error + Copy + use<'a> {
    move |error| {
        let message = error.to_string();
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked { path },
            Some(ErrorCode::NotADatabase) => Error::NotADatabase { path },
            Some(ErrorCode::DatabaseCorrupt) => Error::Damaged { path, message },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Error::NotWritable { path, message }
            }
            Some(ErrorCode::DiskFull) => Error::Full { path },
            Some(_) => Error::Database { attempted, path, message },
            // Not SQLite but a value in a row that is not what it should be.
            None => match error {
                rusqlite::Error::FromSqlConversionFailure(..)
                | rusqlite::Error::IntegralValueOutOfRange(..)
                | rusqlite::Error::InvalidColumnType(..)
                | rusqlite::Error::Utf8Error(..)
                | rusqlite::Error::QueryReturnedNoRows => Error::Damaged { path, message },
                _ => Error::Database { attempted, path, message },
            },
        }
    }
}
