//! One way to trace for all kernel tests, and what every trace must satisfy.

use std::net::IpAddr;

use trace_core::model::{
    Hop, Mode, Outcome, ProbeResult, Protocol, Protocols, Reply, ReplyKind, Settings, Target, Trace, Ttl,
    Uuid,
};
use trace_core::sys;
use trace_core::tracer::{Job, Tracer};

use crate::lab::{Lab, Node, powerless};

/// A job to an address, with default settings.
pub(crate) fn job(address: IpAddr, protocol: Protocol) -> Job {
    job_with(address, protocol, Settings::default())
}

/// A job to an address.
pub(crate) fn job_with(address: IpAddr, protocol: Protocol, settings: Settings) -> Job {
    let target = Target { name: None, address };
    let job = Job::new(Uuid::from_u128(7), target, Protocols::One(protocol), 1_700_000_000_000_000_000);
    Job { settings, ..job }
}

/// Traces from the vantage point; in unprivileged mode with no rights at all, which is checked first.
pub(crate) fn trace(lab: &Lab, mode: Mode, job: Job) -> Trace {
    trace_from(lab.vantage(), mode, job)
}

/// Traces from any machine.
pub(crate) fn trace_from(node: &Node, mode: Mode, job: Job) -> Trace {
    let run = move || {
        let mut tracer = Tracer::new(sys::open(Some(mode)).expect("open a link"));
        tracer.run(job).expect("trace")
    };
    let trace = match mode {
        Mode::Raw => node.enter(run),
        Mode::Unprivileged => node.enter_unprivileged(|| {
            powerless();
            run()
        }),
    };
    assert_eq!(trace.mode, Some(mode));
    for (index, hop) in trace.hops.iter().enumerate() {
        assert_eq!(usize::from(hop.ttl.get()), index + 1, "hops run without gaps");
        for probe in &hop.probes {
            if let ProbeResult::Unsent { error } = &probe.result {
                panic!("a probe of TTL {} was not sent: {error}: {trace:#?}", hop.ttl);
            }
        }
    }
    trace
}

/// The answers of a hop, of which there must be one for each probe.
pub(crate) fn all_answers(hop: &Hop) -> Vec<&Reply> {
    let answers: Vec<&Reply> = hop.probes.iter().filter_map(|probe| probe.reply()).collect();
    assert_eq!(answers.len(), hop.probes.len(), "some probes of TTL {} went unanswered: {hop:#?}", hop.ttl);
    answers
}

/// The hop of a TTL.
pub(crate) fn hop(trace: &Trace, ttl: u8) -> &Hop {
    &trace.hops[usize::from(ttl) - 1]
}

/// What a target answers to a probe that reached it.
pub(crate) fn last_word(protocol: Protocol) -> ReplyKind {
    match protocol {
        Protocol::Icmp => ReplyKind::EchoReply,
        Protocol::Udp => ReplyKind::PortUnreachable,
        Protocol::Tcp => ReplyKind::Rst,
    }
}

/// Checks one hop of a chain: every probe answered, by the right router, in the right words, and with what the
/// way back and the quoted packet tell.
pub(crate) fn check_hop(lab: &Lab, trace: &Trace, ttl: u8, family: u8, kind: ReplyKind, probes: usize) {
    let hop = hop(trace, ttl);
    assert_eq!(hop.ttl, Ttl::new(ttl).expect("a TTL"));
    assert_eq!(hop.probes.len(), probes, "{hop:#?}");
    for reply in all_answers(hop) {
        assert_eq!(reply.from, lab.hop(ttl, family), "{hop:#?}");
        assert_eq!(reply.kind, Some(kind), "{hop:#?}");
        assert!(reply.rtt.is_some_and(|rtt| !rtt.is_zero()), "{hop:#?}");
        // Linux answers with TTL 64, and every router on the way back takes one.
        // Of a connection made or refused the kernel does not tell it.
        let told = trace.mode == Some(Mode::Raw) || !matches!(kind, ReplyKind::SynAck | ReplyKind::Rst);
        assert_eq!(reply.reply_ttl, told.then_some(65 - ttl), "{hop:#?}");
        let icmp = reply.icmp.map(|icmp| (icmp.kind, icmp.code));
        let expected = match (kind, family) {
            (ReplyKind::TimeExceeded, 4) => Some((11, 0)),
            (ReplyKind::TimeExceeded, _) => Some((3, 0)),
            (ReplyKind::PortUnreachable, 4) => Some((3, 3)),
            (ReplyKind::PortUnreachable, _) => Some((1, 4)),
            (ReplyKind::EchoReply, 4) => Some((0, 0)),
            (ReplyKind::EchoReply, _) => Some((129, 0)),
            _ => None,
        };
        assert_eq!(icmp, expected, "{hop:#?}");
        match (trace.mode, kind) {
            (Some(Mode::Raw), ReplyKind::TimeExceeded) => {
                let quoted = reply.quoted.expect("a raw link sees what was quoted");
                assert_eq!((quoted.ttl, quoted.nat), (1, false), "{hop:#?}");
            }
            (Some(Mode::Unprivileged), _) => assert_eq!(reply.quoted, None, "{hop:#?}"),
            _ => {}
        }
        assert_eq!(reply.inherited_from, None);
    }
}

/// Checks a trace that must have gone through a whole chain of `routers` without any loss.
pub(crate) fn check_chain(
    lab: &Lab,
    trace: &Trace,
    routers: u8,
    family: u8,
    protocol: Protocol,
    probes: usize,
) {
    assert_eq!(trace.outcome, Some(Outcome::Reached), "{trace:#?}");
    assert_eq!(trace.protocol, Some(Protocols::One(protocol)));
    assert_eq!(trace.source, Some(lab.source(family)));
    assert_eq!(trace.hops.len(), usize::from(routers) + 1, "{trace:#?}");
    for ttl in 1..=routers {
        check_hop(lab, trace, ttl, family, ReplyKind::TimeExceeded, probes);
    }
    check_hop(lab, trace, routers + 1, family, last_word(protocol), probes);
}
