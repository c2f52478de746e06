//! What the differences come to.

use std::collections::BTreeSet;
use std::net::IpAddr;

use trace_core::model::{Atlas, Finding, Hop, Protocol, Statistics, Trace};

use super::align::{Token, align};
use super::place::{Places, steps};
use super::{Diff, Mark, Place, Row, Side, Verdict};

/// A trace with what is noticeable on it.
struct Seen<'a> {
    trace: &'a Trace,
    findings: Vec<Vec<Finding>>,
    statistics: Vec<Statistics>,
    /// Its hops, without the silent ones behind the last answer: they are no part of a path.
    tokens: Vec<Token>,
}

impl<'a> Seen<'a> {
    fn of(trace: &'a Trace) -> Self {
        let last = trace.hops.iter().rposition(Hop::answered).map_or(0, |last| last + 1);
        Self {
            trace,
            findings: trace.findings(),
            statistics: trace.statistics(),
            tokens: trace.hops.iter().take(last).map(Token::of).collect(),
        }
    }

    fn finds(&self, index: Option<usize>, wanted: impl Fn(Finding) -> bool) -> bool {
        let findings = index.and_then(|index| self.findings.get(index));
        findings.is_some_and(|findings| findings.iter().any(|finding| wanted(*finding)))
    }

    fn token(&self, index: Option<usize>) -> Option<&Token> {
        self.tokens.get(index?)
    }

    fn address(&self) -> Option<IpAddr> {
        self.trace.target.as_ref().map(|target| target.address)
    }
}

const fn balances(finding: Finding) -> bool {
    matches!(finding, Finding::PerFlowBalancing | Finding::PerPacketBalancing | Finding::SeveralAnswerers)
}

type Pair = (Option<usize>, Option<usize>);

/// Holds `b` against `a`, which started before it; the reasons are left to be told.
pub(super) fn judge(a: (&Trace, &Atlas), b: (&Trace, &Atlas)) -> Diff {
    let (one, other) = (Seen::of(a.0), Seen::of(b.0));
    let pairs = align(&one.tokens, &other.tokens);
    let places = Places { newer: b.1, older: a.1 };
    let place = |seen: &Seen<'_>, index: Option<usize>| {
        let index = index?;
        Some(places.place(seen.trace.hops.get(index)?, seen.statistics.get(index)))
    };
    let row = |pair: &Pair| Row {
        mark: mark(*pair, &one, &other),
        a: place(&one, pair.0),
        b: place(&other, pair.1),
    };
    let mut rows: Vec<Row> = pairs.iter().map(row).collect();
    let doubts = explain_stretches(&pairs, &mut rows, &one, &other);
    let verdict = verdict(&rows, &doubts, &one, &other);
    Diff {
        a: side(one.trace),
        b: side(other.trace),
        verdict,
        ases: steps(&rows, |place| place.asn.map(|asn| asn.to_string())),
        cities: steps(&rows, |place| {
            let city = place.city.clone()?;
            Some(place.country.as_ref().map_or(city.clone(), |country| format!("{city}, {country}")))
        }),
        countries: steps(&rows, |place| place.country.clone()),
        rows,
        reasons: Vec::new(),
    }
}

fn side(trace: &Trace) -> Side {
    let last = trace.hops.last();
    let statistics = trace.statistics();
    Side {
        id: trace.id,
        started: trace.started,
        target: trace.target.clone(),
        outcome: trace.outcome,
        length: last.map(|hop| hop.ttl),
        rtt: statistics.last().filter(|_| trace.reached()).and_then(|statistics| statistics.median),
    }
}

/// How two hops stand to one another, by themselves.
fn mark((i, j): Pair, a: &Seen<'_>, b: &Seen<'_>) -> Mark {
    let (Some(one), Some(other)) = (a.token(i), b.token(j)) else {
        return if i.is_some() { Mark::Removed } else { Mark::Added };
    };
    let limited = |seen: &Seen<'_>, index| seen.finds(index, |finding| finding == Finding::RateLimited);
    match (one.is_silent(), other.is_silent()) {
        (true, true) => Mark::Same,
        (true, false) if limited(b, j) => Mark::RateLimited,
        (false, true) if limited(a, i) => Mark::RateLimited,
        (true, false) | (false, true) => Mark::Silent,
        (false, false) if !one.meets(other) => Mark::Replaced,
        (false, false) => {
            let all = |some: &Token, others: &Token| {
                some.answerers.iter().all(|from| others.answerers.contains(from))
            };
            if all(one, other) && all(other, one) { Mark::Same } else { Mark::Balanced }
        }
    }
}

/// Looks at each stretch of hops at which other routers answer: where a trace shows by itself that packets are balanced
/// over several ways there, that is why. Says of each row whether it is in a stretch that balancing may explain though
/// neither trace shows it.
fn explain_stretches(pairs: &[Pair], rows: &mut [Row], a: &Seen<'_>, b: &Seen<'_>) -> Vec<bool> {
    let differs = |row: &Row| matches!(row.mark, Mark::Replaced | Mark::Added | Mark::Removed);
    let silent = |row: &Row| {
        let heard = [&row.a, &row.b].into_iter().flatten().all(|place| !place.addresses.is_empty());
        !heard
    };
    let mut doubts = vec![false; rows.len()];
    let mut start = 0;
    while let Some(first) = rows.iter().skip(start).position(differs).map(|skip| start + skip) {
        // Silent hops in between belong to it.
        let stretch = rows.iter().skip(first).take_while(|row| differs(row) || silent(row));
        let end = first
            + stretch.collect::<Vec<_>>().iter().rposition(|row| differs(row)).map_or(1, |last| last + 1);
        start = end;
        // Packets that are balanced meet again, at the target if not before.
        let meets = |row: &Row| matches!(row.mark, Mark::Same | Mark::Balanced) && !silent(row);
        if !rows.iter().skip(end).any(meets) {
            continue;
        }
        let range = || pairs.iter().take(end).skip(first);
        if range().any(|(i, j)| a.finds(*i, balances) || b.finds(*j, balances)) {
            for row in rows.iter_mut().take(end).skip(first).filter(|row| differs(row)) {
                row.mark = Mark::Balanced;
            }
            continue;
        }
        // Balanced packets as a rule pass as many routers of the same networks.
        let networks = |side: fn(&Row) -> Option<&Place>| -> BTreeSet<_> {
            let stretch = rows.iter().take(end).skip(first);
            stretch.filter_map(side).filter_map(|place| place.asn).collect()
        };
        let (one, other) = (networks(|row| row.a.as_ref()), networks(|row| row.b.as_ref()));
        let alike = one.is_empty() || other.is_empty() || one == other;
        if alike && !same_flow(a.trace, b.trace) && range().all(|(i, j)| i.is_some() && j.is_some()) {
            doubts.iter_mut().take(end).skip(first).for_each(|doubt| *doubt = true);
        }
    }
    doubts
}

/// Whether the probes of both traces are of one flow, by which routers choose where to send them.
fn same_flow(a: &Trace, b: &Trace) -> bool {
    let (Some(one), Some(other)) = (&a.settings, &b.settings) else { return false };
    let ports = one.source_port.is_some() && (one.source_port, one.port) == (other.source_port, other.port);
    // The flow of ICMP stands in a checksum that follows from an identifier, which is another one for each trace.
    let has_ports =
        |trace: &Trace| trace.protocol.is_some_and(|protocols| !protocols.list().contains(&Protocol::Icmp));
    ports
        && has_ports(a)
        && a.protocol == b.protocol
        && (a.mode, a.source) == (b.mode, b.source)
        && (one.flows, one.tos, one.flow_label) == (other.flows, other.tos, other.flow_label)
}

fn verdict(rows: &[Row], doubts: &[bool], a: &Seen<'_>, b: &Seen<'_>) -> Verdict {
    if let (Some(one), Some(other)) = (a.address(), b.address())
        && one != other
    {
        return Verdict::DifferentTargets;
    }
    let unreached = a.trace.reached() != b.trace.reached();
    // Where the shorter path just ends, it is no other one.
    let cut = if unreached {
        let goes_on = if a.trace.reached() { Mark::Removed } else { Mark::Added };
        rows.iter().rev().take_while(|row| row.mark == goes_on).count()
    } else {
        0
    };
    let of_row = |(row, doubt): (&Row, &bool)| match row.mark {
        Mark::Same => Verdict::Same,
        Mark::Silent => Verdict::SilentHop,
        Mark::RateLimited => Verdict::RateLimiting,
        Mark::Balanced => Verdict::LoadBalancing,
        Mark::Added | Mark::Removed | Mark::Replaced if *doubt => Verdict::Uncertain,
        Mark::Added | Mark::Removed | Mark::Replaced => Verdict::Reroute,
    };
    let path = rows.iter().zip(doubts).take(rows.len() - cut);
    let worst = path.map(of_row).max().unwrap_or(Verdict::Same);
    if unreached { worst.max(Verdict::Unreached) } else { worst }
}
