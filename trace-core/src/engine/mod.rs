//! The probing engine: a pure state machine. Time and answers are handed in, probes come out.

mod heard;
mod moment;
mod probe;

pub use heard::Heard;
pub use moment::Moment;
pub use probe::{Probe, ProbeId, TargetIndex};
