//! Where addresses are, and why to believe it.
//!
//! For programs that show routes, logs or peers and want to say where an address is without asking anybody on
//! the network: the answer comes from files on this machine and from a table inside the binary, with its
//! source and its date, and with every other answer that was there.
//!
//! ```
//! use trace_geo::Chain;
//! use trace_core::model::Verdict;
//!
//! let chain = Chain::builder().builtin()?.build();
//! let located = chain.locate("193.0.6.139".parse()?);
//! let place = located.place.ok_or("this address is routed")?;
//! assert_eq!(place.country.as_deref(), Some("Netherlands"));
//! assert_eq!(place.asn.map(|asn| asn.to_string()).as_deref(), Some("AS3333"));
//! assert_eq!(located.verdict, Some(Verdict::Area));
//! assert_eq!(located.source.as_deref(), Some("builtin 2026-06-17"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | source | is |
//! |---|---|
//! | [`Geofeed`] | the user's own networks: RFC 8805 CSV, with coordinates where wanted |
//! | [`special()`] | the special-purpose ranges, which have no place and are labelled |
//! | [`Exchanges`] | exchange points: whose peering LANs are where, from a file of PeeringDB's form |
//! | [`Hints`] | what the host names of routers say of their places |
//! | [`Mmdb`] | any database of the MaxMind form, of any vendor |
//! | `IpGeolocation` (feature `http`) | the web service ipgeolocation.io, for those who have a key |
//! | [`Builtin`] | country and origin AS of every routed address, inside the binary |
//!
//! A [`Chain`] asks them in this order, keeps every answer as a candidate and makes one place of them.
//! [`judge`] then holds the candidates of a whole trace against its round-trip times. Whoever has another
//! source implements [`Locate`].
//!
//! # Limits
//!
//! * Databases are poor at placing routers. A point has no verdict until [`judge`] has seen the round-trip
//!   times of a trace.
//! * The built-in table knows countries, not cities; it was built on the day that its answers carry and grows
//!   older. Its licence asks for [`builtin::ATTRIBUTION`] to be shown.
//! * City and provider names come from files and are not escaped.
//! * Nothing is sent anywhere and no name is resolved, except by what feature `http` brings and only when it is asked
//!   to: `IpGeolocation` (global addresses alone, with the user's key) and `update` (downloads of databases). No clock
//!   is read; the time is handed in.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod budget;
pub mod builtin;
mod cache;
mod centroid;
mod chain;
mod country;
mod distance;
#[cfg(feature = "http")]
mod download;
mod error;
pub mod exchange;
pub mod gazetteer;
pub mod geofeed;
pub mod hints;
#[cfg(feature = "http")]
pub mod ipgeolocation;
pub mod judge;
mod locate;
mod mmdb;
pub mod origin;
#[cfg(feature = "http")]
mod secret;
#[cfg(all(test, feature = "http"))]
#[path = "../tests/server/mod.rs"]
mod server;
mod special;
#[cfg(feature = "http")]
pub mod update;

pub use builtin::{Builtin, Registration};
#[cfg(feature = "http")]
pub use cache::{Answer, AnswerStore, AnswerStoreError};
pub use chain::{Builder, Chain};
pub use country::country_name;
pub use distance::distance_km;
#[cfg(feature = "http")]
pub use download::BaseUrlFault;
pub use error::{Error, TableFault};
pub use exchange::Exchanges;
pub use geofeed::Geofeed;
pub use hints::Hints;
#[cfg(feature = "http")]
pub use ipgeolocation::IpGeolocation;
pub use locate::{Locate, SourceInfo};
pub use mmdb::Mmdb;
#[cfg(feature = "http")]
pub use secret::{Secret, SecretFault, SecretFileError, check_private, read_env_file, read_private_file};
pub use special::{SpecialRange, is_global, special, translated};

/// The examples of the README, which are compiled as those here are.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
