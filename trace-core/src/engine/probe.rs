use core::num::NonZeroU16;

use crate::model::{Flow, Protocol, Ttl};

/// The number of a target within one engine and link, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetIndex(pub u32);

/// The number a carrier hides in a probe's headers: 1 to [`ProbeId::COUNT`], unique among the probes of one
/// target, protocol and flow that may still be answered.
///
/// It is small so that every carrier can hold it even where a router quotes only 8 bytes of the probe: a
/// UDP datagram over IPv6 then shows nothing but ports, length and checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProbeId(NonZeroU16);

impl ProbeId {
    /// How many different ids there are; they run from 1 to this.
    pub const COUNT: u16 = 512;

    /// The first id.
    pub const FIRST: Self = Self(NonZeroU16::MIN);

    /// The id with this number, or `None` outside 1 to [`Self::COUNT`].
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number > Self::COUNT {
            return None;
        }
        match NonZeroU16::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The plain number, 1 to [`Self::COUNT`].
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0.get()
    }
}

/// A probe to be sent, as the engine decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Probe {
    /// What it is aimed at.
    pub target: TargetIndex,
    /// What it is made of.
    pub protocol: Protocol,
    /// How far it goes.
    pub ttl: Ttl,
    /// The flow it belongs to.
    pub flow: Flow,
    /// The round it belongs to, from 0.
    pub round: u32,
    /// How its answer will be told from others.
    pub id: ProbeId,
    /// Whether it leaves its flow, using a destination port of its own (the flow's port + its id), because
    /// answers within the flow could not be told apart.
    pub off_flow: bool,
}
