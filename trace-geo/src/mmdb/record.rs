//! One record of a MaxMind-format database, whatever its layout, into a place.
//!
//! MaxMind, DB-IP and IP2Location nest (`country.iso_code`, `location.latitude`); IPinfo (but for its newest,
//! `geo.latitude`, `as.asn`) and ip-location-db are flat (`country_code`, `latitude`), with numbers as 32-bit
//! floats or as text. The keys do not
//! contradict one another, so one reader takes them all. What it does not know, or what has another type than
//! expected, it passes over.

use core::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use trace_core::model::{Asn, Coordinates, CountryCode, Place};

use crate::centroid::is_centroid;
use crate::country::shared_country_name;

/// Where only the country is known, vendors give its central point with a radius from here on (kilometres),
/// or without any.
const COUNTRY_WIDE_KM: f64 = 100.0;

/// What is said of an address that its vendor marks as anycast; the judge knows it by that.
pub(crate) const ANYCAST: &str = "it answers from several places (anycast)";

/// The fields of a record that say something of a place.
#[derive(Debug, Default)]
pub(super) struct Record<'a> {
    country: Value<'a>,
    registered_country: Value<'a>,
    country_code: Value<'a>,
    country_name: Value<'a>,
    region: Value<'a>,
    city: Value<'a>,
    postal: Value<'a>,
    latitude: Value<'a>,
    longitude: Value<'a>,
    radius: Value<'a>,
    asn: Value<'a>,
    isp: Value<'a>,
    organization: Value<'a>,
    as_name: Value<'a>,
    anycast: Value<'a>,
}

impl<'a> Record<'a> {
    /// The place, and a remark on what was left out of it or taken instead.
    pub(super) fn into_place(self) -> (Place, Option<String>) {
        let mut remark = None;
        let country = &self.country;
        // IPinfo's `country` is the code in one product and the name in another.
        let mut country_code = [country.code, self.country_code.text, country.text]
            .into_iter()
            .flatten()
            .find_map(CountryCode::new);
        let mut country =
            country.name.or(self.country_name.text).or(country.text).filter(|name| name.len() > 2);
        if country_code.is_none() && country.is_none() {
            country_code = self.registered_country.code.and_then(CountryCode::new);
            country = self.registered_country.name;
            if country_code.is_some() {
                remark = Some("the country is where the network is registered".to_owned());
            }
        }
        // It answers from several places: a point, and the city that goes with it, would be one of them at best.
        let anycast = self.anycast.is_true();
        let city = self.city.name().filter(|_| !anycast);
        let region = self.region.name().filter(|_| !anycast);
        let radius_km = self.radius.number().filter(|radius| radius.is_finite() && *radius >= 0.0);
        let mut coordinates = None;
        if anycast {
            (country_code, country) = (None, None);
            remark = Some(ANYCAST.to_owned());
        } else if let (Some(latitude), Some(longitude)) = (self.latitude.number(), self.longitude.number()) {
            coordinates = Coordinates::new(latitude, longitude);
            let finer = city.or(region).or(self.postal.name()).or(self.postal.code).is_some();
            let wide = radius_km.is_none_or(|radius| radius >= COUNTRY_WIDE_KM);
            if coordinates.is_none() {
                remark = Some(format!("its coordinates {latitude}, {longitude} are no point on the globe"));
            } else if country_code.is_some()
                && ((!finer && wide)
                    || (city.is_none() && coordinates.is_some_and(|at| is_centroid(country_code, at))))
            {
                coordinates = None;
                remark = Some(format!("its coordinates {latitude}, {longitude} stand for the whole country"));
            }
        }
        let place = Place {
            country_code,
            country: country_code.and_then(shared_country_name).or_else(|| country.map(Arc::from)),
            city: city.map(Arc::from),
            region: region.map(Arc::from),
            isp: self
                .isp
                .text
                .or(self.organization.text)
                .or(self.as_name.text)
                .or(self.asn.name)
                .map(Arc::from),
            asn: self.asn.as_number(),
            coordinates,
            radius_km: radius_km.filter(|_| coordinates.is_some()),
        };
        (place, remark)
    }

    /// Takes the value of `key`, whatever level it stands on. Of several values for a field the first counts.
    fn take<A: MapAccess<'a>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let field = match key {
            "country" => &mut self.country,
            "registered_country" => &mut self.registered_country,
            "country_code" => &mut self.country_code,
            "country_name" => &mut self.country_name,
            "subdivisions" | "region" | "region_name" | "state" | "state1" => &mut self.region,
            "city" => &mut self.city,
            "postal" | "postcode" | "postal_code" | "zip" | "zip_code" => &mut self.postal,
            "latitude" | "lat" => &mut self.latitude,
            "longitude" | "lng" | "lon" => &mut self.longitude,
            "accuracy_radius" | "radius" => &mut self.radius,
            "autonomous_system_number" | "asn" | "as_number" | "as" => &mut self.asn,
            "autonomous_system_organization" | "as_organization" | "as_name" => &mut self.as_name,
            "isp" => &mut self.isp,
            "organization" | "org" => &mut self.organization,
            "is_anycast" | "anycast" => &mut self.anycast,
            // `geo` and `as` are those of IPinfo's newest products.
            "location" | "traits" | "geo" => return map.next_value_seed(Fields(self)),
            _ => return map.next_value::<IgnoredAny>().map(|_| ()),
        };
        let value = map.next_value()?;
        if *field == Value::default() {
            *field = value;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Record<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut record = Record::default();
        deserializer.deserialize_any(Fields(&mut record))?;
        Ok(record)
    }
}

/// Reads a map into a record.
struct Fields<'r, 'a>(&'r mut Record<'a>);

impl<'de> Visitor<'de> for Fields<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of what is known of a network")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<&str>()? {
            self.0.take(key, &mut map)?;
        }
        Ok(())
    }
}

impl<'de> serde::de::DeserializeSeed<'de> for Fields<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// The value of a field in any of the shapes that occur: text, a number, a map with a code and names, or a
/// list whose first element counts. What is none of these is nothing; so is empty text.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
struct Value<'a> {
    text: Option<&'a str>,
    number: Option<f64>,
    code: Option<&'a str>,
    name: Option<&'a str>,
    truth: bool,
}

impl<'a> Value<'a> {
    /// The English name, or the text.
    fn name(&self) -> Option<&'a str> {
        self.name.or(self.text)
    }

    /// The number, also where it is written as text.
    fn number(&self) -> Option<f64> {
        self.number.or_else(|| self.text?.trim().parse().ok())
    }

    /// Whether it says yes.
    fn is_true(&self) -> bool {
        self.truth
            || self.number == Some(1.0)
            || self.text.is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// The number of an AS, also where it is written as `AS64500`.
    fn as_number(&self) -> Option<Asn> {
        let number = match self.number {
            // A whole float has no other way into an integer than through its digits.
            Some(number) if number.fract() == 0.0 => format!("{number:.0}").parse().ok()?,
            Some(_) => return None,
            None => {
                let text = self.text?.trim();
                text.strip_prefix("AS").unwrap_or(text).parse().ok()?
            }
        };
        Asn::new(number)
    }
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Value<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                // IP2Location writes "-" for what it does not know.
                let text = Some(text).filter(|text| !text.is_empty() && *text != "-");
                Ok(Value { text, ..Value::default() })
            }

            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Value::default())
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Value { number: Some(number), ..Value::default() })
            }

            fn visit_f32<E>(self, number: f32) -> Result<Self::Value, E> {
                // 52.52 as 32 bits is 52.520000457...; no more than five decimals were meant.
                let number = (f64::from(number) * 1e5).round() / 1e5;
                Ok(Value { number: Some(number), ..Value::default() })
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Value { number: u32::try_from(number).ok().map(f64::from), ..Value::default() })
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Value { number: i32::try_from(number).ok().map(f64::from), ..Value::default() })
            }

            fn visit_bool<E>(self, truth: bool) -> Result<Self::Value, E> {
                Ok(Value { truth, ..Value::default() })
            }

            fn visit_u128<E>(self, _: u128) -> Result<Self::Value, E> {
                Ok(Value::default())
            }

            fn visit_bytes<E>(self, _: &[u8]) -> Result<Self::Value, E> {
                Ok(Value::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let first = list.next_element()?.unwrap_or_default();
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(first)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut value = Value::default();
                while let Some(key) = map.next_key::<&str>()? {
                    match key {
                        "asn" => value.text = map.next_value::<Value<'de>>()?.text,
                        "iso_code" | "code" => value.code = map.next_value::<Value<'de>>()?.text,
                        "names" => value.name = map.next_value::<Value<'de>>()?.name,
                        "en" | "name" => value.name = map.next_value::<Value<'de>>()?.text,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(value)
            }
        }
        deserializer.deserialize_any(Any)
    }
}
