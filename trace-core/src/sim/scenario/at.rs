//! Where something is wrong, and what was probably meant.

use core::ops::Range;

use crate::Error;

/// Something wrong at a place in the file, in bytes.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) place: usize,
    pub(super) problem: String,
}

impl Wrong {
    pub(super) fn at(span: &Range<usize>, problem: impl Into<String>) -> Self {
        Self { place: span.start, problem: problem.into() }
    }

    pub(super) fn within(self, text: &str) -> Error {
        let before = text.get(..self.place).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Error::Scenario { line, column, problem: self.problem }
    }
}

/// What the parser says, with a suggestion where it names what it knows.
pub(super) fn reading(text: &str, error: &toml::de::Error) -> Error {
    let message = error.message().replace('\n', ", ");
    let problem = match suggestion(&message) {
        Some(word) => format!("{message}; did you mean `{word}`?"),
        None => message,
    };
    Wrong { place: error.span().map_or(0, |span| span.start), problem }.within(text)
}

/// The known word nearest to the unknown one. Messages are of two forms: "unknown field `a`, expected one of `b`, `c`" and
/// "\"a\" is no kind; known are: b c".
fn suggestion(message: &str) -> Option<String> {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (wrong, known): (&str, Vec<&str>) = match quoted.split_first() {
        Some((wrong, known)) if message.starts_with("unknown") => (wrong, known.to_vec()),
        _ => {
            let (wrong, known) = message.split_once("; known are: ")?;
            (wrong.split('"').nth(1)?, known.split_whitespace().collect())
        }
    };
    let near = known.into_iter().map(|word| (distance(wrong, word), word)).min()?;
    (near.0 <= 2.max(wrong.len() / 3)).then(|| near.1.to_owned())
}

/// How many letters must be added, removed, replaced to make one word of another (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (above, letter) in one.chars().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, known) in row.iter_mut().skip(1).zip(other.chars()) {
            let replaced = diagonal + usize::from(letter != known);
            diagonal = *cell;
            left = replaced.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}
