//! The steps of storing a trace, at each of which the process may die.

/// How far a trace has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The rows are written, the transaction is open.
    BeforeCommit,
    /// The trace is in the database, its document is pending.
    AfterCommit,
    /// The document is in a temporary file.
    AfterTemporary,
    /// The document has its name.
    AfterRename,
    /// The name is on disk, the database does not know yet.
    BeforeMark,
    /// Some of many traces that are brought in are there.
    AfterBatch,
}

/// Does nothing outside the tests of this crate, where the process can be told to stop at a step.
#[cfg(not(test))]
#[inline]
pub(super) const fn reached(_step: Step) {}

/// Stops here for good if the environment names this step, after saying so: whoever started this process kills
/// it then.
#[cfg(test)]
pub(super) fn reached(step: Step) {
    use std::io::{Read as _, Write as _};

    if std::env::var("TRACE_STORE_TEST_STOP_AT").is_ok_and(|name| name == format!("{step:?}")) {
        let mut out = std::io::stdout();
        writeln!(out, "\nstopped at {step:?}").and_then(|()| out.flush()).unwrap();
        // Only a signal ends this.
        loop {
            let _ = std::io::stdin().read(&mut [0]);
        }
    }
}
