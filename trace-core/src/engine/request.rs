use std::net::IpAddr;

use crate::model::{Protocols, Settings, Ttl};

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
}
