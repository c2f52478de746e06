//! Two traces, held against one another.
//!
//! Hops are aligned as lines are in a text diff: those that the same routers answered stand side by side, however many
//! others came between. What differs is then explained, mildest first: a hop that was silent in one of the traces, one that
//! answers only so often, packets that are balanced over several ways, and at last another path.
//!
//! ```
//! use trace_core::model::{Atlas, Trace, TraceKind, Uuid};
//! use trace_store::diff::{Verdict, diff};
//!
//! let (trace, atlas) = (Trace::new(Uuid::nil(), TraceKind::Measured, 0), Atlas::default());
//! assert_eq!(diff((&trace, &atlas), (&trace, &atlas)).verdict, Verdict::Same);
//! ```
//!
//! # Limits
//!
//! A trace is one look at one flow, unless it was asked for more. Where two traces used different ports and part in the
//! middle to meet again, no look at them tells balancing from a path that changed: the verdict says so
//! ([`Verdict::Uncertain`]). `changes` judges by all traces of a target and knows better; so do traces of several flows.

mod align;
mod document;
mod judge;
mod place;
mod reason;
#[cfg(test)]
mod tests;

use core::time::Duration;
use std::net::IpAddr;

use trace_core::model::{Asn, Atlas, Outcome, Target, Trace, Ttl, Uuid};

/// How two traces differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// The first trace.
    pub a: Side,
    /// The second one.
    pub b: Side,
    /// What the differences come to.
    pub verdict: Verdict,
    /// The hops side by side, in the order of the paths.
    pub rows: Vec<Row>,
    /// The networks side by side, `AS64500`; exchange points and hops without a known AS are left out.
    pub ases: Vec<Step>,
    /// The cities, with their countries, `Köln, DE`.
    pub cities: Vec<Step>,
    /// The countries, `DE`.
    pub countries: Vec<Step>,
    /// In words, a sentence each: the verdict first.
    pub reasons: Vec<String>,
}

/// A trace, in short.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Its id.
    pub id: Uuid,
    /// When it started: nanoseconds since 1970 UTC.
    pub started: i64,
    /// What was traced to.
    pub target: Option<Target>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The TTL of its last hop.
    pub length: Option<Ttl>,
    /// The median RTT to the target, if it answered.
    pub rtt: Option<Duration>,
}

/// What the differences come to: the weightiest of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The same routers answer.
    Same,
    /// A hop answers in one of the traces and not in the other.
    SilentHop,
    /// The same, and where it answers it is seen to limit its answers.
    RateLimiting,
    /// Packets go several ways at once, and each of the traces met some of them.
    LoadBalancing,
    /// The paths part and meet again, which balancing explains as well as another path.
    Uncertain,
    /// The target answers in one of the traces and not in the other, and the path to where it ends is the same.
    Unreached,
    /// The path is another one.
    Reroute,
    /// The traces lead to different targets.
    DifferentTargets,
}

impl Verdict {
    /// All of them, the mildest first.
    pub const ALL: &'static [Self] = &[
        Self::Same,
        Self::SilentHop,
        Self::RateLimiting,
        Self::LoadBalancing,
        Self::Uncertain,
        Self::Unreached,
        Self::Reroute,
        Self::DifferentTargets,
    ];

    /// The word for it in documents and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::SilentHop => "silent-hop",
            Self::RateLimiting => "rate-limiting",
            Self::LoadBalancing => "load-balancing",
            Self::Uncertain => "uncertain",
            Self::Unreached => "unreached",
            Self::Reroute => "reroute",
            Self::DifferentTargets => "different-targets",
        }
    }
}

/// How a hop of one trace stands to that of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// The same routers answer, or nobody in either.
    Same,
    /// A hop of the second trace only.
    Added,
    /// A hop of the first trace only.
    Removed,
    /// Another router answers in the second trace.
    Replaced,
    /// Nobody answers in one of the traces.
    Silent,
    /// Nobody answers in one of the traces, and where somebody does he limits his answers.
    RateLimited,
    /// Others answer, because packets are balanced over several ways here.
    Balanced,
}

impl Mark {
    /// The word for it in documents and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Replaced => "replaced",
            Self::Silent => "silent",
            Self::RateLimited => "rate-limited",
            Self::Balanced => "balanced",
        }
    }

    /// The same, seen from the other trace.
    const fn turned(self) -> Self {
        match self {
            Self::Added => Self::Removed,
            Self::Removed => Self::Added,
            other => other,
        }
    }
}

/// Hops side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// How they stand to one another.
    pub mark: Mark,
    /// The hop of the first trace; `None` where it has none.
    pub a: Option<Place>,
    /// The hop of the second one.
    pub b: Option<Place>,
}

/// A hop as it stands in a diff.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its TTL.
    pub ttl: Ttl,
    /// Who answered, in the order of the probes; nobody where it is silent.
    pub addresses: Vec<IpAddr>,
    /// The name of the first of them. Text from the network: escape it before showing it.
    pub hostname: Option<String>,
    /// The AS that announces the first of them whose AS is known.
    pub asn: Option<Asn>,
    /// The city. Text from outside: escape it before showing it.
    pub city: Option<String>,
    /// The country code.
    pub country: Option<String>,
    /// The median RTT.
    pub rtt: Option<Duration>,
}

/// Networks, cities or countries side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// `Same`, `Added` or `Removed`.
    pub mark: Mark,
    /// What it is called. Text from outside: escape it before showing it.
    pub name: String,
}

impl Diff {
    /// Whether the same routers answer on both paths. Times do not count.
    #[must_use]
    pub fn same(&self) -> bool {
        self.verdict == Verdict::Same
    }

    /// The same, seen from the second trace.
    fn turned(mut self) -> Self {
        core::mem::swap(&mut self.a, &mut self.b);
        for row in &mut self.rows {
            core::mem::swap(&mut row.a, &mut row.b);
            row.mark = row.mark.turned();
        }
        removed_first(&mut self.rows, |row| row.mark);
        for steps in [&mut self.ases, &mut self.cities, &mut self.countries] {
            steps.iter_mut().for_each(|step| step.mark = step.mark.turned());
            removed_first(steps, |step| step.mark);
        }
        self
    }
}

/// As in every text diff: of what was replaced, the old stands before the new.
fn removed_first<T>(lines: &mut [T], mark: impl Fn(&T) -> Mark) {
    let replaced = |line: &T| matches!(mark(line), Mark::Added | Mark::Removed);
    for block in lines.chunk_by_mut(|one, other| replaced(one) && replaced(other)) {
        block.sort_by_key(|line| mark(line) == Mark::Added);
    }
}

/// Holds the trace `b` against the trace `a`. Seen from the other side it says the same.
#[must_use]
pub fn diff(a: (&Trace, &Atlas), b: (&Trace, &Atlas)) -> Diff {
    // Of two alignments that are equally good always the same one is taken, whichever side one looks from: that of the
    // trace that started first.
    let turned = (a.0.started, a.0.id) > (b.0.started, b.0.id);
    let mut diff = if turned { judge::judge(b, a).turned() } else { judge::judge(a, b) };
    diff.reasons = reason::reasons(&diff);
    diff
}
