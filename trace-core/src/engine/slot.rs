use super::Moment;
use crate::model::{Reply, Ttl};

/// One probe as the engine remembers it.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) sent: Moment,
    pub(super) round: u32,
    pub(super) ttl: Ttl,
    pub(super) off_flow: bool,
    pub(super) state: State,
}

/// What has become of a probe so far. Boxed, because most probes of a large measurement are only waiting.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// Sent, not yet answered.
    Waiting,
    /// Answered, but nobody can tell that it was this one; another probe was sent in its place.
    Replaced,
    /// Answered.
    Answered(Box<Reply>),
    /// Could not be sent; what the system said.
    #[expect(clippy::box_collection, reason = "keeps a slot at 32 bytes; this state is rare")]
    Unsent(Box<String>),
}
