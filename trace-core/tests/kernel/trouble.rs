//! Trouble at home: a firewall that lets nothing out, a queue that is full, a device that goes away. Each is an
//! outcome with its cause; nothing hangs, nothing panics.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use trace_core::model::{Mode, Outcome, ProbeResult, Protocol, Settings, Trace};
use trace_core::sys;
use trace_core::tracer::{Event, Job, Tracer};

use crate::aimed::at_vantage;
use crate::lab::{Chain, Lab, lab_test, nft, tool};
use crate::tracing::{check_chain, job, job_with, trace};

/// Routers of a path that no trace is through with when its first answer comes: more than the ten TTLs that are open
/// until then.
const LONG: u8 = 12;

const MODES: [Mode; 2] = [Mode::Raw, Mode::Unprivileged];

fn in_every_way(check: impl Fn(Mode, u8, Protocol)) {
    for mode in MODES {
        for family in [4, 6] {
            for protocol in Protocol::ALL {
                check(mode, family, *protocol);
            }
        }
    }
}

/// Traces with the rights of the mode; `meanwhile` happens once the first answer is there.
fn trace_while(lab: &Lab, mode: Mode, job: Job, meanwhile: impl FnOnce() + Send) -> Trace {
    let (answered, first) = mpsc::channel();
    let (done, go_on) = mpsc::channel();
    let mut found = None;
    thread::scope(|scope| {
        scope.spawn(move || {
            if first.recv().is_ok() {
                meanwhile();
            }
            let _ = done.send(());
        });
        let found = &mut found;
        at_vantage(lab, mode, move || {
            let mut tracer = Tracer::new(sys::open(Some(mode)).expect("open a link"));
            tracer.add(job).expect("add a job");
            let mut answered = Some(answered);
            while let Some(event) = tracer.next_event(&|| false).expect("trace") {
                match event {
                    Event::Answered { .. } => {
                        if let Some(answered) = answered.take() {
                            answered.send(()).expect("tell of the answer");
                            go_on.recv().expect("it happened");
                        }
                    }
                    Event::Finished { trace, .. } => *found = Some(*trace),
                    _ => {}
                }
            }
        });
    });
    found.expect("a trace")
}

/// Whether the kernel tells that a packet found no way out of this machine. It does not tell a connection, whose SYN it
/// means to repeat, and it does not tell an ICMPv6 ping socket.
fn is_told(mode: Mode, family: u8, protocol: Protocol) -> bool {
    mode == Mode::Raw || !(protocol == Protocol::Tcp || (protocol == Protocol::Icmp && family == 6))
}

fn causes(trace: &Trace) -> Vec<&str> {
    let probes = trace.hops.iter().flat_map(|hop| &hop.probes);
    probes
        .filter_map(|probe| match &probe.result {
            ProbeResult::Unsent { error } => Some(error.as_str()),
            _ => None,
        })
        .collect()
}

fn soon() -> Settings {
    Settings { wait: Duration::from_millis(300), ..Settings::default() }
}

lab_test! {
    fn a_firewall_that_lets_nothing_out_is_the_cause_of_every_probe() {
        let lab = Chain::of(2).without_limits().build();
        let everything = "table inet lab { chain out { type filter hook output priority 0; oifname right drop; }; }";
        if !nft(lab.vantage(), everything) {
            return;
        }
        in_every_way(|mode, family, protocol| {
            let trace = trace_while(&lab, mode, job_with(lab.target(family), protocol, soon()), || {});
            let causes = causes(&trace);
            let sent: usize = trace.hops.iter().map(|hop| hop.probes.len()).sum();
            let told = if is_told(mode, family, protocol) { sent } else { 0 };
            assert!(sent > 0 && causes.len() == told, "{mode} {protocol} IPv{family}: {trace:#?}");
            assert!(causes.iter().all(|cause| cause.contains("not permitted")), "{mode} {protocol} IPv{family}: {causes:?}");
            assert_ne!(trace.outcome, Some(Outcome::Reached));
        });
    }

    /// Rules of nft that refuse a part of what leaves cost those probes and no others.
    fn a_firewall_that_drops_some_costs_only_those() {
        let lab = Chain::of(3).without_limits().build();
        let some = "table inet lab { chain out { type filter hook output priority 0; oifname right ip ttl 2 drop; \
                    oifname right ip6 hoplimit 2 drop; }; }";
        if !nft(lab.vantage(), some) {
            return;
        }
        in_every_way(|mode, family, protocol| {
            let trace = trace_while(&lab, mode, job_with(lab.target(family), protocol, soon()), || {});
            assert_eq!((trace.outcome, trace.hops.len()), (Some(Outcome::Reached), 4), "{mode} {protocol} {trace:#?}");
            for (ttl, hop) in (1..).zip(&trace.hops) {
                for probe in &hop.probes {
                    let unsent = matches!(&probe.result, ProbeResult::Unsent { .. });
                    assert_eq!(unsent, ttl == 2 && is_told(mode, family, protocol), "{mode} {protocol} IPv{family} {trace:#?}");
                    assert_eq!(probe.reply().is_some(), ttl != 2, "{mode} {protocol} IPv{family} {trace:#?}");
                }
            }
        });
    }

    /// The queue takes a few packets and lets 60 a second or so out: what finds no room is sent again.
    fn a_full_queue_costs_time_and_no_probe() {
        let lab = Chain::of(3).without_limits().build();
        let shape = ["qdisc", "add", "dev", "right", "root", "tbf", "rate", "100kbit", "burst", "1600", "limit", "600"];
        let output = lab.vantage().output(tool("tc").args(shape));
        if !output.status.success() {
            return crate::lab::skip(format!("no token bucket: {}", String::from_utf8_lossy(&output.stderr)));
        }
        in_every_way(|mode, family, protocol| {
            if !is_told(mode, family, protocol) {
                return;
            }
            let settings = Settings { size: Some(200), queries: 5, ..Settings::default() };
            let trace = trace(&lab, mode, job_with(lab.target(family), protocol, settings));
            check_chain(&lab, &trace, 3, family, protocol, 5);
        });
    }

    fn a_device_that_goes_away_ends_the_trace_with_its_cause() {
        in_every_way(|mode, family, protocol| {
            let lab = Chain::of(LONG).without_limits().build();
            let away = || lab.vantage().ip("link del right\n");
            let trace = trace_while(&lab, mode, job_with(lab.target(family), protocol, soon()), away);
            assert!(trace.outcome.is_some_and(|outcome| outcome != Outcome::Reached), "{mode} {protocol} {trace:#?}");
            assert!(trace.hops.iter().any(|hop| hop.answered()), "{mode} {protocol} {trace:#?}");
            let causes = causes(&trace);
            assert!(!causes.is_empty(), "{mode} {protocol} IPv{family}: {trace:#?}");
            assert!(causes.iter().all(|cause| cause.contains("nreachable")), "{mode} {protocol} IPv{family}: {causes:?}");
        });
    }

    /// The same with the interface asked for by name.
    fn an_interface_asked_for_that_goes_away_ends_the_trace_with_its_cause() {
        in_every_way(|mode, family, protocol| {
            let lab = Chain::of(LONG).without_limits().build();
            let away = || lab.vantage().ip("link del right\n");
            let settings = Settings { interface: Some("right".to_owned()), ..soon() };
            let trace = trace_while(&lab, mode, job_with(lab.target(family), protocol, settings), away);
            assert!(trace.outcome.is_some_and(|outcome| outcome != Outcome::Reached), "{mode} {protocol} {trace:#?}");
            let causes = causes(&trace);
            assert!(!causes.is_empty() && causes.iter().all(|cause| !cause.is_empty()), "{mode} {protocol} IPv{family}: {trace:#?}");
        });
    }

    /// An address that is taken away: what was sent from it stays unanswered, and what follows is refused.
    fn a_source_that_is_taken_away_ends_the_trace() {
        in_every_way(|mode, family, protocol| {
            let lab = Chain::of(LONG).without_limits().build();
            lab.vantage().ip("addr add 10.7.0.77/24 dev right\n");
            lab.vantage().ip6("addr add fd07::77/64 dev right nodad preferred_lft 0\n");
            let away = || {
                lab.vantage().ip("addr del 10.7.0.77/24 dev right\n");
                lab.vantage().ip6("addr del fd07::77/64 dev right\n");
            };
            let source = if family == 4 { "10.7.0.77" } else { "fd07::77" };
            let settings = Settings { source: Some(source.parse().expect("an address")), ..soon() };
            let trace = trace_while(&lab, mode, job_with(lab.target(family), protocol, settings), away);
            assert!(trace.outcome.is_some_and(|outcome| outcome != Outcome::Reached), "{mode} {protocol} {trace:#?}");
        });
    }

    fn nothing_is_wrong_without_trouble() {
        let lab = Chain::of(2).without_limits().build();
        let trace = trace_while(&lab, Mode::Raw, job(lab.target(4), Protocol::Udp), || {});
        check_chain(&lab, &trace, 2, 4, Protocol::Udp, 3);
    }
}
