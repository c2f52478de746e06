//! What is noticeable about a hop, and the evidence for it.
//!
//! Each rule has a file of its own and is a pure function over a [`Survey`]. All of them keep silent where the evidence
//! fits another explanation as well, and where the mode cannot see it: an unprivileged link sees no quoted packet.

mod answering;
mod balance;
mod change;
mod circle;
mod handling;
mod observation;
mod survey;
mod tunnel;

pub use change::PathChange;
pub use observation::Observation;

pub(super) use survey::{Survey, is_plain};

use super::words::words;

words! {
    /// Something noticeable about a hop, derived from its probes and those around it.
    #[non_exhaustive]
    Finding, "finding" {
        /// Some probes stayed unanswered while a hop behind answered all of its own, or so many more of them that chance
        /// does not explain it: the packets passed here, and the router limits its ICMP errors. This is not
        /// packet loss.
        RateLimited = "rate-limited",
        /// Nobody answered here while a hop behind it did.
        Silent = "silent",
        /// Probes of one protocol were answered here and those of another were not, though they passed: a router that
        /// chooses, or one for each.
        Selective = "selective",
        /// Several addresses answered at this TTL.
        SeveralAnswerers = "several-answerers",
        /// The same address answered at an earlier TTL as well, with another one in between.
        Loop = "loop",
        /// The same router answered at the TTL before as well, and nothing tells why: it may be reached over a
        /// router that forwards packets with TTL 0, or stand behind an MPLS tunnel.
        Repeated = "repeated",
        /// The packet quoted here had TTL 0: a router before passed it on instead of answering (Augustin et al.,
        /// "Avoiding traceroute anomalies with Paris traceroute", IMC 2006, section 4.2).
        ZeroTtl = "zero-ttl",
        /// The packet quoted here is the first whose addresses, ports or checksum are not those that were sent.
        Nat = "nat",
        /// The packet quoted here is the first with this DSCP (RFC 2474), which is not the one before.
        DscpChanged = "dscp-changed",
        /// The packet quoted here is the first with this ECN field (RFC 3168), which is not the one before.
        EcnChanged = "ecn-changed",
        /// An MPLS tunnel whose routers report their labels (RFC 4950).
        MplsTunnel = "mpls-tunnel",
        /// An MPLS tunnel whose routers report no labels: the TTL they quote rises from one to the next (Donnet et
        /// al., "Revealing MPLS tunnels obscured from traceroute", CCR 42(2), 2012: implicit).
        MplsImplicit = "mpls-implicit",
        /// The end of an MPLS tunnel whose other routers are hidden: the TTL of its label tells how many (the
        /// same: opaque).
        MplsOpaque = "mpls-opaque",
        /// Answers from here on come back over more routers than the probes met on their way: an MPLS tunnel may
        /// hide them (Vanaubel et al., "Through the wormhole: tracking invisible MPLS tunnels", IMC 2017: invisible).
        MplsInvisible = "mpls-invisible",
        /// The RTT is that of the end of an MPLS tunnel, over which the answer had to go: it says nothing of this
        /// hop.
        MplsRtt = "mpls-rtt",
        /// Packets of one flow go several ways, packet by packet.
        PerPacketBalancing = "per-packet-balancing",
        /// Flows go different ways, each always the same.
        PerFlowBalancing = "per-flow-balancing",
        /// The path changed here while it was traced.
        PathChange = "path-change",
    }
}

#[cfg(test)]
mod tests;
