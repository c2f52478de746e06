use trace_core::model::Outcome;

/// A trace as the judgement of changes sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sighting {
    /// The number of its row.
    pub(crate) key: i64,
    /// When it started: nanoseconds since 1970 UTC.
    pub(crate) started: i64,
    /// The number of its path.
    pub(crate) path: i64,
    /// How it ended.
    pub(crate) outcome: Option<Outcome>,
    /// The least and the median RTT to the target, in microseconds; `None` where it did not answer.
    pub(crate) rtt: Option<(u32, u32)>,
    /// Probes to the last TTL of its path, and how many of them were not answered.
    pub(crate) sent: u32,
    pub(crate) lost: u32,
}

impl Sighting {
    /// Whether the target answered.
    pub(crate) fn reached(&self) -> bool {
        self.outcome == Some(Outcome::Reached)
    }
}
