//! What changed on the way to a target: its path, its round-trip time, its loss.
//!
//! All of it is judged from the traces of one [`Series`] in the order in which they started, each change as soon as the
//! traces behind it leave no other explanation. How that is decided stands in a file each: [`course`] for paths,
//! [`level`] for round-trip times (with [`rhythm`], which knows the hours of the day), [`loss`] for loss. All three see
//! a bounded stretch of the past, so that looking at a few hundred traces says the same as looking at all.

mod course;
mod document;
mod judge;
mod level;
pub(crate) mod limit;
mod loss;
mod rhythm;
mod sighting;

use core::fmt;
use core::time::Duration;

use trace_core::model::{Ttl, Uuid};

use crate::Series;

pub(crate) use course::{Course, Route, Turn, span};
pub(crate) use judge::{Event, Fact, eras, judge, usual};
pub(crate) use rhythm::SLOT;
pub(crate) use sighting::Sighting;

/// A change on the way to a target that lasted long enough to be told from chance.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What it happened to.
    pub series: Series,
    /// The name that was typed for the target when it happened.
    pub name: Option<String>,
    /// When the first trace started that shows it: nanoseconds since 1970 UTC.
    pub at: i64,
    /// The last trace that shows how it was.
    pub before: Uuid,
    /// The first trace that shows how it is.
    pub after: Uuid,
    /// The trace with which it was sure.
    pub sure: Uuid,
    /// When that one started.
    pub sure_at: i64,
    /// What changed.
    pub what: What,
}

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum What {
    /// The path: other routers answer, and not the ones among which packets alternated before.
    Path {
        /// The hash of the path that most traces took before, as in [`crate::Era::path`].
        before: i64,
        /// The hash of the path of the first trace afterwards.
        after: i64,
        /// The first TTL at which another address answers.
        first_ttl: Ttl,
        /// The last one.
        last_ttl: Ttl,
    },
    /// The level of the round-trip time to the target.
    Rtt {
        /// The median over the traces before, of the median of each.
        before: Duration,
        /// The same afterwards, up to the trace with which the change was sure.
        after: Duration,
        /// How far from chance: standard deviations of the Mann-Whitney statistic.
        score: f64,
    },
    /// The share of probes that the target does not answer.
    Loss {
        /// The share before, 0 to 1.
        before: f64,
        /// The share afterwards, up to the trace with which the change was sure.
        after: f64,
        /// How far from chance: how many zeros follow the point of the probability that it was one.
        score: f64,
    },
}

impl What {
    /// The word for it in documents and tables.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Path { .. } => "path",
            Self::Rtt { .. } => "rtt",
            Self::Loss { .. } => "loss",
        }
    }
}

/// What a trace that was just stored brings.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct News {
    /// The changes that are sure with this trace and were not before it.
    pub changes: Vec<Change>,
    /// Whether the trace took a way that is not known, and further ones have to show whether that lasts. To trace again
    /// soon settles it sooner.
    pub suspicion: bool,
}

/// `the path changed from TTL 5 to 8`, `the RTT rose from 20.1 to 35.0 ms`, `loss rose from 0% to 40%`.
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Path { first_ttl, last_ttl, .. } if first_ttl == last_ttl => {
                write!(f, "the path changed at TTL {first_ttl}")
            }
            Self::Path { first_ttl, last_ttl, .. } => {
                write!(f, "the path changed from TTL {first_ttl} to {last_ttl}")
            }
            Self::Rtt { before, after, .. } => {
                let verb = if after > before { "rose" } else { "fell" };
                let [before, after] = [before, after].map(|rtt| rtt.as_secs_f64() * 1e3);
                // As many digits as tell the two apart.
                let digits = if (after - before).abs() < 1.0 { 2 } else { 1 };
                write!(f, "the RTT {verb} from {before:.digits$} to {after:.digits$} ms")
            }
            Self::Loss { before, after, .. } => {
                let verb = if after > before { "rose" } else { "fell" };
                write!(f, "loss {verb} from {} to {}", percent(before), percent(after))
            }
        }
    }
}

/// A share in percent; what is not nothing never looks like it.
fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent > 0.0 && percent < 0.5 => "<1%".to_owned(),
        percent => format!("{percent:.0}%"),
    }
}
