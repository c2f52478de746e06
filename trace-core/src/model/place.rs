use std::sync::Arc;

use super::{Asn, Coordinates, CountryCode};

/// A place as a source tells it. Every field may be missing.
///
/// A place with a country and no coordinates is an area: it is named and drawn as the country's area, never
/// as a pin.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// The country.
    pub country_code: Option<CountryCode>,
    /// The country's everyday English name.
    pub country: Option<Arc<str>>,
    /// The city. Text from outside: escape it before showing it.
    pub city: Option<Arc<str>>,
    /// The region, state or province.
    pub region: Option<Arc<str>>,
    /// The name of the provider, or of the organisation behind the AS.
    pub isp: Option<Arc<str>>,
    /// The AS that announces the address.
    pub asn: Option<Asn>,
    /// The point, where the source knows one.
    pub coordinates: Option<Coordinates>,
    /// How far from the point the address may be, in kilometres.
    pub radius_km: Option<f64>,
}

impl Place {
    /// Fills every field that is missing here from `other`. Coordinates and their radius travel together,
    /// and only when both places do not name different countries.
    pub fn complete_from(&mut self, other: &Self) {
        let same_country = match (self.country_code, other.country_code) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        if same_country {
            if self.coordinates.is_none() && self.city.is_none() {
                self.coordinates = other.coordinates;
                self.radius_km = other.radius_km;
                self.city.clone_from(&other.city);
                if self.region.is_none() {
                    self.region.clone_from(&other.region);
                }
            }
            self.country_code = self.country_code.or(other.country_code);
            if self.country.is_none() {
                self.country.clone_from(&other.country);
            }
        }
        // Name and number of a network belong together.
        if self.asn.is_none() || self.asn == other.asn {
            self.asn = self.asn.or(other.asn);
            if self.isp.is_none() {
                self.isp.clone_from(&other.isp);
            }
        }
    }

    /// Whether nothing at all is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the place is a country and nothing finer.
    #[must_use]
    pub const fn is_area(&self) -> bool {
        self.country_code.is_some() && self.coordinates.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Place {
        Place { country_code: CountryCode::new(code), ..Place::default() }
    }

    fn city(code: &str) -> Place {
        Place {
            city: Some("Mainz".into()),
            coordinates: Coordinates::new(50.0, 8.27),
            radius_km: Some(20.0),
            ..country(code)
        }
    }

    #[test]
    fn a_city_completes_its_country() {
        let mut place = country("DE");
        place.complete_from(&city("DE"));
        assert_eq!(place, city("DE"));
    }

    #[test]
    fn a_city_never_completes_another_country() {
        let mut place = country("FR");
        place.complete_from(&city("DE"));
        assert_eq!(place, country("FR"));
    }

    #[test]
    fn a_name_of_one_network_never_joins_the_number_of_another() {
        let mut place = Place { asn: Asn::new(64500), ..Place::default() };
        let other = Place { asn: Asn::new(64501), isp: Some("another".into()), ..Place::default() };
        place.complete_from(&other);
        assert_eq!((place.asn, place.isp), (Asn::new(64500), None));
    }

    #[test]
    fn a_country_alone_is_an_area() {
        assert!(country("DE").is_area() && !city("DE").is_area() && !Place::default().is_area());
        assert!(Place::default().is_empty() && !country("DE").is_empty());
    }
}
