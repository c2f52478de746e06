use core::time::Duration;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Host, Line, Path, Router, Tunnel};
use crate::model::Family;

/// Routers, hosts, and the paths between the source and each host.
///
/// Routers have numbers and hosts have addresses; asking for one that is not there yet makes it.
#[derive(Debug, Clone, Default)]
pub struct Network {
    pub(super) routers: BTreeMap<u16, Router>,
    pub(super) hosts: HashMap<IpAddr, Host>,
    /// The line in front of whatever is made next.
    line: Option<Line>,
    pub(super) busy: u32,
    pub(super) tunnels: Vec<Tunnel>,
}

impl Network {
    /// A network of nothing, whose lines take 1 ms each way unless told otherwise.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The source, `routers` routers with the numbers from 1 and [`target`] number 1 in a row, with this
    /// delay from each to the next, each way.
    #[must_use]
    pub fn chain(family: Family, routers: u16, delay: Duration) -> Self {
        let mut network = Self::new().with_lines(Line::new(delay));
        network.target(target(family, 1)).path(Path::through(1..=routers));
        network.make_routers();
        network
    }

    /// Gives all routers and hosts that are made from now on this line.
    #[must_use]
    pub const fn with_lines(mut self, line: Line) -> Self {
        self.line = Some(line);
        self
    }

    /// The router with this number.
    pub fn router(&mut self, number: u16) -> &mut Router {
        let line = self.new_line();
        self.routers.entry(number).or_insert_with(|| Router::new(number, line))
    }

    /// The host with this address. One that is new is the neighbour of the source until it is given a path.
    pub fn target(&mut self, address: IpAddr) -> &mut Host {
        let line = self.new_line();
        self.hosts.entry(address).or_insert_with(|| {
            let mut host = Host::new(address, line);
            host.path(Path::default());
            host
        })
    }

    /// Lays a tunnel.
    pub fn tunnel(&mut self, tunnel: Tunnel) -> &mut Self {
        self.tunnels.push(tunnel);
        self
    }

    /// The tunnel that a router is in, and its place there.
    pub(super) fn tunnel_of(&self, router: u16) -> Option<(&Tunnel, usize)> {
        self.tunnels.iter().find_map(|tunnel| {
            let place = tunnel.routers.iter().position(|number| *number == router)?;
            Some((tunnel, place))
        })
    }

    /// Lets every `n`th attempt to send fail because the socket's buffer is full; the next one succeeds. 0:
    /// none.
    pub const fn busy_every(&mut self, n: u32) -> &mut Self {
        self.busy = n;
        self
    }

    fn new_line(&self) -> Line {
        self.line.unwrap_or(Line::new(Duration::from_millis(1)))
    }

    /// Makes the routers that paths lead through and nobody has described.
    pub(super) fn make_routers(&mut self) {
        let paths = self.hosts.values().flat_map(|host| &host.paths);
        let mut numbers: Vec<u16> = paths.flat_map(|(_, path)| path.routers()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            self.router(number);
        }
    }
}

/// The address that probes of this family leave from.
#[must_use]
pub const fn source(family: Family) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
        Family::V6 => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
    }
}

/// An address for a host with this number, from the blocks that RFC 2544 and RFC 3849 keep for tests and
/// documentation.
#[must_use]
pub const fn target(family: Family, number: u16) -> IpAddr {
    match family {
        Family::V4 => {
            let [high, low] = number.to_be_bytes();
            IpAddr::V4(Ipv4Addr::new(198, 19, high, low))
        }
        Family::V6 => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, number)),
    }
}
