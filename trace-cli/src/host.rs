//! What is traced to: from what was typed to addresses.

use std::net::{IpAddr, Ipv6Addr, ToSocketAddrs as _};

use anyhow::{Context as _, bail, ensure};
use trace_core::model::Family;

use crate::args::interface;

/// A family that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) family: Family,
    /// The flag that says so, as it was typed.
    pub(crate) flag: String,
}

impl Wish {
    pub(crate) fn new(family: Family, flag: impl Into<String>) -> Self {
        Self { family, flag: flag.into() }
    }
}

/// A host as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Host {
    /// An address.
    Address(IpAddr),
    /// An address that means something on one link only (RFC 4007).
    OnLink {
        /// The address.
        address: Ipv6Addr,
        /// The interface to that link.
        zone: String,
    },
    /// A name.
    Name {
        /// As it was typed.
        typed: String,
        /// As the name service knows it: ASCII (RFC 5891).
        ascii: String,
    },
}

impl Host {
    /// Reads what was typed. A name is not looked up yet.
    pub(crate) fn read(typed: &str, wish: Option<&Wish>) -> anyhow::Result<Self> {
        let text = typed.trim();
        ensure!(!text.is_empty(), "the host is empty; give a name or an address");
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            let address = wished(address.to_canonical(), wish)?;
            if let Some(what) = nobody_in_particular(address) {
                bail!("{address} is {what}: there is no route to one host to trace");
            }
            return Ok(Self::Address(address));
        }
        if let Some((address, zone)) = bare.split_once('%')
            && let Ok(address) = address.parse::<IpAddr>()
        {
            return on_link(wished(address, wish)?, zone);
        }
        if let Some((scheme, _)) = text.split_once("://") {
            bail!("{text:?} is the address of a page ({scheme}), not of a host; give the host name alone");
        }
        let ascii = if text.is_ascii() {
            text.to_owned()
        } else {
            idna::domain_to_ascii(text).ok().with_context(|| format!("{text:?} is no host name (UTS 46)"))?
        };
        ensure!(!ascii.contains('/'), "{text:?} is no network and no host name: there is a / in it");
        ensure!(!ascii.contains(char::is_whitespace), "{text:?} is no host name: there is white space in it");
        ensure!(
            !ascii.contains(char::is_control),
            "{text:?} is no host name: there is a control character in it"
        );
        ensure!(
            ascii.len() <= 254,
            "a host name has at most 253 characters (RFC 1035), this one {}",
            ascii.len()
        );
        Ok(Self::Name { typed: text.to_owned(), ascii })
    }

    /// The name that was typed; `None` where it was an address.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::Address(_) | Self::OnLink { .. } => None,
            Self::Name { typed, .. } => Some(typed),
        }
    }

    /// The interface that the address itself names.
    pub(crate) fn zone(&self) -> Option<&str> {
        match self {
            Self::OnLink { zone, .. } => Some(zone),
            Self::Address(_) | Self::Name { .. } => None,
        }
    }

    /// Refuses what cannot go out by `interface`, the one that was asked for: an address with another zone, and an
    /// address of one link where no link is named at all.
    pub(crate) fn check_interface(&self, interface: Option<&str>) -> anyhow::Result<()> {
        match (self, interface) {
            (Self::OnLink { address, zone }, Some(interface)) if zone != interface => {
                bail!(
                    "{address}%{zone} and --interface {interface} contradict each other: they name two interfaces"
                )
            }
            (Self::Address(IpAddr::V6(address)), None) if address.is_unicast_link_local() => {
                bail!(
                    "{address} is an address of one link: say of which, as {address}%eth0 or with --interface"
                )
            }
            _ => Ok(()),
        }
    }

    /// The addresses, best first, by the system's resolver (RFC 6724 order).
    pub(crate) fn resolve(&self, wish: Option<&Wish>) -> anyhow::Result<Vec<IpAddr>> {
        let (typed, ascii) = match self {
            Self::Address(address) => return Ok(vec![*address]),
            Self::OnLink { address, .. } => return Ok(vec![IpAddr::V6(*address)]),
            Self::Name { typed, ascii } => (typed, ascii),
        };
        let found = (ascii.as_str(), 0)
            .to_socket_addrs()
            .with_context(|| format!("cannot find the address of {typed:?}"))?;
        let mut addresses = Vec::new();
        for address in found.map(|socket| socket.ip().to_canonical()) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        ensure!(!addresses.is_empty(), "{typed:?} has no address");
        if let Some(what) = addresses.first().copied().and_then(nobody_in_particular) {
            bail!(
                "{typed:?} stands for {}, which is {what}",
                addresses.first().map(ToString::to_string).unwrap_or_default()
            );
        }
        let Some(Wish { family, flag }) = wish else { return Ok(addresses) };
        addresses.retain(|address| Family::of(*address) == *family);
        ensure!(
            !addresses.is_empty(),
            "{typed:?} has no {} address, which {flag} asks for",
            spelled(*family)
        );
        Ok(addresses)
    }
}

/// What an address is that does not mean one host.
fn nobody_in_particular(address: IpAddr) -> Option<&'static str> {
    match address {
        _ if address.is_multicast() => Some("a multicast address"),
        _ if address.is_unspecified() => Some("the unspecified address"),
        IpAddr::V4(address) if address.is_broadcast() => Some("the broadcast address"),
        _ => None,
    }
}

fn wished(address: IpAddr, wish: Option<&Wish>) -> anyhow::Result<IpAddr> {
    match wish {
        Some(Wish { family, flag }) if *family != Family::of(address) => {
            bail!("{flag} was given, but {address} is an {} address", spelled(Family::of(address)))
        }
        _ => Ok(address),
    }
}

/// An address with its zone, which is the name or the number of an interface (RFC 4007 section 11).
fn on_link(address: IpAddr, zone: &str) -> anyhow::Result<Host> {
    let address = match address {
        IpAddr::V6(address) if address.is_multicast() => {
            bail!("{address} is a multicast address: there is no route to one host to trace")
        }
        IpAddr::V6(address) if address.is_unicast_link_local() => address,
        _ => {
            bail!("{address} is no address of one link, and has no zone; --interface {zone} sends by {zone}")
        }
    };
    let zone = match zone.parse::<u32>() {
        Ok(number) => interface_name(number)
            .with_context(|| format!("{address} has the zone {number}, and no interface has that number"))?,
        Err(_) => {
            interface(zone).map_err(|error| anyhow::anyhow!("the zone {zone:?} of {address}: {error}"))?
        }
    };
    Ok(Host::OnLink { address, zone })
}

/// The name of the interface with this number.
#[cfg(target_os = "linux")]
fn interface_name(number: u32) -> Option<String> {
    use rustix::net::{AddressFamily, SocketType, netdevice, socket};
    let socket = socket(AddressFamily::INET6, SocketType::DGRAM, None).ok()?;
    netdevice::index_to_name(socket, number).ok()
}

#[cfg(not(target_os = "linux"))]
fn interface_name(_: u32) -> Option<String> {
    None
}

/// A family as people spell it.
pub(crate) const fn spelled(family: Family) -> &'static str {
    match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(typed: &str, family: Option<Family>) -> String {
        let wish = family.map(|family| Wish::new(family, if family == Family::V4 { "-4" } else { "-6" }));
        Host::read(typed, wish.as_ref()).unwrap_err().to_string()
    }

    #[test]
    fn addresses_are_taken_as_they_are() {
        for (typed, address) in [
            ("192.0.2.1", "192.0.2.1"),
            (" 2001:db8::1 ", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
        ] {
            let host = Host::read(typed, None).unwrap();
            assert_eq!(host, Host::Address(address.parse().unwrap()));
            assert_eq!(host.name(), None);
            assert_eq!(host.resolve(None).unwrap(), [address.parse::<IpAddr>().unwrap()]);
        }
    }

    #[test]
    fn addresses_of_one_link_have_a_zone() {
        let host = Host::read("fe80::1%eth0", None).unwrap();
        assert_eq!(host, Host::OnLink { address: "fe80::1".parse().unwrap(), zone: "eth0".to_owned() });
        assert_eq!((host.name(), host.zone()), (None, Some("eth0")));
        assert_eq!(host.resolve(None).unwrap(), ["fe80::1".parse::<IpAddr>().unwrap()]);
        assert!(host.check_interface(Some("eth0")).is_ok() && host.check_interface(None).is_ok());
        insta::assert_snapshot!(host.check_interface(Some("eth1")).unwrap_err(), @"fe80::1%eth0 and --interface eth1 contradict each other: they name two interfaces");
        let bare = Host::read("fe80::1", None).unwrap();
        insta::assert_snapshot!(bare.check_interface(None).unwrap_err(), @"fe80::1 is an address of one link: say of which, as fe80::1%eth0 or with --interface");
        assert!(bare.check_interface(Some("eth0")).is_ok());
        if cfg!(target_os = "linux") {
            // The first interface of every Linux system is the loopback.
            assert_eq!(Host::read("fe80::1%1", None).unwrap().zone(), Some("lo"));
        }
    }

    #[test]
    fn names_may_be_international() {
        let host = Host::read("bücher.example", None).unwrap();
        assert_eq!(
            host,
            Host::Name { typed: "bücher.example".to_owned(), ascii: "xn--bcher-kva.example".to_owned() }
        );
        assert_eq!(host.name(), Some("bücher.example"));
        assert!(Host::read("_dmarc.example.com", None).is_ok());
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        insta::assert_snapshot!(refusal("", None), @"the host is empty; give a name or an address");
        insta::assert_snapshot!(refusal("  ", None), @"the host is empty; give a name or an address");
        insta::assert_snapshot!(refusal("192.0.2.1", Some(Family::V6)), @"-6 was given, but 192.0.2.1 is an IPv4 address");
        insta::assert_snapshot!(refusal("2001:db8::1", Some(Family::V4)), @"-4 was given, but 2001:db8::1 is an IPv6 address");
        insta::assert_snapshot!(refusal("fe80::1%eth0", Some(Family::V4)), @"-4 was given, but fe80::1 is an IPv6 address");
        insta::assert_snapshot!(refusal("2001:db8::1%eth0", None), @"2001:db8::1 is no address of one link, and has no zone; --interface eth0 sends by eth0");
        insta::assert_snapshot!(refusal("192.0.2.1%eth0", None), @"192.0.2.1 is no address of one link, and has no zone; --interface eth0 sends by eth0");
        insta::assert_snapshot!(refusal("ff02::1%eth0", None), @"ff02::1 is a multicast address: there is no route to one host to trace");
        insta::assert_snapshot!(refusal("fe80::1%", None), @r#"the zone "" of fe80::1: an interface has a name of 1 to 15 letters, as eth0"#);
        insta::assert_snapshot!(refusal("fe80::1%4294967295", None), @"fe80::1 has the zone 4294967295, and no interface has that number");
        insta::assert_snapshot!(refusal("https://example.com/", None), @r#""https://example.com/" is the address of a page (https), not of a host; give the host name alone"#);
        insta::assert_snapshot!(refusal("a\u{1b}b", None), @r#""a\u{1b}b" is no host name: there is a control character in it"#);
        insta::assert_snapshot!(refusal("224.0.0.1", None), @"224.0.0.1 is a multicast address: there is no route to one host to trace");
        insta::assert_snapshot!(refusal("255.255.255.255", None), @"255.255.255.255 is the broadcast address: there is no route to one host to trace");
        insta::assert_snapshot!(refusal("::", None), @":: is the unspecified address: there is no route to one host to trace");
        insta::assert_snapshot!(refusal("192.0.2.1/40", None), @r#""192.0.2.1/40" is no network and no host name: there is a / in it"#);
        insta::assert_snapshot!(refusal("a b", None), @r#""a b" is no host name: there is white space in it"#);
        insta::assert_snapshot!(refusal(&"a".repeat(300), None), @"a host name has at most 253 characters (RFC 1035), this one 300");
    }

    #[test]
    fn the_local_host_is_found_in_the_family_asked_for() {
        let host = Host::read("localhost", None).unwrap();
        assert_eq!(
            host.resolve(Some(&Wish::new(Family::V4, "-4"))).unwrap(),
            ["127.0.0.1".parse::<IpAddr>().unwrap()]
        );
        let error = Host::read("does-not-exist.invalid", None).unwrap().resolve(None).unwrap_err();
        assert!(format!("{error:#}").starts_with("cannot find the address of \"does-not-exist.invalid\": "));
    }
}
