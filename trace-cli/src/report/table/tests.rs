use super::*;
use crate::report::samples::{answered, atlas, hop, silent, trace as sample, unsent};
use insta::assert_snapshot;
use std::time::Duration;
use trace_core::model::{Flow, ProbeRecord, ProbeResult, ReplyKind, Target};

const PLAIN: Style<'static> =
    Style { paint: Paint::Plain, width: None, verdicts: false, wide: false, remarks: &[] };

#[test]
fn a_trace_with_something_of_everything() {
    let remarks = ["(unprivileged since raw sockets are not permitted)".to_owned()];
    let style = Style { remarks: &remarks, ..PLAIN };
    assert_snapshot!(trace(&sample(), &atlas(), style), @r#"
    bücher.example (198.51.100.80), udp, unprivileged, 3 probes a hop, up to 30 hops
    2026-10-26 07:33:20 UTC, from 10.0.0.5, vantage attic
    (unprivileged since raw sockets are not permitted)
    TTL  Host                                      AS       Place                Loss  Sent   Min ms   Median      Max  Notes
      1  10.0.0.1                                           private (RFC 1918)     0%     3    0.401    0.412    0.733
      2  *                                                                       100%     3                             silent, passes packets on
      3  core1.\u{1b}[2Jexample.net (203.0.113.1)  AS64500  Barranqueras, AR       0%     3   10.012   10.506   11.000  balanced packet by packet
         203.0.113.2                                                                          10.555   10.555   10.555
      4  203.0.113.7                               AS64501  Brazil              limit     3   21.003   21.003   21.003  limits its answers: no loss behind it, MPLS 24015
      5  203.0.113.9                                                               0%     3   30.000   30.000   30.000  address translation before it
      6  www.example.net (198.51.100.80)           AS64502  Köln, DE               0%     3  110.100  110.204  112.999
    AS path: [private] * AS64500 AS64501 * AS64502
    Reached at TTL 6, round trip 110.100 ms, took 134.0 ms
    "#);
}

#[test]
fn with_sources_and_verdicts() {
    assert_snapshot!(trace(&sample(), &atlas(), Style { verdicts: true, ..PLAIN }), @r#"
    bücher.example (198.51.100.80), udp, unprivileged, 3 probes a hop, up to 30 hops
    2026-10-26 07:33:20 UTC, from 10.0.0.5, vantage attic
    TTL  Host                                      AS       Place                Loss  Sent   Min ms   Median      Max  Verdict  Source                         Notes
      1  10.0.0.1                                           private (RFC 1918)     0%     3    0.401    0.412    0.733  private
      2  *                                                                       100%     3                                                                     silent, passes packets on
      3  core1.\u{1b}[2Jexample.net (203.0.113.1)  AS64500  Barranqueras, AR       0%     3   10.012   10.506   11.000           mmdb:GeoLite2-City 2026-11-01  balanced packet by packet
         203.0.113.2                                                                          10.555   10.555   10.555
      4  203.0.113.7                               AS64501  Brazil              limit     3   21.003   21.003   21.003  area     builtin 2026-06-17             limits its answers: no loss behind it, MPLS 24015
      5  203.0.113.9                                                               0%     3   30.000   30.000   30.000                                          address translation before it
      6  www.example.net (198.51.100.80)           AS64502  Köln, DE               0%     3  110.100  110.204  112.999
    TTL 2: none of 3 probes was answered, but packets pass: TTL 3 behind it answers
    TTL 3: 2 addresses answered: 203.0.113.1, 203.0.113.2
    TTL 3: packets of one flow were answered by 203.0.113.1, 203.0.113.2 in turn, which no change of the path explains: they are balanced packet by packet
    TTL 4: 2 of 3 probes were not answered, but all 3 to TTL 5 behind it were answered: it limits its answers and loses nothing
    TTL 4: reports label 24015 of an MPLS tunnel here
    TTL 5: the packet it quotes has another address, port or checksum than was sent: a translator (NAT) stands between the hop before and here
    AS path: [private] * AS64500 AS64501 * AS64502
    Reached at TTL 6, round trip 110.100 ms, took 134.0 ms
    "#);
}

#[test]
fn narrow_terminals_get_less_of_each_hop() {
    assert_snapshot!(trace(&sample(), &atlas(), Style { width: Some(110), ..PLAIN }), @r#"
    bücher.example (198.51.100.80), udp, unprivileged, 3 probes a hop, up to 30 hops
    2026-10-26 07:33:20 UTC, from 10.0.0.5, vantage attic
    TTL  Host                        AS       Place     Loss  Sent   Min ms   Median      Max  Notes
      1  10.0.0.1                             private     0%     3    0.401    0.412    0.733
      2  *                                              100%     3                             silent, passes packets on
      3  core1.\u{1b}[2Jexample.net  AS64500  AR          0%     3   10.012   10.506   11.000  balanced packet by packet
         203.0.113.2                                                 10.555   10.555   10.555
      4  203.0.113.7                 AS64501  BR       limit     3   21.003   21.003   21.003  limits its answers: no loss behind it, MPLS 24015
      5  203.0.113.9                                      0%     3   30.000   30.000   30.000  address translation before it
      6  www.example.net             AS64502  DE          0%     3  110.100  110.204  112.999
    AS path: [private] * AS64500 AS64501 * AS64502
    Reached at TTL 6, round trip 110.100 ms, took 134.0 ms
    "#);
    assert_snapshot!(trace(&sample(), &atlas(), Style { width: Some(40), ..PLAIN }), @r#"
    bücher.example (198.51.100.80), udp, unprivileged, 3 probes a hop, up to 30 hops
    2026-10-26 07:33:20 UTC, from 10.0.0.5, vantage attic
    TTL  Host                         Loss  Sent   Min ms   Median      Max  Notes
      1  10.0.0.1                       0%     3    0.401    0.412    0.733
      2  *                            100%     3                             silent, passes packets on
      3  core1.\u{1b}[2Jexample.net     0%     3   10.012   10.506   11.000  balanced packet by packet
         203.0.113.2                               10.555   10.555   10.555
      4  203.0.113.7                 limit     3   21.003   21.003   21.003  limits its answers: no loss behind it, MPLS 24015
      5  203.0.113.9                    0%     3   30.000   30.000   30.000  address translation before it
      6  www.example.net                0%     3  110.100  110.204  112.999
    AS path: [private] * AS64500 AS64501 * AS64502
    Reached at TTL 6, round trip 110.100 ms, took 134.0 ms
    "#);
}

#[test]
fn without_places() {
    assert_snapshot!(trace(&sample(), &Atlas::default(), PLAIN), @r#"
    bücher.example (198.51.100.80), udp, unprivileged, 3 probes a hop, up to 30 hops
    2026-10-26 07:33:20 UTC, from 10.0.0.5, vantage attic
    TTL  Host            Loss  Sent   Min ms   Median      Max  Notes
      1  10.0.0.1          0%     3    0.401    0.412    0.733
      2  *               100%     3                             silent, passes packets on
      3  203.0.113.1       0%     3   10.012   10.506   11.000  balanced packet by packet
         203.0.113.2                  10.555   10.555   10.555
      4  203.0.113.7    limit     3   21.003   21.003   21.003  limits its answers: no loss behind it, MPLS 24015
      5  203.0.113.9       0%     3   30.000   30.000   30.000  address translation before it
      6  198.51.100.80     0%     3  110.100  110.204  112.999
    Reached at TTL 6, round trip 110.100 ms, took 134.0 ms
    "#);
}

#[test]
fn rounds_have_the_statistics_of_mtr() {
    let round = |round: u32, mut probe: ProbeRecord| {
        probe.round = round;
        probe.sent = Some(Duration::from_secs(round.into()));
        probe
    };
    let rtts = [2_000, 4_000, 4_000, 4_000, 5_000, 5_000, 7_000, 9_000];
    let kind = ReplyKind::TimeExceeded;
    let rounds = (0..).zip(rtts).map(|(number, rtt)| round(number, answered("10.0.0.1", rtt, kind)));
    let lossy = [round(0, silent()), round(1, answered("203.0.113.1", 9_000, kind)), round(2, silent())];
    let settings = Settings {
        rounds: 8,
        queries: 1,
        flows: 1,
        interface: Some("eth0".to_owned()),
        ..Settings::default()
    };
    let hops = vec![hop(1, rounds.collect::<Vec<_>>()), hop(2, [silent(), silent()]), hop(3, lossy)];
    let several = Trace { settings: Some(settings), hops, outcome: Some(Outcome::Exhausted), ..sample() };
    assert_snapshot!(trace(&several, &Atlas::default(), PLAIN), @r#"
    bücher.example (198.51.100.80), udp, unprivileged, 1 probe a hop, 8 rounds, up to 30 hops
    2026-10-26 07:33:20 UTC, from 10.0.0.5, by eth0, vantage attic
    TTL  Host         Loss  Sent  Last ms    Avg   Best  Worst  StDev  Notes
      1  10.0.0.1       0%     8    9.000  5.000  2.000  9.000  2.138
      2  *            100%     2                                       silent, passes packets on
      3  203.0.113.1   67%     3    9.000  9.000  9.000  9.000
    Not reached, took 134.0 ms
    "#);
    let forever = Settings { rounds: FOREVER, ..several.settings.clone().unwrap() };
    let ended = Trace { settings: Some(forever), outcome: Some(Outcome::Interrupted), ..several };
    assert_snapshot!(closing(&ended, Paint::Plain), @"Ended after 8 rounds, took 134.0 ms");
}

#[test]
fn a_wide_table_has_every_number() {
    let mut wide = sample();
    for (routers, hop) in (0..).zip(&mut wide.hops) {
        for probe in &mut hop.probes {
            if let ProbeResult::Answered(reply) = &mut probe.result {
                reply.reply_ttl = Some(64 - routers);
            }
        }
    }
    let style = Style { wide: true, ..PLAIN };
    // Jitter of 412, 401, 733: 11 / 16, and a sixteenth of the way to 332 from there.
    assert_snapshot!(trace(&wide, &Atlas::default(), style), @r#"
    bücher.example (198.51.100.80), udp, unprivileged, 3 probes a hop, up to 30 hops
    2026-10-26 07:33:20 UTC, from 10.0.0.5, vantage attic
    TTL  Host            Loss  Sent   Min ms   Median      95%      Max  Jitter  Back  Notes
      1  10.0.0.1          0%     3    0.401    0.412    0.733    0.733   0.021     0
      2  *               100%     3                                                    silent, passes packets on
      3  203.0.113.1       0%     3   10.012   10.506   11.000   11.000   0.062     2  balanced packet by packet
         203.0.113.2                  10.555   10.555   10.555   10.555             2
      4  203.0.113.7    limit     3   21.003   21.003   21.003   21.003             3  limits its answers: no loss behind it, MPLS 24015
      5  203.0.113.9       0%     3   30.000   30.000   30.000   30.000   0.000     4  address translation before it
      6  198.51.100.80     0%     3  110.100  110.204  112.999  112.999   0.187     5
    Reached at TTL 6, round trip 110.100 ms, took 134.0 ms
    "#);
    let rounds = Settings { rounds: 3, queries: 1, ..Settings::default() };
    wide.settings = Some(rounds);
    let text = trace(&wide, &Atlas::default(), style);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
    let line = |number: usize| words(text.lines().nth(number).unwrap());
    assert_snapshot!(line(2), @"TTL Host Loss Sent Last ms Avg Best Worst StDev Median 95% Jitter Back Notes");
    assert_snapshot!(line(3), @"1 10.0.0.1 0% 3 0.733 0.515 0.401 0.733 0.189 0.412 0.733 0.021 0");
    // Of all protocols those that were not probed with have no columns.
    wide.protocol = Some(Protocols::All);
    let text = trace(&wide, &Atlas::default(), style);
    let line = |number: usize| words(text.lines().nth(number).unwrap());
    assert_snapshot!(line(2), @"TTL Host Sent UDP loss Avg ms 95% Jitter Back Notes");
    assert_snapshot!(line(3), @"1 10.0.0.1 3 0% 0.515 0.733 0.021 0");
    wide.settings = Some(Settings::default());
    let text = trace(&wide, &Atlas::default(), style);
    let line = |number: usize| words(text.lines().nth(number).unwrap());
    assert_snapshot!(line(2), @"TTL Host UDP ms 95% Jitter Back Notes");
    assert_snapshot!(line(3), @"1 10.0.0.1 0.412 0.733 0.021 0");
}

#[test]
fn all_protocols_stand_side_by_side() {
    use Protocol::{Icmp, Tcp, Udp};
    let by = |protocol: Protocol, mut probe: ProbeRecord| {
        probe.protocol = Some(protocol);
        probe
    };
    let exceeded = |from, rtt| answered(from, rtt, ReplyKind::TimeExceeded);
    let hops = vec![
        hop(
            1,
            [
                by(Icmp, exceeded("10.0.0.1", 400)),
                by(Udp, exceeded("10.0.0.1", 500)),
                by(Tcp, exceeded("10.0.0.1", 600)),
            ],
        ),
        hop(
            2,
            [
                by(Icmp, exceeded("203.0.113.1", 1400)),
                by(Udp, exceeded("203.0.113.2", 1500)),
                by(Tcp, silent()),
            ],
        ),
        hop(
            3,
            [
                by(Icmp, silent()),
                by(Udp, silent()),
                by(Tcp, answered("198.51.100.80", 9_000, ReplyKind::SynAck)),
            ],
        ),
    ];
    let all = Trace { protocol: Some(Protocols::All), hops, ..sample() };
    assert_snapshot!(trace(&all, &Atlas::default(), PLAIN), @r#"
    bücher.example (198.51.100.80), all, unprivileged, 3 probes a hop, up to 30 hops
    2026-10-26 07:33:20 UTC, from 10.0.0.5, vantage attic
    TTL  Host           ICMP ms  UDP ms  TCP ms  Notes
      1  10.0.0.1         0.400   0.500   0.600
      2  203.0.113.1      1.400               *
         203.0.113.2              1.500
      3  198.51.100.80        *       *   9.000  port open
    icmp: filtered behind TTL 2 (203.0.113.1), where tcp goes on
    udp: filtered behind TTL 2 (203.0.113.2), where tcp goes on
    tcp: reaches the target at TTL 3, its port is open
    Reached at TTL 3, round trip 9.000 ms, took 134.0 ms
    "#);
}

#[test]
fn flows_say_who_answered_them() {
    let kind = ReplyKind::TimeExceeded;
    let flow = |flow: u16, from: &str| ProbeRecord { flow: Flow(flow), ..answered(from, 1_000, kind) };
    let split = |flow: u16| if flow.is_multiple_of(2) { "203.0.113.1" } else { "203.0.113.2" };
    let hops = vec![
        hop(1, (0..16).map(|number| flow(number, "10.0.0.1")).collect::<Vec<_>>()),
        hop(2, (0..16).map(|number| flow(number, split(number))).collect::<Vec<_>>()),
        hop(3, (0..4).map(|number| flow(number, "203.0.113.3")).chain([silent()]).collect::<Vec<_>>()),
    ];
    let settings = Settings { flows: 16, ..Settings::default() };
    let flows = Trace { settings: Some(settings), hops, outcome: Some(Outcome::Exhausted), ..sample() };
    assert_snapshot!(trace(&flows, &Atlas::default(), PLAIN), @r#"
    bücher.example (198.51.100.80), udp, unprivileged, 3 probes a hop, 16 flows, up to 30 hops
    2026-10-26 07:33:20 UTC, from 10.0.0.5, vantage attic
    TTL  Host         Flows               Loss  Sent  Min ms  Median    Max
      1  10.0.0.1     all                   0%    16   1.000   1.000  1.000
      2  203.0.113.1  0 2 4 6 8 10 12 14    0%    16   1.000   1.000  1.000
         203.0.113.2  1 3 5 7 9 11 13 15               1.000   1.000  1.000
      3  203.0.113.3  0-3                  20%     5   1.000   1.000  1.000
    16 flows go 2 ways, which differ at TTL 2
      way 1: 203.0.113.1 (flows 0 2 4 6 8 10 12 14)
      way 2: 203.0.113.2 (flows 1 3 5 7 9 11 13 15)
    Not reached, took 134.0 ms
    "#);
}

#[test]
fn colours_mark_what_matters() {
    let text = trace(&sample(), &atlas(), Style { paint: Paint::Colored, ..PLAIN });
    assert!(text.contains("\u{1b}[32mReached at TTL 6"), "{text:?}");
    assert!(text.contains("\u{1b}[2m*\u{1b}[0m"), "{text:?}");
}

#[test]
fn every_way_to_refuse_has_its_mark() {
    let kinds = [
        ReplyKind::HostUnreachable,
        ReplyKind::NetUnreachable,
        ReplyKind::ProtocolUnreachable,
        ReplyKind::AdminProhibited,
        ReplyKind::TooBig,
        ReplyKind::PortUnreachable,
        ReplyKind::Unreachable,
        ReplyKind::ReassemblyExceeded,
        ReplyKind::ParameterProblem,
        ReplyKind::SynAck,
        ReplyKind::Rst,
    ];
    let probes: Vec<_> = kinds.iter().map(|kind| answered("192.0.2.1", 1000, *kind)).collect();
    let barred = Trace { hops: vec![hop(1, probes)], ..sample() };
    let text = trace(&barred, &Atlas::default(), PLAIN);
    let notes = text.lines().nth(3).unwrap().split_once("!H").unwrap().1;
    assert_snapshot!(format!("!H{notes}"), @"!H host unreachable, !N network unreachable, !P protocol unreachable, !X refused by a filter, !F packet too big, port unreachable, !<12> unreachable, fragments not reassembled, header refused, port open, port closed");
}

#[test]
fn ports_are_told_where_they_tell_something() {
    let with = |protocol, port| protocol_words(protocol, Some(&Settings { port, ..Settings::default() }));
    assert_eq!(with(Protocols::One(Protocol::Tcp), None), "tcp port 80");
    assert_eq!(with(Protocols::One(Protocol::Tcp), Some(443)), "tcp port 443");
    assert_eq!(with(Protocols::One(Protocol::Udp), Some(53)), "udp port 53");
    assert_eq!(with(Protocols::One(Protocol::Udp), None), "udp");
}

#[test]
fn ends_are_told_in_words() {
    let end = |outcome, detail: Option<&str>| {
        let ended = Trace { outcome: Some(outcome), outcome_detail: detail.map(str::to_owned), ..sample() };
        closing(&ended, Paint::Plain)
    };
    assert_snapshot!(end(Outcome::Reached, None), @"Reached at TTL 6, round trip 110.100 ms, took 134.0 ms");
    assert_snapshot!(end(Outcome::Unreachable, Some("host-unreachable, says 192.0.2.1 at TTL 3")), @"Not reached, the way is barred: host-unreachable, says 192.0.2.1 at TTL 3, took 134.0 ms");
    assert_snapshot!(end(Outcome::Loop, Some("192.0.2.1 answers at TTL 3, 5, 7")), @"Not reached, packets go round in circles: 192.0.2.1 answers at TTL 3, 5, 7, took 134.0 ms");
    assert_snapshot!(end(Outcome::Exhausted, Some("no answer from behind TTL 5")), @"Not reached: no answer from behind TTL 5, took 134.0 ms");
    assert_snapshot!(end(Outcome::Interrupted, None), @"Interrupted, took 134.0 ms");
}

#[test]
fn what_was_not_sent_and_what_came_round_again() {
    let looped = Trace {
        target: Some(Target { name: None, address: "198.51.100.80".parse().unwrap() }),
        hops: vec![
            hop(1, [answered("192.0.2.1", 1000, ReplyKind::TimeExceeded)]),
            hop(2, [answered("192.0.2.2", 2000, ReplyKind::TimeExceeded), unsent("No buffer space\u{7}")]),
            hop(3, [answered("192.0.2.1", 3000, ReplyKind::TimeExceeded)]),
            hop(4, [silent()]),
        ],
        outcome: Some(Outcome::Loop),
        ..sample()
    };
    assert_snapshot!(trace(&looped, &Atlas::default(), PLAIN), @r#"
    198.51.100.80, udp, unprivileged, 3 probes a hop, up to 30 hops
    2026-10-26 07:33:20 UTC, from 10.0.0.5, vantage attic
    TTL  Host       Loss  Sent  Min ms  Median    Max  Notes
      1  192.0.2.1    0%     1   1.000   1.000  1.000
      2  192.0.2.2    0%     1   2.000   2.000  2.000  1 not sent: No buffer space\u{7}
      3  192.0.2.1    0%     1   3.000   3.000  3.000  seen before: loop
      4  *          100%     1
    Not reached, packets go round in circles, took 134.0 ms
    "#);
}

#[test]
fn an_imported_trace_may_know_next_to_nothing() {
    let bare = Trace {
        vantage: None,
        target: None,
        source: None,
        protocol: None,
        mode: None,
        settings: None,
        duration: None,
        outcome: None,
        hops: Vec::new(),
        ..sample()
    };
    assert_snapshot!(trace(&bare, &Atlas::default(), PLAIN), @r#"
    no known target
    2026-10-26 07:33:20 UTC
    "#);
}
