//! Which address probes to a target leave from.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Protocol as Number, Type};

use super::socket;
use crate::Error;
use crate::model::{Family, Mode};

/// Asks the routing table: a UDP socket is connected, which sends nothing, and its own address read.
pub(super) fn source_towards(address: IpAddr, port: u16, mode: Mode) -> Result<IpAddr, Error> {
    let no_route = |source| Error::NoRoute { address, source };
    if matches!(address, IpAddr::V6(address) if address.is_unicast_link_local()) {
        return Err(Error::Unsupported {
            mode,
            what: "reach link-local addresses, which mean nothing without an interface",
            remedy: "use another address of that host",
        });
    }
    if address.is_unspecified() {
        // The kernel would take this host for it, which is not what anybody means by it.
        return Err(no_route(io::Error::new(io::ErrorKind::AddrNotAvailable, "it stands for no host")));
    }
    let family = Family::of(address);
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
    // Some route by port, too.
    asked.connect(&SocketAddr::new(address, port).into()).map_err(no_route)?;
    let own = asked.local_addr().map_err(no_route)?.as_socket();
    match own.map(|own| own.ip()).filter(|own| !own.is_unspecified()) {
        Some(own) => Ok(own),
        None => Err(no_route(io::ErrorKind::AddrNotAvailable.into())),
    }
}
