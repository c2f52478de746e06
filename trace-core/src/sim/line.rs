use core::time::Duration;

/// The line between a router or host and the one before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// How long a packet takes away from the source.
    pub there: Duration,
    /// How long a packet takes towards the source.
    pub back: Duration,
    /// What is added to each of them at most, evenly spread. Jitter may reorder packets.
    pub jitter: Duration,
    /// The part of packets lost in each direction, 0 to 1.
    pub loss: f64,
}

impl Line {
    /// A line without jitter or loss that takes this long each way.
    #[must_use]
    pub const fn new(delay: Duration) -> Self {
        Self { there: delay, back: delay, jitter: Duration::ZERO, loss: 0.0 }
    }
}
