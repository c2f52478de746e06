pub(super) mod sockets;

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;

use socket2::SockAddr;

use self::sockets::{Sockets, is_unsupported};
use super::control::Orders;
use super::identities::{Identities, Needs, Wanted};
use super::notes;
use super::packets::{hear_packets, transmit};
use super::reserve;
use super::socket;
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
/// ICMP, UDP and TCP over both families. The sockets of a family are opened when its first target is attached, or come
/// from those that were opened first ([`super::super::open_first`]), to which they go back.
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
    /// Whether the sockets are those that were opened first.
    lent: bool,
}

/// What is needed for one family.
#[derive(Debug)]
struct Side {
    sockets: Sockets,
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
        let reserve = reserve::take();
        let lent = reserve.is_some();
        let [v4, v6] = reserve.unwrap_or_else(|| [Family::V4, Family::V6].map(Sockets::none));
        let mut link = Self {
            clock: Timekeeper::new(SystemClocks::start()),
            v4: Side::new(v4),
            v6: Side::new(v6),
            targets: HashMap::new(),
            polled: Vec::new(),
            ears: Vec::new(),
            buffer: vec![0; usize::from(u16::MAX) + 1],
            lent,
        };
        // Whether it is permitted shows now, not when the first target is attached. A machine without IPv4
        // may still have the other family.
        match link.v4.sockets.open_sender() {
            Err(Error::System { source, .. }) if is_unsupported(&source) => link.v6.sockets.open_sender()?,
            // Not for want of rights: they were there, and others have what was opened with them.
            Err(Error::NotPermitted { attempt, .. }) if reserve::is_lent_out() => {
                return Err(Error::System { attempt, source: io::ErrorKind::ResourceBusy.into() });
            }
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
            if let Some(listener) = &side.sockets.listener {
                self.polled.push(socket::polled(listener));
                self.ears.push(Ear::Icmp(side.family()));
            }
            if let Some(segments) = &side.sockets.segments {
                self.polled.push(socket::polled(segments));
                self.ears.push(Ear::Tcp(side.family()));
            }
            for (index, identity) in side.identities.all().iter().enumerate() {
                self.polled.push(socket::polled(&identity.udp));
                self.ears.push(Ear::Udp(side.family(), index));
            }
        }
    }
}

impl Side {
    const fn new(sockets: Sockets) -> Self {
        let identities = Identities::new(sockets.family, Mode::Raw);
        Self { sockets, identities }
    }

    const fn family(&self) -> Family {
        self.sockets.family
    }
}

impl Drop for RawLink {
    fn drop(&mut self) {
        if self.lent {
            let sides = [&mut self.v4, &mut self.v6];
            let sockets = sides.map(|side| {
                let family = side.family();
                core::mem::replace(&mut side.sockets, Sockets::none(family))
            });
            reserve::give_back(sockets);
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
        side.sockets.open_sender()?;
        side.sockets.open_listener()?;
        let tcp = protocols.contains(&Protocol::Tcp);
        let deaf = tcp && side.sockets.segments.is_none();
        if tcp {
            side.sockets.open_segments()?;
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
            side.sockets.hear_only(side.identities.all());
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
        let sender = side.sockets.sender.as_ref().ok_or_else(super::unknown)?;
        let packet = template.stamp(probe.ttl, probe.id, probe.off_flow);
        let (clock, buffer) = (&self.clock, self.buffer.as_mut_slice());
        let (to, orders) = (&aim.to, aim.orders.bytes());
        let Some(mtu) = aim.mtu.filter(|mtu| packet.len() > *mtu) else {
            return transmit(sender, packet, to, orders, clock, buffer);
        };
        let pieces = fragments(side.family(), packet, mtu, identification(probe)).unwrap_or_default();
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
                Ear::Icmp(_) => match &side.sockets.listener {
                    Some(listener) => {
                        hear_packets(listener, Protocol::Icmp, family, &self.clock, &mut self.buffer, hear)
                    }
                    None => true,
                },
                Ear::Tcp(_) => match &side.sockets.segments {
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
