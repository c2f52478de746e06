//! `explain TRACE TTL`: why a hop is thought to be where it is.

use std::path::PathBuf;

use anyhow::anyhow;
use trace_core::model::TraceKind;
use trace_geo::judge;

use crate::args::ExplainArguments;
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::kept::Kept;
use crate::output::Output;
use crate::places;
use crate::report::explain::{self, Explanation};

pub(crate) fn run(typed: ExplainArguments, data_dir: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    let (mut trace, kept) = Kept::new(data_dir).get(&typed.trace)?;
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
    let was_judged = places::is_judged(&kept) || trace.kind == TraceKind::Imported;
    let stated = typed.origin.origin.map(|stated| stated.origin);
    let was_judged = was_judged && (stated.is_none() || trace.kind == TraceKind::Imported);
    let atlas = places::judged_from(stated, &mut trace, kept);
    let origin = judge::inspect(&trace, &atlas).origin;
    let explanation =
        Explanation { trace: &trace, hop: &hop, atlas: &atlas, was_judged, origin: origin.as_ref() };
    let text = explain::text(&explanation, typed.format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(typed.format.format, &text)?;
    Ok(Exit::Done)
}
