use crate::engine::Request;
use crate::model::{Origin, Protocol, Protocols, Settings, Target, Ttl, Uuid};

/// One trace to be made, with what the measurement itself cannot know.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The name the trace will have.
    pub id: Uuid,
    /// What to trace to.
    pub target: Target,
    /// The protocols to probe with.
    pub protocols: Protocols,
    /// The protocols to go on with, side by side, when those do not reach the target. The trace of the one that
    /// got furthest is kept; it says by which protocol it was made, and [`super::Tracer::notes`] why. All of it
    /// takes at most twice [`Settings::wait`] where the target never answers.
    pub otherwise: Vec<Protocol>,
    /// Whether hops that the jobs of a tracer have in common are probed once and taken over by the others
    /// ([`crate::model::Reply::inherited_from`]). Jobs with several flows share nothing.
    pub share: bool,
    /// Probes, TTLs, flows, rounds and waiting.
    pub settings: Settings,
    /// The time it starts: nanoseconds since 1970 UTC.
    pub started: i64,
    /// The length of the path as an earlier trace found it.
    pub expected_length: Option<Ttl>,
    /// The name of the place it is measured from.
    pub vantage: Option<String>,
    /// Where that place is.
    pub origin: Option<Origin>,
}

impl Job {
    /// A job with default settings and nothing but the necessary.
    #[must_use]
    pub fn new(id: Uuid, target: Target, protocols: Protocols, started: i64) -> Self {
        Self {
            id,
            target,
            protocols,
            otherwise: Vec::new(),
            share: true,
            settings: Settings::default(),
            started,
            expected_length: None,
            vantage: None,
            origin: None,
        }
    }

    /// What the engine is asked for.
    pub(super) fn request(&self) -> Request {
        Request {
            address: self.target.address,
            protocols: self.protocols,
            settings: self.settings.clone(),
            expected_length: self.expected_length,
            id: self.id,
            share: self.share,
        }
    }
}
