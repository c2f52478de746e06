//! Cities, and how far they are from one another.

use trace_core::model::{Coordinates, CountryCode, Place};

/// A city.
#[derive(Debug)]
pub struct City {
    pub name: &'static str,
    pub code: &'static str,
    pub country: &'static str,
    pub latitude: f64,
    pub longitude: f64,
}

impl City {
    pub fn point(&self) -> Coordinates {
        Coordinates::new(self.latitude, self.longitude).expect("a city lies on the globe")
    }

    /// Kilometres to another one, on a sphere.
    pub fn distance(&self, other: &Self) -> f64 {
        let [a, b, c, d] =
            [self.latitude, self.longitude, other.latitude, other.longitude].map(f64::to_radians);
        let half = ((c - a) / 2.0).sin().powi(2) + a.cos() * c.cos() * ((d - b) / 2.0).sin().powi(2);
        2.0 * 6371.0 * half.sqrt().asin()
    }

    /// As a database tells it.
    pub fn place(&self, radius_km: f64) -> Place {
        Place {
            coordinates: Some(self.point()),
            radius_km: Some(radius_km),
            city: Some(self.name.into()),
            ..self.area()
        }
    }

    /// Its country alone.
    pub fn area(&self) -> Place {
        Place {
            country_code: CountryCode::new(self.code),
            country: Some(self.country.into()),
            ..Place::default()
        }
    }
}

const fn city(
    name: &'static str,
    code: &'static str,
    country: &'static str,
    latitude: f64,
    longitude: f64,
) -> City {
    City { name, code, country, latitude, longitude }
}

/// The first four are those of the vantage points.
pub const CITIES: &[City] = &[
    city("Helsinki", "FI", "Finland", 60.17, 24.94),
    city("Lisbon", "PT", "Portugal", 38.72, -9.14),
    city("Denver", "US", "United States", 39.74, -104.99),
    city("Nairobi", "KE", "Kenya", -1.29, 36.82),
    city("Frankfurt am Main", "DE", "Germany", 50.11, 8.68),
    city("Amsterdam", "NL", "Netherlands", 52.37, 4.9),
    city("London", "GB", "United Kingdom", 51.51, -0.13),
    city("Paris", "FR", "France", 48.86, 2.35),
    city("Madrid", "ES", "Spain", 40.42, -3.7),
    city("Milan", "IT", "Italy", 45.46, 9.19),
    city("Vienna", "AT", "Austria", 48.21, 16.37),
    city("Warsaw", "PL", "Poland", 52.23, 21.01),
    city("Stockholm", "SE", "Sweden", 59.33, 18.07),
    city("Marseille", "FR", "France", 43.3, 5.37),
    city("Istanbul", "TR", "Türkiye", 41.01, 28.98),
    city("Dubai", "AE", "United Arab Emirates", 25.2, 55.27),
    city("Mumbai", "IN", "India", 19.08, 72.88),
    city("Singapore", "SG", "Singapore", 1.35, 103.82),
    city("Hong Kong", "HK", "Hong Kong", 22.32, 114.17),
    city("Tokyo", "JP", "Japan", 35.68, 139.69),
    city("Seoul", "KR", "South Korea", 37.57, 126.98),
    city("Sydney", "AU", "Australia", -33.87, 151.21),
    city("Auckland", "NZ", "New Zealand", -36.85, 174.76),
    city("Johannesburg", "ZA", "South Africa", -26.2, 28.05),
    city("Lagos", "NG", "Nigeria", 6.52, 3.38),
    city("Cairo", "EG", "Egypt", 30.04, 31.24),
    city("New York", "US", "United States", 40.71, -74.01),
    city("Ashburn", "US", "United States", 39.04, -77.49),
    city("Miami", "US", "United States", 25.76, -80.19),
    city("Chicago", "US", "United States", 41.88, -87.63),
    city("Dallas", "US", "United States", 32.78, -96.8),
    city("Los Angeles", "US", "United States", 34.05, -118.24),
    city("San Jose", "US", "United States", 37.34, -121.89),
    city("Seattle", "US", "United States", 47.61, -122.33),
    city("Toronto", "CA", "Canada", 43.65, -79.38),
    city("Mexico City", "MX", "Mexico", 19.43, -99.13),
    city("Bogotá", "CO", "Colombia", 4.71, -74.07),
    city("São Paulo", "BR", "Brazil", -23.55, -46.63),
    city("Buenos Aires", "AR", "Argentina", -34.6, -58.38),
    city("Santiago", "CL", "Chile", -33.45, -70.67),
];
