use core::fmt;
use std::net::IpAddr;

/// What is traced to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The name as it was typed; `None` when an address was.
    pub name: Option<String>,
    /// The address that is probed.
    pub address: IpAddr,
}

/// `example.com (192.0.2.80)`, or the address alone.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ({})", self.address),
            None => self.address.fmt(f),
        }
    }
}
