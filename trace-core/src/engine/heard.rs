use super::{Moment, ProbeId, TargetIndex};
use crate::model::{Flow, Protocol, Reply};

/// An answer, recognised as far as its bytes tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The target of the probe.
    pub target: TargetIndex,
    /// The protocol of the probe.
    pub protocol: Protocol,
    /// The flow of the probe.
    pub flow: Flow,
    /// The id of the probe; `None` when nothing in the answer tells the probes of the flow apart.
    pub id: Option<ProbeId>,
    /// Whether the probe was one that had left its flow.
    pub off_flow: bool,
    /// When the answer arrived.
    pub at: Moment,
    /// The answer; its RTT is still missing and comes from the engine.
    pub reply: Reply,
}
