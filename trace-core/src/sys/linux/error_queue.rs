//! What the error queue of a socket says (ip(7), `IP_RECVERR`).

use core::ops::Range;
use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::Socket;

use super::socket::{self, Queue, Received};
use crate::engine::Moment;
use crate::link::Incoming;
use crate::model::{IcmpType, Protocol};
use crate::sys::clock::{SystemClocks, Timekeeper};

/// `SO_EE_ORIGIN_ICMP` and `SO_EE_ORIGIN_ICMP6` of linux/errqueue.h. The other origins are this machine's own
/// complaints, such as a packet larger than its interface takes.
const FROM_ICMP: [u8; 2] = [libc::SO_EE_ORIGIN_ICMP, libc::SO_EE_ORIGIN_ICMP6];

/// The socket an error was read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub(super) protocol: Protocol,
    pub(super) identity: u16,
}

/// An ICMP error, before it is handed over.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    owner: Owner,
    offender: IpAddr,
    icmp: IcmpType,
    destination: SocketAddr,
    bytes: &'a [u8],
    extensions: Option<usize>,
    reply_ttl: Option<u8>,
    at: Moment,
}

/// Reads what comes next in the queue; `None` if it is no ICMP error.
pub(super) fn read<'a>(
    socket: &Socket,
    owner: Owner,
    clock: &Timekeeper<SystemClocks>,
    buffer: &'a mut [u8],
) -> io::Result<Option<Entry<'a>>> {
    let received = socket::receive(socket, Queue::Errors, buffer)?;
    let at = clock.arrival(received.told.stamp);
    Ok(Entry::of(owner, &received, at))
}

impl<'a> Entry<'a> {
    fn of(owner: Owner, received: &Received<'a>, at: Moment) -> Option<Self> {
        let error = received.told.error.filter(|error| FROM_ICMP.contains(&error.origin))?;
        Some(Self {
            owner,
            offender: error.offender?,
            icmp: IcmpType { kind: error.kind, code: error.code },
            destination: received.peer?,
            bytes: received.bytes,
            extensions: error.extensions,
            reply_ttl: received.told.ttl,
            at,
        })
    }

    pub(super) fn incoming(&self) -> Incoming<'a> {
        let split = self.extensions.and_then(|at| self.bytes.split_at_checked(at));
        let (quoted, extensions) = split.unwrap_or((self.bytes, &[]));
        Incoming::Error {
            offender: self.offender,
            icmp: self.icmp,
            protocol: self.owner.protocol,
            destination: self.destination,
            identity: self.owner.identity,
            quoted,
            extensions,
            reply_ttl: self.reply_ttl,
            at: self.at,
        }
    }
}

/// Entries that had to be read before anybody asked for them.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    entries: Vec<(Entry<'static>, Range<usize>)>,
    bytes: Vec<u8>,
}

impl Backlog {
    pub(super) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn keep(&mut self, entry: Entry<'_>) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(entry.bytes);
        self.entries.push((Entry { bytes: &[], ..entry }, start..self.bytes.len()));
    }

    /// Hands over everything that was kept.
    pub(super) fn deliver(&mut self, hear: &mut dyn FnMut(Incoming<'_>)) {
        for (entry, range) in self.entries.drain(..) {
            let bytes = self.bytes.get(range).unwrap_or_default();
            hear(Entry { bytes, ..entry }.incoming());
        }
        self.bytes.clear();
    }
}
