//! The engine's answers one by one, as whoever drives it gets them.

use super::*;

#[test]
fn an_answer_counts_once() {
    let mut engine = Engine::new();
    engine.add(&request(Settings::default(), None), Moment::ZERO);
    let Step::Send(probe) = engine.poll(Moment::ZERO) else { panic!("nothing to send") };
    engine.sent(&probe, Moment::ZERO);
    let heard = |from, at: u64| Heard {
        target: probe.target,
        protocol: probe.protocol,
        flow: probe.flow,
        id: Some(probe.id),
        off_flow: false,
        at: Moment::ZERO + ms(at),
        reply: reply(from, ReplyKind::TimeExceeded),
    };
    engine.hear(heard(router(1), 1), Moment::ZERO + ms(1));
    engine.hear(heard(router(9), 2), Moment::ZERO + ms(2));
    let hops = engine.hops(probe.target);
    assert_eq!(hops[0].answerers(), [router(1)]);
}

#[test]
fn an_interrupted_trace_keeps_what_it_has() {
    let mut engine = Engine::new();
    let target = engine.add(&request(Settings::default(), None), Moment::ZERO);
    let Step::Send(probe) = engine.poll(Moment::ZERO) else { panic!("nothing to send") };
    engine.sent(&probe, Moment::ZERO);
    engine.interrupt(Moment::ZERO + ms(5));
    let Some(Event::Finished { found, target: finished }) = engine.take_event() else {
        panic!("not finished")
    };
    assert_eq!((finished, found.outcome), (target, Outcome::Interrupted));
    assert_eq!((found.hops.len(), found.hops[0].probes.len()), (1, 1));
    assert_eq!(engine.poll(Moment::ZERO + ms(6)), Step::Done);
}

#[test]
fn what_cannot_be_sent_is_told() {
    let mut engine = Engine::new();
    engine.add(&request(Settings::default(), None), Moment::ZERO);
    let mut now = Moment::ZERO;
    loop {
        match engine.poll(now) {
            Step::Send(probe) => engine.failed(&probe, "network is unreachable".to_owned(), now),
            Step::Wait(until) => now = until,
            Step::Done => break,
        }
    }
    let found = loop {
        match engine.take_event() {
            Some(Event::Finished { found, .. }) => break found,
            Some(_) => {}
            None => panic!("not finished"),
        }
    };
    assert_eq!(found.outcome, Outcome::Exhausted);
    assert_eq!(found.detail.as_deref(), Some("no probe could be sent: network is unreachable"));
    assert!(now.since(Moment::ZERO) < ms(50), "waited for what was never sent");
}

#[test]
fn a_full_buffer_delays_and_loses_nothing() {
    let mut engine = Engine::new();
    let target = engine.add(&request(Settings::default(), None), Moment::ZERO);
    let Step::Send(first) = engine.poll(Moment::ZERO) else { panic!("nothing to send") };
    engine.postponed(&first, Moment::ZERO);
    let Step::Wait(until) = engine.poll(Moment::ZERO) else { panic!("did not pause") };
    assert_eq!(engine.poll(until), Step::Send(first));
    assert_eq!(engine.hops(target)[0].probes.len(), 1);
}

#[test]
fn a_rate_limit_spaces_the_probes() {
    let mut engine = Engine::new();
    engine.limit_rate(1000);
    engine.add(&request(Settings::default(), None), Moment::ZERO);
    assert!(matches!(engine.poll(Moment::ZERO), Step::Send(_)));
    assert_eq!(engine.poll(Moment::ZERO), Step::Wait(Moment::ZERO + ms(1)));
    assert!(matches!(engine.poll(Moment::ZERO + ms(1)), Step::Send(_)));
}

#[test]
fn a_trace_counts_from_its_first_step() {
    let mut engine = Engine::new();
    engine.add(&request(Settings::default(), None), Moment::ZERO);
    // Whoever drives the engine was busy for five seconds; the window opens no further for that.
    let now = Moment::ZERO + ms(5000);
    let mut sent = Vec::new();
    while let Step::Send(probe) = engine.poll(now) {
        engine.sent(&probe, now);
        sent.push(probe.ttl.get());
    }
    assert_eq!(sent, [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]);
}

#[test]
fn a_second_answer_to_what_was_probed_again_is_nobodys() {
    // The router at TTL 2 quotes too little to tell its probes apart. All three of its answers come while a probe of
    // TTL 3 is still under way.
    let mut engine = Engine::new();
    engine.add(&request(Settings::default(), None), Moment::ZERO);
    let mut sent = Vec::new();
    while let Step::Send(probe) = engine.poll(Moment::ZERO) {
        engine.sent(&probe, Moment::ZERO);
        sent.push(probe);
    }
    let heard = |probe: &Probe, id: bool, at: u64| Heard {
        target: probe.target,
        protocol: probe.protocol,
        flow: probe.flow,
        id: id.then_some(probe.id),
        off_flow: false,
        at: Moment::ZERO + ms(at),
        reply: reply(router(probe.ttl.get()), ReplyKind::TimeExceeded),
    };
    let now = Moment::ZERO + ms(10);
    // Everything but the routers 2 and 3 tells which probe it answers.
    for probe in sent.iter().filter(|probe| !(2..=3).contains(&probe.ttl.get())) {
        engine.hear(heard(probe, true, 10), now);
    }
    for probe in sent.iter().filter(|probe| probe.ttl.get() == 3).take(2) {
        engine.hear(heard(probe, true, 10), now);
    }
    for probe in sent.iter().filter(|probe| probe.ttl.get() == 2) {
        engine.hear(heard(probe, false, 11), Moment::ZERO + ms(11));
    }
    let hops = engine.hops(TargetIndex(0));
    assert_eq!(hops[2].answerers(), [router(3)]);
}
