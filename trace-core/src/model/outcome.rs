use super::words::words;

words! {
    /// How a trace ended.
    Outcome, "outcome" {
        /// The target itself answered.
        Reached = "reached",
        /// Somebody before the target said that it cannot be reached.
        Unreachable = "unreachable",
        /// The packets go round in circles.
        Loop = "loop",
        /// The last TTL was used up, or too many silent TTLs followed the last answer.
        Exhausted = "exhausted",
        /// The user or the program stopped it.
        Interrupted = "interrupted",
    }
}
