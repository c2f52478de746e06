//! The tracer of a program that runs for years, and the traces under way in it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use trace_core::link::Link;
use trace_core::model::{Mode, Trace};
use trace_core::sys;
use trace_core::tracer::{Event, Tracer};

use crate::exit::Result;
use crate::host::Host;
use crate::say::Voice;
use crate::settings::Aim;
use crate::verb::trace::AnyTracer;
use crate::verb::trace::launch::{Launch, Next};

/// After so many traces the tracer is made anew: it remembers a little of each.
const WORN: usize = 4096;
/// What traces know of their common first routers is forgotten when none is under way. Where that never happens by itself,
/// new ones wait for it after this time: nothing is taken over from what was true a minute ago.
const LONGEST_TURN: Duration = Duration::from_secs(60);

/// What happened.
pub(super) enum Happened {
    /// A trace was made, or ended early; with what to call it and remarks on how it was made.
    Measured(usize, Box<Trace>, Vec<String>),
    /// Nothing could be sent.
    Failed(usize, String),
    /// The sockets cannot be read any more: every trace under way is lost.
    Broken(String),
    /// Nothing, for as long as it was waited.
    Nothing,
}

/// Traces under way.
pub(super) struct Prober {
    tracer: AnyTracer,
    launch: Launch,
    mode: Option<Mode>,
    rate: u32,
    begun: usize,
    /// Since when there has always been a trace under way.
    busy_since: Option<Instant>,
}

impl Prober {
    pub(super) fn new(link: Box<dyn Link>, mode: Option<Mode>, rate: u32, voice: Voice) -> Self {
        let tracer = Tracer::new(link).with_rate(rate);
        Self { tracer, launch: Launch::new(None, false, voice), mode, rate, begun: 0, busy_since: None }
    }

    pub(super) fn mode(&self) -> Mode {
        self.tracer.mode()
    }

    /// How many traces are under way.
    pub(super) fn running(&self) -> usize {
        self.launch.running()
    }

    /// Whether new traces have to wait until those under way are over.
    pub(super) fn is_draining(&self) -> bool {
        self.running() > 0
            && (self.begun >= WORN || self.busy_since.is_some_and(|since| now() >= since + LONGEST_TURN))
    }

    /// Changes the probes a second over all traces.
    pub(super) fn set_rate(&mut self, rate: u32) {
        self.rate = rate;
        self.tracer.set_rate(rate);
    }

    /// Begins to trace to a host; says how many traces that are, and why others are not made.
    pub(super) fn begin(
        &mut self,
        aim: &Arc<Aim>,
        tag: usize,
        host: &Host,
        addresses: anyhow::Result<Vec<IpAddr>>,
    ) -> (usize, Result<()>) {
        self.refresh();
        let (begun, refused) = self.launch.host(&mut self.tracer, (aim, tag), host, addresses);
        self.begun += begun;
        (begun, refused)
    }

    /// A tracer that has nothing to do is made anew when it is worn; its sockets stay.
    fn refresh(&mut self) {
        if self.running() > 0 {
            return;
        }
        self.busy_since = Some(now());
        if self.begun >= WORN && self.tracer.forget() {
            self.begun = 0;
        }
    }

    /// What happens within `limit`.
    pub(super) fn next(&mut self, limit: Duration, cancelled: bool) -> Happened {
        match self.tracer.next_event_within(limit, &|| cancelled) {
            Ok(Some(Event::Finished { target, trace })) => {
                let tag = self.launch.tag(target).unwrap_or(usize::MAX);
                match self.launch.next(&mut self.tracer, target, &trace) {
                    Next::Enough(remarks) => {
                        self.launch.learn(&trace);
                        Happened::Measured(tag, trace, remarks)
                    }
                    Next::Another => Happened::Nothing,
                    Next::Failed(failure, _) => Happened::Failed(tag, failure.to_string()),
                }
            }
            Ok(_) => Happened::Nothing,
            Err(error) => {
                self.launch = Launch::new(None, false, self.launch.voice());
                // Where there are no others, those that are there may work again.
                if let Ok(link) = sys::open(self.mode) {
                    self.tracer = Tracer::new(link).with_rate(self.rate);
                    self.begun = 0;
                }
                Happened::Broken(error.to_string())
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how long traces overlap is no matter of a measurement")]
fn now() -> Instant {
    Instant::now()
}
