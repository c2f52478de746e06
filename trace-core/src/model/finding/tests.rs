use core::time::Duration;
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::model::{
    Flow, Hop, Label, Mode, Outcome, ProbeRecord, ProbeResult, Protocol, Protocols, Quoted, Reply, ReplyKind,
    Settings, Statistics, Target, Trace, TraceKind, Ttl, Uuid,
};

mod flows;
mod tunnels;

const TARGET: u8 = 200;

fn address(byte: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, byte).into()
}

/// What a router with this last byte says when a TTL runs out there, or the target when it is reached.
fn reply(byte: u8) -> Reply {
    let kind = if byte == TARGET { ReplyKind::EchoReply } else { ReplyKind::TimeExceeded };
    Reply { rtt: Some(Duration::from_millis(1)), kind: Some(kind), ..Reply::new(address(byte)) }
}

/// A trace by raw sockets, put together probe by probe; a probe leaves each millisecond.
struct Story {
    trace: Trace,
    now: Duration,
}

impl Story {
    fn new() -> Self {
        let target = Target { name: None, address: address(TARGET) };
        let trace = Trace {
            target: Some(target),
            protocol: Some(Protocols::One(Protocol::Udp)),
            mode: Some(Mode::Raw),
            settings: Some(Settings::default()),
            outcome: Some(Outcome::Reached),
            ..Trace::new(Uuid::nil(), TraceKind::Measured, 0)
        };
        Self { trace, now: Duration::ZERO }
    }

    fn probe(
        &mut self,
        ttl: u8,
        round: u32,
        flow: u16,
        protocol: Protocol,
        reply: Option<Reply>,
    ) -> &mut Self {
        self.now += Duration::from_millis(1);
        while self.trace.hops.len() < usize::from(ttl) {
            let next = u8::try_from(self.trace.hops.len() + 1).unwrap();
            self.trace.hops.push(Hop { ttl: Ttl::new(next).unwrap(), probes: Vec::new() });
        }
        self.trace.hops[usize::from(ttl) - 1].probes.push(ProbeRecord {
            protocol: Some(protocol),
            flow: Flow(flow),
            round,
            sent: Some(self.now),
            off_flow: false,
            result: reply.map_or(ProbeResult::Silent, |reply| ProbeResult::Answered(Box::new(reply))),
        });
        self
    }

    /// One probe of flow 0 in a round; 0 is silence.
    fn ask(&mut self, ttl: u8, round: u32, byte: u8) -> &mut Self {
        self.probe(ttl, round, 0, Protocol::Udp, (byte != 0).then(|| reply(byte)))
    }

    /// Three probes to each TTL from 1 on, each with the same reply.
    fn walk(&mut self, replies: impl IntoIterator<Item = Reply>) -> &mut Self {
        for (ttl, reply) in (1..).zip(replies) {
            for _ in 0..3 {
                self.probe(ttl, 0, 0, Protocol::Udp, Some(reply.clone()));
            }
        }
        self
    }

    fn found(&self) -> Vec<(u8, Finding)> {
        let observations = self.trace.observations();
        assert!(observations.iter().all(|found| found.explanation.len() > 20), "{observations:#?}");
        observations.iter().map(|found| (found.ttl.get(), found.finding)).collect()
    }

    fn explanation(&self, finding: Finding) -> String {
        let found = self.trace.observations().into_iter().find(|found| found.finding == finding);
        found.unwrap().explanation
    }
}

fn quoting(byte: u8, ttl: u8, tos: u8, nat: bool) -> Reply {
    Reply { quoted: Some(Quoted { ttl, tos, nat }), ..reply(byte) }
}

#[test]
fn a_plain_path_has_nothing_to_tell() {
    let mut story = Story::new();
    story.walk([quoting(1, 1, 0, false), quoting(2, 1, 0, false), quoting(3, 1, 0, false), reply(TARGET)]);
    assert_eq!(story.found(), []);
    assert_eq!(story.trace.path_changes(), []);
}

#[test]
fn a_little_loss_everywhere_does_not_hide_a_rate_limit() {
    let mut story = Story::new();
    for round in 0..100 {
        story.ask(1, round, if round % 2 == 0 { 1 } else { 0 });
        story.ask(2, round, if round % 25 == 3 { 0 } else { 2 });
        story.ask(3, round, if round % 25 == 3 { 0 } else { TARGET });
    }
    assert_eq!(story.found(), [(1, Finding::RateLimited)]);
    assert!(
        story.explanation(Finding::RateLimited).starts_with("50 of 100 probes were not answered, but only 4")
    );
}

#[test]
fn as_much_loss_behind_is_loss() {
    let mut story = Story::new();
    for round in 0..100 {
        for (ttl, byte) in [(1, 1), (2, 2), (3, TARGET)] {
            story.ask(ttl, round, if (round + u32::from(ttl)) % 3 == 0 { 0 } else { byte });
        }
    }
    assert_eq!(story.found(), []);
}

#[test]
fn a_target_that_is_lost_now_and_then_is_no_longer_path() {
    // Where the probe to the target is lost, the one behind is answered.
    let mut story = Story::new();
    for round in 0..100 {
        let lost = round % 5 == 0;
        story.ask(1, round, 1).ask(2, round, if round % 7 == 0 { 0 } else { 2 });
        story.ask(3, round, if lost { 0 } else { TARGET });
        if lost {
            story.ask(4, round, TARGET);
        }
    }
    assert_eq!(story.found(), []);
    let statistics: Vec<_> = story.trace.statistics().iter().map(|hop| (hop.sent, hop.answered)).collect();
    assert_eq!(statistics, [(100, 100), (100, 85), (100, 80), (0, 0)]);
}

#[test]
fn a_router_may_choose_what_it_answers() {
    let mut story = Story::new();
    for ttl in 1..=3 {
        for protocol in [Protocol::Icmp, Protocol::Udp] {
            for _ in 0..2 {
                let hides = (ttl, protocol) == (2, Protocol::Udp);
                story.probe(ttl, 0, 0, protocol, (!hides).then(|| reply(ttl)));
            }
        }
    }
    assert_eq!(story.found(), [(2, Finding::Selective)]);
    // Where nothing of that protocol comes back from behind, the packets may not pass at all.
    let mut story = Story::new();
    for ttl in 1..=3 {
        story.probe(ttl, 0, 0, Protocol::Icmp, Some(reply(ttl)));
        story.probe(ttl, 0, 0, Protocol::Udp, (ttl == 1).then(|| reply(ttl)));
    }
    assert_eq!(story.found(), []);
}

#[test]
fn a_circle_is_one_within_a_round_and_a_flow() {
    let mut story = Story::new();
    story.walk([1, 2, 3, 2, 3].map(reply));
    assert_eq!(story.found(), [(4, Finding::Loop), (5, Finding::Loop)]);
    // Flows of different lengths meet the same router at different TTLs.
    let mut story = Story::new();
    for (ttl, one, other) in [(1, 1, 1), (2, 5, 2), (3, 6, 3), (4, TARGET, 4), (5, TARGET, 5), (6, TARGET, 6)]
    {
        story.probe(ttl, 0, 0, Protocol::Udp, Some(reply(one)));
        story.probe(ttl, 0, 1, Protocol::Udp, Some(reply(other)));
    }
    assert!(story.found().iter().all(|(_, finding)| *finding == Finding::SeveralAnswerers));
}

#[test]
fn ttl_zero_is_told_from_a_router_that_answers_twice() {
    let mut story = Story::new();
    story.walk([quoting(1, 1, 0, false), quoting(3, 0, 0, false), quoting(3, 1, 0, false), reply(TARGET)]);
    assert_eq!(story.found(), [(2, Finding::ZeroTtl)]);
    assert!(story.explanation(Finding::ZeroTtl).contains("10.0.0.3 quotes had TTL 0 (and at TTL 3 too)"));
    let mut story = Story::new();
    story.walk([quoting(1, 1, 0, false), quoting(3, 1, 0, false), quoting(3, 1, 0, false), reply(TARGET)]);
    assert_eq!(story.found(), [(3, Finding::Repeated)]);
    // Without a quote nobody can tell which.
    let mut story = Story::new();
    story.walk([1, 3, 3, TARGET].map(reply));
    assert_eq!(story.found(), [(3, Finding::Repeated)]);
    assert!(story.explanation(Finding::Repeated).ends_with("this mode does not see which"));
}

#[test]
fn a_translator_is_named_where_it_first_shows() {
    let quotes = |nats: [bool; 4]| {
        let mut story = Story::new();
        story.walk((1..).zip(nats).map(|(byte, nat)| quoting(byte, 1, 0, nat)));
        story.found()
    };
    assert_eq!(quotes([false, false, true, true]), [(3, Finding::Nat)]);
    assert_eq!(quotes([false, false, false, true]), [(4, Finding::Nat)]);
    assert_eq!(quotes([false; 4]), []);
    // What those behind do not see is a bad quote.
    assert_eq!(quotes([false, true, false, false]), []);
}

#[test]
fn a_rewritten_type_of_service_is_named_where_it_first_shows() {
    let quotes = |sent: u8, seen: [u8; 4]| {
        let mut story = Story::new();
        story.trace.settings = Some(Settings { tos: sent, ..Settings::default() });
        story.walk((1..).zip(seen).map(|(byte, tos)| quoting(byte, 1, tos, false)));
        story.found()
    };
    // DSCP 46, ECN 10.
    let sent = (46 << 2) | 0b10;
    assert_eq!(quotes(sent, [sent; 4]), []);
    assert_eq!(quotes(sent, [sent, sent, 0b10, 0b10]), [(3, Finding::DscpChanged)]);
    assert_eq!(quotes(sent, [sent, 46 << 2, 46 << 2, 46 << 2]), [(2, Finding::EcnChanged)]);
    assert_eq!(quotes(sent, [sent, sent, 0, 0]), [(3, Finding::DscpChanged), (3, Finding::EcnChanged)]);
    assert_eq!(
        quotes(sent, [sent, 0b10, 0b10, (10 << 2) | 0b10]),
        [(2, Finding::DscpChanged), (4, Finding::DscpChanged)]
    );
    assert_eq!(quotes(sent, [sent, 0, sent, sent]), [], "one router quotes badly");
    assert_eq!(quotes(0b10, [0b10, 0b11, 0b11, 0b11]), [(2, Finding::EcnChanged)]);
}

#[test]
fn what_was_not_quoted_is_not_judged() {
    let mut story = Story::new();
    story.trace.mode = Some(Mode::Unprivileged);
    story.trace.settings = Some(Settings { tos: 184, ..Settings::default() });
    story.walk([1, 2, 3, TARGET].map(reply));
    assert_eq!(story.found(), []);
}

#[test]
fn the_way_back_is_guessed_from_the_next_usual_ttl() {
    let back = |ttl| Reply { reply_ttl: Some(ttl), ..reply(1) }.routers_back();
    assert_eq!([255, 250, 129, 128, 120, 64, 61, 32, 1].map(back), [0, 5, 126, 0, 8, 0, 3, 0, 31].map(Some));
    assert_eq!(reply(1).routers_back(), None);
    assert_eq!(back(0), None);
    let mut story = Story::new();
    story.walk([Reply { reply_ttl: Some(253), ..reply(1) }]);
    story.probe(1, 0, 0, Protocol::Udp, Some(Reply { reply_ttl: Some(254), ..reply(1) }));
    assert_eq!(story.trace.hops[0].routers_back(), Some(1));
}

/// A probe as a hostile file or network might leave it.
fn any_probe() -> impl Strategy<Value = ProbeRecord> {
    let reply = (0_u8..4, any::<Option<u8>>(), any::<Option<(u8, u8, bool)>>(), any::<bool>(), 0_u8..3)
        .prop_map(|(byte, reply_ttl, quoted, labelled, kind)| Reply {
            reply_ttl,
            quoted: quoted.map(|(ttl, tos, nat)| Quoted { ttl, tos, nat }),
            mpls: if labelled {
                vec![Label { label: 1, traffic_class: 0, bottom: true, ttl: 253 }]
            } else {
                Vec::new()
            },
            kind: [None, Some(ReplyKind::TimeExceeded), Some(ReplyKind::HostUnreachable)][usize::from(kind)],
            ..reply(if byte == 3 { TARGET } else { byte })
        });
    let result = prop_oneof![
        3 => reply.prop_map(|reply| ProbeResult::Answered(Box::new(reply))),
        1 => Just(ProbeResult::Silent),
        1 => Just(ProbeResult::Unsent { error: String::new() }),
    ];
    (0_u16..2, 0_u32..4, any::<Option<u32>>(), any::<bool>(), result).prop_map(
        |(flow, round, sent, off_flow, result)| ProbeRecord {
            protocol: Some(Protocol::Udp),
            flow: Flow(flow),
            round,
            sent: sent.map(|sent| Duration::from_nanos(sent.into())),
            off_flow,
            result,
        },
    )
}

fn surveyed(trace: &Trace) -> Vec<Statistics> {
    let survey = Survey::of(trace);
    trace.hops.iter().map(|hop| survey.statistics(hop)).collect()
}

proptest! {
    /// Most traces need no survey to be counted.
    #[test]
    fn a_trace_that_looks_plain_counts_as_if_it_were_surveyed(
        mut hops in proptest::collection::vec(proptest::collection::vec(any_probe(), 0..5), 1..9),
        last in 0_usize..9,
        // So that most are plain, or plain but for one hop.
        strange in 0_usize..20,
    ) {
        for (ttl, probes) in hops.iter_mut().enumerate().filter(|(ttl, _)| *ttl != strange) {
            for probe in probes {
                let ProbeResult::Answered(reply) = &mut probe.result else { continue };
                reply.from = address(u8::try_from(ttl).unwrap());
                reply.kind = Some(if ttl == last { ReplyKind::PortUnreachable } else { ReplyKind::TimeExceeded });
            }
        }
        let mut story = Story::new();
        story.trace.hops =
            (1..).filter_map(Ttl::new).zip(hops).map(|(ttl, probes)| Hop { ttl, probes }).collect();
        prop_assert_eq!(story.trace.statistics(), surveyed(&story.trace));
    }

    #[test]
    fn any_trace_is_surveyed_without_panic(
        first in 1_u8..=255,
        hops in proptest::collection::vec(proptest::collection::vec(any_probe(), 0..8), 0..12),
    ) {
        let mut story = Story::new();
        let ttls = (first..=255).filter_map(Ttl::new);
        story.trace.hops = ttls.zip(hops).map(|(ttl, probes)| Hop { ttl, probes }).collect();
        let trace = &story.trace;
        let found: usize = trace.findings().iter().map(Vec::len).sum();
        prop_assert_eq!(trace.observations().len(), found);
        prop_assert_eq!(trace.statistics(), surveyed(trace));
        for (own, aware) in trace.hops.iter().map(Hop::statistics).zip(trace.statistics()) {
            prop_assert!(aware.sent <= own.sent && aware.answered <= own.answered && aware.answered <= aware.sent);
        }
        for change in trace.path_changes() {
            prop_assert!(change.first_ttl <= change.last_ttl && change.before != change.after);
            prop_assert_eq!(change.before.len(), change.after.len());
        }
    }
}
