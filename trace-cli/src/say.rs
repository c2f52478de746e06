//! What is said on standard error: everything that is no result.

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::escape::escape;

/// Whether the doctor was named already.
static POINTED: AtomicBool = AtomicBool::new(false);

/// Says things to the person at the terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice {
    verbose: bool,
    /// Nobody sits at a terminal: it goes into the log.
    logs: bool,
}

impl Voice {
    /// A voice that also tells what is being done, if asked to.
    pub(crate) const fn new(verbose: bool) -> Self {
        Self { verbose, logs: false }
    }

    /// The same, for a program that runs by itself: what is said is logged.
    pub(crate) const fn logging(self) -> Self {
        Self { logs: true, ..self }
    }

    /// Something went wrong, or is not as was asked. Whoever is not permitted something for the first time learns who
    /// can tell what mends it.
    pub(crate) fn warn(self, text: &str) {
        self.say(text);
        self.point(text);
    }

    /// The same for what was said in another way.
    pub(crate) fn point(self, text: &str) {
        if is_refusal(text) && !POINTED.swap(true, Ordering::Relaxed) {
            self.say("`trace-cli doctor` tells what is permitted here, and what mends the rest");
        }
    }

    fn say(self, text: &str) {
        if self.logs {
            tracing::warn!("{text}");
        } else {
            say(text);
        }
    }

    /// Whether what is being done is to be told.
    pub(crate) const fn is_verbose(self) -> bool {
        self.verbose
    }

    /// What is being done, for those who asked for it.
    pub(crate) fn tell(self, text: impl FnOnce() -> String) {
        if self.verbose && self.logs {
            tracing::debug!("{}", text());
        } else if self.verbose {
            say(&text());
        }
    }
}

/// Whether a text tells that something is not permitted: in our words, in those of EPERM and EACCES, or in SQLite's.
fn is_refusal(text: &str) -> bool {
    ["not permitted", "Permission denied", "unable to open database file"]
        .iter()
        .any(|words| text.contains(words))
}

/// One line after the program's name. There is nobody to tell when standard error is closed.
fn say(text: &str) {
    let line = format!("trace-cli: {}\n", escape(text));
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_permitted_is_recognised() {
        for number in [1, 13] {
            let error = std::io::Error::from_raw_os_error(number);
            assert!(is_refusal(&format!("no probe could be sent: {error}")), "{error}");
        }
        let error = trace_core::Error::NotPermitted { attempt: "open a raw socket", remedy: "do without" };
        assert!(is_refusal(&error.to_string()), "{error}");
        assert!(!is_refusal("no route to 192.0.2.1: Network is unreachable (os error 101)"));
    }
}
