//! Whom to ask for places.

mod keys;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use trace_geo::update::Database;
use trace_geo::{AnswerStore, Chain, Exchanges, Geofeed, Hints, IpGeolocation, Locate as _, Mmdb};

pub(crate) use self::keys::Keys;
use crate::clock;
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::say::Voice;
use crate::settings::Sources;

/// The sources asked for, then the web service if there is a key for it, then the databases that were downloaded, the
/// most telling first, and behind them the built-in table. Files are read now: one that was named and is broken is
/// found before anything is sent. What lies in the data directory and cannot be used is told and left out.
pub(crate) fn open(sources: &Sources, voice: Voice) -> Result<Chain> {
    read_all(sources, voice, |_, error| Err(Failure::new(Exit::Senseless, error)))
}

/// The same for a measurement, which is worth more than a place: a file of places that is there and cannot be used is
/// told and left out, and the exit status says so at the end. One that is not there was not meant.
pub(crate) fn open_usable(sources: &Sources, voice: Voice) -> Result<(Chain, Exit)> {
    let mut worst = Exit::Done;
    let chain = read_all(sources, voice, |path, error| {
        if !path.exists() {
            return Err(Failure::new(Exit::Senseless, error));
        }
        voice.warn(&format!("{:#}; places come from elsewhere", anyhow::Error::new(error)));
        worst = Exit::Senseless;
        Ok(())
    })?;
    Ok((chain, worst))
}

/// Reads everything; what is to become of a file of places that cannot be used, `unusable` says.
fn read_all(
    sources: &Sources,
    voice: Voice,
    mut unusable: impl FnMut(&Path, trace_geo::Error) -> Result<()>,
) -> Result<Chain> {
    let mut builder = Chain::builder();
    for path in &sources.places {
        match Geofeed::open(path) {
            Ok(feed) => builder = builder.own(feed),
            Err(error) => unusable(path, error)?,
        }
    }
    for path in &sources.ix {
        match Exchanges::open(path) {
            Ok(exchanges) => builder = builder.exchange(exchanges),
            Err(error) => unusable(path, error)?,
        }
    }
    let mut hints = Hints::builtin();
    // Of several files the first goes first.
    for path in sources.hints.iter().rev() {
        if let Err(error) = hints.add(path) {
            unusable(path, error)?;
        }
    }
    builder = builder.hints(hints);
    for path in &sources.mmdb {
        match Mmdb::open(path) {
            Ok(database) => builder = builder.source(database),
            Err(error) => unusable(path, error)?,
        }
    }
    if let Some(data_dir) = &sources.data_dir {
        match service(data_dir) {
            Ok(Some(service)) => builder = builder.ipgeolocation(service),
            Ok(None) => {}
            Err(cause) => voice.warn(&format!("places come from elsewhere: {cause:#}")),
        }
        for (database, path) in downloaded(data_dir) {
            match read(database, &path) {
                Ok(found) => builder = builder.source(found),
                Err(cause) => voice.warn(&format!("places come from elsewhere: {cause:#}")),
            }
        }
    }
    Ok(builder.builtin().blame(Exit::CouldNotKeep)?.build())
}

/// Tells what the sources have to say since they were last asked.
pub(crate) fn tell(chain: &Chain, voice: Voice) {
    for remark in chain.remarks() {
        voice.warn(&remark);
    }
}

/// Where downloaded databases lie.
pub(crate) fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join("geo")
}

/// The databases that were downloaded, the most telling first.
pub(crate) fn downloaded(data_dir: &Path) -> impl Iterator<Item = (Database, PathBuf)> {
    let directory = directory(data_dir);
    Database::ALL
        .into_iter()
        .map(move |database| (database, directory.join(database.file_name())))
        .filter(|(_, path)| path.exists())
}

/// A downloaded database, if it can be used.
pub(crate) fn read(database: Database, path: &Path) -> anyhow::Result<Mmdb> {
    let mend = || format!("`trace-cli geo update` fetches {database} anew");
    let found = Mmdb::open(path).with_context(mend)?;
    anyhow::ensure!(
        *found.info().name == *format!("mmdb:{database}"),
        "{} is {}, not {database}; {}",
        path.display(),
        found.info().name,
        mend()
    );
    Ok(found)
}

/// The web service, if there is a key for it. Its answers are kept in the data directory.
pub(crate) fn service(data_dir: &Path) -> anyhow::Result<Option<IpGeolocation>> {
    let Some(settings) = Keys::read(data_dir)?.service()? else { return Ok(None) };
    std::fs::create_dir_all(data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
    let answers = AnswerStore::open(&answers(data_dir)).context("ipgeolocation.io is not asked")?;
    Ok(Some(IpGeolocation::new(settings, answers, clock::now)?))
}

/// Where the answers of the web service are kept.
pub(crate) fn answers(data_dir: &Path) -> PathBuf {
    data_dir.join("answers.sqlite")
}
