//! Places in a few words.

use trace_core::model::{Located, Place, Verdict};

use crate::escape::escape;

/// Where an address is: `Barranqueras, AR`, `Argentina` for an area, or what range it is of.
pub(crate) fn words(located: &Located) -> String {
    match located.place.as_ref().and_then(of_place) {
        Some(words) => words,
        None if located.verdict == Some(Verdict::Private) => {
            located.note.as_deref().map(escape).unwrap_or_default()
        }
        None => String::new(),
    }
}

/// The same as short as it goes: the country's code, or nothing.
pub(crate) fn short_words(located: &Located) -> String {
    let code = located.place.as_ref().and_then(|place| place.country_code);
    match code {
        Some(code) => code.to_string(),
        None if located.verdict == Some(Verdict::Private) => "private".to_owned(),
        None => String::new(),
    }
}

fn of_place(place: &Place) -> Option<String> {
    let country = place.country.as_deref().map(escape);
    let code = place.country_code.map(|code| code.to_string());
    match (place.city.as_deref().map(escape), code, country) {
        (Some(city), Some(code), _) => Some(format!("{city}, {code}")),
        (Some(city), None, Some(country)) => Some(format!("{city}, {country}")),
        (Some(city), None, None) => Some(city),
        (None, _, Some(country)) => Some(country),
        (None, Some(code), None) => Some(code),
        (None, None, None) => None,
    }
}

/// The origin AS, as `AS64500`.
pub(crate) fn network(located: &Located) -> String {
    located.place.as_ref().and_then(|place| place.asn).map(|asn| asn.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace_core::model::{Asn, CountryCode};

    fn located(city: Option<&str>, code: Option<&str>, country: Option<&str>) -> Located {
        let place = Place {
            city: city.map(Into::into),
            country_code: code.and_then(CountryCode::new),
            country: country.map(Into::into),
            asn: Asn::new(64500),
            ..Place::default()
        };
        Located { place: Some(place), ..Located::default() }
    }

    #[test]
    fn the_finest_that_is_known_is_named() {
        assert_eq!(words(&located(Some("Ushuaia"), Some("AR"), Some("Argentina"))), "Ushuaia, AR");
        assert_eq!(words(&located(Some("Ushuaia"), None, None)), "Ushuaia");
        assert_eq!(words(&located(None, Some("AR"), Some("Argentina"))), "Argentina");
        assert_eq!(words(&located(None, Some("AR"), None)), "AR");
        assert_eq!(words(&located(None, None, None)), "");
        assert_eq!(words(&Located::default()), "");
        assert_eq!(words(&located(Some("\u{1b}[31m"), None, None)), r"\u{1b}[31m");
        assert_eq!(network(&located(None, None, None)), "AS64500");
    }

    #[test]
    fn ranges_without_a_place_are_named() {
        let private = Located {
            verdict: Some(Verdict::Private),
            note: Some("private (RFC 1918)".to_owned()),
            ..Located::default()
        };
        assert_eq!(words(&private), "private (RFC 1918)");
        assert_eq!(short_words(&private), "private");
    }
}
