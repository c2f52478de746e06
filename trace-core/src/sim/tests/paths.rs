use std::collections::BTreeSet;

use super::*;
use crate::sim::random::Random;

/// Who answers at this TTL, for each flow.
fn answerers(bench: &mut Bench, protocol: Protocol, ttl: u8, flows: u16) -> Vec<IpAddr> {
    let ask = |flow| bench.ask(Probe { flow: Flow(flow), ..probe(protocol, ttl, 1) });
    (0..flows).map(ask).map(|heard| heard.unwrap().reply.from).collect()
}

fn diamond(family: Family, balance: Balance) -> Network {
    let mut network = Network::new().with_lines(Line::new(MS));
    let path = Path::through([1]).balanced(balance, [vec![2], vec![3], vec![4, 5]]).then([6]);
    network.target(target(family, 1)).path(path);
    network
}

#[test]
fn a_flow_keeps_its_branch_and_flows_spread() {
    for family in Family::ALL {
        for protocol in Protocol::ALL {
            for mode in BOTH {
                let network = diamond(*family, Balance::PerFlow);
                let mut bench = Bench::new(network, mode, *family, Protocols::One(*protocol), 32);
                let first = answerers(&mut bench, *protocol, 2, 32);
                let branches: BTreeSet<_> = first.iter().collect();
                assert_eq!(branches.len(), 3, "{protocol} {family} {mode}: {branches:?}");
                // Ids and TTLs change, branches do not.
                let again: Vec<_> = (0..32)
                    .map(|flow| Probe { flow: Flow(flow), ..probe(*protocol, 2, 300 + flow) })
                    .map(|probe| bench.ask(probe).unwrap().reply.from)
                    .collect();
                assert_eq!(first, again, "{protocol} {family} {mode}");
                // The longer branch shows at the next TTL.
                let longer = first.iter().map(|from| *from == address(*family, 4));
                let next = answerers(&mut bench, *protocol, 3, 32);
                let fifth = next.iter().map(|from| *from == address(*family, 5));
                assert!(longer.eq(fifth), "{protocol} {family} {mode}");
            }
        }
    }
}

#[test]
fn balancing_per_packet_keeps_no_flow() {
    let mut bench = Bench::one(diamond(Family::V4, Balance::PerPacket), Mode::Raw, Family::V4, Protocol::Udp);
    let seen: BTreeSet<_> =
        (1..=40).map(|id| bench.ask(probe(Protocol::Udp, 2, id)).unwrap().reply.from).collect();
    assert_eq!(seen.len(), 3);
}

#[test]
fn the_seed_decides_where_flows_go_and_nothing_else_does() {
    let walk = |seed| {
        let mut network = diamond(Family::V4, Balance::PerFlow);
        network.router(1).jitter(3 * MS).loss(0.2);
        let mut link = SimulatedLink::new(network, seed, Mode::Raw);
        let destination = Destination { flows: 8, ..Destination::new(target(Family::V4, 1), Protocols::All) };
        link.attach(TargetIndex(0), &destination).unwrap();
        for flow in 0..8 {
            for ttl in 1..=6 {
                link.send(&Probe { flow: Flow(flow), ..probe(Protocol::Udp, ttl, ttl.into()) }).unwrap();
            }
        }
        let mut heard = Vec::new();
        let until = Moment::from_nanos(1_000_000_000);
        while link.now() < until {
            link.receive(until, &mut |incoming| heard.push(format!("{incoming:?}"))).unwrap();
        }
        heard
    };
    let first = walk(7);
    assert!(first.len() > 20 && first.len() < 48, "{} of 48 were answered", first.len());
    assert_eq!(first, walk(7));
    assert_ne!(first, walk(8));
}

#[test]
fn loss_and_jitter_are_what_was_asked_for() {
    let mut network = Network::chain(Family::V4, 1, 5 * MS);
    network.router(1).loss(0.25).jitter(2 * MS);
    let mut bench = Bench::one(network, Mode::Raw, Family::V4, Protocol::Icmp);
    let mut delays = Vec::new();
    for number in 0..4000u16 {
        let start = bench.send(probe(Protocol::Icmp, 1, number % 512 + 1));
        let until = bench.link.now() + 20 * MS;
        delays.extend(bench.hear_until(until).iter().map(|heard| heard.at.since(start)));
    }
    // Three quarters survive each way: 2250 of 4000, give or take six deviations.
    assert!((2060..2440).contains(&delays.len()), "{}", delays.len());
    let (least, most) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
    assert!(*least >= 10 * MS && *least < 10 * MS + MS / 2, "{least:?}");
    assert!(*most <= 14 * MS && *most > 13 * MS + MS / 2, "{most:?}");
}

#[test]
fn packets_go_round_in_circles() {
    let mut network = Network::new();
    network.target(target(Family::V4, 1)).path(Path::through([1]).round([2, 3]));
    let mut bench = Bench::one(network, Mode::Raw, Family::V4, Protocol::Icmp);
    let seen: Vec<_> =
        (1..=6).map(|ttl| bench.ask(probe(Protocol::Icmp, ttl, 1)).unwrap().reply.from).collect();
    assert_eq!(seen, [1, 2, 3, 2, 3, 2].map(|number| address(Family::V4, number)));
    assert!(bench.ask(probe(Protocol::Icmp, 255, 1)).is_some());
}

#[test]
fn a_path_changes_when_it_is_told() {
    let mut network = Network::new().with_lines(Line::new(MS));
    let second = Moment::from_nanos(1_000_000_000);
    network
        .target(target(Family::V6, 1))
        .path(Path::through([1, 2]))
        .path_from(second + Duration::from_secs(1), Path::through([1]))
        .path_from(second, Path::through([1, 3, 4]));
    let mut bench = Bench::one(network, Mode::Raw, Family::V6, Protocol::Icmp);
    let mut from = |until: Moment, ttl| {
        bench.hear_until(until);
        bench.ask(probe(Protocol::Icmp, ttl, 1)).map(|heard| heard.reply.from)
    };
    // `ask` itself lets ten seconds pass, so each moment has its own network.
    assert_eq!(from(Moment::from_nanos(1), 2), Some(address(Family::V6, 2)));
    assert_eq!(from(Moment::from_nanos(1), 2), Some(target(Family::V6, 1)));

    let mut network = Network::new().with_lines(Line::new(MS));
    network
        .target(target(Family::V6, 1))
        .path(Path::through([1, 2]))
        .path_from(second, Path::through([1, 3, 4]));
    let mut bench = Bench::one(network, Mode::Raw, Family::V6, Protocol::Icmp);
    bench.hear_until(Moment::from_nanos(999_999_999));
    bench.send(probe(Protocol::Icmp, 2, 1));
    bench.hear_until(second);
    bench.send(probe(Protocol::Icmp, 2, 2));
    bench.send(probe(Protocol::Icmp, 4, 3));
    let heard = bench.hear_until(second + Duration::from_secs(1));
    let from: Vec<_> = heard.iter().map(|heard| (heard.id.unwrap().get(), heard.reply.from)).collect();
    assert_eq!(from, [(1, address(Family::V6, 2)), (2, address(Family::V6, 3)), (3, target(Family::V6, 1))]);
}

#[test]
fn targets_share_routers() {
    let mut network = Network::new();
    for number in 1..=3 {
        network.target(target(Family::V4, number)).path(Path::through([1, 2, 10 + number]));
    }
    let mut link = SimulatedLink::new(network, 1, Mode::Raw);
    for number in 1..=3 {
        let destination = Destination::new(target(Family::V4, number), Protocols::One(Protocol::Icmp));
        let index = TargetIndex(number.into());
        link.attach(index, &destination).unwrap();
        for ttl in 1..=4 {
            link.send(&Probe { target: index, ..probe(Protocol::Icmp, ttl, 1) }).unwrap();
        }
    }
    link.receive(Moment::from_nanos(1_000_000_000), &mut |_| {}).unwrap();
    let journal = link.journal();
    assert_eq!((journal.router(1).due, journal.router(1).forwarded), (3, 9));
    assert_eq!((journal.router(2).due, journal.router(11).forwarded), (3, 1));
    assert_eq!(journal.probes().len(), 12);
    assert_eq!(journal.probes()[5].1.target, TargetIndex(2));
}

#[test]
fn random_numbers_are_those_of_splitmix64() {
    // The reference implementation (Vigna, splitmix64.c) from the state 1234567.
    let mut random = Random::new(1_234_567);
    let first: Vec<u64> = (0..3).map(|_| random.next()).collect();
    assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
}
