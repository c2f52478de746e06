//! What a trace that was just stored brings, and who is told of it.

use std::path::Path;

use trace_core::model::Trace;
use trace_store::{Change, Store};

use super::super::command::{Call, Commands};
use crate::clock;
use crate::report::news as report;
use crate::settings::How;

/// Whether a trace shows a change, or may: its target is to be traced again soon. Changes that are sure are logged, and
/// told to the command that was asked for.
pub(super) fn judge(store: &Store, trace: &Trace, how: &How, data_dir: &Path, commands: &Commands) -> bool {
    let news = match store.news(trace.id) {
        Ok(news) => news,
        Err(error) => {
            tracing::warn!(id = %trace.id, "what the trace brings cannot be told: {error}");
            return false;
        }
    };
    for change in &news.changes {
        let host = report::host(change);
        tracing::info!(
            host = %host,
            kind = change.what.as_str(),
            before = %change.before,
            after = %change.after,
            "{}", change.what
        );
        if let Some(command) = &how.on_change {
            commands.call(call(command.clone(), store, change, data_dir));
        }
    }
    news.suspicion || !news.changes.is_empty()
}

fn call(command: String, store: &Store, change: &Change, data_dir: &Path) -> Call {
    let traces = [change.before, change.after].map(|id| store.get(id).ok().flatten());
    let text = match &traces {
        [Some((before, old)), Some((after, new))] => {
            report::text(change, Some(&trace_store::diff::diff((before, old), (after, new))))
        }
        // One of them was deleted meanwhile.
        _ => report::text(change, None),
    };
    let protocol = change.series.protocol.map_or("", |protocol| protocol.as_str());
    let variables = vec![
        ("TRACE_KIND", change.what.as_str().to_owned()),
        ("TRACE_TARGET", change.name.clone().unwrap_or_default().replace('\0', "")),
        ("TRACE_ADDRESS", change.series.address.map(|address| address.to_string()).unwrap_or_default()),
        ("TRACE_PROTOCOL", protocol.to_owned()),
        ("TRACE_BEFORE", change.before.to_string()),
        ("TRACE_AFTER", change.after.to_string()),
        ("TRACE_AT", clock::rfc3339(change.at)),
        ("TRACE_TEXT", change.what.to_string()),
        ("TRACE_DATA_DIR", data_dir.display().to_string()),
    ];
    Call { command, text, variables }
}
