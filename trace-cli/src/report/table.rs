//! A trace as a table: heading, hops, and how it ended.

use std::time::Duration;

use trace_core::link::Destination;
use trace_core::model::{AsStep, Atlas, Finding, Outcome, Protocol, Protocols, Settings, Trace};

use super::columns::Display;
use super::hops::Hops;
use super::tally::Tallies;
use super::{milliseconds, sequel};
use crate::clock;
use crate::escape::escape;
use crate::paint::{Ink, Paint};
use crate::settings::FOREVER;

/// How a table is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style<'a> {
    pub(crate) paint: Paint,
    /// The columns of the terminal, where there is one.
    pub(crate) width: Option<usize>,
    /// Whether sources and verdicts are shown.
    pub(crate) verdicts: bool,
    /// Whether every number that is known of a hop is shown.
    pub(crate) wide: bool,
    /// Remarks for the heading.
    pub(crate) remarks: &'a [String],
}

/// A whole trace.
pub(crate) fn trace(trace: &Trace, atlas: &Atlas, style: Style<'_>) -> String {
    let Style { paint, width, verdicts, wide, remarks } = style;
    let observations = trace.observations();
    let findings: Vec<Vec<Finding>> = trace
        .hops
        .iter()
        .map(|hop| {
            observations.iter().filter(|found| found.ttl == hop.ttl).map(|found| found.finding).collect()
        })
        .collect();
    let tallies = Tallies::of(&trace.hops, trace.protocol);
    let columns = Hops::columns_for(trace.protocol, trace.settings.as_ref(), &tallies, Display::default());
    let hops = Hops {
        hops: &trace.hops,
        findings: &findings,
        statistics: &trace.statistics(),
        atlas,
        target: trace.target.as_ref(),
        verdicts,
        columns: columns.wide(wide),
        names: true,
    };
    let mut text = heading(trace, remarks, paint);
    let mut add = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    hops.lines(paint, width).iter().for_each(|line| add(line));
    sequel::lines(trace).iter().for_each(|line| add(line));
    if verdicts {
        observations.iter().for_each(|found| add(&escape(&found.to_string())));
        if let Some(consistency) = atlas.consistency {
            let of = trace.origin.map_or_else(
                || "no origin".to_owned(),
                |origin| {
                    let at = origin.coordinates;
                    format!("origin {:.3},{:.3} ({})", at.latitude(), at.longitude(), origin.from)
                },
            );
            add(&format!("Consistency of places and round-trip times: {consistency:.2} of 1, {of}"));
        }
    }
    text.push_str(&networks(trace, atlas, paint));
    text.push_str(&closing(trace, paint));
    text
}

/// Target, protocol, mode, what was asked for; when it started and where; remarks.
pub(crate) fn heading(trace: &Trace, remarks: &[String], paint: Paint) -> String {
    let target = trace
        .target
        .as_ref()
        .map_or_else(|| "no known target".to_owned(), |target| escape(&target.to_string()));
    let mut first = vec![target];
    first.extend(trace.protocol.map(|protocol| protocol_words(protocol, trace.settings.as_ref())));
    first.extend(trace.mode.map(|mode| mode.to_string()));
    if let Some(settings) = &trace.settings {
        first.push(plural(settings.queries.into(), "probe a hop", "probes a hop"));
        if settings.flows > 1 {
            first.push(format!("{} flows", settings.flows));
        }
        match settings.rounds {
            1 => {}
            FOREVER => first.push("rounds without end".to_owned()),
            rounds => first.push(format!("{rounds} rounds")),
        }
        first.push(match settings.first_ttl.get() {
            1 => format!("up to {} hops", settings.max_ttl),
            first => format!("TTL {first} to {}", settings.max_ttl),
        });
    }
    let mut second = vec![clock::instant(trace.started)];
    second.extend(trace.source.map(|source| format!("from {source}")));
    let interface = trace.settings.as_ref().and_then(|settings| settings.interface.as_deref());
    second.extend(interface.map(|interface| format!("by {}", escape(interface))));
    second.extend(trace.vantage.as_deref().map(|vantage| format!("vantage {}", escape(vantage))));
    let mut text = paint.apply(Ink::Heading, &first.join(", "));
    text.push('\n');
    for line in std::iter::once(&second.join(", ")).chain(remarks) {
        text.push_str(&paint.apply(Ink::Faint, line));
        text.push('\n');
    }
    text
}

/// The protocol, with the port where it tells something: one that was typed, and that of TCP always.
fn protocol_words(protocol: Protocols, settings: Option<&Settings>) -> String {
    let port = settings.and_then(|settings| match (settings.port, protocol) {
        (None, Protocols::One(Protocol::Tcp)) => Some(Destination::DEFAULT_TCP_PORT),
        (port, _) => port,
    });
    port.map_or_else(|| protocol.to_string(), |port| format!("{protocol} port {port}"))
}

/// The networks on the way, in one line; nothing where none is known.
fn networks(trace: &Trace, atlas: &Atlas, paint: Paint) -> String {
    let steps = atlas.as_steps(trace);
    if !steps.iter().any(|step| matches!(step, AsStep::Origin(_) | AsStep::Exchange(_))) {
        return String::new();
    }
    let words: Vec<String> = steps.iter().map(|step| escape(&step.to_string())).collect();
    format!("{}{}\n", paint.apply(Ink::Faint, "AS path: "), words.join(" "))
}

/// How it ended, in words.
fn closing(trace: &Trace, paint: Paint) -> String {
    let Some(outcome) = trace.outcome else { return String::new() };
    let took = trace.duration.map(|duration| format!(", took {}", span(duration))).unwrap_or_default();
    let detail =
        trace.outcome_detail.as_deref().map(|detail| format!(": {}", escape(detail))).unwrap_or_default();
    let (ink, words) = match outcome {
        Outcome::Reached => (Ink::Good, reached(trace)),
        Outcome::Unreachable => (Ink::Bad, format!("Not reached, the way is barred{detail}")),
        Outcome::Loop => (Ink::Bad, format!("Not reached, packets go round in circles{detail}")),
        Outcome::Exhausted => (Ink::Bad, format!("Not reached{detail}")),
        // Rounds without end have ended as they should.
        Outcome::Interrupted
            if trace.settings.as_ref().is_some_and(|settings| settings.rounds == FOREVER) =>
        {
            let rounds = trace.hops.iter().flat_map(|hop| &hop.probes).map(|probe| probe.round).max();
            let rounds = rounds.map_or(0, |last| u64::from(last) + 1);
            (Ink::Normal, format!("Ended after {}{detail}", plural(rounds, "round", "rounds")))
        }
        Outcome::Interrupted => (Ink::Warning, format!("Interrupted{detail}")),
    };
    format!("{}{took}\n", paint.apply(ink, &words))
}

fn reached(trace: &Trace) -> String {
    let address = trace.target.as_ref().map(|target| target.address);
    let at =
        trace.hops.iter().rev().find(|hop| address.is_some_and(|address| hop.answerers().contains(&address)));
    let Some(hop) = at else { return "Reached".to_owned() };
    let rtt =
        hop.statistics().min.map(|min| format!(", round trip {} ms", milliseconds(min))).unwrap_or_default();
    format!("Reached at TTL {}{rtt}", hop.ttl)
}

/// `12.3 ms`, `1.234 s`.
fn span(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1000.0) } else { format!("{seconds:.3} s") }
}

/// `1 probe`, `2 probes`.
pub(crate) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests;
