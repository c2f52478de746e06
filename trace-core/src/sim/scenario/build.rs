//! From a file to a network, and what in it contradicts itself.

use core::time::Duration;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use toml::Spanned;

use super::at::Wrong;
use super::values::Limit;
use super::{compare, route, schema};
use crate::engine::Moment;
use crate::model::{Family, InterfaceInformation, Label, Settings, Ttl};
use crate::sim::{Line, Network, Path, Tunnel, target};

/// Finds what cannot be meant.
pub(super) fn check(file: &schema::File) -> Result<(), Wrong> {
    let mut on_paths: BTreeSet<u16> = BTreeSet::new();
    part(file.network.loss.as_ref())?;
    if file.target.is_empty() {
        return Err(Wrong::at(&(0..0), "no target: add [[target]] with a path"));
    }
    for target in &file.target {
        on_paths.extend(path(&target.path)?.routers());
        part(target.loss.as_ref())?;
        let mut before = Duration::ZERO;
        for change in &target.changes {
            let at = change.at.get_ref().0;
            if at <= before {
                return Err(Wrong::at(
                    &change.at.span(),
                    "changes stand in the order of time, after the start",
                ));
            }
            before = at;
            on_paths.extend(path(&change.path)?.routers());
        }
    }
    for (numbers, router) in &file.router {
        if let Some(lost) = numbers.get_ref().0.iter().find(|number| !on_paths.contains(number)) {
            return Err(Wrong::at(&numbers.span(), format!("router {lost} is on no path")));
        }
        part(router.loss.as_ref())?;
        if let (Some(drops), Some(refuses)) = (&router.drops, &router.refuses)
            && let Some((both, _)) =
                refuses.get_ref().0.iter().find(|(protocol, _)| drops.get_ref().0.contains(protocol))
        {
            return Err(Wrong::at(&drops.span(), format!("{both} cannot be dropped and refused at once")));
        }
    }
    let mut tunnelled: BTreeSet<u16> = BTreeSet::new();
    for tunnel in &file.tunnel {
        for number in &tunnel.routers.get_ref().0 {
            if !on_paths.contains(number) {
                return Err(Wrong::at(&tunnel.routers.span(), format!("router {number} is on no path")));
            }
            if !tunnelled.insert(*number) {
                return Err(Wrong::at(
                    &tunnel.routers.span(),
                    format!("router {number} is in a tunnel already"),
                ));
            }
        }
    }
    settings_make_sense(&file.trace)?;
    compare::check(&file.expect, &on_paths)?;
    for expect in file.target.iter().filter_map(|target| target.expect.as_ref()) {
        compare::check(expect, &on_paths)?;
        let overall =
            [expect.probes.as_ref().map(Spanned::span), expect.withheld.as_ref().map(Spanned::span)];
        if let Some(span) = overall.into_iter().flatten().next() {
            return Err(Wrong::at(&span, "this is counted over all targets: it belongs into [expect]"));
        }
    }
    Ok(())
}

fn part(value: Option<&Spanned<f64>>) -> Result<(), Wrong> {
    match value {
        Some(part) if !(0.0..=1.0).contains(part.get_ref()) => {
            Err(Wrong::at(&part.span(), format!("a part of packets from 0 to 1, not {}", part.get_ref())))
        }
        _ => Ok(()),
    }
}

fn path(text: &Spanned<String>) -> Result<Path, Wrong> {
    // Behind the opening quotation mark.
    route::path(text.get_ref())
        .map_err(|(byte, problem)| Wrong { place: text.span().start + 1 + byte, problem })
}

fn settings_make_sense(trace: &schema::Trace) -> Result<(), Wrong> {
    fn zero<T: PartialEq + From<u8>>(value: Option<&Spanned<T>>, what: &str) -> Result<(), Wrong> {
        match value {
            Some(value) if *value.get_ref() == T::from(0) => {
                Err(Wrong::at(&value.span(), format!("{what} cannot be 0")))
            }
            _ => Ok(()),
        }
    }
    zero(trace.queries.as_ref(), "queries")?;
    zero(trace.first_ttl.as_ref(), "a TTL")?;
    zero(trace.max_ttl.as_ref(), "a TTL")?;
    zero(trace.expected_length.as_ref(), "a length")?;
    zero(trace.flows.as_ref(), "flows")?;
    zero(trace.rounds.as_ref(), "rounds")?;
    zero(trace.gap.as_ref(), "a gap")?;
    if let Some(rounds) = trace.rounds.as_ref().filter(|rounds| *rounds.get_ref() == u32::MAX) {
        return Err(Wrong::at(&rounds.span(), "rounds without end never come to an expectation"));
    }
    let most = trace.max_ttl.as_ref().map_or(Ttl::DEFAULT_MAX.get(), |ttl| *ttl.get_ref());
    match &trace.first_ttl {
        Some(first) if *first.get_ref() > most => Err(Wrong::at(
            &first.span(),
            format!("first_ttl {} is greater than max_ttl {most}", first.get_ref()),
        )),
        _ => Ok(()),
    }
}

/// The settings of its traces.
pub(super) fn settings(trace: &schema::Trace) -> Settings {
    let default = Settings::default();
    let ttl = |value: &Option<Spanned<u8>>| value.as_ref().and_then(|ttl| Ttl::new(*ttl.get_ref()));
    let number = |value: &Option<Spanned<u8>>, or: u8| value.as_ref().map_or(or, |value| *value.get_ref());
    Settings {
        queries: number(&trace.queries, default.queries),
        first_ttl: ttl(&trace.first_ttl).unwrap_or(default.first_ttl),
        max_ttl: ttl(&trace.max_ttl).unwrap_or(default.max_ttl),
        flows: trace.flows.as_ref().map_or(default.flows, |flows| *flows.get_ref()),
        rounds: trace.rounds.as_ref().map_or(default.rounds, |rounds| *rounds.get_ref()),
        interval: trace.interval.map_or(default.interval, |time| time.0),
        wait: trace.wait.map_or(default.wait, |time| time.0),
        gap: number(&trace.gap, default.gap),
        port: trace.port,
        size: trace.size,
        tos: trace.tos.unwrap_or(default.tos),
        ..default
    }
}

/// The line, after what is said of all lines and of this one.
macro_rules! line {
    ($general:expr, $own:expr) => {{
        let mut line: Line = $general;
        if let Some(delay) = $own.delay {
            (line.there, line.back) = (delay.0, delay.0);
        }
        line.back = $own.delay_back.map_or(line.back, |delay| delay.0);
        line.jitter = $own.jitter.map_or(line.jitter, |jitter| jitter.0);
        line.loss = $own.loss.as_ref().map_or(line.loss, |loss| *loss.get_ref());
        line
    }};
}

/// How something answers, into what describes it.
macro_rules! manner {
    ($place:expr, $own:expr) => {{
        for protocol in &$own.silent.0 {
            $place.silent_for(*protocol);
        }
        if let Some(slow) = $own.slow {
            $place.slow(slow.0);
        }
        match $own.rate_limit {
            Some(Limit::Linux) => _ = $place.rate_limited(),
            Some(Limit::Fixed(limit)) => _ = $place.rate_limit(limit),
            None => {}
        }
        if let Some(bytes) = $own.quotes {
            $place.quotes(bytes);
        }
        if let Some(ttl) = $own.reply_ttl {
            $place.reply_ttl(ttl);
        }
        if let Some(routers) = $own.longer_way_back {
            $place.longer_way_back(routers);
        }
    }};
}

/// The network, with targets of one family.
pub(super) fn network(file: &schema::File, family: Family) -> Result<Network, Wrong> {
    let general = Line {
        jitter: file.network.jitter.map_or(Duration::ZERO, |jitter| jitter.0),
        loss: file.network.loss.as_ref().map_or(0.0, |loss| *loss.get_ref()),
        ..Line::new(file.network.delay.map_or(Duration::from_millis(1), |delay| delay.0))
    };
    let mut network = Network::new().with_lines(general);
    network.busy_every(file.network.busy_every.unwrap_or(0));
    let mut tables: Vec<_> = file.router.iter().collect();
    // The particular after the general.
    tables.sort_by_key(|(numbers, _)| core::cmp::Reverse(numbers.get_ref().0.len()));
    for (numbers, router) in tables {
        for number in &numbers.get_ref().0 {
            describe(network.router(*number), router, family);
        }
    }
    for tunnel in &file.tunnel {
        let mut laid = Tunnel::through(tunnel.routers.get_ref().0.iter().copied());
        if !tunnel.propagates {
            laid = laid.without_propagation();
        }
        if !tunnel.labels {
            laid = laid.without_labels();
        }
        network.tunnel(laid);
    }
    for (number, described) in (1..).zip(&file.target) {
        let host = network.target(target(family, number));
        host.path(path(&described.path)?);
        for change in &described.changes {
            host.path_from(Moment::ZERO + change.at.get_ref().0, path(&change.path)?);
        }
        host.line(line!(general, described));
        manner!(host, described);
        for protocol in &described.serves.0 {
            host.serves(*protocol);
        }
        if described.challenges {
            host.challenges();
        }
        if let Some(kind) = described.unreachable {
            host.unreachable(kind.0);
        }
    }
    Ok(network)
}

fn describe(place: &mut crate::sim::Router, router: &schema::Router, family: Family) {
    let line = line!(place.line, router);
    place.line(line);
    manner!(place, router);
    if !router.labels.is_empty() {
        place.labels(router.labels.iter().map(|label| Label {
            label: label.label,
            traffic_class: label.traffic_class,
            bottom: label.bottom,
            ttl: label.ttl,
        }));
    }
    if let Some(interface) = &router.interface {
        let information = InterfaceInformation {
            index: interface.index,
            address: interface.address,
            name: interface.name.clone(),
            mtu: interface.mtu,
            ..InterfaceInformation::new(interface.role.0)
        };
        place.extensions([information.to_extension()]);
    }
    if router.legacy_extensions {
        place.legacy_extensions();
    }
    for (protocol, kind) in router.refuses.iter().flat_map(|refuses| &refuses.get_ref().0) {
        place.refuses_of(*protocol, *kind);
    }
    for protocol in router.drops.iter().flat_map(|drops| &drops.get_ref().0) {
        place.drops(*protocol);
    }
    if let Some(tos) = router.tos {
        place.rewrites_tos(tos);
    }
    if router.zero_ttl {
        place.forwards_too_far();
    }
    if router.nat {
        place.translates(translator(family));
    }
}

/// What translators put in place of the source.
const fn translator(family: Family) -> IpAddr {
    match family {
        Family::V4 => IpAddr::V4(Ipv4Addr::new(192, 0, 2, 77)),
        Family::V6 => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0x77)),
    }
}
