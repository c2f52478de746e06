use std::fmt;

/// Something in a file that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1 on; in a database the number of the row.
    pub line: u64,
    /// The column of a sheet by its heading, or the place in a document; `None` for the line as a whole.
    pub column: Option<String>,
    /// What is wrong.
    pub cause: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = &self.column {
            write!(f, ", {column}")?;
        }
        write!(f, ": {}", self.cause)
    }
}

/// So many problems are told; more of them say nothing new.
const TOLD: usize = 10;

/// The problems of a file.
#[derive(Debug, Default)]
pub(super) struct Problems {
    told: Vec<Problem>,
    more: u64,
}

impl Problems {
    pub(super) fn push(&mut self, problem: Problem) {
        if self.told.len() < TOLD {
            self.told.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// An error if there are any.
    pub(super) fn settle(self, path: &std::path::Path) -> Result<(), crate::Error> {
        if self.told.is_empty() {
            return Ok(());
        }
        Err(crate::Error::Faulty { path: path.to_owned(), problems: self.told, more: self.more })
    }
}
