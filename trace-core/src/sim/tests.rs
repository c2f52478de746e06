use core::time::Duration;
use std::net::IpAddr;

use super::*;
use crate::Error;
use crate::carrier::{Directory, off_flow_port};
use crate::engine::{Heard, Moment, Probe, ProbeId, TargetIndex};
use crate::link::{Attached, Destination, Incoming, Link, SendFailure};
use crate::model::{Family, Flow, Label, Mode, Protocol, Protocols, ReplyKind, Ttl};
use crate::wire::checksum::Sum;
use crate::wire::protocol_number;

mod limits;
mod paths;
mod tunnels;

const MS: Duration = Duration::from_millis(1);
const BOTH: [Mode; 2] = [Mode::Raw, Mode::Unprivileged];

/// A link with one target attached, and a directory that knows it.
struct Bench {
    link: SimulatedLink,
    directory: Directory,
    attached: Attached,
}

impl Bench {
    fn new(network: Network, mode: Mode, family: Family, protocols: Protocols, flows: u16) -> Self {
        let destination = Destination { flows, ..Destination::new(target(family, 1), protocols) };
        let mut link = SimulatedLink::new(network, 1, mode);
        let attached = link.attach(TargetIndex(0), &destination).unwrap();
        let mut directory = Directory::new();
        directory.register(TargetIndex(0), &destination, &attached);
        Self { link, directory, attached }
    }

    fn one(network: Network, mode: Mode, family: Family, protocol: Protocol) -> Self {
        Self::new(network, mode, family, Protocols::One(protocol), 1)
    }

    fn send(&mut self, probe: Probe) -> Moment {
        self.link.send(&probe).unwrap()
    }

    /// Everything heard until then, recognised, but for what is nobody's.
    fn hear_until(&mut self, until: Moment) -> Vec<Heard> {
        let mut heard = Vec::new();
        while self.link.now() < until {
            let directory = &self.directory;
            self.link.receive(until, &mut |incoming| heard.extend(directory.recognise(&incoming))).unwrap();
        }
        heard
    }

    /// What one probe is answered, within ten seconds.
    fn ask(&mut self, probe: Probe) -> Option<Heard> {
        self.send(probe);
        let until = self.link.now() + Duration::from_secs(10);
        self.hear_until(until).pop()
    }
}

fn probe(protocol: Protocol, ttl: u8, id: u16) -> Probe {
    Probe {
        target: TargetIndex(0),
        protocol,
        ttl: Ttl::new(ttl).unwrap(),
        flow: Flow(0),
        round: 0,
        id: ProbeId::new(id).unwrap(),
        off_flow: false,
    }
}

fn address(family: Family, router: u16) -> IpAddr {
    Network::new().router(router).address(family)
}

#[test]
fn every_protocol_family_and_mode_walks_a_chain() {
    for family in Family::ALL {
        for protocol in Protocol::ALL {
            for mode in BOTH {
                let network = Network::chain(*family, 3, 5 * MS);
                let mut bench = Bench::one(network, mode, *family, *protocol);
                for ttl in 1..=5u16 {
                    let hops = ttl.min(4);
                    let start = bench.link.now();
                    let heard = bench.ask(probe(*protocol, u8::try_from(ttl).unwrap(), 500 + ttl)).unwrap();
                    let reply = &heard.reply;
                    assert_eq!(heard.id, ProbeId::new(500 + ttl));
                    assert_eq!((heard.protocol, heard.flow), (*protocol, Flow(0)));
                    assert_eq!(heard.at.since(start), 10 * MS * u32::from(hops), "there and back");
                    let (from, kind, reply_ttl) = match (hops, protocol) {
                        (4, Protocol::Icmp) => (target(*family, 1), ReplyKind::EchoReply, 61),
                        (4, Protocol::Udp) => (target(*family, 1), ReplyKind::PortUnreachable, 61),
                        (4, Protocol::Tcp) => (target(*family, 1), ReplyKind::Rst, 61),
                        _ => (address(*family, ttl), ReplyKind::TimeExceeded, 256 - ttl),
                    };
                    assert_eq!(
                        (reply.from, reply.kind),
                        (from, Some(kind)),
                        "{protocol} {family} {mode} {ttl}"
                    );
                    assert_eq!(reply.reply_ttl.map(u16::from), Some(reply_ttl));
                    // Only whole packets show what was quoted.
                    let quotes = mode == Mode::Raw && reply.icmp.is_some() && kind != ReplyKind::EchoReply;
                    assert_eq!(reply.quoted.is_some(), quotes);
                    if let Some(quoted) = reply.quoted {
                        let left = if hops == 4 { ttl - 3 } else { 1 };
                        assert_eq!((u16::from(quoted.ttl), quoted.tos, quoted.nat), (left, 0, false));
                    }
                }
            }
        }
    }
}

/// Answers are real packets: their checksums hold.
#[test]
fn answers_have_valid_checksums() {
    for family in Family::ALL {
        for service in [false, true] {
            let mut network = Network::chain(*family, 2, MS);
            network.router(2).labels([Label { label: 24015, traffic_class: 3, bottom: true, ttl: 1 }]);
            if service {
                network.target(target(*family, 1)).serves(Protocol::Udp).serves(Protocol::Tcp);
            }
            let mut bench = Bench::new(network, Mode::Raw, *family, Protocols::All, 1);
            for protocol in Protocol::ALL {
                for ttl in 1..=3 {
                    bench.send(probe(*protocol, ttl, 9));
                }
            }
            let mut heard = 0;
            while bench.link.now() < Moment::from_nanos(1_000_000_000) {
                bench
                    .link
                    .receive(Moment::from_nanos(1_000_000_000), &mut |incoming| {
                        let Incoming::Packet { protocol, from, bytes, .. } = incoming else {
                            panic!("{incoming:?}");
                        };
                        let pseudo = match (protocol, *family) {
                            (Protocol::Icmp, Family::V4) => Sum::ZERO,
                            _ => Sum::ZERO
                                .pseudo_header(source(*family), from, protocol_number(protocol, *family))
                                .word(u16::try_from(bytes.len()).unwrap()),
                        };
                        assert_eq!(pseudo.bytes(bytes).checksum(), 0, "{protocol} from {from}");
                        heard += 1;
                    })
                    .unwrap();
            }
            assert_eq!(heard, 9);
        }
    }
}

#[test]
fn a_host_that_serves_accepts() {
    for mode in BOTH {
        let mut network = Network::chain(Family::V6, 1, MS);
        network.target(target(Family::V6, 1)).serves(Protocol::Udp).serves(Protocol::Tcp);
        let mut bench = Bench::new(network, mode, Family::V6, Protocols::All, 1);
        let tcp = bench.ask(probe(Protocol::Tcp, 2, 7)).unwrap();
        assert_eq!((tcp.id, tcp.reply.kind), (ProbeId::new(7), Some(ReplyKind::SynAck)));
        let udp = bench.ask(probe(Protocol::Udp, 2, 7)).unwrap();
        assert_eq!((udp.id, udp.reply.kind), (None, Some(ReplyKind::Data)));
        let off_flow = bench.ask(Probe { off_flow: true, ..probe(Protocol::Udp, 2, 7) }).unwrap();
        assert_eq!((off_flow.id, off_flow.off_flow), (ProbeId::new(7), true));
    }
}

/// What is half open is reset by the source's kernel one round trip later.
#[test]
fn a_host_may_challenge_the_second_syn_of_a_flow() {
    for mode in BOTH {
        let mut network = Network::chain(Family::V4, 1, 5 * MS);
        network.target(target(Family::V4, 1)).serves(Protocol::Tcp).challenges();
        let mut bench = Bench::one(network, mode, Family::V4, Protocol::Tcp);
        for id in 1..=3 {
            bench.send(probe(Protocol::Tcp, 2, id));
        }
        let ids = |heard: Vec<Heard>| heard.iter().map(|heard| heard.id.unwrap().get()).collect::<Vec<_>>();
        let first = bench.hear_until(Moment::from_nanos(25_000_000));
        // The challenges come, and name none of our probes.
        assert_eq!(ids(first), if mode == Mode::Raw { vec![1] } else { vec![1, 2, 3] });
        bench.hear_until(Moment::from_nanos(40_000_000));
        bench.send(probe(Protocol::Tcp, 2, 4));
        assert_eq!(ids(bench.hear_until(Moment::from_nanos(80_000_000))), [4]);
    }
}

#[test]
fn eight_quoted_bytes_hide_the_payload_from_error_queues_only() {
    for family in Family::ALL {
        for mode in BOTH {
            let mut network = Network::chain(*family, 2, MS);
            network.router(1).quotes(8);
            let mut bench = Bench::new(network, mode, *family, Protocols::All, 1);
            let mut id = |probe| bench.ask(probe).unwrap().id;
            let seven = ProbeId::new(7);
            assert_eq!(id(probe(Protocol::Udp, 1, 7)), if mode == Mode::Raw { seven } else { None });
            assert_eq!(id(Probe { off_flow: true, ..probe(Protocol::Udp, 1, 7) }), seven);
            assert_eq!(id(probe(Protocol::Icmp, 1, 7)), seven);
            assert_eq!(id(probe(Protocol::Udp, 2, 7)), seven);
        }
    }
}

#[test]
fn silence_slowness_and_filters() {
    let mut network = Network::chain(Family::V4, 4, MS);
    network.router(1).silent();
    network.router(2).silent_for(Protocol::Udp).slow(200 * MS);
    network.router(3).drops(Protocol::Udp);
    network.target(target(Family::V4, 1)).silent_for(Protocol::Icmp);
    let mut bench = Bench::new(network, Mode::Raw, Family::V4, Protocols::All, 1);
    assert_eq!(bench.ask(probe(Protocol::Icmp, 1, 1)), None);
    let start = bench.link.now();
    assert_eq!(bench.ask(probe(Protocol::Icmp, 2, 2)).unwrap().at.since(start), 204 * MS);
    assert_eq!(bench.ask(probe(Protocol::Udp, 2, 3)), None);
    // A filter is behind the counting of TTLs: the filtering router itself still answers.
    assert_eq!(bench.ask(probe(Protocol::Udp, 3, 4)).unwrap().reply.from, address(Family::V4, 3));
    assert_eq!(bench.ask(probe(Protocol::Udp, 4, 5)), None);
    assert_eq!(bench.ask(probe(Protocol::Icmp, 4, 6)).unwrap().reply.from, address(Family::V4, 4));
    assert_eq!(bench.ask(probe(Protocol::Icmp, 5, 7)), None);
    assert_eq!(bench.ask(probe(Protocol::Tcp, 5, 8)).unwrap().reply.kind, Some(ReplyKind::Rst));
}

#[test]
fn refusals_of_every_kind_come_from_the_router_that_refuses() {
    for family in Family::ALL {
        for mode in BOTH {
            for kind in ReplyKind::ALL.iter().filter(|kind| kind.ends_path()) {
                let mut network = Network::chain(*family, 3, MS);
                network.router(2).refuses(*kind);
                let mut bench = Bench::one(network, mode, *family, Protocol::Udp);
                let own = bench.ask(probe(Protocol::Udp, 2, 1)).unwrap();
                assert_eq!(own.reply.kind, Some(ReplyKind::TimeExceeded));
                let refused = bench.ask(probe(Protocol::Udp, 9, 2)).unwrap();
                assert_eq!((refused.reply.from, refused.reply.kind), (address(*family, 2), Some(*kind)));
                assert_eq!(refused.id, ProbeId::new(2));

                let mut network = Network::chain(*family, 3, MS);
                network.target(target(*family, 1)).unreachable(*kind);
                let mut bench = Bench::one(network, mode, *family, Protocol::Icmp);
                let refused = bench.ask(probe(Protocol::Icmp, 9, 2)).unwrap();
                assert_eq!((refused.reply.from, refused.reply.kind), (address(*family, 3), Some(*kind)));
            }
        }
    }
}

#[test]
fn labels_are_reported_with_and_without_a_length() {
    let labels = [
        Label { label: 24015, traffic_class: 5, bottom: false, ttl: 1 },
        Label { label: 3, traffic_class: 0, bottom: true, ttl: 254 },
    ];
    for family in Family::ALL {
        for mode in BOTH {
            for quotes in [8, usize::MAX] {
                let mut network = Network::chain(*family, 2, MS);
                network.router(1).labels(labels).quotes(quotes);
                network.router(2).labels(labels).quotes(quotes).legacy_extensions();
                let mut bench = Bench::one(network, mode, *family, Protocol::Icmp);
                for ttl in 1..=2 {
                    let heard = bench.ask(probe(Protocol::Icmp, ttl, 7)).unwrap();
                    assert_eq!(heard.reply.mpls, labels, "{family} {mode} TTL {ttl}");
                    assert_eq!(heard.id, ProbeId::new(7));
                }
                assert!(bench.ask(probe(Protocol::Icmp, 3, 8)).unwrap().reply.mpls.is_empty());
            }
        }
    }
}

#[test]
fn what_is_quoted_shows_the_way_there() {
    for family in Family::ALL {
        let mut network = Network::chain(*family, 4, MS);
        network.router(1).rewrites_tos(0xb8);
        network.router(3).forwards_too_far().longer_way_back(4);
        let mut bench = Bench::one(network, Mode::Raw, *family, Protocol::Udp);
        let mut ask = |ttl| bench.ask(probe(Protocol::Udp, ttl, 1)).unwrap().reply;
        assert_eq!(ask(1).quoted.unwrap().tos, 0);
        assert_eq!(ask(2).quoted.unwrap().tos, 0xb8);
        // 3 forwards what it should have answered, and 4 sees a TTL of 0.
        let (third, fourth) = (ask(3), ask(4));
        assert_eq!((third.from, third.quoted.unwrap().ttl), (address(*family, 4), 0));
        assert_eq!((fourth.from, fourth.quoted.unwrap().ttl), (address(*family, 4), 1));
        assert!(!fourth.quoted.unwrap().nat);
    }
    let mut network = Network::chain(Family::V4, 2, MS);
    network.router(2).longer_way_back(4).reply_ttl(64);
    let mut bench = Bench::one(network, Mode::Raw, Family::V4, Protocol::Udp);
    assert_eq!(bench.ask(probe(Protocol::Udp, 2, 1)).unwrap().reply.reply_ttl, Some(64 - 1 - 4));
}

#[test]
fn a_translator_shows_in_what_is_quoted_behind_it() {
    for family in Family::ALL {
        for protocol in Protocol::ALL {
            let mut network = Network::chain(*family, 3, MS);
            network.router(2).translates(address(*family, 99));
            let mut bench = Bench::one(network, Mode::Raw, *family, *protocol);
            for ttl in 1..=3 {
                let heard = bench.ask(probe(*protocol, ttl, 7)).unwrap();
                let hidden = *family == Family::V4 && *protocol == Protocol::Icmp;
                let nat = ttl == 3 && !hidden;
                assert_eq!(heard.reply.quoted.unwrap().nat, nat, "{protocol} {family} TTL {ttl}");
                assert_eq!(heard.id, ProbeId::new(7));
            }
        }
    }
}

#[test]
fn an_answer_whose_ttl_runs_out_never_arrives() {
    let mut network = Network::chain(Family::V4, 3, MS);
    network.router(3).reply_ttl(2);
    let mut bench = Bench::one(network, Mode::Raw, Family::V4, Protocol::Icmp);
    assert_eq!(bench.ask(probe(Protocol::Icmp, 3, 1)), None);
}

#[test]
fn time_passes_only_while_waiting() {
    let mut bench = Bench::one(Network::chain(Family::V4, 1, 5 * MS), Mode::Raw, Family::V4, Protocol::Icmp);
    assert_eq!(bench.send(probe(Protocol::Icmp, 1, 1)), Moment::ZERO);
    assert_eq!(bench.send(probe(Protocol::Icmp, 2, 2)), Moment::from_nanos(1000));
    let mut times = Vec::new();
    let mut receive = |bench: &mut Bench, until| {
        times.clear();
        bench.link.receive(Moment::from_nanos(until), &mut |incoming| {
            if let Incoming::Packet { at, .. } = incoming {
                times.push(at.as_nanos());
            }
        })?;
        Ok::<_, Error>((bench.link.now().as_nanos(), times.clone()))
    };
    assert_eq!(receive(&mut bench, 0).unwrap(), (2000, vec![]), "the past is only looked at");
    assert_eq!(receive(&mut bench, 4_000_000).unwrap(), (4_000_000, vec![]));
    assert_eq!(receive(&mut bench, 90_000_000).unwrap(), (10_000_000, vec![10_000_000]));
    assert_eq!(receive(&mut bench, 90_000_000).unwrap(), (20_001_000, vec![20_001_000]));
    assert_eq!(receive(&mut bench, 90_000_000).unwrap(), (90_000_000, vec![]));
}

#[test]
fn sends_fail_as_described() {
    let mut network = Network::chain(Family::V4, 1, MS);
    network.busy_every(3);
    let mut bench = Bench::one(network, Mode::Raw, Family::V4, Protocol::Icmp);
    let outcomes: Vec<_> = (1..=6).map(|id| bench.link.send(&probe(Protocol::Icmp, 1, id)).is_ok()).collect();
    assert_eq!(outcomes, [true, true, false, true, true, false]);
    assert_eq!(bench.link.journal().sent(), 4);
    bench.link.detach(TargetIndex(0));
    assert!(matches!(bench.link.send(&probe(Protocol::Icmp, 1, 7)), Err(SendFailure::Refused(_))));
}

#[test]
fn attaching_gives_identities_that_nobody_shares() {
    let mut network = Network::chain(Family::V6, 1, MS);
    network.target(target(Family::V6, 2));
    let mut link = SimulatedLink::new(network, 1, Mode::Raw);
    let destination =
        |number| Destination { flows: 4, ..Destination::new(target(Family::V6, number), Protocols::All) };
    let one = link.attach(TargetIndex(0), &destination(1)).unwrap();
    let other = link.attach(TargetIndex(1), &destination(1)).unwrap();
    assert_eq!((one.identities.len(), one.source), (12, source(Family::V6)));
    for identity in &other.identities {
        let same = |known: &&crate::link::Identity| {
            (known.protocol, known.number) == (identity.protocol, identity.number)
        };
        assert_eq!(one.identities.iter().find(same), None);
    }
    // Another address may use the same, and so may whoever comes after.
    let elsewhere = link.attach(TargetIndex(2), &destination(2)).unwrap();
    assert_eq!(elsewhere.identities, one.identities);
    link.detach(TargetIndex(0));
    assert_eq!(link.attach(TargetIndex(3), &destination(1)).unwrap().identities, one.identities);

    assert!(matches!(link.attach(TargetIndex(4), &destination(9)), Err(Error::NoRoute { .. })));
    let small = Destination { size: Some(41), ..destination(1) };
    assert!(matches!(link.attach(TargetIndex(5), &small), Err(Error::ProbeSize { .. })));
}

#[test]
fn off_flow_probes_go_to_their_own_port() {
    let mut bench =
        Bench::one(Network::chain(Family::V4, 1, MS), Mode::Unprivileged, Family::V4, Protocol::Udp);
    let id = ProbeId::new(7).unwrap();
    bench.send(Probe { off_flow: true, ..probe(Protocol::Udp, 1, 7) });
    let mut port = None;
    bench
        .link
        .receive(Moment::from_nanos(1_000_000_000), &mut |incoming| {
            if let Incoming::Error { destination, .. } = incoming {
                port = Some(destination.port());
            }
        })
        .unwrap();
    assert_eq!(port, Some(off_flow_port(Destination::DEFAULT_UDP_PORT, id)));
    assert_eq!(bench.attached.notes, Vec::<String>::new());
}
