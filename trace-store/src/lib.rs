//! Every trace kept: in SQLite for programs and queries, as JSON documents for people and for sending on.
//!
//! Who measures routes again and again (a timer, a dashboard, a study) needs to find each measurement years
//! later, whole: every probe with its round-trip time to the nanosecond, and what was known of the places. This
//! crate stores [`trace_core::model::Trace`]s with their [`trace_core::model::Atlas`] and gives back equal ones.
//!
//! ```
//! use trace_core::model::{Hop, Trace, TraceKind, Ttl};
//! use trace_store::{Documents, Store};
//!
//! # let directory = tempfile::tempdir()?;
//! # let directory = directory.path();
//! let trace = Trace {
//!     id: trace_store::new_id(1_793_000_000_000_000_000, [7; 10]),
//!     kind: TraceKind::Measured,
//!     started: 1_793_000_000_000_000_000,
//!     hops: vec![Hop { ttl: Ttl::MIN, probes: Vec::new() }],
//! #   vantage: None, target: None, source: None, origin: None, protocol: None, mode: None, settings: None,
//! #   duration: None, outcome: None, outcome_detail: None,
//!     // and all else that is known
//! };
//! let atlas = Default::default();
//!
//! let mut store = Store::open(directory)?;
//! store.put(&trace, &atlas, Documents::Write)?;
//! assert_eq!(store.get(store.find("latest")?)?, Some((trace, atlas)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The database is the truth
//!
//! [`Store::put`] writes a trace in one transaction, with its document marked as pending; then the document to
//! a temporary file, which is synced and renamed, and its directory synced; then it marks it as written.
//! [`Store::open`] finishes what a process that died left undone. Whenever the power goes or a process is
//! killed: a trace is there whole or not at all, and after the next start every document agrees with the
//! database.
//!
//! The last traces may stand in the write-ahead log `traces.sqlite-wal` beside the database, as is usual with
//! SQLite: whoever copies the one copies the other.
//!
//! # For people
//!
//! `sqlite3 traces.sqlite` shows `traces` (one row a trace), `TRACE` (one row a trace and TTL, with the place of
//! who answered first) and `hops` (one row a trace and TTL, with probes sent and answered and the least and the
//! median round-trip time). All three can be read while traces are being written.
//!
//! # Space
//!
//! Paths, places, judgements and what answers said repeat, and are stored once. What is left of each probe is
//! when it left and how long its answer took. The module sources in `pack/` describe the packed forms byte by
//! byte.
//!
//! # Limits
//!
//! * A trace whose hops have gaps is refused, and so is one that took longer than 292 years.
//! * Numbers that are not finite come back as missing.
//! * The write-ahead log of SQLite needs shared memory: the data directory must not lie on a network file
//!   system that several machines write to.
//! * No clock is read and no randomness: ids are made from what is handed to [`new_id`].

mod change;
pub mod diff;
pub mod document;
mod error;
mod id;
pub mod import;
mod pack;
#[cfg(test)]
mod samples;
mod series;
mod store;

pub use change::{Change, News, What};
pub use error::Error;
pub use id::new_id;
pub use series::Series;
pub use store::{
    Buckets, Column, Cursor, Document, Documents, Edition, Era, Filter, Imported, Match, Newest, Overview,
    Overwrite, Point, Prune, Relocated, Report, Spread, Standing, Store, Stored, Subject, Summary, Window,
    rescue,
};

/// The examples of the README, which are compiled as those here are.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
