use std::net::SocketAddr;

use super::*;
use crate::link::Identity;
use crate::model::{Label, Protocols, Ttl};
use crate::wire::{Headers, Template, icmp_type, ip_header};

mod properties;

const TARGET: TargetIndex = TargetIndex(3);
const FLOW: Flow = Flow(2);
const ROUTER_V4: &str = "203.0.113.9";
const ROUTER_V6: &str = "2001:db8:9::9";

fn router(family: Family) -> IpAddr {
    match family {
        Family::V4 => ROUTER_V4.parse().unwrap(),
        Family::V6 => ROUTER_V6.parse().unwrap(),
    }
}

fn headers(family: Family, protocol: Protocol) -> Headers {
    let (source, destination) = match family {
        Family::V4 => ("192.0.2.1", "198.51.100.80"),
        Family::V6 => ("2001:db8::1", "2001:db8:2::80"),
    };
    Headers {
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
        protocol,
        identity: 0x8235,
        destination_port: if protocol == Protocol::Tcp { 80 } else { 33434 },
        size: None,
        tos: 0,
        flow_label: 0,
        dont_fragment: false,
    }
}

/// A directory that knows one flow.
fn directory(headers: &Headers) -> Directory {
    let mut directory = Directory::new();
    register(&mut directory, TARGET, FLOW, headers);
    directory
}

fn register(directory: &mut Directory, target: TargetIndex, flow: Flow, headers: &Headers) {
    let destination = Destination {
        port: Some(headers.destination_port),
        size: headers.size,
        tos: headers.tos,
        ..Destination::new(headers.destination, Protocols::One(headers.protocol))
    };
    let identities = vec![Identity { protocol: headers.protocol, flow, number: headers.identity }];
    directory.register(target, &destination, &Attached { source: headers.source, identities, notes: vec![] });
}

fn probe(headers: &Headers, id: u16, off_flow: bool) -> Vec<u8> {
    let mut template = Template::new(headers).unwrap();
    template.stamp(Ttl::new(9).unwrap(), ProbeId::new(id).unwrap(), off_flow).to_vec()
}

/// What a router makes of a packet: TTL 1 by the time it arrives, quoted in an error of this kind.
fn error(kind: ReplyKind, packet: &[u8]) -> Vec<u8> {
    let family = if packet[0] >> 4 == 4 { Family::V4 } else { Family::V6 };
    let icmp = icmp_type(family, kind).unwrap();
    let mut message = vec![icmp.kind, icmp.code, 0, 0, 0, 0, 0, 0];
    message.extend(packet);
    message[8 + if family == Family::V4 { 8 } else { 7 }] = 1;
    message
}

fn hear(directory: &Directory, from: IpAddr, protocol: Protocol, bytes: &[u8]) -> Option<Heard> {
    let at = Moment::from_nanos(77);
    directory.recognise(&Incoming::Packet { protocol, from, bytes, reply_ttl: Some(60), at })
}

fn quoted(directory: &Directory, packet: &[u8]) -> Option<Heard> {
    let family = if packet[0] >> 4 == 4 { Family::V4 } else { Family::V6 };
    hear(directory, router(family), Protocol::Icmp, &error(ReplyKind::TimeExceeded, packet))
}

#[test]
fn a_quoted_port_counts_only_as_the_off_flow_port_of_that_id() {
    for family in Family::ALL {
        let headers = headers(*family, Protocol::Udp);
        let directory = directory(&headers);
        let port = usize::from(ip_header(*family)) + 2;
        for quoted_port in [33433u16, 33434 + 8, 33434 + 513, 80] {
            let mut packet = probe(&headers, 7, false);
            packet[port..port + 2].copy_from_slice(&quoted_port.to_be_bytes());
            assert_eq!(quoted(&directory, &packet), None, "port {quoted_port}");
        }
        assert!(quoted(&directory, &probe(&headers, 7, true)).unwrap().off_flow);
        let tcp = self::headers(*family, Protocol::Tcp);
        let mut packet = probe(&tcp, 7, false);
        packet[port + 1] ^= 1;
        assert_eq!(quoted(&self::directory(&tcp), &packet), None);
    }
}

#[test]
fn witnesses_that_disagree_are_not_believed() {
    for family in Family::ALL {
        let transport = usize::from(ip_header(*family));
        let headers = headers(*family, Protocol::Udp);
        let known = directory(&headers);
        // The payload says 7, the length 8.
        let mut packet = probe(&headers, 7, false);
        packet[transport + 5] += 1;
        assert_eq!(quoted(&known, &packet), None);
        // A length that no probe has.
        packet.truncate(transport + 8);
        packet[transport + 4] = 0x40;
        assert_eq!(quoted(&known, &packet), None);
    }
    // Of fixed size, and neither payload nor length tell: identification and checksum differ.
    let fixed = Headers { size: Some(60), ..headers(Family::V4, Protocol::Udp) };
    let mut packet = probe(&fixed, 7, false);
    packet.truncate(28);
    packet[27] = 9;
    assert_eq!(quoted(&directory(&fixed), &packet).unwrap().id, None);
    // A translator that sets its own checksum leaves the identification.
    packet[26] = 0xab;
    let heard = quoted(&directory(&fixed), &packet).unwrap();
    assert_eq!((heard.id, heard.reply.quoted.unwrap().nat), (ProbeId::new(7), true));
}

#[test]
fn a_translator_on_the_way_is_seen() {
    for family in Family::ALL {
        for protocol in Protocol::ALL {
            for size in [None, Some(80)] {
                let headers = Headers { size, ..headers(*family, *protocol) };
                let directory = directory(&headers);
                let nat = |packet: &[u8]| quoted(&directory, packet).unwrap().reply.quoted.unwrap().nat;
                let untouched = probe(&headers, 500, false);
                assert!(!nat(&untouched), "{protocol} over {family}");

                let mut readdressed = untouched.clone();
                readdressed[if *family == Family::V4 { 15 } else { 23 }] ^= 0x40;
                assert!(nat(&readdressed), "{protocol} over {family}");

                let checksum = usize::from(ip_header(*family))
                    + match protocol {
                        Protocol::Icmp => 2,
                        Protocol::Udp => 6,
                        Protocol::Tcp => 16,
                    };
                let mut summed_again = untouched.clone();
                summed_again[checksum] ^= 0x40;
                assert!(nat(&summed_again), "{protocol} over {family}");

                // Blanked, as some routers do: that tells nothing.
                let mut blanked = untouched;
                blanked[checksum..checksum + 2].fill(0);
                assert!(!nat(&blanked), "{protocol} over {family}");
            }
        }
    }
}

#[test]
fn echo_replies_name_their_request_but_requests_nobody() {
    for family in Family::ALL {
        let headers = headers(*family, Protocol::Icmp);
        let directory = directory(&headers);
        let mut echo = probe(&headers, 300, false)[usize::from(ip_header(*family))..].to_vec();
        let hear_from = |from, echo: &[u8]| hear(&directory, from, Protocol::Icmp, echo);
        assert_eq!(hear_from(headers.destination, &echo), None, "its own request");
        echo[0] = if *family == Family::V4 { 0 } else { 129 };
        let heard = hear_from(headers.destination, &echo).unwrap();
        assert_eq!((heard.id, heard.reply.kind), (ProbeId::new(300), Some(ReplyKind::EchoReply)));
        assert_eq!(heard.reply.icmp, Some(IcmpType { kind: echo[0], code: 0 }));
        assert_eq!(heard.reply.quoted, None);
        assert_eq!(hear_from(router(*family), &echo), None, "somebody else");
        for sequence in [0u16, 513, 0xffff] {
            echo[6..8].copy_from_slice(&sequence.to_be_bytes());
            assert_eq!(hear_from(headers.destination, &echo), None, "sequence {sequence}");
        }
    }
}

fn segment(headers: &Headers, flags: u8, acknowledged: u32) -> Vec<u8> {
    let mut bytes = headers.destination_port.to_be_bytes().to_vec();
    bytes.extend(headers.identity.to_be_bytes());
    bytes.extend([1, 2, 3, 4]);
    bytes.extend(acknowledged.to_be_bytes());
    bytes.extend([0x50, flags, 0, 0, 0, 0, 0, 0]);
    bytes
}

#[test]
fn tcp_answers_acknowledge_their_own_probe() {
    const SYN_ACK: u8 = 0x12;
    const RST_ACK: u8 = 0x14;
    let sequence = 0x8235_0000 + 500;
    for family in Family::ALL {
        let headers = headers(*family, Protocol::Tcp);
        let hear = |headers: &Headers, flags, acknowledged| {
            let segment = segment(headers, flags, acknowledged);
            hear(&directory(headers), headers.destination, Protocol::Tcp, &segment)
                .map(|heard| (heard.id.unwrap().get(), heard.reply.kind.unwrap()))
        };
        assert_eq!(hear(&headers, SYN_ACK, sequence + 1), Some((500, ReplyKind::SynAck)));
        assert_eq!(hear(&headers, RST_ACK, sequence + 1), Some((500, ReplyKind::Rst)));
        // Neither an ACK nor a bare RST says which SYN it means; nor does a foreign number.
        assert_eq!(hear(&headers, 0x10, sequence + 1), None);
        assert_eq!(hear(&headers, 0x04, sequence + 1), None);
        assert_eq!(hear(&headers, SYN_ACK, sequence + 14), None);
        assert_eq!(hear(&headers, SYN_ACK, 0x8234_ffff), None);
        // A SYN of 100 bytes carries data, which a reset acknowledges and an acceptance does not.
        let large = Headers { size: Some(100), ..headers };
        let data = 100 - u32::from(smallest(*family));
        assert_eq!(hear(&large, RST_ACK, sequence + 1 + data), Some((500, ReplyKind::Rst)));
        assert_eq!(hear(&large, SYN_ACK, sequence + 1), Some((500, ReplyKind::SynAck)));
    }
    let headers = headers(Family::V4, Protocol::Tcp);
    let mut other_port = segment(&headers, SYN_ACK, sequence + 1);
    other_port[1] ^= 1;
    assert_eq!(hear(&directory(&headers), headers.destination, Protocol::Tcp, &other_port), None);
}

fn smallest(family: Family) -> u16 {
    crate::carrier::smallest(Protocol::Tcp, family)
}

#[test]
fn data_tells_the_flow_and_off_flow_the_probe() {
    let headers = headers(Family::V6, Protocol::Udp);
    let directory = directory(&headers);
    let data = |address: IpAddr, port, identity| {
        let from = SocketAddr::new(address, port);
        let at = Moment::ZERO;
        directory.recognise(&Incoming::Data { from, identity, reply_ttl: None, at })
    };
    let heard = data(headers.destination, 33434, 0x8235).unwrap();
    assert_eq!((heard.id, heard.off_flow, heard.reply.kind), (None, false, Some(ReplyKind::Data)));
    let heard = data(headers.destination, 33434 + 7, 0x8235).unwrap();
    assert_eq!((heard.id, heard.off_flow), (ProbeId::new(7), true));
    assert_eq!(data(headers.destination, 53, 0x8235), None);
    assert_eq!(data(headers.destination, 33434, 0x8236), None);
    assert_eq!(data(router(Family::V6), 33434, 0x8235), None);
    // The same as a packet.
    let packet = [0x82, 0x9a, 0x82, 0x35, 0, 8, 0, 0];
    assert_eq!(hear(&directory, headers.destination, Protocol::Udp, &packet).unwrap().id, None);
}

/// An entry of the error queue about a probe.
fn queued(headers: &Headers, port: u16, quoted: &[u8], extensions: &[u8]) -> Option<Heard> {
    let family = Family::of(headers.destination);
    directory(headers).recognise(&Incoming::Error {
        offender: router(family),
        icmp: icmp_type(family, ReplyKind::TimeExceeded).unwrap(),
        protocol: headers.protocol,
        destination: SocketAddr::new(headers.destination, port),
        identity: headers.identity,
        probe: None,
        quoted,
        extensions,
        reply_ttl: Some(250),
        at: Moment::ZERO,
    })
}

/// Sequence numbers of the kernel's own mean nothing here.
#[test]
fn an_error_on_a_socket_of_its_own_is_about_the_probe_of_that_socket() {
    for family in Family::ALL {
        let headers = headers(*family, Protocol::Tcp);
        let ask = |probe: Probe| {
            directory(&headers).recognise(&Incoming::Error {
                offender: router(*family),
                icmp: icmp_type(*family, ReplyKind::TimeExceeded).unwrap(),
                protocol: Protocol::Tcp,
                destination: SocketAddr::new(headers.destination, headers.destination_port),
                identity: headers.identity,
                probe: Some(probe),
                quoted: &[0xff; 20],
                extensions: &[],
                reply_ttl: Some(250),
                at: Moment::ZERO,
            })
        };
        let known = queued(&headers, headers.destination_port, &sequence_of(&headers, 7), &[]).unwrap();
        let probe = Probe {
            target: known.target,
            protocol: Protocol::Tcp,
            ttl: Ttl::MIN,
            flow: known.flow,
            round: 0,
            id: ProbeId::new(400).unwrap(),
            off_flow: false,
        };
        let heard = ask(probe).unwrap();
        assert_eq!((heard.target, heard.flow, heard.id), (known.target, known.flow, Some(probe.id)));
        assert_eq!(heard.reply.kind, Some(ReplyKind::TimeExceeded));
        assert!(ask(Probe { target: TargetIndex(999), ..probe }).is_none());
        assert!(ask(Probe { flow: crate::model::Flow(999), ..probe }).is_none());
    }
}

/// The first bytes of a SYN of ours.
fn sequence_of(headers: &Headers, id: u16) -> Vec<u8> {
    let sequence = crate::carrier::tcp_sequence(headers.identity, ProbeId::new(id).unwrap());
    let ports = [headers.identity.to_be_bytes(), headers.destination_port.to_be_bytes()].concat();
    [ports, sequence.to_be_bytes().to_vec()].concat()
}

#[test]
fn the_error_queue_names_the_probe_by_its_payload() {
    let (ttl, id) = (Ttl::new(4).unwrap(), ProbeId::new(400).unwrap());
    for family in Family::ALL {
        for protocol in [Protocol::Icmp, Protocol::Udp] {
            let headers = headers(*family, protocol);
            let port = if protocol == Protocol::Udp { 33434 } else { 0 };
            let mut payload = Payload::new(protocol, *family, headers.identity, None).unwrap();
            let bytes = payload.stamp(ttl, id);
            let heard = queued(&headers, port, bytes, &[]).unwrap();
            assert_eq!((heard.id, heard.off_flow), (Some(id), false));
            assert_eq!(heard.reply.kind, Some(ReplyKind::TimeExceeded));
            assert_eq!((heard.reply.quoted, heard.reply.reply_ttl), (None, Some(250)));
            // Nothing quoted: the flow is known, the probe is not.
            assert_eq!(queued(&headers, port, &[], &[]).unwrap().id, None);
        }
        let headers = headers(*family, Protocol::Udp);
        let off_flow = queued(&headers, 33434 + 400, &[], &[]).unwrap();
        assert_eq!((off_flow.id, off_flow.off_flow), (Some(id), true));
        assert_eq!(queued(&headers, 33434 + 400, b"tr\x01\x91", &[]), None, "the payload says 401");
        assert_eq!(queued(&headers, 33434 + 513, &[], &[]), None);
        assert_eq!(queued(&headers, 53, &[], &[]), None);
        assert_eq!(queued(&headers, 33434, b"xy\x01\x90", &[]).unwrap().id, None, "not our mark");
    }
}

#[test]
fn labels_come_through_packets_and_error_queues() {
    let structure = [0x20, 0, 0, 0, 0, 8, 1, 1, 0x05, 0xdc, 0xf1, 1];
    let expected = [Label { label: 24015, traffic_class: 0, bottom: true, ttl: 1 }];
    let headers = headers(Family::V4, Protocol::Udp);
    let heard = queued(&headers, 33434, &[], &structure).unwrap();
    assert_eq!(heard.reply.mpls, expected);

    let mut message = error(ReplyKind::TimeExceeded, &probe(&headers, 7, false));
    message.resize(8 + 128, 0);
    message.extend(structure);
    let heard = hear(&directory(&headers), router(Family::V4), Protocol::Icmp, &message).unwrap();
    assert_eq!((heard.id, heard.reply.mpls.as_slice()), (ProbeId::new(7), &expected[..]));
}

#[test]
fn connections_carry_their_probe() {
    let headers = headers(Family::V4, Protocol::Tcp);
    let probe = Probe {
        target: TARGET,
        protocol: Protocol::Tcp,
        ttl: Ttl::MIN,
        flow: FLOW,
        round: 0,
        id: ProbeId::new(9).unwrap(),
        off_flow: false,
    };
    let directory = directory(&headers);
    let at = Moment::ZERO;
    let connected = directory.recognise(&Incoming::Connected { probe, reply_ttl: Some(60), at }).unwrap();
    assert_eq!((connected.id, connected.reply.kind), (ProbeId::new(9), Some(ReplyKind::SynAck)));
    assert_eq!(connected.reply.from, headers.destination);
    let refused = directory.recognise(&Incoming::Refused { probe, reply_ttl: None, at }).unwrap();
    assert_eq!(refused.reply.kind, Some(ReplyKind::Rst));
    let stranger = Probe { target: TargetIndex(99), ..probe };
    assert_eq!(directory.recognise(&Incoming::Connected { probe: stranger, reply_ttl: None, at }), None);
    assert_eq!(directory.recognise(&Incoming::SendFailed { probe, cause: "down".to_owned() }), None);
}

#[test]
fn targets_with_one_address_are_told_apart_and_forgotten_one_by_one() {
    let mut directory = Directory::new();
    let one = headers(Family::V4, Protocol::Udp);
    let other = Headers { identity: 0x8236, ..one };
    register(&mut directory, TargetIndex(0), Flow(0), &one);
    register(&mut directory, TargetIndex(1), Flow(0), &other);
    let target = |directory: &Directory, headers| {
        quoted(directory, &probe(headers, 1, false)).map(|heard| heard.target.0)
    };
    assert_eq!((target(&directory, &one), target(&directory, &other)), (Some(0), Some(1)));
    directory.forget(TargetIndex(0));
    assert_eq!((target(&directory, &one), target(&directory, &other)), (None, Some(1)));
    // Its identity is used again by a third, and then forgetting the first once more changes nothing.
    register(&mut directory, TargetIndex(2), Flow(0), &one);
    directory.forget(TargetIndex(0));
    assert_eq!(target(&directory, &one), Some(2));
    // Registered anew with other flows, the old ones are gone.
    register(&mut directory, TargetIndex(2), Flow(0), &Headers { identity: 7, ..one });
    assert_eq!(target(&directory, &one), None);
}
