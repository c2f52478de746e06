use std::net::IpAddr;

use super::*;
use crate::engine::ProbeId;
use crate::model::{Protocol, Ttl};
use crate::wire::{Headers, Template};

/// Runs a program as the kernel would: whether it lets the packet through. A load from behind the end of the
/// packet ends it with nothing.
fn passes(program: &[Step], packet: &[u8]) -> bool {
    let (mut a, mut x, mut at) = (0_u32, 0_u32, 0);
    let load = |offset: u32, bytes: usize| {
        let from = offset as usize;
        let part = packet.get(from..from + bytes)?;
        Some(part.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
    };
    loop {
        let Step { code, if_true, constant } = program[at];
        at += 1;
        match code {
            LOAD_BYTE | LOAD_HALF => match load(x + constant, if code == LOAD_BYTE { 1 } else { 2 }) {
                Some(value) => a = value,
                None => return false,
            },
            SET_INDEX => x = constant,
            SET_INDEX_TO_HEADER => match load(constant, 1) {
                Some(value) => x = 4 * (value & 0x0f),
                None => return false,
            },
            AND => a &= constant,
            SHIFT_LEFT => a <<= constant,
            ADD_INDEX => a += x,
            MOVE_TO_INDEX => x = a,
            IF_EQUAL => at += if a == constant { usize::from(if_true) } else { 0 },
            RETURN => return constant != 0,
            _ => panic!("instruction {code:#x} is not known"),
        }
    }
}

fn addresses(family: Family) -> (IpAddr, IpAddr) {
    match family {
        Family::V4 => ([192, 0, 2, 1].into(), [198, 51, 100, 7].into()),
        Family::V6 => ("2001:db8::1".parse().unwrap(), "2001:db8::7".parse().unwrap()),
    }
}

fn probe(family: Family, protocol: Protocol, identity: u16) -> Vec<u8> {
    let (source, destination) = addresses(family);
    let headers = Headers {
        source,
        destination,
        protocol,
        identity,
        destination_port: 33434,
        size: None,
        tos: 0,
        flow_label: 5,
        dont_fragment: false,
    };
    let mut template = Template::new(&headers).unwrap();
    template.stamp(Ttl::MIN, ProbeId::new(9).unwrap(), false).to_vec()
}

/// What a raw socket is handed of an ICMP message: over IPv4 with a header, of `words` words.
fn delivered(family: Family, words: u8, message: &[u8]) -> Vec<u8> {
    let mut packet = match family {
        Family::V4 => vec![0; 4 * usize::from(words)],
        Family::V6 => Vec::new(),
    };
    if let Some(first) = packet.first_mut() {
        *first = 0x40 | words;
    }
    packet.extend(message);
    packet
}

fn time_exceeded(family: Family, quoted: &[u8]) -> Vec<u8> {
    let kind = if family == Family::V4 { 11 } else { 3 };
    [&[kind, 0, 0, 0, 0, 0, 0, 0], quoted].concat()
}

fn echo_reply(family: Family, identifier: u16) -> Vec<u8> {
    let kind = if family == Family::V4 { 0 } else { 129 };
    let [high, low] = identifier.to_be_bytes();
    vec![kind, 0, 0, 0, high, low, 0, 9]
}

#[test]
fn answers_to_our_numbers_pass_and_others_do_not() {
    for family in [Family::V4, Family::V6] {
        for numbers in [vec![40_000], vec![1, 40_000, 65_535], (39_990..40_054).collect()] {
            let program = program(family, &numbers);
            for words in [5, 6, 15] {
                let hears = |message: &[u8]| passes(&program, &delivered(family, words, message));
                for &protocol in Protocol::ALL {
                    let own = time_exceeded(family, &probe(family, protocol, 40_000));
                    assert!(hears(&own), "{family} {protocol} {numbers:?}");
                    let header = if family == Family::V4 { 20 } else { 40 };
                    assert!(hears(&own[..8 + header + 8]), "8 bytes of the probe are quoted at least");
                    let other = time_exceeded(family, &probe(family, protocol, 30_000));
                    assert!(!hears(&other), "{family} {protocol} {numbers:?}");
                }
                assert!(hears(&echo_reply(family, 40_000)));
                assert!(!hears(&echo_reply(family, 30_000)));
            }
        }
    }
}

#[test]
fn a_quoted_header_with_options_is_stepped_over() {
    let mut quoted = probe(Family::V4, Protocol::Udp, 40_000);
    quoted[0] = 0x47;
    quoted.splice(20..20, [7, 7, 4, 0, 0, 0, 0, 0]);
    let message = delivered(Family::V4, 5, &time_exceeded(Family::V4, &quoted));
    assert!(passes(&program(Family::V4, &[40_000]), &message));
    // Routing header before the ports: left for us to read.
    let mut quoted = probe(Family::V6, Protocol::Udp, 40_000);
    quoted[6] = 43;
    let message = delivered(Family::V6, 5, &time_exceeded(Family::V6, &quoted));
    assert!(passes(&program(Family::V6, &[1]), &message));
}

#[test]
fn what_is_cut_short_does_not_pass() {
    for family in [Family::V4, Family::V6] {
        let program = program(family, &[40_000]);
        let whole = delivered(family, 5, &time_exceeded(family, &probe(family, Protocol::Udp, 40_000)));
        // The same for both: IPv4 has two headers of 20 bytes in front, IPv6 one of 40.
        let ports = 8 + 40;
        for end in 0..whole.len() {
            assert_eq!(passes(&program, &whole[..end]), end >= ports + 2, "{family} {end}");
        }
    }
}

#[test]
fn too_many_numbers_let_everything_pass() {
    let numbers: Vec<u16> = (1..=65).collect();
    for family in [Family::V4, Family::V6] {
        assert!(passes(&program(family, &numbers), &[]));
    }
}

#[test]
fn segments_pass_if_they_go_to_one_of_our_ports() {
    for family in [Family::V4, Family::V6] {
        for numbers in [vec![40_000], vec![1, 40_000, 65_535], (39_990..40_054).collect()] {
            let program = segment_program(family, &numbers);
            for words in [5, 6, 15] {
                let hears = |from: u16, to: u16| {
                    let ports = [from.to_be_bytes(), to.to_be_bytes()].concat();
                    passes(&program, &delivered(family, words, &[&ports[..], &[0; 16]].concat()))
                };
                assert!(hears(80, 40_000) && !hears(80, 30_000), "{family} {numbers:?}");
                // What this machine itself sends from there, heard on the loopback interface.
                assert!(!hears(40_000, 80), "{family} {numbers:?}");
            }
            assert!(!passes(&program, &delivered(family, 5, &[0, 80, 0x9c])), "cut short");
        }
        assert!(!passes(&segment_program(family, &[]), &delivered(family, 5, &[0; 20])));
        let many: Vec<u16> = (1..=65).collect();
        assert!(passes(&segment_program(family, &many), &[]));
    }
}
