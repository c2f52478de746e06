//! TCP probes without privileges: a connection attempted with a TTL of its own.
//!
//! Each has a socket, and so a source port, of its own; what its error queue says is about that probe and no
//! other. Nothing stays behind at the target: a connection that was made is reset, and the kernel resets by
//! itself what a target accepts once the socket is closed.

use core::time::Duration;
use std::io;

use socket2::{Protocol as Number, SockAddr, Socket, Type};

use super::error_queue::{self, Owner};
use super::socket::{self, Fragmentation, SocketOption};
use super::way::Way;
use crate::engine::{Moment, Probe, TargetIndex};
use crate::link::{Incoming, SendFailure};
use crate::model::Family;
use crate::sys::clock::{SystemClocks, Timekeeper};

/// More attempts than this are not under way at once: a process may often open no more than 1,024 files.
const MOST: usize = 256;

/// How long an answer is waited for. A kernel that has none for a second repeats the SYN (RFC 6298, section
/// 2.1), and then nobody can tell which of the two was answered.
pub(super) const PATIENCE: Duration = Duration::from_millis(950);

/// How a probe of a flow is to leave.
#[derive(Debug)]
pub(super) struct Departure<'a> {
    pub(super) way: &'a Way,
    pub(super) to: &'a SockAddr,
    pub(super) tos: u8,
    pub(super) fragmentation: Fragmentation,
    /// The number of the flow.
    pub(super) identity: u16,
}

/// The connections that are being attempted, oldest first.
#[derive(Debug, Default)]
pub(super) struct Connections {
    under_way: Vec<Attempt>,
}

#[derive(Debug)]
struct Attempt {
    probe: Probe,
    identity: u16,
    socket: Socket,
    left: Moment,
    over: bool,
}

impl Connections {
    /// Sends the SYN of a probe.
    pub(super) fn attempt(
        &mut self,
        probe: &Probe,
        departure: &Departure<'_>,
        clock: &Timekeeper<SystemClocks>,
    ) -> Result<Moment, SendFailure> {
        self.give_up(clock.now());
        if self.under_way.len() >= MOST {
            return Err(SendFailure::Busy);
        }
        // With none left of what all programs share, the end of one of ours is worth waiting for.
        let failed = |error: io::Error| match error.raw_os_error() {
            Some(libc::EMFILE | libc::ENFILE | libc::EADDRNOTAVAIL) if !self.under_way.is_empty() => {
                SendFailure::Busy
            }
            _ if socket::is_busy(&error) => SendFailure::Busy,
            _ => SendFailure::Refused(error),
        };
        let socket = open(probe, departure).map_err(failed)?;
        let left = clock.now();
        match socket.connect(departure.to) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
            Err(error) => return Err(failed(error)),
        }
        self.under_way.push(Attempt {
            probe: *probe,
            identity: departure.identity,
            socket,
            left,
            over: false,
        });
        Ok(left)
    }

    /// Adds what is to be waited for.
    pub(super) fn listen(&self, polled: &mut Vec<libc::pollfd>) {
        polled.extend(self.under_way.iter().map(|attempt| socket::polled_until_connected(&attempt.socket)));
    }

    /// When the next attempt is given up.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.under_way.first().map(|attempt| attempt.left + PATIENCE)
    }

    /// Hands over what has become of the attempts; `polled` is what [`Self::listen`] has added, and no probe
    /// was sent since.
    pub(super) fn hear(
        &mut self,
        polled: &[libc::pollfd],
        clock: &Timekeeper<SystemClocks>,
        buffer: &mut [u8],
        hear: &mut dyn FnMut(Incoming<'_>),
    ) {
        for (attempt, polled) in self.under_way.iter_mut().zip(polled) {
            if polled.revents != 0 {
                attempt.over = attempt.conclude(clock, buffer, hear);
            }
        }
        self.under_way.retain(|attempt| !attempt.over);
        self.give_up(clock.now());
    }

    /// Ends the attempts for a target.
    pub(super) fn forget(&mut self, target: TargetIndex) {
        self.under_way.retain(|attempt| attempt.probe.target != target);
    }

    fn give_up(&mut self, now: Moment) {
        self.under_way.retain(|attempt| now.since(attempt.left) < PATIENCE);
    }
}

impl Attempt {
    /// When the answer to the SYN came: the kernel has measured that, whoever else was using the processor.
    fn accepted(&self, now: Moment) -> Moment {
        socket::handshake_time(&self.socket).map_or(now, |taken| now.min(self.left + taken))
    }

    /// Tells what the socket knows; `false` if that is nothing yet.
    fn conclude(
        &self,
        clock: &Timekeeper<SystemClocks>,
        buffer: &mut [u8],
        hear: &mut dyn FnMut(Incoming<'_>),
    ) -> bool {
        let Self { probe, identity, socket, left, .. } = self;
        let owner = Owner { protocol: probe.protocol, identity: *identity, probe: Some(*probe) };
        let in_time = |at: Moment| at.since(*left) < PATIENCE;
        // The queue decides: an error that came by ICMP is pending as well, in fewer words.
        let mut heard = false;
        super::read_all(|| {
            if let Some(entry) = error_queue::read(socket, owner, clock, buffer)? {
                if in_time(entry.at()) && !heard {
                    hear(entry.incoming());
                }
                heard = true;
            }
            Ok(())
        });
        if heard {
            return true;
        }
        let (probe, reply_ttl, at) = (*probe, None, clock.now());
        let pending = match socket.take_error() {
            Ok(pending) => pending,
            Err(error) => Some(error),
        };
        let answer = match pending.as_ref().map(|error| (error.raw_os_error(), error)) {
            None if socket.peer_addr().is_ok() => {
                Incoming::Connected { probe, reply_ttl, at: self.accepted(at) }
            }
            // Another error than ours was cleared, and nothing is known yet.
            None => return false,
            Some((Some(libc::ECONNREFUSED), _)) => Incoming::Refused { probe, reply_ttl, at },
            // Accepted, and ended by the other side before this was read.
            Some((Some(libc::ECONNRESET | libc::EPIPE), _)) => Incoming::Connected { probe, reply_ttl, at },
            Some((_, error)) => Incoming::SendFailed { probe, cause: error.to_string() },
        };
        if in_time(at) {
            hear(answer);
        }
        true
    }
}

/// A socket for one probe.
fn open(probe: &Probe, departure: &Departure<'_>) -> io::Result<Socket> {
    let Departure { way, tos, fragmentation, .. } = *departure;
    let family = way.family();
    let socket = socket::open(family, Type::STREAM, Number::TCP)?;
    let (ttl, tos) = (probe.ttl.get().into(), tos.into());
    match family {
        Family::V4 => {
            socket.set_ttl_v4(ttl)?;
            socket.set_tos_v4(tos)?;
        }
        Family::V6 => {
            socket.set_only_v6(true)?;
            socket.set_unicast_hops_v6(ttl)?;
            socket.set_tclass_v6(tos)?;
            let _ = SocketOption::V6_FLOW_LABELS.set(&socket, 1);
        }
    }
    SocketOption::errors(family).set(&socket, 1)?;
    let _ = SocketOption::extensions(family).set(&socket, 1);
    let _ = SocketOption::received_ttl(family).set(&socket, 1);
    let _ = SocketOption::TIMESTAMPS.set(&socket, 1);
    fragmentation.tell_connection(&socket, family)?;
    way.hold(&socket).map_err(io::Error::other)?;
    // Closing resets the connection at once instead of taking leave.
    socket.set_linger(Some(Duration::ZERO))?;
    Ok(socket)
}

#[cfg(test)]
mod tests;
