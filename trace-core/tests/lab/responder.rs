//! A router that answers in words of its own where the kernel would say "time exceeded".

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, Protocol, Socket, Type};

use super::{Node, nft, relay};

/// Answers for a router until it is dropped.
#[derive(Debug)]
pub(crate) struct Responder {
    thread: Option<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Responder {
    /// Answers every packet whose TTL ends at `node` with the ICMP messages, from type to end, that `answer` makes of
    /// its family and its bytes; the kernel keeps silent. Checksums are filled in. `None`, and a word on stderr,
    /// where a program is missing.
    pub(crate) fn start(node: &Node, answer: impl Fn(u8, &[u8]) -> Vec<u8> + Send + 'static) -> Option<Self> {
        let rules = "table inet responder { chain in { type filter hook prerouting priority -300; \
                     iifname left ip ttl 1 drop; iifname left ip6 hoplimit 1 drop; }; }";
        nft(node, rules).then_some(())?;
        let (tap, v4, v6) = node.enter(|| {
            let tap = relay::open(&["left".to_owned()]).remove(0);
            let raw =
                |domain, protocol| Socket::new(domain, Type::RAW, Some(protocol)).expect("open a raw socket");
            (tap, raw(Domain::IPV4, Protocol::ICMPV4), raw(Domain::IPV6, Protocol::ICMPV6))
        });
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                hear(&tap, &v4, &v6, &answer);
            }
        });
        Some(Self { thread: Some(thread), stop })
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

fn hear(tap: &OwnedFd, v4: &Socket, v6: &Socket, answer: &dyn Fn(u8, &[u8]) -> Vec<u8>) {
    const ETHERNET: usize = 14;
    let mut polled = [PollFd::new(tap.as_fd(), PollFlags::POLLIN)];
    let _ = poll(&mut polled, PollTimeout::from(20_u16));
    let mut buffer = [0; 4096];
    while let Ok(length) = recv(tap.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
        let packet = &buffer[ETHERNET.min(length)..length];
        let expired: Option<(u8, IpAddr)> = match packet {
            [0x45, _, _, _, _, _, _, _, 1, _, _, _, a, b, c, d, ..] => Some((4, [*a, *b, *c, *d].into())),
            [first, _, _, _, _, _, _, 1, source @ ..] if first >> 4 == 6 && source.len() >= 32 => {
                Some((6, <[u8; 16]>::try_from(&source[..16]).expect("sixteen bytes").into()))
            }
            _ => None,
        };
        let Some((family, source)) = expired else { continue };
        let mut message = answer(family, packet);
        let to = SocketAddr::new(source, 0).into();
        if family == 4 {
            let sum = checksum(&message);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        // Over IPv6 the kernel writes the checksum.
        let _ = if family == 4 { v4 } else { v6 }.send_to(&message, &to);
    }
}

/// The Internet checksum (RFC 1071).
pub(crate) fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 =
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("sixteen bits")
}
