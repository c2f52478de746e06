//! From a host to jobs of the tracer: which address, which protocol, how far it is likely to be.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use anyhow::anyhow;
use trace_core::Error;
use trace_core::engine::TargetIndex;
use trace_core::model::{
    Family, Hop, Mode, ProbeResult, Protocol, Protocols, Settings, Target, Trace, TraceKind, Ttl,
};
use trace_core::sys;
use trace_core::tracer::Job;
use trace_store::Store;

use super::AnyTracer;
use crate::clock;
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::host::Host;
use crate::say::Voice;
use crate::settings::{Aim, Choice};

/// The most paths whose lengths are remembered.
const REMEMBERED: usize = 1 << 16;

/// Starts traces, and starts them again towards the next address of a host where the first leads nowhere.
pub(in crate::verb) struct Launch {
    /// Notes go under a table, and are not said while traces are made.
    table: bool,
    voice: Voice,
    /// What earlier traces tell of the length of paths.
    before: Option<Store>,
    /// The same of traces of this run.
    lengths: BTreeMap<(IpAddr, Protocol), Ttl>,
    running: BTreeMap<TargetIndex, Attempt>,
}

/// A trace that was started.
struct Attempt {
    aim: Arc<Aim>,
    /// What whoever started it calls it.
    tag: usize,
    job: Job,
    mode: Mode,
    remarks: Vec<String>,
    /// What the tracer had to say when it was started.
    told: Vec<String>,
    /// Further addresses of its host, best first.
    others: VecDeque<IpAddr>,
}

/// What to do with a finished trace.
pub(in crate::verb) enum Next {
    /// It is the host's trace; these remarks belong to it.
    Enough(Vec<String>),
    /// Nothing left this machine; another address is being traced.
    Another,
    /// Nothing left this machine, and there is no other address. It is the host's trace all the same.
    Failed(Failure, Vec<String>),
}

/// What to probe with.
struct Plan {
    protocols: Protocols,
    /// What else to try where that does not reach the target.
    otherwise: Vec<Protocol>,
    /// Why these.
    remarks: Vec<String>,
}

impl Launch {
    pub(in crate::verb) const fn new(before: Option<Store>, table: bool, voice: Voice) -> Self {
        Self { table, voice, before, lengths: BTreeMap::new(), running: BTreeMap::new() }
    }

    pub(in crate::verb) const fn voice(&self) -> Voice {
        self.voice
    }

    /// How many traces are under way.
    pub(in crate::verb) fn running(&self) -> usize {
        self.running.len()
    }

    /// Starts the trace of a host, to the first of its addresses that there is a way to; or to all of them, if that
    /// was asked for. `tag` is what the caller calls them. Says how many traces were
    /// started, and why others were not.
    pub(in crate::verb) fn host(
        &mut self,
        tracer: &mut AnyTracer,
        (aim, tag): (&Arc<Aim>, usize),
        host: &Host,
        addresses: anyhow::Result<Vec<IpAddr>>,
    ) -> (usize, Result<()>) {
        let addresses = match addresses.blame(Exit::CouldNotProbe) {
            Ok(addresses) => addresses,
            Err(failure) => return (0, Err(failure)),
        };
        self.voice.tell(|| format!("{}: {addresses:?}", host.name().unwrap_or("address")));
        let (name, zone) = (host.name(), host.zone());
        if !aim.all_addresses {
            let started = self.first_of(tracer, (aim, tag), (name, zone), addresses.into());
            return (usize::from(started.is_ok()), started);
        }
        let (mut started, mut refused) = (0, None);
        for address in addresses {
            match self.first_of(tracer, (aim, tag), (name, zone), [address].into()) {
                Ok(()) => started += 1,
                // The other addresses are traced all the same.
                Err(failure) => refused = refused.or(Some(failure)),
            }
        }
        (started, refused.map_or(Ok(()), Err))
    }

    fn first_of(
        &mut self,
        tracer: &mut AnyTracer,
        (aim, tag): (&Arc<Aim>, usize),
        (name, zone): (Option<&str>, Option<&str>),
        mut addresses: VecDeque<IpAddr>,
    ) -> Result<()> {
        let (mut exit, mut refusals) = (None, Vec::new());
        while let Some(address) = addresses.pop_front() {
            let plan = plan(aim, tracer.mode(), Family::of(address));
            let job = self.job(aim, (name, zone), address, &plan)?;
            match tracer.add(job.clone()) {
                Ok(target) => {
                    let told = tracer.notes(target).to_vec();
                    for note in &told {
                        self.voice.warn(note);
                    }
                    let (mode, remarks) = (tracer.mode(), plan.remarks);
                    let aim = Arc::clone(aim);
                    let attempt = Attempt { aim, tag, job, mode, remarks, told, others: addresses };
                    self.running.insert(target, attempt);
                    return Ok(());
                }
                Err(error) => {
                    self.voice.tell(|| format!("{error}; {} more addresses to try", addresses.len()));
                    exit.get_or_insert(exit_of(&error));
                    refusals.push(error.to_string());
                }
            }
        }
        let refusals = refusals.join("; ");
        let cause = match name {
            Some(name) => anyhow!("cannot trace to {name}: {refusals}"),
            None => anyhow!(refusals),
        };
        // The best address tells best what is wrong.
        Err(Failure::new(exit.unwrap_or(Exit::CouldNotProbe), cause))
    }

    fn job(
        &self,
        aim: &Aim,
        (name, zone): (Option<&str>, Option<&str>),
        address: IpAddr,
        plan: &Plan,
    ) -> Result<Job> {
        let mut random = [0; 10];
        getrandom::fill(&mut random)
            .map_err(|error| anyhow!("could not make an id for the trace: {error}"))
            .blame(Exit::CouldNotProbe)?;
        let started = clock::now();
        let target = Target { name: name.map(str::to_owned), address };
        let interface = zone.map(str::to_owned).or_else(|| aim.probing.interface.clone());
        Ok(Job {
            otherwise: plan.otherwise.clone(),
            share: aim.share,
            settings: Settings { interface, ..aim.probing.clone() },
            expected_length: self.expected_length(address, plan.protocols),
            vantage: aim.vantage.clone(),
            origin: aim.origin,
            ..Job::new(trace_store::new_id(started, random), target, plan.protocols, started)
        })
    }

    /// How long the path to an address was when it was last reached.
    /// It is a hint: a store that cannot tell stops no measurement.
    fn expected_length(&self, address: IpAddr, protocols: Protocols) -> Option<Ttl> {
        let Protocols::One(protocol) = protocols else { return None };
        if let Some(length) = self.lengths.get(&(address, protocol)) {
            return Some(*length);
        }
        let known = self.before.as_ref()?.expected_length(address, protocol);
        let length = known.unwrap_or_else(|error| {
            self.voice.warn(&format!("the path as it was before is not known: {error}"));
            None
        })?;
        self.voice.tell(|| format!("{address} was {length} hops away when it was last reached"));
        Some(length)
    }

    /// Remembers how long a path was, for the next trace along it.
    pub(in crate::verb) fn learn(&mut self, trace: &Trace) {
        let (Some(target), Some(Protocols::One(protocol))) = (&trace.target, trace.protocol) else { return };
        let length = trace.hops.last().filter(|_| trace.reached()).map(|hop| hop.ttl);
        if self.lengths.len() >= REMEMBERED {
            self.lengths.clear();
        }
        if let Some(length) = length {
            self.lengths.insert((target.address, protocol), length);
        }
    }

    /// What whoever started a running trace calls it.
    pub(in crate::verb) fn tag(&self, target: TargetIndex) -> Option<usize> {
        self.running.get(&target).map(|attempt| attempt.tag)
    }

    /// The first of the running traces.
    pub(super) fn first(&self) -> Option<TargetIndex> {
        self.running.keys().next().copied()
    }

    /// The first of the running traces, before anything is known.
    pub(super) fn first_draft(&self) -> Option<(Trace, &[String])> {
        self.draft(self.first()?, Vec::new())
    }

    /// A running trace as far as it is known before it is finished, and remarks on how it is made.
    pub(super) fn draft(&self, target: TargetIndex, hops: Vec<Hop>) -> Option<(Trace, &[String])> {
        let Attempt { job, mode, remarks, .. } = self.running.get(&target)?;
        let trace = Trace {
            id: job.id,
            kind: TraceKind::Measured,
            vantage: job.vantage.clone(),
            target: Some(job.target.clone()),
            source: None,
            origin: job.origin,
            protocol: Some(job.protocols),
            mode: Some(*mode),
            settings: Some(job.settings.clone()),
            started: job.started,
            duration: None,
            outcome: None,
            outcome_detail: None,
            hops,
        };
        Some((trace, remarks))
    }

    /// Decides what becomes of a finished trace.
    pub(in crate::verb) fn next(
        &mut self,
        tracer: &mut AnyTracer,
        target: TargetIndex,
        trace: &Trace,
    ) -> Next {
        let Some(attempt) = self.running.remove(&target) else { return Next::Enough(Vec::new()) };
        let Attempt { aim, tag, job, others, mut remarks, told, .. } = attempt;
        // Which of several protocols got furthest, and what else came up on the way.
        for note in tracer.notes(target).iter().filter(|note| !told.contains(note)) {
            if self.table {
                remarks.push(format!("({note})"));
            } else {
                self.voice.warn(note);
            }
        }
        let Some(error) = why_nothing_left(trace) else { return Next::Enough(remarks) };
        let failure =
            Failure::new(Exit::CouldNotProbe, anyhow!("no probe to {} could be sent: {error}", job.target));
        if others.is_empty() {
            return Next::Failed(failure, remarks);
        }
        self.voice.tell(|| format!("{failure}; trying the next address"));
        match self.first_of(tracer, (&aim, tag), (job.target.name.as_deref(), None), others) {
            Ok(()) => Next::Another,
            Err(_) => Next::Failed(failure, remarks),
        }
    }
}

/// What was asked for, or what is permitted, with remarks on why.
fn plan(aim: &Aim, mode: Mode, family: Family) -> Plan {
    let mut remarks = Vec::new();
    if mode == Mode::Unprivileged && aim.mode.is_none() {
        remarks.push("unprivileged since raw sockets are not permitted".to_owned());
    }
    let (protocols, otherwise) = match aim.choice {
        Choice::Exactly(protocols) => (protocols, Vec::new()),
        Choice::Furthest { ports, typed } => {
            let icmp = mode == Mode::Raw || sys::can_ping(family);
            if !icmp && !ports {
                remarks.push("udp since net.ipv4.ping_group_range permits this group no icmp".to_owned());
            }
            let mut order = Protocol::ALL.iter().copied();
            let mut order: VecDeque<Protocol> =
                order.by_ref().filter(|protocol| *protocol != Protocol::Icmp || (icmp && !ports)).collect();
            let first = order.pop_front().unwrap_or(Protocol::Udp);
            // A list holds many who never answer: three protocols would take thrice as long for each of them.
            let further = typed || !aim.is_list;
            (Protocols::One(first), if further { order.into() } else { Vec::new() })
        }
    };
    let remarks = if remarks.is_empty() { remarks } else { vec![format!("({})", remarks.join("; "))] };
    Plan { protocols, otherwise, remarks }
}

/// What the system said if it let no probe out at all.
fn why_nothing_left(trace: &Trace) -> Option<&str> {
    let mut why = None;
    for probe in trace.hops.iter().flat_map(|hop| &hop.probes) {
        match &probe.result {
            ProbeResult::Unsent { error } => why = why.or(Some(error.as_str())),
            ProbeResult::Answered(_) | ProbeResult::Silent => return None,
        }
    }
    why
}

/// A probe that cannot be as it was asked for makes no sense; everything else could not be probed.
const fn exit_of(error: &Error) -> Exit {
    match error {
        Error::ProbeSize { .. } => Exit::Senseless,
        _ => Exit::CouldNotProbe,
    }
}
