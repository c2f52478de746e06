//! What is wrong with a config file, and where.

use std::path::PathBuf;

use serde::Serialize;

use crate::escape::escape;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Mistake {
    pub(crate) file: PathBuf,
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    pub(crate) message: String,
    /// What may have been meant.
    pub(crate) suggestion: Option<String>,
    /// The line itself; `None` where it may hold a key.
    #[serde(skip)]
    pub(crate) text: Option<String>,
    /// How many characters of it are meant.
    #[serde(skip)]
    pub(crate) width: usize,
    /// Nothing is wrong but that others can read the file.
    #[serde(skip)]
    pub(crate) is_exposure: bool,
}

impl Mistake {
    /// Line and column, what is wrong, and beneath it the line with the place marked.
    pub(crate) fn render(&self) -> String {
        let Self { file, line, column, message, suggestion, text, width, .. } = self;
        let mut said =
            format!("{}:{line}:{column}: {}\n", escape(&file.display().to_string()), escape(message));
        let hint = suggestion.as_deref().map(escape);
        let Some(text) = text else {
            said.extend(hint.map(|hint| format!("      {hint}\n")));
            return said;
        };
        let before: String =
            text.chars().take(column - 1).map(|letter| if letter == '\t' { '\t' } else { ' ' }).collect();
        let marks = "^".repeat((*width).max(1));
        said.push_str(&format!("{line:5} | {}\n", escape_but_tabs(text)));
        said.push_str(format!("      | {before}{marks} {}", hint.unwrap_or_default()).trim_end());
        said.push('\n');
        said
    }

    /// The same in one line.
    pub(crate) fn sentence(&self) -> String {
        let Self { file, line, column, message, suggestion, .. } = self;
        let hint = suggestion.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default();
        format!("{}:{line}:{column}: {message}{hint}", file.display())
    }
}

fn escape_but_tabs(text: &str) -> String {
    text.split('\t').map(escape).collect::<Vec<_>>().join("\t")
}
