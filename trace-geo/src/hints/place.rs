//! From a code to a place.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use trace_core::model::{Coordinates, CountryCode};

use super::Scheme;
use super::rules::Rules;
use crate::gazetteer::{self, City, fold::squeeze};

/// How many times as large as the next a city has to be to be meant by a name that both have.
const DOMINANT: u32 = 3;

/// What a name says of the country beside the code.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Context<'a> {
    pub(super) country: Option<CountryCode>,
    pub(super) region: Option<&'a str>,
}

impl Context<'_> {
    fn allows(&self, city: &City) -> bool {
        let country = self.country.is_none_or(|country| country == city.country_code);
        let region = self.region.zip(city.region);
        country && region.is_none_or(|(wanted, region)| wanted.eq_ignore_ascii_case(region))
    }
}

/// A country as names write it: `uk` is not its code.
pub(super) fn country(letters: &str) -> Option<CountryCode> {
    CountryCode::new(if letters.eq_ignore_ascii_case("uk") { "gb" } else { letters })
}

/// The place that the last column of a file of patterns means.
pub(super) fn of_reference(target: &str) -> Option<City> {
    if target.len() == 3 {
        return gazetteer::airport(target);
    }
    let (place, of) = target.rsplit_once('/')?;
    let (code, region) = match of.split_once('-') {
        Some((code, region)) => (code, Some(region)),
        None => (of, None),
    };
    let country = CountryCode::new(code)?;
    let (name, at) = match *place.split(':').collect::<Vec<_>>() {
        [name] => (name, None),
        [latitude, longitude, name] => {
            (name, Some(Coordinates::new(latitude.parse().ok()?, longitude.parse().ok()?)?))
        }
        _ => return None,
    };
    let context = Context { country: Some(country), region };
    let known = gazetteer::cities(&name.replace('_', " ")).into_iter().find(|city| context.allows(city));
    match (known, at) {
        (Some(city), at) => Some(City { coordinates: at.unwrap_or(city.coordinates), ..city }),
        (None, Some(coordinates)) if !name.is_empty() => {
            let name = lasting(&name.replace('_', " "));
            Some(City { name, country_code: country, region: None, coordinates, population: 0 })
        }
        (None, _) => None,
    }
}

/// A name of a place that only a file of patterns knows. Each is kept once, and as long as the program runs.
fn lasting(name: &str) -> &'static str {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = name.to_owned().leak();
    names.insert(kept);
    kept
}

/// The place that a code of some kind means.
pub(super) fn of_code(scheme: Scheme, code: &str, context: &Context<'_>, rules: [&Rules; 2]) -> Option<City> {
    match scheme {
        Scheme::Iata => of_airport(code, context, rules),
        Scheme::City => of_city(code, context, rules),
        Scheme::Clli => of_clli(code, context, rules),
        Scheme::Locode => {
            let (letters, code) = code.split_at_checked(2)?;
            let context = Context { country: Some(country(letters)?), region: None };
            of_airport(code, &context, rules)
        }
        Scheme::Own => None,
    }
}

pub(super) fn of_airport(code: &str, context: &Context<'_>, rules: [&Rules; 2]) -> Option<City> {
    let shared = rules.iter().find_map(|rules| rules.shared_iata.find(code)).and_then(of_reference);
    let allowed = |city: &City| context.country.is_none_or(|country| country == city.country_code);
    shared.filter(allowed).or_else(|| gazetteer::airport(code).filter(allowed))
}

/// The city of a name: the one that operators mean by it, or the one that is meant where nothing more is said.
pub(super) fn of_city(name: &str, context: &Context<'_>, rules: [&Rules; 2]) -> Option<City> {
    let shared = rules.iter().find_map(|rules| rules.shared_city.find(name)).and_then(of_reference);
    shared.filter(|city| context.allows(city)).or_else(|| of_name(name, context))
}

/// The city of a name that is meant where nothing more is said: the only one, or by far the largest.
pub(super) fn of_name(name: &str, context: &Context<'_>) -> Option<City> {
    let mut cities = gazetteer::cities(name).into_iter().filter(|city| context.allows(city));
    let first = cities.next()?;
    let larger = |second: City| first.population >= second.population.saturating_mul(DOMINANT);
    let clear = context.region.is_some() || cities.next().is_none_or(larger);
    clear.then_some(first)
}

/// Four letters of a town, and two of a state or country behind them or apart.
fn of_clli(code: &str, context: &Context<'_>, rules: [&Rules; 2]) -> Option<City> {
    let (town, behind) = code.split_at_checked(4)?;
    let context = match (context.region, behind.len()) {
        (Some(_), _) => Context { country: None, ..*context },
        (None, 2) if context.country.is_none_or(is_north_american) => {
            Context { country: None, region: Some(if behind == "pq" { "qc" } else { behind }) }
        }
        _ => *context,
    };
    let shared =
        |code: &str| rules.iter().find_map(|rules| rules.shared_clli.find(code)).and_then(of_reference);
    let found = shared(code).or_else(|| shared(town).filter(|city| context.allows(city)));
    // A region that no state is called by is none.
    let states = context.region.and_then(|region| {
        ["US", "CA"]
            .into_iter()
            .filter_map(CountryCode::new)
            .find(|country| gazetteer::cities_in(*country, Some(region)).next().is_some())
    });
    found.or_else(|| abbreviated(town, context.country.or(states)?, context.region))
}

fn is_north_american(country: CountryCode) -> bool {
    matches!(country.as_str(), "US" | "CA")
}

/// The city that letters abbreviate: they begin as its name does and stand in it in their order. Of several the one
/// that is by far the largest.
fn abbreviated(letters: &str, country: CountryCode, region: Option<&str>) -> Option<City> {
    let mut fitting: Vec<City> =
        gazetteer::cities_in(country, region).filter(|city| abbreviates(letters, city.name)).collect();
    fitting.sort_by_key(|city| core::cmp::Reverse(city.population));
    let first = *fitting.first()?;
    let clear = fitting.get(1).is_none_or(|second| first.population >= second.population.saturating_mul(2));
    (clear && first.population > 0).then_some(first)
}

fn abbreviates(letters: &str, name: &str) -> bool {
    let key = squeeze(name);
    if letters.chars().next() != key.chars().next() {
        return false;
    }
    let mut rest = key.chars();
    letters.chars().all(|letter| rest.any(|other| other == letter))
}
