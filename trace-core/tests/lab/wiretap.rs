//! What really passes an interface.

use std::net::IpAddr;
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::sys::socket::{MsgFlags, recv};

use super::Node;
use super::relay;

/// Hears every packet at an interface from now on.
#[derive(Debug)]
pub(crate) struct Wiretap {
    socket: OwnedFd,
}

/// An IP packet that was seen, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The packet from its IP header on.
    pub(crate) bytes: Vec<u8>,
}

impl Wiretap {
    pub(crate) fn on(node: &Node, interface: &str) -> Self {
        let socket = node.enter(|| relay::open(&[interface.to_owned()])).remove(0);
        Self { socket }
    }

    /// The packets to an address that have passed since this was last asked, in their order.
    pub(crate) fn packets_to(&self, address: IpAddr) -> Vec<Seen> {
        const ETHERNET: usize = 14;
        let mut buffer = vec![0; 70_000];
        let mut packets = Vec::new();
        while let Ok(length) = recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            let seen = Seen { bytes: buffer[ETHERNET.min(length)..length].to_vec() };
            if seen.version().is_some() && seen.destination() == address {
                packets.push(seen);
            }
        }
        packets
    }
}

impl Seen {
    fn version(&self) -> Option<u8> {
        match (self.bytes.first().map(|byte| byte >> 4), self.bytes.len()) {
            (Some(4), 20..) => Some(4),
            (Some(6), 40..) => Some(6),
            _ => None,
        }
    }

    fn is_v4(&self) -> bool {
        self.version() == Some(4)
    }

    fn address(&self, v4: usize, v6: usize) -> IpAddr {
        if self.is_v4() {
            <[u8; 4]>::try_from(&self.bytes[v4..v4 + 4]).expect("four bytes").into()
        } else {
            <[u8; 16]>::try_from(&self.bytes[v6..v6 + 16]).expect("sixteen bytes").into()
        }
    }

    pub(crate) fn source(&self) -> IpAddr {
        self.address(12, 8)
    }

    pub(crate) fn destination(&self) -> IpAddr {
        self.address(16, 24)
    }

    /// The number of the protocol: 1, 58, 6 or 17.
    pub(crate) fn protocol(&self) -> u8 {
        self.bytes[if self.is_v4() { 9 } else { 6 }]
    }

    pub(crate) fn ttl(&self) -> u8 {
        self.bytes[if self.is_v4() { 8 } else { 7 }]
    }

    /// Type of service or traffic class.
    pub(crate) fn tos(&self) -> u8 {
        if self.is_v4() { self.bytes[1] } else { (self.bytes[0] << 4) | (self.bytes[1] >> 4) }
    }

    /// Whether the IPv4 header forbids routers to fragment the packet.
    pub(crate) fn dont_fragment(&self) -> bool {
        self.is_v4() && self.bytes[6] & 0x40 != 0
    }

    pub(crate) fn flow_label(&self) -> Option<u32> {
        let [_, b, c, d, ..] = *self.bytes else { return None };
        (!self.is_v4()).then(|| u32::from_be_bytes([0, b & 0x0f, c, d]))
    }

    /// What stands behind the IP header.
    pub(crate) fn transport(&self) -> &[u8] {
        &self.bytes[if self.is_v4() { 20 } else { 40 }..]
    }

    /// Source port, or the identifier of an echo request.
    pub(crate) fn identity(&self) -> u16 {
        let at = if matches!(self.protocol(), 1 | 58) { 4 } else { 0 };
        u16::from_be_bytes([self.transport()[at], self.transport()[at + 1]])
    }
}
