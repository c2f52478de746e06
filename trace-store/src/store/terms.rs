//! What was settled before a trace began, to be recognised again.

use std::net::IpAddr;

use trace_core::model::{Mode, Origin, Protocols, Settings, Target, Trace, TraceKind};

/// All that a row of `setup` holds of a trace. Traces with equal terms have the same setup.
#[derive(Debug)]
pub(super) struct Terms {
    kind: TraceKind,
    vantage: Option<String>,
    target: Option<Target>,
    source: Option<IpAddr>,
    origin: Option<Origin>,
    protocol: Option<Protocols>,
    mode: Option<Mode>,
    settings: Option<Settings>,
}

impl Terms {
    pub(super) fn of(trace: &Trace) -> Self {
        Self {
            kind: trace.kind,
            vantage: trace.vantage.clone(),
            target: trace.target.clone(),
            source: trace.source,
            origin: trace.origin,
            protocol: trace.protocol,
            mode: trace.mode,
            settings: trace.settings.clone(),
        }
    }

    pub(super) fn are_of(&self, trace: &Trace) -> bool {
        self.kind == trace.kind
            && self.protocol == trace.protocol
            && self.mode == trace.mode
            && self.source == trace.source
            && self.vantage == trace.vantage
            && self.target == trace.target
            && self.origin == trace.origin
            && self.settings == trace.settings
    }
}
