//! The links themselves, without engine and tracer: what leaves, what is heard, what is refused.

use std::io::Read as _;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Protocol as Number, Socket, Type};
use trace_core::Error;
use trace_core::engine::{Moment, ProbeId};
use trace_core::link::{Destination, Incoming, Link, SendFailure};
use trace_core::model::{Family, Flow, Label, Mode, Protocol, ReplyKind};
use trace_core::sys;
use trace_core::wire::checksum::Sum;
use trace_core::wire::{Headers, Template};

use crate::aimed::{FAMILIES, TARGET, aim, at_vantage, destination, loopback, probe};
use crate::lab::{Chain, lab_test};

const PROTOCOLS: [Protocol; 2] = [Protocol::Icmp, Protocol::Udp];

/// An ICMP error that quotes `probe` in 128 bytes, with one MPLS label behind them (RFC 4884, RFC 4950).
fn error_with_label(family: u8, probe: &[u8]) -> Vec<u8> {
    let mut quoted = probe.to_vec();
    quoted.resize(128, 0);
    let mut extension = vec![0x20, 0, 0, 0, 0, 8, 1, 1];
    // Label 24,015, class 5, bottom of the stack, TTL 3.
    extension.extend(((24_015_u32 << 12) | (5 << 9) | (1 << 8) | 3).to_be_bytes());
    let sum = Sum::ZERO.bytes(&extension).checksum().to_be_bytes();
    extension[2..4].copy_from_slice(&sum);
    // The length of what is quoted: in words of 32 bits in the sixth byte, or of 64 bits in the fifth.
    let header = if family == 4 { [11, 0, 0, 0, 0, 32, 0, 0] } else { [3, 0, 0, 0, 16, 0, 0, 0] };
    let mut message = [&header[..], &quoted, &extension].concat();
    if family == 4 {
        let sum = Sum::ZERO.bytes(&message).checksum().to_be_bytes();
        message[2..4].copy_from_slice(&sum);
    }
    message
}

fn send_icmp(family: u8, message: &[u8]) {
    let (domain, number) =
        if family == 4 { (Domain::IPV4, Number::ICMPV4) } else { (Domain::IPV6, Number::ICMPV6) };
    let socket = Socket::new(domain, Type::RAW, Some(number)).expect("open a raw socket");
    socket.send_to(message, &SocketAddr::new(loopback(family), 0).into()).expect("send an ICMP message");
}

lab_test! {
    fn the_own_machine_answers_over_the_loopback_interface() {
        let lab = Chain::of(1).build();
        for mode in [Mode::Raw, Mode::Unprivileged] {
            at_vantage(&lab, mode, || {
                for family in FAMILIES {
                    for protocol in PROTOCOLS {
                        let mut aimed = aim(mode, &destination(loopback(family), protocol));
                        assert_eq!(aimed.attached.source, loopback(family));
                        for flow in [0, 1] {
                            let left = aimed.send(probe(protocol, 200, flow, 511 + flow));
                            let heard = aimed.hear(1).remove(0);
                            assert_eq!((heard.flow, heard.target), (Flow(flow), TARGET));
                            assert_eq!(heard.id.map(ProbeId::get), Some(511 + flow));
                            assert_eq!(heard.reply.from, loopback(family));
                            assert_eq!(heard.reply.reply_ttl, Some(64), "{mode} {protocol} IPv{family}");
                            let kind = match protocol {
                                Protocol::Icmp => ReplyKind::EchoReply,
                                _ => ReplyKind::PortUnreachable,
                            };
                            assert_eq!(heard.reply.kind, Some(kind));
                            assert!(heard.at >= left && heard.at <= aimed.link.now());
                        }
                        aimed.hear_no_more();
                    }
                }
            });
        }
    }

    /// Not what it sends itself, and no echo requests of others: only what may be an answer.
    fn a_raw_link_is_woken_by_answers_alone() {
        let lab = Chain::of(1).build();
        lab.vantage().enter(|| {
            for family in FAMILIES {
                let mut idle = aim(Mode::Raw, &destination(loopback(family), Protocol::Icmp));
                for (protocol, kind) in [(Protocol::Icmp, [0, 129]), (Protocol::Udp, [3, 1])] {
                    let mut aimed = aim(Mode::Raw, &destination(loopback(family), protocol));
                    for id in 1..=6 {
                        aimed.send(probe(protocol, 64, id % 2, id));
                    }
                    let mut messages = Vec::new();
                    let mut hear = |incoming: Incoming<'_>| match incoming {
                        Incoming::Packet { bytes, .. } => messages.push(bytes[0]),
                        other => panic!("{other:?}"),
                    };
                    let until = aimed.link.now() + Duration::from_secs(1);
                    aimed.link.receive(until, &mut hear).expect("listen");
                    assert_eq!(messages, [kind[usize::from(family == 6)]; 6]);
                    let mut others = |incoming: Incoming<'_>| panic!("woken for another's answer: {incoming:?}");
                    idle.link.receive(Moment::ZERO, &mut others).expect("listen");
                }
            }
        });
    }

    fn what_a_service_answers_is_heard_in_both_modes() {
        let lab = Chain::of(1).build();
        for mode in [Mode::Raw, Mode::Unprivileged] {
            at_vantage(&lab, mode, || {
                for family in FAMILIES {
                    let service = UdpSocket::bind((loopback(family), 0)).expect("bind a service");
                    let port = service.local_addr().expect("its address").port();
                    let destination =
                        Destination { port: Some(port), ..destination(loopback(family), Protocol::Udp) };
                    let mut aimed = aim(mode, &destination);
                    aimed.send(probe(Protocol::Udp, 9, 1, 400));
                    let (_, client) = service.recv_from(&mut [0; 1000]).expect("receive the probe");
                    assert_eq!(client.port(), aimed.attached.identities[1].number);
                    service.send_to(b"hello", client).expect("answer");
                    let heard = aimed.hear(1).remove(0);
                    assert_eq!((heard.flow, heard.id), (Flow(1), None));
                    assert_eq!(heard.reply.kind, Some(ReplyKind::Data));
                    assert_eq!((heard.reply.from, heard.reply.reply_ttl), (loopback(family), Some(64)));
                }
            });
        }
    }

    /// Each send meets the errors of those before it: they were waited for, and not read.
    fn errors_that_are_pending_cost_no_probe_of_any_socket() {
        let lab = Chain::of(2).without_limits().build();
        at_vantage(&lab, Mode::Unprivileged, || {
            for family in FAMILIES {
                for protocol in PROTOCOLS {
                    let mut aimed = aim(Mode::Unprivileged, &destination(lab.target(family), protocol));
                    for id in 1..=20 {
                        aimed.send(probe(protocol, if id % 2 == 0 { 1 } else { 2 }, 0, id));
                        aimed.wait(Duration::from_millis(5));
                    }
                    let heard = aimed.hear(20);
                    for heard in &heard {
                        let id = heard.id.expect("an id").get();
                        assert_eq!(heard.reply.from, lab.hop(if id % 2 == 0 { 1 } else { 2 }, family));
                        assert_eq!(heard.reply.kind, Some(ReplyKind::TimeExceeded));
                    }
                    let mut ids: Vec<u16> = heard.iter().filter_map(|heard| Some(heard.id?.get())).collect();
                    ids.sort_unstable();
                    assert_eq!(ids, (1..=20).collect::<Vec<_>>(), "{protocol} IPv{family}");
                    aimed.hear_no_more();
                }
            }
        });
    }

    /// Answers that were read late must not look late.
    fn an_answer_has_the_time_it_came_at() {
        let lab = Chain::of(1).without_limits().build();
        for mode in [Mode::Raw, Mode::Unprivileged] {
            at_vantage(&lab, mode, || {
                for family in FAMILIES {
                    for protocol in PROTOCOLS {
                        let mut aimed = aim(mode, &destination(lab.target(family), protocol));
                        // The kernel begins to stamp some time after the first socket asks for it.
                        let exact = (1..=20).any(|id| {
                            let left = aimed.send(probe(protocol, 1, 0, id));
                            aimed.wait(Duration::from_millis(100));
                            aimed.hear(1)[0].at.since(left) < Duration::from_millis(50)
                        });
                        assert!(exact, "{mode} {protocol} IPv{family}");
                    }
                }
            });
        }
    }

    fn a_route_that_is_taken_away_refuses_probes_until_it_is_back() {
        let lab = Chain::of(1).without_limits().build();
        for mode in [Mode::Raw, Mode::Unprivileged] {
            for family in FAMILIES {
                for protocol in PROTOCOLS {
                    // Routes are changed by a program started from here, so this thread keeps its rights.
                    lab.vantage().enter(|| {
                        let to = lab.target(family);
                        let mut aimed = aim(mode, &destination(to, protocol));
                        lab.vantage().ip(&format!("route add unreachable {to}\n"));
                        let sent = aimed.link.send(&probe(protocol, 1, 0, 1));
                        assert!(matches!(sent, Err(SendFailure::Refused(_))), "{mode} {protocol}: {sent:?}");
                        lab.vantage().ip(&format!("route del unreachable {to}\n"));
                        aimed.send(probe(protocol, 1, 0, 2));
                        assert_eq!(aimed.hear(1)[0].id.map(ProbeId::get), Some(2));
                    });
                }
            }
        }
    }

    fn what_cannot_be_probed_is_refused_with_a_reason() {
        let lab = Chain::of(1).without_ping_sockets().build();
        for mode in [Mode::Raw, Mode::Unprivileged] {
            at_vantage(&lab, mode, || {
                let mut link = sys::open(Some(mode)).expect("open a link");
                for family in FAMILIES {
                    let nowhere = destination(lab.unroutable(family), Protocol::Udp);
                    assert!(matches!(link.attach(TARGET, &nowhere), Err(Error::NoRoute { .. })));
                    let icmp = link.attach(TARGET, &destination(lab.target(family), Protocol::Icmp));
                    if mode == Mode::Raw {
                        icmp.expect("raw sockets need no permission of their own");
                    } else {
                        assert!(!sys::can_ping(if family == 4 { Family::V4 } else { Family::V6 }));
                        let error = icmp.expect_err("ping sockets are forbidden").to_string();
                        assert!(error.contains("net.ipv4.ping_group_range"), "{error}");
                    }
                }
            });
        }
        at_vantage(&lab, Mode::Unprivileged, || {
            let error = sys::open(Some(Mode::Raw)).err().expect("raw sockets are forbidden");
            assert!(matches!(error, Error::NotPermitted { .. }), "{error}");
            assert_eq!(sys::open(None).expect("open any link").mode(), Mode::Unprivileged);
        });
        at_vantage(&lab, Mode::Raw, || {
            assert_eq!(sys::open(None).expect("open any link").mode(), Mode::Raw);
        });
    }

    fn sockets_that_were_opened_first_outlive_the_right_to_open_them() {
        let lab = Chain::of(1).build();
        // They belong to the process: this one is for this test alone.
        lab.vantage().enter(|| sys::open_first(1).expect("open raw sockets"));
        at_vantage(&lab, Mode::Unprivileged, || {
            for family in FAMILIES {
                for protocol in [Protocol::Icmp, Protocol::Udp, Protocol::Tcp] {
                    let mut link = sys::open(None).expect("open a link");
                    assert_eq!(link.mode(), Mode::Raw);
                    let to = destination(lab.target(family), protocol);
                    link.attach(TARGET, &to).expect("attach the target");
                    link.send(&probe(protocol, 1, 0, 1)).expect("send a probe");
                    let mut heard = 0;
                    let until = link.now() + Duration::from_secs(2);
                    while heard == 0 && link.now() < until {
                        link.receive(until, &mut |_| heard += 1).expect("receive");
                    }
                    assert_eq!(heard, 1, "{protocol} {family}");
                    // What is still on its way when a link ends is nobody's.
                    link.send(&probe(protocol, 1, 0, 2)).expect("send a probe");
                    std::thread::park_timeout(Duration::from_millis(20));
                    // Who comes second gets none, which is not for want of rights; or does without.
                    let error = sys::open(Some(Mode::Raw)).err().expect("all of them are in use");
                    assert!(matches!(error, Error::System { .. }), "{error}");
                    assert_eq!(sys::open(None).expect("open any link").mode(), Mode::Unprivileged);
                    drop(link);
                    let mut next = sys::open(Some(Mode::Raw)).expect("open the next link");
                    next.attach(TARGET, &to).expect("attach the target");
                    let until = next.now() + Duration::from_millis(50);
                    next.receive(until, &mut |what| panic!("heard {what:?}")).expect("receive");
                }
            }
        });
    }

    fn links_of_either_mode_share_no_number() {
        let lab = Chain::of(1).build();
        lab.vantage().enter(|| {
            for family in FAMILIES {
                let mut numbers: Vec<u16> = (0..20)
                    .flat_map(|number| {
                        let mode = if number % 2 == 0 { Mode::Raw } else { Mode::Unprivileged };
                        let aimed = aim(mode, &destination(lab.target(family), PROTOCOLS[number % 4 / 2]));
                        let numbers: Vec<u16> = aimed.attached.identities.iter().map(|one| one.number).collect();
                        // Stays open to the end of the program.
                        std::mem::forget(aimed);
                        numbers
                    })
                    .collect();
                assert_eq!(numbers.len(), 40);
                numbers.sort_unstable();
                numbers.dedup();
                assert_eq!(numbers.len(), 40);
            }
        });
    }

    /// Load balancers hash the flow label; it is read in what a router quotes.
    fn the_flow_label_of_a_flow_is_constant_and_not_zero() {
        let lab = Chain::of(2).without_limits().build();
        // What the kernel would choose must not matter.
        lab.vantage().sysctl("ipv6/auto_flowlabels", "0");
        lab.vantage().enter(|| {
            for mode in [Mode::Raw, Mode::Unprivileged] {
                for &protocol in Protocol::ALL {
                    let mut listener =
                        Socket::new(Domain::IPV6, Type::RAW, Some(Number::ICMPV6)).expect("open a raw socket");
                    listener.set_read_timeout(Some(Duration::from_secs(2))).expect("set a timeout");
                    let mut aimed = aim(mode, &destination(lab.target(6), protocol));
                    let mut labels = [Vec::new(), Vec::new()];
                    for (flow, labels) in (0..).zip(&mut labels) {
                        for id in 1..=6 {
                            aimed.send(probe(protocol, id % 2 + 1, flow, u16::from(id) * 80));
                            let mut message = [0; 200];
                            while message[0] != 3 {
                                assert_ne!(listener.read(&mut message).expect("listen"), 0);
                            }
                            labels.push(u32::from_be_bytes(message[8..12].try_into().expect("4 bytes")));
                        }
                        assert_eq!(labels.len(), 6, "{mode} {protocol}");
                        labels.dedup();
                        assert_eq!(labels.len(), 1, "{mode} {protocol}: {labels:x?}");
                        assert_ne!(labels[0] & 0xf_ffff, 0, "{mode} {protocol}");
                    }
                    assert_ne!(labels[0], labels[1], "{mode} {protocol}");
                }
            }
        });
    }

    /// No kernel sends MPLS labels, so the error is made here. Error queues tell where extensions begin on all
    /// four kinds of socket.
    fn labels_attached_to_errors_are_seen_in_both_modes() {
        let lab = Chain::of(1).build();
        lab.vantage().enter(|| {
            for mode in [Mode::Raw, Mode::Unprivileged] {
                for family in FAMILIES {
                    for protocol in PROTOCOLS {
                        // Takes the probes without answering.
                        let service = UdpSocket::bind((loopback(family), 0)).expect("bind a service");
                        let port = service.local_addr().expect("its address").port();
                        let destination = Destination { port: Some(port), ..destination(loopback(family), protocol) };
                        let mut aimed = aim(mode, &destination);
                        let sent = probe(protocol, 9, 1, 77);
                        aimed.send(sent);
                        if protocol == Protocol::Icmp {
                            assert_eq!(aimed.hear(1)[0].reply.kind, Some(ReplyKind::EchoReply));
                        }
                        let identity = aimed.attached.identities[1];
                        assert_eq!(identity.flow, Flow(1));
                        let mut template = Template::new(&Headers {
                            source: loopback(family),
                            destination: loopback(family),
                            protocol,
                            identity: identity.number,
                            destination_port: port,
                            size: None,
                            tos: 0,
                            flow_label: 1,
                            dont_fragment: false,
                        })
                        .expect("a template");
                        send_icmp(family, &error_with_label(family, template.stamp(sent.ttl, sent.id, false)));
                        let heard = aimed.hear(1).remove(0);
                        assert_eq!(heard.id, Some(sent.id), "{mode} {protocol} IPv{family}");
                        assert_eq!(heard.reply.kind, Some(ReplyKind::TimeExceeded));
                        let label = Label { label: 24_015, traffic_class: 5, bottom: true, ttl: 3 };
                        assert_eq!(heard.reply.mpls, [label], "{mode} {protocol} IPv{family}");
                    }
                }
            }
        });
    }
}
