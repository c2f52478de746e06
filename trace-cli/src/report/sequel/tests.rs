use super::*;
use crate::report::samples::{answered, hop, silent, trace as sample};
use insta::assert_snapshot;
use trace_core::model::{ProbeRecord, ReplyKind, Settings};

fn by(protocol: Protocol, mut probe: ProbeRecord) -> ProbeRecord {
    probe.protocol = Some(protocol);
    probe
}

fn along(flow: u16, from: &str) -> ProbeRecord {
    ProbeRecord { flow: Flow(flow), ..answered(from, 1000, ReplyKind::TimeExceeded) }
}

#[test]
fn each_protocol_is_told_how_far_it_gets() {
    use Protocol::{Icmp, Tcp, Udp};
    let exceeded = |protocol, from: &str| by(protocol, answered(from, 1000, ReplyKind::TimeExceeded));
    let all = |ttl: u8, from: &str| hop(ttl, [Icmp, Udp, Tcp].map(|protocol| exceeded(protocol, from)));
    let target = "198.51.100.80";
    let trace = Trace {
        protocol: Some(Protocols::All),
        hops: vec![
            all(1, "10.0.0.1"),
            hop(2, [exceeded(Icmp, "192.0.2.2"), by(Udp, silent()), exceeded(Tcp, "192.0.2.2")]),
            hop(
                3,
                [
                    exceeded(Icmp, "192.0.2.3"),
                    by(Udp, silent()),
                    by(Tcp, answered("192.0.2.3", 1000, ReplyKind::AdminProhibited)),
                ],
            ),
            hop(4, [by(Icmp, answered(target, 1000, ReplyKind::EchoReply)), by(Udp, silent())]),
        ],
        ..sample()
    };
    assert_snapshot!(lines(&trace).join("\n"), @r#"
    icmp: reaches the target at TTL 4
    udp: filtered behind TTL 1 (10.0.0.1), where icmp goes on
    tcp: refused at TTL 3 by 192.0.2.3 (admin-prohibited)
    "#);
    let apart = Trace {
        hops: vec![
            all(1, "10.0.0.1"),
            hop(2, [by(Icmp, silent()), by(Udp, silent()), by(Tcp, silent())]),
            hop(
                3,
                [by(Icmp, silent()), by(Udp, silent()), by(Tcp, answered(target, 1000, ReplyKind::SynAck))],
            ),
        ],
        ..trace
    };
    assert_snapshot!(lines(&apart).join("\n"), @r#"
    icmp: filtered between TTL 1 (10.0.0.1) and TTL 3, where tcp is answered
    udp: filtered between TTL 1 (10.0.0.1) and TTL 3, where tcp is answered
    tcp: reaches the target at TTL 3, its port is open
    "#);
}

#[test]
fn flows_are_told_by_the_ways_they_go() {
    let four = |ttl: u8| {
        hop(
            ttl,
            (0..16)
                .map(|flow| along(flow, &format!("192.0.2.{}", 10 * ttl + (flow % 4) as u8)))
                .collect::<Vec<_>>(),
        )
    };
    let one =
        |ttl: u8| hop(ttl, (0..16).map(|flow| along(flow, &format!("192.0.2.{ttl}"))).collect::<Vec<_>>());
    let settings = Settings { flows: 16, ..Settings::default() };
    let trace = Trace { settings: Some(settings), hops: vec![one(1), four(2), four(3), one(4)], ..sample() };
    assert_snapshot!(lines(&trace).join("\n"), @r#"
    16 flows go 4 ways, which differ at TTL 2 3
      way 1: 192.0.2.20, 192.0.2.30 (flows 0 4 8 12)
      way 2: 192.0.2.21, 192.0.2.31 (flows 1 5 9 13)
      way 3: 192.0.2.22, 192.0.2.32 (flows 2 6 10 14)
      way 4: 192.0.2.23, 192.0.2.33 (flows 3 7 11 15)
    "#);
    let straight = Trace { hops: vec![one(1), one(2)], ..trace };
    assert_snapshot!(lines(&straight).join("\n"), @"16 flows go one way");
}

#[test]
fn a_change_of_the_path_has_its_time() {
    let target = "198.51.100.80";
    let at = |round: u32, from: &str, kind| ProbeRecord {
        round,
        sent: Some(Duration::from_secs(round.into())),
        ..answered(from, 1000, kind)
    };
    let rounds = |from: fn(u32) -> &'static str| {
        (0..10).map(|round| at(round, from(round), ReplyKind::TimeExceeded)).collect::<Vec<_>>()
    };
    let trace = Trace {
        settings: Some(Settings { rounds: 10, ..Settings::default() }),
        hops: vec![
            hop(1, rounds(|_| "10.0.0.1")),
            hop(2, rounds(|round| if round < 5 { "192.0.2.2" } else { "192.0.2.22" })),
            hop(3, (0..10).map(|round| at(round, target, ReplyKind::PortUnreachable)).collect::<Vec<_>>()),
        ],
        ..sample()
    };
    assert_snapshot!(lines(&trace).join("\n"), @"2026-10-26 07:33:25 UTC: 5.0 s after the start the path changed at TTL 2");
}

#[test]
fn rounds_further_apart_than_was_asked_for_are_told() {
    let every = |gap: u64| {
        let probes = (0..6).map(|round| ProbeRecord {
            round,
            sent: Some(Duration::from_millis(gap * u64::from(round))),
            ..answered("10.0.0.1", 1000, ReplyKind::TimeExceeded)
        });
        let settings = Settings { rounds: 6, ..Settings::default() };
        lines(&Trace { settings: Some(settings), hops: vec![hop(1, probes.collect::<Vec<_>>())], ..sample() })
            .join("\n")
    };
    assert_snapshot!(every(1000), @"");
    assert_snapshot!(every(3000), @"the rounds were 3.0 s apart and not 1.0 s: routers are not asked for more than they answer, and slow answers are waited for");
}
