use core::time::Duration;

/// A small generator of random numbers, the same on every machine for the same seed (SplitMix64: Steele, Lea
/// and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// True with this probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        // 53 bits are what a double holds exactly.
        const STEPS: f64 = 9_007_199_254_740_992.0;
        probability > 0.0 && ((self.next() >> 11) as f64) / STEPS < probability
    }

    /// A duration from nothing to `most`.
    pub(super) fn up_to(&mut self, most: Duration) -> Duration {
        match u64::try_from(most.as_nanos()) {
            Ok(0) | Err(_) => Duration::ZERO,
            Ok(most) => Duration::from_nanos(self.next() % most.saturating_add(1)),
        }
    }
}

/// Spreads the bits of a number over all bits of another.
pub(super) const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
