//! Many traces at once, and many probes at once on sockets that report errors.

use std::sync::Barrier;
use std::thread;

use trace_core::model::{Mode, Protocol, Settings, Trace};
use trace_core::sys;
use trace_core::tracer::{Event, Job, Tracer};

use crate::lab::{Chain, Lab, lab_test, powerless};
use crate::tracing::{check_chain, job_with, trace};

const TRACES: u8 = 10;

/// Ten tracers of their own in one namespace, started together. Each marks its probes with a type of service of
/// its own, which routers quote.
fn ten_at_once(lab: &Lab, mode: Mode, family: u8, protocol: Protocol) -> Vec<Trace> {
    let start = Barrier::new(TRACES.into());
    let run = |number: u8| {
        let settings = Settings { tos: 4 * number, ..Settings::default() };
        let mut tracer = Tracer::new(sys::open(Some(mode)).expect("open a link"));
        let job = job_with(lab.target(family), protocol, settings);
        start.wait();
        tracer.run(job).expect("trace")
    };
    thread::scope(|scope| {
        let tracers: Vec<_> = (0..TRACES)
            .map(|number| {
                scope.spawn(move || match mode {
                    Mode::Raw => lab.vantage().enter(|| run(number)),
                    Mode::Unprivileged => lab.vantage().enter_unprivileged(|| {
                        powerless();
                        run(number)
                    }),
                })
            })
            .collect();
        tracers.into_iter().map(|tracer| tracer.join().expect("a tracer")).collect()
    })
}

pub(crate) fn own_answers_only(mode: Mode, protocols: &[Protocol]) {
    let lab = Chain::of(5).without_limits().build();
    for family in [4, 6] {
        for &protocol in protocols {
            let traces = ten_at_once(&lab, mode, family, protocol);
            for (number, trace) in (0..TRACES).zip(&traces) {
                check_chain(&lab, trace, 5, family, protocol, 3);
                let quoted =
                    trace.hops.iter().flat_map(|hop| &hop.probes).filter_map(|probe| probe.reply()?.quoted);
                for quoted in quoted {
                    assert_eq!(quoted.tos, 4 * number, "trace {number} took the answer to another's probe");
                }
            }
        }
    }
}

lab_test! {
    fn ten_raw_traces_never_mix() {
        own_answers_only(Mode::Raw, &[Protocol::Icmp, Protocol::Udp]);
    }

    fn ten_unprivileged_traces_never_mix() {
        own_answers_only(Mode::Unprivileged, &[Protocol::Icmp, Protocol::Udp]);
    }

    /// Ten targets of one tracer that all are the same address.
    fn one_tracer_with_ten_jobs_to_one_target() {
        let lab = Chain::of(5).without_limits().build();
        for mode in [Mode::Raw, Mode::Unprivileged] {
            for family in [4, 6] {
                for protocol in [Protocol::Icmp, Protocol::Udp] {
                    let run = || {
                        let mut tracer = Tracer::new(sys::open(Some(mode)).expect("open a link"));
                        for number in 0..TRACES {
                            let settings = Settings { tos: 4 * number, ..Settings::default() };
                            let job = job_with(lab.target(family), protocol, settings);
                            tracer.add(Job { share: false, ..job }).expect("add a job");
                        }
                        let mut traces = Vec::new();
                        while let Some(event) = tracer.next_event(&|| false).expect("trace") {
                            if let Event::Finished { trace, .. } = event {
                                traces.push(*trace);
                            }
                        }
                        traces
                    };
                    let traces = match mode {
                        Mode::Raw => lab.vantage().enter(run),
                        Mode::Unprivileged => lab.vantage().enter_unprivileged(run),
                    };
                    assert_eq!(traces.len(), usize::from(TRACES));
                    for trace in &traces {
                        check_chain(&lab, trace, 5, family, protocol, 3);
                        let tos = trace.settings.as_ref().map(|settings| settings.tos);
                        let mut replies = trace.hops.iter().flat_map(|hop| &hop.probes).filter_map(|probe| probe.reply());
                        assert!(replies.all(|reply| reply.quoted.is_none_or(|quoted| Some(quoted.tos) == tos)));
                    }
                }
            }
        }
    }

    /// An ICMP error that is pending on a socket makes the next send fail, and that packet is not sent. On a
    /// chain without delay the errors come while probes are still being sent.
    fn a_pending_error_costs_no_probe() {
        let lab = Chain::of(12).without_limits().build();
        for family in [4, 6] {
            for protocol in [Protocol::Icmp, Protocol::Udp] {
                let settings = Settings { queries: 20, ..Settings::default() };
                let trace = trace(&lab, Mode::Unprivileged, job_with(lab.target(family), protocol, settings));
                check_chain(&lab, &trace, 12, family, protocol, 20);
            }
        }
    }
}
