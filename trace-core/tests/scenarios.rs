//! The engine against whole networks in virtual time: what is found, and what finding it costs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use trace_core::carrier::Directory;
use trace_core::engine::{Engine, Event, Found, Request, Step, TargetIndex};
use trace_core::link::{Destination, Link, SendFailure};
use trace_core::model::{
    Family, Finding, Mode, Outcome, Protocol, Protocols, ReplyKind, Settings, Target, Trace, Uuid,
};
use trace_core::sim::{self, Balance, Journal, Network, Path, RateLimit, SimulatedLink};
use trace_core::tracer::{Job, Tracer};

#[path = "scenarios/files.rs"]
mod files;
#[path = "scenarios/quiet.rs"]
mod quiet;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn job(family: Family, protocol: Protocol) -> Job {
    let target = Target { name: None, address: sim::target(family, 1) };
    Job::new(Uuid::from_u128(1), target, Protocols::One(protocol), 0)
}

/// Every combination that both families, two protocols and two modes make.
fn everywhere() -> impl Iterator<Item = (Family, Protocol, Mode)> {
    Family::ALL.iter().flat_map(|&family| {
        [Protocol::Icmp, Protocol::Udp]
            .into_iter()
            .flat_map(move |protocol| Mode::ALL.iter().map(move |&mode| (family, protocol, mode)))
    })
}

fn trace(network: Network, mode: Mode, job: Job) -> (Trace, Journal) {
    let link = SimulatedLink::new(network, 7, mode);
    let journal = link.journal();
    (Tracer::new(link).run(job).unwrap(), journal)
}

fn answered(trace: &Trace) -> Vec<u32> {
    trace.hops.iter().map(|hop| hop.statistics().answered).collect()
}

fn routers(family: Family, trace: &Trace) -> Vec<Option<IpAddr>> {
    let mut found: Vec<_> = trace.hops.iter().map(|hop| hop.answerers().first().copied()).collect();
    if trace.reached() {
        assert_eq!(found.pop(), Some(Some(sim::target(family, 1))));
    }
    found
}

#[test]
fn a_chain_is_found_whole_in_every_family_protocol_and_mode() {
    for (family, protocol, mode) in everywhere() {
        let mut network = Network::chain(family, 10, ms(5));
        let expected: Vec<_> = (1..=10).map(|number| Some(network.router(number).address(family))).collect();
        let (trace, _) = trace(network, mode, job(family, protocol));
        let what = format!("{family} {protocol} {mode}");
        assert_eq!(trace.outcome, Some(Outcome::Reached), "{what}");
        assert_eq!(routers(family, &trace), expected, "{what}");
        assert_eq!(answered(&trace), [3; 11], "{what}");
        for hop in &trace.hops {
            let least = ms(10) * u32::from(hop.ttl.get());
            let rtt = hop.statistics().min.unwrap();
            assert!(rtt >= least && rtt < least + ms(1), "{what}: TTL {} took {rtt:?}", hop.ttl);
        }
    }
}

#[test]
fn the_limits_of_linux_routers_cost_no_answer() {
    for (family, protocol, mode) in everywhere() {
        for expected in [None, Some(11)] {
            let mut network = Network::chain(family, 10, ms(5));
            for number in 1..=10 {
                network.router(number).rate_limited();
            }
            network.target(sim::target(family, 1)).rate_limited();
            let job = Job {
                expected_length: expected.and_then(trace_core::model::Ttl::new),
                ..job(family, protocol)
            };
            let (trace, journal) = trace(network, mode, job);
            assert_eq!(answered(&trace), [3; 11], "{family} {protocol} {mode} {expected:?}");
            assert!((1..=10).all(|number| journal.router(number).limited == 0));
        }
    }
}

#[test]
fn budgets_hold_for_known_and_unknown_lengths() {
    for (family, protocol, mode) in everywhere() {
        let what = format!("{family} {protocol} {mode}");
        let (unknown, journal) = trace(Network::chain(family, 10, ms(5)), mode, job(family, protocol));
        assert!(unknown.duration.unwrap() <= ms(110).mul_f64(1.25), "{what}: {:?}", unknown.duration);
        assert!(journal.sent() <= 75, "{what}: {}", journal.sent());
        let job = Job { expected_length: trace_core::model::Ttl::new(11), ..job(family, protocol) };
        let (known, journal) = trace(Network::chain(family, 10, ms(5)), mode, job);
        assert!(known.duration.unwrap() <= ms(110).mul_f64(1.08), "{what}: {:?}", known.duration);
        assert_eq!(journal.sent(), 33, "{what}");
    }
}

#[test]
fn silent_and_late_routers() {
    for (family, protocol, mode) in everywhere() {
        let what = format!("{family} {protocol} {mode}");
        let mut network = Network::chain(family, 10, ms(5));
        network.router(3).slow(ms(200));
        network.router(5).silent();
        let (trace, _) = trace(network, mode, job(family, protocol));
        assert_eq!(answered(&trace), [3, 3, 3, 3, 0, 3, 3, 3, 3, 3, 3], "{what}");
        assert!(trace.duration.unwrap() <= ms(120 + 350 + 200), "{what}: {:?}", trace.duration);
        assert_eq!(trace.findings()[4], [Finding::Silent], "{what}");
    }
}

#[test]
fn a_router_that_limits_harder_than_linux_is_told_from_loss() {
    let mut network = Network::chain(Family::V4, 5, ms(5));
    network.router(2).rate_limit(RateLimit { burst: 1, every: ms(10_000) });
    let (trace, _) = trace(network, Mode::Raw, job(Family::V4, Protocol::Icmp));
    assert_eq!(answered(&trace), [3, 1, 3, 3, 3, 3]);
    assert_eq!(trace.findings()[1], [Finding::RateLimited]);
}

#[test]
fn refusals_end_the_path_in_every_family_protocol_and_mode() {
    let kinds = [ReplyKind::HostUnreachable, ReplyKind::NetUnreachable, ReplyKind::AdminProhibited];
    for (family, protocol, mode) in everywhere() {
        for kind in kinds {
            let mut network = Network::chain(family, 10, ms(5));
            network.router(4).refuses(kind);
            let (trace, _) = trace(network, mode, job(family, protocol));
            let what = format!("{family} {protocol} {mode} {kind}");
            assert_eq!(trace.outcome, Some(Outcome::Unreachable), "{what}");
            assert!(trace.outcome_detail.as_ref().unwrap().starts_with(kind.as_str()), "{what}");
            assert!((4..=5).contains(&trace.hops.len()), "{what}: {} hops", trace.hops.len());
        }
    }
}

#[test]
fn a_port_unreachable_from_a_router_is_no_arrival() {
    let mut network = Network::chain(Family::V4, 10, ms(5));
    network.router(4).refuses(ReplyKind::PortUnreachable);
    let (trace, _) = trace(network, Mode::Raw, job(Family::V4, Protocol::Udp));
    assert_eq!(trace.outcome, Some(Outcome::Unreachable));
}

#[test]
fn a_circle_is_a_loop() {
    for (family, protocol, mode) in everywhere() {
        let mut network = Network::chain(family, 10, ms(5));
        network.target(sim::target(family, 1)).path(Path::through([1, 2]).round([3, 4]));
        let (trace, _) = trace(network, mode, job(family, protocol));
        let what = format!("{family} {protocol} {mode}");
        assert_eq!(trace.outcome, Some(Outcome::Loop), "{what}");
        assert!(trace.duration.unwrap() < ms(2000), "{what}: {:?}", trace.duration);
    }
}

#[test]
fn a_silent_target_ends_within_twice_the_wait() {
    for (family, protocol, mode) in everywhere() {
        let mut network = Network::chain(family, 10, ms(5));
        network.target(sim::target(family, 1)).silent();
        let (trace, _) = trace(network, mode, job(family, protocol));
        let what = format!("{family} {protocol} {mode}");
        assert_eq!(trace.outcome, Some(Outcome::Exhausted), "{what}");
        assert_eq!(trace.hops.len(), 18, "{what}");
        assert!(trace.duration.unwrap() <= ms(4000), "{what}: {:?}", trace.duration);
    }
}

#[test]
fn a_path_that_changes_while_traced_is_reached() {
    for (before, after) in [(6, 9), (9, 6)] {
        for milliseconds in [5, 20, 40, 60] {
            let mut network = Network::chain(Family::V4, 12, ms(5));
            let moment = trace_core::engine::Moment::ZERO + ms(milliseconds);
            network
                .target(sim::target(Family::V4, 1))
                .path(Path::through(1..=before))
                .path_from(moment, Path::through(1..=after));
            let (trace, _) = trace(network, Mode::Raw, job(Family::V4, Protocol::Icmp));
            let what = format!("{before} to {after} after {milliseconds} ms");
            assert_eq!(trace.outcome, Some(Outcome::Reached), "{what}");
            assert!((7..=10).contains(&trace.hops.len()), "{what}: {} hops", trace.hops.len());
        }
    }
}

#[test]
fn one_flow_sees_one_branch_and_sixteen_see_all_four() {
    for (family, protocol, mode) in everywhere() {
        let diamond = || {
            let mut network = Network::chain(family, 6, ms(1));
            let path =
                Path::through([1]).balanced(Balance::PerFlow, (2..=5).map(|number| vec![number])).then([6]);
            network.target(sim::target(family, 1)).path(path);
            network
        };
        let what = format!("{family} {protocol} {mode}");
        let (one, _) = trace(diamond(), mode, job(family, protocol));
        assert_eq!(one.hops[1].answerers().len(), 1, "{what}");
        let settings = Settings { flows: 16, ..Settings::default() };
        let (sixteen, _) = trace(diamond(), mode, Job { settings, ..job(family, protocol) });
        assert_eq!(sixteen.hops[1].answerers().len(), 4, "{what}");
        // Every flow keeps to its branch.
        let mut branches: BTreeMap<u16, IpAddr> = BTreeMap::new();
        for probe in &sixteen.hops[1].probes {
            let from = probe.reply().unwrap().from;
            assert_eq!(*branches.entry(probe.flow.0).or_insert(from), from, "{what} flow {}", probe.flow);
        }
        assert_eq!(branches.len(), 16, "{what}");
    }
}

#[test]
fn balancing_by_packet_shows_several_answerers() {
    let mut network = Network::chain(Family::V4, 6, ms(1));
    let path = Path::through([1]).balanced(Balance::PerPacket, (2..=5).map(|number| vec![number])).then([6]);
    network.target(sim::target(Family::V4, 1)).path(path);
    let settings = Settings { queries: 12, ..Settings::default() };
    let (trace, _) = trace(network, Mode::Raw, Job { settings, ..job(Family::V4, Protocol::Icmp) });
    assert!(trace.hops[1].answerers().len() > 1);
    assert_eq!(trace.findings()[1], [Finding::SeveralAnswerers, Finding::PerPacketBalancing]);
}

#[test]
fn routers_that_quote_too_little_are_asked_off_the_flow() {
    let mut network = Network::chain(Family::V4, 6, ms(5));
    let expected: Vec<_> = (1..=6).map(|number| Some(network.router(number).address(Family::V4))).collect();
    for number in 1..=6 {
        network.router(number).quotes(8);
    }
    network.target(sim::target(Family::V4, 1)).quotes(8);
    let (trace, _) = trace(network, Mode::Unprivileged, job(Family::V4, Protocol::Udp));
    assert_eq!(trace.outcome, Some(Outcome::Reached));
    assert_eq!(routers(Family::V4, &trace), expected);
    assert!(trace.hops.iter().flat_map(|hop| &hop.probes).all(|probe| probe.off_flow));
}

#[test]
fn a_full_buffer_loses_nothing() {
    let mut network = Network::chain(Family::V6, 10, ms(5));
    network.busy_every(3);
    let (trace, _) = trace(network, Mode::Raw, job(Family::V6, Protocol::Udp));
    assert_eq!(answered(&trace), [3; 11]);
}

/// Drives one engine by hand: the loop that a program with a link of its own would write.
fn drive(mut link: SimulatedLink, requests: &[(Request, Destination)]) -> Vec<Found> {
    let (mut engine, mut directory) = (Engine::new(), Directory::new());
    for (request, destination) in requests {
        let target = engine.add(request, link.now());
        let attached = link.attach(target, destination).unwrap();
        directory.register(target, destination, &attached);
    }
    let mut found: BTreeMap<TargetIndex, Found> = BTreeMap::new();
    while found.len() < requests.len() {
        match engine.poll(link.now()) {
            Step::Send(probe) => match link.send(&probe) {
                Ok(at) => engine.sent(&probe, at),
                Err(SendFailure::Busy) => engine.postponed(&probe, link.now()),
                Err(SendFailure::Refused(error)) => panic!("{error}"),
            },
            Step::Wait(until) => link
                .receive(until, &mut |incoming| {
                    if let Some(heard) = directory.recognise(&incoming) {
                        let at = heard.at;
                        engine.hear(heard, at);
                    }
                })
                .unwrap(),
            Step::Done => {}
        }
        while let Some(event) = engine.take_event() {
            if let Event::Finished { target, found: of_target } = event {
                found.insert(target, *of_target);
            }
        }
    }
    found.into_values().collect()
}

#[test]
fn a_hundred_targets_all_protocols_and_four_flows_go_through_one_engine() {
    // Targets 1 to 100 at 4 to 13 hops, each behind a last router of its own; the first three are shared.
    let mut network = Network::new();
    let mut requests = Vec::new();
    for number in 1..=100_u16 {
        let family = if number % 2 == 0 { Family::V4 } else { Family::V6 };
        let routers = 3 + number % 10;
        let own = (0..routers - 3).map(|hop| 100 * number + hop);
        let address = sim::target(family, number);
        network.target(address).path(Path::through(1..=3).then(own));
        let protocols = Protocols::All;
        let settings = Settings { flows: 4, queries: 1, ..Settings::default() };
        let destination = Destination::of(address, protocols, &settings);
        requests.push((Request::new(address, protocols, settings), destination));
    }
    let found = drive(SimulatedLink::new(network, 11, Mode::Raw), &requests);
    assert_eq!(found.len(), 100);
    for (index, found) in found.iter().enumerate() {
        let number = index + 1;
        let address = requests[index].0.address;
        assert_eq!(found.outcome, Outcome::Reached, "target {number}");
        assert_eq!(found.hops.len(), 4 + number % 10, "target {number}");
        for hop in &found.hops {
            assert_eq!(hop.statistics().answered, 12, "target {number} TTL {}", hop.ttl);
            for &protocol in Protocol::ALL {
                let of_protocol = hop.probes.iter().filter(|probe| probe.protocol == Some(protocol));
                let mut flows: Vec<_> = of_protocol.map(|probe| probe.flow.0).collect();
                flows.sort_unstable();
                assert_eq!(flows, [0, 1, 2, 3], "target {number} TTL {} {protocol}", hop.ttl);
            }
            let replies = hop.probes.iter().filter_map(|probe| probe.reply());
            assert!(replies.clone().all(|reply| reply.reply_ttl.is_some()), "target {number}");
            let is_last = usize::from(hop.ttl.get()) == found.hops.len();
            assert!(replies.clone().all(|reply| (reply.from == address) == is_last), "target {number}");
        }
    }
}

#[test]
fn what_is_taken_over_between_answers_opens_what_is_behind_it() {
    // Of the first traces each probes some shared routers and takes over others; none has a reason to wait.
    let mut network = Network::chain(Family::V4, 10, Duration::from_micros(20));
    for number in 1..=1000 {
        network.target(sim::target(Family::V4, number)).path(Path::through(1..=10));
    }
    let link = SimulatedLink::new(network, 3, Mode::Raw);
    let mut tracer = Tracer::new(link).with_rate(10_000);
    for number in 1..=1000 {
        let target = Target { name: None, address: sim::target(Family::V4, number) };
        let mut job = Job::new(Uuid::from_u128(number.into()), target, Protocols::One(Protocol::Icmp), 0);
        job.settings.queries = 1;
        tracer.add(job).unwrap();
    }
    let mut taken = 0;
    while let Some(event) = tracer.next_event(&|| false).unwrap() {
        if let trace_core::tracer::Event::Finished { trace, .. } = event {
            let replies = trace.hops.iter().flat_map(|hop| &hop.probes).filter_map(|probe| probe.reply());
            taken += replies.filter(|reply| reply.inherited_from.is_some()).count();
            assert_eq!(trace.hops.len(), 11);
            assert!(trace.duration.unwrap() < ms(350), "{:?}", trace.duration);
        }
    }
    assert!(taken > 8_000, "{taken}");
}

#[test]
fn ten_traces_to_one_target_in_one_tracer_never_mix() {
    for (family, protocol, mode) in everywhere() {
        let mut tracer = Tracer::new(SimulatedLink::new(Network::chain(family, 6, ms(5)), 3, mode));
        for _ in 0..10 {
            tracer.add(Job { share: false, ..job(family, protocol) }).unwrap();
        }
        let mut finished = 0;
        while let Some(event) = tracer.next_event(&|| false).unwrap() {
            if let trace_core::tracer::Event::Finished { trace, .. } = event {
                finished += 1;
                assert_eq!(answered(&trace), [3; 7], "{family} {protocol} {mode}");
            }
        }
        assert_eq!(finished, 10);
    }
}

#[test]
fn a_cancelled_trace_is_handed_out_as_interrupted() {
    let mut tracer = Tracer::new(SimulatedLink::new(Network::chain(Family::V4, 10, ms(50)), 3, Mode::Raw));
    tracer.add(job(Family::V4, Protocol::Icmp)).unwrap();
    let mut answers = 0;
    let interrupted = loop {
        match tracer.next_event(&|| false).unwrap().unwrap() {
            trace_core::tracer::Event::Answered { .. } => answers += 1,
            other => panic!("{other:?} before it was cancelled"),
        }
        if answers == 5 {
            break loop {
                if let Some(trace_core::tracer::Event::Finished { trace, .. }) =
                    tracer.next_event(&|| true).unwrap()
                {
                    break trace;
                }
            };
        }
    };
    assert_eq!(interrupted.outcome, Some(Outcome::Interrupted));
    // The third router is 100 ms further than the second, from which the fifth answer came.
    let answered = answered(&interrupted);
    assert_eq!(answered[..2], [3, 3]);
    assert!(answered[2..].iter().all(|&answers| answers == 0) && answered.len() > 2, "{answered:?}");
    assert_eq!(tracer.next_event(&|| true).unwrap(), None);
}
