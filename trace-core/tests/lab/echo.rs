//! Whether addresses answer yet.

use std::collections::HashSet;
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// How long answers are waited for before the request is sent again.
const PATIENCE: Duration = Duration::from_millis(20);

/// Waits until all these addresses answer an ICMP echo request. Links and addresses are usable later than when
/// `ip` says done, and no file of the kernel tells when.
pub(super) fn until_answered(addresses: &[IpAddr]) {
    let v4 = addresses.iter().copied().filter(IpAddr::is_ipv4).collect();
    let v6 = addresses.iter().copied().filter(IpAddr::is_ipv6).collect();
    // Type, code, checksum, identifier 0, sequence 1 (RFC 792, RFC 4443); over IPv6 the kernel writes the checksum.
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4));
    until_all_answered(v4, &[8, 0, 0xf7, 0xfe, 0, 0, 0, 1], socket);
    let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6));
    until_all_answered(v6, &[128, 0, 0, 0, 0, 0, 0, 1], socket);
}

fn until_all_answered(mut missing: HashSet<IpAddr>, request: &[u8], socket: std::io::Result<Socket>) {
    let socket = socket.expect("open a raw socket");
    socket.set_read_timeout(Some(PATIENCE)).expect("limit the wait for an answer");
    for _ in 0..500 {
        if missing.is_empty() {
            return;
        }
        for address in &missing {
            // No route yet is as good as no answer.
            let _ = socket.send_to(request, &SocketAddr::new(*address, 0).into());
        }
        let mut buffer = [MaybeUninit::uninit(); 64];
        while !missing.is_empty()
            && let Ok((_, from)) = socket.recv_from(&mut buffer)
        {
            missing.retain(|address| Some(*address) != from.as_socket().map(|from| from.ip()));
        }
    }
    panic!("no answer from {missing:?}: the laboratory does not stand");
}
