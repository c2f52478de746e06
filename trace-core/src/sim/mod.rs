//! A seeded network in memory and virtual time, and a [`Link`](crate::link::Link) into it.
//!
//! For whoever tests an engine, or wants to see how a trace behaves on a network that is hard to build: it
//! needs no privileges, no sockets and no waiting, and the same seed gives the same trace to the nanosecond.
//!
//! A [`Network`] is a set of numbered [`Router`]s and of [`Host`]s, and for each host the [`Path`] that leads
//! to it. A router has a [`Line`] in front of it, with delay, jitter and loss; it may be silent, slow, limited
//! in what it answers, refuse or drop what it should forward, and report labels. A path may balance load per
//! flow or per packet, go round in circles, or be replaced by another at some moment. A [`Tunnel`] shows its routers or hides them.
//!
//! [`SimulatedLink`] sends the very bytes that a raw link would send and hands over what a raw link would
//! hear, or, in unprivileged mode, what the kernel would say of it on its error queues.
//!
//! ```
//! use std::time::Duration;
//!
//! use trace_core::model::{Family, Mode, Protocol, Protocols, Target, Uuid};
//! use trace_core::sim::{self, Network, SimulatedLink};
//! use trace_core::tracer::{Job, Tracer};
//!
//! // Source, ten routers and a target, 5 ms from each to the next.
//! let mut network = Network::chain(Family::V4, 10, Duration::from_millis(5));
//! network.router(3).slow(Duration::from_millis(200));
//! network.router(5).silent();
//!
//! let link = SimulatedLink::new(network, 1, Mode::Raw);
//! let target = Target { name: None, address: sim::target(Family::V4, 1) };
//! let job = Job::new(Uuid::from_u128(1), target, Protocols::One(Protocol::Icmp), 0);
//! let trace = Tracer::new(link).run(job)?;
//! assert_eq!(trace.hops.len(), 11);
//! # Ok::<(), trace_core::Error>(())
//! ```
//!
//! A [`Scenario`] describes network, trace and what must be found in a small file.
//!
//! # Limits
//!
//! The path of a packet is decided when it is sent. Answers come back along the lines they came by, plus what
//! [`Router::longer_way_back`] adds to the count of hops. Nothing is fragmented.

mod answer;
mod event;
mod host;
mod journal;
mod kernel;
mod limit;
mod line;
mod link;
mod manner;
mod network;
mod passage;
mod path;
mod random;
mod router;
pub mod scenario;
mod traffic;
mod tunnel;

pub use host::Host;
pub use journal::{Journal, RouterCounts};
pub use limit::RateLimit;
pub use line::Line;
pub use link::SimulatedLink;
pub use network::{Network, source, target};
pub use path::{Balance, Path};
pub use router::Router;
pub use scenario::{Run, Scenario};
pub use tunnel::Tunnel;

#[cfg(test)]
mod tests;
