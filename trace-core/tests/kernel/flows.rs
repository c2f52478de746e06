//! Flows through routers that balance: four ways side by side.
//!
//! | who balances by | ICMP | UDP | TCP |
//! |---|---|---|---|
//! | ports | one way for all flows: it has none | kept | kept by raw sockets; a port for each probe without |
//! | the first four bytes | kept | kept | kept by raw sockets |
//! | the flow label (IPv6) | kept | kept | kept |

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use trace_core::model::{Mode, Outcome, Protocol, Protocols, Settings, Trace};
use trace_core::tracer::Job;

use crate::lab::{Balance, Diamond, lab_test};
use crate::tracing::{hop, job_with, trace_from};

const MODES: [Mode; 2] = [Mode::Raw, Mode::Unprivileged];
const FLOWS: u16 = 16;

/// What one trace of sixteen flows shows of the four ways, protocol by protocol and flow by flow.
type Ways = BTreeMap<(Protocol, u16), BTreeSet<IpAddr>>;

fn ways(trace: &Trace) -> Ways {
    let mut ways = Ways::new();
    for probe in &hop(trace, 2).probes {
        let protocol = probe.protocol.expect("a protocol");
        let way = ways.entry((protocol, probe.flow.0)).or_default();
        // What left its flow to be told from others shows nothing of the flow.
        if let (Some(reply), false) = (probe.reply(), probe.off_flow) {
            way.insert(reply.from);
        }
    }
    ways
}

fn job(diamond: &Diamond, family: u8, protocols: Protocols) -> Job {
    let settings = Settings { flows: FLOWS, ..Settings::default() };
    Job { protocols, ..job_with(diamond.target(family), Protocol::Udp, settings) }
}

/// Whether probes of one flow go one way: the promise, or what was given up with a note.
fn keeps_flow(balance: Balance, mode: Mode, protocol: Protocol) -> bool {
    balance == Balance::FlowLabel || protocol != Protocol::Tcp || mode == Mode::Raw
}

/// Traces with sixteen flows. One flow always goes one way; all of them together go all four, which sixteen flows do
/// not by chance in one case of twenty-five, so that others may be tried.
fn all_four_ways(diamond: &Diamond, balance: Balance, mode: Mode, family: u8, protocols: Protocols) {
    let expected: BTreeSet<IpAddr> = diamond.ways(family).into_iter().collect();
    let mut missing: BTreeMap<Protocol, BTreeSet<IpAddr>> =
        protocols.list().iter().map(|protocol| (*protocol, expected.clone())).collect();
    for _ in 0..5 {
        let trace = trace_from(diamond.vantage(), mode, job(diamond, family, protocols));
        assert_eq!(trace.outcome, Some(Outcome::Reached), "{trace:#?}");
        for (protocol, missing) in &mut missing {
            let mut found = BTreeSet::new();
            for ((_, flow), way) in ways(&trace).iter().filter(|((of, _), _)| of == protocol) {
                assert!(way.is_subset(&expected), "{way:?}");
                if keeps_flow(balance, mode, *protocol) {
                    assert_eq!(way.len(), 1, "{mode} {protocol} IPv{family}, flow {flow}: {way:?}");
                }
                found.extend(way);
            }
            if found == expected {
                missing.clear();
            } else {
                missing.retain(|address| !found.contains(address));
            }
        }
        if missing.values().all(BTreeSet::is_empty) {
            return;
        }
    }
    panic!("{mode} {protocols:?} IPv{family}: never found {missing:?}");
}

fn diamond(balance: Balance, protocols: &[Protocol], families: &[u8]) {
    let Some(diamond) = Diamond::build(balance) else { return };
    for mode in MODES {
        for family in families {
            for protocol in protocols {
                all_four_ways(&diamond, balance, mode, *family, Protocols::One(*protocol));
            }
        }
    }
}

lab_test! {
    fn flows_are_kept_apart_by_their_ports() {
        diamond(Balance::Ports, &[Protocol::Udp, Protocol::Tcp], &[4, 6]);
    }

    fn flows_are_kept_apart_by_their_first_four_bytes() {
        diamond(Balance::FirstFourBytes, Protocol::ALL, &[4, 6]);
    }

    fn flows_are_kept_apart_by_their_labels() {
        diamond(Balance::FlowLabel, Protocol::ALL, &[6]);
    }

    fn all_protocols_at_once_keep_their_flows() {
        let Some(diamond) = Diamond::build(Balance::FirstFourBytes) else { return };
        for mode in MODES {
            for family in [4, 6] {
                all_four_ways(&diamond, Balance::FirstFourBytes, mode, family, Protocols::All);
            }
        }
    }

    /// Where each packet goes its own way no flow is kept, and everything is still answered.
    fn balancing_by_chance_shows_in_one_flow() {
        let Some(diamond) = Diamond::build(Balance::Chance) else { return };
        for mode in MODES {
            for family in [4, 6] {
                for protocol in Protocol::ALL {
                    let settings = Settings { queries: 20, ..Settings::default() };
                    let job = job_with(diamond.target(family), *protocol, settings);
                    let trace = trace_from(diamond.vantage(), mode, job);
                    assert_eq!(trace.outcome, Some(Outcome::Reached), "{trace:#?}");
                    let found = hop(&trace, 2).answerers();
                    // All twenty go one way by chance once in 4^19 traces.
                    assert!(found.len() > 1, "{mode} {protocol} IPv{family}: {found:?}");
                    assert!(trace.hops.iter().flat_map(|hop| &hop.probes).all(|probe| probe.reply().is_some()), "{trace:#?}");
                }
            }
        }
    }
}
