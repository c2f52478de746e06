//! What `watch` reads and writes once it has begun.

use anyhow::Context as _;

use crate::config::{self, Given};
use crate::confine::Walls;
use crate::settings::WatchSettings;

/// The walls around it: its data, and the directories of the files that were named, so that what takes their places later can
/// be read when everything is read anew. What is named then in another place cannot.
///
/// # Errors
///
/// The data directory cannot be made: what is not there when walls are built lies behind them.
pub(super) fn of(settings: &WatchSettings, given: &Given) -> anyhow::Result<Walls> {
    std::fs::create_dir_all(&settings.data_dir)
        .with_context(|| format!("cannot make the directory {}", settings.data_dir.display()))?;
    let config = config::path(given.typed.config())?.map(|(path, _)| path);
    let sources = settings.sources.iter();
    let named = sources.clone().flat_map(|from| [&from.places, &from.mmdb, &from.ix, &from.hints]).flatten();
    let named = named.chain(&settings.list).chain(&config);
    let walls = named.fold(Walls::new(), |walls, file| walls.read_beside(file));
    let directories = sources.filter_map(|from| from.data_dir.as_ref()).chain([&settings.data_dir]);
    Ok(directories.fold(walls, |walls, directory| walls.write(directory)))
}
