//! Places read from the host names of routers.
//!
//! Operators name routers after where they stand: `be2813.ccr41.fra03.atlas.cogentco.com` is in Frankfurt. How
//! each of them does it stands in a file of patterns (`data/hostnames.csv`), which a file of the user's own
//! ([`Hints::with`]) extends or overrules. Names of operators that are in no file are read with more doubt: a
//! role of a router has to stand in the name, and a code has to be that of a city, to stand where a code
//! stands, not to be a word of the trade, and not to contradict the country that the name ends in.
//!
//! A hint says where the operator once put the router, or meant to. It is one candidate beside others: whether
//! it can be true is for [`crate::judge`]. M. Luckie et al., "Learning to extract geographic information from
//! internet router hostnames" (CoNEXT 2021), measured how often such names are right.

mod general;
mod place;
mod rules;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use trace_core::model::{Evidence, Place};

pub use self::rules::RuleFault;
use self::rules::Rules;
use crate::country::shared_country_name;
use crate::gazetteer::City;
use crate::{Error, SourceInfo, gazetteer};

/// No file of patterns is larger than this many bytes.
const LARGEST_FILE: u64 = 1 << 22;
/// No name is longer (RFC 1035 section 2.3.4, with the dots of the text form).
const LONGEST_NAME: usize = 255;

/// The patterns that are compiled in.
static BUILTIN: &str = include_str!("../data/hostnames.csv");

/// What kind of code a hint was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scheme {
    /// The IATA code of an airport or a metropolitan area.
    Iata,
    /// The name of a city.
    City,
    /// Four letters of a town and two of its state or country, after the CLLI codes of North American
    /// telephone companies.
    Clli,
    /// Two letters of a country and an airport's code in it, after UN/LOCODE.
    Locode,
    /// A code of the operator's own.
    Own,
}

impl Scheme {
    /// How far from the middle of the place a router of that code may stand, in kilometres: an airport's code
    /// stands for all of a metropolitan area.
    #[must_use]
    pub const fn radius_km(self) -> f64 {
        match self {
            Self::Iata | Self::Locode => 50.0,
            Self::City | Self::Clli | Self::Own => 25.0,
        }
    }
}

impl core::fmt::Display for Scheme {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Iata => "an airport's code",
            Self::City => "the name of a city",
            Self::Clli => "a code of telephone companies (CLLI)",
            Self::Locode => "a code of country and airport",
            Self::Own => "a code of its operator",
        })
    }
}

/// A place that a host name speaks of.
#[derive(Debug, Clone, PartialEq)]
pub struct Hint {
    /// The place.
    pub city: City,
    /// The letters it was read from.
    pub code: String,
    /// What kind of code they are.
    pub scheme: Scheme,
    /// The domain whose patterns say so; `None` for a name of an operator that is in no file.
    pub domain: Option<String>,
}

impl Hint {
    /// The hint as a candidate for the place of an address. Its source is `hostname:DOMAIN`, or
    /// `hostname:general`.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        let City { name, country_code, region, coordinates, .. } = self.city;
        let place = Place {
            country_code: Some(country_code),
            country: shared_country_name(country_code),
            city: Some(name.into()),
            region: region.map(Arc::from),
            coordinates: Some(coordinates),
            radius_km: Some(self.scheme.radius_km()),
            ..Place::default()
        };
        let domain = self.domain.as_deref();
        let info = SourceInfo {
            name: format!("hostname:{}", domain.unwrap_or("general")).into(),
            built: Some(gazetteer::built().into()),
            attribution: None,
        };
        let whose = domain.map_or_else(
            || "in the name of a router".to_owned(),
            |domain| format!("as {domain} names its routers"),
        );
        let mut evidence = info.evidence(place);
        evidence.reason = Some(format!("\"{}\" is {}, {whose}", self.code, self.scheme));
        evidence
    }
}

/// A reader of host names. Nothing is read or compiled before the first name comes.
#[derive(Debug)]
pub struct Hints {
    info: SourceInfo,
    own: Vec<Rules>,
}

impl Hints {
    /// With the patterns that are compiled in.
    #[must_use]
    pub fn builtin() -> Self {
        let info = SourceInfo {
            name: "hostname".into(),
            built: Some(gazetteer::built().into()),
            attribution: Some(gazetteer::ATTRIBUTION.to_owned()),
        };
        Self { info, own: Vec::new() }
    }

    /// What is to be said of this source.
    #[must_use]
    pub const fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// Adds patterns from a file of the form of `data/hostnames.csv`; they go before those known so far.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read, [`Error::Hints`] if any of its rows makes no sense.
    pub fn with(mut self, path: &Path) -> Result<Self, Error> {
        self.add(path)?;
        Ok(self)
    }

    /// The same in place: a file that makes no sense leaves all as it was.
    ///
    /// # Errors
    /// As [`Hints::with`].
    pub fn add(&mut self, path: &Path) -> Result<(), Error> {
        let failed =
            |source| Error::Read { what: "file of host name patterns", path: path.to_owned(), source };
        let size = fs::metadata(path).map_err(failed)?.len();
        if size > LARGEST_FILE {
            let size = format!("it has {size} bytes, more than the {LARGEST_FILE} that are read");
            return Err(failed(std::io::Error::new(std::io::ErrorKind::FileTooLarge, size)));
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        let rules = Rules::read(&text, true).map_err(|(line, fault)| Error::Hints {
            file: path.display().to_string(),
            line,
            fault,
        })?;
        self.own.insert(0, rules);
        Ok(())
    }

    /// The places that a host name speaks of: one, or none. Letters of either case, with or without a dot at
    /// the end.
    #[must_use]
    pub fn read(&self, name: &str) -> Option<Hint> {
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.len() > LONGEST_NAME || !name.bytes().all(is_of_name) {
            return None;
        }
        let name = name.to_ascii_lowercase();
        for (host, domain) in splits(&name) {
            for rules in self.all() {
                for rule in rules.of(domain) {
                    match rule.read(host, rules, builtin()) {
                        rules::Read::Nothing => {}
                        rules::Read::Stop => return None,
                        rules::Read::Place(hint) => {
                            return Some(Hint { domain: Some(domain.to_owned()), ..hint });
                        }
                    }
                }
            }
        }
        general::read(&name, self, builtin())
    }

    fn is_word(&self, letters: &str) -> bool {
        self.all().any(|rules| rules.is_word(letters))
    }

    fn is_hub(&self, letters: &str) -> bool {
        self.all().any(|rules| rules.is_hub(letters))
    }

    fn all(&self) -> impl Iterator<Item = &Rules> {
        self.own.iter().chain([builtin()])
    }
}

fn builtin() -> &'static Rules {
    static RULES: OnceLock<Rules> = OnceLock::new();
    // A test reads the whole of the file and compiles every pattern.
    RULES.get_or_init(|| Rules::read(BUILTIN, false).unwrap_or_default())
}

/// What a host name is made of (RFC 952), and the underscore that many use.
const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'/' | b':')
}

/// A name cut at each of its dots: what stands in front, and the domain behind, the longest domain first.
fn splits(name: &str) -> impl Iterator<Item = (&str, &str)> {
    name.match_indices('.').map(|(at, _)| {
        let (host, domain) = name.split_at(at);
        (host, domain.get(1..).unwrap_or_default())
    })
}
