use std::net::IpAddr;

use crate::model::{Protocols, Settings, Ttl, Uuid};

/// What the engine is asked to trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The address probed; an answer from it ends the path.
    pub address: IpAddr,
    /// The protocols probed side by side.
    pub protocols: Protocols,
    /// Probes, TTLs, flows, rounds and waiting.
    pub settings: Settings,
    /// The length of the path as an earlier trace found it. It steers the first window and nothing else: a
    /// wrong one costs a little time or a few packets.
    pub expected_length: Option<Ttl>,
    /// The name of the trace; others that take over one of its hops say so with it.
    pub id: Uuid,
    /// Whether hops may be taken over from the traces to other targets of the engine.
    pub share: bool,
}

impl Request {
    /// A request whose trace shares nothing with others and expects no length.
    #[must_use]
    pub const fn new(address: IpAddr, protocols: Protocols, settings: Settings) -> Self {
        Self { address, protocols, settings, expected_length: None, id: Uuid::nil(), share: false }
    }
    /// How many protocols and flows are probed side by side.
    pub(super) fn lanes(&self) -> usize {
        self.protocols.list().len() * usize::from(self.settings.flows.max(1))
    }
}
