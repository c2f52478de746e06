//! The vocabulary: what a trace is, and what is known of the places it passes.
//!
//! Plain values. No I/O, no clock, no SQL, no HTTP; every other room meets here.
//!
//! * A measurement is a [`Trace`]: a [`Target`], [`Hop`]s, and in each hop the [`ProbeRecord`]s that were
//!   sent with that TTL. It is never changed once it is finished.
//! * What is known of its addresses is an [`Atlas`] beside it: an address leads to a [`Located`] with a
//!   [`Place`] and the [`Evidence`] for it. Locating never touches a measurement.
//!
//! What a trace shows is worked out from it, and nothing of that is stored:
//!
//! ```
//! use std::time::Duration;
//!
//! use trace_core::model::{
//!     Finding, Flow, Hop, ProbeRecord, ProbeResult, Protocol, Reply, ReplyKind, Trace, TraceKind, Ttl, Uuid,
//! };
//!
//! let probe = |result| ProbeRecord {
//!     protocol: Some(Protocol::Icmp),
//!     flow: Flow(0),
//!     round: 0,
//!     sent: Some(Duration::ZERO),
//!     off_flow: false,
//!     result,
//! };
//! let answered = |from: [u8; 4], milliseconds| {
//!     probe(ProbeResult::Answered(Box::new(Reply {
//!         from: from.into(),
//!         rtt: Some(Duration::from_millis(milliseconds)),
//!         kind: Some(ReplyKind::TimeExceeded),
//! #       icmp: None, reply_ttl: None, quoted: None, mpls: Vec::new(), extensions: Vec::new(), inherited_from: None,
//!         // and all else that was seen
//!     })))
//! };
//! let (near, far) = ([10, 0, 0, 1], [192, 0, 2, 1]);
//! let mut trace = Trace::new(Uuid::nil(), TraceKind::Measured, 1_793_000_000_000_000_000);
//! trace.hops = vec![
//!     Hop { ttl: Ttl::MIN, probes: vec![answered(near, 2), probe(ProbeResult::Silent), probe(ProbeResult::Silent)] },
//!     Hop { ttl: Ttl::MIN.saturating_add(1), probes: [5, 9, 6].map(|rtt| answered(far, rtt)).to_vec() },
//! ];
//!
//! let last = trace.hops[1].statistics();
//! assert_eq!((last.loss(), last.median), (Some(0.0), Some(Duration::from_millis(6))));
//! // Two of three were not answered; but nothing is lost on the way to the hop behind.
//! assert_eq!(trace.findings()[0], [Finding::RateLimited]);
//! ```
//!
//! A missing value is missing (`Option`): never 0, never the empty text, never "unknown".

mod as_path;
mod asn;
mod atlas;
mod coordinates;
mod country;
mod evidence;
mod finding;
mod flow;
mod hop;
mod icmp;
mod interface;
mod located;
mod mode;
mod origin;
mod outcome;
mod place;
mod probe;
mod protocol;
mod reply;
mod settings;
mod statistics;
mod target;
mod trace;
mod ttl;
mod verdict;
mod words;

pub use as_path::AsStep;
pub use asn::Asn;
pub use atlas::Atlas;
pub use coordinates::Coordinates;
pub use country::CountryCode;
pub use evidence::Evidence;
pub use finding::{Finding, Observation, PathChange};
pub use flow::Flow;
pub use hop::Hop;
pub use icmp::{Extension, IcmpType, Label};
pub use interface::{InterfaceInformation, InterfaceRole};
pub use located::Located;
pub use mode::Mode;
pub use origin::{Origin, OriginSource};
pub use outcome::Outcome;
pub use place::Place;
pub use probe::{ProbeRecord, ProbeResult};
pub use protocol::{Family, Protocol, Protocols};
pub use reply::{Quoted, Reply, ReplyKind};
pub use settings::Settings;
pub use statistics::Statistics;
pub use target::Target;
pub use trace::{Trace, TraceKind};
pub use ttl::Ttl;
pub use uuid::Uuid;
pub use verdict::Verdict;
