use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Asn, Located, Trace};

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

    /// The origin AS of each hop along the path, repeats left out. Of several answerers at one TTL the first
    /// that has an AS counts.
    #[must_use]
    pub fn as_path(&self, trace: &Trace) -> Vec<Asn> {
        let mut path: Vec<Asn> = trace
            .hops
            .iter()
            .filter_map(|hop| {
                hop.answerers().into_iter().find_map(|address| self.get(address)?.place.as_ref()?.asn)
            })
            .collect();
        path.dedup();
        path
    }
}
