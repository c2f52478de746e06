//! The engine against paths that are functions: what is sent when, and where it ends. Whole networks with
//! rate limits and balancing are in the simulation's scenarios.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::model::{Outcome, Protocol, Protocols, Reply, ReplyKind, Settings, Ttl};

mod by_hand;
mod syn;

const TARGET: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 80));

fn router(ttl: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, 0, ttl).into()
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Who answers a probe, what, and after how long.
type Answer = Option<(IpAddr, ReplyKind, Duration)>;

/// What a run came to.
struct Run {
    found: Found,
    packets: usize,
    took: Duration,
    /// When each TTL was first probed.
    opened: BTreeMap<u8, Duration>,
    most_in_flight_at_one_ttl: usize,
}

fn request(settings: Settings, expected: Option<u8>) -> Request {
    Request {
        settings,
        expected_length: expected.and_then(Ttl::new),
        ..Request::new(TARGET, Protocols::One(Protocol::Icmp), Settings::default())
    }
}

fn reply(from: IpAddr, kind: ReplyKind) -> Reply {
    Reply {
        from,
        rtt: None,
        kind: Some(kind),
        icmp: None,
        reply_ttl: None,
        quoted: None,
        mpls: Vec::new(),
        extensions: Vec::new(),
        inherited_from: None,
    }
}

/// Runs one trace over a path that `answer` describes by probe and time since the start.
fn run(request: &Request, answer: impl FnMut(&Probe, Duration) -> Answer) -> Run {
    run_where(request, |_| true, answer)
}

/// The same, where only answers to some probes tell which probe they answer.
fn run_where(
    request: &Request,
    tells_id: impl Fn(&Probe) -> bool,
    mut answer: impl FnMut(&Probe, Duration) -> Answer,
) -> Run {
    let mut engine = Engine::new();
    let mut now = Moment::ZERO;
    engine.add(request, now);
    let mut under_way: BTreeMap<(Moment, usize), Heard> = BTreeMap::new();
    let (mut packets, mut opened, mut most) = (0, BTreeMap::new(), 0);
    let mut unanswered: BTreeMap<u8, usize> = BTreeMap::new();
    for _ in 0..100_000 {
        match engine.poll(now) {
            Step::Send(probe) => {
                packets += 1;
                now = now + Duration::from_micros(1);
                engine.sent(&probe, now);
                opened.entry(probe.ttl.get()).or_insert_with(|| now.since(Moment::ZERO));
                let open = unanswered.entry(probe.ttl.get()).or_default();
                *open += 1;
                most = most.max(*open);
                if let Some((from, kind, delay)) = answer(&probe, now.since(Moment::ZERO)) {
                    let at = now + delay;
                    let heard = Heard {
                        target: probe.target,
                        protocol: probe.protocol,
                        flow: probe.flow,
                        id: tells_id(&probe).then_some(probe.id),
                        off_flow: probe.off_flow,
                        at,
                        reply: reply(from, kind),
                    };
                    under_way.insert((at, packets), heard);
                }
            }
            Step::Wait(until) => {
                assert!(until > now, "waiting for the past");
                let next = under_way.first_key_value().map(|(key, _)| *key).filter(|key| key.0 <= until);
                match next.and_then(|key| under_way.remove(&key)) {
                    Some(heard) => {
                        now = now.max(heard.at);
                        engine.hear(heard, now);
                    }
                    None => now = until,
                }
            }
            Step::Done => {}
        }
        while let Some(event) = engine.take_event() {
            match event {
                Event::Answered { ttl, .. } => *unanswered.entry(ttl.get()).or_default() -= 1,
                Event::RoundFinished { .. } => {}
                Event::Finished { found, .. } => {
                    let took = now.since(Moment::ZERO);
                    return Run { found: *found, packets, took, opened, most_in_flight_at_one_ttl: most };
                }
            }
        }
    }
    panic!("the trace did not end");
}

/// A chain of `length - 1` routers, `hop` of round trip each.
fn chain(length: u8, hop: Duration) -> impl Fn(&Probe, Duration) -> Answer {
    move |probe, _| {
        let ttl = probe.ttl.get();
        if ttl < length {
            Some((router(ttl), ReplyKind::TimeExceeded, hop * u32::from(ttl)))
        } else {
            Some((TARGET, ReplyKind::EchoReply, hop * u32::from(length)))
        }
    }
}

fn addresses(found: &Found) -> Vec<Option<IpAddr>> {
    found.hops.iter().map(|hop| hop.answerers().first().copied()).collect()
}

#[test]
fn a_chain_is_found_whole() {
    let run = run(&request(Settings::default(), None), chain(11, ms(10)));
    assert_eq!(run.found.outcome, Outcome::Reached);
    let expected: Vec<_> = (1..11).map(router).chain([TARGET]).map(Some).collect();
    assert_eq!(addresses(&run.found), expected);
    for hop in &run.found.hops {
        let statistics = hop.statistics();
        assert_eq!((statistics.sent, statistics.answered), (3, 3));
        assert_eq!(statistics.min, Some(ms(10) * u32::from(hop.ttl.get())));
    }
}

#[test]
fn an_unknown_length_costs_little_time_and_few_packets() {
    let run = run(&request(Settings::default(), None), chain(11, ms(10)));
    assert!(run.took <= ms(110).mul_f64(1.25), "{:?}", run.took);
    assert!(run.packets <= 75, "{}", run.packets);
}

#[test]
fn a_known_length_costs_next_to_none() {
    let run = run(&request(Settings::default(), Some(11)), chain(11, ms(10)));
    assert!(run.took <= ms(110).mul_f64(1.08), "{:?}", run.took);
    assert_eq!(run.packets, 33);
}

#[test]
fn a_wrong_expectation_does_no_harm() {
    for expected in [1, 3, 10, 12, 30] {
        let run = run(&request(Settings::default(), Some(expected)), chain(11, ms(10)));
        assert_eq!((run.found.outcome, run.found.hops.len()), (Outcome::Reached, 11), "expected {expected}");
    }
}

#[test]
fn no_router_sees_more_than_three_at_once() {
    let settings = Settings { queries: 10, ..Settings::default() };
    let run = run(&request(settings, None), chain(5, ms(10)));
    assert_eq!(run.most_in_flight_at_one_ttl, 3);
    assert!(run.found.hops.iter().all(|hop| hop.statistics().answered == 10));
}

#[test]
fn the_window_opens_with_the_answers() {
    let run = run(&request(Settings::default(), None), chain(20, ms(100)));
    assert!(run.opened[&4] < ms(1));
    assert!(run.opened[&10] < ms(10));
    // Nothing beyond the tenth until the first router has answered.
    assert!(run.opened[&11] >= ms(100) && run.opened[&11] < ms(102), "{:?}", run.opened[&11]);
}

#[test]
fn a_silent_hop_costs_no_fixed_time_out() {
    for hop in [Duration::from_micros(50), ms(10)] {
        let whole = run(&request(Settings::default(), None), chain(11, hop));
        let path = chain(11, hop);
        let silent = run(&request(Settings::default(), None), |probe, at| {
            path(probe, at).filter(|_| probe.ttl.get() != 5)
        });
        assert_eq!(silent.found.outcome, Outcome::Reached);
        assert!(!silent.found.hops[4].answered());
        assert!(silent.took <= whole.took + ms(350), "{:?} against {:?}", silent.took, whole.took);
    }
}

#[test]
fn a_late_router_is_still_heard() {
    for hop in [Duration::from_micros(50), ms(10)] {
        let path = chain(11, hop);
        let run = run(&request(Settings::default(), None), |probe, at| {
            let (from, kind, delay) = path(probe, at)?;
            let late = if probe.ttl.get() == 5 { ms(200) } else { Duration::ZERO };
            Some((from, kind, delay + late))
        });
        assert_eq!(run.found.hops[4].statistics().answered, 3);
    }
}

#[test]
fn a_target_that_never_answers_ends_behind_the_gap() {
    let path = chain(11, ms(10));
    let run = run(&request(Settings::default(), None), |probe, at| {
        path(probe, at).filter(|_| probe.ttl.get() < 11)
    });
    assert_eq!(run.found.outcome, Outcome::Exhausted);
    assert_eq!(run.found.hops.len(), 18);
    assert_eq!(run.found.detail.as_deref(), Some("no answer from behind TTL 10"));
    assert!(run.took <= ms(4000), "{:?}", run.took);
}

#[test]
fn a_dead_network_ends_as_well() {
    let run = run(&request(Settings::default(), None), |_, _| None);
    assert_eq!(run.found.outcome, Outcome::Exhausted);
    assert_eq!(run.found.hops.len(), 8);
    assert_eq!(run.found.detail.as_deref(), Some("no answer at all"));
}

#[test]
fn the_last_ttl_ends_it() {
    let settings = Settings { max_ttl: Ttl::new(5).unwrap(), ..Settings::default() };
    let run = run(&request(settings, None), chain(11, ms(10)));
    assert_eq!(run.found.outcome, Outcome::Exhausted);
    assert_eq!(run.found.hops.len(), 5);
    assert_eq!(run.found.detail.as_deref(), Some("TTL 5, the last one, was used up on the way"));
}

#[test]
fn a_trace_may_start_further_out() {
    let settings = Settings { first_ttl: Ttl::new(4).unwrap(), ..Settings::default() };
    let run = run(&request(settings, None), chain(6, ms(10)));
    assert_eq!(run.found.hops.iter().map(|hop| hop.ttl.get()).collect::<Vec<_>>(), [4, 5, 6]);
}

#[test]
fn a_refusal_on_the_way_ends_the_path() {
    for kind in [
        ReplyKind::HostUnreachable,
        ReplyKind::NetUnreachable,
        ReplyKind::AdminProhibited,
        ReplyKind::PortUnreachable,
    ] {
        let path = chain(11, ms(10));
        let run = run(&request(Settings::default(), None), |probe, at| {
            if probe.ttl.get() < 5 { path(probe, at) } else { Some((router(5), kind, ms(50))) }
        });
        assert_eq!((run.found.outcome, run.found.hops.len()), (Outcome::Unreachable, 5), "{kind}");
        assert_eq!(run.found.detail, Some(format!("{kind}, says 10.0.0.5 at TTL 5")));
    }
}

#[test]
fn a_loop_ends_the_path() {
    let run = run(&request(Settings::default(), None), |probe, _| {
        let ttl = probe.ttl.get();
        let who = if ttl < 4 { ttl } else { 4 + ttl % 2 };
        Some((router(who), ReplyKind::TimeExceeded, ms(10) * u32::from(ttl)))
    });
    assert_eq!((run.found.outcome, run.found.hops.len()), (Outcome::Loop, 8));
    assert_eq!(run.found.detail.as_deref(), Some("10.0.0.4 answers at TTL 4, 6, 8"));
}

#[test]
fn a_path_that_gets_longer_while_traced_ends_at_the_longer_length() {
    let (short, long) = (chain(6, ms(10)), chain(9, ms(10)));
    let mut probes = 0;
    let run = run(&request(Settings::default(), None), |probe, at| {
        probes += 1;
        if probes <= 17 { short(probe, at) } else { long(probe, at) }
    });
    assert_eq!(run.found.outcome, Outcome::Reached);
    assert_eq!(run.found.hops.len(), 9);
}

#[test]
fn a_path_that_gets_shorter_while_traced_is_reached() {
    let (short, long) = (chain(6, ms(10)), chain(9, ms(10)));
    let mut probes = 0;
    let run = run(&request(Settings::default(), None), |probe, at| {
        probes += 1;
        if probes <= 17 { long(probe, at) } else { short(probe, at) }
    });
    assert_eq!(run.found.outcome, Outcome::Reached);
    assert!(run.found.hops.len() <= 9);
}

#[test]
fn rounds_are_spaced_and_steered_by_the_first() {
    let settings = Settings { rounds: 3, interval: ms(500), ..Settings::default() };
    let mut sent_in_round: BTreeMap<u32, usize> = BTreeMap::new();
    let path = chain(11, ms(10));
    let run = run(&request(settings, None), |probe, at| {
        *sent_in_round.entry(probe.round).or_default() += 1;
        assert!(at >= ms(500) * probe.round, "round {} at {at:?}", probe.round);
        path(probe, at)
    });
    assert_eq!((sent_in_round[&1], sent_in_round[&2]), (33, 33));
    assert_eq!(run.found.hops.len(), 11);
    assert!(run.found.hops.iter().all(|hop| hop.statistics().answered == 9));
}

#[test]
fn more_probes_than_ids_are_all_told_apart() {
    let settings = Settings { rounds: 20, interval: ms(200), ..Settings::default() };
    let run = run(&request(settings, None), chain(11, ms(10)));
    assert!(run.packets > 600);
    assert!(run.found.hops.iter().all(|hop| hop.statistics().answered == 60));
}

#[test]
fn protocols_go_side_by_side() {
    let request = Request { protocols: Protocols::All, ..request(Settings::default(), None) };
    let mut first: BTreeMap<(u8, Protocol), Duration> = BTreeMap::new();
    let path = chain(6, ms(10));
    let run = run(&request, |probe, at| {
        first.entry((probe.ttl.get(), probe.protocol)).or_insert(at);
        path(probe, at)
    });
    assert_eq!(run.most_in_flight_at_one_ttl, 3);
    for ttl in 1..=6 {
        let times: Vec<_> = Protocol::ALL.iter().map(|&protocol| first[&(ttl, protocol)]).collect();
        let spread = *times.iter().max().unwrap() - *times.iter().min().unwrap();
        assert!(spread < ms(10), "TTL {ttl}: {spread:?}");
    }
    assert!(run.found.hops.iter().all(|hop| hop.statistics().answered == 9));
}

#[test]
fn answers_that_cannot_be_told_apart_are_asked_for_again_off_the_flow() {
    // Every router quotes too little to carry an id; only probes with a port of their own can be told apart.
    let found =
        run_where(&request(Settings::default(), None), |probe| probe.off_flow, chain(6, ms(10))).found;
    assert_eq!((found.outcome, found.hops.len()), (Outcome::Reached, 6));
    let expected: Vec<_> = (1..6).map(router).chain([TARGET]).map(Some).collect();
    assert_eq!(addresses(&found), expected);
    assert!(found.hops.iter().flat_map(|hop| &hop.probes).all(|probe| probe.off_flow));
}
