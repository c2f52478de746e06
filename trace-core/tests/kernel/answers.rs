//! Answers as targets and routers with a mind of their own give them: services that speak, firewalls that reset,
//! routers that answer seldom and links that lose.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use trace_core::model::{Mode, Outcome, Protocol, ReplyKind, Settings};

use crate::lab::{Chain, Responder, lab_test, nft};
use crate::tracing::{all_answers, check_hop, hop, job_with, trace};

const MODES: [Mode; 2] = [Mode::Raw, Mode::Unprivileged];
const SERVICE: u16 = 5_353;

fn in_every_way(check: impl Fn(Mode, u8, Protocol)) {
    for mode in MODES {
        for family in [4, 6] {
            for protocol in Protocol::ALL {
                check(mode, family, *protocol);
            }
        }
    }
}

lab_test! {
    fn a_service_that_answers_with_data_is_reached() {
        let lab = Chain::of(3).without_limits().build();
        for family in [4, 6] {
            let service = lab.node(4).enter(|| UdpSocket::bind((lab.target(family), SERVICE))).expect("bind a service");
            service.set_read_timeout(Some(Duration::from_millis(50))).expect("set a timeout");
            let stop = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        if let Ok((_, client)) = service.recv_from(&mut [0; 2000]) {
                            service.send_to(b"data", client).expect("answer");
                        }
                    }
                });
                for mode in MODES {
                    let settings = Settings { port: Some(SERVICE), ..Settings::default() };
                    let found = trace(&lab, mode, job_with(lab.target(family), Protocol::Udp, settings));
                    assert_eq!((found.outcome, found.hops.len()), (Some(Outcome::Reached), 4), "{mode} {found:#?}");
                    for ttl in 1..=3 {
                        check_hop(&lab, &found, ttl, family, ReplyKind::TimeExceeded, 3);
                    }
                    let last = hop(&found, 4);
                    assert_eq!(last.answerers(), vec![lab.target(family)], "{mode} {found:#?}");
                    // Data names no probe: where several were under way, the others are asked again on ports of their
                    // own, where nobody listens.
                    let mut kinds: Vec<_> = all_answers(last).iter().filter_map(|reply| reply.kind).collect();
                    kinds.sort_unstable();
                    kinds.dedup();
                    assert!(kinds.contains(&ReplyKind::Data), "{mode} {found:#?}");
                    assert!(kinds.iter().all(|kind| matches!(kind, ReplyKind::Data | ReplyKind::PortUnreachable)), "{mode} {found:#?}");
                }
                stop.store(true, Ordering::Relaxed);
            });
        }
    }

    /// The reset names the target as its sender, so that nobody can tell it from the target's own.
    fn a_firewall_that_resets_looks_like_the_target() {
        let lab = Chain::of(4).without_limits().build();
        let rules = "table inet lab { chain way { type filter hook forward priority 0; \
                     tcp dport 81 reject with tcp reset; }; }";
        if !nft(lab.node(2), rules) {
            return;
        }
        for mode in MODES {
            for family in [4, 6] {
                let settings = Settings { port: Some(81), ..Settings::default() };
                let found = trace(&lab, mode, job_with(lab.target(family), Protocol::Tcp, settings));
                assert_eq!(found.outcome, Some(Outcome::Reached), "{mode} {found:#?}");
                for ttl in [1, 2] {
                    check_hop(&lab, &found, ttl, family, ReplyKind::TimeExceeded, 3);
                }
                assert_eq!(found.hops.len(), 3, "{mode} {found:#?}");
                for reply in all_answers(hop(&found, 3)) {
                    assert_eq!((reply.from, reply.kind), (lab.target(family), Some(ReplyKind::Rst)), "{mode} {found:#?}");
                }
            }
        }
    }

    /// A router that gives one error and then one every five seconds loses no hop behind it.
    fn a_router_that_answers_seldom_hides_nothing_behind_it() {
        let lab = Chain::of(4).without_limits().build();
        let rules = "table inet lab { chain out { type filter hook output priority 0; \
                     icmp type time-exceeded limit rate over 12/minute burst 1 packets drop; \
                     icmpv6 type time-exceeded limit rate over 12/minute burst 1 packets drop; }; }";
        if !nft(lab.node(2), rules) {
            return;
        }
        in_every_way(|mode, family, protocol| {
            let settings = Settings { wait: Duration::from_millis(400), ..Settings::default() };
            let found = trace(&lab, mode, job_with(lab.target(family), protocol, settings));
            assert_eq!((found.outcome, found.hops.len()), (Some(Outcome::Reached), 5), "{mode} {protocol} {found:#?}");
            for ttl in [1, 3, 4] {
                check_hop(&lab, &found, ttl, family, ReplyKind::TimeExceeded, 3);
            }
            assert_eq!(all_answers(hop(&found, 5)).len(), 3);
            let seldom = hop(&found, 2);
            assert!(seldom.probes.iter().any(|probe| probe.reply().is_none()), "{mode} {protocol} {found:#?}");
        });
    }

    /// A link that loses every third packet in both directions loses probes, never hops' places.
    fn a_lossy_link_costs_answers_and_mixes_nothing_up() {
        let lab = Chain::of(4).without_limits().build();
        let rules = "table inet lab { chain way { type filter hook forward priority 0; \
                     numgen inc mod 3 0 drop; }; }";
        if !nft(lab.node(2), rules) {
            return;
        }
        in_every_way(|mode, family, protocol| {
            let settings = Settings { queries: 10, wait: Duration::from_millis(500), ..Settings::default() };
            let found = trace(&lab, mode, job_with(lab.target(family), protocol, settings));
            assert_eq!((found.outcome, found.hops.len()), (Some(Outcome::Reached), 5), "{mode} {protocol} {found:#?}");
            for (ttl, hop) in (1..).zip(&found.hops) {
                let answered = hop.probes.iter().filter(|probe| probe.reply().is_some()).count();
                assert!(answered > 0 && (ttl > 2 || answered == hop.probes.len()), "{mode} {protocol} {found:#?}");
                assert_eq!(hop.answerers(), vec![lab.hop(ttl, family)], "{mode} {protocol} {found:#?}");
            }
            let lost = found.hops.iter().flat_map(|hop| &hop.probes).filter(|probe| probe.reply().is_none()).count();
            assert!(lost > 0, "{mode} {protocol} {found:#?}");
        });
    }

    /// The least that RFC 792 asks for: the IP header and 8 bytes. Only raw links find the probe in there whatever it is;
    /// an ordinary UDP socket is told its ports and nothing else, and asks again on a port that tells.
    fn a_router_that_quotes_eight_bytes_is_understood() {
        let lab = Chain::of(3).without_limits().build();
        let least = |family: u8, probe: &[u8]| {
            let header = if family == 4 { [11, 0, 0, 0, 0, 0, 0, 0] } else { [3, 0, 0, 0, 0, 0, 0, 0] };
            let quoted = if family == 4 { 28 } else { 48 };
            [&header, &probe[..quoted]].concat()
        };
        let Some(_responder) = Responder::start(lab.node(2), least) else { return };
        in_every_way(|mode, family, protocol| {
            let found = trace(&lab, mode, job_with(lab.target(family), protocol, Settings::default()));
            assert_eq!((found.outcome, found.hops.len()), (Some(Outcome::Reached), 4), "{mode} {protocol} {found:#?}");
            for (ttl, hop) in (1..).zip(&found.hops) {
                assert_eq!(hop.answerers(), vec![lab.hop(ttl, family)], "{mode} {protocol} {found:#?}");
                assert_eq!(all_answers(hop).len(), 3, "{mode} {protocol} {found:#?}");
                let left_flow = hop.probes.iter().any(|probe| probe.off_flow);
                let may_leave = mode == Mode::Unprivileged && protocol == Protocol::Udp;
                assert!(!left_flow || may_leave, "{mode} {protocol} IPv{family} {found:#?}");
                assert!(ttl != 2 || left_flow == may_leave, "{mode} {protocol} IPv{family} {found:#?}");
            }
        });
    }
}
