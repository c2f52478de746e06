use core::fmt;

use crate::model::{Finding, Ttl};

/// A finding at a hop, with the evidence in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The hop.
    pub ttl: Ttl,
    /// What was found.
    pub finding: Finding,
    /// Why, in a sentence for a person that names the evidence. Addresses are the only text from the network in it.
    pub explanation: String,
}

/// `TTL 3: the packet it quotes ...`.
impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TTL {}: {}", self.ttl, self.explanation)
    }
}
