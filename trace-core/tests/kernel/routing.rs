//! Where probes leave from and by, and what their headers are told: as they really pass the first router.

use std::net::IpAddr;

use trace_core::Error;
use trace_core::link::Destination;
use trace_core::model::{Mode, Outcome, ProbeResult, Protocol, Protocols, ReplyKind, Settings, Trace};
use trace_core::sys;

use crate::aimed::{TARGET, at_vantage};
use crate::lab::{Chain, Lab, Seen, Wiretap, lab_test};
use crate::tracing::{all_answers, check_chain, hop, job_with, trace};

const MODES: [Mode; 2] = [Mode::Raw, Mode::Unprivileged];

/// Runs a check in both modes, over both families and with every protocol.
fn in_every_way(check: impl Fn(Mode, u8, Protocol)) {
    for mode in MODES {
        for family in [4, 6] {
            for protocol in Protocol::ALL {
                check(mode, family, *protocol);
            }
        }
    }
}

fn number(protocol: Protocol, family: u8) -> u8 {
    match (protocol, family) {
        (Protocol::Icmp, 4) => 1,
        (Protocol::Icmp, _) => 58,
        (Protocol::Udp, _) => 17,
        (Protocol::Tcp, _) => 6,
    }
}

/// The probes of a trace as the first router sees them come in by an interface, and the trace.
fn tapped(
    lab: &Lab,
    interface: &str,
    mode: Mode,
    (family, protocol): (u8, Protocol),
    settings: Settings,
) -> (Trace, Vec<Seen>) {
    let tap = Wiretap::on(lab.node(1), interface);
    let trace = trace(lab, mode, job_with(lab.target(family), protocol, settings));
    let mut seen = tap.packets_to(lab.target(family));
    seen.retain(|packet| packet.protocol() == number(protocol, family));
    // Of a connection, the SYN is the probe; what follows is the kernel's.
    seen.retain(|packet| protocol != Protocol::Tcp || packet.transport()[13] == 2);
    let sent = trace.hops.iter().map(|hop| hop.probes.len()).sum::<usize>();
    assert!(seen.len() >= sent, "{} of {sent} probes passed {interface}", seen.len());
    (trace, seen)
}

/// What a link says to a destination.
fn attach(lab: &Lab, mode: Mode, destination: &Destination) -> Result<Vec<String>, Error> {
    let mut answer = None;
    at_vantage(lab, mode, || {
        let mut link = sys::open(Some(mode)).expect("open a link");
        answer = Some(link.attach(TARGET, destination).map(|attached| attached.notes));
    });
    answer.expect("an answer")
}

fn refused(lab: &Lab, mode: Mode, destination: &Destination) -> (Error, String) {
    let error = attach(lab, mode, destination).expect_err("this makes no sense");
    let text = error.to_string();
    (error, text)
}

fn extra_source(family: u8) -> IpAddr {
    if family == 4 { "10.7.0.77" } else { "fd07::77" }.parse().expect("an address")
}

/// A chain whose vantage point has a second address on the link to its first router.
fn with_two_sources() -> Lab {
    let lab = Chain::of(2).without_limits().build();
    lab.vantage().ip("addr add 10.7.0.77/24 dev right\n");
    lab.vantage().ip6("addr add fd07::77/64 dev right nodad preferred_lft 0\n");
    lab
}

lab_test! {
    fn probes_leave_from_the_source_asked_for() {
        let lab = with_two_sources();
        in_every_way(|mode, family, protocol| {
            let source = extra_source(family);
            let settings = Settings { source: Some(source), ..Settings::default() };
            let (trace, seen) = tapped(&lab, "left", mode, (family, protocol), settings);
            assert_eq!(trace.outcome, Some(Outcome::Reached), "{mode} {protocol} {trace:#?}");
            assert_eq!((trace.source, trace.hops.len()), (Some(source), 3));
            for hop in &trace.hops {
                all_answers(hop);
            }
            assert!(seen.iter().all(|packet| packet.source() == source), "{mode} {protocol} IPv{family}");
        });
    }

    fn a_source_that_is_not_ours_is_refused() {
        let lab = Chain::of(1).build();
        in_every_way(|mode, family, protocol| {
            let plain = Destination::new(lab.target(family), Protocols::One(protocol));
            let foreign = Destination { source: Some(lab.target(family)), ..plain.clone() };
            let (error, text) = refused(&lab, mode, &foreign);
            assert!(matches!(error, Error::ForeignSource { .. }), "{error:?}");
            assert!(text.contains(&lab.target(family).to_string()), "{text}");
            let other = Destination { source: Some(lab.source(10 - family)), ..plain };
            assert!(matches!(refused(&lab, mode, &other).0, Error::MixedFamilies { .. }));
        });
    }

    fn probes_leave_by_the_interface_asked_for() {
        let lab = Chain::of(2).without_limits().second_way().build();
        in_every_way(|mode, family, protocol| {
            let settings = Settings { interface: Some("other".to_owned()), ..Settings::default() };
            let (trace, _) = tapped(&lab, "other", mode, (family, protocol), settings);
            assert_eq!(trace.outcome, Some(Outcome::Reached), "{mode} {protocol} {trace:#?}");
            let (source, first) = lab.second_way(family);
            assert_eq!((trace.source, hop(&trace, 1).answerers()), (Some(source), vec![first]));
            assert!(trace.hops.iter().all(|hop| all_answers(hop).len() == 3));
            // Without being asked they go as the routing table says.
            let (trace, _) = tapped(&lab, "left", mode, (family, protocol), Settings::default());
            check_chain(&lab, &trace, 2, family, protocol, 3);
        });
    }

    fn an_interface_that_is_not_there_is_refused_with_those_that_are() {
        let lab = Chain::of(1).build();
        in_every_way(|mode, family, protocol| {
            let plain = Destination::new(lab.target(family), Protocols::One(protocol));
            let nowhere = Destination { interface: Some("eth7".to_owned()), ..plain };
            let (error, text) = refused(&lab, mode, &nowhere);
            assert!(matches!(error, Error::NoInterface { .. }), "{error:?}");
            assert_eq!(text, "there is no interface \"eth7\"; there are: lo, right");
        });
    }

    fn a_link_local_neighbour_is_traced_in_its_zone() {
        let lab = Chain::of(1).without_limits().second_way().build();
        // Made of the hardware address of the first router on the second link, 02:07:00:63:00:02.
        let neighbour: IpAddr = "fe80::7:ff:fe63:2".parse().expect("an address");
        for mode in MODES {
            for protocol in Protocol::ALL {
                let settings = Settings { interface: Some("other".to_owned()), ..Settings::default() };
                let trace = trace(&lab, mode, job_with(neighbour, *protocol, settings));
                assert_eq!((trace.outcome, trace.hops.len()), (Some(Outcome::Reached), 1), "{mode} {protocol} {trace:#?}");
                assert!(all_answers(&trace.hops[0]).iter().all(|reply| reply.from == neighbour));
                let nowhere = Destination::new(neighbour, Protocols::One(*protocol));
                let (error, text) = refused(&lab, mode, &nowhere);
                assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
                assert!(text.contains("fe80::1%eth0"), "{text}");
            }
        }
    }

    fn flows_count_up_from_the_source_port_and_flow_label_asked_for() {
        let lab = Chain::of(1).without_limits().build();
        in_every_way(|mode, family, protocol| {
            let settings = Settings {
                source_port: Some(40_000),
                flow_label: Some(0x54_321),
                flows: 3,
                ..Settings::default()
            };
            let (trace, seen) = tapped(&lab, "left", mode, (family, protocol), settings.clone());
            assert_eq!(trace.outcome, Some(Outcome::Reached), "{mode} {protocol} {trace:#?}");
            let keeps_port = protocol != Protocol::Tcp || mode == Mode::Raw;
            for flow in 0..3 {
                let label = (family == 6).then_some(0x54_321 + u32::from(flow));
                let of_flow = |packet: &&Seen| {
                    packet.flow_label() == label && (!keeps_port || packet.identity() == 40_000 + flow)
                };
                let sent = seen.iter().filter(of_flow).count();
                assert!(sent >= 6, "{mode} {protocol} IPv{family} flow {flow}: {sent} of {}", seen.len());
            }
            let destination = Destination::of(lab.target(family), Protocols::One(protocol), &settings);
            let notes = attach(&lab, mode, &destination).expect("attach").join("; ");
            assert_eq!(notes.contains("cannot leave from the source port asked for"), !keeps_port, "{notes}");
            assert_eq!(notes.contains("IPv4 has no flow label"), family == 4, "{notes}");
            assert_eq!(notes.contains("ICMP has no ports"), protocol == Protocol::Icmp, "{notes}");
        });
    }

    fn a_source_port_that_is_taken_is_refused_by_its_number() {
        let lab = Chain::of(1).build();
        let _both = lab.vantage().enter(|| std::net::UdpSocket::bind("[::]:40001")).expect("take a port");
        in_every_way(|mode, family, protocol| {
            let plain = Destination::new(lab.target(family), Protocols::One(protocol));
            let taken = Destination { source_port: Some(40_000), flows: 2, ..plain };
            let (error, text) = refused(&lab, mode, &taken);
            assert!(matches!(error, Error::SourcePort { port: 40_001, .. }), "{error:?}");
            assert!(text.contains("port 40001"), "{text}");
        });
    }

    fn size_type_of_service_and_fragmentation_are_what_was_asked_for() {
        let lab = Chain::of(1).without_limits().build();
        for dont_fragment in [true, false] {
            in_every_way(|mode, family, protocol| {
                let settings = Settings { size: Some(900), tos: 0xb8, dont_fragment, ..Settings::default() };
                let (trace, seen) = tapped(&lab, "left", mode, (family, protocol), settings);
                assert_eq!(trace.outcome, Some(Outcome::Reached), "{mode} {protocol} {trace:#?}");
                for packet in &seen {
                    let case = format!("{mode} {protocol} IPv{family}: {packet:?}");
                    assert_eq!(packet.tos(), 0xb8, "{case}");
                    assert_eq!(packet.dont_fragment(), dont_fragment && family == 4, "{case}");
                    // The kernel makes its SYNs as it likes.
                    if protocol != Protocol::Tcp || mode == Mode::Raw {
                        assert_eq!(packet.bytes.len(), 900, "{case}");
                    }
                }
            });
        }
    }

    /// The first router's next link takes 1,300 bytes.
    fn a_packet_too_large_is_answered_where_it_may_not_be_cut() {
        let lab = Chain::of(2).without_limits().build();
        lab.node(1).ip("link set right mtu 1300\n");
        lab.node(2).ip("link set left mtu 1300\n");
        in_every_way(|mode, family, protocol| {
            if protocol == Protocol::Tcp && mode == Mode::Unprivileged {
                return;
            }
            let settings = Settings { size: Some(1400), dont_fragment: true, ..Settings::default() };
            let found = trace(&lab, mode, job_with(lab.target(family), protocol, settings));
            assert_eq!(found.outcome, Some(Outcome::Unreachable), "{mode} {protocol} IPv{family} {found:#?}");
            let first = lab.hop(1, family);
            for ttl in [1, 2] {
                let kind = if ttl == 1 { ReplyKind::TimeExceeded } else { ReplyKind::TooBig };
                let Some(hop) = found.hops.get(ttl - 1) else { continue };
                let answers: Vec<_> = hop.probes.iter().filter_map(|probe| probe.reply()).collect();
                assert!(!answers.is_empty(), "{mode} {protocol} IPv{family} {found:#?}");
                assert!(answers.iter().all(|reply| (reply.from, reply.kind) == (first, Some(kind))), "{found:#?}");
            }
            assert_eq!(found.hops.len(), 2, "{mode} {protocol} IPv{family} {found:#?}");
            // Nothing of what the kernel has learnt stays for the next one.
            lab.vantage().ip("route flush cache\n");
            lab.vantage().ip6("route flush cache\n");
            if family == 4 {
                let settings = Settings { size: Some(1400), ..Settings::default() };
                let whole = trace(&lab, mode, job_with(lab.target(family), protocol, settings));
                check_chain(&lab, &whole, 2, family, protocol, 3);
            }
        });
    }

    /// 4,000 bytes where every link takes 1,500.
    fn a_packet_larger_than_the_interface_is_cut_unless_that_is_forbidden() {
        let lab = Chain::of(2).without_limits().build();
        in_every_way(|mode, family, protocol| {
            if protocol == Protocol::Tcp && mode == Mode::Unprivileged {
                return;
            }
            let settings = Settings { size: Some(4000), flows: 2, ..Settings::default() };
            let whole = trace(&lab, mode, job_with(lab.target(family), protocol, settings.clone()));
            check_chain(&lab, &whole, 2, family, protocol, 6);
            let settings = Settings { dont_fragment: true, ..settings };
            let job = job_with(lab.target(family), protocol, settings);
            let mut found = None;
            at_vantage(&lab, mode, || {
                let mut tracer = trace_core::tracer::Tracer::new(sys::open(Some(mode)).expect("open a link"));
                found = Some(tracer.run(job).expect("trace"));
            });
            for probe in found.expect("a trace").hops.iter().flat_map(|hop| &hop.probes) {
                let ProbeResult::Unsent { error } = &probe.result else { panic!("{mode} {protocol} IPv{family}: {probe:?}") };
                assert!(error.contains("too long"), "{mode} {protocol} IPv{family}: {error}");
            }
        });
    }

    /// Marked packets go another way.
    fn a_mark_decides_the_way_where_rules_say_so() {
        let lab = Chain::of(2).without_limits().second_way().build();
        for (family, whole) in [(4, "10.7.0.0/16"), (6, "fd07::/32")] {
            let (_, first) = lab.second_way(family);
            let lines = format!("rule add fwmark 7 lookup 77 priority 10\nroute add {whole} via {first} dev other table 77\n");
            if family == 4 { lab.vantage().ip(&lines) } else { lab.vantage().ip6(&lines) }
        }
        for mode in MODES {
            for family in [4, 6] {
                for protocol in Protocol::ALL {
                    let settings = Settings { mark: Some(7), ..Settings::default() };
                    let job = job_with(lab.target(family), *protocol, settings.clone());
                    // A mark is a right of its own, whatever sends.
                    let trace = lab.vantage().enter(|| {
                        trace_core::tracer::Tracer::new(sys::open(Some(mode)).expect("open a link")).run(job).expect("trace")
                    });
                    let (source, first) = lab.second_way(family);
                    assert_eq!(trace.outcome, Some(Outcome::Reached), "{mode} {protocol} {trace:#?}");
                    assert_eq!((trace.source, hop(&trace, 1).answerers()), (Some(source), vec![first]));
                    let marked = Destination::of(lab.target(family), Protocols::One(*protocol), &settings);
                    if mode == Mode::Unprivileged {
                        let (error, text) = refused(&lab, mode, &marked);
                        assert!(matches!(error, Error::NotPermitted { .. }), "{error:?}");
                        assert!(text.contains("mark"), "{text}");
                    }
                }
            }
        }
    }
}
