use core::time::Duration;

use super::{Flow, Protocol, Reply};

/// One probe of a finished measurement: what was sent, when, and what came of it. Its TTL is that of the
/// [`super::Hop`] it stands in.
#[derive(Debug, Clone, PartialEq)]
pub struct ProbeRecord {
    /// The protocol it was sent with; `None` where an imported form does not tell.
    pub protocol: Option<Protocol>,
    /// Its flow.
    pub flow: Flow,
    /// Its round, from 0.
    pub round: u32,
    /// When it left, counted from the start of the trace; `None` where it never left or nobody wrote it down.
    pub sent: Option<Duration>,
    /// Whether it had to leave its flow so that its answer could be told from others. Such a probe may have
    /// taken another path than the rest.
    pub off_flow: bool,
    /// What came of it.
    pub result: ProbeResult,
}

/// What came of a probe.
#[derive(Debug, Clone, PartialEq)]
pub enum ProbeResult {
    /// Somebody answered.
    Answered(Box<Reply>),
    /// Nobody answered while the trace waited.
    Silent,
    /// It could not be sent.
    Unsent {
        /// What the system said.
        error: String,
    },
}

impl ProbeRecord {
    /// The answer, if one came.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        match &self.result {
            ProbeResult::Answered(reply) => Some(reply),
            ProbeResult::Silent | ProbeResult::Unsent { .. } => None,
        }
    }
}
