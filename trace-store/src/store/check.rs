use std::collections::HashSet;
use std::fs;

use trace_core::model::Uuid;

use super::{Store, file, hops, key};
use crate::{Error, document};

/// What [`Store::check`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Traces in the database.
    pub traces: u64,
    /// Traces whose document is on disk and says the same.
    pub documents: u64,
    /// Traces whose document is yet to be written.
    pub pending: u64,
    /// What is wrong, each a sentence for a person.
    pub problems: Vec<String>,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Beyond this many problems of one sort, more say nothing new.
const ENOUGH: usize = 100;

impl Store {
    /// Checks everything: the file of the database, that its tables agree with one another, that every trace
    /// can be read, and that every document says what the database says. Reads all there is.
    ///
    /// # Errors
    ///
    /// What SQLite may say where it cannot even look; what it finds is in the report.
    pub fn check(&self) -> Result<Report, Error> {
        let mut report = Report::default();
        self.check_integrity(&mut report)?;
        if report.is_sound() {
            self.check_traces(&mut report)?;
        }
        Ok(report)
    }

    fn check_integrity(&self, report: &mut Report) -> Result<(), Error> {
        let fault = self.fault("check the database");
        let mut statement = self.connection.prepare("PRAGMA integrity_check(100)").map_err(fault)?;
        let lines = statement.query_map((), |row| row.get::<_, String>(0)).map_err(fault)?;
        for line in lines {
            match line.map_err(fault) {
                Ok(line) if line == "ok" => {}
                Ok(text) => report.problems.extend(text.lines().map(|line| format!("the database: {line}"))),
                // Damage so deep that the check itself stumbles.
                Err(Error::Damaged { message, .. }) => {
                    report.problems.push(format!("the database: {message}"));
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        let mut statement = self.connection.prepare("PRAGMA foreign_key_check").map_err(fault)?;
        let rows = statement
            .query_map((), |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, String>(2)?))
            })
            .map_err(fault)?;
        for row in rows.take(ENOUGH) {
            let (table, number, parent) = row.map_err(fault)?;
            let number = number.map_or_else(String::new, |number| format!(" {number}"));
            report.problems.push(format!("the row{number} of {table} points to nothing in {parent}"));
        }
        Ok(())
    }

    fn check_traces(&self, report: &mut Report) -> Result<(), Error> {
        let fault = self.fault("check the traces");
        let mut statement =
            self.connection.prepare("SELECT key, uuid, document, hops FROM measurement").map_err(fault)?;
        let rows = statement
            .query_map((), |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    Uuid::from_bytes(row.get(1)?),
                    row.get::<_, i64>(2)?,
                    row.get::<_, String>(3)?,
                ))
            })
            .map_err(fault)?;
        let mut known = HashSet::new();
        for row in rows {
            let (key, id, document, hops) = row.map_err(fault)?;
            report.traces += 1;
            if !known.insert(id)
                || !matches!(key::find(&self.connection, id), Ok(Some(found)) if found == key)
            {
                report.problems.push(format!("the trace {id} is not found by its id, or is there twice"));
            }
            if let Some(problem) = self.check_trace(key, id, document, &hops, report) {
                report.problems.push(problem);
                if report.problems.len() >= ENOUGH {
                    report.problems.push("and more".to_owned());
                    return Ok(());
                }
            }
        }
        let strangers = file::all(&self.directory).into_iter().filter(|id| !known.contains(id));
        for id in strangers.take(ENOUGH) {
            report.problems.push(format!(
                "the document {} has no trace in the database; `trace-cli import` brings it in",
                file::path(&self.directory, id).display()
            ));
        }
        Ok(())
    }

    fn check_trace(
        &self,
        key: i64,
        id: Uuid,
        document: i64,
        hops: &str,
        report: &mut Report,
    ) -> Option<String> {
        let (trace, atlas) = match self.get_by_key(key) {
            Ok(Some(found)) => found,
            Ok(None) => return Some(format!("the trace {id} cannot be read")),
            Err(error) => return Some(error.to_string()),
        };
        let counted = hops::read(hops);
        if counted.as_deref() != Some(&hops::counts(&trace)) {
            return Some(format!("what the trace {id} counts at its hops is not what its probes say"));
        }
        match document {
            0 => None,
            1 => {
                let path = file::path(&self.directory, id);
                let written = match fs::read_to_string(&path) {
                    Ok(text) => text,
                    Err(error) => {
                        return Some(format!("the document {} cannot be read: {error}", path.display()));
                    }
                };
                // A document of an earlier release may be laid out differently and say the same.
                let same = written == document::write(&trace, &atlas)
                    || document::read(&written).is_ok_and(|read| read == (trace, atlas));
                if same {
                    report.documents += 1;
                    None
                } else {
                    Some(format!("the document {} does not say what the database says", path.display()))
                }
            }
            _ => {
                report.pending += 1;
                None
            }
        }
    }
}
