//! How probes to a target leave this machine.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use socket2::{Protocol as Number, SockAddr, Socket, Type};

use super::control::Orders;
use super::interface::Interface;
use super::socket::{self, SocketOption};
use crate::Error;
use crate::link::Destination;
use crate::model::{Family, Mode};

/// The source of a target's probes, and what was asked for beside the routing table.
#[derive(Debug, Clone)]
pub(super) struct Way {
    address: IpAddr,
    /// Where probes leave from, asked for or not.
    source: IpAddr,
    /// The source that was asked for.
    wanted: Option<IpAddr>,
    interface: Option<Interface>,
    mark: Option<u32>,
    /// The most bytes that a packet may have to leave in one piece; `None` where the kernel does not tell.
    mtu: Option<usize>,
}

impl Way {
    /// Asks the routing table: a UDP socket is connected, which sends nothing, and its own address read. Some
    /// tables look at ports, too.
    pub(super) fn find(destination: &Destination, port: u16, mode: Mode) -> Result<Self, Error> {
        let Destination { address, source: wanted, mark, .. } = *destination;
        let interface = destination.interface.as_deref().map(Interface::named).transpose()?;
        let no_route = |source| Error::NoRoute { address, source };
        if is_link_local(address) && interface.is_none() {
            return Err(Error::Unsupported {
                mode,
                what: "reach link-local addresses, which mean nothing without an interface",
                remedy: "name it, as in fe80::1%eth0, or use another address of that host",
            });
        }
        if address.is_unspecified() {
            // The kernel would take this host for it, which is not what anybody means by it.
            return Err(no_route(io::Error::new(io::ErrorKind::AddrNotAvailable, "it stands for no host")));
        }
        let family = Family::of(address);
        if let Some(from) = wanted.filter(|source| Family::of(*source) != family) {
            return Err(Error::MixedFamilies { from, to: address });
        }
        let asked = socket::open(family, Type::DGRAM, Number::UDP).map_err(|source| {
            // A machine without the family has no way to any of its addresses.
            match source.raw_os_error() {
                Some(libc::EAFNOSUPPORT) => no_route(source),
                _ => Error::System { attempt: "open a UDP socket", source },
            }
        })?;
        if family == Family::V6 {
            asked.set_only_v6(true).map_err(no_route)?;
        }
        let mut way = Self { address, source: address, wanted, interface, mark, mtu: None };
        way.hold(&asked)?;
        asked.connect(&way.to(port, 0)).map_err(no_route)?;
        let own = asked.local_addr().map_err(no_route)?.as_socket();
        match own.map(|own| own.ip()).filter(|own| !own.is_unspecified()) {
            Some(own) => way.source = own,
            None => return Err(no_route(io::ErrorKind::AddrNotAvailable.into())),
        }
        way.mtu = socket::mtu(&asked, family);
        Ok(way)
    }

    /// Where probes go.
    pub(super) const fn address(&self) -> IpAddr {
        self.address
    }

    /// Where probes leave from.
    pub(super) const fn source(&self) -> IpAddr {
        self.source
    }

    /// The most bytes that a packet may have to leave in one piece, as far as is known.
    pub(super) const fn mtu(&self) -> Option<usize> {
        self.mtu
    }

    pub(super) const fn family(&self) -> Family {
        Family::of(self.address)
    }

    /// Whether the interface is chosen, by its name or by rules that look at marks.
    pub(super) const fn has_interface_or_mark(&self) -> bool {
        self.interface.is_some() || self.mark.is_some()
    }

    /// Where an ICMPv6 ping socket has to be bound to leave from the source asked for: what control messages say of
    /// sources such sockets pass over.
    pub(super) fn echo_source(&self) -> Option<SocketAddrV6> {
        match self.wanted? {
            IpAddr::V4(_) => None,
            IpAddr::V6(source) => Some(SocketAddrV6::new(source, 0, 0, self.zone_of(source.into()))),
        }
    }

    /// What to tell the kernel with each packet from a socket that is shared.
    pub(super) fn orders(&self) -> Orders {
        Orders::NONE
            .by(self.family(), self.wanted, self.interface.as_ref().map(Interface::index))
            .marked(self.mark)
    }

    /// Makes a socket that is for this target alone leave this way. Its port stays open.
    pub(super) fn hold(&self, socket: &Socket) -> Result<(), Error> {
        if let Some(mark) = self.mark {
            socket.set_mark(mark).map_err(|source| match source.kind() {
                io::ErrorKind::PermissionDenied => Error::NotPermitted {
                    attempt: "mark probes for policy routing",
                    remedy: "give the program the right with \
                             `sudo setcap cap_net_raw+p \"$(command -v trace-cli)\"` (before Linux 5.17 \
                             cap_net_admin) and type the mark, as rights are given up before a file is read; or \
                             leave the mark away",
                },
                _ => Error::System { attempt: "mark probes for policy routing", source },
            })?;
        }
        if let Some(interface) = &self.interface {
            interface
                .hold(socket, self.family())
                .map_err(|source| Error::System { attempt: "send by the interface asked for", source })?;
        }
        if let Some(address) = self.wanted {
            // With the address alone; the kernel finds a port when it knows where to.
            let _ = SocketOption::ADDRESS_WITHOUT_PORT.set(socket, 1);
            let own = with_zone(address, 0, 0, self.zone_of(address));
            socket.bind(&own).map_err(|source| Error::ForeignSource { address, source })?;
        }
        Ok(())
    }

    /// The target as the kernel wants to be told it: with its zone, and with the flow label, which it takes
    /// from there (`IPV6_FLOWINFO_SEND`, ipv6(7)).
    pub(super) fn to(&self, port: u16, label: u32) -> SockAddr {
        with_zone(self.address, port, label, self.zone_of(self.address))
    }

    fn zone_of(&self, address: IpAddr) -> u32 {
        match &self.interface {
            Some(interface) if is_link_local(address) => interface.index(),
            _ => 0,
        }
    }
}

fn with_zone(address: IpAddr, port: u16, label: u32, zone: u32) -> SockAddr {
    match address {
        IpAddr::V4(address) => SocketAddr::from((address, port)).into(),
        IpAddr::V6(address) => SocketAddrV6::new(address, port, label.to_be(), zone).into(),
    }
}

/// Whether an address means something within one link only (RFC 4007, section 4).
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}
