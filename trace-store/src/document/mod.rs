//! The JSON document: a trace with its places as a file that anybody can read, keep and send on.
//!
//! Schema 1. Fields may be added, none changes its meaning; unknown fields are read over. What follows from
//! the measurement (`statistics`, `findings`, `explanations`, `path_changes`, `as_path`) is computed afresh when writing and ignored when
//! reading. Times are in milliseconds and keep every nanosecond; instants are RFC 3339 in UTC. A missing value
//! is null. Text in a document comes from the network in part (host names, cities, what a system said):
//! escape it before showing it.
//!
//! `settings.rounds` is a number, or the word `"forever"` for rounds that went on until somebody ended them. Settings
//! that a document leaves out had their defaults. A word that stands for one of several things (an outcome, a kind of
//! answer, a verdict) and that this release does not know is refused, with its field: it is better to say so than to
//! show half a measurement. Findings are derived, so their words are never read.
//!
//! Reading back what was written gives an equal trace and an equal atlas. Numbers that JSON cannot say (a
//! score that is not finite) are written as null.
//!
//! ```
//! # use trace_store::document;
//! let text = r#"{ "schema": 1, "id": "01890a5d-ac96-774b-bcce-b302099a8057", "kind": "measured",
//!     "started": "2026-11-23T22:58:32Z",
//!     "hops": [ { "ttl": 1, "probes": [ { "result": "silent" } ] } ] }"#;
//! let (trace, atlas) = document::read(text)?;
//! assert_eq!(trace.hops.len(), 1);
//! assert_eq!(document::read(&document::write(&trace, &atlas))?, (trace, atlas));
//! # Ok::<(), trace_store::Error>(())
//! ```

mod decode;
mod encode;
mod layout;
mod schema;
mod stored;
#[cfg(test)]
mod tests;
mod value;

use serde::Serialize;
use trace_core::model::{Atlas, Trace};

use crate::Error;

pub(crate) use stored::{located_from_text, located_to_text, setup_from_text, setup_to_text};
pub(crate) use value::{Instant, Text};

/// The schema this program writes, and the only one there is so far.
pub const SCHEMA: u64 = 1;

/// A trace as a document for people and programs: indented, one line a probe, with a line feed at the end.
#[must_use]
pub fn write(trace: &Trace, atlas: &Atlas) -> String {
    let mut bytes = Vec::with_capacity(1 << 14);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, layout::Layout::default());
    finish(encode::document(trace, atlas).serialize(&mut serializer));
    bytes.push(b'\n');
    text(bytes)
}

/// A trace as one line of a `jsonl` file, with a line feed at the end.
#[must_use]
pub fn write_line(trace: &Trace, atlas: &Atlas) -> String {
    let mut bytes = Vec::with_capacity(1 << 13);
    finish(serde_json::to_writer(&mut bytes, &encode::document(trace, atlas)));
    bytes.push(b'\n');
    text(bytes)
}

#[expect(
    clippy::expect_used,
    reason = "writing to memory cannot fail, every key is text, and every i64 is a date"
)]
fn finish(written: serde_json::Result<()>) {
    written.expect("a trace is a document");
}

fn text(bytes: Vec<u8>) -> String {
    // serde_json writes UTF-8 only.
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Reads a document, indented or on one line.
///
/// # Errors
///
/// [`Error::Schema`] for a document of another schema, [`Error::Document`] with line, column and field for
/// anything that is no document.
pub fn read(text: &str) -> Result<(Trace, Atlas), Error> {
    let document: schema::Document = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => return Err(refusal(text, &error)),
    };
    if document.schema != SCHEMA {
        return Err(Error::Schema { found: document.schema, known: SCHEMA });
    }
    decode::document(document).map_err(|wrong| Error::Document { place: wrong.field, message: wrong.message })
}

/// Why a text is no document of ours. Only now is it worth the time to find out in which field.
fn refusal(text: &str, error: &serde_json::Error) -> Error {
    if let Ok(schema::Head { schema: Some(found) }) = serde_json::from_str(text)
        && found != SCHEMA
    {
        return Error::Schema { found, known: SCHEMA };
    }
    let mut place = format!("line {} column {}", error.line(), error.column());
    let mut deserializer = serde_json::Deserializer::from_str(text);
    if let Err(traced) = serde_path_to_error::deserialize::<_, schema::Document>(&mut deserializer) {
        let field = traced.path().to_string();
        if field != "." && field != "?" {
            place = format!("{place}, {field}");
        }
    }
    // The place is told once, in front.
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    Error::Document { place, message: message.to_owned() }
}
