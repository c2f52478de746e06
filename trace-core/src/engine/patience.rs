//! How long an answer is waited for.
//!
//! A fixed time-out is always wrong: a silent hop among fast ones would cost all of it. Yet routers make
//! ICMP errors on their slow path, and a router that forwards in microseconds may answer 200 ms late. So
//! the wait is the greatest RTT heard on the lane plus [`SLACK`] wherever something at this TTL or behind it
//! has answered, and the full `--wait` where nothing has: there an answer may still come from another
//! continent.

use core::time::Duration;

/// How much later than its neighbours a router may answer: the 200 ms that slow paths were seen to take, and
/// room for a loaded machine.
pub(super) const SLACK: Duration = Duration::from_millis(280);

/// How long to wait for an answer, from the moment its probe left.
pub(super) fn patience(
    wait: Duration,
    greatest_rtt: Option<Duration>,
    answered_here_or_behind: bool,
) -> Duration {
    match greatest_rtt {
        Some(rtt) if answered_here_or_behind => wait.min(rtt.saturating_add(SLACK)),
        _ => wait,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(2);

    #[test]
    fn nothing_heard_waits_in_full() {
        assert_eq!(patience(WAIT, None, false), WAIT);
        assert_eq!(patience(WAIT, Some(Duration::from_millis(1)), false), WAIT);
    }

    #[test]
    fn a_silent_hop_among_answers_waits_for_a_slow_path() {
        assert_eq!(patience(WAIT, Some(Duration::from_millis(110)), true), Duration::from_millis(390));
    }

    #[test]
    fn never_longer_than_asked() {
        assert_eq!(patience(WAIT, Some(Duration::from_millis(1900)), true), WAIT);
    }
}
