//! How the paths to a host followed one another.

use serde::Serialize;
use trace_store::Era;

use super::{form, list, milliseconds};
use crate::args::Format;
use crate::clock;
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};

/// An era as programs read it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    address: String,
    protocol: Option<&'static str>,
    vantage: Option<&'a str>,
    path: String,
    paths: u64,
    trace: String,
    first_seen: String,
    last_seen: String,
    traces: u64,
    reached: u64,
    last_ttl: Option<u8>,
    min_ms: Option<f64>,
    median_ms: Option<f64>,
    p95_ms: Option<f64>,
}

impl<'a> Row<'a> {
    fn of(era: &'a Era) -> Self {
        let ms = |rtt: core::time::Duration| rtt.as_secs_f64() * 1e3;
        Self {
            address: era.address.to_string(),
            protocol: era.protocol.map(|protocol| protocol.as_str()),
            vantage: era.vantage.as_deref(),
            path: list::path(era.path),
            paths: era.paths,
            trace: era.trace.to_string(),
            first_seen: clock::rfc3339(era.first),
            last_seen: clock::rfc3339(era.last),
            traces: era.traces,
            reached: era.reached,
            last_ttl: era.last_ttl.map(|ttl| ttl.get()),
            min_ms: era.rtt.map(|rtt| ms(rtt.min)),
            median_ms: era.rtt.map(|rtt| ms(rtt.median)),
            p95_ms: era.rtt.map(|rtt| ms(rtt.p95)),
        }
    }
}

/// Eras, in any form.
pub(crate) fn eras(eras: &[Era], format: Format, paint: Paint) -> anyhow::Result<String> {
    form::rows(format, eras.iter().map(Row::of), || table(eras, paint))
}

fn table(eras: &[Era], paint: Paint) -> String {
    let mut grid = Grid::new([
        ("First seen", Side::Left),
        ("Last seen", Side::Left),
        ("Traces", Side::Right),
        ("Reached", Side::Right),
        ("Hops", Side::Right),
        ("Min ms", Side::Right),
        ("Median", Side::Right),
        ("p95", Side::Right),
        ("Path", Side::Left),
        ("Ways", Side::Right),
        ("Address", Side::Left),
        ("Protocol", Side::Left),
        ("Vantage", Side::Left),
    ]);
    for era in eras {
        let rtt = |of: fn(&trace_store::Spread) -> core::time::Duration| {
            Cell::new(era.rtt.as_ref().map(|rtt| milliseconds(of(rtt))).unwrap_or_default())
        };
        let ink = if era.reached == era.traces { Ink::Normal } else { Ink::Warning };
        grid.push([
            Cell::new(clock::instant(era.first)),
            Cell::new(clock::instant(era.last)),
            Cell::new(era.traces.to_string()),
            Cell::inked(ink, era.reached.to_string()),
            Cell::new(era.last_ttl.map(|ttl| ttl.to_string()).unwrap_or_default()),
            rtt(|rtt| rtt.min),
            rtt(|rtt| rtt.median),
            rtt(|rtt| rtt.p95),
            Cell::inked(Ink::Faint, list::path(era.path).get(..8).unwrap_or_default()),
            Cell::new(if era.paths > 1 { era.paths.to_string() } else { String::new() }),
            Cell::new(era.address.to_string()),
            Cell::new(era.protocol.map(|protocol| protocol.as_str()).unwrap_or_default()),
            Cell::new(era.vantage.as_deref().map(escape).unwrap_or_default()),
        ]);
    }
    if grid.is_empty() { "no traces\n".to_owned() } else { grid.render(paint) }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use insta::assert_snapshot;
    use trace_core::model::{Protocol, Protocols, Ttl};
    use trace_store::Spread;

    use super::*;

    fn sample() -> [Era; 2] {
        let era = Era {
            address: [198, 51, 100, 80].into(),
            protocol: Some(Protocols::One(Protocol::Udp)),
            vantage: Some("at\u{1b}tic".to_owned()),
            path: 0x0123_4567_89ab_cdef,
            paths: 3,
            trace: trace_core::model::Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_1a2b_3c4d),
            first: 1_793_000_000_000_000_000,
            last: 1_793_100_000_000_000_000,
            traces: 28,
            reached: 27,
            last_ttl: Ttl::new(12),
            rtt: Some(Spread {
                min: Duration::from_micros(20_001),
                median: Duration::from_micros(21_500),
                p95: Duration::from_micros(80_000),
            }),
        };
        [
            era.clone(),
            Era {
                first: era.last,
                path: -1,
                paths: 1,
                traces: 1,
                reached: 0,
                rtt: None,
                vantage: None,
                ..era
            },
        ]
    }

    #[test]
    fn an_era_is_a_line() {
        assert_snapshot!(eras(&sample(), Format::Table, Paint::Plain).unwrap(), @r#"
        First seen               Last seen                Traces  Reached  Hops  Min ms  Median     p95  Path      Ways  Address        Protocol  Vantage
        2026-10-26 07:33:20 UTC  2026-10-27 11:20:00 UTC      28       27    12  20.001  21.500  80.000  01234567     3  198.51.100.80  udp       at\u{1b}tic
        2026-10-27 11:20:00 UTC  2026-10-27 11:20:00 UTC       1        0    12                          ffffffff        198.51.100.80  udp
        "#);
        assert_eq!(eras(&[], Format::Table, Paint::Plain).unwrap(), "no traces\n");
    }

    #[test]
    fn programs_get_the_same() {
        assert_snapshot!(eras(&sample(), Format::Csv, Paint::Plain).unwrap().replace('\u{1b}', "<ESC>"), @r#"
        address,protocol,vantage,path,paths,trace,first_seen,last_seen,traces,reached,last_ttl,min_ms,median_ms,p95_ms
        198.51.100.80,udp,at<ESC>tic,0123456789abcdef,3,019a0000-0000-7000-8000-00001a2b3c4d,2026-10-26T07:33:20Z,2026-10-27T11:20:00Z,28,27,12,20.001,21.5,80.0
        198.51.100.80,udp,,ffffffffffffffff,1,019a0000-0000-7000-8000-00001a2b3c4d,2026-10-27T11:20:00Z,2026-10-27T11:20:00Z,1,0,12,,,
        "#);
        let json: serde_json::Value =
            serde_json::from_str(&eras(&sample(), Format::Json, Paint::Plain).unwrap()).unwrap();
        assert_eq!((&json[0]["median_ms"], &json[1]["median_ms"]), (&21.5.into(), &serde_json::Value::Null));
    }
}
