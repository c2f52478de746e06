//! The loop: what is due is traced, what is found is handed on.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use trace_core::link::Link;
use trace_core::model::Outcome;

use super::keeper::Work;
use super::lookup::Lookup;
use super::notice::Notice;
use super::prober::{Happened, Prober};
use super::schedule::{Account, Disturbance, Ended, Schedule};
use super::seat::{Seats, Ticket};
use super::{clocks, reread, terms, word};
use crate::config::Given;
use crate::exit::{Exit, Result};
use crate::host::Host;
use crate::say::Voice;
use crate::settings::{How, WatchSettings};
use crate::supervisor::Supervisor;

/// How long notices may have to wait for the tracer.
const TURN: Duration = Duration::from_millis(20);
/// How long nothing is looked at: clocks may be set, and the machine may sleep.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Targets that are traced or looked up at once.
const AT_ONCE: usize = 2048;
/// How often it is told what became of all slots.
const ACCOUNT: Duration = Duration::from_secs(3600);
/// The same for who asked to be told more.
const ACCOUNT_OFTEN: Duration = Duration::from_secs(10);
/// All that ends has ended by then.
const END: Duration = Duration::from_millis(4500);

/// What a watcher is made of.
pub(super) struct Parts {
    pub(super) settings: WatchSettings,
    pub(super) given: Given,
    pub(super) notices: Receiver<Notice>,
    pub(super) work: Sender<Work>,
    pub(super) lookup: Lookup,
    pub(super) full: Arc<AtomicBool>,
    pub(super) link: Box<dyn Link>,
    pub(super) voice: Voice,
}

/// Whose traces those are.
#[derive(Debug, Clone)]
struct Errand {
    ticket: Ticket,
    host: Host,
    how: Arc<How>,
    /// How many are under way.
    traces: usize,
}

/// Watches targets.
pub(super) struct Watcher {
    settings: WatchSettings,
    given: Given,
    notices: Receiver<Notice>,
    work: Sender<Work>,
    lookup: Lookup,
    full: Arc<AtomicBool>,
    voice: Voice,
    prober: Prober,
    schedule: Schedule,
    seats: Seats,
    supervisor: Supervisor,
    /// Whose traces are under way, by what they are called.
    errands: HashMap<usize, Errand>,
    begun: usize,
    /// Targets whose addresses were found while none was to begin.
    ready: VecDeque<(Ticket, anyhow::Result<Vec<IpAddr>>)>,
    /// Somebody wants an end, since then.
    ending: Option<Instant>,
    account_at: Instant,
    /// Everything that was handed over could be kept.
    kept: bool,
}

impl Watcher {
    /// `last` says when names and addresses were last traced.
    pub(super) fn new(parts: Parts, last: HashMap<String, i64>) -> Self {
        let Parts { settings, given, notices, work, lookup, full, link, voice } = parts;
        let prober = Prober::new(link, settings.mode, settings.rate, voice);
        let mut schedule = Schedule::new(clocks::now());
        let mut seats = Seats::default();
        seats.seat(&settings.targets, &mut schedule, |host: &Host| last.get(&word(host)).copied());
        Self {
            settings,
            given,
            notices,
            work,
            lookup,
            full,
            voice,
            prober,
            schedule,
            seats,
            supervisor: Supervisor::new(),
            errands: HashMap::new(),
            begun: 0,
            ready: VecDeque::new(),
            ending: None,
            account_at: now() + account_span(voice),
            kept: true,
        }
    }

    /// Watches until a signal says that it is enough.
    pub(super) fn run(mut self, keeper: JoinHandle<()>) -> Result<Exit> {
        for broken in &self.settings.broken {
            tracing::warn!("{broken}");
        }
        let mode = self.prober.mode();
        tracing::info!(targets = self.seats.count(), mode = %mode, data_dir = %self.settings.data_dir.display(), "watching");
        self.supervisor.ready(&self.status());
        while self.ending.is_none() || self.prober.running() > 0 {
            self.step();
            if self.ending.is_some_and(|since| now() >= since + END / 2) {
                break;
            }
        }
        self.finish(keeper)
    }

    fn step(&mut self) {
        if let Some(disturbance) = self.schedule.tick(clocks::now()) {
            match disturbance {
                Disturbance::Asleep(span) => tracing::info!("the machine was asleep for {}", whole(span)),
                Disturbance::Set(nanoseconds) => {
                    let way = if nanoseconds < 0 { "back" } else { "forward" };
                    let span = whole(Duration::from_nanos(nanoseconds.unsigned_abs()));
                    tracing::info!("the clock was set {way} by {span}");
                }
            }
        }
        while let Ok(notice) = self.notices.try_recv() {
            self.take(notice);
        }
        self.begin_due();
        if self.prober.running() > 0 {
            let happened = self.prober.next(TURN, self.ending.is_some());
            self.happened(happened);
        } else if self.ending.is_none() {
            let pause = self.schedule.pause().unwrap_or(LONGEST_PAUSE);
            // Who waits for room waits a little.
            let is_open = self.seats.busy() < AT_ONCE;
            let pause = if is_open { pause } else { TURN };
            match self.notices.recv_timeout(pause.min(LONGEST_PAUSE).min(self.supervisor.patience())) {
                Ok(notice) => self.take(notice),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
        }
        let Self { supervisor, seats, schedule, .. } = self;
        supervisor.beat(|| status(seats, &schedule.total()));
        self.tell_account();
    }

    fn begin_due(&mut self) {
        while self.ending.is_none() && !self.prober.is_draining() {
            let Some((ticket, addresses)) = self.ready.pop_front() else { break };
            self.begin(ticket, addresses);
        }
        while self.ending.is_none() && self.seats.busy() < AT_ONCE && !self.prober.is_draining() {
            let Some(place) = self.schedule.due() else { return };
            let Some((ticket, seat)) = self.seats.at(place) else { continue };
            if self.full.load(Ordering::Relaxed) {
                self.schedule.refused(place);
                continue;
            }
            let host = seat.wanted.host.clone();
            let wish = seat.how().aim.wish.clone();
            let address = match &host {
                Host::Address(address) => Some(*address),
                Host::OnLink { address, .. } => Some((*address).into()),
                Host::Name { .. } => None,
            };
            self.seats.begin(ticket, 1, clocks::now().wall);
            match address {
                Some(address) => self.begin(ticket, Ok(vec![address])),
                None => self.lookup.ask(ticket, host, wish),
            }
        }
    }

    /// Begins the traces of a target whose addresses are known, or are known not to be.
    fn begin(&mut self, ticket: Ticket, addresses: anyhow::Result<Vec<IpAddr>>) {
        let Some(seat) = self.seats.get(ticket) else { return };
        let (host, how) = (seat.wanted.host.clone(), Arc::clone(seat.how()));
        self.begun = self.begun.wrapping_add(1);
        let tag = self.begun;
        let (traces, refused) = self.prober.begin(&how.aim, tag, &host, addresses);
        if let Err(failure) = refused {
            tracing::warn!(host = %word(&host), "not traced, and tried again: {failure}");
            self.voice.point(&failure.to_string());
        }
        if traces == 0 {
            return self.end(ticket, Ended::Failed);
        }
        tracing::debug!(host = %word(&host), "begun");
        self.seats.begin(ticket, traces, clocks::now().wall);
        self.errands.insert(tag, Errand { ticket, host, how, traces });
    }

    fn happened(&mut self, happened: Happened) {
        match happened {
            Happened::Measured(tag, trace, remarks) => {
                let Some(Errand { ticket, host, how, .. }) = self.errands.get(&tag).cloned() else { return };
                if trace.hops.is_empty() && trace.outcome == Some(Outcome::Interrupted) {
                    return self.over(tag, Ended::Failed);
                }
                let outcome = trace.outcome.map_or("-", Outcome::as_str);
                tracing::debug!(host = %word(&host), id = %trace.id, outcome, remarks = %remarks.join(" "), "traced");
                // The keeper takes everything until it is told to end.
                let _ = self.work.send(Work::Trace(ticket, how, trace));
                self.over(tag, Ended::Traced);
            }
            Happened::Failed(tag, cause) => {
                if let Some(Errand { host, .. }) = self.errands.get(&tag) {
                    tracing::warn!(host = %word(host), "not traced, and tried again: {cause}");
                    self.voice.point(&cause.to_string());
                }
                self.over(tag, Ended::Failed);
            }
            Happened::Broken(cause) => {
                tracing::error!("the sockets cannot be read, and are opened anew: {cause}");
                self.errands.clear();
                self.seats.abandon(&mut self.schedule);
            }
            Happened::Nothing => {}
        }
    }

    /// One trace is over.
    fn over(&mut self, tag: usize, ended: Ended) {
        let Some(errand) = self.errands.get_mut(&tag) else { return };
        errand.traces = errand.traces.saturating_sub(1);
        let (ticket, more) = (errand.ticket, errand.traces > 0);
        if !more {
            self.errands.remove(&tag);
        }
        self.end(ticket, ended);
    }

    fn end(&mut self, ticket: Ticket, ended: Ended) {
        if let Some(ended) = self.seats.end(ticket, ended) {
            self.schedule.ended(ticket.place, ended);
        }
    }

    fn take(&mut self, notice: Notice) {
        match notice {
            Notice::End => {
                if self.ending.is_none() {
                    tracing::info!("ending");
                    self.supervisor.stopping();
                    self.ending = Some(now());
                }
            }
            Notice::Reload => self.reload(),
            Notice::Found(ticket, addresses) => self.ready.push_back((ticket, addresses)),
            Notice::Judged(ticket, changed) => {
                if self.seats.get(ticket).is_some() {
                    self.schedule.judged(ticket.place, changed);
                }
            }
            Notice::Kept { all } => self.kept &= all,
        }
    }

    /// Reads everything that was configured anew. What makes no sense leaves all as it is.
    fn reload(&mut self) {
        self.supervisor.reloading();
        let read = reread(&self.given, &self.settings).and_then(|(given, settings)| {
            crate::sources::Keys::configure(&given.config);
            // Here all has to make sense: what runs is better than a part of what was meant.
            let terms = terms(&settings, |from| crate::sources::open(from, self.voice))?;
            Ok((terms, given, settings))
        });
        match read {
            Ok((terms, given, settings)) => {
                for broken in &settings.broken {
                    tracing::warn!("{broken}");
                }
                let now = &self.settings;
                for (name, differs) in [
                    ("data-dir", settings.data_dir != now.data_dir),
                    ("mode", settings.mode != now.mode),
                    ("log-format", settings.log_format != now.log_format),
                ] {
                    if differs {
                        tracing::warn!("a new {name} holds from the next start on");
                    }
                }
                let (new, gone) = self.seats.seat(&settings.targets, &mut self.schedule, |_| None);
                self.prober.set_rate(settings.rate);
                let _ = self.work.send(Work::Terms(Box::new(terms)));
                let mut settings = settings;
                settings.data_dir.clone_from(&now.data_dir);
                settings.mode = now.mode;
                self.settings = settings;
                self.given = given;
                tracing::info!(targets = self.seats.count(), new, gone, "reloaded");
            }
            Err(failure) => {
                crate::sources::Keys::configure(&self.given.config);
                tracing::error!("not reloaded, what runs goes on: {failure}");
            }
        }
        self.supervisor.ready(&self.status());
    }

    fn status(&self) -> String {
        status(&self.seats, &self.schedule.total())
    }

    fn tell_account(&mut self) {
        if now() < self.account_at {
            return;
        }
        self.account_at = now() + account_span(self.voice);
        self.account("so far");
    }

    fn account(&self, when: &str) {
        let total = self.schedule.total();
        let Account { traced, quiet, busy, failed, asleep, late, full, extra } = total;
        let slots = total.slots();
        tracing::info!(slots, traced, quiet, busy, failed, asleep, late, full, extra, "slots {when}");
    }

    /// Has everything kept, and ends.
    fn finish(mut self, keeper: JoinHandle<()>) -> Result<Exit> {
        let end = self.ending.unwrap_or_else(now) + END;
        self.seats.abandon(&mut self.schedule);
        let _ = self.work.send(Work::End);
        let mut told = false;
        while !told && now() < end {
            match self.notices.recv_timeout(end.saturating_duration_since(now())) {
                Ok(Notice::Kept { all }) => {
                    self.kept &= all;
                    told = true;
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        if told {
            // Whoever panicked has said so.
            let _ = keeper.join();
        } else {
            tracing::error!("not everything could be kept in time");
        }
        self.account("in all");
        Ok(if told && self.kept { Exit::Done } else { Exit::CouldNotKeep })
    }
}

const fn account_span(voice: Voice) -> Duration {
    if voice.is_verbose() { ACCOUNT_OFTEN } else { ACCOUNT }
}

fn status(seats: &Seats, total: &Account) -> String {
    let left_out = total.slots() - total.traced;
    format!(
        "{} targets, {} under way, {} traced, {left_out} left out",
        seats.count(),
        seats.busy(),
        total.traced
    )
}

/// To the second.
fn whole(span: Duration) -> String {
    humantime::format_duration(Duration::from_secs(span.as_secs())).to_string()
}

#[expect(clippy::disallowed_methods, reason = "the end of a program comes soon, whatever clocks are set to")]
fn now() -> Instant {
    Instant::now()
}
