//! The table of hops.

use std::net::IpAddr;

use trace_core::model::{Atlas, Finding, Hop, Located, ProbeRecord, Statistics, Target};

use super::{milliseconds, notes, place};
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};

/// How much of each hop is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Everything.
    Full,
    /// Names or addresses, countries as codes.
    Compact,
    /// No places at all.
    Bare,
}

/// What a table of hops is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hops<'a> {
    pub(crate) hops: &'a [Hop],
    /// What is noticeable at each hop, as [`trace_core::model::Trace::findings`] gives it.
    pub(crate) findings: &'a [Vec<Finding>],
    pub(crate) atlas: &'a Atlas,
    pub(crate) target: Option<&'a Target>,
    /// Whether sources and verdicts are shown.
    pub(crate) verdicts: bool,
    /// Whether every answer has come that will come: before that nobody can speak of loss.
    pub(crate) settled: bool,
}

impl Hops<'_> {
    /// The lines of the table in the greatest detail that fits into `width` columns, and in the least where none
    /// does. Nothing is cut: notes, which are rare, go on in the next line of a terminal.
    pub(crate) fn lines(&self, paint: Paint, width: Option<usize>) -> Vec<String> {
        self.grid(width).lines(paint, None)
    }

    /// The same, cut at `width`: for a picture that is redrawn in place.
    pub(crate) fn cut_lines(&self, paint: Paint, width: usize) -> Vec<String> {
        self.grid(Some(width)).lines(paint, Some(width))
    }

    fn grid(&self, width: Option<usize>) -> Grid {
        let full = self.grid_of(Detail::Full);
        let Some(width) = width.filter(|width| full.width() > *width) else { return full };
        let compact = self.grid_of(Detail::Compact);
        if compact.width() <= width { compact } else { self.grid_of(Detail::Bare) }
    }

    fn grid_of(&self, detail: Detail) -> Grid {
        let mut grid = Grid::new([
            ("TTL", Side::Right),
            ("Host", Side::Left),
            ("AS", Side::Left),
            ("Place", Side::Left),
            ("Loss", Side::Right),
            ("Sent", Side::Right),
            ("Min ms", Side::Right),
            ("Median", Side::Right),
            ("Max", Side::Right),
            ("Verdict", Side::Left),
            ("Source", Side::Left),
            ("Notes", Side::Left),
        ]);
        for (index, hop) in self.hops.iter().enumerate() {
            let findings = self.findings.get(index).map(Vec::as_slice).unwrap_or_default();
            self.add(&mut grid, hop, findings, detail);
        }
        grid
    }

    fn add(&self, grid: &mut Grid, hop: &Hop, findings: &[Finding], detail: Detail) {
        let of_hop = notes::of_hop(hop, findings);
        let statistics = hop.statistics();
        let answerers = hop.answerers();
        let ttl = Cell::new(hop.ttl.to_string());
        if answerers.is_empty() {
            let host = Cell::inked(Ink::Faint, if self.settled { "*" } else { "..." });
            let [loss, sent] = self.loss(&statistics, findings);
            let nothing = Cell::empty;
            let notes = Cell::inked(Ink::Faint, of_hop.join(", "));
            grid.push([
                ttl,
                host,
                nothing(),
                nothing(),
                loss,
                sent,
                nothing(),
                nothing(),
                nothing(),
                nothing(),
                nothing(),
                notes,
            ]);
            return;
        }
        let mut ttl = Some(ttl);
        let mut whole = Some((self.loss(&statistics, findings), of_hop));
        for from in answerers {
            let located = self.atlas.get(from);
            let ([loss, sent], mut said) =
                whole.take().unwrap_or_else(|| ([Cell::empty(), Cell::empty()], Vec::new()));
            said.extend(notes::of_answerer(hop, from, self.target.map(|target| target.address)));
            let [min, median, max] = times(hop, from);
            let [verdict, source] = self.verdict(located, detail);
            grid.push([
                ttl.take().unwrap_or_else(Cell::empty),
                Cell::new(host(from, located, detail)),
                Cell::new(located.filter(|_| detail != Detail::Bare).map(place::network).unwrap_or_default()),
                Cell::new(located.map(|located| place_words(located, detail)).unwrap_or_default()),
                loss,
                sent,
                min,
                median,
                max,
                verdict,
                source,
                Cell::inked(Ink::Warning, said.join(", ")),
            ]);
        }
    }

    /// Loss and number of probes of a whole hop. What a router merely does not answer is no loss to warn of.
    fn loss(&self, statistics: &Statistics, findings: &[Finding]) -> [Cell; 2] {
        let Some(loss) = statistics.loss().filter(|_| self.settled) else {
            return [Cell::empty(), Cell::empty()];
        };
        let harmless =
            findings.iter().any(|finding| matches!(finding, Finding::RateLimited | Finding::Silent));
        let ink = match loss {
            0.0 => Ink::Normal,
            _ if harmless => Ink::Faint,
            _ => Ink::Bad,
        };
        [Cell::inked(ink, format!("{:.0}%", loss * 100.0)), Cell::new(statistics.sent.to_string())]
    }

    fn verdict(&self, located: Option<&Located>, detail: Detail) -> [Cell; 2] {
        let Some(located) = located.filter(|_| self.verdicts && detail != Detail::Bare) else {
            return [Cell::empty(), Cell::empty()];
        };
        let verdict = located.verdict.map(|verdict| verdict.to_string()).unwrap_or_default();
        [Cell::new(verdict), Cell::new(located.source.as_deref().map(escape).unwrap_or_default())]
    }
}

fn host(from: IpAddr, located: Option<&Located>, detail: Detail) -> String {
    let name = located.and_then(|located| located.hostname.as_deref()).map(escape);
    match (name, detail) {
        (Some(name), Detail::Full) => format!("{name} ({from})"),
        (Some(name), Detail::Compact | Detail::Bare) => name,
        (None, _) => from.to_string(),
    }
}

fn place_words(located: &Located, detail: Detail) -> String {
    match detail {
        Detail::Full => place::words(located),
        Detail::Compact => place::short_words(located),
        Detail::Bare => String::new(),
    }
}

/// The round-trip times of one answerer.
fn times(hop: &Hop, from: IpAddr) -> [Cell; 3] {
    let replies = hop.probes.iter().filter_map(ProbeRecord::reply).filter(|reply| reply.from == from);
    let rtts: Vec<_> = replies.filter_map(|reply| reply.rtt).collect();
    let count = u32::try_from(rtts.len()).unwrap_or(u32::MAX);
    let statistics = Statistics::of(count, count, &rtts);
    [statistics.min, statistics.median, statistics.max]
        .map(|time| Cell::new(time.map(milliseconds).unwrap_or_default()))
}
