use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Cancels a tracer from wherever it is: from another thread, or from a handler of signals.
///
/// All clones cancel the same tracer. What it has measured until then is handed out as interrupted, a tenth of
/// a second later at most.
#[derive(Debug, Clone, Default)]
pub struct Canceller(Arc<AtomicBool>);

impl Canceller {
    /// Has every running trace finished as [`crate::model::Outcome::Interrupted`]. There is no way back.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
