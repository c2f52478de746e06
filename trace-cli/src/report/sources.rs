//! The sources of places.

use serde::Serialize;
use trace_geo::SourceInfo;

use super::form;
use crate::args::Format;
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};

#[derive(Debug, Serialize)]
struct Row<'a> {
    source: &'a str,
    built: Option<&'a str>,
    attribution: Option<&'a str>,
}

/// Sources in the order they are asked, in any form.
pub(crate) fn sources(sources: &[&SourceInfo], format: Format, paint: Paint) -> anyhow::Result<String> {
    let rows = sources.iter().map(|info| Row {
        source: &info.name,
        built: info.built.as_deref(),
        attribution: info.attribution.as_deref(),
    });
    form::rows(format, rows, || table(sources, paint))
}

fn table(sources: &[&SourceInfo], paint: Paint) -> String {
    let mut grid = Grid::new([("Source", Side::Left), ("Built", Side::Left), ("Data", Side::Left)]);
    for info in sources {
        let text = |value: Option<&str>| value.map(escape).unwrap_or_default();
        grid.push([
            Cell::new(escape(&info.name)),
            Cell::new(text(info.built.as_deref())),
            Cell::inked(Ink::Faint, text(info.attribution.as_deref())),
        ]);
    }
    grid.render(paint)
        + "Nothing is sent out: all of them are files on this machine or inside this program.\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_tell_their_age_and_whose_they_are() {
        let feed = SourceInfo { name: "geofeed:office.csv".to_owned(), built: None, attribution: None };
        let table = SourceInfo {
            name: "builtin".to_owned(),
            built: Some("2026-06-17".to_owned()),
            attribution: Some("data by somebody, CC BY 4.0".to_owned()),
        };
        insta::assert_snapshot!(sources(&[&feed, &table], Format::Table, Paint::Plain).unwrap(), @r#"
        Source              Built       Data
        geofeed:office.csv
        builtin             2026-06-17  data by somebody, CC BY 4.0
        Nothing is sent out: all of them are files on this machine or inside this program.
        "#);
        insta::assert_snapshot!(sources(&[&feed, &table], Format::Jsonl, Paint::Plain).unwrap(), @r#"
        {"source":"geofeed:office.csv","built":null,"attribution":null}
        {"source":"builtin","built":"2026-06-17","attribution":"data by somebody, CC BY 4.0"}
        "#);
    }
}
