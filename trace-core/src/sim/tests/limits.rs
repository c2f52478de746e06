use super::*;

/// What Linux routers were measured to do: six at once, then one a second.
#[test]
fn a_rate_limit_is_a_bucket_of_tokens() {
    let mut network = Network::chain(Family::V4, 1, MS);
    network.router(1).rate_limited();
    let mut bench = Bench::one(network, Mode::Raw, Family::V4, Protocol::Icmp);
    for id in 1..=20 {
        bench.send(probe(Protocol::Icmp, 1, id));
    }
    let second = Moment::from_nanos(1_000_000_000);
    let ids: Vec<_> = bench.hear_until(second).iter().map(|heard| heard.id.unwrap().get()).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
    let mut answered = 0;
    for tenth in 0..30 {
        bench.send(probe(Protocol::Icmp, 1, 100 + tenth));
        let until = bench.link.now() + 100 * MS;
        answered += bench.hear_until(until).len();
    }
    assert_eq!(answered, 3, "one a second over three seconds");
    let counts = bench.link.journal().router(1);
    assert_eq!((counts.due, counts.answered, counts.limited), (50, 9, 41));
    assert_eq!(bench.link.journal().sent(), 50);
}

#[test]
fn over_ipv6_linux_allows_ten_a_second() {
    let mut network = Network::chain(Family::V6, 1, MS);
    network.router(1).rate_limited();
    let mut bench = Bench::one(network, Mode::Unprivileged, Family::V6, Protocol::Udp);
    for id in 1..=20 {
        bench.send(probe(Protocol::Udp, 1, id));
    }
    assert_eq!(bench.hear_until(Moment::from_nanos(500_000_000)).len(), 6);
    for id in 21..=40 {
        bench.send(probe(Protocol::Udp, 1, id));
    }
    assert_eq!(bench.hear_until(Moment::from_nanos(1_000_000_000)).len(), 5);
}

#[test]
fn a_limited_host_limits_errors_but_no_echo_replies() {
    let mut network = Network::chain(Family::V4, 0, MS);
    network.target(target(Family::V4, 1)).rate_limited();
    let mut bench = Bench::new(network, Mode::Raw, Family::V4, Protocols::All, 1);
    for protocol in Protocol::ALL {
        for id in 1..=10 {
            bench.send(probe(*protocol, 1, id));
        }
    }
    let heard = bench.hear_until(Moment::from_nanos(500_000_000));
    let count = |protocol| heard.iter().filter(|heard| heard.protocol == protocol).count();
    assert_eq!([Protocol::Icmp, Protocol::Udp, Protocol::Tcp].map(count), [10, 6, 10]);
}
