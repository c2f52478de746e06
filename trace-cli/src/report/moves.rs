//! What moved when traces were located anew.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;
use trace_core::model::{Atlas, Located, Trace, Verdict};
use trace_geo::distance_km;

use super::table::plural;
use super::{form, place};
use crate::args::Format;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};

/// An address of a trace whose place is another one now, as programs read it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Move {
    trace: String,
    /// The first TTL where it answered; none for a target that did not.
    ttl: Option<u8>,
    address: IpAddr,
    country_code_before: Option<String>,
    city_before: Option<String>,
    latitude_before: Option<f64>,
    longitude_before: Option<f64>,
    source_before: Option<String>,
    verdict_before: Option<&'static str>,
    country_code: Option<String>,
    city: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    source: Option<String>,
    verdict: Option<&'static str>,
    km: Option<f64>,
    /// In words, for people.
    #[serde(skip)]
    words: (String, String),
}

/// How many traces were looked at, and what came of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) traces: u64,
    /// Traces of which anything is known otherwise than before, be it a score.
    pub(crate) changed: u64,
    pub(crate) dry_run: bool,
}

/// What moved on a trace: addresses whose place or verdict is another one.
pub(crate) fn of(trace: &Trace, before: &Atlas, after: &Atlas) -> Vec<Move> {
    let nothing = Located::default();
    let mut addresses: Vec<IpAddr> = before.places.keys().chain(after.places.keys()).copied().collect();
    addresses.sort_unstable();
    addresses.dedup();
    let ttl_of = |address| {
        let hop = trace.hops.iter().find(|hop| hop.answerers().contains(&address));
        hop.map(|hop| hop.ttl.get())
    };
    let mut moves: Vec<Move> = addresses
        .into_iter()
        .filter_map(|address| {
            let one = before.get(address).unwrap_or(&nothing);
            let other = after.get(address).unwrap_or(&nothing);
            differ(one, other).then(|| moved(trace, address, ttl_of(address), one, other))
        })
        .collect();
    moves.sort_by_key(|moved| (moved.ttl.is_none(), moved.ttl));
    moves
}

fn differ(one: &Located, other: &Located) -> bool {
    let spot = |located: &Located| {
        let place = located.place.clone().unwrap_or_default();
        (place.country_code, place.region, place.city, place.coordinates)
    };
    // That nobody judged it before does not move a place that is sound.
    let verdict = |located: &Located| match located.verdict {
        None | Some(Verdict::Plausible) => None,
        verdict => verdict,
    };
    spot(one) != spot(other) || verdict(one) != verdict(other)
}

fn moved(trace: &Trace, address: IpAddr, ttl: Option<u8>, before: &Located, after: &Located) -> Move {
    let point = |located: &Located| located.place.as_ref().and_then(|place| place.coordinates);
    let code = |located: &Located| {
        located.place.as_ref().and_then(|place| place.country_code).map(|code| code.to_string())
    };
    let city =
        |located: &Located| located.place.as_ref().and_then(|place| place.city.as_deref().map(str::to_owned));
    let km =
        point(before).zip(point(after)).map(|(one, other)| (distance_km(one, other) * 10.0).round() / 10.0);
    Move {
        trace: trace.id.to_string(),
        ttl,
        address,
        country_code_before: code(before),
        city_before: city(before),
        latitude_before: point(before).map(|point| point.latitude()),
        longitude_before: point(before).map(|point| point.longitude()),
        source_before: before.source.as_deref().map(str::to_owned),
        verdict_before: before.verdict.map(|verdict| verdict.as_str()),
        country_code: code(after),
        city: city(after),
        latitude: point(after).map(|point| point.latitude()),
        longitude: point(after).map(|point| point.longitude()),
        source: after.source.as_deref().map(str::to_owned),
        verdict: after.verdict.map(|verdict| verdict.as_str()),
        km,
        words: (place::words(before), place::words(after)),
    }
}

/// What moved, in any form.
pub(crate) fn text(moves: &[Move], count: Count, format: Format, paint: Paint) -> anyhow::Result<String> {
    form::rows(format, moves.iter(), || table(moves, count, paint))
}

/// A row for each way an address moved, however many traces it is on.
fn table(moves: &[Move], count: Count, paint: Paint) -> String {
    let mut ways: BTreeMap<_, (u64, &Move)> = BTreeMap::new();
    for moved in moves {
        let Move { address, words, verdict_before, verdict, .. } = moved;
        ways.entry((address, words, verdict_before, verdict)).or_insert((0, moved)).0 += 1;
    }
    let mut grid = Grid::new([
        ("Address", Side::Left),
        ("From", Side::Left),
        ("Was", Side::Left),
        ("To", Side::Left),
        ("Is", Side::Left),
        ("km", Side::Right),
        ("Source", Side::Left),
        ("Traces", Side::Right),
    ]);
    for (traces, moved) in ways.into_values() {
        let nowhere = |words: &str| {
            if words.is_empty() { Cell::inked(Ink::Faint, "nowhere") } else { Cell::new(words) }
        };
        let verdict = |verdict: Option<&'static str>| {
            let ink = match verdict {
                Some("impossible" | "suspect") => Ink::Warning,
                _ => Ink::Normal,
            };
            Cell::inked(ink, verdict.unwrap_or_default())
        };
        let source = moved.source.as_deref().map(crate::escape::escape).unwrap_or_default();
        grid.push([
            Cell::new(moved.address.to_string()),
            nowhere(&moved.words.0),
            verdict(moved.verdict_before),
            nowhere(&moved.words.1),
            verdict(moved.verdict),
            Cell::new(moved.km.map(|km| format!("{km:.0}")).unwrap_or_default()),
            Cell::inked(Ink::Faint, source),
            Cell::new(traces.to_string()),
        ]);
    }
    let mut text = grid.render(paint);
    let looked_at = plural(count.traces, "trace", "traces");
    text.push_str(&match (count.changed, count.dry_run) {
        (0, _) => format!("{looked_at}: nothing is known otherwise than before\n"),
        (changed, false) => format!("{looked_at}, {changed} located anew\n"),
        (changed, true) => format!("{looked_at}, {changed} would be located anew; nothing was changed\n"),
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;
    use insta::assert_snapshot;
    use trace_core::model::{Coordinates, CountryCode};

    fn atlases() -> (Trace, Atlas, Atlas) {
        let (trace, before) = (samples::trace(), samples::atlas());
        let mut after = before.clone();
        let place = |after: &mut Atlas, address: &str| {
            let located = after.places.get_mut(&address.parse::<IpAddr>().unwrap()).unwrap();
            located.verdict = Some(Verdict::Plausible);
            located.source = Some("geofeed:\u{1b}office.csv".into());
            located.place.take().unwrap()
        };
        // One moves, one is struck, one is only judged.
        let mut moved = place(&mut after, "203.0.113.1");
        moved.city = Some("Resistencia".into());
        moved.coordinates = Coordinates::new(-27.45, -58.99);
        moved.country_code = CountryCode::new("AR");
        after.places.get_mut(&"203.0.113.1".parse::<IpAddr>().unwrap()).unwrap().place = Some(moved);
        let target = after.places.get_mut(&"198.51.100.80".parse::<IpAddr>().unwrap()).unwrap();
        target.verdict = Some(Verdict::Unlocated);
        target.place = None;
        (trace, before, after)
    }

    #[test]
    fn what_moved_is_shown_and_nothing_else() {
        let (trace, before, after) = atlases();
        let moves = of(&trace, &before, &after);
        let count = Count { traces: 3, changed: 1, dry_run: false };
        assert_snapshot!(text(&moves, count, Format::Table, Paint::Plain).unwrap(), @r#"
        Address        From              To               Is         km  Source                    Traces
        198.51.100.80  Köln, DE          nowhere          unlocated                                     1
        203.0.113.1    Barranqueras, AR  Resistencia, AR  plausible   6  geofeed:\u{1b}office.csv       1
        3 traces, 1 located anew
        "#);
        assert_eq!(of(&trace, &before, &before), []);
        let count = Count { traces: 1, changed: 0, dry_run: true };
        assert_snapshot!(text(&[], count, Format::Table, Paint::Plain).unwrap(), @r#"
        1 trace: nothing is known otherwise than before
        "#);
    }

    #[test]
    fn programs_get_a_row_for_each_address() {
        let (trace, before, after) = atlases();
        let moves = of(&trace, &before, &after);
        let count = Count { traces: 1, changed: 1, dry_run: false };
        assert_snapshot!(text(&moves, count, Format::Csv, Paint::Plain).unwrap().replace('\u{1b}', "<ESC>"), @r#"
        trace,ttl,address,country_code_before,city_before,latitude_before,longitude_before,source_before,verdict_before,country_code,city,latitude,longitude,source,verdict,km
        019a0000-0000-7000-8000-00001a2b3c4d,3,203.0.113.1,AR,Barranqueras,-27.48,-58.94,mmdb:GeoLite2-City 2026-11-01,,AR,Resistencia,-27.45,-58.99,geofeed:<ESC>office.csv,plausible,6.0
        019a0000-0000-7000-8000-00001a2b3c4d,6,198.51.100.80,DE,Köln,-27.48,-58.94,,,,,,,,unlocated,
        "#);
        let json: serde_json::Value =
            serde_json::from_str(&text(&moves, count, Format::Json, Paint::Plain).unwrap()).unwrap();
        assert_eq!(json[0]["ttl"], 3);
        assert_eq!(json[1]["latitude"], serde_json::Value::Null);
        assert_eq!(json[0]["km"], 6.0);
    }
}
