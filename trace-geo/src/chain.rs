//! All sources together: asked in order, every answer kept, one place made of them.

mod answers;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use trace_core::model::{Atlas, Evidence, Located};

use self::answers::{Answers, Words};
use crate::cache::Places;
use crate::{
    Builtin, Error, Exchanges, Geofeed, Hints, Locate, Mmdb, SourceInfo, SpecialRange, is_global, special,
    translated,
};

/// Sources in the order they are asked:
///
/// 1. The user's own geofeeds, which may place any address, private ones too.
/// 2. The special-purpose ranges. What is not globally reachable goes no further.
/// 3. Exchange points, which know whose peering LAN an address is on.
/// 4. What the host name says, where it is known ([`Chain::name`]) and its operator's way of naming routers too:
///    operators know where their routers are, and databases are poor at that.
/// 5. Databases and services, in the order given.
/// 6. What the host name says where its operator's ways are not known.
/// 7. The built-in table.
///
/// Every source is asked, also when an earlier one answered, so that every candidate is known. The place is
/// that of the first source that answered; what it leaves open is taken from the ones behind it, as far as
/// they do not contradict it ([`Place::complete_from`](trace_core::model::Place::complete_from)). So the origin AS appears also where a city database
/// gave the place.
#[derive(Default)]
pub struct Chain {
    own: Vec<Box<dyn Locate>>,
    sources: Vec<Box<dyn Locate>>,
    /// The sources that hints of known operators stand behind, and those that hints of others stand in front of.
    exchanges: Vec<Arc<str>>,
    last: Vec<Arc<str>>,
    hints: Option<Hints>,
    /// What the sources are called, each with its date.
    words: Words,
    places: Places,
}

/// Puts a [`Chain`] together; each list keeps the order in which its sources were added.
#[derive(Default)]
pub struct Builder {
    own: Vec<Box<dyn Locate>>,
    sources: Vec<Box<dyn Locate>>,
    exchanges: Vec<Box<dyn Locate>>,
    last: Vec<Box<dyn Locate>>,
    hints: Option<Hints>,
}

impl Builder {
    /// Adds a geofeed of the user's own networks ([`Geofeed::open`]).
    ///
    /// # Errors
    /// If the file cannot be read, or any of its rows makes no sense.
    pub fn places(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(self.own(Geofeed::open(path.as_ref())?))
    }

    /// Adds a MaxMind-format database ([`Mmdb::open`]).
    ///
    /// # Errors
    /// If the file cannot be read, is no such database, or is damaged.
    pub fn mmdb(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(self.source(Mmdb::open(path.as_ref())?))
    }

    /// Adds a file of exchange points ([`Exchanges::open`]).
    ///
    /// # Errors
    /// If the file cannot be read, or makes no sense.
    pub fn exchanges(self, path: impl AsRef<Path>) -> Result<Self, Error> {
        Ok(self.exchange(Exchanges::open(path.as_ref())?))
    }

    /// Adds exchange points that were read.
    #[must_use]
    pub fn exchange(mut self, exchanges: Exchanges) -> Self {
        self.exchanges.push(Box::new(exchanges));
        self
    }

    /// Has host names read for what they say of places. Costs nothing before the first name comes.
    #[must_use]
    pub fn hints(mut self, hints: Hints) -> Self {
        self.hints = Some(hints);
        self
    }

    /// Adds the built-in table ([`Builtin::embedded`]), to be asked last.
    ///
    /// # Errors
    /// If the binary was built around a damaged table.
    pub fn builtin(mut self) -> Result<Self, Error> {
        self.last.push(Box::new(Builtin::embedded()?));
        Ok(self)
    }

    /// Adds a source that is asked first and about every address, also about private ones.
    #[must_use]
    pub fn own(mut self, source: impl Locate + 'static) -> Self {
        self.own.push(Box::new(source));
        self
    }

    /// Adds a source that is asked about globally reachable addresses, before the built-in table.
    #[must_use]
    pub fn source(mut self, source: impl Locate + 'static) -> Self {
        self.sources.push(Box::new(source));
        self
    }

    /// Adds the web service ipgeolocation.io ([`crate::IpGeolocation`]). It is told which addresses a trace has before
    /// it is asked for them ([`Locate::prepare`]), and has something to say when it cannot answer
    /// ([`Chain::remarks`]).
    #[cfg(feature = "http")]
    #[must_use]
    pub fn ipgeolocation(self, service: crate::IpGeolocation) -> Self {
        self.source(service)
    }

    /// The chain.
    #[must_use]
    pub fn build(mut self) -> Chain {
        let names = |sources: &[Box<dyn Locate>]| {
            sources.iter().map(|source| source.info().name.clone()).collect::<Vec<_>>()
        };
        let (exchanges, last) = (names(&self.exchanges), names(&self.last));
        let mut sources = self.exchanges;
        sources.append(&mut self.sources);
        sources.append(&mut self.last);
        let words = Words::of(self.own.iter().chain(&sources).map(|source| source.info()));
        Chain { own: self.own, sources, exchanges, last, hints: self.hints, words, places: Places::default() }
    }
}

impl Chain {
    /// A chain of no sources, to be filled.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The sources in the order they are asked.
    pub fn sources(&self) -> impl Iterator<Item = &SourceInfo> {
        let (exchanges, others) = self.sources.split_at(self.exchanges.len().min(self.sources.len()));
        let (own, hints) = (self.own.iter().chain(exchanges), self.hints.iter().map(Hints::info));
        own.map(|source| source.info()).chain(hints).chain(others.iter().map(|source| source.info()))
    }

    /// Where `address` is.
    ///
    /// The verdict is [`Verdict::Private`](trace_core::model::Verdict::Private) for a special-purpose range that no geofeed places,
    /// [`Verdict::Area`](trace_core::model::Verdict::Area) for a place without coordinates, [`Verdict::Unlocated`](trace_core::model::Verdict::Unlocated) if no source knows even the
    /// country, and `None` for a point, which only round-trip times can judge.
    ///
    /// A source that fails is named in the note with the cause; the others still answer. An IPv6 address that
    /// a translator made of an IPv4 address (RFC 6052) is located as that.
    #[must_use]
    pub fn locate(&self, address: IpAddr) -> Located {
        let range = special(address);
        let mut answers = Answers::default();
        answers.ask_own(&self.own, address);
        let mut global = range.is_none_or(SpecialRange::is_global);
        let mut inner = None;
        if global {
            let asked = translated(address).map_or(address, IpAddr::V4);
            if asked != address {
                inner = special(asked);
                global = is_global(asked);
                answers.notes.push(format!("{asked} behind a translator (RFC 6052)"));
                answers.ask_own(&self.own, asked);
            }
            if global {
                answers.ask(&self.sources, asked);
            }
        }
        answers.notes.splice(0..0, inner.or(range).map(SpecialRange::to_string));
        answers.into_located(global, &self.words)
    }

    /// Where `address` is, given its host name.
    #[must_use]
    pub fn locate_named(&self, address: IpAddr, hostname: &str) -> Located {
        let mut located = self.locate(address);
        self.name(address, &mut located, hostname);
        located
    }

    /// Gives an address that was located its host name, and makes its place anew if the name speaks of one. What a
    /// name that it had before said is taken back. To be done before places are judged.
    pub fn name(&self, address: IpAddr, located: &mut Located, hostname: &str) {
        located.hostname = Some(hostname.to_owned());
        let said = located.candidates.len();
        located.candidates.retain(|candidate| !candidate.source.starts_with("hostname:"));
        let global = is_global(address) && translated(address).is_none_or(|inner| is_global(inner.into()));
        let withheld = self.is_withheld(&located.candidates);
        let hint = self.hints.as_ref().filter(|_| global && !withheld).and_then(|hints| hints.read(hostname));
        if hint.is_none() && said == located.candidates.len() {
            return;
        }
        if let Some(hint) = hint {
            let behind = |candidate: &Evidence| {
                let of = |sources: &[Arc<str>]| sources.contains(&candidate.source);
                match &hint.domain {
                    Some(_) => !of(&self.exchanges) && !self.is_own(candidate),
                    None => of(&self.last),
                }
            };
            let index = located.candidates.iter().position(behind).unwrap_or(located.candidates.len());
            located.candidates.insert(index, hint.evidence());
        }
        let answers = Answers {
            candidates: std::mem::take(&mut located.candidates),
            notes: located.note.take().into_iter().collect(),
            withheld,
        };
        *located = Located { hostname: located.hostname.take(), ..answers.into_located(global, &self.words) };
    }

    fn is_own(&self, candidate: &Evidence) -> bool {
        self.own.iter().any(|source| source.info().name == candidate.source)
    }

    /// Whether the user asks that an address not be placed.
    fn is_withheld(&self, candidates: &[Evidence]) -> bool {
        candidates.first().is_some_and(|first| first.place.is_empty() && self.is_own(first))
    }

    /// Where `address` is, as [`Chain::locate`] says; what was said once is remembered, as long as the chain lives and
    /// every source is [steady](Locate::is_steady).
    #[must_use]
    pub fn look(&self, address: IpAddr) -> Arc<Located> {
        if let Some(known) = self.places.get(address) {
            return known;
        }
        let located = Arc::new(self.locate(address));
        if self.sources.iter().chain(&self.own).all(|source| source.is_steady()) {
            self.places.put(address, &located);
        }
        located
    }

    /// Where each of `addresses` is. Nothing is judged. Sources that answer many at once are told of all of them
    /// first.
    #[must_use]
    pub fn atlas(&self, addresses: impl IntoIterator<Item = IpAddr>) -> Atlas {
        let addresses: Vec<IpAddr> = addresses.into_iter().collect();
        self.prepare(&addresses);
        let mut atlas = Atlas::default();
        for address in addresses {
            atlas.places.entry(address).or_insert_with(|| Located::clone(&self.look(address)));
        }
        atlas
    }

    /// The same with the host names of the addresses, as far as they have any ([`Chain::name`]).
    #[must_use]
    pub fn atlas_named(
        &self,
        addresses: impl IntoIterator<Item = IpAddr>,
        hostnames: &BTreeMap<IpAddr, String>,
    ) -> Atlas {
        let mut atlas = self.atlas(addresses);
        for (address, located) in &mut atlas.places {
            if let Some(hostname) = hostnames.get(address) {
                self.name(*address, located, hostname);
            }
        }
        atlas
    }

    /// Tells the sources which addresses they are about to be asked for: those that are global and not remembered.
    fn prepare(&self, addresses: &[IpAddr]) {
        let mut wanted = Vec::new();
        for address in addresses.iter().copied().filter(|address| is_global(*address)) {
            let asked = translated(address).map_or(address, IpAddr::V4);
            if is_global(asked) && self.places.get(address).is_none() {
                wanted.push(asked);
            }
        }
        for source in self.own.iter().chain(&self.sources) {
            source.prepare(&wanted);
        }
    }

    /// What the user should be told of the sources and has not been told yet.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        self.own.iter().chain(&self.sources).flat_map(|source| source.remarks()).collect()
    }
}

impl core::fmt::Debug for Chain {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.sources().map(|info| &info.name)).finish()
    }
}
