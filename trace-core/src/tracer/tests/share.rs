//! What traces to several targets take over from each other.

use super::*;
use crate::sim::Journal;

/// So many targets behind the same ten routers, each of which answers as Linux does by default.
fn behind_ten_routers(targets: u16) -> (Network, u16) {
    let mut network = Network::chain(Family::V4, 10, ms(5));
    for number in 1..=10 {
        network.router(number).rate_limited();
    }
    for number in 1..=targets {
        network.target(address(number)).path(Path::through(1..=10)).rate_limited();
    }
    (network, targets)
}

fn run((network, targets): (Network, u16), change: impl Fn(Job) -> Job) -> (Vec<Trace>, Journal, Duration) {
    let mut tracer = tracer(network);
    let journal = tracer.link.journal();
    for number in 1..=targets {
        tracer.add(change(job(number, Protocol::Udp))).unwrap();
    }
    let traces = finish(&mut tracer).into_iter().map(|(trace, _)| trace).collect();
    (traces, journal, tracer.link.now().since(Moment::ZERO))
}

fn check_whole(traces: &[Trace]) {
    for (trace, number) in traces.iter().zip(1..) {
        assert!(trace.reached(), "target {number}");
        assert_eq!(trace.hops.len(), 11, "target {number}");
        for hop in &trace.hops {
            let statistics = hop.statistics();
            assert_eq!(hop.answerers().len(), 1, "target {number} TTL {}", hop.ttl);
            assert_eq!(statistics.sent, statistics.answered, "target {number} TTL {}", hop.ttl);
            for reply in hop.probes.iter().filter_map(|probe| probe.reply()) {
                let Some(trace) = reply.inherited_from else { continue };
                assert_eq!(reply.rtt, None);
                assert_ne!(trace, Uuid::from_u128(number));
            }
        }
    }
}

#[test]
fn six_targets_behind_limited_routers_lose_nothing_and_little_time() {
    let (_, _, alone) = run(behind_ten_routers(1), |job| job);
    let (traces, journal, together) = run(behind_ten_routers(6), |job| job);
    check_whole(&traces);
    assert!((1..=10).all(|number| journal.router(number).limited == 0));
    assert!(together <= alone.mul_f64(1.5), "{together:?} against {alone:?} alone");
}

#[test]
fn two_targets_have_all_their_probes() {
    let (traces, ..) = run(behind_ten_routers(2), |job| job);
    check_whole(&traces);
    for hop in traces.iter().flat_map(|trace| &trace.hops) {
        assert_eq!(hop.statistics().answered, 3);
    }
}

#[test]
fn a_hundred_targets_take_over_what_six_have_found() {
    let (_, _, alone) = run(behind_ten_routers(1), |job| job);
    let (traces, journal, together) = run(behind_ten_routers(100), |job| job);
    check_whole(&traces);
    // Those that go ahead, and then the others.
    assert!(together <= alone * 8, "{together:?} against {alone:?} alone");
    let last = traces.last().unwrap();
    assert!(last.hops[..10].iter().all(|hop| hop.statistics().sent == 0));
    assert_eq!(last.hops[10].statistics().answered, 3);
    // The silence of routers that have answered enough already is no loss.
    let limited: u64 = (1..10).map(|number| journal.router(number).limited).sum();
    assert_eq!(limited, 0);
}

#[test]
fn whoever_does_not_share_probes_everything() {
    let mut network = Network::chain(Family::V4, 10, ms(5));
    for number in 1..=20 {
        network.target(address(number)).path(Path::through(1..=10));
    }
    let (traces, ..) = run((network, 20), |job| Job { share: false, ..job });
    for hop in traces.iter().flat_map(|trace| &trace.hops) {
        assert_eq!(hop.statistics().answered, 3);
    }
}

#[test]
fn without_the_rule_limited_routers_look_like_loss() {
    let (network, targets) = behind_ten_routers(6);
    let mut tracer = tracer(network).without(engine::Rule::Share);
    for number in 1..=targets {
        tracer.add(job(number, Protocol::Udp)).unwrap();
    }
    let traces = finish(&mut tracer);
    let hops = traces.iter().flat_map(|(trace, _)| &trace.hops);
    let lost: u32 = hops.map(|hop| hop.statistics().sent - hop.statistics().answered).sum();
    assert!(lost > 60, "{lost}");
}

#[test]
fn targets_on_other_branches_find_their_own_routers() {
    // Three common routers, then a branch for each ten targets, then one router for each.
    let mut network = Network::chain(Family::V4, 3, ms(2));
    for number in 1..=40_u16 {
        let branch = 100 + number / 10;
        network.target(address(number)).path(Path::through(1..=3).then([branch, 1000 + number]));
    }
    let expected: Vec<Vec<IpAddr>> = (1..=40_u16)
        .map(|number| {
            let routers = [1, 2, 3, 100 + number / 10, 1000 + number];
            let routers = routers.map(|router| network.router(router).address(Family::V4));
            routers.into_iter().chain([address(number)]).collect()
        })
        .collect();
    let (traces, ..) = run((network, 40), |job| job);
    for (trace, expected) in traces.iter().zip(&expected) {
        let found: Vec<IpAddr> = trace.hops.iter().flat_map(crate::model::Hop::answerers).collect();
        assert_eq!(&found, expected);
    }
}

#[test]
fn a_rate_over_a_thousand_targets_is_kept_to_a_percent() {
    for rate in [1_000, 10_000, 30_000_u32] {
        let mut network = Network::new();
        for number in 1..=1000 {
            network.target(address(number)).path(Path::through(1..=8));
        }
        let mut tracer = Tracer::new(SimulatedLink::new(network, 5, Mode::Raw)).with_rate(rate);
        let journal = tracer.link.journal();
        for number in 1..=1000 {
            let settings = Settings { queries: 1, ..Settings::default() };
            tracer.add(Job { share: false, settings, ..job(number, Protocol::Icmp) }).unwrap();
        }
        let traces = finish(&mut tracer);
        assert!(traces.iter().all(|(trace, _)| trace.reached()));
        let probes = journal.probes();
        // Little passes the targets: nine probes each are needed.
        assert!(probes.len() <= 9 * 1000 * 105 / 100, "{}", probes.len());
        // As long as there is enough to do: the last traces go TTL by TTL.
        let steady = &probes[..probes.len() * 9 / 10];
        let took = steady.last().unwrap().0.since(steady[0].0).as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let average = (steady.len() - 1) as f64 / took;
        assert!((average / f64::from(rate) - 1.0).abs() < 0.01, "{average} instead of {rate}");
    }
}
