use core::{fmt, str};
use std::net::IpAddr;

use super::words::words;
use crate::Error;

words! {
    /// What a probe is made of.
    Protocol, "protocol" {
        /// ICMP echo requests (RFC 792, RFC 4443).
        Icmp = "icmp",
        /// UDP datagrams (RFC 768).
        Udp = "udp",
        /// TCP SYN segments (RFC 9293).
        Tcp = "tcp",
    }
}

words! {
    /// The version of the Internet Protocol.
    Family, "family" {
        /// IPv4 (RFC 791).
        V4 = "ipv4",
        /// IPv6 (RFC 8200).
        V6 = "ipv6",
    }
}

impl Family {
    /// The family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

/// The protocols of a whole trace: one, or all side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocols {
    /// One protocol.
    One(Protocol),
    /// ICMP, UDP and TCP at the same TTLs.
    All,
}

impl Protocols {
    /// The protocols in the order they are probed.
    #[must_use]
    pub fn list(self) -> &'static [Protocol] {
        match self {
            Self::One(Protocol::Icmp) => &[Protocol::Icmp],
            Self::One(Protocol::Udp) => &[Protocol::Udp],
            Self::One(Protocol::Tcp) => &[Protocol::Tcp],
            Self::All => Protocol::ALL,
        }
    }

    /// The spelling used in documents, flags and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::One(protocol) => protocol.as_str(),
            Self::All => "all",
        }
    }
}

impl fmt::Display for Protocols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl str::FromStr for Protocols {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}
