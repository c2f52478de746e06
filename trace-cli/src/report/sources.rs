//! The sources of places.

pub(crate) mod updates;

use serde::Serialize;

use super::form;
use crate::args::Format;
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};

/// Whether a source is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It is.
    Used,
    /// It will be again, later.
    Resting,
    /// It could be, if there were a file or a key.
    Absent,
    /// It cannot be.
    Broken,
}

/// A source.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) source: String,
    pub(crate) state: State,
    /// Why, or what mends it.
    pub(crate) note: Option<String>,
    /// The day the data were built, or the file last changed.
    pub(crate) built: Option<String>,
    pub(crate) age_days: Option<i64>,
    /// What leaves the machine when it is asked.
    pub(crate) sends: String,
    /// What it takes.
    pub(crate) costs: String,
    /// Whose data it is, where the licence asks for saying so.
    pub(crate) attribution: Option<String>,
    pub(crate) path: Option<String>,
}

/// Sources in the order they are asked, in any form.
pub(crate) fn sources(rows: &[Row], format: Format, paint: Paint) -> anyhow::Result<String> {
    form::rows(format, rows.iter(), || table(rows, paint))
}

fn table(rows: &[Row], paint: Paint) -> String {
    let mut grid = Grid::new([
        ("Source", Side::Left),
        ("State", Side::Left),
        ("Built", Side::Left),
        ("Age", Side::Right),
        ("Sends out", Side::Left),
        ("Costs", Side::Left),
        ("Data and remarks", Side::Left),
    ]);
    for row in rows {
        let (ink, state) = match row.state {
            State::Used => (Ink::Good, "used"),
            State::Resting => (Ink::Warning, "resting"),
            State::Absent => (Ink::Faint, "absent"),
            State::Broken => (Ink::Bad, "broken"),
        };
        let text = |value: Option<&str>| value.map(escape).unwrap_or_default();
        let remarks: Vec<String> =
            [&row.note, &row.attribution].into_iter().flatten().map(|text| escape(text)).collect();
        grid.push([
            Cell::new(escape(&row.source)),
            Cell::inked(ink, state),
            Cell::new(text(row.built.as_deref())),
            Cell::new(row.age_days.map(|days| format!("{days} d")).unwrap_or_default()),
            Cell::new(escape(&row.sends)),
            Cell::new(escape(&row.costs)),
            Cell::inked(Ink::Faint, remarks.join("; ")),
        ]);
    }
    grid.render(paint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Row> {
        let row = |source: &str, state| Row {
            source: source.to_owned(),
            state,
            note: None,
            built: None,
            age_days: None,
            sends: "nothing".to_owned(),
            costs: "nothing".to_owned(),
            attribution: None,
            path: None,
        };
        vec![
            Row { path: Some("office.csv".to_owned()), ..row("geofeed:office.csv", State::Used) },
            Row {
                sends: "nothing without a key".to_owned(),
                costs: "requests".to_owned(),
                note: Some("no key".to_owned()),
                ..row("ipgeolocation", State::Absent)
            },
            Row {
                built: Some("2026-06-17".to_owned()),
                age_days: Some(160),
                attribution: Some("data by somebody, CC BY 4.0".to_owned()),
                ..row("builtin", State::Used)
            },
        ]
    }

    #[test]
    fn sources_tell_their_age_whose_they_are_and_what_they_send() {
        insta::assert_snapshot!(sources(&sample(), Format::Table, Paint::Plain).unwrap(), @r#"
        Source              State   Built         Age  Sends out              Costs     Data and remarks
        geofeed:office.csv  used                       nothing                nothing
        ipgeolocation       absent                     nothing without a key  requests  no key
        builtin             used    2026-06-17  160 d  nothing                nothing   data by somebody, CC BY 4.0
        "#);
        insta::assert_snapshot!(sources(&sample()[2..], Format::Jsonl, Paint::Plain).unwrap(), @r#"{"source":"builtin","state":"used","note":null,"built":"2026-06-17","age_days":160,"sends":"nothing","costs":"nothing","attribution":"data by somebody, CC BY 4.0","path":null}"#);
    }
}
