//! Whole measurements over simulated networks: what only a tracer does, and what many targets share.

use std::net::IpAddr;
use std::thread;

use super::*;
use crate::model::{Family, Outcome, Protocol, Protocols, Settings, Target, Uuid};
use crate::sim::{self, Network, Path, SimulatedLink};

mod rounds;
mod share;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn address(number: u16) -> IpAddr {
    sim::target(Family::V4, number)
}

fn job(number: u16, protocol: Protocol) -> Job {
    let target = Target { name: None, address: address(number) };
    Job::new(Uuid::from_u128(number.into()), target, Protocols::One(protocol), 1_000_000_000)
}

fn tracer(network: Network) -> Tracer<SimulatedLink> {
    Tracer::new(SimulatedLink::new(network, 5, Mode::Raw))
}

/// All finished traces, in the order of their jobs, with their notes.
fn finish(tracer: &mut Tracer<SimulatedLink>) -> Vec<(Trace, Vec<String>)> {
    let mut finished = Vec::new();
    while let Some(event) = tracer.next_event(&|| false).unwrap() {
        if let Event::Finished { target, trace } = event {
            finished.push((target, *trace, tracer.notes(target).to_vec()));
        }
    }
    finished.sort_by_key(|(target, ..)| *target);
    finished.into_iter().map(|(_, trace, notes)| (trace, notes)).collect()
}

fn otherwise(first: Protocol) -> Job {
    let others = Protocol::ALL.iter().copied().filter(|protocol| *protocol != first).collect();
    Job { otherwise: others, ..job(1, first) }
}

#[test]
fn the_protocol_that_gets_to_the_target_is_kept() {
    let mut network = Network::chain(Family::V4, 10, ms(5));
    network.router(4).drops(Protocol::Icmp);
    network.target(address(1)).silent_for(Protocol::Udp);
    let mut tracer = tracer(network);
    tracer.add(otherwise(Protocol::Icmp)).unwrap();
    let finished = finish(&mut tracer);
    let [(trace, notes)] = finished.as_slice() else { panic!("{finished:?}") };
    assert_eq!((trace.protocol, trace.reached()), (Some(Protocols::One(Protocol::Tcp)), true));
    assert_eq!((trace.hops.len(), trace.id), (11, Uuid::from_u128(1)));
    assert!(trace.started > 1_000_000_000);
    let note = notes.last().unwrap();
    assert!(note.starts_with("tcp was chosen: icmp is answered up to TTL 4, "), "{note}");
    assert!(note.contains("tcp reaches the target at TTL 11"), "{note}");
}

#[test]
fn a_protocol_that_reaches_the_target_is_the_only_one() {
    let mut tracer = tracer(Network::chain(Family::V4, 10, ms(5)));
    let journal = tracer.link.journal();
    tracer.add(otherwise(Protocol::Udp)).unwrap();
    assert_eq!(finish(&mut tracer)[0].0.protocol, Some(Protocols::One(Protocol::Udp)));
    assert!(journal.probes().iter().all(|(_, probe)| probe.protocol == Protocol::Udp));
}

#[test]
fn a_target_that_never_answers_takes_at_most_twice_the_wait() {
    for (silent_from, furthest) in [(None, 10), (Some(1), 0), (Some(6), 5)] {
        let mut network = Network::chain(Family::V4, 10, ms(5));
        network.target(address(1)).silent();
        for number in silent_from.map_or(11..11, |first| first..11) {
            network.router(number).silent();
        }
        let mut tracer = tracer(network);
        tracer.add(otherwise(Protocol::Icmp)).unwrap();
        let finished = finish(&mut tracer);
        let took = tracer.link.now().since(Moment::ZERO);
        assert!(took <= ms(4000), "silent from {silent_from:?}: {took:?}");
        let trace = &finished[0].0;
        assert_eq!(trace.outcome, Some(Outcome::Exhausted));
        assert_eq!(trace.last_answer().map_or(0, |ttl| ttl.get()), furthest);
        // As far as the first, and no further: what was asked for first is kept.
        assert_eq!(trace.protocol, Some(Protocols::One(Protocol::Icmp)));
    }
}

#[test]
fn rounds_are_made_by_the_protocol_that_got_furthest() {
    let mut network = Network::chain(Family::V4, 5, ms(5));
    network.router(3).drops(Protocol::Icmp);
    let mut tracer = tracer(network);
    let settings = Settings { rounds: 4, queries: 1, ..Settings::default() };
    let target = tracer.add(Job { settings, ..otherwise(Protocol::Icmp) }).unwrap();
    let (mut rounds, mut trace) = (Vec::new(), None);
    while let Some(event) = tracer.next_event(&|| false).unwrap() {
        match event {
            Event::RoundFinished { target: of, round, outcome, last_ttl } => {
                assert_eq!((of, outcome, last_ttl.get()), (target, Outcome::Reached, 6));
                rounds.push(round);
            }
            Event::Finished { target: of, trace: finished } => {
                assert_eq!(of, target);
                trace = Some(finished);
            }
            _ => {}
        }
    }
    assert_eq!(rounds, [0, 1, 2, 3]);
    let trace = trace.unwrap();
    assert_eq!(trace.hops.iter().map(|hop| hop.statistics().answered).collect::<Vec<_>>(), [4; 6]);
    assert_eq!(tracer.next_event(&|| false).unwrap(), None);
}

#[test]
fn it_is_cancelled_from_another_thread() {
    let mut network = Network::chain(Family::V4, 5, ms(5));
    network.target(address(1)).silent();
    let mut tracer = tracer(network);
    tracer.add(otherwise(Protocol::Icmp)).unwrap();
    let canceller = tracer.canceller();
    thread::spawn(move || canceller.cancel()).join().unwrap();
    assert_eq!(finish(&mut tracer)[0].0.outcome, Some(Outcome::Interrupted));
}

#[test]
fn one_trace_can_be_stopped() {
    let mut network = Network::chain(Family::V4, 5, ms(5));
    network.target(address(2)).path(Path::through(1..=5));
    let mut tracer = tracer(network);
    let first = tracer.add(job(1, Protocol::Icmp)).unwrap();
    tracer.add(job(2, Protocol::Icmp)).unwrap();
    tracer.next_event(&|| false).unwrap();
    tracer.stop(first);
    let outcomes: Vec<_> = finish(&mut tracer).into_iter().map(|(trace, _)| trace.outcome.unwrap()).collect();
    assert_eq!(outcomes, [Outcome::Interrupted, Outcome::Reached]);
}

#[test]
fn control_comes_back_in_time_and_nothing_leaves_while_it_pauses() {
    let mut tracer = tracer(Network::chain(Family::V4, 5, ms(50)));
    let journal = tracer.link.journal();
    tracer.add(job(1, Protocol::Icmp)).unwrap();
    assert_eq!(tracer.next_event_within(ms(20), &|| false).unwrap(), Some(Event::Idle));
    let sent = journal.sent();
    tracer.pause();
    for _ in 0..50 {
        assert!(tracer.next_event_within(ms(20), &|| false).unwrap().is_some());
    }
    assert_eq!(journal.sent(), sent);
    tracer.resume();
    assert!(finish(&mut tracer)[0].0.reached());
    assert_eq!(tracer.next_event_within(ms(20), &|| false).unwrap(), None);
}

#[test]
fn what_is_finished_is_forgotten() {
    let mut tracer = tracer(Network::chain(Family::V4, 5, ms(5)));
    for _ in 0..3 {
        tracer.run(job(1, Protocol::Icmp)).unwrap();
    }
    assert!(tracer.entries.iter().all(Option::is_none));
}

#[test]
fn a_tracer_that_forgets_goes_on_as_if_it_were_new() {
    let mut network = Network::chain(Family::V4, 3, Duration::from_millis(2));
    network.target(sim::target(Family::V4, 1)).path(sim::Path::through(1..=3));
    let mut tracer = Tracer::new(SimulatedLink::new(network, 1, Mode::Raw));
    let mut first = None;
    for number in 0..20 {
        let target = Target::from(sim::target(Family::V4, 1));
        let job = Job::new(Uuid::from_u128(number), target, Protocols::One(Protocol::Icmp), 0);
        let index = tracer.add(job).unwrap();
        assert_eq!(index, *first.get_or_insert(index), "numbers begin anew");
        assert!(!tracer.forget(), "nothing is forgotten while it is traced");
        let mut reached = false;
        while let Some(event) = tracer.next_event(&|| false).unwrap() {
            if let Event::Finished { trace, .. } = event {
                reached = trace.reached() && trace.hops.len() == 4;
            }
        }
        assert!(reached && tracer.forget());
    }
}
