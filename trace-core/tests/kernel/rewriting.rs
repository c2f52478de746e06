//! Routers that rewrite what passes them: addresses, ports, type of service. Only a raw link sees it, in what the
//! routers behind quote.

use trace_core::model::{Mode, Outcome, Protocol, Quoted, Settings, Trace};

use crate::lab::{Chain, Lab, lab_test, nft};
use crate::tracing::{all_answers, hop, job, job_with, trace};

/// Rewrites all packets to the target that pass the first router, without keeping any state.
fn rewriting(rules: &str) -> Option<Lab> {
    let lab = Chain::of(3).without_limits().build();
    let table =
        format!("table inet lab {{ chain way {{ type filter hook postrouting priority 300; {rules} }}; }}");
    nft(lab.node(1), &table).then_some(lab)
}

/// What the routers behind the first one quote.
fn quoted(trace: &Trace) -> Vec<Quoted> {
    let behind = [2, 3].into_iter().flat_map(|ttl| all_answers(hop(trace, ttl)));
    behind.map(|reply| reply.quoted.expect("a raw link sees what was quoted")).collect()
}

lab_test! {
    /// The vantage point has the new source address too, so that the answers come back.
    fn a_rewritten_source_is_seen_behind_the_translator() {
        let rules = "oifname right ip saddr 10.7.0.1 ip saddr set 10.7.0.77; \
                     oifname right ip6 saddr fd07::1 ip6 saddr set fd07::77;";
        let Some(lab) = rewriting(rules) else { return };
        lab.vantage().ip("addr add 10.7.0.77/24 dev right\n");
        lab.vantage().ip6("addr add fd07::77/64 dev right nodad preferred_lft 0\n");
        for family in [4, 6] {
            for protocol in Protocol::ALL {
                let found = trace(&lab, Mode::Raw, job(lab.target(family), *protocol));
                assert_eq!((found.outcome, found.hops.len()), (Some(Outcome::Reached), 4), "{protocol} {found:#?}");
                for reply in all_answers(hop(&found, 1)) {
                    assert!(reply.quoted.is_some_and(|quoted| !quoted.nat), "{protocol} {found:#?}");
                }
                assert!(quoted(&found).iter().all(|quoted| quoted.nat), "{protocol} {found:#?}");
                if *protocol == Protocol::Udp {
                    // An error queue hands over no header; but nothing is lost.
                    let found = trace(&lab, Mode::Unprivileged, job(lab.target(family), *protocol));
                    assert_eq!((found.outcome, found.hops.len()), (Some(Outcome::Reached), 4), "{found:#?}");
                    assert!(found.hops.iter().flat_map(all_answers).all(|reply| reply.quoted.is_none()));
                }
            }
        }
    }

    fn a_rewritten_type_of_service_is_seen_behind_the_router_that_did_it() {
        // DSCP 46 becomes 0; the ECN bits become "congestion experienced".
        let rules = "oifname right ip dscp set cs0; oifname right ip6 dscp set cs0; \
                     oifname right ip ecn set ce; oifname right ip6 ecn set ce;";
        let Some(lab) = rewriting(rules) else { return };
        for family in [4, 6] {
            for protocol in Protocol::ALL {
                let settings = Settings { tos: 0xba, ..Settings::default() };
                let found = trace(&lab, Mode::Raw, job_with(lab.target(family), *protocol, settings));
                assert_eq!(found.outcome, Some(Outcome::Reached), "{protocol} {found:#?}");
                let first = all_answers(hop(&found, 1));
                // What expires at the first router leaves it no more.
                let seen: Vec<u8> = first.iter().filter_map(|reply| Some(reply.quoted?.tos)).collect();
                assert_eq!(seen, [0xba; 3], "{protocol} IPv{family}");
                assert!(quoted(&found).iter().all(|quoted| quoted.tos == 3 && !quoted.nat), "{protocol} {found:#?}");
            }
        }
    }
}
