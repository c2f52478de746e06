use std::net::IpAddr;

use super::{Canceller, Event, Job, Tracer};
use crate::Error;
use crate::engine::TargetIndex;
use crate::link::Link;
#[cfg(feature = "net")]
use crate::model::Mode;
use crate::model::{Protocol, Protocols, Settings, Target, Trace, Ttl, Uuid};

impl From<IpAddr> for Target {
    /// A target that is known by its address alone.
    fn from(address: IpAddr) -> Self {
        Self { name: None, address }
    }
}

impl Tracer<Box<dyn Link>> {
    /// Begins to describe one measurement. An address is enough; everything else has a default.
    ///
    /// On the network, with raw sockets where they are permitted and ordinary ones where they are not:
    ///
    /// ```no_run
    /// # #[cfg(feature = "net")]
    /// # fn main() -> Result<(), trace_core::Error> {
    /// use trace_core::model::Protocol;
    /// use trace_core::tracer::Tracer;
    ///
    /// let target = std::net::IpAddr::from([192, 0, 2, 80]);
    /// let trace = Tracer::builder(target).protocol(Protocol::Icmp).queries(1).build()?.run()?;
    /// for hop in &trace.hops {
    ///     println!("{} {:?} {:?}", hop.ttl, hop.answerers(), hop.statistics().min);
    /// }
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "net"))]
    /// # fn main() {}
    /// ```
    #[must_use]
    pub fn builder(target: impl Into<Target>) -> Builder {
        let mut job = Job::new(Uuid::nil(), target.into(), Protocols::One(Protocol::Udp), 0);
        job.share = false;
        Builder {
            job,
            #[cfg(feature = "net")]
            mode: None,
        }
    }
}

/// One measurement as it is being described; made by [`Tracer::builder`].
///
/// Unless told otherwise it probes by UDP, which works with and without privileges, and as
/// [`Settings::default`] says.
#[derive(Debug, Clone)]
pub struct Builder {
    job: Job,
    #[cfg(feature = "net")]
    mode: Option<Mode>,
}

impl Builder {
    /// The name that led to the address, for whoever reads the trace.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.job.target.name = Some(name.into());
        self
    }

    /// Probes by this protocol.
    #[must_use]
    pub const fn protocol(mut self, protocol: Protocol) -> Self {
        self.job.protocols = Protocols::One(protocol);
        self
    }

    /// Probes by ICMP, UDP and TCP side by side.
    #[must_use]
    pub const fn all_protocols(mut self) -> Self {
        self.job.protocols = Protocols::All;
        self
    }

    /// Goes on with these protocols if the first does not reach the target; see [`Job::otherwise`].
    #[must_use]
    pub fn otherwise(mut self, protocols: impl IntoIterator<Item = Protocol>) -> Self {
        self.job.otherwise = protocols.into_iter().collect();
        self
    }

    /// Probes per TTL, flow, protocol and round.
    #[must_use]
    pub const fn queries(mut self, queries: u8) -> Self {
        self.job.settings.queries = queries;
        self
    }

    /// The last TTL probed.
    #[must_use]
    pub const fn max_ttl(mut self, ttl: Ttl) -> Self {
        self.job.settings.max_ttl = ttl;
        self
    }

    /// Flows probed side by side.
    #[must_use]
    pub const fn flows(mut self, flows: u16) -> Self {
        self.job.settings.flows = flows;
        self
    }

    /// Rounds; `u32::MAX` goes on until it is cancelled.
    #[must_use]
    pub const fn rounds(mut self, rounds: u32) -> Self {
        self.job.settings.rounds = rounds;
        self
    }

    /// All settings at once, in place of those made so far.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.job.settings = settings;
        self
    }

    /// The length of the path as an earlier trace found it. It saves a few packets.
    #[must_use]
    pub const fn expected_length(mut self, length: Ttl) -> Self {
        self.job.expected_length = Some(length);
        self
    }

    /// The name of the trace for ever. [`Builder::build`] makes one if none is given.
    #[must_use]
    pub const fn id(mut self, id: Uuid) -> Self {
        self.job.id = id;
        self
    }

    /// When the trace starts, in nanoseconds since 1970 UTC. [`Builder::build`] asks the clock if it is not given.
    #[must_use]
    pub const fn started(mut self, nanoseconds: i64) -> Self {
        self.job.started = nanoseconds;
        self
    }

    /// Sends in this mode only. Otherwise by raw sockets where they are permitted and ordinary ones where not.
    #[cfg(feature = "net")]
    #[must_use]
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Prepares the measurement on the network of this machine.
    ///
    /// # Errors
    ///
    /// Sockets cannot be opened, or the target cannot be probed from here.
    #[cfg(feature = "net")]
    pub fn build(mut self) -> Result<Measurement<Box<dyn Link>>, Error> {
        if self.job.started == 0 {
            self.job.started = crate::sys::wall_clock();
        }
        if self.job.id.is_nil() {
            self.job.id = crate::sys::new_id(self.job.started);
        }
        let link = crate::sys::open(self.mode)?;
        self.build_on(link)
    }

    /// Prepares the measurement on any link, such as one into a simulated network.
    ///
    /// # Errors
    ///
    /// The link cannot probe the target.
    pub fn build_on<L: Link>(self, link: L) -> Result<Measurement<L>, Error> {
        let mut tracer = Tracer::new(link);
        let target = tracer.add(self.job)?;
        Ok(Measurement { tracer, target })
    }
}

/// One measurement, ready to be made: at once with [`Measurement::run`], or event by event with
/// [`Measurement::events`].
#[derive(Debug)]
pub struct Measurement<L> {
    tracer: Tracer<L>,
    target: TargetIndex,
}

impl<L: Link> Measurement<L> {
    /// What the link cannot keep, in sentences for a person.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        self.tracer.notes(self.target)
    }

    /// Something to cancel it with, also from another thread.
    ///
    /// ```
    /// # #[cfg(feature = "sim")]
    /// # fn main() -> Result<(), trace_core::Error> {
    /// use std::{thread, time::Duration};
    ///
    /// use trace_core::model::{Family, Mode, Outcome};
    /// use trace_core::sim::{Network, SimulatedLink, target};
    /// use trace_core::tracer::Tracer;
    ///
    /// let link = SimulatedLink::new(Network::chain(Family::V6, 10, Duration::from_millis(5)), 1, Mode::Raw);
    /// let measurement = Tracer::builder(target(Family::V6, 1)).rounds(u32::MAX).build_on(link)?;
    /// let canceller = measurement.canceller();
    /// let other = thread::spawn(move || canceller.cancel());
    /// let trace = measurement.run()?;
    /// assert_eq!(trace.outcome, Some(Outcome::Interrupted));
    /// # let _ = other.join();
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sim"))]
    /// # fn main() {}
    /// ```
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        self.tracer.canceller()
    }

    /// Makes it, and returns when it is finished or was cancelled.
    ///
    /// # Errors
    ///
    /// The link can no longer be read.
    pub fn run(mut self) -> Result<Trace, Error> {
        while let Some(event) = self.tracer.next_event(&|| false)? {
            if let Event::Finished { trace, .. } = event {
                return Ok(*trace);
            }
        }
        Err(Error::Unfinished)
    }

    /// Makes it while it is asked for what happens. The last event is [`Event::Finished`].
    ///
    /// ```
    /// # #[cfg(feature = "sim")]
    /// # fn main() -> Result<(), trace_core::Error> {
    /// use std::time::Duration;
    ///
    /// use trace_core::model::{Family, Mode, Protocol};
    /// use trace_core::sim::{Network, SimulatedLink, target};
    /// use trace_core::tracer::{Event, Tracer};
    ///
    /// // Ten routers, 5 ms from each to the next, in virtual time: nothing is sent.
    /// let link = SimulatedLink::new(Network::chain(Family::V4, 10, Duration::from_millis(5)), 1, Mode::Raw);
    /// let measurement = Tracer::builder(target(Family::V4, 1)).protocol(Protocol::Icmp).build_on(link)?;
    /// let mut answers = 0;
    /// for event in measurement.events() {
    ///     match event? {
    ///         Event::Answered { .. } => answers += 1,
    ///         Event::Finished { trace, .. } => assert_eq!(trace.hops.len(), 11),
    ///         _ => {}
    ///     }
    /// }
    /// assert!(answers >= 33);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "sim"))]
    /// # fn main() {}
    /// ```
    #[must_use]
    pub const fn events(self) -> Events<L> {
        Events { measurement: Some(self) }
    }
}

/// What happens in one measurement, as it happens; made by [`Measurement::events`].
#[derive(Debug)]
pub struct Events<L> {
    /// `None` once it is over.
    measurement: Option<Measurement<L>>,
}

impl<L: Link> Iterator for Events<L> {
    type Item = Result<Event, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let event = self.measurement.as_mut()?.tracer.next_event(&|| false).transpose();
        if !matches!(event, Some(Ok(_))) {
            self.measurement = None;
        }
        event
    }
}
