//! What sources say of addresses, with the numbers of it in the database.
//!
//! The sources say the same of an address in trace after trace. What they said is kept in mind once, so that an atlas is a
//! list of numbers, and atlases are compared number by number.

use std::collections::HashMap;
use std::net::IpAddr;

use rusqlite::{Connection, Result};
use trace_core::model::{Atlas, Located};

use super::intern;

/// How many are kept in mind: about a kilobyte each.
const LIMIT: usize = 1 << 13;

/// Of each address what was said of it, without judgement.
#[derive(Debug, Default)]
pub(super) struct Sayings {
    of: HashMap<IpAddr, Vec<(i64, Located)>>,
    kept: usize,
}

impl Sayings {
    pub(super) const fn are_many(&self) -> bool {
        self.kept >= LIMIT
    }

    /// Of each address of an atlas, in order, the number of what was said of it; what is new is stored.
    pub(super) fn numbers(&mut self, connection: &Connection, atlas: &Atlas) -> Result<Vec<(IpAddr, i64)>> {
        let numbers = atlas
            .places
            .iter()
            .map(|(address, located)| Ok((*address, self.number(connection, *address, located)?)));
        numbers.collect()
    }

    fn number(&mut self, connection: &Connection, address: IpAddr, located: &Located) -> Result<i64> {
        let known = self.of.entry(address).or_default();
        if let Some((number, _)) = known.iter().rev().find(|(_, known)| same(known, located)) {
            return Ok(*number);
        }
        let said = unjudged(located);
        let number = intern::located(connection, &said)?;
        known.push((number, said));
        self.kept += 1;
        Ok(number)
    }
}

/// Whether the sources say the same, whatever physics says.
fn same(base: &Located, located: &Located) -> bool {
    base.place == located.place
        && base.source == located.source
        && base.hostname == located.hostname
        && base.note == located.note
        && base.candidates.len() == located.candidates.len()
        && base.candidates.iter().zip(&located.candidates).all(|(base, candidate)| {
            base.source == candidate.source && base.built == candidate.built && base.place == candidate.place
        })
}

/// What the sources said, without what physics said of it.
fn unjudged(located: &Located) -> Located {
    let mut located = Located { verdict: None, score: None, ..located.clone() };
    for candidate in &mut located.candidates {
        candidate.verdict = None;
        candidate.reason = None;
    }
    located
}
