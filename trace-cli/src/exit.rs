//! What the exit status says, and the failures that carry one.

use core::fmt;
use std::process::ExitCode;

/// The documented exit statuses, mildest first: of many targets the worst counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Done; a trace reached its target.
    Done,
    /// Held against one another, and there are differences.
    Different,
    /// Traced, and the target was not reached.
    NotReached,
    /// Could not probe: name not resolved, no route, not permitted.
    CouldNotProbe,
    /// What was typed or configured makes no sense.
    Senseless,
    /// Interrupted by a signal; what was measured is stored and marked.
    Interrupted,
    /// Could not store or read.
    CouldNotKeep,
}

impl Exit {
    /// The number the shell sees.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Different | Self::NotReached => 1,
            Self::Senseless => 2,
            Self::CouldNotProbe => 3,
            Self::CouldNotKeep => 4,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.status())
    }
}

/// Why a verb could not do its work, and the status to say so with.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The status.
    pub(crate) exit: Exit,
    /// What to say; `None` where there is nobody left to say it to.
    pub(crate) cause: Option<anyhow::Error>,
}

impl Failure {
    /// A failure with its cause.
    pub(crate) fn new(exit: Exit, cause: impl Into<anyhow::Error>) -> Self {
        Self { exit, cause: Some(cause.into()) }
    }

    /// Whoever read our output has gone: a quiet end.
    pub(crate) const fn nobody_listens() -> Self {
        Self { exit: Exit::Done, cause: None }
    }
}

/// The whole chain of causes on one line. Many errors end with their cause already: it is said once.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(cause) = &self.cause else { return Ok(()) };
        let mut said = String::new();
        for link in cause.chain().map(ToString::to_string) {
            if said.is_empty() {
                said = link;
            } else if !said.contains(&link) {
                said = format!("{said}: {link}");
            }
        }
        f.write_str(&said)
    }
}

/// A result whose failure knows its exit status. There is no conversion from other errors: each place that
/// can fail says which status that is.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Says which exit status a failure is.
pub(crate) trait Blame<T> {
    /// This failure ends the program with `exit`.
    fn blame(self, exit: Exit) -> Result<T>;

    /// The same, saying first what was attempted.
    fn blame_on(self, exit: Exit, attempt: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<anyhow::Error>> Blame<T> for std::result::Result<T, E> {
    fn blame(self, exit: Exit) -> Result<T> {
        self.map_err(|cause| Failure::new(exit, cause))
    }

    fn blame_on(self, exit: Exit, attempt: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|cause| Failure::new(exit, cause.into().context(attempt())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_counts_in_the_documented_order() {
        let order = [
            Exit::CouldNotKeep,
            Exit::Interrupted,
            Exit::Senseless,
            Exit::CouldNotProbe,
            Exit::NotReached,
            Exit::Done,
        ];
        assert!(order.is_sorted_by(|worse, better| worse > better));
        assert_eq!(order.map(Exit::status), [4, 130, 2, 3, 1, 0]);
    }

    #[test]
    fn a_failure_tells_its_whole_chain() {
        let cause = std::io::Error::other("disk on fire");
        let failure =
            Err::<(), _>(cause).blame_on(Exit::CouldNotKeep, || "could not write a.json".to_owned());
        let failure = failure.unwrap_err();
        assert_eq!(failure.to_string(), "could not write a.json: disk on fire");
        assert_eq!(failure.exit.status(), 4);
        assert_eq!(Failure::nobody_listens().to_string(), "");
    }

    #[test]
    fn a_cause_that_was_told_is_not_told_again() {
        let route = trace_core::Error::NoRoute {
            address: [192, 0, 2, 1].into(),
            source: std::io::Error::other("Network is unreachable"),
        };
        let failure = Failure::new(Exit::CouldNotProbe, route);
        assert_eq!(failure.to_string(), "no route to 192.0.2.1: Network is unreachable");
    }
}
