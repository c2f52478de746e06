//! Chains of 1, 5 and 12 routers, IPv4 and IPv6, raw and unprivileged, ICMP and UDP.

use trace_core::model::{Mode, Outcome, Protocol, Protocols, ReplyKind, Settings, Ttl};
use trace_core::tracer::Job;

use crate::lab::{Chain, lab_test};
use crate::tracing::{check_chain, job, job_with, last_word, trace};

fn chain_of(routers: u8, mode: Mode) {
    let lab = Chain::of(routers).without_limits().build();
    for family in [4, 6] {
        for protocol in [Protocol::Icmp, Protocol::Udp] {
            let trace = trace(&lab, mode, job(lab.target(family), protocol));
            check_chain(&lab, &trace, routers, family, protocol, 3);
        }
    }
}

lab_test! {
    fn one_router_raw() {
        chain_of(1, Mode::Raw);
    }

    fn one_router_unprivileged() {
        chain_of(1, Mode::Unprivileged);
    }

    fn five_routers_raw() {
        chain_of(5, Mode::Raw);
    }

    fn five_routers_unprivileged() {
        chain_of(5, Mode::Unprivileged);
    }

    fn twelve_routers_raw() {
        chain_of(12, Mode::Raw);
    }

    fn twelve_routers_unprivileged() {
        chain_of(12, Mode::Unprivileged);
    }

    /// A router gives one source six errors at once; nobody may need more, not even the target.
    fn the_limits_of_real_routers_cost_no_answer() {
        for mode in [Mode::Raw, Mode::Unprivileged] {
            for family in [4, 6] {
                for protocol in [Protocol::Icmp, Protocol::Udp] {
                    // A chain of its own for each, as what was spent comes back slowly.
                    let lab = Chain::of(12).build();
                    let trace = trace(&lab, mode, job(lab.target(family), protocol));
                    check_chain(&lab, &trace, 12, family, protocol, 3);
                }
            }
        }
    }

    fn a_known_length_changes_nothing_that_is_found() {
        let lab = Chain::of(5).without_limits().build();
        for expected in [1, 3, 6, 7, 20] {
            let mut job = job(lab.target(4), Protocol::Udp);
            job.expected_length = Ttl::new(expected);
            let trace = trace(&lab, Mode::Raw, job);
            check_chain(&lab, &trace, 5, 4, Protocol::Udp, 3);
        }
    }

    fn one_query_and_ten() {
        let lab = Chain::of(5).without_limits().build();
        for mode in [Mode::Raw, Mode::Unprivileged] {
            for queries in [1, 10] {
                for family in [4, 6] {
                    let settings = Settings { queries, ..Settings::default() };
                    let trace = trace(&lab, mode, job_with(lab.target(family), Protocol::Udp, settings));
                    check_chain(&lab, &trace, 5, family, Protocol::Udp, queries.into());
                }
            }
        }
    }

    fn the_last_ttl_ends_a_trace_before_its_target() {
        let lab = Chain::of(5).without_limits().build();
        for mode in [Mode::Raw, Mode::Unprivileged] {
            let max_ttl = Ttl::new(4).expect("a TTL");
            let settings = Settings { max_ttl, ..Settings::default() };
            let trace = trace(&lab, mode, job_with(lab.target(6), Protocol::Icmp, settings));
            assert_eq!(trace.outcome, Some(Outcome::Exhausted), "{trace:#?}");
            assert_eq!(trace.hops.len(), 4);
            for ttl in 1..=4 {
                crate::tracing::check_hop(&lab, &trace, ttl, 6, ReplyKind::TimeExceeded, 3);
            }
        }
    }

    /// The kernel's loopback answers for itself, at TTL 1.
    fn this_very_machine() {
        let lab = Chain::of(1).without_limits().build();
        for mode in [Mode::Raw, Mode::Unprivileged] {
            for protocol in [Protocol::Icmp, Protocol::Udp] {
                for address in ["127.0.0.1", "::1"] {
                    let trace = trace(&lab, mode, job(address.parse().expect("an address"), protocol));
                    assert_eq!(trace.outcome, Some(Outcome::Reached), "{trace:#?}");
                    assert_eq!(trace.hops.len(), 1, "{trace:#?}");
                    for reply in crate::tracing::all_answers(&trace.hops[0]) {
                        assert_eq!(reply.from.to_string(), address);
                        assert_eq!(reply.kind, Some(last_word(protocol)));
                    }
                }
            }
        }
    }

    /// Three protocols side by side in one table: what answers each of them, hop by hop.
    fn all_protocols_at_once() {
        let lab = Chain::of(5).without_limits().build();
        for mode in [Mode::Raw, Mode::Unprivileged] {
            for family in [4, 6] {
                let job = Job { protocols: Protocols::All, ..job(lab.target(family), Protocol::Udp) };
                let trace = trace(&lab, mode, job);
                assert_eq!((trace.outcome, trace.protocol), (Some(Outcome::Reached), Some(Protocols::All)));
                assert_eq!(trace.hops.len(), 6, "{trace:#?}");
                for (ttl, hop) in (1..).zip(&trace.hops) {
                    for protocol in Protocol::ALL {
                        let of_protocol = hop.probes.iter().filter(|probe| probe.protocol == Some(*protocol));
                        let answers: Vec<_> = of_protocol.filter_map(|probe| probe.reply()).collect();
                        let kind = if ttl == 6 { last_word(*protocol) } else { ReplyKind::TimeExceeded };
                        assert_eq!(answers.len(), 3, "{mode} {protocol} IPv{family} {trace:#?}");
                        for reply in answers {
                            assert_eq!((reply.from, reply.kind), (lab.hop(ttl, family), Some(kind)), "{trace:#?}");
                        }
                    }
                    assert_eq!(hop.probes.len(), 9, "{trace:#?}");
                }
            }
        }
    }
}
