use core::fmt;
use core::num::NonZeroU8;

/// A time to live or hop limit, 1 to 255: which hop a probe is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ttl(NonZeroU8);

impl Ttl {
    /// The first hop.
    pub const MIN: Self = Self(NonZeroU8::MIN);
    /// As far as a packet can go.
    pub const MAX: Self = Self(NonZeroU8::MAX);
    /// As far as a trace goes unless told otherwise.
    pub const DEFAULT_MAX: Self = match Self::new(30) {
        Some(ttl) => ttl,
        None => Self::MAX,
    };

    /// The TTL, or `None` for 0.
    #[must_use]
    pub const fn new(ttl: u8) -> Option<Self> {
        match NonZeroU8::new(ttl) {
            Some(ttl) => Some(Self(ttl)),
            None => None,
        }
    }

    /// The plain number, 1 to 255.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0.get()
    }

    /// The TTL `hops` further, 255 at most.
    #[must_use]
    pub const fn saturating_add(self, hops: u8) -> Self {
        Self(self.0.saturating_add(hops))
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
