use std::net::IpAddr;

use trace_core::model::Protocols;

use crate::pack;

/// Traces that can be held against one another: to one address, with one protocol, from one vantage point.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Series {
    /// The address that was traced to; `None` for imported traces that do not say.
    pub address: Option<IpAddr>,
    /// The protocols of the probes.
    pub protocol: Option<Protocols>,
    /// The name of the place it was measured from.
    pub vantage: Option<String>,
}

impl Series {
    /// A number that stands for this series in every database and release.
    #[must_use]
    pub fn key(&self) -> u64 {
        let mut text = self.address.map(|address| address.to_string()).unwrap_or_default();
        text.push('\n');
        text.push_str(self.protocol.map_or("", Protocols::as_str));
        text.push('\n');
        if let Some(vantage) = &self.vantage {
            text.push('@');
            text.push_str(vantage);
        }
        pack::hash(text.as_bytes()).cast_unsigned()
    }
}
