use super::words::words;

words! {
    /// Something noticeable about a hop, derived from its probes and those behind it.
    #[non_exhaustive]
    Finding, "finding" {
        /// Some probes stayed unanswered while a hop behind answered all of its own: the packets passed here,
        /// and the router limits its ICMP errors. This is not packet loss.
        RateLimited = "rate-limited",
        /// Nobody answered here while a hop behind it did.
        Silent = "silent",
        /// Several addresses answered at this TTL.
        SeveralAnswerers = "several-answerers",
        /// The same address answered at an earlier TTL as well, with another one in between.
        Loop = "loop",
    }
}
