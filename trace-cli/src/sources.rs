//! Whom to ask for places.

use trace_geo::Chain;

use crate::exit::{Blame as _, Exit, Result};
use crate::settings::Sources;

/// The sources asked for, and behind them the built-in table. Files are read now: a broken one is found before
/// anything is sent.
pub(crate) fn open(sources: &Sources) -> Result<Chain> {
    let mut builder = Chain::builder();
    for path in &sources.places {
        builder = builder.places(path).blame(Exit::Senseless)?;
    }
    for path in &sources.mmdb {
        builder = builder.mmdb(path).blame(Exit::Senseless)?;
    }
    Ok(builder.builtin().blame(Exit::CouldNotKeep)?.build())
}
