//! The numbers by which the kernel, and we, tell one flow from another.
//!
//! A bound UDP socket reserves a number of this machine: as source port, which is what binding is for, and by
//! agreement also as echo identifier, because nothing else reserves one (ping sockets may be forbidden, and
//! the kernel numbers them apart from raw ones). Where TCP is sent from raw sockets, a bound TCP socket that
//! never listens reserves it as port of TCP as well. So two tracers never share a number, whatever protocol and
//! mode each of them uses.
//!
//! Targets with different addresses share numbers, as their addresses tell them apart: a thousand targets
//! need no more sockets than the one with most flows.

use core::time::Duration;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddrV6};

use socket2::{Protocol as Number, SockAddr, Socket, Type};

use super::socket::{self, Fragmentation, SocketOption};
use crate::Error;
use crate::engine::Moment;
use crate::model::{Family, Mode};

/// How long a number rests before the same address gets it again: late answers to an earlier trace are gone
/// by then.
const REST: Duration = Duration::from_secs(10);

/// How often another number is tried when a foreign ping socket or TCP program has the one at hand.
const TRIES: u32 = 64;

/// The numbers a target asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) address: IpAddr,
    /// How many flows it has.
    pub(super) flows: u16,
    /// The number of the first flow, from which the others count up; `None` for any that are free.
    pub(super) first: Option<u16>,
    pub(super) needs: Needs,
}

/// What a target needs of its numbers beside a UDP port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// A ping socket.
    pub(super) ping: bool,
    /// The address an IPv6 ping socket is to be bound to; `None` for every address.
    pub(super) echo_source: Option<SocketAddrV6>,
    /// The TCP port.
    pub(super) tcp: bool,
}

/// A number and the sockets that hold it.
#[derive(Debug)]
pub(super) struct Reserved {
    /// Source port or echo identifier.
    pub(super) number: u16,
    /// Reserves the number and hears what UDP services answer; unprivileged links send from it.
    pub(super) udp: Socket,
    /// Sends and hears echoes where there are no raw sockets.
    pub(super) ping: Option<Socket>,
    /// What the ping socket is bound to.
    echo_source: Option<SocketAddrV6>,
    /// Keeps other programs' connections from this port where raw sockets send TCP from it. It is neither
    /// connected nor listening, so the kernel itself resets whatever a target accepts: no connection stays
    /// half open there.
    tcp: Option<Socket>,
    /// Hop limit and traffic class the ping socket was last told; 0 is none.
    pub(super) told: (u8, u8),
    /// What its sockets were last told of packets that are too large.
    fragmentation: Fragmentation,
    /// Who uses it (`None`), or did until when.
    used: HashMap<IpAddr, Option<Moment>>,
    /// How many of those there may be before the ones that have rested are looked for.
    tidy_at: usize,
}

impl Reserved {
    /// Reserves this number, or, if it is 0, one that is free.
    fn reserve(family: Family, mode: Mode, number: u16) -> io::Result<Self> {
        let fragmentation = Fragmentation::Allowed;
        let udp = socket::open(family, Type::DGRAM, Number::UDP)?;
        prepare(&udp, family, mode)?;
        udp.bind(&socket::any(family, number))?;
        let number = udp.local_addr()?.as_socket().map_or(0, |own| own.port());
        let used = HashMap::new();
        Ok(Self {
            number,
            udp,
            ping: None,
            echo_source: None,
            tcp: None,
            told: (0, 0),
            fragmentation,
            used,
            tidy_at: 64,
        })
    }

    /// Makes the sockets that send treat packets that are too large so.
    pub(super) fn fragment(&mut self, family: Family, wanted: Fragmentation) -> io::Result<()> {
        if self.fragmentation != wanted {
            wanted.tell(&self.udp, family)?;
            if let Some(ping) = &self.ping {
                wanted.tell(ping, family)?;
            }
            self.fragmentation = wanted;
        }
        Ok(())
    }

    fn free_for(&self, address: IpAddr, needs: Needs, now: Moment) -> bool {
        if !self.echoes_from(needs) {
            return false;
        }
        match self.used.get(&address) {
            None => true,
            Some(None) => false,
            Some(Some(until)) => now.since(*until) >= REST,
        }
    }

    /// Whether the ping socket, if there is one already, leaves from the source that is needed.
    fn echoes_from(&self, needs: Needs) -> bool {
        !needs.ping || self.ping.is_none() || self.echo_source == needs.echo_source
    }

    fn is_used_for(&self, address: IpAddr) -> bool {
        matches!(self.used.get(&address), Some(None))
    }

    fn take(&mut self, address: IpAddr, now: Moment) {
        if self.used.len() >= self.tidy_at {
            self.used.retain(|_, until| until.is_none_or(|until| now.since(until) < REST));
            self.tidy_at = (2 * self.used.len()).max(64);
        }
        self.used.insert(address, None);
    }

    /// Opens the ping socket of this number; `false` if a foreign one has it.
    fn open_ping(&mut self, family: Family, source: Option<SocketAddrV6>) -> io::Result<bool> {
        if self.ping.is_some() {
            return Ok(true);
        }
        let ping = socket::open(family, Type::DGRAM, socket::icmp(family))?;
        prepare(&ping, family, Mode::Unprivileged)?;
        self.fragmentation.tell(&ping, family)?;
        let own = match source {
            Some(source) => SocketAddrV6::new(*source.ip(), self.number, 0, source.scope_id()).into(),
            None => socket::any(family, self.number),
        };
        self.ping = bound(ping, &own)?;
        self.echo_source = source;
        Ok(self.ping.is_some())
    }

    /// Binds the TCP port of this number; `false` if another program has it.
    fn reserve_tcp(&mut self, family: Family) -> io::Result<bool> {
        if self.tcp.is_some() {
            return Ok(true);
        }
        let tcp = socket::open(family, Type::STREAM, Number::TCP)?;
        if family == Family::V6 {
            tcp.set_only_v6(true)?;
        }
        self.tcp = bound(tcp, &socket::any(family, self.number))?;
        Ok(self.tcp.is_some())
    }

    /// Opens what is needed beside the UDP socket; `false` if somebody else has this number.
    fn open(&mut self, family: Family, needs: Needs) -> Result<bool, Error> {
        if needs.ping && !self.open_ping(family, needs.echo_source).map_err(not_pinging)? {
            return Ok(false);
        }
        let reserved = !needs.tcp || self.reserve_tcp(family).map_err(not_reserved)?;
        Ok(reserved)
    }
}

/// Whether a bind worked; `None` if somebody else has the number.
fn bound(socket: Socket, own: &SockAddr) -> io::Result<Option<Socket>> {
    match socket.bind(own) {
        Ok(()) => Ok(Some(socket)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
        Err(error) => Err(error),
    }
}

fn prepare(socket: &Socket, family: Family, mode: Mode) -> io::Result<()> {
    if family == Family::V6 {
        socket.set_only_v6(true)?;
    }
    socket::prepare_to_hear(socket, family);
    if mode == Mode::Unprivileged {
        SocketOption::errors(family).set(socket, 1)?;
        // Missing before Linux 5.9; what routers attach to their errors is then not seen.
        let _ = SocketOption::extensions(family).set(socket, 1);
        if family == Family::V6 {
            let _ = SocketOption::V6_FLOW_LABELS.set(socket, 1);
        }
        // Routers on the way may cut large probes, as they may those of raw sockets.
        Fragmentation::Allowed.tell(socket, family)?;
    }
    Ok(())
}

/// The identities of one family.
#[derive(Debug)]
pub(super) struct Identities {
    family: Family,
    mode: Mode,
    all: Vec<Reserved>,
}

impl Identities {
    pub(super) const fn new(family: Family, mode: Mode) -> Self {
        Self { family, mode, all: Vec::new() }
    }

    pub(super) fn all(&self) -> &[Reserved] {
        &self.all
    }

    pub(super) fn get(&self, index: usize) -> Option<&Reserved> {
        self.all.get(index)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Reserved> {
        self.all.get_mut(index)
    }

    /// Takes the identities that a target wants and gives their places in [`Self::all`].
    pub(super) fn claim(&mut self, wanted: Wanted, now: Moment) -> Result<Vec<usize>, Error> {
        let claimed = match wanted.first {
            None => self.claim_any(wanted, now)?,
            Some(first) => self.claim_from(first, wanted)?,
        };
        for index in &claimed {
            if let Some(identity) = self.all.get_mut(*index) {
                identity.take(wanted.address, now);
            }
        }
        Ok(claimed)
    }

    /// The numbers from `first` on. They need no rest: whoever names them wants these and no others.
    fn claim_from(&mut self, first: u16, wanted: Wanted) -> Result<Vec<usize>, Error> {
        let Wanted { address, flows, needs, .. } = wanted;
        let mut claimed = Vec::with_capacity(usize::from(flows));
        for flow in 0..flows {
            let failed = |source| Error::SourcePort { port: u32::from(first) + u32::from(flow), source };
            let number = first.checked_add(flow).filter(|number| *number != 0).ok_or_else(|| {
                failed(io::Error::new(io::ErrorKind::InvalidInput, "ports go from 1 to 65535"))
            })?;
            let index = match self.all.iter().position(|identity| identity.number == number) {
                Some(index) => index,
                None => {
                    self.all.push(Reserved::reserve(self.family, self.mode, number).map_err(failed)?);
                    self.all.len() - 1
                }
            };
            let Some(identity) = self.all.get_mut(index) else { break };
            if !identity.echoes_from(needs) {
                let cause = "another trace sends echo requests by it from another source";
                return Err(failed(io::Error::new(io::ErrorKind::AddrInUse, cause)));
            }
            if identity.is_used_for(address) {
                let cause = "another trace to the same address has it";
                return Err(failed(io::Error::new(io::ErrorKind::AddrInUse, cause)));
            }
            if !identity.open(self.family, needs)? {
                return Err(failed(io::ErrorKind::AddrInUse.into()));
            }
            claimed.push(index);
        }
        Ok(claimed)
    }

    fn claim_any(&mut self, wanted: Wanted, now: Moment) -> Result<Vec<usize>, Error> {
        let Wanted { address, flows: count, needs, .. } = wanted;
        let mut claimed = Vec::with_capacity(usize::from(count));
        let mut tries = TRIES;
        let mut index = 0;
        while claimed.len() < usize::from(count) {
            if index == self.all.len() {
                let identity = Reserved::reserve(self.family, self.mode, 0)
                    .map_err(|source| Error::System { attempt: "reserve a UDP port", source })?;
                self.all.push(identity);
            }
            let Some(identity) = self.all.get_mut(index) else { break };
            if identity.free_for(address, needs, now) {
                if identity.open(self.family, needs)? {
                    claimed.push(index);
                } else if tries == 0 {
                    let source = io::ErrorKind::AddrInUse.into();
                    return Err(Error::System { attempt: "reserve a number for ICMP or TCP", source });
                } else {
                    tries -= 1;
                }
            }
            index += 1;
        }
        Ok(claimed)
    }

    /// Takes identities as [`Self::claim`] does and builds something on them; gives them back if that fails.
    pub(super) fn claim_for<T>(
        &mut self,
        wanted: Wanted,
        now: Moment,
        build: impl FnOnce(&Self, &[usize]) -> Result<T, Error>,
    ) -> Result<(Vec<usize>, T), Error> {
        let claimed = self.claim(wanted, now)?;
        match build(self, &claimed) {
            Ok(built) => Ok((claimed, built)),
            Err(error) => {
                self.release(wanted.address, &claimed, now);
                Err(error)
            }
        }
    }

    /// Gives identities back.
    pub(super) fn release(&mut self, address: IpAddr, claimed: &[usize], now: Moment) {
        for index in claimed {
            if let Some(identity) = self.all.get_mut(*index) {
                identity.used.insert(address, Some(now));
            }
        }
    }
}

fn not_reserved(source: io::Error) -> Error {
    Error::System { attempt: "reserve a TCP port", source }
}

/// What a failed ping socket means.
pub(super) fn not_pinging(source: io::Error) -> Error {
    match source.kind() {
        io::ErrorKind::PermissionDenied => Error::NotPermitted {
            attempt: "open a ping socket",
            remedy: "allow it with `sysctl -w net.ipv4.ping_group_range='0 2147483647'`, or probe with UDP",
        },
        _ => Error::System { attempt: "open a ping socket", source },
    }
}

#[cfg(test)]
mod tests;
