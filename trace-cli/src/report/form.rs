//! Rows for programs: JSON, JSON lines and CSV of anything that can be serialised.

use serde::Serialize;

use crate::args::Format;

/// `rows` in the form asked for; `table` makes the one for people.
pub(crate) fn rows<R: Serialize>(
    format: Format,
    rows: impl Iterator<Item = R>,
    table: impl FnOnce() -> String,
) -> anyhow::Result<String> {
    Ok(match format {
        Format::Table => table(),
        Format::Json => serde_json::to_string_pretty(&rows.collect::<Vec<_>>())? + "\n",
        Format::Jsonl => {
            let lines = rows.map(|row| Ok(serde_json::to_string(&row)? + "\n"));
            lines.collect::<serde_json::Result<String>>()?
        }
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in rows {
                writer.serialize(row)?;
            }
            String::from_utf8(writer.into_inner().map_err(|error| error.into_error())?)?
        }
    })
}
