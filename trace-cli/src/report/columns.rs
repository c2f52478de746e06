//! The columns of numbers in the table of hops.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use trace_core::model::{Finding, Flow, Hop, ProbeRecord, ProbeResult, Protocol, Protocols, Statistics};

use super::loss::loss_and_sent;
use super::milliseconds;
use super::tally::{HopTally, Tallies, Tally};
use crate::grid::{Cell, Side};
use crate::paint::Ink;

/// What of the rounds is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Display {
    /// As mtr does it: last, average, best, worst, standard deviation.
    #[default]
    Averages,
    /// Median, 95th percentile and jitter.
    Percentiles,
    /// A strip of the last probes.
    Strip,
}

impl Display {
    /// The one after it.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Averages => Self::Percentiles,
            Self::Percentiles => Self::Strip,
            Self::Strip => Self::Averages,
        }
    }
}

/// Which numbers stand in the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Columns<'a> {
    kind: Kind<'a>,
    flows: u16,
    /// Everything that is known of a hop in numbers.
    wide: bool,
}

#[derive(Debug, Clone, Copy)]
enum Kind<'a> {
    /// Loss, and the times of the answerer.
    Once,
    /// Statistics over rounds; of `each` protocol where there are several.
    Rounds { tallies: &'a Tallies, display: Display, each: bool },
    /// The times of each protocol.
    Protocols,
}

impl<'a> Columns<'a> {
    pub(crate) const fn once(flows: u16) -> Self {
        Self { kind: Kind::Once, flows, wide: false }
    }

    pub(crate) fn rounds(
        flows: u16,
        tallies: &'a Tallies,
        display: Display,
        protocols: Option<Protocols>,
    ) -> Self {
        let each = protocols == Some(Protocols::All);
        Self { kind: Kind::Rounds { tallies, display, each }, flows, wide: false }
    }

    pub(crate) const fn protocols(flows: u16) -> Self {
        Self { kind: Kind::Protocols, flows, wide: false }
    }

    /// The same, with every number there is: 95th percentile, jitter, and the length of the way back.
    pub(crate) const fn wide(self, wide: bool) -> Self {
        Self { wide, ..self }
    }

    pub(super) fn heads(&self) -> Vec<(&'static str, Side)> {
        let numbers: &[&'static str] = match (self.kind, self.wide) {
            (Kind::Once, false) => &["Loss", "Sent", "Min ms", "Median", "Max"],
            (Kind::Once, true) => &["Loss", "Sent", "Min ms", "Median", "95%", "Max", "Jitter", "Back"],
            (Kind::Rounds { display: Display::Averages, each: true, .. }, false) => {
                &["Sent", "ICMP loss", "Avg ms", "UDP loss", "Avg ms", "TCP loss", "Avg ms"]
            }
            (Kind::Rounds { display: Display::Percentiles, each: true, .. }, false) => {
                &["Sent", "ICMP loss", "Median", "UDP loss", "Median", "TCP loss", "Median"]
            }
            (Kind::Rounds { display: Display::Averages, each: true, .. }, true) => &[
                "Sent",
                "ICMP loss",
                "Avg ms",
                "95%",
                "Jitter",
                "UDP loss",
                "Avg ms",
                "95%",
                "Jitter",
                "TCP loss",
                "Avg ms",
                "95%",
                "Jitter",
                "Back",
            ],
            (Kind::Rounds { display: Display::Percentiles, each: true, .. }, true) => &[
                "Sent",
                "ICMP loss",
                "Median",
                "95%",
                "Jitter",
                "UDP loss",
                "Median",
                "95%",
                "Jitter",
                "TCP loss",
                "Median",
                "95%",
                "Jitter",
                "Back",
            ],
            (Kind::Rounds { display: Display::Averages, .. }, false) => {
                &["Loss", "Sent", "Last ms", "Avg", "Best", "Worst", "StDev"]
            }
            (Kind::Rounds { display: Display::Averages, .. }, true) => &[
                "Loss", "Sent", "Last ms", "Avg", "Best", "Worst", "StDev", "Median", "95%", "Jitter", "Back",
            ],
            (Kind::Rounds { display: Display::Percentiles, .. }, _) => {
                &["Loss", "Sent", "Last ms", "Median", "95%", "Jitter", "Back"]
            }
            (Kind::Rounds { display: Display::Strip, .. }, _) => &["Loss", "Sent", "Last ms"],
            (Kind::Protocols, false) => &["ICMP ms", "UDP ms", "TCP ms"],
            (Kind::Protocols, true) => {
                &["ICMP ms", "95%", "Jitter", "UDP ms", "95%", "Jitter", "TCP ms", "95%", "Jitter", "Back"]
            }
        };
        let flows = (self.flows > 1).then_some(("Flows", Side::Left));
        let strip = matches!(self.kind, Kind::Rounds { display: Display::Strip, .. });
        let strip = strip.then_some(("Last probes", Side::Left));
        flows.into_iter().chain(numbers.iter().map(|head| (*head, Side::Right))).chain(strip).collect()
    }

    /// Who answered at a hop, in the order of the rows.
    pub(super) fn answerers(&self, hop: &Hop) -> Vec<IpAddr> {
        match self.kind {
            Kind::Rounds { tallies, .. } => {
                let tally = tallies.get(hop.ttl);
                let mut all: Vec<_> =
                    tally.into_iter().flat_map(|tally| &tally.answerers).map(|(from, _)| *from).collect();
                // Those taken over from other traces are in no tally.
                all.extend(hop.answerers());
                let mut seen = BTreeSet::new();
                all.retain(|from| seen.insert(*from));
                all
            }
            Kind::Once | Kind::Protocols => hop.answerers(),
        }
    }

    /// Whether a hop that nobody answered at is known to be silent.
    pub(super) fn is_settled(&self, hop: &Hop) -> bool {
        match self.kind {
            Kind::Rounds { tallies, .. } => tallies.get(hop.ttl).is_some_and(|tally| tally.whole.sent > 0),
            Kind::Once | Kind::Protocols => false,
        }
    }

    /// The cells of a row: of the answerer, and of the whole hop if it is the `first` row. Without an answerer it is the
    /// only row.
    pub(super) fn cells(
        &self,
        hop: &Hop,
        from: Option<(IpAddr, bool)>,
        statistics: Option<&Statistics>,
        findings: &[Finding],
    ) -> Vec<Cell> {
        let first = from.is_none_or(|(_, first)| first);
        let from = from.map(|(from, _)| from);
        let mut cells = Vec::new();
        if self.flows > 1 {
            cells.push(Cell::new(flows(hop, from, self.flows)));
        }
        match self.kind {
            Kind::Once => {
                let whole = statistics.filter(|_| first);
                let loss = whole.and_then(Statistics::loss);
                cells.extend(loss_and_sent(loss, whole.map(|whole| whole.sent.into()), findings));
                let times = from.map(|from| times(&of_answerer(hop, from))).unwrap_or_default();
                let Statistics { min, median, p95, max, jitter, .. } = times;
                if self.wide {
                    cells.extend([min, median, p95, max, jitter].map(cell));
                    cells.push(back(hop, from));
                } else {
                    cells.extend([min, median, max].map(cell));
                }
            }
            Kind::Rounds { tallies, display, each: true } if display != Display::Strip => {
                let hop_tally = tallies.get(hop.ttl);
                let sent = hop_tally.filter(|_| first).map(|tally| tally.whole.sent).filter(|sent| *sent > 0);
                cells.push(sent.map_or_else(Cell::empty, |sent| Cell::new(sent.to_string())));
                for protocol in Protocol::ALL {
                    let tally = hop_tally.and_then(|tally| tally.of(*protocol));
                    cells.extend(of_protocol_in_rounds(tally, from, first, display, findings));
                    if self.wide {
                        cells.extend(spread(tally.and_then(|tally| tally.by(from))));
                    }
                }
                if self.wide {
                    cells.push(back(hop, from));
                }
            }
            Kind::Rounds { tallies, display, .. } => {
                let hop_tally = tallies.get(hop.ttl);
                let whole = hop_tally.map(|tally| &tally.whole).filter(|tally| first && tally.sent > 0);
                // A finished trace knows better what was loss.
                let (loss, sent) = match statistics.filter(|_| first) {
                    Some(statistics) => (statistics.loss(), Some(u64::from(statistics.sent))),
                    None => (whole.and_then(Tally::loss), whole.map(|tally| tally.sent)),
                };
                cells.extend(loss_and_sent(loss, sent, findings));
                let of_answerer = hop_tally.and_then(|tally| tally.by(from));
                cells.extend(rounds(of_answerer, whole, display));
                if self.wide && display == Display::Averages {
                    cells.push(cell(of_answerer.and_then(|tally| tally.percentile(50))));
                    cells.extend(spread(of_answerer));
                }
                if display == Display::Percentiles || (self.wide && display == Display::Averages) {
                    cells.push(back(hop, from));
                }
            }
            Kind::Protocols => {
                for protocol in Protocol::ALL {
                    cells.push(of_protocol(hop, *protocol, from, first));
                    if self.wide {
                        let of_protocol = from.map(|from| of_answerer(hop, from)).unwrap_or_default();
                        let of_protocol =
                            of_protocol.into_iter().filter(|probe| probe.protocol == Some(*protocol));
                        let Statistics { p95, jitter, .. } = times(&of_protocol.collect::<Vec<_>>());
                        cells.extend([p95, jitter].map(cell));
                    }
                }
                if self.wide {
                    cells.push(back(hop, from));
                }
            }
        }
        cells
    }
}

fn cell(time: Option<Duration>) -> Cell {
    Cell::new(time.map(milliseconds).unwrap_or_default())
}

/// The probes that an address answered at a hop.
fn of_answerer(hop: &Hop, from: IpAddr) -> Vec<&ProbeRecord> {
    hop.probes.iter().filter(|probe| probe.reply().is_some_and(|reply| reply.from == from)).collect()
}

/// The round-trip times of answered probes.
fn times(probes: &[&ProbeRecord]) -> Statistics {
    let rtts: Vec<_> = probes.iter().filter_map(|probe| probe.reply()?.rtt).collect();
    let count = u32::try_from(rtts.len()).unwrap_or(u32::MAX);
    Statistics::of(count, count, &rtts)
}

/// The 95th percentile and the jitter of one answerer.
fn spread(tally: Option<&Tally>) -> [Cell; 2] {
    [tally.and_then(|tally| tally.percentile(95)), tally.and_then(Tally::jitter)].map(cell)
}

/// How many routers the answers of an address passed on their way back, as far as their TTLs tell.
fn back(hop: &Hop, from: Option<IpAddr>) -> Cell {
    let back = from.and_then(|from| routers_back(hop, from));
    back.map_or_else(Cell::empty, |routers| Cell::new(routers.to_string()))
}

/// The least number of routers that the TTL of any answer of an address suggests for its way back.
pub(super) fn routers_back(hop: &Hop, from: IpAddr) -> Option<u8> {
    let replies = hop.probes.iter().filter_map(ProbeRecord::reply);
    let own = replies.filter(|reply| reply.from == from && reply.inherited_from.is_none());
    own.filter_map(|reply| reply.routers_back()).min()
}

fn rounds(tally: Option<&Tally>, whole: Option<&Tally>, display: Display) -> Vec<Cell> {
    let of = |number: fn(&Tally) -> Option<Duration>| cell(tally.and_then(number));
    let last = of(|tally| tally.last);
    match display {
        Display::Averages => {
            vec![last, of(Tally::average), of(Tally::best), of(Tally::worst), of(Tally::deviation)]
        }
        Display::Percentiles => {
            vec![last, of(|tally| tally.percentile(50)), of(|tally| tally.percentile(95)), of(Tally::jitter)]
        }
        Display::Strip => vec![last, Cell::new(whole.map(strip).unwrap_or_default())],
    }
}

/// What one protocol lost at a hop, in its first row, and how long its answers took from one answerer.
fn of_protocol_in_rounds(
    tally: Option<&HopTally>,
    from: Option<IpAddr>,
    first: bool,
    display: Display,
    findings: &[Finding],
) -> [Cell; 2] {
    let whole = tally.map(|tally| &tally.whole).filter(|_| first);
    let [loss, _] = loss_and_sent(whole.and_then(Tally::loss), whole.map(|whole| whole.sent), findings);
    let here = tally.and_then(|tally| tally.by(from));
    let time = match display {
        Display::Percentiles => here.and_then(|tally| tally.percentile(50)),
        Display::Averages | Display::Strip => here.and_then(Tally::average),
    };
    [loss, cell(time)]
}

/// The newest 60 probes: bars between the best and the worst time, `?` for what nobody answered.
fn strip(tally: &Tally) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (best, worst) = (tally.best().unwrap_or_default(), tally.worst().unwrap_or_default());
    let range = (worst - best).as_micros().max(1);
    let probes = tally.strip.iter().skip(tally.strip.len().saturating_sub(60));
    let bar = |microseconds: u32| {
        let above = u128::from(microseconds).saturating_sub(best.as_micros());
        let step = usize::try_from(above * 7 / range).unwrap_or(7);
        BARS.get(step.min(7)).copied().unwrap_or('█')
    };
    probes.map(|probe| probe.map_or('?', bar)).collect()
}

/// The median time of one protocol at one answerer; for what nobody answered `*`, and nothing where nothing was sent.
fn of_protocol(hop: &Hop, protocol: Protocol, from: Option<IpAddr>, first: bool) -> Cell {
    let of_protocol: Vec<_> = hop.probes.iter().filter(|probe| probe.protocol == Some(protocol)).collect();
    let left = of_protocol.iter().filter(|probe| !matches!(probe.result, ProbeResult::Unsent { .. })).count();
    let replies: Vec<_> = of_protocol.iter().filter_map(|probe| probe.reply()).collect();
    if replies.is_empty() {
        let silent = first && left > 0;
        return if silent { Cell::inked(Ink::Faint, "*") } else { Cell::empty() };
    }
    let here: Vec<_> = replies.iter().filter(|reply| Some(reply.from) == from).collect();
    if here.is_empty() {
        return Cell::empty();
    }
    let rtts: Vec<_> = here.iter().filter_map(|reply| reply.rtt).collect();
    let count = u32::try_from(rtts.len()).unwrap_or(u32::MAX);
    match Statistics::of(count, count, &rtts).median {
        Some(median) => Cell::new(milliseconds(median)),
        None => Cell::new("+"),
    }
}

/// Which flows an address answered: `all`, or their numbers as `0 2 5-7`. Without an address, nothing.
fn flows(hop: &Hop, from: Option<IpAddr>, count: u16) -> String {
    let Some(from) = from else { return String::new() };
    let answered: BTreeSet<Flow> = hop
        .probes
        .iter()
        .filter(|probe| probe.reply().is_some_and(|reply| reply.from == from))
        .map(|probe| probe.flow)
        .collect();
    if answered.len() == usize::from(count) { "all".to_owned() } else { ranges(answered) }
}

/// `0 2 5-7`.
pub(crate) fn ranges(flows: impl IntoIterator<Item = Flow>) -> String {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for Flow(flow) in flows {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(flow) => *last = flow,
            _ => ranges.push((flow, flow)),
        }
    }
    let words = ranges.into_iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first} {last}"),
        _ => format!("{first}-{last}"),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_that_follow_one_another_are_a_range() {
        assert_eq!(ranges([]), "");
        assert_eq!(ranges([0, 2, 3, 5, 6, 7].map(Flow)), "0 2 3 5-7");
    }

    #[test]
    fn a_display_follows_the_other_round_and_round() {
        let first = Display::default();
        assert_eq!(first.next().next().next(), first);
    }
}
