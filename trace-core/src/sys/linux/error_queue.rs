//! What the error queue of a socket says (ip(7), `IP_RECVERR`).

use core::ops::Range;
use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{MsgHdr, Socket};

use super::socket::{self, Queue, Received};
use crate::engine::{Moment, Probe};
use crate::link::{Incoming, SendFailure};
use crate::model::{Family, IcmpType, Protocol};
use crate::sys::clock::{SystemClocks, Timekeeper};
use crate::wire::{Extensions, ip_header, transport_header};

/// `SO_EE_ORIGIN_ICMP` and `SO_EE_ORIGIN_ICMP6` of linux/errqueue.h. The other origins are this machine's own
/// complaints, such as a packet larger than its interface takes.
const FROM_ICMP: [u8; 2] = [libc::SO_EE_ORIGIN_ICMP, libc::SO_EE_ORIGIN_ICMP6];

/// How often a probe is sent again because an error was pending. One round clears all that are; only a
/// system that answers every send with an error of its own comes this far.
const SENDS: u32 = 16;

/// The socket an error was read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub(super) protocol: Protocol,
    pub(super) identity: u16,
    /// The only probe the socket ever sent, if it is one of those.
    pub(super) probe: Option<Probe>,
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

    pub(super) const fn at(&self) -> Moment {
        self.at
    }

    /// Routers from before RFC 4884 append a structure behind 128 quoted bytes and set no length (section 5.5), and
    /// the kernel looks for none then. It must be valid to be believed.
    fn split_without_length(&self) -> Option<(&'a [u8], &'a [u8])> {
        const LEGACY: u16 = 128;
        let unseen = match self.owner.protocol {
            Protocol::Udp => transport_header(Protocol::Udp),
            Protocol::Icmp | Protocol::Tcp => 0,
        };
        let at = LEGACY - ip_header(Family::of(self.destination.ip())) - unseen;
        let (quoted, rest) = self.bytes.split_at_checked(usize::from(at))?;
        Extensions::parse(rest).map(|structure| (quoted, structure.bytes()))
    }

    pub(super) fn incoming(&self) -> Incoming<'a> {
        let split = match self.extensions {
            Some(at) => self.bytes.split_at_checked(at),
            None => self.split_without_length(),
        };
        let (quoted, extensions) = split.unwrap_or((self.bytes, &[]));
        Incoming::Error {
            offender: self.offender,
            icmp: self.icmp,
            protocol: self.owner.protocol,
            destination: self.destination,
            identity: self.owner.identity,
            probe: self.owner.probe,
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

/// Sends, and sends again when what failed was not this probe.
///
/// An ICMP error that has come for an earlier probe waits on the socket; the kernel reports it by failing the
/// next send with it, without sending. It looks like a failure of that send (`EHOSTUNREACH`, `ECONNREFUSED`
/// and others). So `keep_errors` empties the error queue, and only a send that fails although nothing was
/// pending has failed itself.
pub(super) fn send_in_spite_of_errors(
    socket: &Socket,
    message: &MsgHdr<'_, '_, '_>,
    clock: &Timekeeper<SystemClocks>,
    mut keep_errors: impl FnMut() -> usize,
) -> Result<Moment, SendFailure> {
    let mut nothing_pending = false;
    let mut failure = io::Error::from(io::ErrorKind::Other);
    for _ in 0..SENDS {
        let left = clock.now();
        match socket.sendmsg(message, 0) {
            Ok(_) => return Ok(left),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if socket::is_busy(&error) => return Err(SendFailure::Busy),
            Err(error) => {
                let kept = keep_errors();
                failure = error;
                if nothing_pending && kept == 0 {
                    break;
                }
                nothing_pending = kept == 0;
            }
        }
    }
    Err(SendFailure::Refused(failure))
}

/// Empties the error queue into the backlog and tells how many ICMP errors were in it.
pub(super) fn keep_errors(
    socket: &Socket,
    owner: Owner,
    clock: &Timekeeper<SystemClocks>,
    buffer: &mut [u8],
    backlog: &mut Backlog,
) -> usize {
    let mut kept = 0;
    super::read_all(|| {
        if let Some(entry) = read(socket, owner, clock, buffer)? {
            backlog.keep(entry);
            kept += 1;
        }
        Ok(())
    });
    kept
}

/// Hands over the error queue of a socket; tells whether it is empty then.
pub(super) fn hear_errors(
    socket: &Socket,
    owner: Owner,
    clock: &Timekeeper<SystemClocks>,
    buffer: &mut [u8],
    hear: &mut dyn FnMut(Incoming<'_>),
) -> bool {
    super::read_all(|| {
        if let Some(entry) = read(socket, owner, clock, buffer)? {
            hear(entry.incoming());
        }
        Ok(())
    })
}
