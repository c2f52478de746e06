//! What all sources say of one address, and the place that is made of it.

use std::net::IpAddr;
use std::sync::Arc;

use trace_core::model::{Evidence, Located, Place, Verdict};

use crate::{Error, Locate, SourceInfo};

/// What sources are called, with the day they were built: `mmdb:GeoLite2-City 2026-11-01`.
#[derive(Default)]
pub(super) struct Words(Vec<(SourceInfo, Arc<str>)>);

impl Words {
    pub(super) fn of<'a>(sources: impl Iterator<Item = &'a SourceInfo>) -> Self {
        Self(sources.map(|info| (info.clone(), info.to_string().into())).collect())
    }

    /// The source of `evidence`, as a text that all its places share; a source whose answers are of several days
    /// is put into words each time.
    fn find(&self, evidence: &Evidence) -> Arc<str> {
        let same = |(info, _): &&(SourceInfo, Arc<str>)| {
            info.name == evidence.source && info.built == evidence.built
        };
        match (self.0.iter().find(same), &evidence.built) {
            (Some((_, word)), _) => Arc::clone(word),
            (None, Some(built)) => format!("{} {built}", evidence.source).into(),
            (None, None) => Arc::clone(&evidence.source),
        }
    }
}

/// What the sources have said so far.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) candidates: Vec<Evidence>,
    pub(super) notes: Vec<String>,
    /// A geofeed asks that the address not be placed.
    pub(super) withheld: bool,
}

impl Answers {
    /// Asks the user's own sources. If the first that answers says that there is no place, nobody else's word
    /// counts.
    pub(super) fn ask_own(&mut self, sources: &[Box<dyn Locate>], address: IpAddr) {
        self.ask(sources, address);
        if let Some(first) = self.candidates.first().filter(|first| first.place.is_empty() && !self.withheld)
        {
            self.withheld = true;
            let reason = first.reason.as_deref().unwrap_or("without a reason");
            self.notes.push(format!("not placed by {}: {reason}", first.source));
        }
    }

    pub(super) fn ask(&mut self, sources: &[Box<dyn Locate>], address: IpAddr) {
        for source in sources {
            match source.locate(address) {
                Ok(Some(evidence)) => self.candidates.push(evidence),
                Ok(None) => {}
                Err(error @ Error::Lookup { .. }) => self.notes.push(error.to_string()),
                Err(error) => {
                    self.notes
                        .push(format!("{} cannot tell where {address} is: {error}", source.info().name));
                }
            }
        }
    }

    pub(super) fn into_located(self, global: bool, words: &Words) -> Located {
        let mut place = Place::default();
        for candidate in &self.candidates {
            place.complete_from(&candidate.place);
        }
        if self.withheld {
            place = Place { asn: place.asn, isp: place.isp, ..Place::default() };
        }
        let verdict = if place.coordinates.is_some() {
            None
        } else if place.country_code.is_some() || place.country.is_some() || place.city.is_some() {
            Some(Verdict::Area)
        } else if !global {
            Some(Verdict::Private)
        } else {
            Some(Verdict::Unlocated)
        };
        Located {
            source: self.source_of(&place).map(|chosen| words.find(chosen)),
            place: (!place.is_empty()).then_some(place),
            hostname: None,
            verdict,
            score: None,
            note: (!self.notes.is_empty()).then(|| self.notes.join("; ")),
            candidates: self.candidates,
        }
    }

    /// The first source that said the most telling thing about the place that was made.
    fn source_of(&self, place: &Place) -> Option<&Evidence> {
        let says = |candidate: &&Evidence| {
            let said = &candidate.place;
            if place.coordinates.is_some() {
                said.coordinates == place.coordinates
            } else if place.city.is_some() {
                said.city == place.city
            } else if place.country_code.is_some() {
                said.country_code == place.country_code
            } else if place.country.is_some() {
                said.country == place.country
            } else {
                place.asn.is_some() && said.asn == place.asn
            }
        };
        self.candidates.iter().find(says)
    }
}
