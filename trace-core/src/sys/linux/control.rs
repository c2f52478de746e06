//! Control messages: what travels beside a datagram through `sendmsg` and `recvmsg` (cmsg(3), ip(7),
//! ipv6(7)).
//!
//! They are built and read as bytes, in the machine's byte order and layout: a length that counts its own
//! header, level, type, data, and padding up to the size of a length.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::Family;

/// What a length takes; everything is aligned to it.
const LENGTH: usize = size_of::<usize>();
/// Length, level and type.
const HEADER: usize = LENGTH + 8;

const fn aligned(length: usize) -> usize {
    length.next_multiple_of(LENGTH)
}

/// Control messages for one probe, in place: TTL, type of service, mark, and interface with source.
#[derive(Debug, Clone, Copy)]
pub(super) struct Orders {
    bytes: [u8; 3 * (HEADER + 8) + HEADER + 24],
    used: usize,
}

impl Orders {
    /// No orders: the kernel does as it always does.
    pub(super) const NONE: Self = Self { bytes: [0; _], used: 0 };

    /// Sends one datagram with this TTL or hop limit, and with this type of service or traffic class unless
    /// it is 0.
    #[must_use]
    pub(super) fn hops(mut self, family: Family, ttl: u8, tos: u8) -> Self {
        let (level, limit, class) = match family {
            Family::V4 => (libc::IPPROTO_IP, libc::IP_TTL, libc::IP_TOS),
            Family::V6 => (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT, libc::IPV6_TCLASS),
        };
        self.push(level, limit, &i32::from(ttl).to_ne_bytes());
        if tos != 0 {
            self.push(level, class, &i32::from(tos).to_ne_bytes());
        }
        self
    }

    /// Sends it from `source`, by the interface with this index; each `None` leaves that to the routing table
    /// (`struct in_pktinfo`, ip(7); `struct in6_pktinfo`, ipv6(7) and RFC 3542, section 6).
    #[must_use]
    pub(super) fn by(mut self, family: Family, source: Option<IpAddr>, interface: Option<u32>) -> Self {
        let index = interface.unwrap_or(0).to_ne_bytes();
        match (family, source) {
            (_, None) if interface.is_none() => {}
            (Family::V4, source) => {
                let address = match source {
                    Some(IpAddr::V4(address)) => address.octets(),
                    _ => [0; 4],
                };
                let parts: [[u8; 4]; 3] = [index, address, [0; 4]];
                self.push(libc::IPPROTO_IP, libc::IP_PKTINFO, parts.as_flattened());
            }
            (Family::V6, source) => {
                let mut information = [0; 20];
                if let Some(IpAddr::V6(address)) = source {
                    for (to, from) in information.iter_mut().zip(address.octets()) {
                        *to = from;
                    }
                }
                if let Some(last) = information.last_chunk_mut() {
                    *last = index;
                }
                self.push(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &information);
            }
        }
        self
    }

    /// Sends it with this firewall mark (`SO_MARK`, socket(7)).
    #[must_use]
    pub(super) fn marked(mut self, mark: Option<u32>) -> Self {
        if let Some(mark) = mark {
            self.push(libc::SOL_SOCKET, libc::SO_MARK, &mark.to_ne_bytes());
        }
        self
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.used).unwrap_or_default()
    }

    fn push(&mut self, level: i32, kind: i32, data: &[u8]) {
        let fields = [level.to_ne_bytes(), kind.to_ne_bytes()];
        let length = HEADER + data.len();
        let header = length.to_ne_bytes();
        let free = self.bytes.get_mut(self.used..).unwrap_or_default();
        for (to, from) in free.iter_mut().zip(header.iter().chain(fields.as_flattened()).chain(data)) {
            *to = *from;
        }
        self.used += aligned(length);
    }
}

/// An entry of the error queue (`struct sock_extended_err` of linux/errqueue.h and the address behind it).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Queued {
    /// Who made it: `SO_EE_ORIGIN_ICMP`, `SO_EE_ORIGIN_ICMP6`, or this machine itself.
    pub(super) origin: u8,
    /// ICMP type.
    pub(super) kind: u8,
    /// ICMP code.
    pub(super) code: u8,
    /// Where in the payload the RFC 4884 extension structure begins; `None` where there is none.
    pub(super) extensions: Option<usize>,
    /// Who sent the ICMP message.
    pub(super) offender: Option<IpAddr>,
}

/// What the kernel told beside a datagram.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// When the packet arrived by the wall clock: nanoseconds since 1970 UTC.
    pub(super) stamp: Option<i64>,
    /// The TTL or hop limit it arrived with.
    pub(super) ttl: Option<u8>,
    /// The error, if it was read from the error queue.
    pub(super) error: Option<Queued>,
}

impl Told {
    /// Reads control messages. What is not understood, or cut off, is passed over.
    pub(super) fn read(mut bytes: &[u8]) -> Self {
        let mut told = Self::default();
        while let Some((level, kind, data, rest)) = next(bytes) {
            bytes = rest;
            match (level, kind) {
                (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => told.stamp = stamp(data).or(told.stamp),
                (libc::IPPROTO_IP, libc::IP_TTL) | (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                    told.ttl = number(data).and_then(|ttl| u8::try_from(ttl).ok()).or(told.ttl);
                }
                (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR) => {
                    told.error = queued(data).or(told.error);
                }
                _ => {}
            }
        }
        told
    }
}

fn next(bytes: &[u8]) -> Option<(i32, i32, &[u8], &[u8])> {
    let (length, behind) = bytes.split_first_chunk::<LENGTH>()?;
    let (level, behind) = behind.split_first_chunk::<4>()?;
    let (kind, behind) = behind.split_first_chunk::<4>()?;
    let length = usize::from_ne_bytes(*length);
    let data = behind.get(..length.checked_sub(HEADER)?)?;
    let rest = bytes.get(length.checked_next_multiple_of(LENGTH)?..).unwrap_or_default();
    Some((i32::from_ne_bytes(*level), i32::from_ne_bytes(*kind), data, rest))
}

fn number(data: &[u8]) -> Option<i32> {
    Some(i32::from_ne_bytes(*data.first_chunk()?))
}

/// A `struct timespec`, of either width.
fn stamp(data: &[u8]) -> Option<i64> {
    let (seconds, nanoseconds) = if let Some(wide) = data.first_chunk::<16>() {
        let (seconds, nanoseconds) = wide.split_first_chunk::<8>()?;
        (i64::from_ne_bytes(*seconds), i64::from_ne_bytes(*nanoseconds.first_chunk()?))
    } else {
        let (seconds, nanoseconds) = data.split_first_chunk::<4>()?;
        (i64::from(number(seconds)?), i64::from(number(nanoseconds)?))
    };
    // The kernel has no stamps before 1970; all zero is its way of saying that there is none.
    if seconds <= 0 {
        return None;
    }
    seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds)
}

fn queued(data: &[u8]) -> Option<Queued> {
    let (head, offender) = data.split_first_chunk::<16>()?;
    let [_, _, _, _, origin, kind, code, _, _, _, _, _, low, high, flags, _] = *head;
    // The last word is `ee_rfc4884`: an offset, then flags. Flag 1 says that the structure's checksum is
    // wrong; such a one is still shown to whoever reads extensions, who checks it again.
    let _ = flags;
    let extensions = usize::from(u16::from_ne_bytes([low, high]));
    Some(Queued {
        origin,
        kind,
        code,
        extensions: (extensions != 0).then_some(extensions),
        offender: offender_of(offender),
    })
}

/// A `struct sockaddr_in` or `struct sockaddr_in6`, of which only the address counts.
fn offender_of(address: &[u8]) -> Option<IpAddr> {
    let (family, behind) = address.split_first_chunk::<2>()?;
    match i32::from(u16::from_ne_bytes(*family)) {
        libc::AF_INET => {
            let octets: [u8; 4] = *behind.get(2..)?.first_chunk()?;
            Some(IpAddr::V4(Ipv4Addr::from(octets)))
        }
        libc::AF_INET6 => {
            let octets: [u8; 16] = *behind.get(6..)?.first_chunk()?;
            Some(IpAddr::V6(Ipv6Addr::from(octets)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
