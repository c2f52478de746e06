use super::{MARK, transport_length};
use crate::Error;
use crate::engine::ProbeId;
use crate::model::{Family, Protocol, Ttl};
use crate::wire::transport_header;

/// What an unprivileged socket is handed for a probe: the payload of a UDP datagram, or an ICMP echo request
/// from its header on. Built once for a flow, stamped for each probe.
#[derive(Debug, Clone)]
pub struct Payload {
    protocol: Protocol,
    bytes: Vec<u8>,
}

impl Payload {
    /// Prepares the payload of probes whose whole IP packets are to have `size` bytes (`None`: the smallest
    /// that works). `identity` is the echo identifier; the kernel overwrites it, and the checksum, on its
    /// ICMP datagram sockets. For TCP there is nothing to hand over and the payload stays empty.
    ///
    /// # Errors
    ///
    /// [`Error::ProbeSize`] if `size` is too small.
    pub fn new(protocol: Protocol, family: Family, identity: u16, size: Option<u16>) -> Result<Self, Error> {
        let behind_ip_header = transport_length(protocol, family, size)?;
        let length = match protocol {
            Protocol::Icmp => behind_ip_header,
            Protocol::Udp => behind_ip_header - transport_header(protocol),
            Protocol::Tcp => 0,
        };
        let mut bytes = vec![0; usize::from(length)];
        match protocol {
            Protocol::Icmp => {
                if let Some(header) = bytes.first_chunk_mut() {
                    let [high, low] = identity.to_be_bytes();
                    let kind = match family {
                        Family::V4 => 8,
                        Family::V6 => 128,
                    };
                    *header = [kind, 0, 0, 0, high, low];
                }
            }
            Protocol::Udp => {
                if let Some(mark) = bytes.first_chunk_mut() {
                    *mark = MARK;
                }
            }
            Protocol::Tcp => {}
        }
        Ok(Self { protocol, bytes })
    }

    /// Writes what this probe is and gives the bytes to send.
    pub fn stamp(&mut self, ttl: Ttl, id: ProbeId) -> &[u8] {
        let number = id.get().to_be_bytes();
        match self.protocol {
            Protocol::Icmp => {
                if let Some([_, _, _, _, _, _, sequence @ .., balance_high, balance_low]) =
                    self.bytes.first_chunk_mut::<10>()
                {
                    *sequence = number;
                    [*balance_high, *balance_low] = (!id.get()).to_be_bytes();
                }
            }
            Protocol::Udp => {
                if let Some([_, _, high, low, hops, ..]) = self.bytes.first_chunk_mut::<8>() {
                    [*high, *low] = number;
                    *hops = ttl.get();
                }
            }
            Protocol::Tcp => {}
        }
        &self.bytes
    }

    /// The id in the payload of a UDP probe, or in the beginning of it that was quoted.
    pub(crate) fn udp_id(payload: &[u8]) -> Option<ProbeId> {
        let (mark, rest) = payload.split_first_chunk()?;
        if *mark == MARK { ProbeId::new(u16::from_be_bytes(*rest.first_chunk()?)) } else { None }
    }
}

#[cfg(test)]
mod tests;
