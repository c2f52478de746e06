//! Sockets: the links that reach the network through the kernel.
//!
//! | | [`RawLink`] | [`UnprivilegedLink`] |
//! |---|---|---|
//! | needs | `CAP_NET_RAW` | nothing |
//! | sends | whole IP packets (`IP_HDRINCL`, `IPV6_HDRINCL`), one system call a probe | UDP datagrams and echo requests of ordinary sockets, TTL by control message, one system call a probe; SYNs by `connect` without waiting, a socket of its own for each |
//! | hears | the ICMP and TCP answers to its numbers on raw sockets, UDP data on the sockets that reserve its ports | the sockets' error queues (`IP_RECVERR`), echo replies, UDP data, connections made or refused |
//! | does not see | what the kernel drops before a raw socket | the quoted IP header: TTL, type of service and address translation on the way |
//! | source, interface, mark | in the packet and beside it | beside the packet; a mark needs `CAP_NET_RAW` or `CAP_NET_ADMIN` whenever a packet leaves (socket(7)) |
//! | source port | any | any, but for TCP, whose probes have a port each |
//! | fragmentation | the packet's own flag; where it is allowed, the link itself cuts what is too large for the interface | `IP_MTU_DISCOVER`; where it is allowed, this machine cuts what is too large for its interface |
//! | IPv6 flow label | constant per flow, never 0 | the same, also where the ports of TCP are not, unless another program holds a flow label for itself alone; then the kernel's, which is constant per address and ports and 0 where `net.ipv6.auto_flowlabels` is 0; a label that the user chose is not given up: its probes are refused |
//!
//! A program that has rights and wants to get rid of them opens its raw sockets first ([`open_first`]); links made later
//! take them from there.
//!
//! Both work on Linux; elsewhere opening one fails with [`Error::Unsupported`].
//!
//! Times come from the kernel's receive stamps. They are wall-clock times; each is turned into an age as soon
//! as it is read, and the age is taken from the monotonic clock, so that setting the wall clock moves no
//! round-trip time. The kernel begins to stamp a moment after the first socket of the machine asks for it;
//! an answer without a stamp counts as arrived when it was read.
//!
//! Limits: link-local addresses need an interface named, as they mean nothing without. TCP from ordinary sockets leaves from
//! another port with each probe, so that routers which balance by ports may spread a trace over several paths;
//! what answers later than 0.95 seconds is not heard, as the kernel would repeat the SYN after a second, and
//! nobody could tell which of the two was answered; and the TTL of a target's own answer is not told.
//! Linux does not tell a connection, nor an ICMPv6 ping socket, that a firewall or a full queue of this machine took their
//! packet: such a probe looks silent, where all others are refused with that cause, or sent again.

mod birth;
#[cfg(any(target_os = "linux", test))]
mod clock;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod linux;
mod memory;

#[cfg(not(target_os = "linux"))]
pub use elsewhere::{RawLink, UnprivilegedLink, can_ping, open_first};
#[cfg(target_os = "linux")]
pub use linux::{RawLink, UnprivilegedLink, can_ping, open_first};

pub use birth::{new_id, wall_clock};
pub use memory::{give_back_memory, share_free_memory};

use crate::Error;
use crate::link::Link;
use crate::model::Mode;

/// Opens a link of the mode asked for; `None` takes raw sockets where they are permitted and ordinary ones
/// where they are not.
///
/// # Errors
///
/// [`Error::NotPermitted`] when raw sockets were asked for and are forbidden; [`Error::Unsupported`] outside
/// Linux.
pub fn open(mode: Option<Mode>) -> Result<Box<dyn Link>, Error> {
    match mode {
        Some(Mode::Raw) => Ok(Box::new(RawLink::open()?)),
        Some(Mode::Unprivileged) => Ok(Box::new(UnprivilegedLink::open()?)),
        None => match RawLink::open() {
            Ok(link) => Ok(Box::new(link)),
            Err(_) => Ok(Box::new(UnprivilegedLink::open()?)),
        },
    }
}
