//! Ctrl-C.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::exit::Exit;

/// Whether the user wants an end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for the signals that ask for an end, from when there is something to lose. The first one ends the
    /// measurement in an orderly way; the second ends the program at once.
    pub(crate) fn listen(&self) -> std::io::Result<()> {
        for signal in [SIGINT, SIGTERM] {
            // In this order: the one signal must not count as the second already.
            signal_hook::flag::register_conditional_shutdown(
                signal,
                Exit::Interrupted.status().into(),
                Arc::clone(&self.0),
            )?;
            signal_hook::flag::register(signal, Arc::clone(&self.0))?;
        }
        Ok(())
    }

    /// Whether an end was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
