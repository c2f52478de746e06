//! What changed on the way to hosts.

use serde::Serialize;
use trace_store::{Change, What};

use super::{form, list, short_id};
use crate::args::Format;
use crate::clock;
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};

/// A change as a line of CSV: the fields of the other forms, flat.
#[derive(Debug, Serialize)]
struct Line<'a> {
    at: String,
    target: Option<&'a str>,
    address: Option<String>,
    protocol: Option<&'static str>,
    vantage: Option<&'a str>,
    kind: &'static str,
    before: String,
    after: String,
    sure: String,
    sure_at: String,
    path_before: Option<String>,
    path_after: Option<String>,
    first_ttl: Option<u8>,
    last_ttl: Option<u8>,
    level_before: Option<f64>,
    level_after: Option<f64>,
    unit: Option<&'static str>,
    score: Option<f64>,
    text: String,
}

impl<'a> Line<'a> {
    fn of(change: &'a Change) -> Self {
        let ms = |rtt: std::time::Duration| rtt.as_nanos() as f64 / 1e6;
        let level = match change.what {
            What::Path { .. } => None,
            What::Rtt { before, after, score } => Some((ms(before), ms(after), "ms", score)),
            What::Loss { before, after, score } => Some((before, after, "share", score)),
        };
        let path = match change.what {
            What::Path { before, after, first_ttl, last_ttl } => Some((before, after, first_ttl, last_ttl)),
            What::Rtt { .. } | What::Loss { .. } => None,
        };
        Self {
            at: clock::rfc3339(change.at),
            target: change.name.as_deref(),
            address: change.series.address.map(|address| address.to_string()),
            protocol: change.series.protocol.map(|protocol| protocol.as_str()),
            vantage: change.series.vantage.as_deref(),
            kind: change.what.as_str(),
            before: change.before.to_string(),
            after: change.after.to_string(),
            sure: change.sure.to_string(),
            sure_at: clock::rfc3339(change.sure_at),
            path_before: path.map(|(before, ..)| list::path(before)),
            path_after: path.map(|(_, after, ..)| list::path(after)),
            first_ttl: path.map(|(_, _, first, _)| first.get()),
            last_ttl: path.map(|(.., last)| last.get()),
            level_before: level.map(|(before, ..)| before),
            level_after: level.map(|(_, after, ..)| after),
            unit: level.map(|(_, _, unit, _)| unit),
            score: level.map(|(.., score)| score),
            text: change.what.to_string(),
        }
    }
}

/// Changes, in any form. `traced` says whether there is any trace in which there might have been one.
pub(crate) fn text(changes: &[Change], traced: bool, format: Format, paint: Paint) -> anyhow::Result<String> {
    if format == Format::Csv {
        return form::rows(format, changes.iter().map(Line::of), String::new);
    }
    form::rows(format, changes.iter(), || table(changes, traced, paint))
}

fn table(changes: &[Change], traced: bool, paint: Paint) -> String {
    let mut grid = Grid::new([
        ("Since", Side::Left),
        ("Target", Side::Left),
        ("Protocol", Side::Left),
        ("Vantage", Side::Left),
        ("Change", Side::Left),
        ("Before", Side::Left),
        ("After", Side::Left),
    ]);
    for change in changes {
        let target = change.target().map(|target| escape(&target.to_string()));
        grid.push([
            Cell::new(clock::instant(change.at)),
            Cell::new(target.unwrap_or_default()),
            Cell::new(change.series.protocol.map(|protocol| protocol.as_str()).unwrap_or_default()),
            Cell::new(change.series.vantage.as_deref().map(escape).unwrap_or_default()),
            Cell::inked(ink(&change.what), change.what.to_string()),
            Cell::inked(Ink::Faint, short_id(change.before)),
            Cell::inked(Ink::Faint, short_id(change.after)),
        ]);
    }
    match (grid.is_empty(), traced) {
        (true, false) => "no traces\n".to_owned(),
        (true, true) => "no changes\n".to_owned(),
        (false, _) => grid.render(paint),
    }
}

fn ink(what: &What) -> Ink {
    match what {
        What::Path { .. } => Ink::Normal,
        What::Rtt { before, after, .. } if after < before => Ink::Good,
        What::Loss { before, after, .. } if after < before => Ink::Good,
        What::Rtt { .. } => Ink::Warning,
        What::Loss { .. } => Ink::Bad,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use insta::assert_snapshot;
    use trace_core::model::{Protocol, Protocols, Ttl, Uuid};
    use trace_store::Series;

    use super::*;

    fn sample() -> Vec<Change> {
        let id = |number: u128| Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_1a2b_3c00 + number);
        let change = |hours: i64, what| Change {
            series: Series {
                address: Some([198, 51, 100, 80].into()),
                protocol: Some(Protocols::One(Protocol::Udp)),
                vantage: Some("at\u{1b}tic".to_owned()),
            },
            name: Some("bücher.example".to_owned()),
            at: 1_793_000_000_000_000_000 + hours * 3_600_000_000_000,
            before: id(1),
            after: id(2),
            sure: id(4),
            sure_at: 1_793_007_200_000_000_000 + hours * 3_600_000_000_000,
            what,
        };
        let ttl = |ttl| Ttl::new(ttl).unwrap();
        let ms = Duration::from_micros;
        let paths = (0x0123_4567_89ab_cdef, -1);
        vec![
            change(30, What::Loss { before: 0.0, after: 0.4, score: 6.25 }),
            change(20, What::Rtt { before: ms(35_040), after: ms(20_100), score: 4.5 }),
            change(20, What::Rtt { before: ms(20_100), after: ms(20_550), score: 5.5 }),
            change(1, What::Path { before: paths.0, after: paths.1, first_ttl: ttl(5), last_ttl: ttl(8) }),
            change(0, What::Path { before: paths.1, after: paths.0, first_ttl: ttl(5), last_ttl: ttl(5) }),
        ]
    }

    #[test]
    fn a_change_is_a_line() {
        assert_snapshot!(text(&sample(), true, Format::Table, Paint::Plain).unwrap(), @r#"
        Since                    Target                          Protocol  Vantage      Change                               Before    After
        2026-10-27 13:33:20 UTC  bücher.example (198.51.100.80)  udp       at\u{1b}tic  loss rose from 0% to 40%             1a2b3c01  1a2b3c02
        2026-10-27 03:33:20 UTC  bücher.example (198.51.100.80)  udp       at\u{1b}tic  the RTT fell from 35.0 to 20.1 ms    1a2b3c01  1a2b3c02
        2026-10-27 03:33:20 UTC  bücher.example (198.51.100.80)  udp       at\u{1b}tic  the RTT rose from 20.10 to 20.55 ms  1a2b3c01  1a2b3c02
        2026-10-26 08:33:20 UTC  bücher.example (198.51.100.80)  udp       at\u{1b}tic  the path changed from TTL 5 to 8     1a2b3c01  1a2b3c02
        2026-10-26 07:33:20 UTC  bücher.example (198.51.100.80)  udp       at\u{1b}tic  the path changed at TTL 5            1a2b3c01  1a2b3c02
        "#);
        assert_snapshot!(text(&sample()[..2], true, Format::Table, Paint::Colored).unwrap().replace('\u{1b}', "<ESC>"), @r#"
        <ESC>[1mSince<ESC>[0m                    <ESC>[1mTarget<ESC>[0m                          <ESC>[1mProtocol<ESC>[0m  <ESC>[1mVantage<ESC>[0m      <ESC>[1mChange<ESC>[0m                             <ESC>[1mBefore<ESC>[0m    <ESC>[1mAfter<ESC>[0m
        2026-10-27 13:33:20 UTC  bücher.example (198.51.100.80)  udp       at\u{1b}tic  <ESC>[31mloss rose from 0% to 40%<ESC>[0m           <ESC>[2m1a2b3c01<ESC>[0m  <ESC>[2m1a2b3c02<ESC>[0m
        2026-10-27 03:33:20 UTC  bücher.example (198.51.100.80)  udp       at\u{1b}tic  <ESC>[32mthe RTT fell from 35.0 to 20.1 ms<ESC>[0m  <ESC>[2m1a2b3c01<ESC>[0m  <ESC>[2m1a2b3c02<ESC>[0m
        "#);
        assert_eq!(text(&[], true, Format::Table, Paint::Plain).unwrap(), "no changes\n");
        assert_eq!(text(&[], false, Format::Table, Paint::Plain).unwrap(), "no traces\n");
    }

    #[test]
    fn programs_get_the_same() {
        assert_snapshot!(text(&sample(), true, Format::Csv, Paint::Plain).unwrap().replace('\u{1b}', "<ESC>"), @r#"
        at,target,address,protocol,vantage,kind,before,after,sure,sure_at,path_before,path_after,first_ttl,last_ttl,level_before,level_after,unit,score,text
        2026-10-27T13:33:20Z,bücher.example,198.51.100.80,udp,at<ESC>tic,loss,019a0000-0000-7000-8000-00001a2b3c01,019a0000-0000-7000-8000-00001a2b3c02,019a0000-0000-7000-8000-00001a2b3c04,2026-10-27T15:33:20Z,,,,,0.0,0.4,share,6.25,loss rose from 0% to 40%
        2026-10-27T03:33:20Z,bücher.example,198.51.100.80,udp,at<ESC>tic,rtt,019a0000-0000-7000-8000-00001a2b3c01,019a0000-0000-7000-8000-00001a2b3c02,019a0000-0000-7000-8000-00001a2b3c04,2026-10-27T05:33:20Z,,,,,35.04,20.1,ms,4.5,the RTT fell from 35.0 to 20.1 ms
        2026-10-27T03:33:20Z,bücher.example,198.51.100.80,udp,at<ESC>tic,rtt,019a0000-0000-7000-8000-00001a2b3c01,019a0000-0000-7000-8000-00001a2b3c02,019a0000-0000-7000-8000-00001a2b3c04,2026-10-27T05:33:20Z,,,,,20.1,20.55,ms,5.5,the RTT rose from 20.10 to 20.55 ms
        2026-10-26T08:33:20Z,bücher.example,198.51.100.80,udp,at<ESC>tic,path,019a0000-0000-7000-8000-00001a2b3c01,019a0000-0000-7000-8000-00001a2b3c02,019a0000-0000-7000-8000-00001a2b3c04,2026-10-26T10:33:20Z,0123456789abcdef,ffffffffffffffff,5,8,,,,,the path changed from TTL 5 to 8
        2026-10-26T07:33:20Z,bücher.example,198.51.100.80,udp,at<ESC>tic,path,019a0000-0000-7000-8000-00001a2b3c01,019a0000-0000-7000-8000-00001a2b3c02,019a0000-0000-7000-8000-00001a2b3c04,2026-10-26T09:33:20Z,ffffffffffffffff,0123456789abcdef,5,5,,,,,the path changed at TTL 5
        "#);
        let json: serde_json::Value =
            serde_json::from_str(&text(&sample(), true, Format::Json, Paint::Plain).unwrap()).unwrap();
        assert_eq!(json[0]["level"]["after"], 0.4);
        assert_eq!(json[3]["path"]["after"], "ffffffffffffffff");
        let lines = text(&sample(), true, Format::Jsonl, Paint::Plain).unwrap();
        assert_eq!(lines.lines().count(), 5);
        let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        assert_eq!(first, json[0]);
    }
}
