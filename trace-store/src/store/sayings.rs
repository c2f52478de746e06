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
    said: Vec<(i64, Located)>,
    /// Where that of an address stands.
    of: HashMap<IpAddr, Vec<usize>>,
}

/// What was said of the addresses of one trace, in their order: where the next trace of its setup finds it at once.
#[derive(Debug, Default)]
pub(super) struct Last(Vec<(IpAddr, usize)>);

impl Last {
    /// The addresses of an atlas, what is said of each, and where that of the last trace stands.
    fn beside<'a>(
        &'a self,
        atlas: &'a Atlas,
    ) -> impl Iterator<Item = (IpAddr, &'a Located, Option<usize>)> + use<'a> {
        let mut before = self.0.iter().copied().peekable();
        atlas.places.iter().map(move |(address, located)| {
            while before.next_if(|(other, _)| other < address).is_some() {}
            let place = before.next_if(|(other, _)| other == address).map(|(_, place)| place);
            (*address, located, place)
        })
    }
}

impl Sayings {
    pub(super) const fn are_many(&self) -> bool {
        self.said.len() >= LIMIT
    }

    /// Of each address of an atlas, in order, the number of what was said of it, unless something is new.
    pub(super) fn known(&self, atlas: &Atlas, last: &Last) -> Option<Vec<(IpAddr, i64)>> {
        let mut numbers = Vec::with_capacity(atlas.places.len());
        for (address, located, before) in last.beside(atlas) {
            let again = before.and_then(|place| self.number_at(place, located));
            numbers.push((address, again.or_else(|| Some(self.find(address, located)?.1))?));
        }
        Some(numbers)
    }

    /// Of each address of an atlas, in order, the number of what was said of it; what is new is stored.
    pub(super) fn numbers(
        &mut self,
        connection: &Connection,
        atlas: &Atlas,
        last: &mut Last,
    ) -> Result<Vec<(IpAddr, i64)>> {
        let mut numbers = Vec::with_capacity(atlas.places.len());
        let mut places = Vec::with_capacity(atlas.places.len());
        for (address, located, before) in last.beside(atlas) {
            let again = before.and_then(|place| Some((place, self.number_at(place, located)?)));
            let (place, number) = match again {
                Some(found) => found,
                None => self.number(connection, address, located)?,
            };
            numbers.push((address, number));
            places.push((address, place));
        }
        last.0 = places;
        Ok(numbers)
    }

    /// Where that stands which was said of an address, and its number.
    fn find(&self, address: IpAddr, located: &Located) -> Option<(usize, i64)> {
        let places = self.of.get(&address)?;
        places.iter().rev().find_map(|place| Some((*place, self.number_at(*place, located)?)))
    }

    /// The number of what stands there, if that is what was said.
    fn number_at(&self, place: usize, located: &Located) -> Option<i64> {
        self.said.get(place).filter(|(_, said)| same(said, located)).map(|(number, _)| *number)
    }

    fn number(
        &mut self,
        connection: &Connection,
        address: IpAddr,
        located: &Located,
    ) -> Result<(usize, i64)> {
        if let Some(known) = self.find(address, located) {
            return Ok(known);
        }
        let said = unjudged(located);
        let number = intern::located(connection, &said)?;
        let place = self.said.len();
        self.said.push((number, said));
        self.of.entry(address).or_default().push(place);
        Ok((place, number))
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
