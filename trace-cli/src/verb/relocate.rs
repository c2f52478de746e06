//! `relocate TRACE...|--all`: today's places for traces that are kept.

use std::path::PathBuf;

use anyhow::anyhow;
use trace_core::model::{Atlas, Trace, Uuid};
use trace_geo::Chain;
use trace_store::{Document, Error, Filter, Store};

use crate::args::RelocateArguments;
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::kept::{is_path, there, unkept};
use crate::output::Output;
use crate::report::moves::{self, Count, Move};
use crate::say::Voice;
use crate::settings::{self, Sources};
use crate::{places, sources};

/// Traces located anew in one transaction.
const BATCH: usize = 256;

pub(crate) fn run(
    typed: RelocateArguments,
    data_dir: Option<PathBuf>,
    voice: Voice,
    output: &mut Output,
) -> Result<Exit> {
    let RelocateArguments { traces, all: _, dry_run, locating, format } = typed;
    if let Some(file) = traces.iter().find(|name| is_path(name)) {
        let cause = anyhow!("{file} is a file; only traces that the database keeps are located anew");
        return Err(Failure::new(Exit::Senseless, cause));
    }
    let stated = locating.origin.origin;
    if let Some(city) = stated.as_ref().and_then(|stated| stated.city.as_ref()) {
        voice.warn(&places::origin_words(city));
    }
    let origin = stated.map(|stated| stated.origin);
    let from = Sources {
        places: locating.places,
        mmdb: locating.mmdb,
        ix: locating.ix,
        hints: locating.hints,
        data_dir: None,
    }
    .beside(data_dir.clone());
    let chain = sources::open(&from, voice)?;
    let directory = settings::data_dir(data_dir)?;
    let mut store = if dry_run {
        Store::open_read_only(&directory).blame(Exit::CouldNotKeep)?
    } else {
        there(&directory)?
    };
    from.walls().write(&directory).stand(voice);
    let ids = ids(&store, &traces)?;
    let mut run = Relocation {
        chain: &chain,
        origin,
        voice,
        moves: Vec::new(),
        count: Count { dry_run, ..Count::default() },
        worst: Exit::Done,
    };
    for ids in ids.chunks(BATCH) {
        run.batch(&mut store, ids)?;
    }
    sources::tell(&chain, voice);
    let text = moves::text(&run.moves, run.count, format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(format.format, &text)?;
    Ok(run.worst)
}

/// The traces that were meant, each once; all of them where none is named.
fn ids(store: &Store, names: &[String]) -> Result<Vec<Uuid>> {
    if names.is_empty() {
        let all = store.list(&Filter::default()).blame(Exit::CouldNotKeep)?;
        return Ok(all.iter().map(|trace| trace.id).collect());
    }
    let mut ids = Vec::new();
    for name in names {
        let id = store.find(name).map_err(unkept)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

struct Relocation<'a> {
    chain: &'a Chain,
    /// Where the traces were measured, in place of what they say.
    origin: Option<trace_core::model::Origin>,
    voice: Voice,
    moves: Vec<Move>,
    count: Count,
    worst: Exit,
}

impl Relocation<'_> {
    fn batch(&mut self, store: &mut Store, ids: &[Uuid]) -> Result<()> {
        let mut changed: Vec<(Uuid, Atlas)> = Vec::new();
        for id in ids {
            let (trace, before) = match store.get(*id) {
                Ok(Some(found)) => found,
                // Somebody else removed it.
                Ok(None) => continue,
                // One trace that cannot be read keeps nobody from the others.
                Err(error @ Error::Damaged { .. }) => {
                    self.fail(&error.to_string());
                    continue;
                }
                Err(error) => return Err(Failure::new(Exit::CouldNotKeep, error)),
            };
            self.count.traces += 1;
            let after = self.locate(&trace, &before);
            if after != before {
                self.count.changed += 1;
                self.moves.extend(moves::of(&trace, &before, &after));
                changed.push((*id, after));
            }
        }
        if self.count.dry_run || changed.is_empty() {
            return Ok(());
        }
        let batch: Vec<(Uuid, &Atlas)> = changed.iter().map(|(id, atlas)| (*id, atlas)).collect();
        let relocated = store.relocate_batch(&batch).blame(Exit::CouldNotKeep)?;
        for ((id, _), relocated) in batch.iter().zip(relocated) {
            match relocated.document {
                Document::Pending { cause: Some(cause) } => self.fail(&format!(
                    "the places of {id} are in the database, but its document is not written: {cause}; it will be when \
                     the store is next opened"
                )),
                Document::Pending { cause: None } | Document::Skipped => {}
                Document::Written(path) => self.voice.tell(|| format!("wrote {}", path.display())),
            }
        }
        Ok(())
    }

    fn locate(&self, trace: &Trace, before: &Atlas) -> Atlas {
        let names = places::names(before);
        match self.origin {
            None => places::locate(Some(self.chain), trace, &names),
            // It counts for the judge; what was measured keeps what it said of itself.
            origin => places::locate(Some(self.chain), &Trace { origin, ..trace.clone() }, &names),
        }
    }

    fn fail(&mut self, text: &str) {
        self.voice.warn(text);
        self.worst = Exit::CouldNotKeep;
    }
}
