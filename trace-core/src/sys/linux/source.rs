//! Which address probes to a target leave from.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Protocol as Number, Type};

use super::socket;
use crate::Error;
use crate::model::Family;

/// Asks the routing table: a UDP socket is connected, which sends nothing, and its own address read.
pub(super) fn source_towards(address: IpAddr, port: u16) -> Result<IpAddr, Error> {
    let no_route = |source| Error::NoRoute { address, source };
    if address.is_unspecified() {
        // The kernel would take this host for it, which is not what anybody means by it.
        return Err(no_route(io::Error::new(io::ErrorKind::AddrNotAvailable, "it stands for no host")));
    }
    let family = Family::of(address);
    let asked = socket::open(family, Type::DGRAM, Number::UDP)
        .map_err(|source| Error::System { attempt: "open a UDP socket", source })?;
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
