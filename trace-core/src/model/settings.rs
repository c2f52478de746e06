use core::time::Duration;
use std::net::IpAddr;

use super::Ttl;

/// What was asked of a measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Probes per TTL, flow, protocol and round; at least 1.
    pub queries: u8,
    /// The first TTL probed.
    pub first_ttl: Ttl,
    /// The last TTL probed.
    pub max_ttl: Ttl,
    /// Flows probed side by side; at least 1.
    pub flows: u16,
    /// Rounds; at least 1.
    pub rounds: u32,
    /// Time from the start of one round to the start of the next.
    pub interval: Duration,
    /// How long an answer is waited for where nothing has been heard that tells better.
    pub wait: Duration,
    /// Silent TTLs behind the last answer after which the trace ends; at least 1.
    pub gap: u8,
    /// The destination port for UDP and TCP; `None` for the default of the protocol.
    pub port: Option<u16>,
    /// The size of the whole IP packet in bytes; `None` for the smallest that works.
    pub size: Option<u16>,
    /// The type-of-service byte or traffic class the probes carry.
    pub tos: u8,
    /// The address the probes were to leave from; `None` for what the system takes.
    pub source: Option<IpAddr>,
    /// The interface the probes were to leave by (also the zone of a link-local address); `None` for what the
    /// routing table says.
    pub interface: Option<String>,
    /// The source port of the first flow, for UDP and TCP; flow n has this plus n. `None` for ports that were
    /// free.
    pub source_port: Option<u16>,
    /// The IPv6 flow label of the first flow, 20 bits; `None` for one made from the flow.
    pub flow_label: Option<u32>,
    /// Whether routers may not fragment the probes (IPv4; over IPv6 no router ever does).
    pub dont_fragment: bool,
    /// The firewall mark of the probes on Linux (`SO_MARK`), for policy routing.
    pub mark: Option<u32>,
}

/// 3 probes a hop, TTL 1 to 30, one flow, one round, 2 seconds, 8 silent TTLs.
impl Default for Settings {
    fn default() -> Self {
        Self {
            queries: 3,
            first_ttl: Ttl::MIN,
            max_ttl: Ttl::DEFAULT_MAX,
            flows: 1,
            rounds: 1,
            interval: Duration::from_secs(1),
            wait: Duration::from_secs(2),
            gap: 8,
            port: None,
            size: None,
            tos: 0,
            source: None,
            interface: None,
            source_port: None,
            flow_label: None,
            dont_fragment: false,
            mark: None,
        }
    }
}
