//! A change on the way to a target, for whoever is told of it.

use trace_store::Change;
use trace_store::diff::{Diff, Mark, Place};

use super::milliseconds;
use crate::clock;
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::Paint;

/// Whom it happened to: the name that was typed, else the address.
pub(crate) fn host(change: &Change) -> String {
    let address = || change.series.address.map(|address| address.to_string());
    change.name.clone().or_else(address).unwrap_or_default()
}

/// What changed, and beneath it both paths side by side.
pub(crate) fn text(change: &Change, diff: Option<&Diff>) -> String {
    let address = change.series.address.map(|address| address.to_string());
    let address = address.filter(|_| change.name.is_some()).map(|address| format!(" ({address})"));
    let protocol = change.series.protocol.map(|protocol| format!(", {}", protocol.as_str()));
    let vantage = change.series.vantage.as_ref().map(|name| format!(", from {name}"));
    let mut text = format!(
        "{} {}{}{}{}: {}\n",
        clock::instant(change.at),
        escape(&host(change)),
        address.unwrap_or_default(),
        protocol.unwrap_or_default(),
        vantage.map(|name| escape(&name)).unwrap_or_default(),
        change.what
    );
    text.push_str(&format!("before {}\nafter  {}\n", change.before, change.after));
    if let Some(diff) = diff {
        text.push('\n');
        text.push_str(&paths(diff));
    }
    text
}

fn paths(diff: &Diff) -> String {
    let mut grid = Grid::new([
        ("", Side::Left),
        ("TTL", Side::Right),
        ("BEFORE", Side::Left),
        ("MS", Side::Right),
        ("TTL", Side::Right),
        ("AFTER", Side::Left),
        ("MS", Side::Right),
    ]);
    for row in &diff.rows {
        let mark = match row.mark {
            Mark::Same => "",
            mark => mark.as_str(),
        };
        let [before, after] =
            [&row.a, &row.b].map(|place| place.as_ref().map_or_else(|| [const { String::new() }; 3], cells));
        grid.push(std::iter::once(mark.to_owned()).chain(before).chain(after).map(Cell::new));
    }
    grid.render(Paint::Plain)
}

/// TTL, who answers, and how soon.
fn cells(place: &Place) -> [String; 3] {
    let addresses: Vec<String> = place.addresses.iter().map(ToString::to_string).collect();
    let mut who = if addresses.is_empty() { "*".to_owned() } else { addresses.join(" ") };
    if let Some(name) = &place.hostname {
        who = format!("{who} ({})", escape(name));
    }
    [place.ttl.to_string(), who, place.rtt.map(milliseconds).unwrap_or_default()]
}
