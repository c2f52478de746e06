//! How fast something may go: so many a second in the long run, and a few more at once.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A bucket that fills at a steady rate; what passes takes one out of it.
#[derive(Debug)]
pub(in crate::serve) struct Pace {
    rate: f64,
    most: f64,
    level: Mutex<(Instant, f64)>,
}

impl Pace {
    /// So many a second, and so many at once.
    pub(in crate::serve) fn new((rate, most): (f64, f64)) -> Self {
        Self { rate, most, level: Mutex::new((now(), most)) }
    }

    /// Whether one more may pass now.
    pub(in crate::serve) fn may_pass(&self) -> bool {
        self.may_pass_at(now())
    }

    fn may_pass_at(&self, at: Instant) -> bool {
        let mut level = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        let (then, left) = *level;
        let left = (left + at.saturating_duration_since(then).as_secs_f64() * self.rate).min(self.most);
        let passes = left >= 1.0;
        *level = (at.max(then), if passes { left - 1.0 } else { left });
        passes
    }
}

#[expect(clippy::disallowed_methods, reason = "how fast requests come is measured")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_few_at_once_and_then_steadily() {
        let pace = Pace::new((2.0, 3.0));
        let start = pace.level.lock().unwrap().0;
        let passed = |after: u64| pace.may_pass_at(start + Duration::from_millis(after));
        assert_eq!([0, 0, 0, 0].map(passed), [true, true, true, false]);
        assert_eq!([400, 500, 501, 1000].map(passed), [false, true, false, true]);
        assert_eq!([60_000; 4].map(passed), [true, true, true, false]);
        assert!(!passed(0), "a clock that goes back fills nothing");
    }
}
