use core::hash::{BuildHasher as _, BuildHasherDefault};
use std::net::IpAddr;

use super::Moment;
use super::mixer::Mixer;

/// The index of no saying.
pub(super) const NOTHING: u32 = u32::MAX;

/// What one lane has sent with one TTL in the current round, and what came of it. Two of them fill a cache line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// When the last one left.
    pub(super) last_sent: Moment,
    /// The slots before this one are not waited for any more.
    pub(super) given_up: u32,
    /// What was said here last, in any round: an index into the sayings of the lane.
    pub(super) latest: u32,
    /// What the first router said whose TTL ran out here.
    pub(super) router: u32,
    /// A hash of that router's address, so that two rows are told apart without a look at the sayings.
    pub(super) tag: u16,
    /// How many probes are to be sent.
    pub(super) quota: u16,
    /// How many were handed to the link.
    pub(super) sent: u16,
    /// How many of those are still waited for.
    pub(super) in_flight: u16,
    /// How many were answered.
    pub(super) answered: u16,
    /// Probes were sent a second time because answers could not be told apart.
    pub(super) repeated: bool,
    /// Fewer probes than asked for were sent because other traces needed the router's answers.
    pub(super) cut: bool,
}

impl Row {
    /// A row of a new round, of which `latest` is known from those before.
    pub(super) const fn new(queries: u8, latest: u32) -> Self {
        Self {
            last_sent: Moment::ZERO,
            given_up: 0,
            latest,
            router: NOTHING,
            tag: 0,
            quota: queries as u16,
            sent: 0,
            in_flight: 0,
            answered: 0,
            repeated: false,
            cut: false,
        }
    }

    /// Notes the first router whose TTL ran out here.
    pub(super) fn meet(&mut self, router: IpAddr, saying: u32) {
        if self.router == NOTHING {
            self.router = saying;
            self.tag = tag(router);
        }
    }
}

/// A hash of an address in 16 bits.
fn tag(address: IpAddr) -> u16 {
    let [.., high, low] = BuildHasherDefault::<Mixer>::default().hash_one(address).to_be_bytes();
    u16::from_be_bytes([high, low])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_rows_fill_a_cache_line() {
        assert_eq!(size_of::<Row>(), 32);
    }

    #[test]
    fn neighbouring_addresses_have_tags_of_their_own() {
        let mut tags: Vec<u16> = (0..=255_u8).map(|last| tag([10, 0, 0, last].into())).collect();
        tags.sort_unstable();
        tags.dedup();
        assert!(tags.len() > 250, "{}", tags.len());
    }
}
