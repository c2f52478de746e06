//! What is traced to: from what was typed to addresses.

use std::net::{IpAddr, ToSocketAddrs as _};

use anyhow::{Context as _, bail, ensure};
use trace_core::model::Family;

/// A host as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// An address.
    Address(IpAddr),
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
    pub(crate) fn read(typed: &str, family: Option<Family>) -> anyhow::Result<Self> {
        let text = typed.trim();
        ensure!(!text.is_empty(), "the host is empty; give a name or an address");
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            let address = of_family(address.to_canonical(), family)?;
            if let Some(what) = nobody_in_particular(address) {
                bail!("{address} is {what}: there is no route to one host to trace");
            }
            return Ok(Self::Address(address));
        }
        if let Some((address, zone)) = bare.split_once('%')
            && address.parse::<IpAddr>().is_ok()
        {
            bail!("{address} with the zone {zone:?}: addresses of one link cannot be traced yet");
        }
        if let Some((scheme, _)) = text.split_once("://") {
            bail!("{text:?} is the address of a page ({scheme}), not of a host; give the host name alone");
        }
        let ascii = if text.is_ascii() {
            text.to_owned()
        } else {
            idna::domain_to_ascii(text).ok().with_context(|| format!("{text:?} is no host name (UTS 46)"))?
        };
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
            Self::Address(_) => None,
            Self::Name { typed, .. } => Some(typed),
        }
    }

    /// The addresses, best first, by the system's resolver (RFC 6724 order).
    pub(crate) fn resolve(&self, family: Option<Family>) -> anyhow::Result<Vec<IpAddr>> {
        let (typed, ascii) = match self {
            Self::Address(address) => return Ok(vec![*address]),
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
        let Some(family) = family else { return Ok(addresses) };
        addresses.retain(|address| Family::of(*address) == family);
        ensure!(!addresses.is_empty(), "{typed:?} has no {} address", spelled(family));
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

fn of_family(address: IpAddr, family: Option<Family>) -> anyhow::Result<IpAddr> {
    match family {
        Some(wanted) if wanted != Family::of(address) => {
            let flag = if wanted == Family::V4 { "-4" } else { "-6" };
            bail!("{flag} was given, but {address} is an {} address", spelled(Family::of(address)))
        }
        _ => Ok(address),
    }
}

const fn spelled(family: Family) -> &'static str {
    match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(typed: &str, family: Option<Family>) -> String {
        Host::read(typed, family).unwrap_err().to_string()
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
        insta::assert_snapshot!(refusal("fe80::1%eth0", None), @r#"fe80::1 with the zone "eth0": addresses of one link cannot be traced yet"#);
        insta::assert_snapshot!(refusal("https://example.com/", None), @r#""https://example.com/" is the address of a page (https), not of a host; give the host name alone"#);
        insta::assert_snapshot!(refusal("a\u{1b}b", None), @r#""a\u{1b}b" is no host name: there is a control character in it"#);
        insta::assert_snapshot!(refusal("224.0.0.1", None), @"224.0.0.1 is a multicast address: there is no route to one host to trace");
        insta::assert_snapshot!(refusal("255.255.255.255", None), @"255.255.255.255 is the broadcast address: there is no route to one host to trace");
        insta::assert_snapshot!(refusal("::", None), @":: is the unspecified address: there is no route to one host to trace");
        insta::assert_snapshot!(refusal("a b", None), @r#""a b" is no host name: there is white space in it"#);
        insta::assert_snapshot!(refusal(&"a".repeat(300), None), @"a host name has at most 253 characters (RFC 1035), this one 300");
    }

    #[test]
    fn the_local_host_is_found_in_the_family_asked_for() {
        let host = Host::read("localhost", Some(Family::V4)).unwrap();
        assert_eq!(host.resolve(Some(Family::V4)).unwrap(), ["127.0.0.1".parse::<IpAddr>().unwrap()]);
        let error = Host::read("does-not-exist.invalid", None).unwrap().resolve(None).unwrap_err();
        assert!(format!("{error:#}").starts_with("cannot find the address of \"does-not-exist.invalid\": "));
    }
}
