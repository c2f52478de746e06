use proptest::prelude::*;

use super::*;

const UDP_V4: [u8; 28] = [
    0x45, 0xb8, 0x00, 0x24, 0x01, 0x2c, 0x00, 0x00, 0x01, 0x11, 0x00, 0x00, 192, 0, 2, 1, 198, 51, 100,
    80, //
    0x82, 0x35, 0x82, 0x9a, 0x00, 0x10, 0x00, 0x07,
];

fn ipv6(next: u8, rest: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x6b, 0x82, 0x82, 0x35, 0x00, 0x10, next, 0x01];
    bytes.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    bytes.extend([0x20, 1, 0x0d, 0xb8, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80]);
    bytes.extend(rest);
    bytes
}

#[test]
fn what_the_ipv4_header_says() {
    let quote = Quote::parse(Family::V4, &UDP_V4).unwrap();
    assert_eq!(
        quote,
        Quote {
            source: "192.0.2.1".parse().unwrap(),
            destination: "198.51.100.80".parse().unwrap(),
            protocol: Protocol::Udp,
            ttl: 1,
            tos: 0xb8,
            identification: Some(300),
            flow_label: None,
            transport: &UDP_V4[20..],
        }
    );
}

#[test]
fn ipv4_options_are_skipped() {
    let mut bytes = UDP_V4.to_vec();
    bytes[0] = 0x47;
    bytes.splice(20..20, [0x94, 4, 0, 0, 1, 1, 1, 0]); // router alert, padding
    assert_eq!(Quote::parse(Family::V4, &bytes).unwrap().transport, &UDP_V4[20..]);
    // Options that go on behind the end.
    bytes[0] = 0x4f;
    assert_eq!(Quote::parse(Family::V4, &bytes), None);
}

#[test]
fn ipv4_that_is_none() {
    let broken: [(&str, usize, u8); 5] = [
        ("another version", 0, 0x65),
        ("a header of 16 bytes", 0, 0x44),
        ("a later fragment", 7, 0x01),
        ("another protocol", 9, 47),
        ("ICMPv6 over IPv4", 9, 58),
    ];
    for (what, place, byte) in broken {
        let mut bytes = UDP_V4;
        bytes[place] = byte;
        assert_eq!(Quote::parse(Family::V4, &bytes), None, "{what}");
    }
    assert_eq!(Quote::parse(Family::V4, &UDP_V4[..19]), None);
    assert_eq!(Quote::parse(Family::V6, &UDP_V4), None);
    // The first of several fragments has the ports.
    let mut first = UDP_V4;
    first[6] = 0x20;
    assert!(Quote::parse(Family::V4, &first).is_some());
}

#[test]
fn ipv6_extension_headers_are_skipped() {
    const UDP: [u8; 8] = [0x82, 0x35, 0x82, 0x9a, 0x00, 0x10, 0x00, 0x07];
    let plain = ipv6(17, &UDP);
    let quote = Quote::parse(Family::V6, &plain).unwrap();
    assert_eq!((quote.ttl, quote.tos, quote.flow_label), (1, 0xb8, Some(0x28235)));
    assert_eq!((quote.protocol, quote.transport), (Protocol::Udp, &UDP[..]));

    // Hop-by-hop, destination options of 16 bytes, routing, first fragment, authentication of 16 bytes.
    let mut chain = vec![60, 0, 1, 4, 0, 0, 0, 0];
    chain.extend([43, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    chain.extend([44, 0, 0, 0, 0, 0, 0, 0]);
    chain.extend([51, 0, 0, 1, 0, 0, 0, 9]);
    chain.extend([17, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9]);
    let fragment_offset = chain.len() - 16 - 8 + 2;
    chain.extend(UDP);
    let whole = ipv6(0, &chain);
    let quote = Quote::parse(Family::V6, &whole).unwrap();
    assert_eq!((quote.protocol, quote.transport), (Protocol::Udp, &UDP[..]));

    // Cut anywhere within the extension headers it is none, and so is a later fragment.
    for cut in 40..whole.len() - UDP.len() {
        assert_eq!(Quote::parse(Family::V6, &whole[..cut]), None, "cut at {cut}");
    }
    let mut later = whole;
    later[40 + fragment_offset + 1] = 0x08;
    assert_eq!(Quote::parse(Family::V6, &later), None);
    assert_eq!(Quote::parse(Family::V6, &ipv6(59, &UDP)), None, "no next header");
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(mut bytes: Vec<u8>, version in prop::sample::select(&[None, Some(0x45), Some(0x4f), Some(0x60)])) {
        if let (Some(version), Some(first)) = (version, bytes.first_mut()) {
            *first = version;
        }
        for family in Family::ALL {
            if let Some(quote) = Quote::parse(*family, &bytes) {
                prop_assert!(bytes.ends_with(quote.transport));
                prop_assert_eq!(Family::of(quote.source), *family);
            }
        }
    }

    #[test]
    fn any_chain_of_extension_headers_ends(next in 0..64u8, rest in prop::collection::vec(prop::sample::select(&[0u8, 1, 6, 17, 43, 44, 51, 58, 60, 255]), 0..400)) {
        let _ = Quote::parse(Family::V6, &ipv6(next, &rest));
    }
}
