//! Where addresses are.

use std::net::IpAddr;

use serde::Serialize;
use trace_core::model::{Located, Verdict};

use super::{form, place};
use crate::args::Format;
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};

/// A place as programs read it. The names are those of the document.
#[derive(Debug, Serialize)]
struct Row<'a> {
    address: IpAddr,
    country_code: Option<String>,
    country: Option<&'a str>,
    region: Option<&'a str>,
    city: Option<&'a str>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    radius_km: Option<f64>,
    asn: Option<u32>,
    isp: Option<&'a str>,
    hostname: Option<&'a str>,
    source: Option<&'a str>,
    verdict: Option<&'static str>,
    note: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn of((address, located): &'a (IpAddr, Located)) -> Self {
        let place = located.place.as_ref();
        let point = place.and_then(|place| place.coordinates);
        Self {
            address: *address,
            country_code: place.and_then(|place| place.country_code).map(|code| code.to_string()),
            country: place.and_then(|place| place.country.as_deref()),
            region: place.and_then(|place| place.region.as_deref()),
            city: place.and_then(|place| place.city.as_deref()),
            latitude: point.map(|point| point.latitude()),
            longitude: point.map(|point| point.longitude()),
            radius_km: place.and_then(|place| place.radius_km),
            asn: place.and_then(|place| place.asn).map(|asn| asn.get()),
            isp: place.and_then(|place| place.isp.as_deref()),
            hostname: located.hostname.as_deref(),
            source: located.source.as_deref(),
            verdict: located.verdict.map(|verdict| verdict.as_str()),
            note: located.note.as_deref(),
        }
    }
}

/// Where addresses are, in any form.
pub(crate) fn places(places: &[(IpAddr, Located)], format: Format, paint: Paint) -> anyhow::Result<String> {
    form::rows(format, places.iter().map(Row::of), || table(places, paint))
}

fn table(places: &[(IpAddr, Located)], paint: Paint) -> String {
    let mut grid = Grid::new([
        ("Address", Side::Left),
        ("Name", Side::Left),
        ("AS", Side::Left),
        ("Network", Side::Left),
        ("Place", Side::Left),
        ("Point", Side::Right),
        ("Source", Side::Left),
        ("Note", Side::Left),
    ]);
    for (address, located) in places {
        let text = |value: Option<&str>| value.map(escape).unwrap_or_default();
        let place = located.place.as_ref();
        let point = place
            .and_then(|place| place.coordinates)
            .map(|point| format!("{:.3},{:.3}", point.latitude(), point.longitude()));
        let is_range = place.is_none() && located.verdict == Some(Verdict::Private);
        grid.push([
            Cell::new(address.to_string()),
            Cell::new(text(located.hostname.as_deref())),
            Cell::new(place::network(located)),
            Cell::new(text(place.and_then(|place| place.isp.as_deref()))),
            Cell::new(place::words(located)),
            Cell::new(point.unwrap_or_default()),
            Cell::inked(Ink::Faint, text(located.source.as_deref())),
            // A range without a place is named in the place's column already.
            Cell::inked(Ink::Faint, text(located.note.as_deref().filter(|_| !is_range))),
        ]);
    }
    grid.render(paint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use trace_core::model::{Asn, Coordinates, CountryCode, Place};

    fn sample() -> Vec<(IpAddr, Located)> {
        let city = Located {
            place: Some(Place {
                country_code: CountryCode::new("AR"),
                country: Some("Argentina".into()),
                city: Some("Barranqueras".into()),
                asn: Asn::new(64500),
                isp: Some("An ISP, S.A.".into()),
                coordinates: Coordinates::new(-27.48, -58.94),
                radius_km: Some(20.0),
                ..Place::default()
            }),
            source: Some("mmdb:GeoLite2-City 2026-11-01".into()),
            hostname: Some("core1.example\u{1b}[2J".to_owned()),
            ..Located::default()
        };
        let private = Located {
            verdict: Some(Verdict::Private),
            note: Some("private (RFC 1918)".to_owned()),
            ..Located::default()
        };
        vec![("192.0.2.1".parse().unwrap(), city), ("10.0.0.1".parse().unwrap(), private)]
    }

    #[test]
    fn as_a_table() {
        assert_snapshot!(places(&sample(), Format::Table, Paint::Plain).unwrap(), @r#"
        Address    Name                    AS       Network       Place                         Point  Source
        192.0.2.1  core1.example\u{1b}[2J  AS64500  An ISP, S.A.  Barranqueras, AR    -27.480,-58.940  mmdb:GeoLite2-City 2026-11-01
        10.0.0.1                                                  private (RFC 1918)
        "#);
    }

    #[test]
    fn as_json() {
        assert_snapshot!(places(&sample(), Format::Json, Paint::Plain).unwrap(), @r#"
        [
          {
            "address": "192.0.2.1",
            "country_code": "AR",
            "country": "Argentina",
            "region": null,
            "city": "Barranqueras",
            "latitude": -27.48,
            "longitude": -58.94,
            "radius_km": 20.0,
            "asn": 64500,
            "isp": "An ISP, S.A.",
            "hostname": "core1.example\u001b[2J",
            "source": "mmdb:GeoLite2-City 2026-11-01",
            "verdict": null,
            "note": null
          },
          {
            "address": "10.0.0.1",
            "country_code": null,
            "country": null,
            "region": null,
            "city": null,
            "latitude": null,
            "longitude": null,
            "radius_km": null,
            "asn": null,
            "isp": null,
            "hostname": null,
            "source": null,
            "verdict": "private",
            "note": "private (RFC 1918)"
          }
        ]
        "#);
    }

    #[test]
    fn as_csv() {
        assert_snapshot!(places(&sample(), Format::Csv, Paint::Plain).unwrap().replace('\u{1b}', "<ESC>"), @r#"
        address,country_code,country,region,city,latitude,longitude,radius_km,asn,isp,hostname,source,verdict,note
        192.0.2.1,AR,Argentina,,Barranqueras,-27.48,-58.94,20.0,64500,"An ISP, S.A.",core1.example<ESC>[2J,mmdb:GeoLite2-City 2026-11-01,,
        10.0.0.1,,,,,,,,,,,,private,private (RFC 1918)
        "#);
    }
}
