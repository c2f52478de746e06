//! One answer of ipgeolocation.io into a place.
//!
//! Version 3 nests (`location.city`, `asn.as_number`), version 2 nests deeper (`network.asn.as_number`), version 1 is
//! flat (`city`, `asn`). The names do not contradict one another, so one reader takes them all. The free plan gives no
//! `isp`; numbers come as text.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value;
use trace_core::model::{Asn, Coordinates, CountryCode, Place};

use crate::Secret;
use crate::country::shared_country_name;

/// The longest text that is taken from an answer, in characters; no city is called longer.
const LONGEST: usize = 200;
/// What a service says where it knows nothing.
const NOTHING: [&str; 6] = ["-", "n/a", "none", "null", "unknown", "not found"];

/// What an answer says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    /// `None` if nothing is known.
    pub(super) place: Option<Place>,
    /// What was left out, and why.
    pub(super) remark: Option<String>,
}

/// Reads the answer about `address`. `None` if it is none: no object, or one about another address.
pub(super) fn read(answer: &Value, address: IpAddr, key: &Secret) -> Option<Said> {
    if !answer.is_object() {
        return None;
    }
    let text = |pointers: &[&str]| {
        pointers.iter().find_map(|pointer| match answer.pointer(pointer)? {
            Value::String(text) => meant(text, key).map(Arc::<str>::from),
            _ => None,
        })
    };
    if let Some(told) = text(&["/ip"]).and_then(|ip| ip.parse::<IpAddr>().ok())
        && told.to_canonical() != address.to_canonical()
    {
        return None;
    }
    let number = |pointers: &[&str]| {
        pointers.iter().find_map(|pointer| match answer.pointer(pointer)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        })
    };
    let country_code =
        text(&["/location/country_code2", "/country_code2"]).and_then(|code| CountryCode::new(&code));
    let country = country_code
        .and_then(shared_country_name)
        .or_else(|| text(&["/location/country_name", "/country_name"]));
    let city = text(&["/location/city", "/city"]);
    let region = text(&["/location/state_prov", "/state_prov"]);
    let finer = city.is_some()
        || region.is_some()
        || text(&["/location/district", "/location/zipcode", "/district", "/zipcode"]).is_some();
    let radius = number(&["/location/accuracy_radius", "/accuracy_radius"]);
    let mut coordinates = None;
    let mut remark = None;
    let point =
        number(&["/location/latitude", "/latitude"]).zip(number(&["/location/longitude", "/longitude"]));
    if let Some((latitude, longitude)) = point {
        coordinates = Coordinates::new(latitude, longitude);
        if coordinates.is_none() {
            remark = Some(format!("its coordinates {latitude}, {longitude} are no point on the globe"));
        } else if (latitude, longitude) == (0.0, 0.0) {
            // Nobody lives there; it is what a missing number becomes.
            coordinates = None;
            remark = Some("its coordinates 0, 0 stand for nothing".to_owned());
        } else if country_code.is_some() && !finer {
            coordinates = None;
            remark = Some(format!("its coordinates {latitude}, {longitude} stand for the whole country"));
        }
    }
    let isp = text(&["/isp", "/network/isp"])
        .or_else(|| text(&["/company/name", "/network/company/name"]))
        .or_else(|| text(&["/asn/organization", "/network/asn/organization", "/organization"]));
    let asn = text(&["/asn/as_number", "/network/asn/as_number", "/asn"]);
    let asn =
        asn.and_then(|asn| asn.trim_start_matches(['A', 'S', 'a', 's']).parse().ok()).and_then(Asn::new);
    let place = Place {
        country_code,
        country,
        city,
        region,
        isp,
        asn,
        coordinates,
        radius_km: radius.filter(|radius| radius.is_finite() && *radius >= 0.0 && coordinates.is_some()),
    };
    Some(Said { place: (!place.is_empty()).then_some(place), remark })
}

/// What the service says in an error, made fit to be repeated.
pub(super) fn message(answer: &Value, key: &Secret) -> Option<String> {
    let text =
        ["/message", "/error/message", "/error"].into_iter().find_map(|at| answer.pointer(at)?.as_str())?;
    meant(text, key)
}

fn meant(text: &str, key: &Secret) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || NOTHING.contains(&text.to_ascii_lowercase().as_str()) {
        return None;
    }
    Some(key.redact(text).chars().take(LONGEST).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(91, 128, 103, 196));

    fn said(answer: &Value) -> Said {
        read(answer, ADDRESS, &Secret::new("0123456789abcdef").unwrap()).unwrap()
    }

    fn place(answer: &Value) -> Place {
        said(answer).place.unwrap()
    }

    fn stockholm(isp: &str) -> Place {
        Place {
            country_code: CountryCode::new("SE"),
            country: Some("Sweden".into()),
            city: Some("Stockholm".into()),
            region: Some("Stockholms l\u{e4}n".into()),
            isp: Some(isp.into()),
            asn: Asn::new(1257),
            coordinates: Coordinates::new(59.4051, 17.9551),
            radius_km: None,
        }
    }

    #[test]
    fn version_3_nests() {
        let free = json!({ "ip": "91.128.103.196",
            "location": { "country_code2": "SE", "country_name": "Sweden", "state_prov": "Stockholms l\u{e4}n",
                "city": "Stockholm", "zipcode": "164 40", "latitude": "59.40510", "longitude": "17.95510" },
            "asn": { "as_number": "AS1257", "organization": "Tele2 Sverige AB", "country": "SE" } });
        assert_eq!(place(&free), stockholm("Tele2 Sverige AB"));
        let mut paid = free;
        paid["company"] = json!({ "name": "A Company", "type": "isp" });
        paid["location"]["accuracy_radius"] = json!("8.5");
        assert_eq!(place(&paid), Place { radius_km: Some(8.5), ..stockholm("A Company") });
        paid["isp"] = json!("An ISP");
        assert_eq!(place(&paid).isp.as_deref(), Some("An ISP"));
    }

    #[test]
    fn version_1_is_flat() {
        let answer = json!({ "ip": "91.128.103.196", "country_code2": "SE", "country_name": "Sweden",
            "state_prov": "Stockholms l\u{e4}n", "city": "Stockholm", "latitude": 59.4051, "longitude": 17.9551,
            "isp": "Tele2", "organization": "Tele2 Sverige AB", "asn": "AS1257" });
        assert_eq!(place(&answer), stockholm("Tele2"));
    }

    #[test]
    fn version_2_nests_deeper() {
        let answer = json!({ "ip": "91.128.103.196",
            "location": { "country_code2": "SE", "state_prov": "Stockholms l\u{e4}n", "city": "Stockholm",
                "latitude": "59.40510", "longitude": "17.95510" },
            "network": { "asn": { "as_number": "AS1257", "organization": "Tele2 Sverige AB" },
                "company": { "name": "Tele2" } } });
        assert_eq!(place(&answer), stockholm("Tele2"));
    }

    #[test]
    fn what_is_missing_is_missing() {
        let answer = json!({ "location": { "country_code2": "SE", "city": "", "state_prov": "N/A", "latitude": null,
            "longitude": "" }, "asn": { "as_number": "unknown" }, "isp": "-" });
        let expected = Place {
            country_code: CountryCode::new("SE"),
            country: Some("Sweden".into()),
            ..Place::default()
        };
        assert_eq!(said(&answer), Said { place: Some(expected), remark: None });
        assert_eq!(said(&json!({})), Said { place: None, remark: None });
    }

    #[test]
    fn coordinates_that_are_none_are_left_out() {
        let at = |latitude: Value, longitude: Value| {
            said(
                &json!({ "location": { "country_code2": "SE", "city": "X", "latitude": latitude, "longitude": longitude } }),
            )
        };
        for (latitude, longitude) in
            [(json!("91"), json!("0")), (json!("NaN"), json!("1")), (json!(0), json!(181))]
        {
            let said = at(latitude, longitude);
            assert_eq!(said.place.unwrap().coordinates, None);
            assert!(said.remark.unwrap().contains("no point on the globe"));
        }
        assert!(at(json!("0.0"), json!("0.0")).remark.unwrap().contains("stand for nothing"));
        let country = said(&json!({ "country_code2": "SE", "latitude": "62", "longitude": "15" }));
        assert!(country.place.unwrap().is_area() && country.remark.unwrap().contains("whole country"));
    }

    #[test]
    fn an_answer_about_another_address_is_none() {
        let key = Secret::new("k").unwrap();
        assert_eq!(read(&json!({ "ip": "1.1.1.1", "city": "X" }), ADDRESS, &key), None);
        assert_eq!(read(&json!(["x"]), ADDRESS, &key), None);
        assert_eq!(read(&json!("x"), ADDRESS, &key), None);
    }

    #[test]
    fn a_key_that_comes_back_is_taken_out() {
        let answer = json!({ "city": "0123456789abcdef", "message": "no key \u{30}123456789abcdef" });
        assert_eq!(place(&answer).city.as_deref(), Some("[redacted]"));
        let key = Secret::new("0123456789abcdef").unwrap();
        assert_eq!(message(&answer, &key).as_deref(), Some("no key [redacted]"));
        assert_eq!(message(&json!({ "city": 1 }), &key), None);
    }
}
