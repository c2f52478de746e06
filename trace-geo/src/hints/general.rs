//! Names of operators that are in no file of patterns.

use trace_core::model::CountryCode;

use super::place::{self, Context};
use super::rules::Rules;
use super::{Hint, Hints, Scheme};
use crate::gazetteer::City;

/// A city has to have so many people for its code or name to be read without a pattern.
const LARGE: u32 = 100_000;
/// How far apart two places that one name speaks of may be, in degrees of latitude, to be the same.
const SAME: f64 = 0.7;

/// Second-level domains under which names are registered in countries.
const REGISTRIES: [&str; 13] =
    ["ac", "ad", "co", "com", "edu", "go", "gob", "gov", "ne", "net", "nom", "or", "org"];
/// Domains of two letters that are not used as those of a country.
const UNBOUND: [&str; 14] =
    ["ai", "ag", "cc", "co", "eu", "fm", "gg", "io", "me", "sh", "to", "tv", "tt", "ws"];
/// Parts of names that stand for a customer's line or for a machine that is no router.
const CUSTOMERS: [&str; 40] = [
    "adsl",
    "broadband",
    "cable",
    "client",
    "clients",
    "cloud",
    "cpe",
    "cust",
    "customer",
    "customers",
    "dhcp",
    "dial",
    "dialup",
    "dip",
    "dsl",
    "dyn",
    "dynamic",
    "ec",
    "fiber",
    "ftth",
    "fttx",
    "home",
    "host",
    "hosted",
    "ip",
    "lte",
    "mail",
    "mobile",
    "ns",
    "pool",
    "ppp",
    "pppoe",
    "res",
    "server",
    "srv",
    "static",
    "user",
    "vdsl",
    "vps",
    "www",
];
/// Parts of names that stand for the role of a router.
const ROLES: [&str; 52] = [
    "agg", "aggr", "ar", "asbr", "asr", "bb", "bbr", "bcr", "bdr", "border", "bpe", "br", "brdr", "ccr",
    "cer", "cor", "core", "cr", "crs", "csr", "dar", "dist", "dr", "ebr", "edge", "er", "gsr", "gw", "ibr",
    "igw", "ir", "lsr", "mpr", "mx", "ncs", "p", "pe", "peer", "peering", "per", "pr", "ptx", "r", "rar",
    "router", "rt", "rtr", "rs", "spine", "tcore", "tr", "xr",
];
/// Parts of names that stand for an interface.
const INTERFACES: [&str; 30] = [
    "ae",
    "be",
    "bundle",
    "bundleether",
    "et",
    "eth",
    "fe",
    "fo",
    "ge",
    "gi",
    "gige",
    "hu",
    "hundredgige",
    "if",
    "irb",
    "lag",
    "lo",
    "loopback",
    "po",
    "port",
    "pos",
    "so",
    "te",
    "ten",
    "tengige",
    "unit",
    "vl",
    "vlan",
    "xe",
    "fourhundredge",
];

/// A part of a label: letters, and the digits behind them.
#[derive(Debug, Clone, Copy)]
struct Part<'a> {
    letters: &'a str,
    numbered: bool,
    /// It is all that the label has.
    alone: bool,
}

impl Part<'_> {
    fn is_interface(&self) -> bool {
        self.numbered && INTERFACES.contains(&self.letters)
    }
}

/// What a name says beside the parts of its labels.
struct Surroundings<'a> {
    hints: &'a Hints,
    builtin: &'a Rules,
    /// The country that the name ends in.
    ending: Option<CountryCode>,
    /// The country that stands as a label of its own.
    inner: Option<CountryCode>,
}

impl Surroundings<'_> {
    fn agrees(&self, city: &City) -> bool {
        [self.ending, self.inner].contains(&Some(city.country_code))
    }

    /// Whether three letters that are the code of an airport at `city` are meant as that.
    fn is_meant(&self, part: &Part<'_>, city: &City) -> bool {
        let (hub, word) = (self.hints.is_hub(part.letters), self.hints.is_word(part.letters));
        match self.ending {
            // With the country in the name even a word is a place, if it is one where networks meet.
            _ if self.agrees(city) => part.numbered && (hub || !word),
            Some(_) => false,
            None => hub && !word,
        }
    }
}

/// The place a name speaks of, if it is that of a router and speaks of one.
pub(super) fn read(name: &str, hints: &Hints, builtin: &Rules) -> Option<Hint> {
    let labels: Vec<&str> = name.split('.').collect();
    let registered = match *labels {
        [.., second, last] if last.len() == 2 && REGISTRIES.contains(&second) => 3,
        _ => 2,
    };
    let host = labels.get(..labels.len().checked_sub(registered)?).filter(|host| !host.is_empty())?;
    let parts: Vec<Vec<Part<'_>>> = host.iter().map(|label| parts(label)).collect();
    let all = || parts.iter().flatten();
    if all().any(|part| CUSTOMERS.contains(&part.letters)) || host.iter().any(|label| is_address(label)) {
        return None;
    }
    if !all().any(|part| ROLES.contains(&part.letters) || part.is_interface()) {
        return None;
    }
    let ending = labels.last().filter(|ending| ending.len() == 2 && !UNBOUND.contains(*ending));
    let surroundings = Surroundings {
        hints,
        builtin,
        ending: ending.and_then(|letters| place::country(letters)),
        inner: host.iter().rev().find(|label| label.len() == 2).and_then(|letters| place::country(letters)),
    };
    let mut found: Option<Hint> = None;
    for parts in &parts {
        // Where an interface stands no code does.
        if parts.first().is_some_and(Part::is_interface) && parts.iter().all(|part| part.letters.len() < 5) {
            continue;
        }
        for hint in of_label(parts, &surroundings) {
            match &found {
                Some(other) if !same(&other.city, &hint.city) => return None,
                Some(_) => {}
                None => found = Some(hint),
            }
        }
    }
    found
}

fn of_label(parts: &[Part<'_>], surroundings: &Surroundings<'_>) -> Vec<Hint> {
    let Surroundings { hints, builtin, .. } = *surroundings;
    let rules = [builtin, builtin];
    let anywhere = Context::default();
    let mut found = Vec::new();
    let mut add = |city: Option<City>, code: &str, scheme| {
        let large = |city: &City| city.population >= LARGE || scheme == Scheme::Clli;
        let hint = |city| Hint { city, code: code.to_owned(), scheme, domain: None };
        found.extend(city.filter(large).map(hint));
    };
    for (index, part) in parts.iter().enumerate() {
        let letters = part.letters;
        // Names of two words: new-york.
        if let Some(next) = parts.get(index + 1).filter(|next| next.letters.len() >= 4)
            && !part.numbered
            && (3..=6).contains(&letters.len())
        {
            let joined = format!("{letters}{}", next.letters);
            add(place::of_city(&joined, &anywhere, rules), &joined, Scheme::City);
        }
        let word = hints.is_word(letters);
        if ROLES.contains(&letters) || INTERFACES.contains(&letters) || (word && letters.len() != 3) {
            continue;
        }
        match letters.len() {
            3 if part.numbered || part.alone => {
                let city = place::of_airport(letters, &anywhere, rules);
                add(city.filter(|city| surroundings.is_meant(part, city)), letters, Scheme::Iata);
            }
            4 => add(builtin.shared_city.find(letters).and_then(place::of_reference), letters, Scheme::City),
            5 => {
                let coded = place::of_code(Scheme::Locode, letters, &anywhere, rules);
                match coded.filter(|_| part.numbered || part.alone) {
                    Some(city) => add(Some(city), letters, Scheme::Locode),
                    None => add(place::of_city(letters, &anywhere, rules), letters, Scheme::City),
                }
            }
            6.. => {
                let city = place::of_city(letters, &anywhere, rules);
                let code = letters.get(..6).filter(|_| matches!(letters.len(), 6 | 8)).unwrap_or_default();
                match builtin.shared_clli.find(code).filter(|_| city.is_none()) {
                    Some(target) => add(place::of_reference(target), code, Scheme::Clli),
                    None => add(city, letters, Scheme::City),
                }
            }
            _ => {}
        }
    }
    found
}

fn parts(label: &str) -> Vec<Part<'_>> {
    let pieces: Vec<&str> = label.split(['-', '_', '/', ':']).filter(|piece| !piece.is_empty()).collect();
    let mut parts = Vec::new();
    for piece in &pieces {
        let length = piece.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (letters, rest) = piece.split_at(length);
        // A letter behind the number, as in fra01a, changes nothing; more of them are another code.
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if !letters.is_empty() && rest.len() <= digits + 1 && digits <= 3 {
            parts.push(Part { letters, numbered: digits > 0, alone: pieces.len() == 1 });
        }
    }
    parts
}

/// Whether a label is an address written out: three numbers or more, or eight hexadecimal digits.
fn is_address(label: &str) -> bool {
    let numbers = label
        .split(|letter: char| !letter.is_ascii_digit())
        .filter(|run| !run.is_empty() && run.len() <= 3 && run.parse().is_ok_and(|number: u16| number < 256))
        .count();
    let hexadecimal = label.len() >= 8
        && label.bytes().all(|byte| byte.is_ascii_hexdigit())
        && label.bytes().any(|byte| byte.is_ascii_digit());
    let interface = label.bytes().take_while(u8::is_ascii_alphabetic).count();
    let interface = label.get(..interface).is_some_and(|letters| INTERFACES.contains(&letters));
    (numbers >= 4 && !interface) || hexadecimal
}

fn same(one: &City, other: &City) -> bool {
    let (a, b) = (one.coordinates, other.coordinates);
    let across = (a.longitude() - b.longitude()) * a.latitude().to_radians().cos();
    (a.latitude() - b.latitude()).hypot(across) <= SAME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_written_out_are_no_names() {
        for label in ["ip-192-0-2-7", "c0000207ab", "host-10-1-2-3"] {
            assert!(is_address(label), "{label}");
        }
        for label in ["ae-1", "te0-0-0-1", "xe-0-0-1-3", "core1", "decade", "hu0-0-1-0"] {
            assert!(!is_address(label), "{label}");
        }
    }
}
