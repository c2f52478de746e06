//! The file of patterns.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use regex_lite::Regex;
use trace_core::model::CountryCode;

use super::place::{self, Context};
use super::{Hint, Scheme};
use crate::gazetteer::City;

/// What can be wrong with a row of a file of patterns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleFault {
    /// The row is no CSV of five columns.
    #[error("a row has five columns: domains,kind,country,pattern,codes; {0}")]
    Columns(String),
    /// The second column is none of the kinds there are.
    #[error(
        "the kind {0:?} is none of iata, city, clli, locode, own, none; `*` rows take iata, city, clli, hubs, words"
    )]
    Kind(String),
    /// The third column is no country.
    #[error("the country {0:?} is not two letters of ISO 3166-1")]
    Country(String),
    /// The fourth column is no regular expression.
    #[error("the pattern {pattern:?} cannot be used: {cause}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A pattern that reads codes has no group to read them from.
    #[error("the pattern {0:?} has no group (in parentheses) that says where the code stands")]
    NoGroup(String),
    /// A code in the fifth column leads nowhere.
    #[error(
        "the code {0:?} is not of the form code=FRA, code=City_Name/CC, code=City_Name/US-ST or code=LAT:LON:City_Name/CC with a known place"
    )]
    Code(String),
}

/// What a rule makes of a name.
pub(super) enum Read {
    /// It does not know this form.
    Nothing,
    /// Names of this form say nothing.
    Stop,
    /// A place.
    Place(Hint),
}

/// One row.
#[derive(Debug)]
pub(super) struct Rule {
    /// `None`: names of this form say nothing.
    scheme: Option<Scheme>,
    country: Option<CountryCode>,
    pattern: String,
    compiled: OnceLock<Option<Regex>>,
    codes: Codes,
}

/// `code=place` pairs, separated by spaces, in a text that is searched as it is.
#[derive(Debug, Default, Clone)]
pub(super) struct Codes(String);

impl Codes {
    /// What a code leads to.
    pub(super) fn find(&self, code: &str) -> Option<&str> {
        self.pairs().find(|(known, _)| *known == code).map(|(_, target)| target)
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.split(' ').filter_map(|pair| pair.split_once('='))
    }
}

/// A file of patterns.
#[derive(Debug, Default)]
pub(super) struct Rules {
    rules: Vec<Rule>,
    domains: HashMap<String, Vec<usize>>,
    /// Codes of all operators, by kind.
    pub(super) shared_iata: Codes,
    pub(super) shared_city: Codes,
    pub(super) shared_clli: Codes,
    hubs: HashSet<String>,
    words: HashSet<String>,
}

impl Rules {
    /// Reads a file. `thorough`: every pattern is compiled and every code looked up now.
    pub(super) fn read(text: &str, thorough: bool) -> Result<Self, (u64, RuleFault)> {
        let mut rules = Self::default();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let mut row = csv::StringRecord::new();
        loop {
            let line = line_behind_comments(text, reader.position());
            match reader.read_record(&mut row) {
                Ok(false) => return Ok(rules),
                Ok(true) => {}
                Err(error) => return Err((line, RuleFault::Columns(error.to_string()))),
            }
            rules.row(&row, thorough).map_err(|fault| (line, fault))?;
        }
    }

    fn row(&mut self, row: &csv::StringRecord, thorough: bool) -> Result<(), RuleFault> {
        let fields: Vec<&str> = row.iter().map(str::trim).collect();
        let [domains, kind, country, pattern, codes] = *fields else {
            return Err(RuleFault::Columns(format!("this one has {}", fields.len())));
        };
        if domains == "*" {
            let shared = match kind {
                "iata" => &mut self.shared_iata,
                "city" => &mut self.shared_city,
                "clli" => &mut self.shared_clli,
                "hubs" => {
                    self.hubs.extend(codes.split_whitespace().map(str::to_lowercase));
                    return Ok(());
                }
                "words" => {
                    self.words.extend(codes.split_whitespace().map(str::to_lowercase));
                    return Ok(());
                }
                _ => return Err(RuleFault::Kind(kind.to_owned())),
            };
            *shared =
                Codes(if shared.0.is_empty() { codes.to_owned() } else { format!("{codes} {}", shared.0) });
            return if thorough { check(codes) } else { Ok(()) };
        }
        let scheme = match kind {
            "iata" => Some(Scheme::Iata),
            "city" => Some(Scheme::City),
            "clli" => Some(Scheme::Clli),
            "locode" => Some(Scheme::Locode),
            "own" => Some(Scheme::Own),
            "none" => None,
            _ => return Err(RuleFault::Kind(kind.to_owned())),
        };
        let country = match country {
            "" => None,
            code => Some(CountryCode::new(code).ok_or_else(|| RuleFault::Country(code.to_owned()))?),
        };
        let rule = Rule {
            scheme,
            country,
            pattern: pattern.to_owned(),
            compiled: OnceLock::new(),
            codes: Codes(codes.to_owned()),
        };
        if thorough {
            let compiled = compile(pattern)
                .map_err(|cause| RuleFault::Pattern { pattern: pattern.to_owned(), cause })?;
            if scheme.is_some() && compiled.captures_len() < 2 {
                return Err(RuleFault::NoGroup(pattern.to_owned()));
            }
            check(codes)?;
        }
        let number = self.rules.len();
        self.rules.push(rule);
        let mut named = false;
        for domain in domains.split_whitespace() {
            named = true;
            let domain = domain.trim_matches('.').to_ascii_lowercase();
            self.domains.entry(domain).or_default().push(number);
        }
        if named { Ok(()) } else { Err(RuleFault::Columns("the first names no domain".to_owned())) }
    }

    /// The rules of a domain, in their order.
    pub(super) fn of(&self, domain: &str) -> impl Iterator<Item = &Rule> {
        let numbers = self.domains.get(domain).map(Vec::as_slice).unwrap_or_default();
        numbers.iter().filter_map(|number| self.rules.get(*number))
    }

    /// How many operators have patterns that read places: rules of one set of domains belong to one.
    #[cfg(test)]
    pub(super) fn operators(&self) -> usize {
        let reads = |numbers: &&Vec<usize>| {
            numbers.iter().any(|number| self.rules.get(*number).is_some_and(|rule| rule.scheme.is_some()))
        };
        self.domains.values().filter(reads).collect::<HashSet<_>>().len()
    }

    /// Whether an airport's code stands for a place where many networks meet.
    pub(super) fn is_hub(&self, code: &str) -> bool {
        self.hubs.contains(code)
    }

    /// Whether a word is no place.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.words.contains(word)
    }
}

/// The line of the next row: the reader takes what it skips for part of it.
fn line_behind_comments(text: &str, position: &csv::Position) -> u64 {
    let at = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let behind = text.get(at..).unwrap_or_default();
    let skipped = behind.lines().take_while(|line| line.is_empty() || line.starts_with('#')).count();
    position.line().saturating_add(u64::try_from(skipped).unwrap_or(0))
}

fn check(codes: &str) -> Result<(), RuleFault> {
    for pair in codes.split_whitespace() {
        let known = pair.split_once('=').is_some_and(|(code, target)| {
            !code.is_empty() && (target == "-" || place::of_reference(target).is_some())
        });
        if !known {
            return Err(RuleFault::Code(pair.to_owned()));
        }
    }
    Ok(())
}

/// Patterns come from a file of the user's: neither compiling nor matching one may take long.
fn compile(pattern: &str) -> Result<Regex, String> {
    regex_lite::RegexBuilder::new(pattern).size_limit(1 << 18).build().map_err(|error| error.to_string())
}

impl Rule {
    /// What the part of a name in front of the domain says.
    pub(super) fn read(&self, host: &str, rules: &Rules, builtin: &Rules) -> Read {
        let Some(pattern) = self.compiled.get_or_init(|| compile(&self.pattern).ok()) else {
            return Read::Nothing;
        };
        let Some(scheme) = self.scheme else {
            return if pattern.is_match(host) { Read::Stop } else { Read::Nothing };
        };
        let Some(groups) = pattern.captures(host) else { return Read::Nothing };
        let named = |name| groups.name(name).map(|found| found.as_str());
        // The code is the first group without a name.
        let code = pattern
            .capture_names()
            .zip(groups.iter())
            .skip(1)
            .find_map(|(name, found)| found.filter(|_| name.is_none()));
        let Some(code) = code.map(|found| found.as_str()) else { return Read::Nothing };
        let context = Context {
            country: match named("country") {
                Some(letters) => place::country(letters),
                None => self.country,
            },
            region: named("region"),
        };
        let found =
            |city: City, scheme| Read::Place(Hint { city, code: code.to_owned(), scheme, domain: None });
        if let Some(target) = self.codes.find(code) {
            return match place::of_reference(target) {
                Some(city) => found(city, if scheme == Scheme::Iata { Scheme::Iata } else { Scheme::Own }),
                None => Read::Stop,
            };
        }
        match place::of_code(scheme, code, &context, [rules, builtin]) {
            Some(city) => found(city, scheme),
            None => Read::Nothing,
        }
    }
}
