//! Where the milliseconds of a path went.

use serde::Serialize;
use trace_geo::budget::{Budget, Leg, Stop};

use crate::args::Format;
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};

/// A budget as programs read it.
#[derive(Debug, Serialize)]
struct Account<'a> {
    rtt_ms: f64,
    fibre_ms: f64,
    excess_ms: f64,
    before_ms: f64,
    behind_ms: f64,
    unattributed_ms: f64,
    km: f64,
    direct_km: f64,
    direct_floor_ms: f64,
    directness: Option<f64>,
    reaches_target: bool,
    legs: Vec<Row<'a>>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    /// None for the source.
    from_ttl: Option<u8>,
    from: Option<&'a str>,
    from_latitude: f64,
    from_longitude: f64,
    to_ttl: Option<u8>,
    to: Option<&'a str>,
    to_address: Option<std::net::IpAddr>,
    to_latitude: f64,
    to_longitude: f64,
    km: f64,
    floor_ms: f64,
    grew_ms: f64,
    /// None where the time cannot be attributed to the leg.
    excess_ms: Option<f64>,
}

impl<'a> Row<'a> {
    fn of(leg: &'a Leg) -> Self {
        let Leg { from, to, kilometres, floor_ms, grew_ms, excess_ms } = leg;
        Self {
            from_ttl: from.ttls.map(|(_, last)| last.get()),
            from: from.name.as_deref(),
            from_latitude: from.coordinates.latitude(),
            from_longitude: from.coordinates.longitude(),
            to_ttl: to.ttls.map(|(first, _)| first.get()),
            to: to.name.as_deref(),
            to_address: to.address,
            to_latitude: to.coordinates.latitude(),
            to_longitude: to.coordinates.longitude(),
            km: round(*kilometres),
            floor_ms: round(*floor_ms),
            grew_ms: round(*grew_ms),
            excess_ms: excess_ms.map(round),
        }
    }
}

/// Microseconds and metres: more digits say nothing.
fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

impl<'a> Account<'a> {
    fn of(budget: &'a Budget) -> Self {
        Self {
            rtt_ms: round(budget.rtt_ms),
            fibre_ms: round(budget.fibre_ms),
            excess_ms: round(budget.excess_ms),
            before_ms: round(budget.before_ms),
            behind_ms: round(budget.behind_ms),
            unattributed_ms: round(budget.unattributed_ms),
            km: round(budget.kilometres),
            direct_km: round(budget.direct_kilometres),
            direct_floor_ms: round(budget.direct_floor_ms),
            directness: budget.directness.map(round),
            reaches_target: budget.reaches_target,
            legs: budget.legs.iter().map(Row::of).collect(),
        }
    }
}

/// A budget in any form; CSV has the legs. JSON says `null` where there is nothing to account for.
pub(crate) fn text(budget: Option<&Budget>, format: Format, paint: Paint) -> anyhow::Result<String> {
    let account = budget.map(Account::of);
    Ok(match format {
        Format::Table => match budget {
            Some(budget) => table(budget, paint),
            None => {
                "nothing to account for: that takes two places along a path that did not change, and their \
                     round-trip times\n"
                    .to_owned()
            }
        },
        Format::Json => serde_json::to_string_pretty(&account)? + "\n",
        Format::Jsonl => serde_json::to_string(&account)? + "\n",
        Format::Csv => {
            let rows = account.map(|account| account.legs).unwrap_or_default();
            super::form::rows(Format::Csv, rows.into_iter(), String::new)?
        }
    })
}

fn table(budget: &Budget, paint: Paint) -> String {
    let mut grid = Grid::new([
        ("TTL", Side::Left),
        ("From", Side::Left),
        ("To", Side::Left),
        ("km", Side::Right),
        ("Light ms", Side::Right),
        ("Took ms", Side::Right),
        ("More ms", Side::Right),
    ]);
    let ms = |ms: f64| format!("{ms:.3}");
    for leg in &budget.legs {
        let more = match leg.excess_ms {
            Some(excess) => Cell::new(ms(excess)),
            None => Cell::inked(Ink::Faint, "?"),
        };
        grid.push([
            Cell::new(format!("{}-{}", ttl(&leg.from, |(_, last)| last), ttl(&leg.to, |(first, _)| first))),
            Cell::new(name(&leg.from)),
            Cell::new(name(&leg.to)),
            Cell::new(format!("{:.0}", leg.kilometres)),
            Cell::new(ms(leg.floor_ms)),
            Cell::new(ms(leg.grew_ms)),
            more,
        ]);
    }
    let mut text = grid.render(paint);
    let end = if budget.reaches_target { "the target" } else { "the last hop that answered" };
    text.push_str(&format!("\n{} ms to {end} and back:\n", ms(budget.rtt_ms)));
    let mut shares = Grid::new([("", Side::Right), ("", Side::Right), ("", Side::Left)]);
    for (share, words) in [
        (budget.fibre_ms, "light in fibre along the legs"),
        (budget.excess_ms, "more than that: detours of the cable, equipment, queues"),
        (budget.before_ms, "before the first place"),
        (budget.behind_ms, "behind the last place"),
        (budget.unattributed_ms, "not attributable: an answer from before came back by a longer way (?)"),
    ] {
        // A path has some of these.
        if share >= 0.0005 {
            let percent = if budget.rtt_ms > 0.0 { share / budget.rtt_ms * 100.0 } else { 0.0 };
            shares.push([Cell::new(ms(share)), Cell::new(format!("{percent:.0}%")), Cell::new(words)]);
        }
    }
    for line in shares.lines(paint, None).iter().skip(1) {
        text.push_str(line);
        text.push('\n');
    }
    let directness = budget
        .directness
        .map(|directness| format!("; the straight way is {:.0}% of that", directness * 100.0))
        .unwrap_or_default();
    text.push_str(&format!(
        "{:.0} km along the legs{directness}, and would take {} ms in fibre\n",
        budget.kilometres,
        ms(budget.direct_floor_ms)
    ));
    text
}

fn ttl(
    stop: &Stop,
    of: fn((trace_core::model::Ttl, trace_core::model::Ttl)) -> trace_core::model::Ttl,
) -> String {
    stop.ttls.map_or_else(|| "0".to_owned(), |ttls| of(ttls).to_string())
}

fn name(stop: &Stop) -> String {
    let point = || format!("{:.3},{:.3}", stop.coordinates.latitude(), stop.coordinates.longitude());
    match (&stop.name, stop.ttls) {
        (Some(name), _) => escape(name),
        (None, None) => format!("source ({})", point()),
        (None, Some(_)) => point(),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use trace_core::model::{Coordinates, Ttl};

    use super::*;

    fn stop(ttl: Option<u8>, name: Option<&str>, latitude: f64, rtt_ms: Option<f64>) -> Stop {
        let ttl = ttl.and_then(Ttl::new);
        Stop {
            ttls: ttl.zip(ttl),
            address: ttl.map(|ttl| [203, 0, 113, ttl.get()].into()),
            name: name.map(str::to_owned),
            coordinates: Coordinates::new(latitude, -58.4).unwrap(),
            radius_km: None,
            rtt_ms,
        }
    }

    fn sample() -> Budget {
        let stops = [
            stop(None, None, -34.6, None),
            stop(Some(3), Some("Bar\u{1b}ranqueras"), -27.48, Some(12.5)),
            stop(Some(6), Some("Köln"), 50.94, Some(110.1)),
        ];
        let leg = |from: &Stop, to: &Stop, kilometres: f64, grew_ms, excess_ms| Leg {
            from: from.clone(),
            to: to.clone(),
            kilometres,
            floor_ms: kilometres / 102.0,
            grew_ms,
            excess_ms,
        };
        Budget {
            legs: vec![
                leg(&stops[0], &stops[1], 790.5, 12.5, Some(4.75)),
                leg(&stops[1], &stops[2], 10_812.0, 97.6, None),
            ],
            reaches_target: true,
            rtt_ms: 110.1,
            kilometres: 11_602.5,
            direct_kilometres: 11_500.0,
            directness: Some(0.991_165_7),
            direct_floor_ms: 112.745,
            fibre_ms: 7.75,
            excess_ms: 4.75,
            before_ms: 0.0,
            behind_ms: 0.0,
            unattributed_ms: 97.6,
        }
    }

    #[test]
    fn a_leg_is_a_line_and_the_shares_stand_below() {
        assert_snapshot!(text(Some(&sample()), Format::Table, Paint::Plain).unwrap(), @r#"
        TTL  From                      To                     km  Light ms  Took ms  More ms
        0-3  source (-34.600,-58.400)  Bar\u{1b}ranqueras    790     7.750   12.500    4.750
        3-6  Bar\u{1b}ranqueras        Köln                10812   106.000   97.600        ?

        110.100 ms to the target and back:
         7.750   7%  light in fibre along the legs
         4.750   4%  more than that: detours of the cable, equipment, queues
        97.600  89%  not attributable: an answer from before came back by a longer way (?)
        11602 km along the legs; the straight way is 99% of that, and would take 112.745 ms in fibre
        "#);
        assert!(text(None, Format::Table, Paint::Plain).unwrap().starts_with("nothing to account for"));
    }

    #[test]
    fn programs_get_the_same() {
        let json: serde_json::Value =
            serde_json::from_str(&text(Some(&sample()), Format::Json, Paint::Plain).unwrap()).unwrap();
        assert_eq!(json["directness"], 0.991);
        assert_eq!(json["legs"][0]["excess_ms"], 4.75);
        assert_eq!(json["legs"][1]["excess_ms"], serde_json::Value::Null);
        assert_eq!(json["legs"][0]["from_ttl"], serde_json::Value::Null);
        assert_eq!(text(None, Format::Json, Paint::Plain).unwrap(), "null\n");
        assert_eq!(text(None, Format::Csv, Paint::Plain).unwrap(), "");
        assert_snapshot!(text(Some(&sample()), Format::Csv, Paint::Plain).unwrap().replace('\u{1b}', "<ESC>"), @r#"
        from_ttl,from,from_latitude,from_longitude,to_ttl,to,to_address,to_latitude,to_longitude,km,floor_ms,grew_ms,excess_ms
        ,,-34.6,-58.4,3,Bar<ESC>ranqueras,203.0.113.3,-27.48,-58.4,790.5,7.75,12.5,4.75
        3,Bar<ESC>ranqueras,-27.48,-58.4,6,Köln,203.0.113.6,50.94,-58.4,10812.0,106.0,97.6,
        "#);
    }
}
