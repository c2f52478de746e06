//! Documents on disk: `traces/<id>.json`, and how they get there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use trace_core::model::Uuid;

use super::step::{Step, reached};
use crate::Error;

/// Where documents are put together before they get their name. On the same file system as `traces/`.
const PARTIAL: &str = ".partial";

fn failed(attempted: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { attempted, path, source }
}

/// Where the documents of a data directory lie.
pub(super) fn directory(data: &Path) -> PathBuf {
    data.join("traces")
}

/// Where the document of a trace lies, or would lie.
pub(super) fn path(data: &Path, id: Uuid) -> PathBuf {
    directory(data).join(format!("{id}.json"))
}

/// Writes a document: to a temporary file, synced, renamed, the directory synced. The caller holds the lock of
/// the data directory.
pub(super) fn write(data: &Path, id: Uuid, text: &str) -> Result<PathBuf, Error> {
    let directory = directory(data);
    let partial = directory.join(PARTIAL);
    let temporary = partial.join(format!("{id}.{}.json", std::process::id()));
    let mut file = match File::create(&temporary) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(&partial).map_err(failed("create the directory", &partial))?;
            sync(data)?;
            File::create(&temporary)
        }
        file => file,
    }
    .map_err(failed("create", &temporary))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed("write", &temporary))
        .inspect_err(|_| drop(fs::remove_file(&temporary)))?;
    reached(Step::AfterTemporary);
    let path = path(data, id);
    fs::rename(&temporary, &path).map_err(failed("name the document", &path))?;
    reached(Step::AfterRename);
    sync(&directory)?;
    Ok(path)
}

/// Makes sure that the names in a directory survive a power cut.
pub(super) fn sync(directory: &Path) -> Result<(), Error> {
    // Elsewhere a directory cannot be opened like a file, or need not be.
    if cfg!(unix) {
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(failed("sync the directory", directory))?;
    }
    Ok(())
}

/// The temporary files that somebody left behind.
pub(super) fn leftovers(data: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory(data).join(PARTIAL)).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// The ids of all documents there are, by their file names.
pub(super) fn all(data: &Path) -> Vec<Uuid> {
    let entries = fs::read_dir(directory(data)).into_iter().flatten();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter_map(|name| name.strip_suffix(".json")?.parse().ok()).collect()
}

/// Writes a trace to a file of its own where no store can take it: `trace-<id>.json` in `directory`, whole or
/// not at all.
///
/// # Errors
///
/// [`Error::File`] when that cannot be written either.
pub fn rescue(
    trace: &trace_core::model::Trace,
    atlas: &trace_core::model::Atlas,
    directory: &Path,
) -> Result<PathBuf, Error> {
    let path = directory.join(format!("trace-{}.json", trace.id));
    let temporary = directory.join(format!(".trace-{}.{}.json", trace.id, std::process::id()));
    let written = File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(crate::document::write(trace, atlas).as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, &path));
    if let Err(source) = written {
        drop(fs::remove_file(&temporary));
        return Err(Error::File { attempted: "write the rescue file", path, source });
    }
    sync(directory)?;
    Ok(path)
}
