use super::*;

fn object(c_type: u8, bytes: &[u8]) -> Extension {
    Extension { class: 2, c_type, bytes: bytes.to_vec() }
}

/// RFC 5837, section 4.1, figure 1: the role in bits 0 and 1, then two reserved, ifIndex, address, name, MTU.
#[test]
fn golden_bytes_of_everything() {
    let bytes = [
        0x00, 0x00, 0x02, 0x0d, // ifIndex 525
        0x00, 0x01, 0x00, 0x00, // AFI 1, reserved
        0xc0, 0x00, 0x02, 0x01, // 192.0.2.1
        0x0c, b'g', b'e', b'-', // 12 bytes of name with this one
        b'0', b'/', b'0', b'/', //
        b'1', 0x00, 0x00, 0x00, // padding
        0x00, 0x00, 0x05, 0xdc, // MTU 1500
    ];
    let found = object(0b0000_1111, &bytes).interface().unwrap();
    let expected = InterfaceInformation {
        role: InterfaceRole::Incoming,
        index: Some(525),
        address: Some([192, 0, 2, 1].into()),
        name: Some("ge-0/0/1".to_owned()),
        mtu: Some(1500),
    };
    assert_eq!(found, expected);
    assert_eq!(expected.to_extension(), object(0b0000_1111, &bytes));
    assert_eq!(found.to_string(), "incoming interface ge-0/0/1 (index 525, 192.0.2.1, MTU 1500)");
}

#[test]
fn golden_bytes_of_an_ipv6_next_hop() {
    let address: Ipv6Addr = "2001:db8::5".parse().unwrap();
    let mut bytes = vec![0x00, 0x02, 0x00, 0x00];
    bytes.extend(address.octets());
    let found = object(0b1100_0100, &bytes).interface().unwrap();
    let expected = InterfaceInformation {
        address: Some(address.into()),
        ..InterfaceInformation::new(InterfaceRole::NextHop)
    };
    assert_eq!(found, expected);
    assert_eq!(expected.to_extension().bytes, bytes);
    assert_eq!(found.to_string(), "next hop (2001:db8::5)");
}

#[test]
fn every_role_and_no_part_at_all() {
    let roles =
        [0b0000_0000, 0b0100_0000, 0b1000_0000, 0b1100_0000].map(|c_type| object(c_type, &[]).interface());
    let known = InterfaceRole::ALL.iter().map(|role| Some(InterfaceInformation::new(*role)));
    assert!(roles.into_iter().eq(known));
    // The reserved bits mean nothing yet.
    assert_eq!(object(0b0011_0000, &[]).interface(), object(0, &[]).interface());
}

#[test]
fn lengths_that_cannot_be_are_not_believed() {
    assert_eq!(Extension { class: 3, c_type: 8, bytes: vec![0, 0, 0, 1] }.interface(), None);
    for bytes in [&[][..], &[0, 0, 1], &[0, 0, 0, 1, 0]] {
        assert_eq!(object(INDEX, bytes).interface(), None, "ifIndex {bytes:?}");
        assert_eq!(object(MTU, bytes).interface(), None, "MTU {bytes:?}");
    }
    // A family that is none, an address cut short, one of the other family's length.
    for bytes in [
        &[0, 1][..],
        &[0, 1, 0, 0],
        &[0, 1, 0, 0, 1, 2, 3],
        &[0, 3, 0, 0, 1, 2, 3, 4],
        &[0, 2, 0, 0, 1, 2, 3, 4],
    ] {
        assert_eq!(object(ADDRESS, bytes).interface(), None, "address {bytes:?}");
    }
    // Names: no length, a length past the end, one that is no multiple of four, more than 64.
    let mut long = vec![68];
    long.resize(68, b'a');
    for bytes in
        [&[][..], &[0], &[0, 0, 0, 0], &[8, b'a', 0, 0], &[3, b'a', b'b'], &[5, b'a', 0, 0, 0], &long]
    {
        assert_eq!(object(NAME, bytes).interface(), None, "name {bytes:?}");
    }
    assert_eq!(object(NAME, &[4, b'e', b't', b'h', 0]).interface(), None, "something left over");
    assert_eq!(object(INDEX | MTU, &[0, 0, 0, 1]).interface(), None, "the second part is missing");
}

#[test]
fn names_of_any_bytes() {
    let name = |bytes: &[u8]| object(NAME, bytes).interface().unwrap().name;
    assert_eq!(name(&[4, b'e', b't', b'h']).as_deref(), Some("eth"));
    assert_eq!(name(&[4, 0, 0, 0]), None);
    assert_eq!(name(&[8, b'e', 0xff, b'h', 0, b'x', 0, 0]).as_deref(), Some("e\u{fffd}h"));
    // 63 bytes at most, and no half character.
    let long = InterfaceInformation {
        name: Some("ü".repeat(40)),
        ..InterfaceInformation::new(InterfaceRole::Outgoing)
    };
    let object = long.to_extension();
    assert_eq!(object.bytes.len(), 64);
    assert_eq!(object.interface().unwrap().name, Some("ü".repeat(31)));
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(c_type: u8, bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..100)) {
        // A name of bytes that are no text is longer than it was.
        if let Some(found) = object(c_type, &bytes).interface()
            && found.name.as_ref().is_none_or(|name| name.len() < 64)
        {
            // Saying it again says the same, but for reserved bits and what was no text.
            proptest::prop_assert_eq!(found.to_extension().interface(), Some(found));
        }
    }
}
