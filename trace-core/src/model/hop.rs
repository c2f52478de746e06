use std::net::IpAddr;

use super::{ProbeRecord, Statistics, Ttl};

/// Everything that was sent with one TTL, and what came of it. A silent hop is a hop.
#[derive(Debug, Clone, PartialEq)]
pub struct Hop {
    /// The TTL.
    pub ttl: Ttl,
    /// The probes in the order they were sent.
    pub probes: Vec<ProbeRecord>,
}

impl Hop {
    /// Who answered, each address once, in the order of the probes.
    #[must_use]
    pub fn answerers(&self) -> Vec<IpAddr> {
        let mut answerers = Vec::new();
        for reply in self.probes.iter().filter_map(ProbeRecord::reply) {
            if !answerers.contains(&reply.from) {
                answerers.push(reply.from);
            }
        }
        answerers
    }

    /// Whether anybody answered.
    #[must_use]
    pub fn answered(&self) -> bool {
        self.probes.iter().any(|probe| probe.reply().is_some())
    }

    /// Loss and round-trip times of this hop's own probes; answers taken over from other traces do not count.
    /// Where the path changed, [`super::Trace::statistics`] knows better what was loss.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        Statistics::over(&self.probes)
    }

    /// How many routers its answers passed on their way back: the least that any of them suggests
    /// ([`super::Reply::routers_back`]). A path that is the same both ways has one less than the TTL. `None` where no
    /// answer's TTL was seen.
    #[must_use]
    pub fn routers_back(&self) -> Option<u8> {
        let own = self.probes.iter().filter_map(ProbeRecord::reply);
        own.filter(|reply| reply.inherited_from.is_none()).filter_map(|reply| reply.routers_back()).min()
    }
}
