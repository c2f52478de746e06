//! The one seam to the outside: something that sends probes and hears answers.
//!
//! Raw sockets, unprivileged sockets and the simulated network are links. A link knows its clock, the
//! addresses and the headers of its packets; it knows nothing of windows, waiting or ends of paths, which
//! are the engine's.
//!
//! A link of one's own stands where the built-in ones do. This one loses every tenth probe of another:
//!
//! ```
//! # #[cfg(feature = "sim")]
//! # fn main() -> Result<(), trace_core::Error> {
//! use std::time::Duration;
//!
//! use trace_core::Error;
//! use trace_core::engine::{Moment, Probe, TargetIndex};
//! use trace_core::link::{Attached, Destination, Incoming, Link, SendFailure};
//! use trace_core::model::{Family, Mode, Protocol, Protocols, Target, Uuid};
//! use trace_core::sim::{Network, SimulatedLink, target};
//! use trace_core::tracer::{Job, Tracer};
//!
//! struct Lossy<L> {
//!     link: L,
//!     probes: u32,
//! }
//!
//! impl<L: Link> Link for Lossy<L> {
//!     fn send(&mut self, probe: &Probe) -> Result<Moment, SendFailure> {
//!         self.probes += 1;
//!         if self.probes % 10 == 0 { Ok(self.now()) } else { self.link.send(probe) }
//!     }
//! #   fn mode(&self) -> Mode { self.link.mode() }
//! #   fn now(&self) -> Moment { self.link.now() }
//! #   fn attach(&mut self, target: TargetIndex, destination: &Destination) -> Result<Attached, Error> {
//! #       self.link.attach(target, destination)
//! #   }
//! #   fn detach(&mut self, target: TargetIndex) { self.link.detach(target) }
//! #   fn receive(&mut self, until: Moment, hear: &mut dyn FnMut(Incoming<'_>)) -> Result<(), Error> {
//! #       self.link.receive(until, hear)
//! #   }
//!     // The rest is as with the other link.
//! }
//!
//! let network = Network::chain(Family::V4, 9, Duration::from_millis(2));
//! let link = Lossy { link: SimulatedLink::new(network, 1, Mode::Raw), probes: 0 };
//! let to = Target::from(target(Family::V4, 1));
//! let trace = Tracer::new(link).run(Job::new(Uuid::from_u128(1), to, Protocols::One(Protocol::Icmp), 0))?;
//! assert!(trace.reached());
//! let probes = trace.hops.iter().flat_map(|hop| &hop.probes);
//! assert!(probes.filter(|probe| probe.reply().is_none()).count() >= 3);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "sim"))]
//! # fn main() {}
//! ```

use std::net::{IpAddr, SocketAddr};

use crate::Error;
use crate::engine::{Moment, Probe, TargetIndex};
use crate::model::{Flow, IcmpType, Mode, Protocol, Protocols, Settings};

/// What a link must know of a target before it can send to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The address probed.
    pub address: IpAddr,
    /// The protocols that will be used.
    pub protocols: Protocols,
    /// How many flows will be used; flows are numbered from 0.
    pub flows: u16,
    /// The destination port for UDP and TCP; `None` for [`Destination::DEFAULT_UDP_PORT`] and
    /// [`Destination::DEFAULT_TCP_PORT`].
    pub port: Option<u16>,
    /// The size of the whole IP packet in bytes; `None` for the smallest that works.
    pub size: Option<u16>,
    /// The type-of-service byte or traffic class.
    pub tos: u8,
    /// The address to leave from; `None` for the one the routing table gives.
    pub source: Option<IpAddr>,
    /// The interface to leave by, and the zone of a link-local address; `None` for the one the routing table
    /// gives.
    pub interface: Option<String>,
    /// The source port of flow 0 for UDP and TCP, and the echo identifier for ICMP; flow n has this plus n.
    /// `None` for numbers that are free.
    pub source_port: Option<u16>,
    /// The IPv6 flow label of flow 0, 20 bits; flow n has this plus n. `None` for one made from the flow.
    pub flow_label: Option<u32>,
    /// Whether IPv4 routers are forbidden to fragment probes; over IPv6 none ever does.
    pub dont_fragment: bool,
    /// The firewall mark of the probes (`SO_MARK`, socket(7)).
    pub mark: Option<u32>,
}

impl Destination {
    /// The first port of the range that traceroute has used since 1987: nobody listens there.
    pub const DEFAULT_UDP_PORT: u16 = 33434;
    /// The port of the web.
    pub const DEFAULT_TCP_PORT: u16 = 80;

    /// A destination probed in one flow, with whatever the link chooses for the rest.
    #[must_use]
    pub const fn new(address: IpAddr, protocols: Protocols) -> Self {
        Self {
            address,
            protocols,
            flows: 1,
            port: None,
            size: None,
            tos: 0,
            source: None,
            interface: None,
            source_port: None,
            flow_label: None,
            dont_fragment: false,
            mark: None,
        }
    }

    /// A destination as the settings of a measurement want it.
    #[must_use]
    pub fn of(address: IpAddr, protocols: Protocols, settings: &Settings) -> Self {
        Self {
            flows: settings.flows.max(1),
            port: settings.port,
            size: settings.size,
            tos: settings.tos,
            source: settings.source,
            interface: settings.interface.clone(),
            source_port: settings.source_port,
            flow_label: settings.flow_label,
            dont_fragment: settings.dont_fragment,
            mark: settings.mark,
            ..Self::new(address, protocols)
        }
    }

    /// The port probes of `protocol` are sent to; ICMP has none and gets 0.
    #[must_use]
    pub fn port_of(&self, protocol: Protocol) -> u16 {
        match protocol {
            Protocol::Icmp => 0,
            Protocol::Udp => self.port.unwrap_or(Self::DEFAULT_UDP_PORT),
            Protocol::Tcp => self.port.unwrap_or(Self::DEFAULT_TCP_PORT),
        }
    }
}

/// How a link tells the probes of one flow from everything else: a number that no other socket of this
/// machine has, used as source port (UDP, TCP) or echo identifier (ICMP).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity {
    /// The protocol it holds for.
    pub protocol: Protocol,
    /// The flow it holds for.
    pub flow: Flow,
    /// Source port or echo identifier.
    pub number: u16,
}

/// What a link answers when a target is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// The address the probes will leave from.
    pub source: IpAddr,
    /// The identity of every protocol and flow.
    pub identities: Vec<Identity>,
    /// What this link cannot keep for this target, in sentences for a person: a protocol that had to be
    /// replaced, a flow that cannot be held.
    pub notes: Vec<String>,
}

/// Something heard. Bytes are borrowed from the link until the callback returns.
#[derive(Debug)]
pub enum Incoming<'a> {
    /// A packet, from its transport header on: the IP header is gone for both families.
    Packet {
        /// The protocol of the packet itself.
        protocol: Protocol,
        /// Who sent it.
        from: IpAddr,
        /// ICMP, UDP or TCP header and what follows.
        bytes: &'a [u8],
        /// The TTL or hop limit it arrived with.
        reply_ttl: Option<u8>,
        /// When it arrived.
        at: Moment,
    },
    /// An entry of a socket's error queue: the kernel has read the ICMP message and hands over its parts.
    Error {
        /// Who sent the ICMP message.
        offender: IpAddr,
        /// Its type and code.
        icmp: IcmpType,
        /// The protocol of the probe.
        protocol: Protocol,
        /// Where the probe was going; port 0 for ICMP.
        destination: SocketAddr,
        /// Source port or echo identifier of the flow.
        identity: u16,
        /// The probe, where its socket carried no other (unprivileged TCP, whose sequence numbers are the
        /// kernel's): then nothing that was quoted need tell. `None` where the quoted bytes name it.
        probe: Option<Probe>,
        /// What was quoted of the probe: from the payload on for UDP, from the header on for ICMP and TCP.
        /// May be empty.
        quoted: &'a [u8],
        /// The RFC 4884 extension structure, where the kernel hands it over; else empty.
        extensions: &'a [u8],
        /// The TTL or hop limit the message arrived with.
        reply_ttl: Option<u8>,
        /// When it arrived.
        at: Moment,
    },
    /// A datagram from a UDP service at the target. Only its ports tell what it answers.
    Data {
        /// Who sent it, and from which port.
        from: SocketAddr,
        /// The local port it came to.
        identity: u16,
        /// The TTL or hop limit it arrived with.
        reply_ttl: Option<u8>,
        /// When it arrived.
        at: Moment,
    },
    /// An unprivileged TCP probe was accepted.
    Connected {
        /// The probe.
        probe: Probe,
        /// The TTL or hop limit the answer arrived with; `None` from real sockets, which do not tell.
        reply_ttl: Option<u8>,
        /// When it arrived.
        at: Moment,
    },
    /// An unprivileged TCP probe was refused by the target.
    Refused {
        /// The probe.
        probe: Probe,
        /// The TTL or hop limit the answer arrived with; `None` from real sockets, which do not tell.
        reply_ttl: Option<u8>,
        /// When it arrived.
        at: Moment,
    },
    /// A probe turned out, after [`Link::send`] had accepted it, not to have left.
    SendFailed {
        /// The probe.
        probe: Probe,
        /// What the system said.
        cause: String,
    },
}

/// Why a probe did not leave.
#[derive(Debug)]
pub enum SendFailure {
    /// The socket's buffer is full (`EAGAIN`, `ENOBUFS`), or as many sockets are open as may be: the same
    /// probe may be sent again in a moment.
    Busy,
    /// The system refused it: no route, not permitted, interface gone.
    Refused(std::io::Error),
}

/// Sends probes and hears answers. The only seam between the engine and the outside.
pub trait Link {
    /// How this link sends.
    fn mode(&self) -> Mode;

    /// The time on this link's clock.
    fn now(&self) -> Moment;

    /// Prepares for probes to a target: opens what is needed and reserves identities that no other process
    /// and no other target with the same address shares.
    ///
    /// # Errors
    ///
    /// No route, not permitted, no protocol or family of this kind.
    fn attach(&mut self, target: TargetIndex, destination: &Destination) -> Result<Attached, Error>;

    /// Forgets a target whose trace is finished; its identities may be used again.
    fn detach(&mut self, target: TargetIndex);

    /// Sends one probe now and tells when it left.
    ///
    /// An ICMP error that is pending on a socket makes the kernel fail the next send with that error without
    /// sending the packet; a link clears such errors (keeping what they say for [`Link::receive`]) and sends
    /// again before it reports a failure.
    ///
    /// # Errors
    ///
    /// The probe did not leave; see [`SendFailure`].
    fn send(&mut self, probe: &Probe) -> Result<Moment, SendFailure>;

    /// Waits until something is heard, `until` has come or a signal arrives, and hands over everything that
    /// is there. Returns at once if something is there already; `until` in the past only looks. It may return
    /// earlier with nothing heard, when the link has something of its own to do.
    ///
    /// # Errors
    ///
    /// The sockets cannot be read at all.
    fn receive(&mut self, until: Moment, hear: &mut dyn FnMut(Incoming<'_>)) -> Result<(), Error>;
}

impl<L: Link + ?Sized> Link for Box<L> {
    fn mode(&self) -> Mode {
        (**self).mode()
    }

    fn now(&self) -> Moment {
        (**self).now()
    }

    fn attach(&mut self, target: TargetIndex, destination: &Destination) -> Result<Attached, Error> {
        (**self).attach(target, destination)
    }

    fn detach(&mut self, target: TargetIndex) {
        (**self).detach(target);
    }

    fn send(&mut self, probe: &Probe) -> Result<Moment, SendFailure> {
        (**self).send(probe)
    }

    fn receive(&mut self, until: Moment, hear: &mut dyn FnMut(Incoming<'_>)) -> Result<(), Error> {
        (**self).receive(until, hear)
    }
}
