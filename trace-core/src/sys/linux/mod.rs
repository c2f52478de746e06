//! The links of Linux, and what they share.

mod connections;
mod control;
mod error_queue;
mod filter;
mod identities;
mod interface;
mod kernel;
mod notes;
mod packets;
mod raw;
mod reserve;
mod socket;
mod unprivileged;
mod way;

pub use raw::RawLink;
pub use reserve::open_first;
pub use unprivileged::{UnprivilegedLink, can_ping};

use std::io;

use self::identities::{Identities, Reserved};
use self::socket::Queue;
use super::clock::{SystemClocks, Timekeeper};
use crate::engine::Probe;
use crate::link::{Identity, Incoming, SendFailure};
use crate::model::{Flow, Protocol};

/// What is read of one socket before the others get their turn: a flood on one of them must not keep the
/// engine from its other work.
const AT_ONCE: u32 = 1024;

/// Calls `receive_one` until there is nothing more; tells whether that point was reached.
fn read_all(mut receive_one: impl FnMut() -> io::Result<()>) -> bool {
    for _ in 0..AT_ONCE {
        match receive_one() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
            // An error that was pending on the socket is gone once it was reported.
            Ok(()) | Err(_) => {}
        }
    }
    false
}

/// Hands over what UDP services have answered to an identity; tells whether its socket is empty then.
fn hear_data(
    identity: &Reserved,
    clock: &Timekeeper<SystemClocks>,
    buffer: &mut [u8],
    hear: &mut dyn FnMut(Incoming<'_>),
) -> bool {
    read_all(|| {
        let received = socket::receive(&identity.udp, Queue::Data, buffer)?;
        let at = clock.arrival(received.told.stamp);
        if let Some(from) = received.peer {
            hear(Incoming::Data { from, identity: identity.number, reply_ttl: received.told.ttl, at });
        }
        Ok(())
    })
}

/// What a target is told of the numbers it got: protocol by protocol, in each flow by flow.
fn identities_of(protocols: &[Protocol], identities: &Identities, claimed: &[usize]) -> Vec<Identity> {
    let numbers =
        || claimed.iter().filter_map(|index| identities.get(*index)).map(|identity| identity.number);
    let of_protocol = |protocol: &Protocol| {
        let protocol = *protocol;
        (0..).map(Flow).zip(numbers()).map(move |(flow, number)| Identity { protocol, flow, number })
    };
    protocols.iter().flat_map(of_protocol).collect()
}

/// Where the things for a probe stand among those of its target, ordered as in [`identities_of`].
fn place(protocols: &[Protocol], flows: usize, probe: &Probe) -> Option<usize> {
    let protocol = protocols.iter().position(|protocol| *protocol == probe.protocol)?;
    let flow = usize::from(probe.flow.0);
    (flow < flows).then_some(protocol * flows + flow)
}

/// The answer to a probe for a target, protocol or flow that was not attached.
fn unknown() -> SendFailure {
    SendFailure::Refused(io::Error::new(
        io::ErrorKind::NotConnected,
        "the target is not attached to this link",
    ))
}

#[cfg(test)]
mod tests;
