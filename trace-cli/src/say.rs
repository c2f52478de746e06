//! What is said on standard error: everything that is no result.

use std::io::Write as _;

use crate::escape::escape;

/// Says things to the person at the terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice {
    verbose: bool,
}

impl Voice {
    /// A voice that also tells what is being done, if asked to.
    pub(crate) const fn new(verbose: bool) -> Self {
        Self { verbose }
    }

    /// Something went wrong, or is not as was asked.
    pub(crate) fn warn(self, text: &str) {
        say(text);
    }

    /// Whether what is being done is to be told.
    pub(crate) const fn is_verbose(self) -> bool {
        self.verbose
    }

    /// What is being done, for those who asked for it.
    pub(crate) fn tell(self, text: impl FnOnce() -> String) {
        if self.verbose {
            say(&text());
        }
    }
}

/// One line after the program's name. There is nobody to tell when standard error is closed.
fn say(text: &str) {
    let line = format!("trace-cli: {}\n", escape(text));
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}
