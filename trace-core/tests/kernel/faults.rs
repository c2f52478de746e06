//! Routers that are silent, late, or send packets nowhere or back.

use std::time::Duration;

use trace_core::model::{Finding, Mode, Outcome, Protocol, ReplyKind, Settings, Trace};

use crate::lab::{Chain, Fault, Lab, Refusal, lab_test};
use crate::tracing::{all_answers, check_hop, hop, job, job_with, last_word, trace};

const MODES: [Mode; 2] = [Mode::Raw, Mode::Unprivileged];
const PROTOCOLS: [Protocol; 2] = [Protocol::Icmp, Protocol::Udp];

/// Runs a check for both modes, families and protocols.
fn in_every_way(check: impl Fn(Mode, u8, Protocol)) {
    for mode in MODES {
        for family in [4, 6] {
            for protocol in PROTOCOLS {
                check(mode, family, protocol);
            }
        }
    }
}

/// Checks that a trace found `length` hops, of which all but those in `except` answered as they should.
fn check_others(lab: &Lab, trace: &Trace, length: u8, family: u8, protocol: Protocol, except: &[u8]) {
    assert_eq!(trace.outcome, Some(Outcome::Reached), "{trace:#?}");
    assert_eq!(trace.hops.len(), usize::from(length), "{trace:#?}");
    for ttl in (1..=length).filter(|ttl| !except.contains(ttl)) {
        let kind = if ttl == length { last_word(protocol) } else { ReplyKind::TimeExceeded };
        check_hop(lab, trace, ttl, family, kind, 3);
    }
}

lab_test! {
    fn a_silent_router_stays_a_row() {
        let lab = Chain::of(5).fault(3, Fault::Silent).without_limits().build();
        in_every_way(|mode, family, protocol| {
            let trace = trace(&lab, mode, job(lab.target(family), protocol));
            check_others(&lab, &trace, 6, family, protocol, &[3]);
            assert_eq!(hop(&trace, 3).probes.len(), 3, "{trace:#?}");
            assert!(!hop(&trace, 3).answered(), "{trace:#?}");
            assert_eq!(trace.findings()[2], vec![Finding::Silent]);
        });
    }

    fn silent_routers_in_a_row_do_not_hide_the_target() {
        let chain = (2..=6).fold(Chain::of(8), |chain, node| chain.fault(node, Fault::Silent));
        let lab = chain.without_limits().build();
        in_every_way(|mode, family, protocol| {
            let trace = trace(&lab, mode, job(lab.target(family), protocol));
            check_others(&lab, &trace, 9, family, protocol, &[2, 3, 4, 5, 6]);
        });
    }

    /// Routers make ICMP errors on their slow path: forwarding is fast while the answer takes long.
    fn a_late_router_among_fast_ones_is_shown_answered() {
        let late = Duration::from_millis(200);
        let lab = Chain::of(5).fault(3, Fault::Late(late)).without_limits().build();
        in_every_way(|mode, family, protocol| {
            let trace = trace(&lab, mode, job(lab.target(family), protocol));
            check_others(&lab, &trace, 6, family, protocol, &[3]);
            for reply in all_answers(hop(&trace, 3)) {
                assert_eq!(reply.from, lab.hop(3, family), "{trace:#?}");
                assert!(reply.rtt.is_some_and(|rtt| rtt >= late), "{trace:#?}");
            }
        });
    }

    fn a_late_target_is_waited_for() {
        let late = Duration::from_millis(200);
        let lab = Chain::of(3).fault(4, Fault::Late(late)).without_limits().build();
        in_every_way(|mode, family, protocol| {
            let trace = trace(&lab, mode, job(lab.target(family), protocol));
            check_others(&lab, &trace, 4, family, protocol, &[4]);
            for reply in all_answers(hop(&trace, 4)) {
                assert_eq!(reply.from, lab.target(family), "{trace:#?}");
                assert!(reply.rtt.is_some_and(|rtt| rtt >= late), "{trace:#?}");
            }
        });
    }

    fn each_refusal_ends_as_unreachable_and_keeps_its_words() {
        use ReplyKind::{AdminProhibited, HostUnreachable, NetUnreachable};
        let refusals = [
            (Refusal::Unreachable, HostUnreachable, NetUnreachable),
            (Refusal::Prohibit, AdminProhibited, AdminProhibited),
            (Refusal::NoRoute, NetUnreachable, NetUnreachable),
        ];
        for (refusal, v4, v6) in refusals {
            in_every_way(|mode, family, protocol| {
                // The kernel limits these errors in a way that a namespace cannot lift: five at once, then one
                // a second. So each trace has routers of its own.
                let lab = Chain::of(4).fault(3, Fault::Refuse(refusal)).without_limits().build();
                let trace = trace(&lab, mode, job(lab.target(family), protocol));
                assert_eq!(trace.outcome, Some(Outcome::Unreachable), "{refusal:?}: {trace:#?}");
                assert!(trace.outcome_detail.is_some(), "{trace:#?}");
                assert_eq!(trace.hops.len(), 3, "{refusal:?}: {trace:#?}");
                for ttl in [1, 2] {
                    check_hop(&lab, &trace, ttl, family, ReplyKind::TimeExceeded, 3);
                }
                let last = hop(&trace, 3);
                assert_eq!(last.answerers(), vec![lab.hop(3, family)], "{refusal:?}: {trace:#?}");
                let kind = if family == 4 { v4 } else { v6 };
                let answers: Vec<_> = last.probes.iter().filter_map(|probe| probe.reply()).collect();
                assert!(answers.iter().all(|reply| reply.kind == Some(kind)), "{refusal:?}: {trace:#?}");
            });
        }
    }

    fn a_host_that_its_router_cannot_find() {
        let lab = Chain::of(2).without_limits().build();
        in_every_way(|mode, family, protocol| {
            let trace = trace(&lab, mode, job(lab.nobody(family), protocol));
            assert_eq!(trace.outcome, Some(Outcome::Unreachable), "{trace:#?}");
            assert_eq!(trace.hops.len(), 3, "{trace:#?}");
            let last = hop(&trace, 3);
            assert_eq!(last.answerers(), vec![lab.hop(2, family)], "{trace:#?}");
            let first = last.probes.iter().find_map(|probe| probe.reply()).expect("an answer");
            assert_eq!(first.kind, Some(ReplyKind::HostUnreachable), "{trace:#?}");
        });
    }

    /// Such a message from the target would mean that it was reached.
    fn a_port_unreachable_from_a_router_is_no_arrival() {
        if crate::lab::tool("nft").arg("--version").output().is_err() {
            return crate::lab::skip("no program nft: apt-get install nftables");
        }
        let lab = Chain::of(4).without_limits().build();
        let rules = format!(
            "table inet filter {{ chain forward {{ type filter hook forward priority 0; \
             ip daddr {} reject with icmp port-unreachable; \
             ip6 daddr {} reject with icmpv6 port-unreachable; }}; }}",
            lab.target(4),
            lab.target(6)
        );
        let output = lab.node(2).output(crate::lab::tool("nft").arg(rules));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        in_every_way(|mode, family, protocol| {
            let trace = trace(&lab, mode, job(lab.target(family), protocol));
            assert_eq!(trace.outcome, Some(Outcome::Unreachable), "{trace:#?}");
            assert_eq!(trace.hops.len(), 3, "{trace:#?}");
            for reply in all_answers(hop(&trace, 3)) {
                assert_eq!(reply.kind, Some(ReplyKind::PortUnreachable), "{trace:#?}");
                assert_ne!(reply.from, lab.target(family), "{trace:#?}");
            }
        });
    }

    fn a_network_nobody_has_a_route_to() {
        in_every_way(|mode, family, protocol| {
            let lab = Chain::of(2).without_limits().build();
            let trace = trace(&lab, mode, job(lab.nowhere(family), protocol));
            assert_eq!(trace.outcome, Some(Outcome::Unreachable), "{trace:#?}");
            assert_eq!(trace.hops.len(), 2, "{trace:#?}");
            assert_eq!(hop(&trace, 2).answerers(), vec![lab.hop(2, family)], "{trace:#?}");
        });
    }

    fn a_black_hole_and_a_silent_target_end_at_the_gap() {
        let faults = [(3, Fault::Refuse(Refusal::Blackhole), 2), (5, Fault::Silent, 4)];
        for (node, fault, answering) in faults {
            let lab = Chain::of(4).fault(node, fault).without_limits().build();
            for mode in MODES {
                for family in [4, 6] {
                    // Four silent TTLs in half a second: the rules are those of the defaults.
                    let wait = Duration::from_millis(500);
                    let settings = Settings { gap: 4, wait, ..Settings::default() };
                    let trace = trace(&lab, mode, job_with(lab.target(family), Protocol::Udp, settings));
                    assert_eq!(trace.outcome, Some(Outcome::Exhausted), "{trace:#?}");
                    for ttl in 1..=answering {
                        check_hop(&lab, &trace, ttl, family, ReplyKind::TimeExceeded, 3);
                    }
                    let silent = usize::from(answering);
                    assert!(trace.hops[silent..].iter().all(|hop| !hop.answered()), "{trace:#?}");
                    assert_eq!(trace.hops.len(), silent + 4, "{trace:#?}");
                }
            }
        }
    }

    fn two_routers_that_point_at_each_other_are_a_loop() {
        let lab = Chain::of(4).fault(3, Fault::SendBack).without_limits().build();
        in_every_way(|mode, family, protocol| {
            let trace = trace(&lab, mode, job(lab.target(family), protocol));
            assert_eq!(trace.outcome, Some(Outcome::Loop), "{trace:#?}");
            for ttl in 1..=3 {
                check_hop(&lab, &trace, ttl, family, ReplyKind::TimeExceeded, 3);
            }
            assert!((4..30).contains(&trace.hops.len()), "{trace:#?}");
            // From TTL 5 on everything has been seen before: router 3 again, then router 2.
            assert_eq!(hop(&trace, 5).answerers(), vec![lab.hop(3, family)], "{trace:#?}");
        });
    }
}
