//! What the service manager is told (sd_notify(3)).

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

/// How often the status is told at most.
const STATUS: Duration = Duration::from_secs(5);

/// The service manager, if there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Supervisor {
    /// How often it wants a sign of life.
    watchdog: Option<Duration>,
    last_sign: Option<Instant>,
    last_status: Option<Instant>,
}

impl Supervisor {
    pub(crate) fn new() -> Self {
        // Twice as often as it wants one.
        let watchdog = sd_notify::watchdog_enabled().map(|limit| limit / 2);
        Self { watchdog, last_sign: None, last_status: None }
    }

    /// How long the loop may wait.
    pub(crate) fn patience(&self) -> Duration {
        self.watchdog.unwrap_or(Duration::MAX)
    }

    pub(crate) fn ready(&mut self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
        self.last_status = Some(now());
    }

    pub(crate) fn reloading(&self) {
        let now = NotifyState::monotonic_usec_now().ok();
        let states: Vec<NotifyState<'_>> = [NotifyState::Reloading].into_iter().chain(now).collect();
        tell(&states);
    }

    pub(crate) fn stopping(&self) {
        tell(&[NotifyState::Stopping, NotifyState::Status("finishing")]);
    }

    /// A sign of life, if one is due, and the status, if it is old.
    pub(crate) fn beat(&mut self, status: impl FnOnce() -> String) {
        let now = now();
        let is_due = |last: Option<Instant>, span: Duration| last.is_none_or(|last| now >= last + span);
        if self.watchdog.is_some_and(|watchdog| is_due(self.last_sign, watchdog)) {
            tell(&[NotifyState::Watchdog]);
            self.last_sign = Some(now);
        }
        if is_due(self.last_status, STATUS) {
            tell(&[NotifyState::Status(&status())]);
            self.last_status = Some(now);
        }
    }
}

/// Nothing hangs on whether it hears.
fn tell(states: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(states);
}

#[expect(clippy::disallowed_methods, reason = "signs of life are due by the time that passes")]
fn now() -> Instant {
    Instant::now()
}
