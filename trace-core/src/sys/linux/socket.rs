//! The few system calls that `socket2` does not wrap, each behind a safe function.

use core::mem::MaybeUninit;
use core::time::Duration;
use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use socket2::{Domain, MaybeUninitSlice, MsgHdr, MsgHdrMut, Protocol as Number, SockAddr, Socket, Type};

use super::control::Told;
use crate::model::Family;

/// A number option of a socket: level and name (socket(7), ip(7), ipv6(7), icmp(7)).
#[derive(Debug, Clone, Copy)]
pub(super) struct SocketOption(libc::c_int, libc::c_int);

impl SocketOption {
    pub(super) const TIMESTAMPS: Self = Self(libc::SOL_SOCKET, libc::SO_TIMESTAMPNS);
    pub(super) const RECEIVE_BUFFER_FORCED: Self = Self(libc::SOL_SOCKET, libc::SO_RCVBUFFORCE);
    const V4_ERRORS: Self = Self(libc::IPPROTO_IP, libc::IP_RECVERR);
    const V6_ERRORS: Self = Self(libc::IPPROTO_IPV6, libc::IPV6_RECVERR);
    /// `IP_RECVERR_RFC4884` of linux/in.h, since Linux 5.9.
    const V4_EXTENSIONS: Self = Self(libc::IPPROTO_IP, 26);
    /// `IPV6_RECVERR_RFC4884` of linux/in6.h, since Linux 5.9.
    const V6_EXTENSIONS: Self = Self(libc::IPPROTO_IPV6, 31);
    /// Whether the flow label is taken from the address that is sent to.
    pub(super) const V6_FLOW_LABELS: Self = Self(libc::IPPROTO_IPV6, libc::IPV6_FLOWINFO_SEND);
    const V4_RECEIVED_TTL: Self = Self(libc::IPPROTO_IP, libc::IP_RECVTTL);
    const V6_RECEIVED_TTL: Self = Self(libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT);
    const V6_WHOLE: Self = Self(libc::IPPROTO_IPV6, libc::IPV6_DONTFRAG);
    const V4_FRAGMENTATION: Self = Self(libc::IPPROTO_IP, libc::IP_MTU_DISCOVER);
    const V6_FRAGMENTATION: Self = Self(libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER);
    /// Whether binding to an address alone leaves the port for later (`IP_BIND_ADDRESS_NO_PORT` of linux/in.h).
    pub(super) const ADDRESS_WITHOUT_PORT: Self = Self(libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT);
    const V4_LEAVING_BY: Self = Self(libc::IPPROTO_IP, libc::IP_UNICAST_IF);
    const V6_LEAVING_BY: Self = Self(libc::IPPROTO_IPV6, libc::IPV6_UNICAST_IF);
    /// `ICMP_FILTER` of linux/icmp.h at `SOL_RAW`: a set bit keeps messages of that type out.
    const V4_FILTER: Self = Self(255, 1);
    /// `ICMPV6_FILTER` of linux/icmpv6.h: as for IPv4, but 256 bits.
    const V6_FILTER: Self = Self(libc::IPPROTO_ICMPV6, 1);

    /// Whether errors are queued for reading with everything that is known of them.
    pub(super) const fn errors(family: Family) -> Self {
        match family {
            Family::V4 => Self::V4_ERRORS,
            Family::V6 => Self::V6_ERRORS,
        }
    }

    /// Whether queued errors tell where their RFC 4884 extensions begin.
    pub(super) const fn extensions(family: Family) -> Self {
        match family {
            Family::V4 => Self::V4_EXTENSIONS,
            Family::V6 => Self::V6_EXTENSIONS,
        }
    }

    /// Whether the TTL or hop limit of what is received is told.
    pub(super) const fn received_ttl(family: Family) -> Self {
        match family {
            Family::V4 => Self::V4_RECEIVED_TTL,
            Family::V6 => Self::V6_RECEIVED_TTL,
        }
    }

    /// The index, in network order, of the interface that packets leave by.
    pub(super) const fn leaving_by(family: Family) -> Self {
        match family {
            Family::V4 => Self::V4_LEAVING_BY,
            Family::V6 => Self::V6_LEAVING_BY,
        }
    }

    /// What is done with packets larger than the path takes: [`Fragmentation`].
    pub(super) const fn fragmentation(family: Family) -> Self {
        match family {
            Family::V4 => Self::V4_FRAGMENTATION,
            Family::V6 => Self::V6_FRAGMENTATION,
        }
    }

    #[expect(unsafe_code, reason = "neither std nor socket2 read these options")]
    fn get(self, socket: &Socket) -> io::Result<libc::c_int> {
        let Self(level, name) = self;
        let mut value: libc::c_int = 0;
        let mut length =
            libc::socklen_t::try_from(size_of_val(&value)).map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: the kernel writes at most `length` bytes into an integer that is exactly as long, and then their
        // number into `length`.
        let result = unsafe {
            libc::getsockopt(socket.as_raw_fd(), level, name, (&raw mut value).cast(), &raw mut length)
        };
        if result == 0 { Ok(value) } else { Err(io::Error::last_os_error()) }
    }

    pub(super) fn set(self, socket: &Socket, value: libc::c_int) -> io::Result<()> {
        set_words(socket, self, &[value.cast_unsigned()])
    }
}

/// What becomes of a packet that is larger than a link takes (`IP_MTU_DISCOVER`, ip(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fragmentation {
    /// Whoever cannot hand it on whole cuts it.
    Allowed,
    /// Nobody may cut it, and it leaves whatever is known of the path.
    Forbidden,
}

impl Fragmentation {
    pub(super) fn tell(self, socket: &Socket, family: Family) -> io::Result<()> {
        let value = match self {
            Self::Allowed => libc::IP_PMTUDISC_DONT,
            Self::Forbidden => libc::IP_PMTUDISC_PROBE,
        };
        if family == Family::V6 {
            // Where this machine itself would cut.
            SocketOption::V6_WHOLE.set(socket, i32::from(self == Self::Forbidden))?;
        }
        SocketOption::fragmentation(family).set(socket, value)
    }

    /// The same for a connection, where the kernel has no option for leaving in any case.
    pub(super) fn tell_connection(self, socket: &Socket, family: Family) -> io::Result<()> {
        let value = match self {
            Self::Allowed => libc::IP_PMTUDISC_DONT,
            Self::Forbidden => libc::IP_PMTUDISC_DO,
        };
        SocketOption::fragmentation(family).set(socket, value)
    }
}

/// Keeps all ICMP messages but these types out of a raw socket.
pub(super) fn hear_only(socket: &Socket, family: Family, types: &[u8]) -> io::Result<()> {
    let mut blocked = [u32::MAX; 8];
    for kind in types {
        if let Some(word) = blocked.get_mut(usize::from(kind / 32)) {
            *word &= !(1 << (kind % 32));
        }
    }
    match family {
        // This filter knows the first 32 types only and lets the others pass.
        Family::V4 => set_words(socket, SocketOption::V4_FILTER, blocked.get(..1).unwrap_or_default()),
        Family::V6 => set_words(socket, SocketOption::V6_FILTER, &blocked),
    }
}

#[expect(unsafe_code, reason = "neither std nor socket2 set these options")]
fn set_words(socket: &Socket, SocketOption(level, name): SocketOption, words: &[u32]) -> io::Result<()> {
    let length = libc::socklen_t::try_from(size_of_val(words)).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the kernel reads `length` bytes from a slice that is exactly as long, and keeps nothing of it.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, words.as_ptr().cast(), length) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The domain of a family.
pub(super) const fn domain(family: Family) -> Domain {
    match family {
        Family::V4 => Domain::IPV4,
        Family::V6 => Domain::IPV6,
    }
}

/// The number of the ICMP of a family.
pub(super) const fn icmp(family: Family) -> Number {
    match family {
        Family::V4 => Number::ICMPV4,
        Family::V6 => Number::ICMPV6,
    }
}

/// Every address of a family, with a port or echo identifier.
pub(super) fn any(family: Family, number: u16) -> SockAddr {
    match family {
        Family::V4 => SocketAddr::from((Ipv4Addr::UNSPECIFIED, number)).into(),
        Family::V6 => SocketAddr::from((Ipv6Addr::UNSPECIFIED, number)).into(),
    }
}

/// A socket that never blocks.
pub(super) fn open(family: Family, kind: Type, protocol: Number) -> io::Result<Socket> {
    Socket::new_raw(domain(family), kind.nonblocking().cloexec(), Some(protocol))
}

/// Asks for stamps, received TTLs and much room; none of it is worth failing for.
pub(super) fn prepare_to_hear(socket: &Socket, family: Family) {
    /// What a burst of answers from a thousand routers takes.
    const ROOM: libc::c_int = 4 << 20;
    let _ = SocketOption::TIMESTAMPS.set(socket, 1);
    let _ = SocketOption::received_ttl(family).set(socket, 1);
    if SocketOption::RECEIVE_BUFFER_FORCED.set(socket, ROOM).is_err() {
        let _ = socket.set_recv_buffer_size(ROOM.cast_unsigned() as usize);
    }
}

/// Which of a socket's two queues is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    /// What was sent to it.
    Data,
    /// What became of what it sent.
    Errors,
}

/// Something received.
#[derive(Debug)]
pub(super) struct Received<'a> {
    /// What was received; of an error what was quoted.
    pub(super) bytes: &'a [u8],
    /// Who sent it; of an error where the probe was going.
    pub(super) peer: Option<SocketAddr>,
    /// What the kernel told beside it.
    pub(super) told: Told,
}

/// Receives one datagram or error, without waiting for it.
pub(super) fn receive<'a>(socket: &Socket, queue: Queue, buffer: &'a mut [u8]) -> io::Result<Received<'a>> {
    let flags = match queue {
        Queue::Data => libc::MSG_DONTWAIT,
        Queue::Errors => libc::MSG_DONTWAIT | libc::MSG_ERRQUEUE,
    };
    let mut peer = any(Family::V6, 0);
    // An error with its offender takes 64 bytes, a stamp 32, a TTL 24.
    let mut control = [0; 256];
    let (length, told) = {
        let mut parts = [MaybeUninitSlice::new(writable(buffer))];
        let mut message = MsgHdrMut::new()
            .with_addr(&mut peer)
            .with_buffers(&mut parts)
            .with_control(writable(&mut control));
        let length = socket.recvmsg(&mut message, flags)?;
        (length, message.control_len())
    };
    Ok(Received {
        bytes: buffer.get(..length).unwrap_or_default(),
        // Without the flow label that may stand there.
        peer: peer
            .as_socket()
            .filter(|peer| !peer.ip().is_unspecified())
            .map(|peer| SocketAddr::new(peer.ip(), peer.port())),
        told: Told::read(control.get(..told).unwrap_or_default()),
    })
}

#[expect(unsafe_code, reason = "socket2 writes into memory that may be uninitialised; ours never is")]
fn writable(bytes: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: both have the same layout, and `receive` hands this to nobody but `recvmsg`, which only ever
    // stores bytes of the kernel there and so leaves the memory initialised.
    unsafe { &mut *(core::ptr::from_mut(bytes) as *mut [MaybeUninit<u8>]) }
}

/// Sends a packet with control messages.
pub(super) fn send(socket: &Socket, packet: &[u8], to: &SockAddr, orders: &[u8]) -> io::Result<usize> {
    let parts = [IoSlice::new(packet)];
    socket.sendmsg(&MsgHdr::new().with_addr(to).with_buffers(&parts).with_control(orders), 0)
}

/// Waits until one of the sockets has something to read or `timeout` is over. A signal ends it with
/// [`io::ErrorKind::Interrupted`].
#[expect(unsafe_code, reason = "std cannot wait for several sockets")]
pub(super) fn wait(polled: &mut [libc::pollfd], timeout: Duration) -> io::Result<()> {
    let timeout = libc::timespec {
        tv_sec: timeout.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    let count = libc::nfds_t::try_from(polled.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: pointer and count are those of one slice; the kernel writes nothing but its `revents`. The
    // timeout is only read, and a null signal mask leaves the signals as they are.
    let result = unsafe { libc::ppoll(polled.as_mut_ptr(), count, &timeout, core::ptr::null()) };
    if result >= 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// An entry for [`wait`]: data and, unasked, errors.
pub(super) fn polled(socket: &Socket) -> libc::pollfd {
    libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 }
}

/// The same for a connection that is being made: it can be written to once it is.
pub(super) fn polled_until_connected(socket: &Socket) -> libc::pollfd {
    libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN | libc::POLLOUT, revents: 0 }
}

/// How long the SYN of a connection took to be acknowledged, as the kernel measured it (`TCP_INFO`, tcp(7)).
#[expect(unsafe_code, reason = "neither std nor socket2 read this option")]
pub(super) fn handshake_time(socket: &Socket) -> Option<Duration> {
    /// Where `tcpi_rtt` stands in `struct tcp_info` of linux/tcp.h: microseconds, smoothed, which the first
    /// of all measurements is as it is.
    const RTT: usize = 68;
    let mut information = [0_u8; RTT + 4];
    let mut length = libc::socklen_t::try_from(information.len()).ok()?;
    // SAFETY: the kernel writes at most `length` bytes into an array that is exactly as long, and then their
    // number into `length`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            information.as_mut_ptr().cast(),
            &mut length,
        )
    };
    let told = result == 0 && usize::try_from(length).is_ok_and(|length| length >= RTT + 4);
    let microseconds = u32::from_ne_bytes(*information.last_chunk()?);
    (told && microseconds > 0).then(|| Duration::from_micros(microseconds.into()))
}

/// The most bytes a packet may have to reach the peer of a connected socket in one piece, as far as is known here.
pub(super) fn mtu(socket: &Socket, family: Family) -> Option<usize> {
    let option = match family {
        Family::V4 => SocketOption(libc::IPPROTO_IP, libc::IP_MTU),
        Family::V6 => SocketOption(libc::IPPROTO_IPV6, libc::IPV6_MTU),
    };
    usize::try_from(option.get(socket).ok()?).ok()
}

/// Whether the same packet may be sent again in a moment.
pub(super) fn is_busy(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::ENOMEM))
}

/// Takes some flow label for this process alone (`IPV6_FLOWLABEL_MGR` and `struct in6_flowlabel_req` of
/// linux/in6.h).
#[cfg(test)]
pub(super) fn take_flow_label(socket: &Socket) -> io::Result<()> {
    const GET: u8 = 0;
    const EXCLUSIVE: u8 = 1;
    let [create, flags] = 1_u16.to_ne_bytes();
    let orders = u32::from_ne_bytes([GET, EXCLUSIVE, create, flags]);
    // The address is that of the loopback interface; of label 0 the kernel makes one that is free.
    let request = [0, 0, 0, 1_u32.to_be(), 0, orders, 0, 0];
    set_words(socket, SocketOption(libc::IPPROTO_IPV6, 32), &request)
}
