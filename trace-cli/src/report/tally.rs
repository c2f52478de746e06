//! Statistics that grow with every round, as mtr has them.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use trace_core::model::{Hop, ProbeResult, Protocol, Protocols, Ttl};

/// Probes that the strip of a hop shows at most.
const STRIP: usize = 400;

/// What came of the probes of one hop, or of those that one address answered.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    pub(crate) answered: u64,
    pub(crate) last: Option<Duration>,
    /// Microseconds, least first.
    sorted: Vec<u32>,
    /// Mean and sum of squared differences from it, in seconds (Welford, "Note on a method for calculating corrected
    /// sums of squares and products", Technometrics 4 (3), 1962).
    mean: f64,
    squares: f64,
    count: f64,
    /// RFC 3550 section 6.4.1.
    jitter: Option<f64>,
    /// The last probes, newest last; `None` for those nobody answered.
    pub(crate) strip: VecDeque<Option<u32>>,
}

impl Tally {
    fn lost(&mut self) {
        self.sent += 1;
        self.remember(None);
    }

    fn answered(&mut self, rtt: Option<Duration>) {
        self.sent += 1;
        self.answered += 1;
        let Some(rtt) = rtt else { return };
        let microseconds = u32::try_from(rtt.as_micros()).unwrap_or(u32::MAX);
        let place = self.sorted.partition_point(|earlier| *earlier <= microseconds);
        self.sorted.insert(place, microseconds);
        let seconds = rtt.as_secs_f64();
        self.count += 1.0;
        let difference = seconds - self.mean;
        self.mean += difference / self.count;
        self.squares += difference * (seconds - self.mean);
        if let Some(last) = self.last {
            let jitter = self.jitter.unwrap_or(0.0);
            self.jitter = Some(jitter + (last.abs_diff(rtt).as_secs_f64() - jitter) / 16.0);
        }
        self.last = Some(rtt);
        self.remember(Some(microseconds));
    }

    fn remember(&mut self, probe: Option<u32>) {
        if self.strip.len() == STRIP {
            self.strip.pop_front();
        }
        self.strip.push_back(probe);
    }

    /// The share of probes that nobody answered, 0 to 1.
    pub(crate) fn loss(&self) -> Option<f64> {
        // Differences of more than 2^53 probes take longer than anybody waits.
        #[expect(clippy::cast_precision_loss, reason = "the number of probes is far below 2^53")]
        let share = |part: u64, whole: u64| part as f64 / whole as f64;
        (self.sent > 0).then(|| share(self.sent - self.answered, self.sent))
    }

    pub(crate) fn best(&self) -> Option<Duration> {
        self.sorted.first().map(|least| Duration::from_micros((*least).into()))
    }

    pub(crate) fn worst(&self) -> Option<Duration> {
        self.sorted.last().map(|most| Duration::from_micros((*most).into()))
    }

    pub(crate) fn average(&self) -> Option<Duration> {
        (self.count > 0.0).then(|| Duration::try_from_secs_f64(self.mean).ok())?
    }

    /// The standard deviation of the sample.
    pub(crate) fn deviation(&self) -> Option<Duration> {
        (self.count > 1.0)
            .then(|| Duration::try_from_secs_f64((self.squares / (self.count - 1.0)).sqrt()).ok())?
    }

    pub(crate) fn jitter(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.jitter?).ok()
    }

    /// The nearest rank of so many in a hundred.
    pub(crate) fn percentile(&self, hundredths: usize) -> Option<Duration> {
        let rank = (self.sorted.len() * hundredths).div_ceil(100).max(1);
        self.sorted.get(rank - 1).map(|rtt| Duration::from_micros((*rtt).into()))
    }
}

/// The tallies of one TTL.
#[derive(Debug, Clone, Default)]
pub(crate) struct HopTally {
    /// Of all probes.
    pub(crate) whole: Tally,
    /// Of those that one address answered; the one heard last stands first.
    pub(crate) answerers: Vec<(IpAddr, Tally)>,
    /// The same by each protocol, where there are several.
    protocols: Vec<(Protocol, HopTally)>,
}

impl HopTally {
    /// Those of the probes by one protocol, where that was asked for.
    pub(crate) fn of(&self, protocol: Protocol) -> Option<&Self> {
        self.protocols.iter().find(|(of, _)| *of == protocol).map(|(_, tally)| tally)
    }

    /// Of what one address answered.
    pub(crate) fn by(&self, from: Option<IpAddr>) -> Option<&Tally> {
        self.answerers.iter().find(|(address, _)| Some(*address) == from).map(|(_, tally)| tally)
    }

    fn of_mut(&mut self, protocol: Protocol) -> Option<&mut Self> {
        let place = self.protocols.iter().position(|(of, _)| *of == protocol).unwrap_or_else(|| {
            self.protocols.push((protocol, Self::default()));
            self.protocols.len() - 1
        });
        self.protocols.get_mut(place).map(|(_, tally)| tally)
    }

    fn take_in(&mut self, result: &ProbeResult, is_over: bool) {
        match result {
            ProbeResult::Answered(reply) if reply.inherited_from.is_none() => {
                self.answered(reply.from, reply.rtt);
            }
            ProbeResult::Silent if is_over => self.whole.lost(),
            ProbeResult::Answered(_) | ProbeResult::Silent | ProbeResult::Unsent { .. } => {}
        }
    }

    fn answered(&mut self, from: IpAddr, rtt: Option<Duration>) {
        self.whole.answered(rtt);
        let known = self.answerers.iter().position(|(address, _)| *address == from);
        let (_, mut tally) =
            known.map_or_else(|| (from, Tally::default()), |place| self.answerers.remove(place));
        tally.answered(rtt);
        self.answerers.insert(0, (from, tally));
    }
}

/// The tallies of a path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tallies {
    hops: BTreeMap<Ttl, HopTally>,
    /// Each protocol is counted by itself too.
    by_protocol: bool,
}

impl Tallies {
    /// From now on each of these protocols is counted by itself too where there are several.
    pub(crate) fn count_each(&mut self, protocols: Option<Protocols>) {
        self.by_protocol = protocols == Some(Protocols::All);
    }

    /// Those of the rounds that `wanted` holds for. Where a round is not over, unanswered probes may still be answered:
    /// they count for those that `is_over` holds for only.
    pub(crate) fn add(&mut self, hops: &[Hop], wanted: impl Fn(u32) -> bool, is_over: impl Fn(u32) -> bool) {
        for hop in hops {
            let tally = self.hops.entry(hop.ttl).or_default();
            for probe in hop.probes.iter().filter(|probe| wanted(probe.round)) {
                let is_over = is_over(probe.round);
                tally.take_in(&probe.result, is_over);
                let protocol = probe.protocol.filter(|_| self.by_protocol);
                if let Some(of_protocol) = protocol.and_then(|protocol| tally.of_mut(protocol)) {
                    of_protocol.take_in(&probe.result, is_over);
                }
            }
        }
    }

    /// Those of a finished measurement.
    pub(crate) fn of(hops: &[Hop], protocols: Option<Protocols>) -> Self {
        let mut tallies = Self::default();
        tallies.count_each(protocols);
        tallies.add(hops, |_| true, |_| true);
        tallies
    }

    pub(crate) fn get(&self, ttl: Ttl) -> Option<&HopTally> {
        self.hops.get(&ttl)
    }

    /// The least share of probes that nobody answered at any one hop behind a TTL.
    pub(crate) fn least_loss_behind(&self, ttl: Ttl) -> Option<f64> {
        let behind = self.hops.range(ttl.saturating_add(1)..).filter(|(other, _)| **other > ttl);
        behind.filter_map(|(_, hop)| hop.whole.loss()).min_by(f64::total_cmp)
    }

    /// The last TTL that somebody answered at.
    pub(crate) fn last_answer(&self) -> Option<Ttl> {
        self.hops.iter().rev().find(|(_, hop)| hop.whole.answered > 0).map(|(ttl, _)| *ttl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples::{answered, hop, silent};
    use trace_core::model::ReplyKind;

    fn ms(text: Option<Duration>) -> String {
        text.map_or_else(|| "-".to_owned(), |time| format!("{:.3}", time.as_secs_f64() * 1e3))
    }

    #[test]
    fn statistics_are_those_of_the_definitions() {
        let probes: Vec<_> = [2_000, 4_000, 4_000, 4_000, 5_000, 5_000, 7_000, 9_000]
            .map(|rtt| answered("192.0.2.1", rtt, ReplyKind::TimeExceeded))
            .into_iter()
            .chain([silent(), silent()])
            .collect();
        let tallies = Tallies::of(&[hop(1, probes)], None);
        let tally = &tallies.get(Ttl::MIN).unwrap().whole;
        assert_eq!((tally.sent, tally.answered, tally.loss()), (10, 8, Some(0.2)));
        assert_eq!(ms(tally.average()), "5.000");
        // The sum of squares is 32; 32 / 7 under the root.
        assert_eq!(ms(tally.deviation()), "2.138");
        assert_eq!(
            (ms(tally.best()), ms(tally.worst()), ms(tally.last)),
            ("2.000".into(), "9.000".into(), "9.000".into())
        );
        assert_eq!((ms(tally.percentile(50)), ms(tally.percentile(95))), ("4.000".into(), "9.000".into()));
        assert_eq!(tally.strip.len(), 10);
        assert_eq!(tallies.last_answer(), Some(Ttl::MIN));
    }

    #[test]
    fn each_of_several_protocols_is_counted_by_itself() {
        let mut probes = vec![answered("192.0.2.1", 1000, ReplyKind::TimeExceeded), silent(), silent()];
        for (probe, protocol) in probes.iter_mut().zip(Protocol::ALL) {
            probe.protocol = Some(*protocol);
        }
        let tallies = Tallies::of(&[hop(1, probes.clone())], Some(Protocols::All));
        let tally = tallies.get(Ttl::MIN).unwrap();
        let loss = |protocol| tally.of(protocol).and_then(|tally| tally.whole.loss());
        assert_eq!(
            (loss(Protocol::Icmp), loss(Protocol::Udp), loss(Protocol::Tcp)),
            (Some(0.0), Some(1.0), Some(1.0))
        );
        let from = Some("192.0.2.1".parse().unwrap());
        assert!(
            tally.of(Protocol::Icmp).unwrap().by(from).is_some()
                && tally.of(Protocol::Udp).unwrap().by(from).is_none()
        );
        // Of one protocol the whole says everything.
        assert!(Tallies::of(&[hop(1, probes)], None).get(Ttl::MIN).unwrap().of(Protocol::Icmp).is_none());
    }

    #[test]
    fn of_nothing_is_nothing() {
        let tally = Tally::default();
        assert_eq!(
            (tally.loss(), tally.best(), tally.average(), tally.deviation()),
            (None, None, None, None)
        );
        assert_eq!((tally.jitter(), tally.percentile(50), tally.worst()), (None, None, None));
    }

    #[test]
    fn who_was_heard_last_stands_first_and_a_round_under_way_has_no_loss_yet() {
        let mut probes = vec![
            answered("192.0.2.1", 1000, ReplyKind::TimeExceeded),
            answered("192.0.2.2", 1000, ReplyKind::TimeExceeded),
            silent(),
        ];
        for (round, probe) in (0..).zip(&mut probes) {
            probe.round = round;
        }
        let hops = [hop(1, probes)];
        let mut tallies = Tallies::default();
        tallies.add(&hops, |_| true, |round| round < 2);
        let tally = tallies.get(Ttl::MIN).unwrap();
        assert_eq!((tally.whole.sent, tally.whole.answered), (2, 2));
        let order: Vec<String> = tally.answerers.iter().map(|(from, _)| from.to_string()).collect();
        assert_eq!(order, ["192.0.2.2", "192.0.2.1"]);
        let mut first = Tallies::default();
        first.add(&hops, |round| round == 0, |_| true);
        assert_eq!(first.get(Ttl::MIN).unwrap().answerers.len(), 1);
    }
}
