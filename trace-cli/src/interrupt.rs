//! Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::exit::Exit;

/// Whether the user wants an end.
#[derive(Debug, Default)]
pub(crate) struct Interrupt {
    asked: Arc<AtomicBool>,
    /// What ends the program at the second signal.
    hasty: Mutex<Vec<SigId>>,
}

impl Interrupt {
    /// Listens for the signals that ask for an end, from when there is something to lose. The first one ends the
    /// measurement in an orderly way; the second ends the program at once, until [`Interrupt::take_care`].
    pub(crate) fn listen(&self) -> std::io::Result<()> {
        // Whoever starts a program with `nohup` wants it to outlive the terminal.
        let hangup = (!hangup_is_ignored()).then_some(SIGHUP);
        for signal in [SIGINT, SIGTERM].into_iter().chain(hangup) {
            // In this order: the one signal must not count as the second already.
            let status = Exit::Interrupted.status().into();
            let hasty =
                signal_hook::flag::register_conditional_shutdown(signal, status, Arc::clone(&self.asked))?;
            self.hasty.lock().unwrap_or_else(PoisonError::into_inner).push(hasty);
            signal_hook::flag::register(signal, Arc::clone(&self.asked))?;
        }
        Ok(())
    }

    /// From now on something is measured and not kept yet: no number of signals ends the program before it is.
    pub(crate) fn take_care(&self) {
        for hasty in self.hasty.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            signal_hook::low_level::unregister(hasty);
        }
    }

    /// Asks for an end, as a signal does.
    #[cfg(feature = "serve")]
    pub(crate) fn ask(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether an end was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// Whether this process was started with SIGHUP ignored.
fn hangup_is_ignored() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hangup(&status))
}

/// `SigIgn:` is a mask in hexadecimal digits whose lowest bit is signal 1, SIGHUP (proc_pid_status(5)).
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::ignores_hangup;

    #[test]
    fn the_mask_tells_what_is_ignored() {
        assert!(ignores_hangup("SigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n"));
        assert!(!ignores_hangup("SigIgn:\t0000000000001000\n"));
        assert!(!ignores_hangup(""));
    }
}
