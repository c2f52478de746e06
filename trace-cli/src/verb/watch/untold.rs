//! What nobody had time to tell when the program ended: kept in a file, and told at the next start.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::command::Call;

/// The file in the data directory.
const FILE: &str = "untold.jsonl";

/// A line of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Untold {
    /// A stored trace that was not looked at, and whom what it brings is told.
    Trace { id: String, command: Option<String> },
    /// A change whose command did not begin.
    Call(Call),
}

/// Keeps something for the next start.
pub(super) fn add(data_dir: &Path, untold: impl Iterator<Item = Untold>) {
    let lines: Vec<String> = untold.filter_map(|untold| serde_json::to_string(&untold).ok()).collect();
    if lines.is_empty() {
        return;
    }
    let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
    let path = data_dir.join(FILE);
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&path).and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => tracing::info!(number = lines.len(), "what is not told yet is told at the next start"),
        Err(error) => {
            tracing::warn!(
                number = lines.len(),
                "changes are not told: cannot write {}: {error}",
                path.display()
            );
        }
    }
}

/// What was kept; from now on it is kept no more.
pub(super) fn take(data_dir: &Path) -> Vec<Untold> {
    let path = data_dir.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            tracing::warn!("what was not told stays in {}: {error}", path.display());
            return Vec::new();
        }
    };
    // Told twice is worse than told once in case of a crash: a command may be anything.
    if let Err(error) = fs::remove_file(&path) {
        tracing::warn!("what was not told stays in {}: {error}", path.display());
        return Vec::new();
    }
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_taken_once() {
        let directory = tempfile::tempdir().unwrap();
        assert!(take(directory.path()).is_empty());
        let trace = |id: &str| Untold::Trace { id: id.to_owned(), command: None };
        add(directory.path(), [trace("one"), trace("other")].into_iter());
        let call = Call {
            command: "cat".to_owned(),
            text: "it changed\n".to_owned(),
            variables: vec![("TRACE_KIND".to_owned(), "path".to_owned())],
        };
        add(directory.path(), std::iter::once(Untold::Call(call)));
        let taken = format!("{:?}", take(directory.path()));
        assert!(taken.contains("other") && taken.contains("it changed"), "{taken}");
        assert!(take(directory.path()).is_empty());
    }
}
