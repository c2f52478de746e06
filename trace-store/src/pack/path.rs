//! The path a trace took: who answered first at each TTL.

use std::net::IpAddr;

/// The path as bytes, equal for equal paths only: the first TTL, then of each hop 0, or 4 or 6 with the octets
/// of its address.
pub(crate) fn bytes(first: u8, path: &[Option<IpAddr>]) -> Vec<u8> {
    let mut bytes = vec![first];
    for answerer in path {
        match answerer {
            None => bytes.push(0),
            Some(IpAddr::V4(address)) => {
                bytes.push(4);
                bytes.extend_from_slice(&address.octets());
            }
            Some(IpAddr::V6(address)) => {
                bytes.push(6);
                bytes.extend_from_slice(&address.octets());
            }
        }
    }
    bytes
}
