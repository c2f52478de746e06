//! Whether a target limits its answers instead of losing packets.

use trace_core::model::{Hop, ProbeResult};

/// The probability below which it is not thought to be chance that only late probes stay unanswered: four
/// traces that lost the last of three are below it.
pub(crate) const CHANCE: f64 = 2e-2;

/// How likely it is that the probes of a hop that were lost are just the last ones, if any could be lost as well; `None`
/// where others were lost, or all of them.
pub(crate) fn chance(hop: &Hop) -> Option<f64> {
    let mut probes: Vec<_> = hop
        .probes
        .iter()
        .filter_map(|probe| match &probe.result {
            ProbeResult::Answered(reply) if reply.inherited_from.is_none() => Some((probe.sent, true)),
            ProbeResult::Silent => Some((probe.sent, false)),
            ProbeResult::Answered(_) | ProbeResult::Unsent { .. } => None,
        })
        .collect();
    probes.sort_by_key(|(sent, _)| *sent);
    let answered = probes.iter().filter(|(_, answered)| *answered).count();
    let first = probes.iter().take_while(|(_, answered)| *answered).count();
    if answered == 0 || first != answered {
        return None;
    }
    // One of as many choices as there are.
    let lost = probes.len() - answered;
    let float = |number: usize| u32::try_from(number).map_or(f64::INFINITY, f64::from);
    Some((1..=lost).map(|number| float(number) / float(answered + number)).product())
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use trace_core::model::{Flow, ProbeRecord, Reply, Ttl};

    use super::*;

    fn hop(answered: &[bool]) -> Hop {
        let probe = |(number, answered): (u64, &bool)| ProbeRecord {
            protocol: None,
            flow: Flow(0),
            round: 0,
            sent: Some(Duration::from_millis(number)),
            off_flow: false,
            result: match answered {
                true => ProbeResult::Answered(Box::new(Reply::new([192, 0, 2, 1].into()))),
                false => ProbeResult::Silent,
            },
        };
        Hop { ttl: Ttl::MIN, probes: (0..).zip(answered).map(probe).collect() }
    }

    #[test]
    fn only_the_last_ones_are_a_limit() {
        let third = chance(&hop(&[true, true, false])).unwrap();
        assert!((third - 1.0 / 3.0).abs() < 1e-12);
        assert!((chance(&hop(&[true, false, false])).unwrap() - 1.0 / 3.0).abs() < 1e-12);
        assert!((chance(&hop(&[true, true])).unwrap() - 1.0).abs() < 1e-12);
        for other in [&[true, false, true][..], &[false, true, true], &[false, false, false], &[]] {
            assert_eq!(chance(&hop(other)), None, "{other:?}");
        }
    }
}
