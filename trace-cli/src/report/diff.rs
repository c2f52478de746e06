//! How two traces differ.

use serde::Serialize;
use trace_store::diff::{Diff, Mark, Place, Row, Side as Trace, Step};

use super::{form, milliseconds, short_id};
use crate::args::Format;
use crate::clock;
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};

/// A row as a line of CSV: the fields of the other forms, flat.
#[derive(Debug, Serialize)]
struct Line<'a> {
    change: &'static str,
    a_ttl: Option<u8>,
    a_address: Option<String>,
    a_hostname: Option<&'a str>,
    a_asn: Option<u32>,
    a_city: Option<&'a str>,
    a_country: Option<&'a str>,
    a_rtt_ms: Option<f64>,
    b_ttl: Option<u8>,
    b_address: Option<String>,
    b_hostname: Option<&'a str>,
    b_asn: Option<u32>,
    b_city: Option<&'a str>,
    b_country: Option<&'a str>,
    b_rtt_ms: Option<f64>,
}

impl<'a> Line<'a> {
    fn of(row: &'a Row) -> Self {
        let (a, b) = (row.a.as_ref(), row.b.as_ref());
        let address = |place: &Place| place.addresses.first().map(|address| address.to_string());
        let ms = |place: &Place| place.rtt.map(|rtt| rtt.as_nanos() as f64 / 1e6);
        Self {
            change: row.mark.as_str(),
            a_ttl: a.map(|place| place.ttl.get()),
            a_address: a.and_then(address),
            a_hostname: a.and_then(|place| place.hostname.as_deref()),
            a_asn: a.and_then(|place| place.asn).map(|asn| asn.get()),
            a_city: a.and_then(|place| place.city.as_deref()),
            a_country: a.and_then(|place| place.country.as_deref()),
            a_rtt_ms: a.and_then(ms),
            b_ttl: b.map(|place| place.ttl.get()),
            b_address: b.and_then(address),
            b_hostname: b.and_then(|place| place.hostname.as_deref()),
            b_asn: b.and_then(|place| place.asn).map(|asn| asn.get()),
            b_city: b.and_then(|place| place.city.as_deref()),
            b_country: b.and_then(|place| place.country.as_deref()),
            b_rtt_ms: b.and_then(ms),
        }
    }
}

/// A diff, in any form: for programs a document, or its rows as CSV.
pub(crate) fn text(diff: &Diff, format: Format, paint: Paint) -> anyhow::Result<String> {
    Ok(match format {
        Format::Table => table(diff, paint),
        Format::Json => serde_json::to_string_pretty(diff)? + "\n",
        Format::Jsonl => serde_json::to_string(diff)? + "\n",
        Format::Csv => form::rows(format, diff.rows.iter().map(Line::of), String::new)?,
    })
}

fn table(diff: &Diff, paint: Paint) -> String {
    let mut text = String::new();
    for (mark, ink, trace) in [("- ", Ink::Bad, &diff.a), ("+ ", Ink::Good, &diff.b)] {
        text.push_str(&paint.apply(ink, &format!("{mark}{}", head(trace))));
        text.push('\n');
    }
    text.push('\n');
    let mut grid = Grid::new([
        ("", Side::Left),
        ("-", Side::Right),
        ("+", Side::Right),
        ("Host", Side::Left),
        ("AS", Side::Left),
        ("Place", Side::Left),
        ("- ms", Side::Right),
        ("+ ms", Side::Right),
        ("", Side::Left),
    ]);
    // As in every text diff: of what was replaced, all of the old stands before the new.
    for block in diff.rows.chunk_by(|one, other| sign(one.mark) == sign(other.mark)) {
        match block.first().and_then(|row| sign(row.mark)) {
            None => block.iter().for_each(|row| grid.push(both(row))),
            Some(sign) => {
                let old = block.iter().filter_map(|row| row.a.as_ref());
                old.for_each(|place| grid.push(one(sign.before(), place, true)));
                let new = block.iter().filter_map(|row| row.b.as_ref());
                new.for_each(|place| grid.push(one(sign.after(), place, false)));
            }
        }
    }
    text.push_str(&grid.render(paint));
    let levels = [("AS path", &diff.ases), ("Cities", &diff.cities), ("Countries", &diff.countries)];
    let told: Vec<_> = levels.into_iter().filter(|(_, steps)| !steps.is_empty()).collect();
    if !told.is_empty() {
        text.push('\n');
    }
    for (name, steps) in told {
        text.push_str(&format!("{name:<11}{}\n", line(steps, paint)));
    }
    text.push('\n');
    let ink = if diff.same() { Ink::Good } else { Ink::Warning };
    text.push_str(&format!("{}: {}\n", paint.apply(ink, diff.verdict.as_str()), diff.reasons.join("\n  ")));
    text
}

/// How rows that differ are marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Old and new.
    Replaced,
    /// Several at once.
    Balanced,
}

impl Sign {
    fn before(self) -> Cell {
        match self {
            Self::Replaced => Cell::inked(Ink::Bad, "-"),
            Self::Balanced => Cell::inked(Ink::Warning, "~"),
        }
    }

    fn after(self) -> Cell {
        match self {
            Self::Replaced => Cell::inked(Ink::Good, "+"),
            Self::Balanced => Cell::inked(Ink::Warning, "~"),
        }
    }
}

/// `None` for hops that share a line.
const fn sign(mark: Mark) -> Option<Sign> {
    match mark {
        Mark::Same | Mark::Silent | Mark::RateLimited => None,
        Mark::Added | Mark::Removed | Mark::Replaced => Some(Sign::Replaced),
        Mark::Balanced => Some(Sign::Balanced),
    }
}

/// The line of a hop that only one of the traces has, or has so.
fn one(sign: Cell, place: &Place, old: bool) -> [Cell; 9] {
    let (ttl, rtt) = (Cell::new(place.ttl.to_string()), rtt(Some(place)));
    let (old_ttl, new_ttl) = if old { (ttl, Cell::empty()) } else { (Cell::empty(), ttl) };
    let (old_rtt, new_rtt) = if old { (rtt, Cell::empty()) } else { (Cell::empty(), rtt) };
    let [host, network, spot] = names(place);
    [sign, old_ttl, new_ttl, host, network, spot, old_rtt, new_rtt, Cell::empty()]
}

/// The line of a hop that both traces have.
fn both(row: &Row) -> [Cell; 9] {
    let ttl = |place: &Option<Place>| {
        Cell::new(place.as_ref().map(|place| place.ttl.to_string()).unwrap_or_default())
    };
    let heard = [&row.b, &row.a].into_iter().flatten().find(|place| !place.addresses.is_empty());
    let names = heard.map_or_else(|| [Cell::inked(Ink::Faint, "*"), Cell::empty(), Cell::empty()], names);
    let [host, network, spot] = names;
    let (sign, note) = match row.mark {
        Mark::Silent => ("?", "silent in one"),
        Mark::RateLimited => ("?", "limits its answers"),
        _ => ("", ""),
    };
    let (old_rtt, new_rtt) = (rtt(row.a.as_ref()), rtt(row.b.as_ref()));
    let (sign, note) = (Cell::inked(Ink::Faint, sign), Cell::inked(Ink::Faint, note));
    [sign, ttl(&row.a), ttl(&row.b), host, network, spot, old_rtt, new_rtt, note]
}

fn rtt(place: Option<&Place>) -> Cell {
    match place {
        Some(place) if place.addresses.is_empty() => Cell::inked(Ink::Faint, "*"),
        place => Cell::new(place.and_then(|place| place.rtt).map(milliseconds).unwrap_or_default()),
    }
}

/// Who answered, in which network, and where.
fn names(place: &Place) -> [Cell; 3] {
    let mut addresses = place.addresses.iter().map(ToString::to_string);
    let Some(first) = addresses.next() else {
        return [Cell::inked(Ink::Faint, "*"), Cell::empty(), Cell::empty()];
    };
    let mut host = match &place.hostname {
        Some(name) => format!("{} ({first})", escape(name)),
        None => first,
    };
    for address in addresses {
        host = format!("{host}, {address}");
    }
    let spot = match (&place.city, &place.country) {
        (Some(city), Some(country)) => format!("{}, {}", escape(city), escape(country)),
        (city, country) => escape(city.as_deref().or(country.as_deref()).unwrap_or_default()),
    };
    let network = place.asn.map(|asn| asn.to_string()).unwrap_or_default();
    [Cell::new(host), Cell::new(network), Cell::new(spot)]
}

/// `1a2b3c4d  2026-10-26 07:33:20 UTC  example.com (192.0.2.80): reached at TTL 6 in 110.204 ms`.
fn head(trace: &Trace) -> String {
    let target = trace
        .target
        .as_ref()
        .map_or_else(|| "nowhere known".to_owned(), |target| escape(&target.to_string()));
    let mut head = format!("{}  {}  {target}", short_id(trace.id), clock::instant(trace.started));
    if let Some(outcome) = trace.outcome {
        head.push_str(&format!(": {outcome}"));
        if let Some(length) = trace.length {
            head.push_str(&format!(" at TTL {length}"));
        }
        if let Some(rtt) = trace.rtt {
            head.push_str(&format!(" in {} ms", milliseconds(rtt)));
        }
    }
    head
}

/// `AS64500 > -AS64501 > +AS64502`.
fn line(steps: &[Step], paint: Paint) -> String {
    let words = steps.iter().map(|step| match step.mark {
        Mark::Removed => paint.apply(Ink::Bad, &format!("-{}", escape(&step.name))),
        Mark::Added => paint.apply(Ink::Good, &format!("+{}", escape(&step.name))),
        _ => escape(&step.name),
    });
    words.collect::<Vec<_>>().join(" > ")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use trace_core::model::{Atlas, ReplyKind, Trace, Uuid};

    use super::*;
    use crate::report::samples;

    /// The sample, and what it looked like a day later.
    fn sample(change: impl FnOnce(&mut Trace)) -> Diff {
        let (a, atlas) = (samples::trace(), samples::atlas());
        let mut b = a.clone();
        b.id = Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_5e6f_7a8b);
        b.started += clock::DAY;
        change(&mut b);
        trace_store::diff::diff((&a, &atlas), (&b, &Atlas::default()))
    }

    fn answered(ttl: u8, from: &str) -> trace_core::model::Hop {
        samples::hop(
            ttl,
            [20_001, 20_002, 20_003].map(|rtt| samples::answered(from, rtt, ReplyKind::TimeExceeded)),
        )
    }

    /// One more router, and another one at the end.
    fn rerouted(trace: &mut Trace) {
        let target = trace.hops.pop().unwrap();
        trace.hops.truncate(3);
        trace.hops.push(answered(4, "192.0.2.41"));
        trace.hops.push(answered(5, "192.0.2.42"));
        trace.hops.push(answered(6, "203.0.113.9"));
        trace.hops.push(trace_core::model::Hop { ttl: trace_core::model::Ttl::new(7).unwrap(), ..target });
    }

    #[test]
    fn another_path_looks_like_a_text_diff() {
        assert_snapshot!(text(&sample(rerouted), Format::Table, Paint::Plain).unwrap(), @r#"
        - 1a2b3c4d  2026-10-26 07:33:20 UTC  bücher.example (198.51.100.80): reached at TTL 6 in 110.204 ms
        + 5e6f7a8b  2026-10-27 07:33:20 UTC  bücher.example (198.51.100.80): reached at TTL 7 in 110.204 ms

           -  +  Host                                                   AS       Place                - ms     + ms
           1  1  10.0.0.1                                                                            0.412    0.412
           2  2  *                                                                                       *        *
           3  3  core1.\u{1b}[2Jexample.net (203.0.113.1), 203.0.113.2  AS64500  Barranqueras, AR   10.555   10.555
        -  4     203.0.113.7                                            AS64501  BR                 21.003
        +     4  192.0.2.41                                                                                  20.002
        +     5  192.0.2.42                                                                                  20.002
           5  6  203.0.113.9                                                                        30.000   20.002
           6  7  www.example.net (198.51.100.80)                        AS64502  Köln, DE          110.204  110.204

        AS path    AS64500 > -AS64501 > AS64502
        Cities     Barranqueras, AR > Köln, DE
        Countries  AR > -BR > DE

        reroute: the path is another one at TTL 4 to 5
        "#);
        assert_snapshot!(text(&sample(rerouted), Format::Table, Paint::Colored).unwrap().replace('\u{1b}', "<ESC>"), @r#"
        <ESC>[31m- 1a2b3c4d  2026-10-26 07:33:20 UTC  bücher.example (198.51.100.80): reached at TTL 6 in 110.204 ms<ESC>[0m
        <ESC>[32m+ 5e6f7a8b  2026-10-27 07:33:20 UTC  bücher.example (198.51.100.80): reached at TTL 7 in 110.204 ms<ESC>[0m

           <ESC>[1m-<ESC>[0m  <ESC>[1m+<ESC>[0m  <ESC>[1mHost<ESC>[0m                                                   <ESC>[1mAS<ESC>[0m       <ESC>[1mPlace<ESC>[0m                <ESC>[1m- ms<ESC>[0m     <ESC>[1m+ ms<ESC>[0m
           1  1  10.0.0.1                                                                            0.412    0.412
           2  2  <ESC>[2m*<ESC>[0m                                                                                       <ESC>[2m*<ESC>[0m        <ESC>[2m*<ESC>[0m
           3  3  core1.\u{1b}[2Jexample.net (203.0.113.1), 203.0.113.2  AS64500  Barranqueras, AR   10.555   10.555
        <ESC>[31m-<ESC>[0m  4     203.0.113.7                                            AS64501  BR                 21.003
        <ESC>[32m+<ESC>[0m     4  192.0.2.41                                                                                  20.002
        <ESC>[32m+<ESC>[0m     5  192.0.2.42                                                                                  20.002
           5  6  203.0.113.9                                                                        30.000   20.002
           6  7  www.example.net (198.51.100.80)                        AS64502  Köln, DE          110.204  110.204

        AS path    AS64500 > <ESC>[31m-AS64501<ESC>[0m > AS64502
        Cities     Barranqueras, AR > Köln, DE
        Countries  AR > <ESC>[31m-BR<ESC>[0m > DE

        <ESC>[33mreroute<ESC>[0m: the path is another one at TTL 4 to 5
        "#);
    }

    #[test]
    fn the_same_path_says_so() {
        assert_snapshot!(text(&sample(|_| ()), Format::Table, Paint::Plain).unwrap(), @r#"
        - 1a2b3c4d  2026-10-26 07:33:20 UTC  bücher.example (198.51.100.80): reached at TTL 6 in 110.204 ms
        + 5e6f7a8b  2026-10-27 07:33:20 UTC  bücher.example (198.51.100.80): reached at TTL 6 in 110.204 ms

        -  +  Host                                                   AS       Place                - ms     + ms
        1  1  10.0.0.1                                                                            0.412    0.412
        2  2  *                                                                                       *        *
        3  3  core1.\u{1b}[2Jexample.net (203.0.113.1), 203.0.113.2  AS64500  Barranqueras, AR   10.555   10.555
        4  4  203.0.113.7                                            AS64501  BR                 21.003   21.003
        5  5  203.0.113.9                                                                        30.000   30.000
        6  6  www.example.net (198.51.100.80)                        AS64502  Köln, DE          110.204  110.204

        AS path    AS64500 > AS64501 > AS64502
        Cities     Barranqueras, AR > Köln, DE
        Countries  AR > BR > DE

        same: the same routers answer
        "#);
    }

    #[test]
    fn hops_that_answer_once_and_not_again_share_a_line() {
        let silent = |trace: &mut Trace| {
            trace.hops[0] = samples::hop(1, [samples::silent(), samples::silent(), samples::silent()]);
            trace.hops[3] = samples::hop(4, [samples::silent(), samples::silent(), samples::silent()]);
            trace.hops[2] = answered(3, "203.0.113.2");
        };
        assert_snapshot!(text(&sample(silent), Format::Table, Paint::Plain).unwrap(), @r#"
        - 1a2b3c4d  2026-10-26 07:33:20 UTC  bücher.example (198.51.100.80): reached at TTL 6 in 110.204 ms
        + 5e6f7a8b  2026-10-27 07:33:20 UTC  bücher.example (198.51.100.80): reached at TTL 6 in 110.204 ms

           -  +  Host                                                   AS       Place                - ms     + ms
        ?  1  1  10.0.0.1                                                                            0.412        *  silent in one
           2  2  *                                                                                       *        *
        ~  3     core1.\u{1b}[2Jexample.net (203.0.113.1), 203.0.113.2  AS64500  Barranqueras, AR   10.555
        ~     3  203.0.113.2                                                                                 20.002
        ?  4  4  203.0.113.7                                            AS64501  BR                 21.003        *  limits its answers
           5  5  203.0.113.9                                                                        30.000   30.000
           6  6  www.example.net (198.51.100.80)                        AS64502  Köln, DE          110.204  110.204

        AS path    AS64502
        Cities     Köln, DE
        Countries  DE

        load-balancing: packets are balanced over several ways at TTL 3: the traces met different ones
          a router limits its answers at TTL 4, and gave none in one of the traces
          nobody answered in one of the traces at TTL 1
        "#);
    }

    #[test]
    fn programs_get_the_same() {
        assert_snapshot!(text(&sample(rerouted), Format::Csv, Paint::Plain).unwrap().replace('\u{1b}', "<ESC>"), @r#"
        change,a_ttl,a_address,a_hostname,a_asn,a_city,a_country,a_rtt_ms,b_ttl,b_address,b_hostname,b_asn,b_city,b_country,b_rtt_ms
        same,1,10.0.0.1,,,,,0.412,1,10.0.0.1,,,,,0.412
        same,2,,,,,,,2,,,,,,
        same,3,203.0.113.1,core1.<ESC>[2Jexample.net,64500,Barranqueras,AR,10.555,3,203.0.113.1,core1.<ESC>[2Jexample.net,64500,Barranqueras,AR,10.555
        replaced,4,203.0.113.7,,64501,,BR,21.003,4,192.0.2.41,,,,,20.002
        added,,,,,,,,5,192.0.2.42,,,,,20.002
        same,5,203.0.113.9,,,,,30.0,6,203.0.113.9,,,,,20.002
        same,6,198.51.100.80,www.example.net,64502,Köln,DE,110.204,7,198.51.100.80,www.example.net,64502,Köln,DE,110.204
        "#);
        let diff = sample(rerouted);
        let json: serde_json::Value =
            serde_json::from_str(&text(&diff, Format::Json, Paint::Plain).unwrap()).unwrap();
        assert_eq!((&json["verdict"], &json["same"]), (&"reroute".into(), &false.into()));
        let line = text(&diff, Format::Jsonl, Paint::Plain).unwrap();
        assert_eq!(
            (line.lines().count(), serde_json::from_str::<serde_json::Value>(&line).unwrap()),
            (1, json)
        );
    }
}
