//! `explain TRACE TTL`: why a hop is thought to be where it is.

use std::path::PathBuf;

use anyhow::anyhow;
use trace_core::model::{Atlas, Trace, TraceKind};
use trace_geo::judge;

use crate::args::{ExplainArguments, Locating};
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::kept::Kept;
use crate::output::Output;
use crate::report::explain::{self, Explanation};
use crate::say::Voice;
use crate::settings::Sources;
use crate::{places, sources};

pub(crate) fn run(
    typed: ExplainArguments,
    data_dir: Option<PathBuf>,
    voice: Voice,
    output: &mut Output,
) -> Result<Exit> {
    let (mut trace, kept) = Kept::new(data_dir.clone()).get(&typed.trace)?;
    let Some(hop) = trace.hops.iter().find(|hop| hop.ttl.get() == typed.ttl).cloned() else {
        let hops = match (trace.hops.first(), trace.hops.last()) {
            (Some(first), Some(last)) if first.ttl != last.ttl => {
                format!("its hops run from TTL {} to {}", first.ttl, last.ttl)
            }
            (Some(only), _) => format!("its only hop has TTL {}", only.ttl),
            (None, _) => "it has no hop at all".to_owned(),
        };
        let cause = anyhow!("the trace {} has no TTL {}: {hops}", trace.id, typed.ttl);
        return Err(Failure::new(Exit::Senseless, cause));
    };
    let stated = typed.locating.origin.origin.as_ref().map(|stated| stated.origin);
    let asked = asked(typed.locating, data_dir, &trace, &kept, voice)?;
    let was_judged = trace.kind == TraceKind::Imported
        || (asked.is_none() && stated.is_none() && places::is_judged(&kept));
    let atlas = places::judged_from(stated, &mut trace, asked.unwrap_or(kept));
    let origin = judge::inspect(&trace, &atlas).origin;
    let explanation =
        Explanation { trace: &trace, hop: &hop, atlas: &atlas, was_judged, origin: origin.as_ref() };
    let text = explain::text(&explanation, typed.format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(typed.format.format, &text)?;
    Ok(Exit::Done)
}

/// What the sources say that were named, with those there always are; `None` where none was named: then what is kept
/// counts. Nothing that is kept changes.
fn asked(
    typed: Locating,
    data_dir: Option<PathBuf>,
    trace: &Trace,
    kept: &Atlas,
    voice: Voice,
) -> Result<Option<Atlas>> {
    let Locating { places, mmdb, ix, hints, origin: _ } = typed;
    if places.is_empty() && mmdb.is_empty() && ix.is_empty() && hints.is_empty() {
        return Ok(None);
    }
    let chain = sources::open(&Sources { places, mmdb, ix, hints, data_dir: None }.beside(data_dir), voice)?;
    Ok(Some(places::locate(Some(&chain), trace, &places::names(kept))))
}
