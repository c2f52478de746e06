//! `map TRACE... -o FILE`: kept traces on a map.

use std::path::PathBuf;

use crate::args::MapArguments;
use crate::exit::{Exit, Result};
use crate::kept::Kept;
use crate::output::Output;
use crate::places;
use crate::say::Voice;
use crate::settings::MapFile;

pub(crate) fn run(
    typed: MapArguments,
    data_dir: Option<PathBuf>,
    voice: Voice,
    output: &mut Output,
) -> Result<Exit> {
    let map = MapFile::new(typed.output, &typed.drawing)?;
    map.check_directory()?;
    let stated = typed.origin.origin;
    if let Some(city) = stated.as_ref().and_then(|stated| stated.city.as_ref()) {
        voice.warn(&places::origin_words(city));
    }
    let origin = stated.map(|stated| stated.origin);
    let mut kept = Kept::new(data_dir);
    let traces = typed.traces.iter().map(|name| kept.get(name)).collect::<Result<Vec<_>>>()?;
    // Traces of before, and documents of others, may hold places that nobody held against the round-trip times.
    let traces: Vec<_> = traces
        .into_iter()
        .map(|(mut trace, atlas)| {
            let atlas = places::judged_from(origin, &mut trace, atlas);
            (trace, atlas)
        })
        .collect();
    let traces: Vec<_> = traces.iter().map(|(trace, atlas)| (trace, atlas)).collect();
    map.draw(&traces, output)?;
    voice.tell(|| format!("drew {}", map.path.display()));
    Ok(Exit::Done)
}
