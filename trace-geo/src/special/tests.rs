use super::*;

fn label(address: &str) -> String {
    match special(address.parse().unwrap()) {
        Some(range) => {
            format!("{range} {}", if range.is_global() { "global" } else { "-" })
        }
        None => "ordinary".to_owned(),
    }
}

#[test]
fn ranges_have_no_bits_behind_their_length_and_stand_once() {
    for range in &RANGES {
        let (network, length) = range.prefix();
        let (bits, width) = match network {
            IpAddr::V4(network) => (u128::from(u32::from(network)), 32),
            IpAddr::V6(network) => (u128::from(network), 128),
        };
        assert!(length <= width);
        assert_eq!(bits & !(u128::MAX << (width - length)), 0, "{range:?}");
        assert_eq!(RANGES.iter().filter(|other| other.prefix() == range.prefix()).count(), 1, "{range:?}");
    }
}

/// First and last address of ranges, and their neighbours.
#[test]
fn edges() {
    for (first, last, before, after, expected) in [
        ("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0", "private (RFC 1918) -"),
        ("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0", "private (RFC 1918) -"),
        ("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0", "private (RFC 1918) -"),
        (
            "100.64.0.0",
            "100.127.255.255",
            "100.63.255.255",
            "100.128.0.0",
            "shared address space of carrier-grade NAT (RFC 6598) -",
        ),
        ("169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0", "link-local (RFC 3927) -"),
        ("198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0", "benchmarking (RFC 2544) -"),
        (
            "2001:db8::",
            "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db7::",
            "2001:db9::",
            "documentation (RFC 3849) -",
        ),
        (
            "3fff::",
            "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
            "3ffe:ffff::",
            "3fff:1000::",
            "documentation (RFC 9637) -",
        ),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::", "2003::", "6to4 (RFC 3056) -"),
    ] {
        assert_eq!(label(first), expected);
        assert_eq!(label(last), expected);
        assert_eq!(label(before), "ordinary");
        assert_eq!(label(after), "ordinary");
    }
}

#[test]
fn the_narrowest_range_wins() {
    for (address, expected) in [
        ("0.0.0.0", "unspecified address (RFC 1122) -"),
        ("0.0.0.1", "this network (RFC 791) -"),
        ("192.0.0.5", "IPv4 service continuity (RFC 7335) -"),
        ("192.0.0.9", "port control protocol anycast (RFC 7723) global"),
        ("192.0.0.11", "IETF protocol assignments (RFC 6890) -"),
        ("192.88.99.1", "6to4 relay anycast, withdrawn (RFC 7526) -"),
        ("192.175.48.1", "AS112 anycast (RFC 7534) global"),
        ("233.252.0.9", "multicast documentation (RFC 6676) -"),
        ("224.0.0.1", "multicast (RFC 5771) -"),
        ("255.255.255.254", "reserved (RFC 1112) -"),
        ("255.255.255.255", "limited broadcast (RFC 919) -"),
        ("::", "unspecified address (RFC 4291) -"),
        ("::1", "loopback (RFC 4291) -"),
        ("::10.0.0.1", "IPv4-compatible, deprecated (RFC 4291) -"),
        ("::ffff:8.8.8.8", "IPv4-mapped (RFC 4291) -"),
        ("64:ff9b::8.8.8.8", "IPv4-IPv6 translation (RFC 6052) global"),
        ("64:ff9b:1::1", "local IPv4-IPv6 translation (RFC 8215) -"),
        ("100::1", "discard-only (RFC 6666) -"),
        ("100:0:0:1::1", "dummy prefix (RFC 9780) -"),
        ("2001::1", "Teredo (RFC 4380) -"),
        ("2001:1::1", "port control protocol anycast (RFC 7723) global"),
        ("2001:1::4", "IETF protocol assignments (RFC 2928) -"),
        ("2001:4:112::1", "AS112 anycast (RFC 7535) global"),
        ("2001:2f:ffff::", "ORCHIDv2 (RFC 7343) global"),
        ("5f00::1", "segment routing identifiers (RFC 9602) -"),
        ("4000::", "reserved by the IETF (RFC 4291) -"),
        ("fbff::", "reserved by the IETF (RFC 4291) -"),
        ("fd00::1", "unique local (RFC 4193) -"),
        ("fe80::1", "link-local (RFC 4291) -"),
        ("fec0::1", "site-local, deprecated (RFC 3879) -"),
        ("ff02::1", "multicast (RFC 4291) -"),
    ] {
        assert_eq!(label(address), expected, "{address}");
    }
}

#[test]
fn ordinary_addresses_are_global() {
    for address in ["1.1.1.1", "8.8.8.8", "223.255.255.255", "2001:200::1", "2600::", "2a00:1450::1"] {
        assert_eq!(label(address), "ordinary");
        assert!(is_global(address.parse().unwrap()));
    }
    assert!(is_global("64:ff9b::1.1.1.1".parse().unwrap()));
    assert!(!is_global("fe80::1".parse().unwrap()));
}

/// IPv6 outside 2000::/3 is never ordinary.
#[test]
fn ipv6_outside_global_unicast_is_special() {
    for high in 0..=0xffff_u16 {
        let address = IpAddr::V6(Ipv6Addr::new(high, 0xffff, 0, 0, 0, 0, 0, 1));
        assert!(high >> 13 == 1 || special(address).is_some(), "{address}");
    }
}

#[test]
fn translated_addresses_carry_their_ipv4_address() {
    assert_eq!(translated("64:ff9b::c000:221".parse().unwrap()), Some(Ipv4Addr::new(192, 0, 2, 33)));
    assert_eq!(translated("64:ff9b:0:1::1".parse().unwrap()), None);
    assert_eq!(translated("192.0.2.33".parse().unwrap()), None);
}
