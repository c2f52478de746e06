//! Whole packets, out through a raw socket and in.

use std::io;

use socket2::{SockAddr, Socket};

use super::socket::{self, Queue};
use crate::engine::Moment;
use crate::link::{Incoming, SendFailure};
use crate::model::{Family, Protocol};
use crate::sys::clock::{SystemClocks, Timekeeper};

/// Sends one packet and tells when.
pub(super) fn transmit(
    sender: &Socket,
    packet: &[u8],
    to: &SockAddr,
    orders: &[u8],
    clock: &Timekeeper<SystemClocks>,
    buffer: &mut [u8],
) -> Result<Moment, SendFailure> {
    loop {
        let left = clock.now();
        match socket::send(sender, packet, to, orders) {
            Ok(_) => return Ok(left),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if socket::is_busy(&error) => return Err(SendFailure::Busy),
            Err(error) => {
                // What this machine complains of, such as a packet too large, is queued as well.
                while socket::receive(sender, Queue::Errors, buffer).is_ok() {}
                return Err(SendFailure::Refused(error));
            }
        }
    }
}

/// Hands over what a raw socket has heard; tells whether it is empty then.
pub(super) fn hear_packets(
    listener: &Socket,
    protocol: Protocol,
    family: Family,
    clock: &Timekeeper<SystemClocks>,
    buffer: &mut [u8],
    hear: &mut dyn FnMut(Incoming<'_>),
) -> bool {
    super::read_all(|| {
        let received = socket::receive(listener, Queue::Data, buffer)?;
        let at = clock.arrival(received.told.stamp);
        let (bytes, reply_ttl) = match family {
            Family::V4 => behind_ipv4_header(received.bytes),
            Family::V6 => (received.bytes, received.told.ttl),
        };
        if let Some(peer) = received.peer {
            hear(Incoming::Packet { protocol, from: peer.ip(), bytes, reply_ttl, at });
        }
        Ok(())
    })
}

/// What follows the IPv4 header that a raw socket delivers, and the TTL in it (RFC 791, section 3.1).
fn behind_ipv4_header(packet: &[u8]) -> (&[u8], Option<u8>) {
    let Some([version_and_length, _, _, _, _, _, _, _, ttl, ..]) = packet.first_chunk::<20>() else {
        return (&[], None);
    };
    let words = usize::from(version_and_length & 0x0f);
    (packet.get(words * 4..).unwrap_or_default(), Some(*ttl))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ipv4_header_is_cut_off_with_its_options() {
        let mut packet = vec![0x45; 60];
        packet[8] = 61;
        assert_eq!(behind_ipv4_header(&packet), (&packet[20..], Some(61)));
        packet[0] = 0x4f;
        assert_eq!(behind_ipv4_header(&packet), (&packet[60..], Some(61)));
        // Less than a whole header, and less than the header says.
        assert_eq!(behind_ipv4_header(&packet[..19]), (&[][..], None));
        assert_eq!(behind_ipv4_header(&packet[..40]), (&[][..], Some(61)));
        assert_eq!(behind_ipv4_header(&[]), (&[][..], None));
    }
}
