use core::time::Duration;
use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::net::SocketAddr;

use socket2::{MsgHdr, SockAddr, Socket, Type};

use super::connections::{Connections, Departure};
use super::control::Orders;
use super::error_queue::{Backlog, Owner, hear_errors, keep_errors, send_in_spite_of_errors};
use super::identities::{Identities, Needs, Wanted, not_pinging};
use super::kernel;
use super::notes;
use super::socket::{self, Fragmentation, Queue};
use super::way::Way;
use crate::Error;
use crate::carrier::{self, Payload};
use crate::engine::{Moment, Probe, TargetIndex};
use crate::link::{Attached, Destination, Incoming, Link, SendFailure};
use crate::model::{Family, Mode, Protocol};
use crate::sys::clock::{SystemClocks, Timekeeper};

/// Ordinary sockets and their error queues: needs no capability and no permission.
///
/// UDP and TCP over both families; ICMP where `net.ipv4.ping_group_range` holds the user's group
/// ([`can_ping`]). A TCP probe is a connection that is attempted; at most 256 are under way at once, each is
/// given up after 0.95 seconds, and one that was made is reset.
#[derive(Debug)]
pub struct UnprivilegedLink {
    clock: Timekeeper<SystemClocks>,
    v4: Identities,
    v6: Identities,
    targets: HashMap<TargetIndex, Aim>,
    /// What was read while sending.
    backlog: Backlog,
    connections: Connections,
    /// For [`socket::wait`], in the order of [`Self::ears`]; behind them the connections.
    polled: Vec<libc::pollfd>,
    ears: Vec<Ear>,
    buffer: Vec<u8>,
}

/// A socket that hears.
#[derive(Debug, Clone, Copy)]
struct Ear {
    family: Family,
    identity: usize,
    protocol: Protocol,
}

/// An attached target.
#[derive(Debug)]
struct Aim {
    way: Way,
    orders: Orders,
    tos: u8,
    fragmentation: Fragmentation,
    /// Whether the user chose the flow labels: then they are not given up.
    labelled: bool,
    claimed: Vec<usize>,
    protocols: &'static [Protocol],
    /// Protocol by protocol, in each flow by flow.
    lanes: Vec<Lane>,
}

/// What the probes of one protocol and flow have in common.
#[derive(Debug)]
struct Lane {
    payload: Payload,
    port: u16,
    /// The flow label, which travels to the kernel with the address; 0 leaves the choice to the kernel.
    label: u32,
    to: SockAddr,
}

/// Whether this process may send echo requests over `family` without raw sockets: its group lies in
/// `net.ipv4.ping_group_range`, which holds for both families.
#[must_use]
pub fn can_ping(family: Family) -> bool {
    socket::open(family, Type::DGRAM, socket::icmp(family)).is_ok()
}

impl UnprivilegedLink {
    /// Opens the link. No socket is opened before a target is attached.
    ///
    /// # Errors
    ///
    /// None on Linux.
    pub fn open() -> Result<Self, Error> {
        Ok(Self {
            clock: Timekeeper::new(SystemClocks::start()),
            v4: Identities::new(Family::V4, Mode::Unprivileged),
            v6: Identities::new(Family::V6, Mode::Unprivileged),
            targets: HashMap::new(),
            backlog: Backlog::default(),
            connections: Connections::default(),
            polled: Vec::new(),
            ears: Vec::new(),
            buffer: vec![0; usize::from(u16::MAX) + 1],
        })
    }

    fn identities(&mut self, family: Family) -> &mut Identities {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }

    fn listen_everywhere(&mut self) {
        self.polled.clear();
        self.ears.clear();
        for (family, identities) in [(Family::V4, &self.v4), (Family::V6, &self.v6)] {
            for (identity, reserved) in identities.all().iter().enumerate() {
                self.polled.push(socket::polled(&reserved.udp));
                self.ears.push(Ear { family, identity, protocol: Protocol::Udp });
                if let Some(ping) = &reserved.ping {
                    self.polled.push(socket::polled(ping));
                    self.ears.push(Ear { family, identity, protocol: Protocol::Icmp });
                }
            }
        }
    }

    fn send_once(&mut self, probe: &Probe) -> Result<Moment, SendFailure> {
        let Self { clock, v4, v6, targets, backlog, connections, buffer, .. } = self;
        let aim = targets.get_mut(&probe.target).ok_or_else(super::unknown)?;
        let family = aim.way.family();
        let identities = match family {
            Family::V4 => v4,
            Family::V6 => v6,
        };
        let place = super::place(aim.protocols, aim.claimed.len(), probe).ok_or_else(super::unknown)?;
        let claimed = aim.claimed.get(usize::from(probe.flow.0)).ok_or_else(super::unknown)?;
        let identity = identities.get_mut(*claimed).ok_or_else(super::unknown)?;
        let Lane { payload, port, label, to } = aim.lanes.get_mut(place).ok_or_else(super::unknown)?;
        if probe.protocol == Protocol::Tcp {
            let (tos, fragmentation) = (aim.tos, aim.fragmentation);
            let departure = Departure { way: &aim.way, to, tos, fragmentation, identity: identity.number };
            return connections.attempt(probe, &departure, clock);
        }
        identity.fragment(family, aim.fragmentation).map_err(SendFailure::Refused)?;
        let payload = payload.stamp(probe.ttl, probe.id);

        let own_port;
        let to = if probe.off_flow && probe.protocol == Protocol::Udp {
            own_port = aim.way.to(carrier::off_flow_port(*port, probe.id), *label);
            &own_port
        } else {
            to
        };
        let orders = aim.orders.hops(family, probe.ttl.get(), aim.tos);
        let (socket, orders) = match (probe.protocol, &identity.ping) {
            (Protocol::Icmp, Some(ping)) if family == Family::V6 => {
                // Before Linux 5.18 these sockets pass over control messages without a word.
                let told = (probe.ttl.get(), aim.tos);
                if identity.told != told {
                    tell_hops(ping, identity.told, told).map_err(SendFailure::Refused)?;
                    identity.told = told;
                }
                (ping, aim.orders.bytes())
            }
            (Protocol::Icmp, Some(ping)) => (ping, orders.bytes()),
            (Protocol::Icmp, None) => return Err(super::unknown()),
            (Protocol::Udp | Protocol::Tcp, _) => (&identity.udp, orders.bytes()),
        };
        let owner = Owner { protocol: probe.protocol, identity: identity.number, probe: None };
        let parts = [IoSlice::new(payload)];
        let message = MsgHdr::new().with_addr(to).with_buffers(&parts).with_control(orders);
        send_in_spite_of_errors(socket, &message, clock, || {
            keep_errors(socket, owner, clock, buffer, backlog)
        })
    }

    /// Leaves the flow label of a probe's flow to the kernel, unless the user chose it.
    fn give_up_label(&mut self, probe: &Probe) -> Label {
        let Some(aim) = self.targets.get_mut(&probe.target) else { return Label::None };
        let place = super::place(aim.protocols, aim.claimed.len(), probe);
        let Some(lane) = place.and_then(|place| aim.lanes.get_mut(place)) else { return Label::None };
        if lane.to.as_socket().is_none_or(|to| flow_information(to) == 0) {
            return Label::None;
        }
        if aim.labelled {
            return Label::Chosen;
        }
        lane.label = 0;
        lane.to = aim.way.to(lane.port, 0);
        Label::GivenUp
    }
}

/// What became of the flow label of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    /// There was none.
    None,
    /// The user chose it, and it stays.
    Chosen,
    /// The kernel chooses another.
    GivenUp,
}

impl Link for UnprivilegedLink {
    fn mode(&self) -> Mode {
        Mode::Unprivileged
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
        let ping = protocols.contains(&Protocol::Icmp);
        if ping {
            // Before a port is taken: it is the likeliest thing to be forbidden.
            socket::open(family, Type::DGRAM, socket::icmp(family)).map_err(not_pinging)?;
        }
        let port = protocols.last().map_or(0, |protocol| destination.port_of(*protocol));
        let way = Way::find(destination, port, Mode::Unprivileged)?;
        if ping && family == Family::V6 && way.has_interface_or_mark() {
            kernel::heeds_orders_for_echo_requests()?;
        }
        let source = way.source();
        let size = destination.size;
        let build = |reserved: &Identities, claimed: &[usize]| {
            let identities = super::identities_of(protocols, reserved, claimed);
            let lanes = identities.iter().map(|identity| {
                let payload = Payload::new(identity.protocol, family, identity.number, size)?;
                let label = carrier::label(destination, identity);
                let port = destination.port_of(identity.protocol);
                Ok(Lane { payload, port, label, to: way.to(port, label) })
            });
            let lanes = lanes.collect::<Result<Vec<_>, Error>>()?;
            Ok((identities, lanes))
        };
        let reserved = self.identities(family);
        let needs = Needs { ping, echo_source: way.echo_source(), tcp: false };
        let wanted = Wanted { address, flows: destination.flows, first: destination.source_port, needs };
        let (claimed, (identities, lanes)) = reserved.claim_for(wanted, now, build)?;
        let fragmentation = match destination.dont_fragment {
            true => Fragmentation::Forbidden,
            false => Fragmentation::Allowed,
        };
        let (tos, orders, labelled) = (destination.tos, way.orders(), destination.flow_label.is_some());
        self.targets
            .insert(target, Aim { way, orders, tos, fragmentation, labelled, claimed, protocols, lanes });
        self.listen_everywhere();
        Ok(Attached { source, identities, notes: notes::of(destination, Mode::Unprivileged) })
    }

    fn detach(&mut self, target: TargetIndex) {
        let now = self.now();
        self.connections.forget(target);
        if let Some(aim) = self.targets.remove(&target) {
            let address = aim.way.address();
            self.identities(Family::of(address)).release(address, &aim.claimed, now);
        }
    }

    fn send(&mut self, probe: &Probe) -> Result<Moment, SendFailure> {
        match self.send_once(probe) {
            // Somebody on this machine has taken a flow label for himself alone, and since then the kernel
            // wants to be asked for each. It chooses one itself, then, which is as constant.
            Err(SendFailure::Refused(error)) if error.raw_os_error() == Some(libc::EINVAL) => {
                match self.give_up_label(probe) {
                    Label::GivenUp => self.send_once(probe),
                    Label::Chosen => Err(SendFailure::Refused(io::Error::new(
                        io::ErrorKind::InvalidInput,
                        "the flow label asked for is refused: another program keeps flow labels for itself",
                    ))),
                    Label::None => Err(SendFailure::Refused(error)),
                }
            }
            sent => sent,
        }
    }

    fn receive(&mut self, until: Moment, hear: &mut dyn FnMut(Incoming<'_>)) -> Result<(), Error> {
        let before = self.clock.read();
        let timeout = if self.backlog.is_empty() { until.since(before.moment()) } else { Duration::ZERO };
        self.backlog.deliver(hear);
        // An attempt that is given up is reason enough to wake: its socket is closed before the kernel
        // repeats the SYN.
        let timeout = match self.connections.deadline() {
            Some(deadline) => timeout.min(deadline.since(before.moment())),
            None => timeout,
        };
        self.polled.truncate(self.ears.len());
        self.connections.listen(&mut self.polled);
        match socket::wait(&mut self.polled, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(source) => return Err(Error::System { attempt: "wait for answers", source }),
            Ok(()) => {}
        }
        let mut empty = true;
        for (polled, ear) in self.polled.iter().zip(&self.ears) {
            let identities = match ear.family {
                Family::V4 => &self.v4,
                Family::V6 => &self.v6,
            };
            let Some(identity) = identities.get(ear.identity) else { continue };
            let owner = Owner { protocol: ear.protocol, identity: identity.number, probe: None };
            let (clock, buffer) = (&self.clock, self.buffer.as_mut_slice());
            let socket = match (ear.protocol, &identity.ping) {
                (Protocol::Icmp, Some(ping)) => ping,
                _ => &identity.udp,
            };
            if polled.revents & libc::POLLERR != 0 {
                empty &= hear_errors(socket, owner, clock, buffer, hear);
            }
            // Reading also clears an error that is pending without being queued, for want of room.
            if polled.revents != 0 {
                empty &= match ear.protocol {
                    Protocol::Icmp => hear_echoes(socket, clock, buffer, hear),
                    Protocol::Udp | Protocol::Tcp => super::hear_data(identity, clock, buffer, hear),
                };
            }
        }
        let attempts = self.polled.get(self.ears.len()..).unwrap_or_default();
        self.connections.hear(attempts, &self.clock, &mut self.buffer, hear);
        if empty {
            self.clock.quiet_since(before);
        }
        Ok(())
    }
}

const fn flow_information(address: SocketAddr) -> u32 {
    match address {
        SocketAddr::V4(_) => 0,
        SocketAddr::V6(address) => address.flowinfo(),
    }
}

/// Tells hop limit and traffic class as far as they differ from what was told before.
fn tell_hops(ping: &Socket, before: (u8, u8), (hops, class): (u8, u8)) -> io::Result<()> {
    if before.0 != hops {
        ping.set_unicast_hops_v6(hops.into())?;
    }
    if before.1 != class {
        ping.set_tclass_v6(class.into())?;
    }
    Ok(())
}

/// Hands over what a ping socket was answered; tells whether it is empty then.
fn hear_echoes(
    ping: &Socket,
    clock: &Timekeeper<SystemClocks>,
    buffer: &mut [u8],
    hear: &mut dyn FnMut(Incoming<'_>),
) -> bool {
    super::read_all(|| {
        let received = socket::receive(ping, Queue::Data, buffer)?;
        let at = clock.arrival(received.told.stamp);
        if let Some(peer) = received.peer {
            hear(Incoming::Packet {
                protocol: Protocol::Icmp,
                from: peer.ip(),
                bytes: received.bytes,
                reply_ttl: received.told.ttl,
                at,
            });
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests;
