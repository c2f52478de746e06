//! What was expected, held against what was found.

use core::ops::RangeInclusive;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use toml::Spanned;

use super::at::Wrong;
use super::schema::{ByTtl, Expect, ExpectedChange, File, Lengths};
use super::values::{Numbers, Time, Within};
use super::{Run, schema};
use crate::model::{Finding, Hop, PathChange, ProbeRecord, Trace};
use crate::sim::{Network, target};

/// Who is expected to answer at a TTL.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answerers {
    Anybody,
    /// These and no others; nobody if there are none.
    Exactly(BTreeSet<Who>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Router(u16),
    Target,
}

/// Finds what cannot be meant.
pub(super) fn check(expect: &Expect, on_paths: &BTreeSet<u16>) -> Result<(), Wrong> {
    if let Some(text) = &expect.hops {
        let wrong = |problem| Wrong::at(&text.span(), problem);
        for answerers in hops(text.get_ref()).map_err(wrong)? {
            let Answerers::Exactly(who) = answerers else { continue };
            for who in who {
                if let Who::Router(number) = who
                    && !on_paths.contains(&number)
                {
                    return Err(wrong(format!("router {number} is on no path")));
                }
            }
        }
    }
    for text in [&expect.answered, &expect.routers_back].into_iter().flatten() {
        counts(text.get_ref()).map_err(|problem| Wrong::at(&text.span(), problem))?;
    }
    let length = expect.hops.as_ref().and_then(|text| Some(hops(text.get_ref()).ok()?.len()));
    for (text, what) in [(&expect.answered, "answered"), (&expect.routers_back, "routers_back")] {
        let Some(text) = text else { continue };
        let own = counts(text.get_ref()).map(|counts| counts.len()).unwrap_or_default();
        if length.is_some_and(|length| length != own) {
            return Err(Wrong::at(
                &text.span(),
                format!("{what} has {own} TTLs, but hops has another number"),
            ));
        }
    }
    Ok(())
}

fn hops(text: &str) -> Result<Vec<Answerers>, String> {
    let mut hops = Vec::new();
    for word in text.split_whitespace() {
        match word {
            "?" => hops.push(Answerers::Anybody),
            "*" => hops.push(Answerers::Exactly(BTreeSet::new())),
            _ if word.contains('|') => {
                let who: Result<BTreeSet<Who>, String> = word.split('|').map(who).collect();
                hops.push(Answerers::Exactly(who?));
            }
            "target" => hops.push(Answerers::Exactly(BTreeSet::from([Who::Target]))),
            _ => {
                let Numbers(numbers) = word.parse().map_err(|error| {
                    format!("{word:?} is neither a router nor \"target\", \"*\" or \"?\": {error}")
                })?;
                hops.extend(
                    numbers
                        .into_iter()
                        .map(|number| Answerers::Exactly(BTreeSet::from([Who::Router(number)]))),
                );
            }
        }
    }
    Ok(hops)
}

fn who(word: &str) -> Result<Who, String> {
    match word {
        "target" => Ok(Who::Target),
        _ => {
            word.parse().map(Who::Router).map_err(|_| format!("{word:?} is neither a router nor \"target\""))
        }
    }
}

/// For each TTL a range, or nothing for `?`.
fn counts(text: &str) -> Result<Vec<Option<RangeInclusive<u32>>>, String> {
    let count = |word: &str| match word {
        "?" => Ok(None),
        _ => word.parse::<Within<u32>>().map(|within| Some(within.0)),
    };
    text.split_whitespace().map(count).collect()
}

/// What is not as it was expected.
pub(super) fn deviations(file: &File, network: &Network, run: &Run) -> Vec<String> {
    let mut found = Vec::new();
    let mut overall =
        |what: &str, wanted: String, is: String| found.push(format!("{what}: expected {wanted}, found {is}"));
    if let Some(probes) = file.expect.probes.as_ref().map(|probes| &probes.get_ref().0)
        && !probes.contains(&run.probes)
    {
        overall("probes", range(probes), run.probes.to_string());
    }
    if let Some(withheld) = file.expect.withheld.as_ref().map(|withheld| &withheld.get_ref().0)
        && !withheld.contains(&run.withheld)
    {
        overall("answers withheld", range(withheld), run.withheld.to_string());
    }
    for ((number, described), trace) in (1..).zip(&file.target).zip(&run.traces) {
        let expect = described.expect.as_ref().unwrap_or(&file.expect);
        let names = names(network, run, number);
        let comparison = Comparison { trace, names, deviations: Vec::new() };
        let several = file.target.len() > 1;
        let place = if several { format!("target {number}: ") } else { String::new() };
        found.extend(comparison.compare(expect).into_iter().map(|deviation| format!("{place}{deviation}")));
    }
    let run_name = format!("{} {} {}", run.family, run.protocols, run.mode);
    found.into_iter().map(|deviation| format!("{run_name}: {deviation}")).collect()
}

fn names(network: &Network, run: &Run, number: u16) -> BTreeMap<IpAddr, Who> {
    let routers = network.routers.iter();
    let mut names: BTreeMap<IpAddr, Who> =
        routers.map(|(number, router)| (router.address(run.family), Who::Router(*number))).collect();
    names.insert(target(run.family, number), Who::Target);
    names
}

struct Comparison<'a> {
    trace: &'a Trace,
    names: BTreeMap<IpAddr, Who>,
    deviations: Vec<String>,
}

impl Comparison<'_> {
    fn compare(mut self, expect: &Expect) -> Vec<String> {
        let trace = self.trace;
        if let Some(outcome) = expect.outcome {
            self.same(
                "outcome",
                Some(outcome.0.to_string()),
                trace.outcome.map(|outcome| outcome.to_string()),
            );
        }
        if let Some(protocol) = expect.protocol {
            let is = trace.protocol.map(|protocol| protocol.to_string());
            self.same("protocol", Some(protocol.0.to_string()), is);
        }
        if let Some(detail) = &expect.detail {
            let is = trace.outcome_detail.as_deref().unwrap_or_default();
            self.must("detail", is.contains(detail), || format!("{detail:?} in it"), || format!("{is:?}"));
        }
        if let Some(text) = &expect.hops {
            self.hops(&hops(text.get_ref()).unwrap_or_default());
        }
        if let Some(text) = &expect.answered {
            let is = trace.statistics().iter().map(|hop| Some(hop.answered)).collect();
            self.counts("answered", &counts(text.get_ref()).unwrap_or_default(), is);
        }
        if let Some(text) = &expect.routers_back {
            let is = trace.hops.iter().map(|hop| hop.routers_back().map(u32::from)).collect();
            self.counts("routers back", &counts(text.get_ref()).unwrap_or_default(), is);
        }
        if let Some(findings) = &expect.findings {
            self.findings(findings);
        }
        self.by_ttl(expect);
        if let Some(changes) = &expect.changes {
            self.changes(changes);
        }
        if let Some(Numbers(ttls)) = &expect.inherited {
            let inherited = |hop: &&Hop| {
                let mut replies = hop.probes.iter().filter_map(ProbeRecord::reply).peekable();
                replies.peek().is_some() && replies.all(|reply| reply.inherited_from.is_some())
            };
            let is: Vec<u16> = trace.hops.iter().filter(inherited).map(|hop| hop.ttl.get().into()).collect();
            self.must("inherited TTLs", is == *ttls, || format!("{ttls:?}"), || format!("{is:?}"));
        }
        if let Some(Time(most)) = expect.side_by_side {
            for (ttl, round, is) in spreads(trace) {
                let what = format!("time between the first probes to TTL {ttl} in round {round}");
                self.must(&what, is <= most, || format!("{most:?} at most"), || format!("{is:?}"));
            }
        }
        if let (Some(Within(times)), Some(is)) = (&expect.duration, trace.duration) {
            self.must("duration", times.contains(&Time(is)), || spans(times), || format!("{is:?}"));
        }
        self.deviations
    }

    fn must(&mut self, what: &str, holds: bool, wanted: impl Fn() -> String, is: impl Fn() -> String) {
        if !holds {
            self.deviations.push(format!("{what}: expected {}, found {}", wanted(), is()));
        }
    }

    fn same(&mut self, what: &str, wanted: Option<String>, is: Option<String>) {
        let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        self.must(what, wanted == is, || said(&wanted), || said(&is));
    }

    fn answerers(&self, hop: &Hop) -> (BTreeSet<Who>, bool) {
        let known: Vec<Option<Who>> =
            hop.answerers().iter().map(|address| self.names.get(address).copied()).collect();
        let strangers = known.iter().any(Option::is_none);
        (known.into_iter().flatten().collect(), strangers)
    }

    fn hops(&mut self, wanted: &[Answerers]) {
        let found: Vec<(BTreeSet<Who>, bool)> =
            self.trace.hops.iter().map(|hop| self.answerers(hop)).collect();
        let fits = wanted.len() == found.len()
            && wanted.iter().zip(&found).all(|(wanted, (is, strangers))| match wanted {
                Answerers::Anybody => true,
                Answerers::Exactly(who) => who == is && !strangers,
            });
        let wanted_words = || {
            let words = wanted.iter().map(|answerers| match answerers {
                Answerers::Anybody => "?".to_owned(),
                Answerers::Exactly(who) => words(who),
            });
            words.collect::<Vec<_>>().join(" ")
        };
        let is = || found.iter().map(|(who, _)| words(who)).collect::<Vec<_>>().join(" ");
        self.must("hops", fits, wanted_words, is);
    }

    fn counts(&mut self, what: &str, wanted: &[Option<RangeInclusive<u32>>], is: Vec<Option<u32>>) {
        let fits = wanted.len() == is.len()
            && wanted.iter().zip(&is).all(|(wanted, is)| match (wanted, is) {
                (None, _) => true,
                (Some(range), Some(is)) => range.contains(is),
                (Some(_), None) => false,
            });
        let wanted = || {
            let words = wanted.iter().map(|range| range.as_ref().map_or_else(|| "?".to_owned(), self::range));
            words.collect::<Vec<_>>().join(" ")
        };
        let is = || {
            let words =
                is.iter().map(|count| count.map_or_else(|| "*".to_owned(), |count| count.to_string()));
            words.collect::<Vec<_>>().join(" ")
        };
        self.must(what, fits, wanted, is);
    }

    fn findings(&mut self, wanted: &ByTtl<super::values::Several<Finding>>) {
        let wanted: BTreeMap<u8, BTreeSet<Finding>> = wanted
            .iter()
            .map(|(ttl, findings)| (ttl.get_ref().0, findings.get().iter().copied().collect()))
            .collect();
        let mut found: BTreeMap<u8, BTreeSet<Finding>> = BTreeMap::new();
        for observation in self.trace.observations() {
            found.entry(observation.ttl.get()).or_default().insert(observation.finding);
        }
        let ttls: BTreeSet<u8> = wanted.keys().chain(found.keys()).copied().collect();
        for ttl in ttls {
            let side = |side: &BTreeMap<u8, BTreeSet<Finding>>| side.get(&ttl).cloned().unwrap_or_default();
            let (wanted, found) = (side(&wanted), side(&found));
            let said = |findings: &BTreeSet<Finding>| match findings.is_empty() {
                true => "none".to_owned(),
                false => findings.iter().map(|finding| finding.as_str()).collect::<Vec<_>>().join(", "),
            };
            self.must(&format!("findings at TTL {ttl}"), wanted == found, || said(&wanted), || said(&found));
        }
    }

    fn by_ttl(&mut self, expect: &Expect) {
        let trace = self.trace;
        let observations = trace.observations();
        for (ttl, text) in numbered(&expect.explained) {
            let at = || observations.iter().filter(|found| found.ttl.get() == ttl);
            let holds = at().any(|found| found.explanation.contains(text));
            let is = || at().map(|found| found.explanation.clone()).collect::<Vec<_>>().join("; ");
            self.must(&format!("explained at TTL {ttl}"), holds, || format!("{text:?} in it"), is);
        }
        let statistics = trace.statistics();
        let of = |ttl: u8| {
            let place = trace.hops.iter().position(|hop| hop.ttl.get() == ttl)?;
            Some((trace.hops.get(place)?, statistics.get(place)?))
        };
        for (ttl, Within(range)) in numbered(&expect.loss) {
            let per_cent = of(ttl).and_then(|(_, statistics)| statistics.loss()).map(|loss| loss * 100.0);
            let (least, most) = (f64::from(*range.start()), f64::from(*range.end()));
            let holds = per_cent.is_some_and(|loss| (least - 0.5..=most + 0.5).contains(&loss));
            self.must(
                &format!("loss at TTL {ttl}"),
                holds,
                || self::range(range),
                || format!("{per_cent:?} %"),
            );
        }
        for (ttl, Within(times)) in numbered(&expect.rtt) {
            let least = of(ttl).and_then(|(_, statistics)| statistics.min);
            let holds = least.is_some_and(|rtt| times.contains(&Time(rtt)));
            self.must(&format!("least RTT at TTL {ttl}"), holds, || spans(times), || format!("{least:?}"));
        }
        for (ttl, name) in numbered(&expect.interfaces) {
            let replies = of(ttl).into_iter().flat_map(|(hop, _)| &hop.probes).filter_map(ProbeRecord::reply);
            let interfaces =
                replies.flat_map(|reply| &reply.extensions).filter_map(|object| object.interface());
            let names: BTreeSet<String> = interfaces.filter_map(|interface| interface.name).collect();
            let holds = names.len() == 1 && names.contains(name);
            self.must(&format!("interface at TTL {ttl}"), holds, || name.clone(), || format!("{names:?}"));
        }
    }

    fn changes(&mut self, wanted: &[ExpectedChange]) {
        let found = self.trace.path_changes();
        let fits = wanted.len() == found.len()
            && wanted.iter().all(|wanted| found.iter().any(|change| is_expected(wanted, change)));
        let wanted = || format!("{} as {wanted:?}", wanted.len());
        let is = || {
            let words = found.iter().map(|change| {
                let lengths =
                    [change.length_before, change.length_after].map(|ttl| ttl.map(crate::model::Ttl::get));
                format!("{change} (round {}, flow {}, lengths {lengths:?})", change.round, change.flow)
            });
            format!("{}: {}", found.len(), words.collect::<Vec<_>>().join("; "))
        };
        self.must("path changes", fits, wanted, is);
    }
}

fn is_expected(wanted: &ExpectedChange, change: &PathChange) -> bool {
    let lengths = |Lengths(before, after): Lengths| {
        let is = |ttl: Option<crate::model::Ttl>, wanted| ttl.is_some_and(|ttl| ttl.get() == wanted);
        is(change.length_before, before) && is(change.length_after, after)
    };
    wanted.ttls.0 == (change.first_ttl.get()..=change.last_ttl.get())
        && wanted.round.is_none_or(|round| round == change.round)
        && wanted.flow.is_none_or(|flow| flow == change.flow.0)
        && wanted.lengths.is_none_or(lengths)
}

/// How far apart the first probes of all protocols and flows left, for each TTL and round.
fn spreads(trace: &Trace) -> Vec<(u8, u32, Duration)> {
    let mut spreads = Vec::new();
    for hop in &trace.hops {
        let mut rounds: BTreeMap<u32, BTreeMap<_, Duration>> = BTreeMap::new();
        for probe in &hop.probes {
            let Some(sent) = probe.sent else { continue };
            let lanes = rounds.entry(probe.round).or_default();
            let first = lanes.entry((probe.protocol, probe.flow)).or_insert(sent);
            *first = sent.min(*first);
        }
        for (round, lanes) in rounds {
            if let (Some(first), Some(last)) = (lanes.values().min(), lanes.values().max()) {
                spreads.push((hop.ttl.get(), round, *last - *first));
            }
        }
    }
    spreads
}

fn numbered<T>(values: &schema::ByTtl<T>) -> impl Iterator<Item = (u8, &T)> {
    values.iter().map(|(ttl, value): (&Spanned<_>, &T)| (ttl.get_ref().0, value))
}

fn words(who: &BTreeSet<Who>) -> String {
    let word = |who: &Who| match who {
        Who::Router(number) => number.to_string(),
        Who::Target => "target".to_owned(),
    };
    if who.is_empty() { "*".to_owned() } else { who.iter().map(word).collect::<Vec<_>>().join("|") }
}

fn range<T: core::fmt::Display + PartialEq>(range: &RangeInclusive<T>) -> String {
    match range.start() == range.end() {
        true => range.start().to_string(),
        false => format!("{}-{}", range.start(), range.end()),
    }
}

fn spans(times: &RangeInclusive<Time>) -> String {
    format!("{:?} to {:?}", times.start().0, times.end().0)
}
