use proptest::prelude::*;

use super::*;
use crate::wire::checksum::Sum;

const QUOTED: [u8; 28] = [
    0x45, 0x00, 0x00, 0x24, 0x00, 0x07, 0x00, 0x00, 0x01, 0x11, 0x00, 0x00, 192, 0, 2, 1, 198, 51, 100,
    80, //
    0x82, 0x35, 0x82, 0x9a, 0x00, 0x10, 0x00, 0x07,
];

fn structure() -> Vec<u8> {
    let mut bytes = vec![0x20, 0, 0, 0, 0, 8, 1, 1, 0x05, 0xdc, 0xf1, 1];
    let checksum = Sum::ZERO.bytes(&bytes).checksum();
    bytes[2..4].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

/// A time-exceeded message with the quoted packet padded to `padded`, then `behind`.
fn time_exceeded(words: u8, padded: usize, behind: &[u8]) -> Vec<u8> {
    let mut bytes = vec![11, 0, 0, 0, 0, words, 0, 0];
    bytes.extend(QUOTED);
    bytes.resize(8 + padded.max(QUOTED.len()), 0);
    bytes.extend(behind);
    bytes
}

fn read(bytes: &[u8]) -> (usize, usize) {
    match Message::parse(Family::V4, bytes) {
        Some(Message::Error { kind: ReplyKind::TimeExceeded, quote, extensions, .. }) => {
            (quote.transport.len() + 20, extensions.map_or(0, |extensions| extensions.read().0.len()))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_extension_structure_is_found_where_the_length_says() {
    assert_eq!(read(&time_exceeded(32, 128, &structure())), (128, 1));
    assert_eq!(read(&time_exceeded(35, 140, &structure())), (140, 1));
}

#[test]
fn an_old_router_sets_no_length() {
    assert_eq!(read(&time_exceeded(0, 128, &structure())), (128, 1));
    // Quoted bytes that stand where a structure would are not taken for one.
    let mut damaged = structure();
    damaged[11] ^= 1;
    assert_eq!(read(&time_exceeded(0, 128, &damaged)), (140, 0));
    assert_eq!(read(&time_exceeded(0, 300, &[])), (300, 0));
}

#[test]
fn a_length_that_cannot_be_is_ignored() {
    for words in [1, 7, 33, 255] {
        assert_eq!(read(&time_exceeded(words, 128, &structure())), (140, 0), "{words} words");
    }
    assert_eq!(read(&time_exceeded(0, 28, &[])), (28, 0));
    assert_eq!(read(&time_exceeded(7, 28, &[])), (28, 0));
}

#[test]
fn the_length_of_icmpv6_counts_in_eights_at_its_own_place() {
    let mut quoted = vec![0x60, 0, 0, 0, 0, 8, 17, 1];
    quoted.extend([0; 32]);
    quoted.extend([0x82, 0x35, 0x82, 0x9a, 0x00, 0x10, 0x00, 0x07]);
    quoted.resize(128, 0);
    let mut bytes = vec![3, 0, 0, 0, 16, 0, 0, 0];
    bytes.extend(quoted);
    bytes.extend(structure());
    match Message::parse(Family::V6, &bytes) {
        Some(Message::Error {
            kind: ReplyKind::TimeExceeded, quote, extensions: Some(extensions), ..
        }) => {
            assert_eq!((quote.transport.len(), extensions.read().0.len()), (88, 1));
        }
        other => panic!("{other:?}"),
    }
    // In "packet too big" that place belongs to the MTU.
    bytes[0] = 2;
    assert!(matches!(
        Message::parse(Family::V6, &bytes),
        Some(Message::Error { kind: ReplyKind::TooBig, extensions: None, .. })
    ));
}

#[test]
fn echo_replies_but_no_requests() {
    let reply = |kind| [kind, 0, 0, 0, 0x12, 0x34, 0, 7];
    let expected = Some(Message::EchoReply { identifier: 0x1234, sequence: 7 });
    assert_eq!(Message::parse(Family::V4, &reply(0)), expected);
    assert_eq!(Message::parse(Family::V6, &reply(129)), expected);
    assert_eq!(Message::parse(Family::V4, &reply(8)), None);
    assert_eq!(Message::parse(Family::V6, &reply(128)), None);
    assert_eq!(Message::parse(Family::V4, &reply(129)), None);
    assert_eq!(Message::parse(Family::V4, &reply(0)[..7]), None);
}

#[test]
fn redirects_and_quenches_answer_nothing() {
    for kind in [4, 5, 9, 10, 13, 30] {
        let mut bytes = time_exceeded(0, 28, &[]);
        bytes[0] = kind;
        assert_eq!(Message::parse(Family::V4, &bytes), None, "type {kind}");
    }
}

#[test]
fn every_kind_of_error_has_a_type_that_means_it() {
    for family in Family::ALL {
        for kind in ReplyKind::ALL {
            match icmp_type(*family, *kind) {
                Some(icmp) => assert_eq!(reply_kind(*family, icmp), Some(*kind), "{kind} over {family}"),
                None => assert!(
                    matches!(
                        kind,
                        ReplyKind::EchoReply | ReplyKind::SynAck | ReplyKind::Rst | ReplyKind::Data
                    ),
                    "{kind}"
                ),
            }
        }
    }
}

#[test]
fn types_and_codes_mean_what_the_standards_say() {
    use ReplyKind::*;
    let table: &[(Family, u8, u8, Option<ReplyKind>)] = &[
        (Family::V4, 3, 0, Some(NetUnreachable)),
        (Family::V4, 3, 1, Some(HostUnreachable)),
        (Family::V4, 3, 2, Some(ProtocolUnreachable)),
        (Family::V4, 3, 3, Some(PortUnreachable)),
        (Family::V4, 3, 4, Some(TooBig)),
        (Family::V4, 3, 7, Some(Unreachable)),
        (Family::V4, 3, 9, Some(AdminProhibited)),
        (Family::V4, 3, 10, Some(AdminProhibited)),
        (Family::V4, 3, 13, Some(AdminProhibited)),
        (Family::V4, 11, 0, Some(TimeExceeded)),
        (Family::V4, 11, 1, Some(ReassemblyExceeded)),
        (Family::V4, 12, 0, Some(ParameterProblem)),
        (Family::V4, 1, 0, None),
        (Family::V6, 1, 0, Some(NetUnreachable)),
        (Family::V6, 1, 1, Some(AdminProhibited)),
        (Family::V6, 1, 2, Some(Unreachable)),
        (Family::V6, 1, 3, Some(HostUnreachable)),
        (Family::V6, 1, 4, Some(PortUnreachable)),
        (Family::V6, 1, 5, Some(AdminProhibited)),
        (Family::V6, 1, 6, Some(AdminProhibited)),
        (Family::V6, 2, 0, Some(TooBig)),
        (Family::V6, 3, 0, Some(TimeExceeded)),
        (Family::V6, 3, 1, Some(ReassemblyExceeded)),
        (Family::V6, 4, 0, Some(ParameterProblem)),
        (Family::V6, 4, 1, Some(ProtocolUnreachable)),
        (Family::V6, 137, 0, None),
    ];
    for (family, kind, code, expected) in table {
        assert_eq!(
            reply_kind(*family, IcmpType { kind: *kind, code: *code }),
            *expected,
            "{family} {kind}/{code}"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(kind in prop::sample::select(&[0u8, 1, 2, 3, 4, 11, 12, 129]), mut bytes: Vec<u8>, quoted: bool) {
        if let Some(first) = bytes.first_mut() {
            *first = kind;
        }
        if quoted && bytes.len() > 8 {
            bytes.splice(8..8, QUOTED);
        }
        for family in Family::ALL {
            let _ = Message::parse(*family, &bytes);
        }
    }
}
