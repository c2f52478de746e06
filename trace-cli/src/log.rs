//! What happens, line by line on standard error: for people, for the journal, and for programs.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::args::LogFormat;
use crate::clock;
use crate::escape::escape;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// With time and level.
    Text,
    /// With the priority that the journal reads, which has a time of its own (sd-daemon(3)).
    Journal,
    Json,
}

/// From now on everything that is logged goes to standard error. Without `verbose` what is only told to who asks is left
/// out.
pub(crate) fn start(format: LogFormat, verbose: bool) {
    let form = match format {
        LogFormat::Json => Form::Json,
        LogFormat::Text if journal_reads() => Form::Journal,
        LogFormat::Text => Form::Text,
    };
    let level = if verbose { Level::DEBUG } else { Level::INFO };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        // When nobody reads the log any more, nobody can be told.
        .log_internal_errors(false)
        .event_format(form)
        .finish();
    // It is there already only if somebody called this twice.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Whether standard error is the journal's: `$JOURNAL_STREAM` names its device and its inode (systemd.exec(5)).
fn journal_reads() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;

        let stream = std::env::var_os("JOURNAL_STREAM").and_then(|stream| stream.into_string().ok());
        let stderr = std::fs::metadata("/proc/self/fd/2").ok();
        stream
            .zip(stderr)
            .is_some_and(|(stream, stderr)| stream == format!("{}:{}", stderr.dev(), stderr.ino()))
    }
    #[cfg(not(unix))]
    false
}

impl<S, N> FormatEvent<S, N> for Form
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        // The libraries beneath talk to those who mend them.
        if !metadata.target().starts_with("trace_") {
            return Ok(());
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        writeln!(writer, "{}", self.line(*metadata.level(), clock::now(), fields))
    }
}

impl Form {
    fn line(self, level: Level, now: i64, fields: Fields) -> String {
        let Fields { message, others } = fields;
        if self == Self::Json {
            let mut line = serde_json::Map::new();
            line.insert("time".to_owned(), clock::rfc3339(now).into());
            line.insert("level".to_owned(), level.as_str().to_lowercase().into());
            line.insert("message".to_owned(), message.into());
            line.extend(others);
            return serde_json::Value::from(line).to_string();
        }
        let text: String = others
            .iter()
            .map(|(name, value)| match value.as_str() {
                Some(text) if !text.contains([' ', '"', '=']) && !text.is_empty() => {
                    format!(" {name}={text}")
                }
                _ => format!(" {name}={value}"),
            })
            .collect();
        let text = escape(&format!("{message}{text}"));
        match self {
            Self::Journal => format!("<{}>{text}", priority(level)),
            _ => format!("{} {:5} {text}", clock::rfc3339(now), level.as_str()),
        }
    }
}

/// The priorities of syslog (RFC 5424, section 6.2.1).
const fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

/// What an event says.
#[derive(Debug, Default)]
struct Fields {
    message: String,
    others: Vec<(String, serde_json::Value)>,
}

impl Fields {
    fn take(&mut self, field: &Field, value: serde_json::Value) {
        match (field.name(), value) {
            ("message", serde_json::Value::String(text)) => self.message = text,
            (name, value) => self.others.push((name.to_owned(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.take(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.take(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.take(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.take(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn fields() -> Fields {
        let others = vec![
            ("host".to_owned(), "a\u{1b}[31m b".into()),
            ("targets".to_owned(), 3.into()),
            ("id".to_owned(), "x1".into()),
        ];
        Fields { message: "it changed\nhere".to_owned(), others }
    }

    #[test]
    fn lines_are_made_for_whoever_reads_them() {
        let at = 1_793_000_000_123_000_000;
        assert_snapshot!(Form::Text.line(Level::INFO, at, fields()), @r#"2026-10-26T07:33:20.123Z INFO  it changed\u{a}here host="a\u001b[31m b" targets=3 id=x1"#);
        assert_snapshot!(Form::Journal.line(Level::WARN, at, fields()), @r#"<4>it changed\u{a}here host="a\u001b[31m b" targets=3 id=x1"#);
        assert_snapshot!(Form::Json.line(Level::ERROR, at, fields()), @r#"{"host":"a\u001b[31m b","id":"x1","level":"error","message":"it changed\nhere","targets":3,"time":"2026-10-26T07:33:20.123Z"}"#);
    }
}
