//! Paths as they are written: `1 flow(2 | 3 4) 5-7`, `1 2 round(3 4)`.

use super::values::Numbers;
use crate::sim::{Balance, Path};

/// What is wrong, and at which byte of the text.
pub(super) type Misread = (usize, String);

/// Reads a path.
pub(super) fn path(text: &str) -> Result<Path, Misread> {
    let mut path = Path::default();
    let mut rest = Rest { text, place: 0 };
    while let Some(start) = rest.next_word() {
        let word = rest.until(&[' ', '\t', '\n', '(']);
        if rest.peek() != Some('(') {
            path = path.then(numbers(word, start)?);
            continue;
        }
        rest.place += 1;
        let inner_start = rest.place;
        let inner = rest.until(&[')']);
        if rest.peek() != Some(')') {
            return Err((start, format!("{word}( is never closed")));
        }
        rest.place += 1;
        path = match word {
            "flow" => path.balanced(Balance::PerFlow, branches(inner, inner_start)?),
            "packet" => path.balanced(Balance::PerPacket, branches(inner, inner_start)?),
            "round" => {
                let circle = path.round(numbers(inner, inner_start)?);
                return match rest.next_word() {
                    Some(more) => Err((more, "nothing comes after round(..): nobody gets there".to_owned())),
                    None => Ok(circle),
                };
            }
            _ => {
                return Err((
                    start,
                    format!("\"{word}(\" is no part of a path; known are: flow( packet( round("),
                ));
            }
        };
    }
    Ok(path)
}

fn branches(text: &str, start: usize) -> Result<Vec<Vec<u16>>, Misread> {
    let mut place = start;
    let mut branches = Vec::new();
    for branch in text.split('|') {
        branches.push(if branch.trim().is_empty() { Vec::new() } else { numbers(branch, place)? });
        place += branch.len() + 1;
    }
    match branches.len() {
        0 | 1 => Err((start, "a balancer has two branches or more, as flow(2 | 3)".to_owned())),
        _ => Ok(branches),
    }
}

fn numbers(text: &str, start: usize) -> Result<Vec<u16>, Misread> {
    text.parse::<Numbers>().map(|numbers| numbers.0).map_err(|error| (start, error))
}

struct Rest<'a> {
    text: &'a str,
    place: usize,
}

impl<'a> Rest<'a> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.place..)?.chars().next()
    }

    /// Where the next word begins.
    fn next_word(&mut self) -> Option<usize> {
        let rest = self.text.get(self.place..)?;
        self.place += rest.len() - rest.trim_start().len();
        (self.place < self.text.len()).then_some(self.place)
    }

    fn until(&mut self, ends: &[char]) -> &'a str {
        let rest = self.text.get(self.place..).unwrap_or_default();
        let length = rest.find(ends).unwrap_or(rest.len());
        self.place += length;
        rest.get(..length).unwrap_or_default()
    }
}
