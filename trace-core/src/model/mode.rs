use super::words::words;

words! {
    /// How the probes were sent.
    Mode, "mode" {
        /// Raw sockets: whole packets out, whole answers in. Needs `CAP_NET_RAW`.
        Raw = "raw",
        /// Ordinary sockets and their error queues: needs nothing, sees less.
        Unprivileged = "unprivileged",
    }
}
