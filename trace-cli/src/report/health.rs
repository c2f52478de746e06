//! What `doctor` found.

use serde::Serialize;

use super::form;
use crate::args::Format;
use crate::escape::escape;
use crate::exit::Exit;
use crate::paint::{Ink, Paint};

/// How a part does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It works.
    Works,
    /// It does not, and something else takes its place.
    Limited,
    /// It cannot be told from here.
    Unknown,
    /// It does not, and something is missing for it.
    Fails,
}

/// One part that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// What was looked at, as `raw sockets`.
    pub(crate) name: &'static str,
    pub(crate) state: State,
    /// What was found.
    pub(crate) found: String,
    /// What to type to mend it.
    pub(crate) remedy: Option<String>,
    /// The exit status if it fails.
    #[serde(skip)]
    pub(crate) exit: Exit,
}

/// The exit status of them all.
pub(crate) fn exit(checks: &[Check]) -> Exit {
    let failed = checks.iter().filter(|check| check.state == State::Fails);
    failed.map(|check| check.exit).max().unwrap_or(Exit::Done)
}

/// What was found, in any form.
pub(crate) fn health(checks: &[Check], format: Format, paint: Paint) -> anyhow::Result<String> {
    form::rows(format, checks.iter(), || table(checks, paint))
}

fn table(checks: &[Check], paint: Paint) -> String {
    let mut text = String::new();
    for Check { name, state, found, remedy, .. } in checks {
        let (ink, word) = match state {
            State::Works => (Ink::Good, "works"),
            State::Limited => (Ink::Warning, "limited"),
            State::Unknown => (Ink::Warning, "unknown"),
            State::Fails => (Ink::Bad, "fails"),
        };
        let word = paint.apply(ink, &format!("{word:<8}"));
        text.push_str(&format!("{word} {name}: {}\n", escape(found)));
        if let Some(remedy) = remedy {
            let what = if *state == State::Unknown { "find out" } else { "mend it" };
            text.push_str(&format!("         {what} with: {}\n", paint.apply(Ink::Heading, &escape(remedy))));
        }
    }
    let summary = match exit(checks) {
        Exit::Done => paint.apply(Ink::Good, "Tracing and keeping work here."),
        _ => paint.apply(Ink::Bad, "Something is missing here."),
    };
    text.push_str(&summary);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn sample() -> Vec<Check> {
        let check = |name, state, found: &str, remedy: Option<&str>, exit| Check {
            name,
            state,
            found: found.to_owned(),
            remedy: remedy.map(str::to_owned),
            exit,
        };
        vec![
            check("unprivileged probing", State::Works, "errors come back", None, Exit::CouldNotProbe),
            check(
                "raw sockets",
                State::Limited,
                "not permitted",
                Some("sudo setcap ..."),
                Exit::CouldNotProbe,
            ),
            check("data directory", State::Fails, "/data is read-only", None, Exit::CouldNotKeep),
        ]
    }

    #[test]
    fn as_a_table() {
        assert_snapshot!(health(&sample(), Format::Table, Paint::Plain).unwrap(), @r#"
        works    unprivileged probing: errors come back
        limited  raw sockets: not permitted
                 mend it with: sudo setcap ...
        fails    data directory: /data is read-only
        Something is missing here.
        "#);
    }

    #[test]
    fn as_json_lines() {
        assert_snapshot!(health(&sample(), Format::Jsonl, Paint::Plain).unwrap(), @r#"
        {"name":"unprivileged probing","state":"works","found":"errors come back","remedy":null}
        {"name":"raw sockets","state":"limited","found":"not permitted","remedy":"sudo setcap ..."}
        {"name":"data directory","state":"fails","found":"/data is read-only","remedy":null}
        "#);
    }

    #[test]
    fn only_failures_count() {
        assert_eq!(exit(&sample()), Exit::CouldNotKeep);
        assert_eq!(exit(&sample()[..2]), Exit::Done);
    }
}
