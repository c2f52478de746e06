//! Ten thousand targets of one link.

use std::net::IpAddr;

use trace_core::carrier::Directory;
use trace_core::engine::{Moment, Probe, TargetIndex};
use trace_core::link::{Destination, Incoming, Link, SendFailure};
use trace_core::model::{Mode, Outcome, Protocol, Protocols, Settings};
use trace_core::sys;
use trace_core::tracer::{Event, Job, Tracer};

use crate::aimed::{at_vantage, probe};
use crate::lab::{Chain, Lab, lab_test};
use crate::tracing::{all_answers, job_with};

const MODES: [Mode; 2] = [Mode::Raw, Mode::Unprivileged];
const MANY: u32 = 10_000;

/// Addresses that all are at the end of a chain.
fn address(family: u8, number: u32) -> IpAddr {
    if family == 4 {
        std::net::Ipv4Addr::from(0x0a08_0000 + number).into()
    } else {
        std::net::Ipv6Addr::from((0xfd08_u128 << 112) + u128::from(number)).into()
    }
}

/// A chain whose target has sixteen bits of further addresses.
fn crowded(routers: u8) -> Lab {
    let lab = Chain::of(routers).without_limits().build();
    for node in 0..=routers {
        let (v4, v6) = (lab.hop(node + 1, 4), lab.hop(node + 1, 6));
        lab.node(node).ip(&format!("route add 10.8.0.0/16 via {v4}\n"));
        lab.node(node).ip6(&format!("route add fd08::/64 via {v6}\n"));
    }
    lab.node(routers + 1).ip("route add local 10.8.0.0/16 dev lo\n");
    // Over IPv6 only an address of its own says that a port is unreachable in its own name.
    let own = (0..1000).map(|number| format!("addr add {}/128 dev lo nodad\n", address(6, number)));
    lab.node(routers + 1).ip6(&own.collect::<String>());
    lab.node(routers + 1).ip6("route add local fd08::/64 dev lo\n");
    lab
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("read the open files").count()
}

/// Bytes of memory that are really there.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("read the size of the memory");
    let pages: usize = text.split_whitespace().nth(1).expect("a column").parse().expect("a number");
    pages * 4096
}

/// Sends every probe, `at_once` of them between two looks at what came back, and hears until nothing comes any more;
/// tells how many were answered, each counted once.
fn answered(link: &mut dyn Link, directory: &Directory, probes: &[Probe], at_once: usize) -> usize {
    let mut heard = std::collections::HashSet::new();
    for some in probes.chunks(at_once) {
        for probe in some {
            loop {
                match link.send(probe) {
                    Ok(_) => break,
                    Err(SendFailure::Busy) => listen(link, directory, Moment::ZERO, &mut heard),
                    Err(SendFailure::Refused(error)) => panic!("{probe:?}: {error}"),
                }
            }
        }
        listen(link, directory, Moment::ZERO, &mut heard);
    }
    loop {
        let before = heard.len();
        let until = link.now() + std::time::Duration::from_millis(300);
        while link.now() < until {
            listen(link, directory, until, &mut heard);
        }
        if heard.len() == before {
            return before;
        }
    }
}

type Answers = std::collections::HashSet<(TargetIndex, u16)>;

fn listen(link: &mut dyn Link, directory: &Directory, until: Moment, heard: &mut Answers) {
    let mut hear = |incoming: Incoming<'_>| {
        let known = directory.recognise(&incoming);
        heard.extend(known.and_then(|heard| Some((heard.target, heard.id?.get()))));
    };
    link.receive(until, &mut hear).expect("listen");
}

lab_test! {
    fn ten_thousand_targets_take_no_socket_each_and_little_memory() {
        let lab = crowded(1);
        for mode in MODES {
            for family in [4, 6] {
                at_vantage(&lab, mode, || {
                    let mut link = sys::open(Some(mode)).expect("open a link");
                    let mut directory = Directory::new();
                    let (files, memory) = (open_files(), resident());
                    for number in 0..MANY {
                        let destination = Destination::new(address(family, number), Protocols::All);
                        let attached = link.attach(TargetIndex(number), &destination).expect("attach");
                        directory.register(TargetIndex(number), &destination, &attached);
                    }
                    let (files, memory) = (open_files() - files, resident().saturating_sub(memory));
                    let each = memory / MANY as usize;
                    assert!(files <= 8, "{files} files for {MANY} targets");
                    assert!(each <= 4096, "{each} bytes for each target and its three protocols");
                });
            }
        }
    }

    fn a_burst_to_a_thousand_targets_loses_no_reply() {
        let lab = crowded(10);
        for mode in MODES {
            for family in [4, 6] {
                for protocol in [Protocol::Icmp, Protocol::Udp] {
                    at_vantage(&lab, mode, || {
                        let mut link = sys::open(Some(mode)).expect("open a link");
                        let mut directory = Directory::new();
                        for number in 0..1000 {
                            let destination = Destination::new(address(family, number), Protocols::One(protocol));
                            let attached = link.attach(TargetIndex(number), &destination).expect("attach");
                            directory.register(TargetIndex(number), &destination, &attached);
                        }
                        let mut probes = Vec::new();
                        for ttl in 1..=11 {
                            for number in 0..1000 {
                                let target = TargetIndex(number);
                                probes.push(Probe { target, ..probe(protocol, ttl, 0, ttl.into()) });
                            }
                        }
                        let count = answered(&mut *link, &directory, &probes, 32);
                        assert_eq!(count, probes.len(), "{mode} {protocol} IPv{family}");
                    });
                }
            }
        }
    }

    /// At the rate that the probes of all of them may leave with; every router is asked by every trace.
    fn a_thousand_traces_at_once_lose_no_reply() {
        let lab = crowded(10);
        for mode in MODES {
            for family in [4, 6] {
                for protocol in [Protocol::Icmp, Protocol::Udp] {
                    at_vantage(&lab, mode, || {
                        let link = sys::open(Some(mode)).expect("open a link");
                        let mut tracer = Tracer::new(link).with_rate(30_000);
                        let files = open_files();
                        for number in 0..1000 {
                            let settings = Settings { queries: 1, ..Settings::default() };
                            let job = job_with(address(family, number), protocol, settings);
                            tracer.add(Job { share: false, ..job }).expect("add a job");
                        }
                        let mut finished = 0;
                        while let Some(event) = tracer.next_event(&|| false).expect("trace") {
                            if let Event::Finished { trace, .. } = event {
                                finished += 1;
                                assert_eq!((trace.outcome, trace.hops.len()), (Some(Outcome::Reached), 11), "{trace:#?}");
                                for (ttl, hop) in (1..).zip(&trace.hops).take(10) {
                                    assert_eq!(hop.answerers(), vec![lab.hop(ttl, family)], "{trace:#?}");
                                    assert_eq!(all_answers(hop).len(), 1, "{trace:#?}");
                                }
                            }
                        }
                        assert_eq!(finished, 1000);
                        assert!(open_files() <= files + 8, "{} files", open_files() - files);
                    });
                }
            }
        }
    }

    /// A connection has a socket, but no more are under way than a process may have.
    fn connections_to_many_targets_are_bounded() {
        let lab = crowded(3);
        for family in [4, 6] {
            at_vantage(&lab, Mode::Unprivileged, || {
                let mut tracer = Tracer::new(sys::open(Some(Mode::Unprivileged)).expect("open a link"));
                let files = open_files();
                for number in 0..500 {
                    let settings = Settings { queries: 1, ..Settings::default() };
                    let job = job_with(address(family, number), Protocol::Tcp, settings);
                    tracer.add(Job { share: false, ..job }).expect("add a job");
                }
                let (mut finished, mut most) = (0, 0);
                while let Some(event) = tracer.next_event(&|| false).expect("trace") {
                    most = most.max(open_files() - files);
                    if let Event::Finished { trace, .. } = event {
                        finished += 1;
                        assert_eq!((trace.outcome, trace.hops.len()), (Some(Outcome::Reached), 4), "{trace:#?}");
                        assert!(trace.hops.iter().all(|hop| all_answers(hop).len() == 1), "{trace:#?}");
                    }
                }
                assert_eq!(finished, 500);
                assert!(most <= 256 + 8, "{most} files");
            });
        }
    }
}
