use std::collections::HashMap;
use std::io;
use std::net::IpAddr;

use socket2::{Protocol as Number, SockAddr, Socket, Type};

use super::control::Orders;
use super::filter;
use super::identities::{Identities, Needs, Wanted};
use super::notes;
use super::packets::{hear_packets, transmit};
use super::socket::{self, Fragmentation, SocketOption};
use super::way::Way;
use crate::Error;
use crate::carrier;
use crate::engine::{Moment, Probe, ProbeId, TargetIndex};
use crate::link::{Attached, Destination, Incoming, Link, SendFailure};
use crate::model::{Family, Mode, Protocol};
use crate::sys::clock::{SystemClocks, Timekeeper};
use crate::wire::{Headers, Template, fragments};

/// Raw sockets: whole packets out, whole answers in. Needs `CAP_NET_RAW`.
///
/// ICMP, UDP and TCP over both families. The sockets of a family are opened when its first target is attached.
///
/// The port a SYN leaves from is reserved by a TCP socket that never listens. So the kernel resets by itself
/// whatever a target accepts, unless a firewall of this machine forbids it.
///
/// Packets larger than the interface takes are cut here, as nobody else cuts a packet that comes with its IP header;
/// those that may not be cut are refused.
#[derive(Debug)]
pub struct RawLink {
    clock: Timekeeper<SystemClocks>,
    v4: Side,
    v6: Side,
    targets: HashMap<TargetIndex, Aim>,
    /// For [`socket::wait`], in the order of [`Self::ears`].
    polled: Vec<libc::pollfd>,
    ears: Vec<Ear>,
    buffer: Vec<u8>,
}

/// What is needed for one family.
#[derive(Debug)]
struct Side {
    family: Family,
    sender: Option<Socket>,
    listener: Option<Socket>,
    /// Hears TCP once a target is probed with it.
    segments: Option<Socket>,
    identities: Identities,
}

/// A socket that hears.
#[derive(Debug, Clone, Copy)]
enum Ear {
    /// ICMP of a family.
    Icmp(Family),
    /// TCP of a family.
    Tcp(Family),
    /// The UDP socket of an identity.
    Udp(Family, usize),
}

/// An attached target.
#[derive(Debug)]
struct Aim {
    address: IpAddr,
    to: SockAddr,
    orders: Orders,
    /// What a packet may have at most to leave uncut; `None` where it is not known or nothing may be cut.
    mtu: Option<usize>,
    claimed: Vec<usize>,
    protocols: &'static [Protocol],
    /// Protocol by protocol, in each flow by flow.
    templates: Vec<Template>,
}

impl RawLink {
    /// Opens the link.
    ///
    /// # Errors
    ///
    /// [`Error::NotPermitted`] without `CAP_NET_RAW`, [`Error::System`] when it fails for another reason.
    pub fn open() -> Result<Self, Error> {
        let mut link = Self {
            clock: Timekeeper::new(SystemClocks::start()),
            v4: Side::new(Family::V4),
            v6: Side::new(Family::V6),
            targets: HashMap::new(),
            polled: Vec::new(),
            ears: Vec::new(),
            buffer: vec![0; usize::from(u16::MAX) + 1],
        };
        // Whether it is permitted shows now, not when the first target is attached. A machine without IPv4
        // may still have the other family.
        match link.v4.open_sender() {
            Err(Error::System { source, .. }) if is_unsupported(&source) => link.v6.open_sender()?,
            result => result?,
        }
        Ok(link)
    }

    fn side(&mut self, family: Family) -> &mut Side {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }

    fn listen_everywhere(&mut self) {
        self.polled.clear();
        self.ears.clear();
        for side in [&self.v4, &self.v6] {
            if let Some(listener) = &side.listener {
                self.polled.push(socket::polled(listener));
                self.ears.push(Ear::Icmp(side.family));
            }
            if let Some(segments) = &side.segments {
                self.polled.push(socket::polled(segments));
                self.ears.push(Ear::Tcp(side.family));
            }
            for (index, identity) in side.identities.all().iter().enumerate() {
                self.polled.push(socket::polled(&identity.udp));
                self.ears.push(Ear::Udp(side.family, index));
            }
        }
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT))
}

fn open_raw(family: Family, protocol: Number) -> Result<Socket, Error> {
    socket::open(family, Type::RAW, protocol).map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => Error::NotPermitted {
            attempt: "open a raw socket",
            remedy: "give the program the right with `sudo setcap cap_net_raw+ep \"$(command -v trace-cli)\"`, \
                     or do without it: `--mode unprivileged`",
        },
        _ => Error::System { attempt: "open a raw socket", source },
    })
}

impl Side {
    const fn new(family: Family) -> Self {
        let identities = Identities::new(family, Mode::Raw);
        Self { family, sender: None, listener: None, segments: None, identities }
    }

    fn open_sender(&mut self) -> Result<(), Error> {
        if self.sender.is_some() {
            return Ok(());
        }
        let sender = open_raw(self.family, Number::from(libc::IPPROTO_RAW))?;
        let attempt = "send whole IP packets";
        let system = |source| Error::System { attempt, source };
        match self.family {
            Family::V4 => sender.set_header_included_v4(true).map_err(system)?,
            Family::V6 => sender.set_header_included_v6(true).map_err(system)?,
        }
        // Makes the kernel say so when a packet finds no room in the queue of an interface, instead of
        // dropping it in silence. ICMP errors do not come here: no packet of this protocol is ever sent.
        SocketOption::errors(self.family).set(&sender, 1).map_err(system)?;
        // Or the kernel would cut, or refuse, what is larger than a path it has learnt of takes. The flag that
        // forbids routers to cut stands in the packet itself.
        Fragmentation::Forbidden.tell(&sender, self.family).map_err(system)?;
        self.sender = Some(sender);
        Ok(())
    }

    fn open_listener(&mut self) -> Result<(), Error> {
        if self.listener.is_some() {
            return Ok(());
        }
        let listener = open_raw(self.family, socket::icmp(self.family))?;
        // Echo reply, unreachable, too big, time exceeded, parameter problem (RFC 792, RFC 4443).
        let types: &[u8] = match self.family {
            Family::V4 => &[0, 3, 11, 12],
            Family::V6 => &[1, 2, 3, 4, 129],
        };
        socket::hear_only(&listener, self.family, types)
            .map_err(|source| Error::System { attempt: "filter ICMP messages", source })?;
        socket::prepare_to_hear(&listener, self.family);
        self.listener = Some(listener);
        Ok(())
    }

    fn open_segments(&mut self) -> Result<(), Error> {
        if self.segments.is_some() {
            return Ok(());
        }
        let segments = open_raw(self.family, Number::TCP)?;
        // Nothing until there are numbers to listen for: this socket would hear all TCP of this machine.
        let _ = filter::hear_only_segments_to(&segments, self.family, &[]);
        socket::prepare_to_hear(&segments, self.family);
        self.segments = Some(segments);
        Ok(())
    }

    /// Keeps other programs' answers out. If that fails they are read and not recognised.
    fn listen_to_own_answers(&self) {
        if let Some(listener) = &self.listener {
            let _ = filter::hear_only_about(listener, self.family, self.identities.all());
        }
        if let Some(segments) = &self.segments {
            let _ = filter::hear_only_segments_to(segments, self.family, self.identities.all());
        }
    }
}

impl Link for RawLink {
    fn mode(&self) -> Mode {
        Mode::Raw
    }

    fn now(&self) -> Moment {
        self.clock.now()
    }

    fn attach(&mut self, target: TargetIndex, destination: &Destination) -> Result<Attached, Error> {
        self.detach(target);
        let protocols = destination.protocols.list();
        let address = destination.address;
        let family = Family::of(address);
        let now = self.now();
        let port = protocols.first().map_or(0, |protocol| destination.port_of(*protocol));
        let way = Way::find(destination, port, Mode::Raw)?;
        let source = way.source();

        let side = self.side(family);
        side.open_sender()?;
        side.open_listener()?;
        let tcp = protocols.contains(&Protocol::Tcp);
        let deaf = tcp && side.segments.is_none();
        if tcp {
            side.open_segments()?;
        }
        let reserved = side.identities.all().len();
        let needs = Needs { tcp, ..Needs::default() };
        let wanted = Wanted { address, flows: destination.flows, first: destination.source_port, needs };
        let build = |reserved: &Identities, claimed: &[usize]| {
            let identities = super::identities_of(protocols, reserved, claimed);
            let templates = identities.iter().map(|identity| {
                Template::new(&Headers {
                    source,
                    destination: address,
                    protocol: identity.protocol,
                    identity: identity.number,
                    destination_port: destination.port_of(identity.protocol),
                    size: destination.size,
                    tos: destination.tos,
                    flow_label: carrier::label(destination, identity),
                    dont_fragment: destination.dont_fragment,
                })
            });
            let templates = templates.collect::<Result<Vec<_>, _>>()?;
            Ok((identities, templates))
        };
        let claimed = side.identities.claim_for(wanted, now, build);
        if deaf || side.identities.all().len() > reserved {
            side.listen_to_own_answers();
        }
        let (claimed, (identities, templates)) = claimed?;
        let (to, orders) = (way.to(0, 0), way.orders());
        let mtu = way.mtu().filter(|_| !destination.dont_fragment);
        self.targets.insert(target, Aim { address, to, orders, mtu, claimed, protocols, templates });
        self.listen_everywhere();
        Ok(Attached { source, identities, notes: notes::of(destination, Mode::Raw) })
    }

    fn detach(&mut self, target: TargetIndex) {
        let now = self.now();
        if let Some(aim) = self.targets.remove(&target) {
            self.side(Family::of(aim.address)).identities.release(aim.address, &aim.claimed, now);
        }
    }

    fn send(&mut self, probe: &Probe) -> Result<Moment, SendFailure> {
        let aim = self.targets.get_mut(&probe.target).ok_or_else(super::unknown)?;
        let place = super::place(aim.protocols, aim.claimed.len(), probe).ok_or_else(super::unknown)?;
        let template = aim.templates.get_mut(place).ok_or_else(super::unknown)?;
        let side = match Family::of(aim.address) {
            Family::V4 => &self.v4,
            Family::V6 => &self.v6,
        };
        let sender = side.sender.as_ref().ok_or_else(super::unknown)?;
        let packet = template.stamp(probe.ttl, probe.id, probe.off_flow);
        let (clock, buffer) = (&self.clock, self.buffer.as_mut_slice());
        let (to, orders) = (&aim.to, aim.orders.bytes());
        let Some(mtu) = aim.mtu.filter(|mtu| packet.len() > *mtu) else {
            return transmit(sender, packet, to, orders, clock, buffer);
        };
        let pieces = fragments(side.family, packet, mtu, identification(probe)).unwrap_or_default();
        let mut left = None;
        for piece in &pieces {
            let now = transmit(sender, piece, to, orders, clock, buffer)?;
            left.get_or_insert(now);
        }
        left.ok_or_else(|| SendFailure::Refused(io::Error::from_raw_os_error(libc::EMSGSIZE)))
    }

    fn receive(&mut self, until: Moment, hear: &mut dyn FnMut(Incoming<'_>)) -> Result<(), Error> {
        let before = self.clock.read();
        match socket::wait(&mut self.polled, until.since(before.moment())) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(source) => return Err(Error::System { attempt: "wait for answers", source }),
            Ok(()) => {}
        }
        let mut empty = true;
        for (polled, ear) in self.polled.iter().zip(&self.ears) {
            if polled.revents == 0 {
                continue;
            }
            let (Ear::Icmp(family) | Ear::Tcp(family) | Ear::Udp(family, _)) = *ear;
            let side = match family {
                Family::V4 => &self.v4,
                Family::V6 => &self.v6,
            };
            empty &= match *ear {
                Ear::Icmp(_) => match &side.listener {
                    Some(listener) => {
                        hear_packets(listener, Protocol::Icmp, family, &self.clock, &mut self.buffer, hear)
                    }
                    None => true,
                },
                Ear::Tcp(_) => match &side.segments {
                    Some(segments) => {
                        hear_packets(segments, Protocol::Tcp, family, &self.clock, &mut self.buffer, hear)
                    }
                    None => true,
                },
                Ear::Udp(_, index) => match side.identities.get(index) {
                    Some(identity) => super::hear_data(identity, &self.clock, &mut self.buffer, hear),
                    None => true,
                },
            };
        }
        if empty {
            self.clock.quiet_since(before);
        }
        Ok(())
    }
}

/// What tells the pieces of a probe from those of every other to the same target: its protocol, flow and id. Of the
/// first flow it is the id, which IPv4 headers carry anyway.
fn identification(probe: &Probe) -> u32 {
    let protocol = match probe.protocol {
        Protocol::Icmp => 0,
        Protocol::Udp => 1 << 28,
        Protocol::Tcp => 2 << 28,
    };
    protocol | (u32::from(probe.flow.0) * u32::from(ProbeId::COUNT) + u32::from(probe.id.get()))
}

#[cfg(test)]
mod tests;
