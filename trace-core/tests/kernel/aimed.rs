//! A link with one target: what the tests of links stand on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::thread;
use std::time::Duration;

use trace_core::carrier::Directory;
use trace_core::engine::{Heard, Moment, Probe, ProbeId, TargetIndex};
use trace_core::link::{Attached, Destination, Incoming, Link};
use trace_core::model::{Flow, Mode, Protocol, Protocols, Ttl};
use trace_core::sys;

use crate::lab::{Lab, powerless};

pub(crate) const TARGET: TargetIndex = TargetIndex(3);
pub(crate) const FAMILIES: [u8; 2] = [4, 6];

pub(crate) fn destination(address: IpAddr, protocol: Protocol) -> Destination {
    Destination { flows: 2, ..Destination::new(address, Protocols::One(protocol)) }
}

pub(crate) fn probe(protocol: Protocol, ttl: u8, flow: u16, id: u16) -> Probe {
    Probe {
        target: TARGET,
        protocol,
        ttl: Ttl::new(ttl).expect("a TTL"),
        flow: Flow(flow),
        round: 0,
        id: ProbeId::new(id).expect("an id"),
        off_flow: false,
    }
}

/// A link with a target, and what recognises its answers.
pub(crate) struct Aimed {
    pub(crate) link: Box<dyn Link>,
    pub(crate) attached: Attached,
    directory: Directory,
}

pub(crate) fn aim(mode: Mode, destination: &Destination) -> Aimed {
    let mut link = sys::open(Some(mode)).expect("open a link");
    let attached = link.attach(TARGET, destination).expect("attach a target");
    let mut directory = Directory::new();
    directory.register(TARGET, destination, &attached);
    Aimed { link, attached, directory }
}

impl Aimed {
    pub(crate) fn send(&mut self, probe: Probe) -> Moment {
        self.link.send(&probe).expect("send a probe")
    }

    /// Listens until `count` answers are there, two seconds at most.
    pub(crate) fn hear(&mut self, count: usize) -> Vec<Heard> {
        let until = self.link.now() + Duration::from_secs(2);
        let mut heard = Vec::new();
        while heard.len() < count && self.link.now() < until {
            let mut hear = |incoming: Incoming<'_>| heard.extend(self.directory.recognise(&incoming));
            self.link.receive(until, &mut hear).expect("listen");
        }
        assert_eq!(heard.len(), count, "{heard:#?}");
        heard
    }

    /// Lets time pass without listening.
    pub(crate) fn wait(&self, duration: Duration) {
        let until = self.link.now() + duration;
        while self.link.now() < until {
            thread::park_timeout(until.since(self.link.now()));
        }
    }

    /// What is there now and nobody asked for.
    pub(crate) fn hear_no_more(&mut self) {
        let mut hear = |incoming: Incoming<'_>| {
            assert!(self.directory.recognise(&incoming).is_none(), "not expected: {incoming:?}");
        };
        self.link.receive(Moment::ZERO, &mut hear).expect("listen");
    }
}

/// Runs `body` at the vantage point with the rights that the mode needs, and no others.
pub(crate) fn at_vantage(lab: &Lab, mode: Mode, body: impl FnOnce() + Send) {
    match mode {
        Mode::Raw => lab.vantage().enter(body),
        Mode::Unprivileged => lab.vantage().enter_unprivileged(|| {
            powerless();
            body();
        }),
    }
}

pub(crate) fn loopback(family: u8) -> IpAddr {
    if family == 4 { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() }
}
