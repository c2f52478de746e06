//! The vocabulary and the probing engine of trace: traceroute over ICMP, UDP and TCP, IPv4 and IPv6, with raw sockets or
//! without any privilege.
//!
//! For whoever wants to measure network paths from a Rust program, study how a tracer decides, or read what
//! trace has stored. Programs that only want to trace a host and see it use the `trace-cli` binary.
//!
//! ```
//! # #[cfg(all(feature = "net", target_os = "linux"))]
//! # fn main() -> Result<(), trace_core::Error> {
//! use trace_core::tracer::Tracer;
//!
//! // Raw sockets where they are permitted, ordinary ones where not.
//! let target = std::net::IpAddr::from([127, 0, 0, 1]);
//! let trace = Tracer::builder(target).build()?.run()?;
//!
//! for hop in &trace.hops {
//!     println!("{} {:?} {:?}", hop.ttl, hop.answerers(), hop.statistics().min);
//! }
//! assert!(trace.reached());
//! # Ok(())
//! # }
//! # #[cfg(not(all(feature = "net", target_os = "linux")))]
//! # fn main() {}
//! ```
//!
//! # Parts
//!
//! * [`model`]: what a trace, a hop, a probe and a place are. Plain values; every other crate of trace meets here.
//! * [`engine`]: decides what to send, how long to wait and where a path ends. A pure state machine that reads no
//!   clock and no socket.
//! * [`link`]: the one seam to the outside, with three things behind it: raw and unprivileged sockets (`sys`), and a
//!   simulated network (`sim`).
//! * `carrier` and `wire`: how a probe carries its number, and the bytes of packets.
//! * `tracer`: drives an engine over a link, for one measurement or many at once.
//!
//! # Features
//!
//! * `net` (default): sockets; brings `wire`.
//! * `sim`: a seeded network in memory and virtual time; brings `wire`.
//! * Without features: `model`, `engine` and `link`, in eight small crates altogether.
//!
//! # Limits
//!
//! Sockets are for Linux; elsewhere `sys::open` says so. A trace has one thread: the one that asks for events.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "wire")]
pub mod carrier;
pub mod engine;
mod error;
pub mod link;
pub mod model;
#[cfg(feature = "sim")]
pub mod sim;
#[cfg(feature = "net")]
pub mod sys;
#[cfg(feature = "wire")]
pub mod tracer;
#[cfg(feature = "wire")]
pub mod wire;

pub use error::Error;

/// The examples of the README, which are compiled as those here are.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
