use core::time::Duration;

use super::{ProbeRecord, ProbeResult};

/// Loss and round-trip times over some probes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Probes that left.
    pub sent: u32,
    /// Probes that were answered.
    pub answered: u32,
    /// The least RTT.
    pub min: Option<Duration>,
    /// The median RTT: of an even number the mean of the middle two.
    pub median: Option<Duration>,
    /// The 95th percentile (nearest rank).
    pub p95: Option<Duration>,
    /// The greatest RTT.
    pub max: Option<Duration>,
    /// Interarrival jitter over the answers in the order their probes were sent (RFC 3550 section 6.4.1:
    /// `J += (|D| - J) / 16`, from 0). `None` with fewer than two RTTs.
    pub jitter: Option<Duration>,
}

impl Statistics {
    /// Statistics of `rtts`, which stand in the order their probes were sent.
    #[must_use]
    pub fn of(sent: u32, answered: u32, rtts: &[Duration]) -> Self {
        if let [] | [_] = rtts {
            let only = rtts.first().copied();
            return Self { sent, answered, min: only, median: only, p95: only, max: only, jitter: None };
        }
        let mut sorted = rtts.to_vec();
        sorted.sort_unstable();
        let rank = |numerator: usize, denominator: usize| {
            let rank = (sorted.len() * numerator).div_ceil(denominator).max(1);
            sorted.get(rank - 1).copied()
        };
        let median = match (rank(1, 2), sorted.get(sorted.len() / 2)) {
            (Some(low), Some(&high)) => Some(low + (high - low) / 2),
            _ => None,
        };
        Self {
            sent,
            answered,
            min: sorted.first().copied(),
            median,
            p95: rank(95, 100),
            max: sorted.last().copied(),
            jitter: jitter(rtts),
        }
    }

    /// Statistics of these probes, which stand in the order they were sent. What never left and what was taken over from
    /// another trace does not count.
    #[must_use]
    pub fn over<'a>(probes: impl IntoIterator<Item = &'a ProbeRecord>) -> Self {
        let mut sent = 0;
        let mut answered = 0;
        // Most hops are probed once: one RTT needs no list.
        let mut first = None;
        let mut rtts = Vec::new();
        for probe in probes {
            match &probe.result {
                ProbeResult::Answered(reply) if reply.inherited_from.is_none() => {
                    sent += 1;
                    answered += 1;
                    match (reply.rtt, first) {
                        (Some(rtt), None) => first = Some(rtt),
                        (Some(rtt), Some(first)) => {
                            if rtts.is_empty() {
                                rtts.push(first);
                            }
                            rtts.push(rtt);
                        }
                        (None, _) => {}
                    }
                }
                ProbeResult::Silent => sent += 1,
                ProbeResult::Answered(_) | ProbeResult::Unsent { .. } => {}
            }
        }
        Self::of(sent, answered, if rtts.is_empty() { first.as_slice() } else { &rtts })
    }

    /// The share of probes that stayed unanswered, 0 to 1; `None` when none was sent.
    #[must_use]
    pub fn loss(&self) -> Option<f64> {
        (self.sent > 0).then(|| 1.0 - f64::from(self.answered) / f64::from(self.sent))
    }
}

fn jitter(rtts: &[Duration]) -> Option<Duration> {
    let mut pairs = rtts.iter().zip(rtts.iter().skip(1)).peekable();
    pairs.peek()?;
    let seconds =
        pairs.fold(0.0_f64, |jitter, (a, b)| jitter + (a.abs_diff(*b).as_secs_f64() - jitter) / 16.0);
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn of_nothing_is_nothing() {
        let none = Statistics::of(3, 0, &[]);
        assert_eq!((none.min, none.median, none.p95, none.max, none.jitter), (None, None, None, None, None));
        assert_eq!(none.loss(), Some(1.0));
        assert_eq!(Statistics::default().loss(), None);
    }

    #[test]
    fn median_of_odd_and_even() {
        assert_eq!(Statistics::of(3, 3, &[ms(9), ms(1), ms(2)]).median, Some(ms(2)));
        assert_eq!(Statistics::of(4, 4, &[ms(9), ms(1), ms(2), ms(4)]).median, Some(ms(3)));
        assert_eq!(Statistics::of(1, 1, &[ms(5)]).median, Some(ms(5)));
        assert_eq!(Statistics::of(2, 2, &[Duration::MAX, Duration::MAX]).median, Some(Duration::MAX));
    }

    #[test]
    fn percentile_is_the_nearest_rank() {
        let rtts: Vec<_> = (1..=100).map(ms).collect();
        let of_hundred = Statistics::of(100, 100, &rtts);
        assert_eq!(of_hundred.p95, Some(ms(95)));
        assert_eq!(Statistics::of(3, 3, &[ms(1), ms(2), ms(3)]).p95, Some(ms(3)));
    }

    #[test]
    fn jitter_follows_the_order_of_sending() {
        // |16 - 0| / 16 = 1 ms after the first pair; then 1 + (0 - 1) / 16.
        assert_eq!(Statistics::of(2, 2, &[ms(0), ms(16)]).jitter, Some(ms(1)));
        let settled = Statistics::of(3, 3, &[ms(0), ms(16), ms(16)]).jitter.unwrap();
        assert_eq!(settled, Duration::from_nanos(937_500));
        assert_eq!(Statistics::of(1, 1, &[ms(5)]).jitter, None);
    }
}
