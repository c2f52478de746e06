use super::*;
use crate::model::{Extension, InterfaceInformation, InterfaceRole, Reply};

/// Eight routers, of which 3 to 5 are in a tunnel, at 1 ms each.
fn tunnelled(tunnel: Tunnel) -> Network {
    let mut network = Network::chain(Family::V4, 8, MS);
    network.tunnel(tunnel);
    network
}

/// What each TTL is answered, with the number of the router (0: the target), and the RTT in milliseconds.
fn walk(network: Network, ttls: u8) -> Vec<(u16, u128, Reply)> {
    let mut bench = Bench::one(network, Mode::Raw, Family::V4, Protocol::Udp);
    (1..=ttls)
        .map(|ttl| {
            let start = bench.link.now();
            let heard = bench.ask(probe(Protocol::Udp, ttl, 1)).unwrap();
            let number =
                (1..=20).find(|number| address(Family::V4, *number) == heard.reply.from).unwrap_or(0);
            (number, heard.at.since(start).as_millis(), heard.reply)
        })
        .collect()
}

fn seen<T>(walk: &[(u16, u128, Reply)], read: impl Fn(&Reply) -> T) -> Vec<T> {
    walk.iter().map(|(_, _, reply)| read(reply)).collect()
}

#[test]
fn an_explicit_tunnel_shows_labels_and_the_time_of_its_end() {
    let walk = walk(tunnelled(Tunnel::through(3..=5)), 9);
    assert_eq!(walk.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7, 8, 0]);
    // Router 6 is the end, at 12 ms.
    assert_eq!(walk.iter().map(|(_, time, _)| *time).collect::<Vec<_>>(), [2, 4, 12, 12, 12, 12, 14, 16, 18]);
    let labels =
        seen(&walk, |reply| reply.mpls.iter().map(|label| (label.label, label.ttl)).collect::<Vec<_>>());
    let expected: [&[(u32, u8)]; 9] =
        [&[], &[], &[(24_003, 1)], &[(24_004, 1)], &[(24_005, 1)], &[], &[], &[], &[]];
    assert_eq!(labels, expected);
    assert_eq!(seen(&walk, |reply| reply.quoted.unwrap().ttl), [1, 1, 1, 2, 3, 1, 1, 1, 1]);
    // From 4: on over 5 and 6, back over 5, 4, 3, 2 and 1.
    assert_eq!(seen(&walk, |reply| reply.routers_back().unwrap())[..6], [0, 1, 8, 7, 6, 5]);
}

#[test]
fn an_implicit_tunnel_shows_in_what_is_quoted_alone() {
    let walk = walk(tunnelled(Tunnel::through(3..=5).without_labels()), 9);
    assert!(walk.iter().all(|(_, _, reply)| reply.mpls.is_empty()));
    assert_eq!(seen(&walk, |reply| reply.quoted.unwrap().ttl), [1, 1, 1, 2, 3, 1, 1, 1, 1]);
}

#[test]
fn an_invisible_tunnel_shows_in_the_way_back_alone() {
    let walk = walk(tunnelled(Tunnel::through(3..=5).without_propagation().without_labels()), 6);
    assert_eq!(walk.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), [1, 2, 6, 7, 8, 0]);
    assert_eq!(walk.iter().map(|(_, time, _)| *time).collect::<Vec<_>>(), [2, 4, 12, 14, 16, 18]);
    assert!(walk.iter().all(|(_, _, reply)| reply.mpls.is_empty() && reply.quoted.unwrap().ttl == 1));
    // The hidden three count once, then what the packet itself counts catches up; the host starts with 64.
    assert_eq!(seen(&walk, |reply| reply.routers_back().unwrap()), [0, 1, 5, 5, 5, 5]);
}

#[test]
fn an_opaque_tunnel_shows_its_last_router() {
    let walk = walk(tunnelled(Tunnel::through(3..=5).without_propagation()), 7);
    assert_eq!(walk.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), [1, 2, 5, 6, 7, 8, 0]);
    let labels = seen(&walk, |reply| reply.mpls.iter().map(|label| label.ttl).collect::<Vec<_>>());
    assert_eq!(labels[2], [253], "255 less the two before it");
    assert!(labels.iter().enumerate().all(|(index, labels)| index == 2 || labels.is_empty()));
}

#[test]
fn a_tunnel_may_end_at_the_host() {
    let mut network = Network::chain(Family::V4, 3, MS);
    network.tunnel(Tunnel::through([2, 3]).without_propagation().without_labels());
    let walk = walk(network, 2);
    assert_eq!(walk.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), [1, 0]);
    let mut network = Network::chain(Family::V4, 3, MS);
    network.tunnel(Tunnel::through([2, 3]));
    let walk = super::tunnels::walk(network, 4);
    assert_eq!(walk.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), [1, 2, 3, 0]);
}

#[test]
fn routers_report_their_interfaces() {
    for legacy in [false, true] {
        for family in Family::ALL {
            let information = InterfaceInformation {
                index: Some(7),
                name: Some("ge-0/0/7".to_owned()),
                address: Some(address(*family, 9)),
                mtu: Some(9000),
                ..InterfaceInformation::new(InterfaceRole::Incoming)
            };
            let unknown = Extension { class: 250, c_type: 3, bytes: vec![1, 2, 3, 4] };
            let mut network = Network::chain(*family, 2, MS);
            network.router(1).extensions([information.to_extension(), unknown.clone()]);
            network.router(1).labels([Label { label: 16, traffic_class: 5, bottom: true, ttl: 1 }]);
            if legacy {
                network.router(1).legacy_extensions();
            }
            for mode in BOTH {
                let mut bench = Bench::one(network.clone(), mode, *family, Protocol::Udp);
                let reply = bench.ask(probe(Protocol::Udp, 1, 1)).unwrap().reply;
                assert_eq!(reply.extensions.len(), 2, "{family} {mode}");
                assert_eq!(reply.extensions[0].interface(), Some(information.clone()));
                assert_eq!((&reply.extensions[1], reply.extensions[1].interface()), (&unknown, None));
                assert_eq!(reply.mpls[0].label, 16);
            }
        }
    }
}

/// Behind a translator all probes seem to come from one asker; before it, from another.
#[test]
fn limits_hold_for_each_asker() {
    let limit = RateLimit { burst: 2, every: Duration::from_secs(100) };
    let mut network = Network::new();
    network.router(2).rate_limit(limit);
    network.router(1).translates([192, 0, 2, 77].into());
    network.target(target(Family::V4, 1)).path(Path::through([1, 2]));
    network.target(target(Family::V4, 2)).path(Path::through([3, 2]));
    let mut link = SimulatedLink::new(network, 1, Mode::Raw);
    for number in 1..=2 {
        let index = TargetIndex(number.into());
        let destination = Destination::new(target(Family::V4, number), Protocols::One(Protocol::Icmp));
        link.attach(index, &destination).unwrap();
        for id in 1..=5 {
            link.send(&Probe { target: index, ..probe(Protocol::Icmp, 2, id) }).unwrap();
        }
    }
    let until = Moment::from_nanos(1_000_000_000);
    while link.now() < until {
        link.receive(until, &mut |_| {}).unwrap();
    }
    let counts = link.journal().router(2);
    assert_eq!((counts.due, counts.answered, counts.limited), (10, 4, 6));
}
