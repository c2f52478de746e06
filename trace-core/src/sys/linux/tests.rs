//! Tests of both links that need no permission: they send to the loopback interface only.

use core::time::Duration;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use crate::carrier::Directory;
use crate::engine::{Heard, Moment, Probe, ProbeId, TargetIndex};
use crate::link::{Destination, Link};
use crate::model::{Flow, Protocol, Protocols, Ttl};

/// The only target of these tests.
pub(super) const TARGET: TargetIndex = TargetIndex(0);

/// The loopback addresses there are. Most machines have both; one without IPv6 says so.
pub(super) fn loopbacks() -> Vec<IpAddr> {
    let mut addresses = vec![IpAddr::from(Ipv4Addr::LOCALHOST)];
    match UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)) {
        Ok(_) => addresses.push(Ipv6Addr::LOCALHOST.into()),
        Err(error) => skip(&format!("no IPv6 ({error}): sysctl -w net.ipv6.conf.lo.disable_ipv6=0")),
    }
    addresses
}

/// Says that something was not tested, and why.
pub(super) fn skip(why: &str) {
    assert!(std::env::var_os("TRACE_REQUIRE_ALL").is_none_or(|all| all != "1"), "may not be skipped: {why}");
    writeln!(std::io::stderr(), "SKIPPED: {why}").unwrap();
}

/// A UDP port where nobody listens: it was free a moment ago.
pub(super) fn closed_port(address: IpAddr) -> u16 {
    UdpSocket::bind((address, 0)).unwrap().local_addr().unwrap().port()
}

pub(super) fn destination(address: IpAddr, protocol: Protocol, port: u16) -> Destination {
    Destination { flows: 2, port: Some(port), ..Destination::new(address, Protocols::One(protocol)) }
}

pub(super) fn probe(protocol: Protocol, flow: u16, id: u16) -> Probe {
    Probe {
        target: TARGET,
        protocol,
        ttl: Ttl::new(9).unwrap(),
        flow: Flow(flow),
        round: 0,
        id: ProbeId::new(id).unwrap(),
        off_flow: false,
    }
}

/// Listens until `count` answers have been recognised, two seconds at most.
pub(super) fn hear(link: &mut impl Link, directory: &Directory, count: usize) -> Vec<Heard> {
    let until = link.now() + Duration::from_secs(2);
    let mut heard = Vec::new();
    while heard.len() < count && link.now() < until {
        link.receive(until, &mut |incoming| heard.extend(directory.recognise(&incoming))).unwrap();
    }
    heard
}

/// Asserts that nothing more is there.
pub(super) fn hear_nothing(link: &mut impl Link) {
    link.receive(Moment::ZERO, &mut |incoming| panic!("nothing was expected: {incoming:?}")).unwrap();
}

#[test]
fn only_a_full_queue_is_worth_another_try() {
    for (errno, busy) in [
        (libc::EAGAIN, true),
        (libc::ENOBUFS, true),
        (libc::ENOMEM, true),
        (libc::EPERM, false),
        (libc::ENETUNREACH, false),
        (libc::EHOSTUNREACH, false),
        (libc::ECONNREFUSED, false),
        (libc::EMSGSIZE, false),
    ] {
        assert_eq!(super::socket::is_busy(&std::io::Error::from_raw_os_error(errno)), busy, "{errno}");
    }
}
