//! The table of hops.

use std::net::IpAddr;

use trace_core::model::{Atlas, Finding, Hop, Located, Protocols, Settings, Statistics, Target};

use super::columns::{Columns, Display};
use super::tally::Tallies;
use super::{notes, place};
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
    /// Loss and times of each hop, as [`trace_core::model::Trace::statistics`] gives them. Empty while answers may
    /// still come: before that nobody can speak of loss.
    pub(crate) statistics: &'a [Statistics],
    pub(crate) atlas: &'a Atlas,
    pub(crate) target: Option<&'a Target>,
    /// Whether sources and verdicts are shown.
    pub(crate) verdicts: bool,
    pub(crate) columns: Columns<'a>,
    /// Whether names are shown.
    pub(crate) names: bool,
}

impl<'a> Hops<'a> {
    /// The columns that tell most of a trace with these settings; `tallies` are those of its hops.
    pub(crate) fn columns_for(
        protocols: Option<Protocols>,
        settings: Option<&Settings>,
        tallies: &'a Tallies,
        display: Display,
    ) -> Columns<'a> {
        let flows = settings.map_or(1, |settings| settings.flows);
        match protocols {
            _ if settings.is_some_and(|settings| settings.rounds > 1) => {
                Columns::rounds(flows, tallies, display, protocols)
            }
            Some(Protocols::All) => Columns::protocols(flows),
            _ => Columns::once(flows),
        }
    }

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
        let before = [("TTL", Side::Right), ("Host", Side::Left), ("AS", Side::Left), ("Place", Side::Left)];
        let behind = [("Verdict", Side::Left), ("Source", Side::Left), ("Notes", Side::Left)];
        let heads = before.into_iter().chain(self.columns.heads()).chain(behind);
        let mut grid = Grid::new(heads);
        for (index, hop) in self.hops.iter().enumerate() {
            self.add(&mut grid, index, hop, detail);
        }
        grid
    }

    fn add(&self, grid: &mut Grid, index: usize, hop: &Hop, detail: Detail) {
        let findings = self.findings.get(index).map(Vec::as_slice).unwrap_or_default();
        let statistics = self.statistics.get(index);
        let of_hop = notes::of_hop(hop, findings);
        let answerers = self.columns.answerers(hop);
        let ttl = Cell::new(hop.ttl.to_string());
        let numbers = |from| self.columns.cells(hop, from, statistics, findings);
        if answerers.is_empty() {
            let settled = statistics.is_some() || self.columns.is_settled(hop);
            let host = Cell::inked(Ink::Faint, if settled { "*" } else { "..." });
            let notes = Cell::inked(Ink::Faint, of_hop.join(", "));
            let before = [ttl, host, Cell::empty(), Cell::empty()];
            let behind = [Cell::empty(), Cell::empty(), notes];
            grid.push(before.into_iter().chain(numbers(None)).chain(behind));
            return;
        }
        let mut ttl = Some(ttl);
        let mut of_hop = Some(of_hop);
        for from in answerers {
            let located = self.atlas.get(from);
            let first = ttl.is_some();
            let mut said = of_hop.take().unwrap_or_default();
            said.extend(notes::of_answerer(hop, from, self.target.map(|target| target.address)));
            let [verdict, source] = self.verdict(located, detail);
            let before = [
                ttl.take().unwrap_or_else(Cell::empty),
                Cell::new(self.host(from, located, detail)),
                Cell::new(located.filter(|_| detail != Detail::Bare).map(place::network).unwrap_or_default()),
                Cell::new(located.map(|located| place_words(located, detail)).unwrap_or_default()),
            ];
            let behind = [verdict, source, Cell::inked(Ink::Warning, said.join(", "))];
            grid.push(before.into_iter().chain(numbers(Some((from, first)))).chain(behind));
        }
    }

    fn verdict(&self, located: Option<&Located>, detail: Detail) -> [Cell; 2] {
        let Some(located) = located.filter(|_| self.verdicts && detail != Detail::Bare) else {
            return [Cell::empty(), Cell::empty()];
        };
        let verdict = located.verdict.map(|verdict| verdict.to_string()).unwrap_or_default();
        [Cell::new(verdict), Cell::new(located.source.as_deref().map(escape).unwrap_or_default())]
    }

    fn host(&self, from: IpAddr, located: Option<&Located>, detail: Detail) -> String {
        let name = located.and_then(|located| located.hostname.as_deref()).filter(|_| self.names).map(escape);
        match (name, detail) {
            (Some(name), Detail::Full) => format!("{name} ({from})"),
            (Some(name), Detail::Compact | Detail::Bare) => name,
            (None, _) => from.to_string(),
        }
    }
}

fn place_words(located: &Located, detail: Detail) -> String {
    match detail {
        Detail::Full => place::words(located),
        Detail::Compact => place::short_words(located),
        Detail::Bare => String::new(),
    }
}
