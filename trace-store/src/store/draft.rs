//! Everything about a trace that can be worked out before the database is locked.

use trace_core::model::{Atlas, Trace};

use super::hops::{self, Count};
use super::memory::{Memory, Stored};
use crate::Error;
use crate::pack::Judgement;

/// So many traces are worth a thread of their own: it takes as long to start as some of them.
const SHARE: usize = 64;

/// No more threads than this work at once.
const MOST: usize = 8;

/// What is to be stored of a trace.
pub(super) struct Draft<'a> {
    pub(super) trace: &'a Trace,
    pub(super) atlas: &'a Atlas,
    pub(super) judgement: Option<Judgement>,
    pub(super) duration: Option<i64>,
    /// What was counted at the last TTL: that is what the target said.
    pub(super) last: Option<Count>,
    /// The least RTT of each hop, as its row counts it.
    pub(super) least: Vec<Option<u32>>,
    pub(super) hops: String,
    /// What it points to, if everything of it was stored before.
    pub(super) recognised: Option<Stored>,
}

/// The drafts of all, in their order. Many are worked out by as many threads as there are processors.
pub(super) fn all<'a>(memory: &Memory, traces: &[(&'a Trace, &'a Atlas)]) -> Result<Vec<Draft<'a>>, Error> {
    if traces.len() < 2 * SHARE {
        // Asking for the number of processors alone takes as long as storing a trace.
        return some(memory, traces);
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(MOST).min(traces.len() / SHARE);
    let mut parts = traces.chunks(traces.len().div_ceil(threads));
    let mine = parts.next().unwrap_or_default();
    std::thread::scope(|scope| {
        let others: Vec<_> = parts
            .map(|part| {
                let thread = std::thread::Builder::new().name("draft".to_owned());
                // Where no thread can be had, its part is done here.
                (part, thread.spawn_scoped(scope, || some(memory, part)).ok())
            })
            .collect();
        let mut drafts = some(memory, mine)?;
        for (part, thread) in others {
            let more = thread.and_then(|thread| thread.join().ok()).unwrap_or_else(|| some(memory, part));
            drafts.extend(more?);
        }
        Ok(drafts)
    })
}

fn some<'a>(memory: &Memory, traces: &[(&'a Trace, &'a Atlas)]) -> Result<Vec<Draft<'a>>, Error> {
    traces.iter().map(|(trace, atlas)| of(memory, trace, atlas)).collect()
}

fn of<'a>(memory: &Memory, trace: &'a Trace, atlas: &'a Atlas) -> Result<Draft<'a>, Error> {
    let unfit = |reason| Error::Unfit { id: trace.id, reason };
    let gapless = trace
        .hops
        .iter()
        .zip(trace.hops.iter().skip(1))
        .all(|(a, b)| a.ttl.get().checked_add(1) == Some(b.ttl.get()));
    if !gapless {
        return Err(unfit("its hops have gaps or repeats"));
    }
    let duration = trace
        .duration
        .map(|duration| i64::try_from(duration.as_nanos()))
        .transpose()
        .map_err(|_| unfit("it took longer than 292 years"))?;
    let waits = trace.settings.iter().flat_map(|settings| [settings.wait, settings.interval]);
    if waits.into_iter().any(|wait| i64::try_from(wait.as_nanos()).is_err()) {
        return Err(unfit("it was to wait for longer than 292 years"));
    }
    let label = trace.settings.as_ref().and_then(|settings| settings.flow_label);
    if label.is_some_and(|label| label >= 1 << 20) {
        return Err(unfit("its flow label has more than 20 bits"));
    }
    let judgement = Judgement::of(atlas, &trace.hops);
    let counts = hops::counts(trace);
    let hops = hops::text(&counts);
    let least = hops::least(&counts);
    let recognised = memory.recognise(trace, atlas, &least);
    Ok(Draft { trace, atlas, judgement, duration, last: counts.last().copied(), least, hops, recognised })
}
