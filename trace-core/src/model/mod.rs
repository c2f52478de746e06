//! The vocabulary: what a trace is, and what is known of the places it passes.
//!
//! Plain values. No I/O, no clock, no SQL, no HTTP; every other room meets here.
//!
//! * A measurement is a [`Trace`]: a [`Target`], [`Hop`]s, and in each hop the [`ProbeRecord`]s that were
//!   sent with that TTL. It is never changed once it is finished.
//! * What is known of its addresses is an [`Atlas`] beside it: an address leads to a [`Located`] with a
//!   [`Place`] and the [`Evidence`] for it. Locating never touches a measurement.
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
