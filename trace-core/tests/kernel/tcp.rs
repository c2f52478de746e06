//! TCP: chains of 1, 5 and 12 routers over both families and in both modes, ports that are open, closed and
//! silent, and a firewall that keeps the kernel from resetting.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use trace_core::model::{Mode, Outcome, Protocol, ReplyKind, Settings, Trace};

use crate::aimed::{Aimed, aim, at_vantage, destination, probe};
use crate::lab::{Chain, Lab, Node, lab_test, nft};
use crate::side_by_side::own_answers_only;
use crate::tracing::{all_answers, check_chain, check_hop, hop, job, job_with, trace};

const MODES: [Mode; 2] = [Mode::Raw, Mode::Unprivileged];
const OPEN: u16 = 443;
/// A SYN-ACK is repeated after a second; an answer that took so long was none to this probe.
const SOON: Duration = Duration::from_millis(900);

fn chain_of(routers: u8, mode: Mode) {
    let lab = Chain::of(routers).without_limits().build();
    for family in [4, 6] {
        let trace = trace(&lab, mode, job(lab.target(family), Protocol::Tcp));
        check_chain(&lab, &trace, routers, family, Protocol::Tcp, 3);
        nothing_is_left(&lab);
    }
}

/// Listens at the target, over both families, until it is dropped.
fn serve(lab: &Lab, routers: u8) -> Vec<TcpListener> {
    let listen = || [4, 6].map(|family| TcpListener::bind((lab.target(family), OPEN)).expect("listen"));
    lab.node(routers + 1).enter(listen).into()
}

fn to_port(lab: &Lab, family: u8, queries: u8, port: u16) -> trace_core::tracer::Job {
    let settings = Settings { port: Some(port), queries, ..Settings::default() };
    job_with(lab.target(family), Protocol::Tcp, settings)
}

/// Checks a trace to a port that is open: accepted at least once, whatever resets follow.
fn check_open(lab: &Lab, trace: &Trace, routers: u8, family: u8, probes: usize) {
    assert_eq!(trace.outcome, Some(Outcome::Reached), "{trace:#?}");
    assert_eq!(trace.hops.len(), usize::from(routers) + 1, "{trace:#?}");
    for ttl in 1..=routers {
        check_hop(lab, trace, ttl, family, ReplyKind::TimeExceeded, probes);
    }
    let last = hop(trace, routers + 1);
    let answers = all_answers(last);
    assert_eq!(answers.len(), probes);
    for reply in &answers {
        assert_eq!(reply.from, lab.target(family));
        assert!(matches!(reply.kind, Some(ReplyKind::SynAck | ReplyKind::Rst)), "{last:#?}");
        assert!(reply.rtt.is_some_and(|rtt| !rtt.is_zero() && rtt < SOON), "{last:#?}");
    }
    let accepted = answers.iter().filter(|reply| reply.kind == Some(ReplyKind::SynAck)).count();
    // Without raw sockets each probe is a connection of its own.
    let least = if trace.mode == Some(Mode::Raw) { 1 } else { probes };
    assert!(accepted >= least, "{last:#?}");
}

/// Connections of a machine that are established or half open, as `/proc/net/tcp` lists them.
fn connections(node: &Node) -> Vec<String> {
    let read = || {
        let tables = ["tcp", "tcp6"].map(|table| {
            std::fs::read_to_string(format!("/proc/thread-self/net/{table}")).expect("read the connections")
        });
        tables.concat()
    };
    let is_open = |line: &&str| matches!(line.split_whitespace().nth(3), Some("01" | "02" | "03"));
    node.enter(read).lines().filter(is_open).map(str::to_owned).collect()
}

/// Looks for about half a second, less than it takes a kernel to give up a half-open connection, until there is
/// none.
fn nothing_is_left(lab: &Lab) {
    const LOOKS: u32 = 50;
    let target = lab.node(lab.routers() + 1);
    let mut left = Vec::new();
    for _ in 0..LOOKS {
        left = [connections(target), connections(lab.vantage())].concat();
        if left.is_empty() {
            return;
        }
        thread::park_timeout(SOON / 90);
    }
    panic!("left behind: {left:#?}");
}

/// The kernel of the vantage point cannot say that it knows nothing of a connection.
fn without_resets(lab: &Lab) -> bool {
    nft(
        lab.vantage(),
        "table inet lab { chain out { type filter hook output priority 0; tcp flags & rst == rst drop; }; }",
    )
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

    /// A router gives one source six errors at once; nobody may need more.
    fn the_limits_of_real_routers_cost_no_answer() {
        for mode in MODES {
            let lab = Chain::of(12).build();
            for family in [4, 6] {
                let trace = trace(&lab, mode, job(lab.target(family), Protocol::Tcp));
                check_chain(&lab, &trace, 12, family, Protocol::Tcp, 3);
            }
        }
    }

    fn an_open_port_accepts_and_no_connection_is_left() {
        let lab = Chain::of(5).without_limits().build();
        let _listeners = serve(&lab, 5);
        for mode in MODES {
            for family in [4, 6] {
                for queries in [1, 3, 10] {
                    let trace = trace(&lab, mode, to_port(&lab, family, queries, OPEN));
                    check_open(&lab, &trace, 5, family, queries.into());
                    nothing_is_left(&lab);
                }
            }
        }
    }

    /// What a SYN carries is acknowledged by a reset and passed over by whoever accepts.
    fn a_syn_with_data_is_recognised_by_either_answer() {
        let lab = Chain::of(2).without_limits().build();
        let _listeners = serve(&lab, 2);
        for family in [4, 6] {
            for (port, open) in [(OPEN, true), (81, false)] {
                let mut job = to_port(&lab, family, 3, port);
                job.settings.size = Some(200);
                let trace = trace(&lab, Mode::Raw, job);
                match open {
                    true => check_open(&lab, &trace, 2, family, 3),
                    false => check_chain(&lab, &trace, 2, family, Protocol::Tcp, 3),
                }
            }
        }
        nothing_is_left(&lab);
    }

    fn a_port_that_drops_is_silence_behind_the_last_router() {
        let lab = Chain::of(2).without_limits().build();
        if !nft(lab.node(3), "table inet lab { chain in { type filter hook input priority 0; tcp dport 81 drop; }; }") {
            return;
        }
        for mode in MODES {
            for family in [4, 6] {
                let trace = trace(&lab, mode, to_port(&lab, family, 2, 81));
                assert_eq!(trace.outcome, Some(Outcome::Exhausted), "{trace:#?}");
                for ttl in 1..=2 {
                    check_hop(&lab, &trace, ttl, family, ReplyKind::TimeExceeded, 2);
                }
                let behind = trace.hops.iter().skip(2).flat_map(|hop| &hop.probes);
                assert!(behind.clone().count() > 0);
                assert!(behind.clone().all(|probe| probe.reply().is_none()), "{trace:#?}");
                nothing_is_left(&lab);
            }
        }
    }

    fn a_machine_that_cannot_reset_times_every_probe_alike() {
        let lab = Chain::of(3).without_limits().build();
        let _listeners = serve(&lab, 3);
        if !without_resets(&lab) {
            return;
        }
        for family in [4, 6] {
            for queries in [3, 10] {
                // Until the target's TTL is known several SYNs may meet there, and all but one get a challenge.
                let mut traces = (0..5).map(|_| trace(&lab, Mode::Raw, to_port(&lab, family, queries, OPEN)));
                let answered = |trace: &trace_core::model::Trace| {
                    trace.hops.iter().flat_map(|hop| &hop.probes).all(|probe| probe.reply().is_some())
                };
                let whole = traces.find(answered).expect("one of five traces without a challenge");
                check_open(&lab, &whole, 3, family, queries.into());
            }
        }
    }

    /// The target repeats what it has not seen acknowledged, and challenges a SYN that lies before the one it
    /// knows. Neither is an answer to another probe.
    fn repeated_and_challenging_answers_time_no_other_probe() {
        let lab = Chain::of(1).without_limits().build();
        let _listeners = serve(&lab, 1);
        if !without_resets(&lab) {
            return;
        }
        for family in [4, 6] {
            at_vantage(&lab, Mode::Raw, || {
                let mut destination = destination(lab.target(family), Protocol::Tcp);
                destination.port = Some(OPEN);
                let mut aimed: Aimed = aim(Mode::Raw, &destination);
                let id = |heard: &trace_core::engine::Heard| heard.id.map(|id| id.get());
                aimed.send(probe(Protocol::Tcp, 9, 0, 400));
                let first = aimed.hear(1).remove(0);
                assert_eq!((id(&first), first.reply.kind), (Some(400), Some(ReplyKind::SynAck)));
                // Before the sequence number that the target knows: it answers with a challenge, which
                // acknowledges 400 once more.
                aimed.send(probe(Protocol::Tcp, 9, 0, 7));
                aimed.wait(Duration::from_millis(100));
                aimed.hear_no_more();
                // Once more after a second: heard, and as an answer to the same probe.
                let repeated = aimed.hear(1).remove(0);
                assert_eq!((id(&repeated), repeated.reply.kind), (Some(400), Some(ReplyKind::SynAck)));
                assert!(repeated.at.since(first.at) > Duration::from_millis(500));
                // In the window of what is half open: reset, and the reset names the probe.
                let left = aimed.send(probe(Protocol::Tcp, 9, 0, 401));
                let reset = aimed.hear(1).remove(0);
                assert_eq!((id(&reset), reset.reply.kind), (Some(401), Some(ReplyKind::Rst)));
                assert!(reset.at >= left && reset.at.since(left) < SOON);
                aimed.hear_no_more();
            });
        }
    }

    fn ten_raw_traces_never_mix() {
        own_answers_only(Mode::Raw, &[Protocol::Tcp]);
    }

    fn ten_unprivileged_traces_never_mix() {
        own_answers_only(Mode::Unprivileged, &[Protocol::Tcp]);
    }

    fn this_very_machine() {
        let lab = Chain::of(1).build();
        for mode in MODES {
            for address in ["127.0.0.1", "::1"] {
                let trace = trace(&lab, mode, job(address.parse().expect("an address"), Protocol::Tcp));
                assert_eq!((trace.outcome, trace.hops.len()), (Some(Outcome::Reached), 1), "{trace:#?}");
                for reply in all_answers(&trace.hops[0]) {
                    assert_eq!((reply.from.to_string().as_str(), reply.kind), (address, Some(ReplyKind::Rst)));
                }
            }
        }
    }
}
