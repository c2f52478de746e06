use proptest::prelude::*;

use super::*;

/// Two MPLS entries, then an object of interface information (RFC 5837) whose bytes are kept.
const STRUCTURE: [u8; 24] = [
    0x20, 0x00, 0x00, 0x00, // version 2, no checksum yet
    0x00, 0x0c, 0x01, 0x01, 0x05, 0xdc, 0xf4, 0x01, 0x00, 0x01, 0x21, 0xff, // labels 24015 and 18
    0x00, 0x08, 0x02, 0x02, 0xde, 0xad, 0xbe, 0xef,
];

fn with_checksum() -> [u8; 24] {
    let mut bytes = STRUCTURE;
    let checksum = Sum::ZERO.bytes(&bytes).checksum();
    bytes[2..4].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

#[test]
fn labels_are_understood_and_other_objects_kept() {
    let bytes = with_checksum();
    let (labels, others) = Extensions::parse(&bytes).unwrap().read();
    assert_eq!(
        labels,
        [
            Label { label: 24015, traffic_class: 2, bottom: false, ttl: 1 },
            Label { label: 18, traffic_class: 0, bottom: true, ttl: 255 },
        ]
    );
    assert_eq!(others, [Extension { class: 2, c_type: 2, bytes: vec![0xde, 0xad, 0xbe, 0xef] }]);
}

#[test]
fn a_checksum_must_be_right_or_absent() {
    assert!(Extensions::parse(&STRUCTURE).is_some());
    for place in 0..24 {
        let mut damaged = with_checksum();
        damaged[place] ^= 0x08;
        assert_eq!(Extensions::parse(&damaged), None, "byte {place}");
    }
}

#[test]
fn other_versions_and_empty_structures_are_none() {
    for version in (0..16).filter(|version| *version != 2) {
        let mut bytes = STRUCTURE;
        bytes[0] = version << 4;
        assert_eq!(Extensions::parse(&bytes), None);
    }
    assert_eq!(Extensions::parse(&[0x20, 0, 0, 0]), None);
    assert_eq!(Extensions::parse(&[0x20, 0, 0]), None);
}

#[test]
fn an_impossible_length_ends_the_list() {
    for length in [0, 3, 5, 200] {
        let mut bytes = STRUCTURE;
        bytes[17] = length;
        let (labels, others) = Extensions::parse(&bytes).unwrap().read();
        assert_eq!(labels.len(), 2);
        // Of 5 bytes, one is payload; what follows is no object any more.
        assert_eq!(others.len(), usize::from(length == 5), "length {length}");
    }
}

#[test]
fn a_stack_of_odd_length_is_kept_as_its_bytes() {
    let bytes = [0x20, 0, 0, 0, 0, 7, 1, 1, 1, 2, 3];
    let (labels, others) = Extensions::parse(&bytes).unwrap().read();
    assert!(labels.is_empty());
    assert_eq!(others, [Extension { class: 1, c_type: 1, bytes: vec![1, 2, 3] }]);
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(mut bytes: Vec<u8>, valid: bool) {
        if let (true, [first, _, high, low, ..]) = (valid, bytes.as_mut_slice()) {
            (*first, *high, *low) = (0x20, 0, 0);
        }
        if let Some(extensions) = Extensions::parse(&bytes) {
            let (labels, others) = extensions.read();
            let kept: usize = others.iter().map(|object| object.bytes.len() + 4).sum();
            prop_assert!(labels.len() * 4 + kept <= bytes.len());
        }
    }
}
