use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Located;

/// What is known of the addresses of one trace: a table beside the measurement, so that an old trace can be
/// located again without touching it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Atlas {
    /// What is known of each address.
    pub places: BTreeMap<IpAddr, Located>,
    /// How well the places of the whole path agree with its round-trip times, 0 to 1; `None` when not judged.
    pub consistency: Option<f64>,
}

impl Atlas {
    /// What is known of `address`.
    #[must_use]
    pub fn get(&self, address: IpAddr) -> Option<&Located> {
        self.places.get(&address)
    }
}
