use std::collections::HashSet;
use std::net::Ipv4Addr;

use super::*;

fn localhost(last: u8) -> IpAddr {
    IpAddr::from([127, 0, 0, last])
}

fn numbers(identities: &Identities, claimed: &[usize]) -> Vec<u16> {
    claimed.iter().map(|index| identities.get(*index).unwrap().number).collect()
}

fn wanted(address: IpAddr, flows: u16, needs: Needs) -> Wanted {
    Wanted { address, flows, first: None, needs }
}

const NOW: Moment = Moment::ZERO;

#[test]
fn two_links_never_share_a_number() {
    for mode in [Mode::Raw, Mode::Unprivileged] {
        let mut links: Vec<_> = (0..10).map(|_| Identities::new(Family::V4, mode)).collect();
        let mut seen = HashSet::new();
        for link in &mut links {
            let claimed = link.claim(wanted(localhost(1), 8, Needs::default()), NOW).unwrap();
            for number in numbers(link, &claimed) {
                assert_ne!(number, 0);
                assert!(seen.insert(number), "{number} was given twice");
            }
        }
        assert_eq!(seen.len(), 80);
    }
}

#[test]
fn targets_with_one_address_share_no_number_and_others_share_all() {
    let mut identities = Identities::new(Family::V4, Mode::Raw);
    let first = identities.claim(wanted(localhost(1), 3, Needs::default()), NOW).unwrap();
    let second = identities.claim(wanted(localhost(1), 3, Needs::default()), NOW).unwrap();
    let other = identities.claim(wanted(localhost(2), 3, Needs::default()), NOW).unwrap();
    assert!(first.iter().all(|index| !second.contains(index)));
    assert_eq!(first, other);
    assert_eq!(identities.all().len(), 6);
}

#[test]
fn a_number_rests_before_the_same_address_gets_it_again() {
    let mut identities = Identities::new(Family::V4, Mode::Raw);
    let first = identities.claim(wanted(localhost(1), 1, Needs::default()), NOW).unwrap();
    identities.release(localhost(1), &first, NOW);
    assert_eq!(identities.claim(wanted(localhost(2), 1, Needs::default()), NOW).unwrap(), first);
    let soon = NOW + REST / 2;
    let second = identities.claim(wanted(localhost(1), 1, Needs::default()), soon).unwrap();
    assert_ne!(first, second);
    let later = NOW + REST;
    assert_eq!(identities.claim(wanted(localhost(1), 1, Needs::default()), later).unwrap(), first);
}

#[test]
fn a_reserved_number_is_taken_for_every_address_of_this_machine() {
    let mut identities = Identities::new(Family::V4, Mode::Raw);
    let claimed = identities.claim(wanted(localhost(1), 1, Needs::default()), NOW).unwrap();
    let number = numbers(&identities, &claimed)[0];
    for address in [localhost(1), localhost(9), IpAddr::from([0, 0, 0, 0])] {
        let error = std::net::UdpSocket::bind((address, number)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse, "{address}");
    }
}

#[test]
fn what_has_rested_is_forgotten() {
    let mut identities = Identities::new(Family::V4, Mode::Raw);
    for round in 0..1000_u16 {
        let [high, low] = round.to_be_bytes();
        let address = IpAddr::from([127, 1, high, low]);
        // A hundred targets in the time that a number rests.
        let now = NOW + REST * round.into() / 100;
        let claimed = identities.claim(wanted(address, 1, Needs::default()), now).unwrap();
        identities.release(address, &claimed, now);
    }
    assert_eq!(identities.all().len(), 1);
    assert!(identities.get(0).unwrap().used.len() < 300, "{}", identities.get(0).unwrap().used.len());
}

#[test]
fn a_tcp_port_is_reserved_and_nobody_listens_there() {
    let needs = Needs { tcp: true, ..Needs::default() };
    for family in [Family::V4, Family::V6] {
        let address: IpAddr = match family {
            Family::V4 => localhost(1),
            Family::V6 => IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        };
        if std::net::UdpSocket::bind((address, 0)).is_err() {
            super::super::tests::skip("no IPv6");
            continue;
        }
        let mut identities = Identities::new(family, Mode::Raw);
        let claimed = identities.claim(wanted(address, 2, needs), NOW).unwrap();
        for number in numbers(&identities, &claimed) {
            let error = std::net::TcpListener::bind((address, number)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            let error = std::net::TcpStream::connect((address, number)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        }
    }
}

/// A number whose TCP port somebody else has is passed over, and stays good for everything else.
#[test]
fn a_foreign_tcp_port_costs_its_number_only() {
    let mut identities = Identities::new(Family::V4, Mode::Raw);
    let first = identities.claim(wanted(localhost(1), 1, Needs::default()), NOW).unwrap();
    let number = numbers(&identities, &first)[0];
    let Ok(_foreign) = std::net::TcpListener::bind((localhost(1), number)) else {
        return super::super::tests::skip("another program has the port already");
    };
    let claimed =
        identities.claim(wanted(localhost(2), 1, Needs { tcp: true, ..Needs::default() }), NOW).unwrap();
    assert_ne!(numbers(&identities, &claimed)[0], number);
    assert_eq!(identities.claim(wanted(localhost(3), 1, Needs::default()), NOW).unwrap(), first);
}

#[test]
fn numbers_that_are_named_are_had_or_the_error_names_the_one_that_is_not() {
    let mut identities = Identities::new(Family::V4, Mode::Raw);
    // Two free ports side by side, which nobody else is likely to take in between.
    let free = (20_000..60_000).step_by(2).find(|port| {
        [0, 1].iter().all(|flow| std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port + flow)).is_ok())
    });
    let first = free.unwrap();
    let named =
        |address, first, flows| Wanted { first: Some(first), ..wanted(address, flows, Needs::default()) };
    let claimed = identities.claim(named(localhost(1), first, 2), NOW).unwrap();
    assert_eq!(numbers(&identities, &claimed), [first, first + 1]);
    // Other addresses may have the same, and a number that was just used is had again at once.
    assert_eq!(identities.claim(named(localhost(2), first, 2), NOW).unwrap(), claimed);
    let refused = |result: Result<Vec<usize>, Error>| match result.unwrap_err() {
        error @ Error::SourcePort { port, .. } => (port, error.to_string()),
        error => panic!("{error}"),
    };
    let (port, text) = refused(identities.claim(named(localhost(1), first + 1, 1), NOW));
    assert_eq!(port, u32::from(first) + 1);
    assert!(text.contains("another trace to the same address"), "{text}");
    identities.release(localhost(1), &claimed, NOW);
    assert_eq!(identities.claim(named(localhost(1), first, 2), NOW).unwrap(), claimed);

    let mut others = Identities::new(Family::V4, Mode::Raw);
    let (port, text) = refused(others.claim(named(localhost(1), first, 1), NOW));
    assert_eq!(port, u32::from(first));
    assert!(text.contains("in use"), "{text}");
    assert_eq!(refused(others.claim(named(localhost(1), 0, 1), NOW)).0, 0);
    assert_eq!(refused(others.claim(named(localhost(3), u16::MAX, 2), NOW)).0, 65_536);
}
