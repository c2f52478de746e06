//! What became of downloads.

use std::path::Path;

use serde::Serialize;
use trace_geo::update::Database;

use crate::args::Format;
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};
use crate::report::form;

/// What became of one.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) database: &'static str,
    /// `replaced`, `current` or `failed`.
    pub(crate) state: &'static str,
    pub(crate) built: Option<String>,
    /// In bytes.
    pub(crate) size: Option<u64>,
    pub(crate) path: String,
    pub(crate) attribution: Option<String>,
    pub(crate) error: Option<String>,
}

impl Row {
    pub(crate) fn new(database: Database, state: &'static str, built: Option<String>, path: &Path) -> Self {
        let path = path.display().to_string();
        Self { database: database.as_str(), state, built, size: None, path, attribution: None, error: None }
    }
}

/// The downloads, in any form.
pub(crate) fn updates(rows: &[Row], format: Format, paint: Paint) -> anyhow::Result<String> {
    form::rows(format, rows.iter(), || table(rows, paint))
}

fn table(rows: &[Row], paint: Paint) -> String {
    let heads = [
        ("Database", Side::Left),
        ("State", Side::Left),
        ("Built", Side::Left),
        ("MB", Side::Right),
        ("Data", Side::Left),
    ];
    let mut grid = Grid::new(heads);
    for row in rows {
        let ink = match row.state {
            "failed" => Ink::Bad,
            "replaced" => Ink::Good,
            _ => Ink::Normal,
        };
        let megabytes = row.size.map(|size| format!("{}.{}", size / 1_000_000, size % 1_000_000 / 100_000));
        grid.push([
            Cell::new(row.database),
            Cell::inked(ink, row.state),
            Cell::new(row.built.as_deref().map(escape).unwrap_or_default()),
            Cell::new(megabytes.unwrap_or_default()),
            Cell::inked(Ink::Faint, row.attribution.as_deref().map(escape).unwrap_or_default()),
        ]);
    }
    grid.render(paint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn sample() -> Vec<Row> {
        let path = Path::new("/data/geo/x.mmdb");
        let built = Some("2026-11-20".to_owned());
        vec![
            Row {
                size: Some(61_234_567),
                attribution: Some("data by somebody".to_owned()),
                ..Row::new(Database::GeoLite2City, "replaced", built.clone(), path)
            },
            Row::new(Database::GeoLite2Asn, "current", built, path),
            Row {
                error: Some("no network".to_owned()),
                ..Row::new(Database::DbIpCityLite, "failed", None, path)
            },
        ]
    }

    #[test]
    fn as_a_table() {
        assert_snapshot!(updates(&sample(), Format::Table, Paint::Plain).unwrap(), @r#"
        Database        State     Built         MB  Data
        GeoLite2-City   replaced  2026-11-20  61.2  data by somebody
        GeoLite2-ASN    current   2026-11-20
        DBIP-City-Lite  failed
        "#);
    }

    #[test]
    fn as_json_lines() {
        assert_snapshot!(updates(&sample()[..1], Format::Jsonl, Paint::Plain).unwrap(), @r#"{"database":"GeoLite2-City","state":"replaced","built":"2026-11-20","size":61234567,"path":"/data/geo/x.mmdb","attribution":"data by somebody","error":null}"#);
    }
}
