//! Addresses that have no place: the special-purpose ranges.
//!
//! The table holds the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890, RFC 8190) with
//! what has been added to them since, and beside them the ranges that other documents take out of global
//! unicast: multicast, the old class E, and all of IPv6 outside 2000::/3.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One special-purpose range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecialRange {
    network: IpAddr,
    length: u8,
    name: &'static str,
    reference: &'static str,
    global: bool,
}

impl SpecialRange {
    /// The first address and the prefix length.
    #[must_use]
    pub const fn prefix(&self) -> (IpAddr, u8) {
        (self.network, self.length)
    }

    /// What it is for, as `private` or `documentation`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The document that says so, as `RFC 1918`.
    #[must_use]
    pub const fn reference(&self) -> &'static str {
        self.reference
    }

    /// Whether the registry calls it globally reachable. What is not (or where the registry says "N/A") has
    /// no place in the world and is never looked up anywhere.
    #[must_use]
    pub const fn is_global(&self) -> bool {
        self.global
    }

    fn contains(&self, address: IpAddr) -> bool {
        let length = u32::from(self.length);
        match (self.network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let differing = u32::from(network) ^ u32::from(address);
                differing.leading_zeros() >= length
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let differing = u128::from(network) ^ u128::from(address);
                differing.leading_zeros() >= length
            }
            _ => false,
        }
    }
}

/// `private (RFC 1918)`.
impl core::fmt::Display for SpecialRange {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ({})", self.name, self.reference)
    }
}

/// The narrowest special-purpose range that holds `address`; `None` for ordinary global unicast.
///
/// ```
/// let range = trace_geo::special("10.1.2.3".parse()?).ok_or("10/8 is special")?;
/// assert_eq!(range.to_string(), "private (RFC 1918)");
/// assert!(!range.is_global());
/// assert!(trace_geo::special("8.8.8.8".parse()?).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn special(address: IpAddr) -> Option<&'static SpecialRange> {
    let (touched, first) = match address {
        IpAddr::V4(address) => (&TOUCHED.0, address.octets()[0]),
        IpAddr::V6(address) => (&TOUCHED.1, address.octets()[0]),
    };
    if touched.get(usize::from(first)) != Some(&true) {
        return None;
    }
    RANGES.iter().filter(|range| range.contains(address)).max_by_key(|range| range.length)
}

/// Whether `address` is global unicast, and so has a place and may be looked up.
#[must_use]
pub fn is_global(address: IpAddr) -> bool {
    special(address).is_none_or(SpecialRange::is_global)
}

/// The IPv4 address inside an IPv6 address that a translator made (64:ff9b::/96, RFC 6052 section 2.1).
#[must_use]
pub fn translated(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V6(address) => match address.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, ..] => {
                let [.., a, b, c, d] = address.octets();
                Some(Ipv4Addr::new(a, b, c, d))
            }
            _ => None,
        },
        IpAddr::V4(_) => None,
    }
}

const fn v4(
    octets: [u8; 4],
    length: u8,
    name: &'static str,
    reference: &'static str,
    global: bool,
) -> SpecialRange {
    let [a, b, c, d] = octets;
    SpecialRange { network: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), length, name, reference, global }
}

const fn v6(
    segments: [u16; 8],
    length: u8,
    name: &'static str,
    reference: &'static str,
    global: bool,
) -> SpecialRange {
    let [a, b, c, d, e, f, g, h] = segments;
    SpecialRange {
        network: IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)),
        length,
        name,
        reference,
        global,
    }
}

/// For each first octet of an address, of either family, whether any range begins so: most addresses are asked for
/// nothing more.
static TOUCHED: ([bool; 256], [bool; 256]) = touched();

#[expect(clippy::indexing_slicing, reason = "the compiler runs it, and would stop there")]
const fn touched() -> ([bool; 256], [bool; 256]) {
    let (mut v4, mut v6) = ([false; 256], [false; 256]);
    let mut index = 0;
    while index < RANGES.len() {
        let SpecialRange { network, length, .. } = RANGES[index];
        let (family, first) = match network {
            IpAddr::V4(network) => (&mut v4, network.octets()[0] as usize),
            IpAddr::V6(network) => (&mut v6, network.octets()[0] as usize),
        };
        // A prefix shorter than an octet begins in several ways.
        let ways = if length < 8 { 1 << (8 - length) } else { 1 };
        let mut octet = first;
        while octet < first + ways {
            family[octet] = true;
            octet += 1;
        }
        index += 1;
    }
    (v4, v6)
}

#[rustfmt::skip]
static RANGES: [SpecialRange; 62] = [
    v4([0, 0, 0, 0], 8, "this network", "RFC 791", false),
    v4([0, 0, 0, 0], 32, "unspecified address", "RFC 1122", false),
    v4([10, 0, 0, 0], 8, "private", "RFC 1918", false),
    v4([100, 64, 0, 0], 10, "shared address space of carrier-grade NAT", "RFC 6598", false),
    v4([127, 0, 0, 0], 8, "loopback", "RFC 1122", false),
    v4([169, 254, 0, 0], 16, "link-local", "RFC 3927", false),
    v4([172, 16, 0, 0], 12, "private", "RFC 1918", false),
    v4([192, 0, 0, 0], 24, "IETF protocol assignments", "RFC 6890", false),
    v4([192, 0, 0, 0], 29, "IPv4 service continuity", "RFC 7335", false),
    v4([192, 0, 0, 8], 32, "IPv4 dummy address", "RFC 7600", false),
    v4([192, 0, 0, 9], 32, "port control protocol anycast", "RFC 7723", true),
    v4([192, 0, 0, 10], 32, "TURN anycast", "RFC 8155", true),
    v4([192, 0, 0, 170], 32, "NAT64 and DNS64 discovery", "RFC 8880", false),
    v4([192, 0, 0, 171], 32, "NAT64 and DNS64 discovery", "RFC 8880", false),
    v4([192, 0, 2, 0], 24, "documentation", "RFC 5737", false),
    v4([192, 31, 196, 0], 24, "AS112 anycast", "RFC 7535", true),
    v4([192, 52, 193, 0], 24, "automatic multicast tunnelling", "RFC 7450", true),
    v4([192, 88, 99, 0], 24, "6to4 relay anycast, withdrawn", "RFC 7526", false),
    v4([192, 168, 0, 0], 16, "private", "RFC 1918", false),
    v4([192, 175, 48, 0], 24, "AS112 anycast", "RFC 7534", true),
    v4([198, 18, 0, 0], 15, "benchmarking", "RFC 2544", false),
    v4([198, 51, 100, 0], 24, "documentation", "RFC 5737", false),
    v4([203, 0, 113, 0], 24, "documentation", "RFC 5737", false),
    v4([224, 0, 0, 0], 4, "multicast", "RFC 5771", false),
    v4([233, 252, 0, 0], 24, "multicast documentation", "RFC 6676", false),
    v4([240, 0, 0, 0], 4, "reserved", "RFC 1112", false),
    v4([255, 255, 255, 255], 32, "limited broadcast", "RFC 919", false),

    v6([0, 0, 0, 0, 0, 0, 0, 0], 3, "reserved by the IETF", "RFC 4291", false),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 96, "IPv4-compatible, deprecated", "RFC 4291", false),
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, "unspecified address", "RFC 4291", false),
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "loopback", "RFC 4291", false),
    v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96, "IPv4-mapped", "RFC 4291", false),
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "IPv4-IPv6 translation", "RFC 6052", true),
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "local IPv4-IPv6 translation", "RFC 8215", false),
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "discard-only", "RFC 6666", false),
    v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64, "dummy prefix", "RFC 9780", false),
    v6([0x200, 0, 0, 0, 0, 0, 0, 0], 7, "OSI NSAP addresses, deprecated", "RFC 4048", false),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "IETF protocol assignments", "RFC 2928", false),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "Teredo", "RFC 4380", false),
    v6([0x2001, 1, 0, 0, 0, 0, 0, 1], 128, "port control protocol anycast", "RFC 7723", true),
    v6([0x2001, 1, 0, 0, 0, 0, 0, 2], 128, "TURN anycast", "RFC 8155", true),
    v6([0x2001, 1, 0, 0, 0, 0, 0, 3], 128, "DNS-SD service registration anycast", "RFC 9665", true),
    v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, "benchmarking", "RFC 5180", false),
    v6([0x2001, 3, 0, 0, 0, 0, 0, 0], 32, "automatic multicast tunnelling", "RFC 7450", true),
    v6([0x2001, 4, 0x112, 0, 0, 0, 0, 0], 48, "AS112 anycast", "RFC 7535", true),
    v6([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28, "ORCHID, deprecated", "RFC 4843", false),
    v6([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28, "ORCHIDv2", "RFC 7343", true),
    v6([0x2001, 0x30, 0, 0, 0, 0, 0, 0], 28, "drone remote identification", "RFC 9374", true),
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "documentation", "RFC 3849", false),
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "6to4", "RFC 3056", false),
    v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "AS112 anycast", "RFC 7534", true),
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "documentation", "RFC 9637", false),
    v6([0x4000, 0, 0, 0, 0, 0, 0, 0], 2, "reserved by the IETF", "RFC 4291", false),
    v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16, "segment routing identifiers", "RFC 9602", false),
    v6([0x8000, 0, 0, 0, 0, 0, 0, 0], 2, "reserved by the IETF", "RFC 4291", false),
    v6([0xc000, 0, 0, 0, 0, 0, 0, 0], 3, "reserved by the IETF", "RFC 4291", false),
    v6([0xe000, 0, 0, 0, 0, 0, 0, 0], 4, "reserved by the IETF", "RFC 4291", false),
    v6([0xf000, 0, 0, 0, 0, 0, 0, 0], 4, "reserved by the IETF", "RFC 4291", false),
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "unique local", "RFC 4193", false),
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "link-local", "RFC 4291", false),
    v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, "site-local, deprecated", "RFC 3879", false),
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "multicast", "RFC 4291", false),
];

#[cfg(test)]
mod tests;
