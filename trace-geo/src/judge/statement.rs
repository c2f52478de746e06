//! What sources state, each statement once.
//!
//! A source that puts a network where its office is, or was before its prefix moved, puts all its routers
//! there. That is one statement however many routers the path meets, and if it is false it is false of all.

use std::collections::BTreeMap;

use super::spot::Spots;

const WORDS: usize = 4;

/// A set of statements. Of more than 256 the last are taken for one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Statements([u64; WORDS]);

impl Statements {
    pub(super) fn insert(&mut self, number: usize) {
        let number = number.min(64 * WORDS - 1);
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
    }
}

/// What it costs to take each statement for false.
#[derive(Debug, Clone, Default)]
pub(super) struct Costs(Vec<f64>);

impl Costs {
    /// What it costs to take `more` for false too.
    pub(super) fn of(&self, more: &Statements, already: &Statements) -> f64 {
        let mut sum = 0.0;
        for (index, (more, already)) in more.0.iter().zip(already.0).enumerate() {
            let mut left = more & !already;
            while left != 0 {
                let bit = usize::try_from(left.trailing_zeros()).unwrap_or_default();
                sum += self.0.get(64 * index + bit).copied().unwrap_or_default();
                left &= left - 1;
            }
        }
        sum
    }

    /// A statement that is like no other.
    pub(super) fn add(&mut self, cost: f64) -> usize {
        self.0.push(cost);
        self.0.len() - 1
    }
}

/// Who states something of whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Author<'a> {
    /// Whose data it is.
    pub(super) maker: &'a str,
    /// The AS of the address, or its own number where no AS is known.
    pub(super) about: Result<u32, usize>,
}

/// Statements with their numbers.
#[derive(Default)]
pub(super) struct Ledger<'a> {
    known: BTreeMap<Author<'a>, Vec<(usize, usize)>>,
    pub(super) costs: Costs,
}

impl<'a> Ledger<'a> {
    /// The number of the statement that `author` makes by this spot.
    pub(super) fn number(&mut self, author: Author<'a>, spot: usize, cost: f64, spots: &Spots) -> usize {
        let known = self.known.entry(author).or_default();
        if let Some((_, number)) = known.iter().find(|(other, _)| spots.same(*other, spot)) {
            return *number;
        }
        let number = self.costs.add(cost);
        known.push((spot, number));
        number
    }
}
