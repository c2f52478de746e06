use std::net::IpAddr;

use super::{ProbeRecord, ProbeResult, Statistics, Ttl};

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
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let mut sent = 0;
        let mut rtts = Vec::new();
        let mut answered = 0;
        for probe in &self.probes {
            match &probe.result {
                ProbeResult::Answered(reply) if reply.inherited_from.is_none() => {
                    sent += 1;
                    answered += 1;
                    rtts.extend(reply.rtt);
                }
                ProbeResult::Silent => sent += 1,
                ProbeResult::Answered(_) | ProbeResult::Unsent { .. } => {}
            }
        }
        Statistics::of(sent, answered, &rtts)
    }
}
