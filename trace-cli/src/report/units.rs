//! The units of systemd that there are.

use serde::Serialize;

use super::form;
use crate::args::Format;
use crate::escape::escape;
use crate::paint::{Ink, Paint};

/// A file of the services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Unit {
    pub(crate) unit: String,
    pub(crate) path: String,
    /// `absent`, `installed`, `other version`, `changed`, `not ours` or `packaged`.
    pub(crate) state: &'static str,
    pub(crate) enabled: bool,
    /// What systemd says; `None` where it does not run, and of what is no unit.
    pub(crate) active: Option<String>,
}

/// In any form.
pub(crate) fn units(units: &[Unit], format: Format, paint: Paint) -> anyhow::Result<String> {
    form::rows(format, units.iter(), || table(units, paint))
}

fn table(units: &[Unit], paint: Paint) -> String {
    let mut text = String::new();
    for Unit { path, state, enabled, active, .. } in units {
        let ink = match *state {
            "installed" | "packaged" => Ink::Good,
            "absent" => Ink::Heading,
            _ => Ink::Warning,
        };
        let enabled = if *enabled { ", enabled" } else { "" };
        let active = active.as_ref().map(|word| format!(", {}", escape(word))).unwrap_or_default();
        text.push_str(&format!(
            "{} {}{enabled}{active}\n",
            paint.apply(ink, &format!("{state:<13}")),
            escape(path)
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    #[test]
    fn as_a_table_and_as_lines() {
        let unit = |unit: &str, state, enabled, active: Option<&str>| Unit {
            unit: unit.to_owned(),
            path: format!("/etc/systemd/system/{unit}"),
            state,
            enabled,
            active: active.map(str::to_owned),
        };
        let rows = [
            unit("tracer.timer", "installed", true, Some("active")),
            unit("tracer.service", "absent", false, None),
        ];
        assert_snapshot!(units(&rows, Format::Table, Paint::Plain).unwrap(), @r"
        installed     /etc/systemd/system/tracer.timer, enabled, active
        absent        /etc/systemd/system/tracer.service
        ");
        assert_snapshot!(units(&rows[..1], Format::Jsonl, Paint::Plain).unwrap(), @r#"{"unit":"tracer.timer","path":"/etc/systemd/system/tracer.timer","state":"installed","enabled":true,"active":"active"}"#);
    }
}
