use std::time::{Duration, UNIX_EPOCH};

use mmdb_writer::ipnet::IpNet;
use mmdb_writer::{IpVersion, Value, Writer};
use proptest::prelude::*;
use trace_core::model::{Asn, Coordinates, CountryCode, Place};

use super::*;

mod damaged;

/// 2026-11-01 at noon.
const BUILT: u64 = 1_793_534_400;

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::map(entries)
}

fn text(text: &str) -> Value {
    Value::from(text)
}

fn names(name: &str) -> Value {
    map([("names", map([("de", text("anders")), ("en", text(name)), ("zh-CN", text("\u{5225}"))]))])
}

fn bytes(kind: &str, version: IpVersion, records: &[(&str, Value)]) -> Vec<u8> {
    let mut writer = Writer::builder(kind)
        .ip_version(version)
        .build_epoch(UNIX_EPOCH + Duration::from_secs(BUILT))
        .build();
    for (network, record) in records {
        writer.insert_value(network.parse::<IpNet>().unwrap(), record.clone()).unwrap();
    }
    writer.to_bytes().unwrap()
}

fn database(kind: &str, version: IpVersion, records: &[(&str, Value)]) -> Mmdb {
    Mmdb::from_bytes(bytes(kind, version, records), "test.mmdb").unwrap()
}

fn ask(database: &Mmdb, address: &str) -> Option<Evidence> {
    database.locate(address.parse().unwrap()).unwrap()
}

/// The place and the remark that one record, in a database of its own, leads to.
fn read(record: Value) -> (Place, Option<String>) {
    let database = database("Test", IpVersion::V6, &[("203.0.112.0/24", record)]);
    match ask(&database, "203.0.112.9") {
        Some(evidence) => (evidence.place, evidence.reason),
        None => (Place::default(), None),
    }
}

fn city_record() -> Value {
    map([
        ("continent", map([("code", text("SA")), ("names", map([("en", text("South America"))]))])),
        (
            "country",
            map([
                ("iso_code", text("AR")),
                ("names", map([("en", text("Argentina"))])),
                ("geoname_id", Value::from(3_865_483_u32)),
            ]),
        ),
        ("registered_country", map([("iso_code", text("US"))])),
        ("city", names("Barranqueras")),
        ("subdivisions", Value::Array(vec![names("Chaco"), names("smaller")])),
        (
            "location",
            map([
                ("accuracy_radius", Value::from(20_u16)),
                ("latitude", Value::from(-27.4813_f64)),
                ("longitude", Value::from(-58.9390_f64)),
                ("time_zone", text("America/Argentina/Cordoba")),
            ]),
        ),
        ("postal", map([("code", text("3503"))])),
    ])
}

fn barranqueras() -> Place {
    Place {
        country_code: CountryCode::new("AR"),
        country: Some("Argentina".into()),
        city: Some("Barranqueras".into()),
        region: Some("Chaco".into()),
        coordinates: Coordinates::new(-27.4813, -58.939),
        radius_km: Some(20.0),
        ..Place::default()
    }
}

#[test]
fn the_nested_layout_of_maxmind_and_db_ip() {
    let database = database(
        "GeoLite2-City",
        IpVersion::V6,
        &[("203.0.112.0/24", city_record()), ("2a00:1::/32", city_record())],
    );
    assert_eq!(database.info().name, "mmdb:GeoLite2-City".into());
    assert_eq!(database.info().built.as_deref(), Some("2026-11-01"));
    assert!(database.info().attribution.as_ref().unwrap().contains("MaxMind"));
    for address in ["203.0.112.7", "2a00:1::7"] {
        let evidence = ask(&database, address).unwrap();
        assert_eq!(evidence.place, barranqueras());
        assert_eq!(
            (&*evidence.source, evidence.built.as_deref()),
            ("mmdb:GeoLite2-City", Some("2026-11-01"))
        );
        assert_eq!(evidence.reason, None);
    }
    assert_eq!(ask(&database, "203.0.113.7"), None);
    assert_eq!(ask(&database, "2a00:2::7"), None);
}

#[test]
fn the_nested_layout_with_traits_and_the_flat_one_of_asn_databases() {
    let isp = [
        ("autonomous_system_number", Value::from(64500_u32)),
        ("autonomous_system_organization", text("AS name")),
        ("isp", text("A provider")),
        ("organization", text("A user")),
    ];
    let expected = Place { asn: Asn::new(64500), isp: Some("A provider".into()), ..Place::default() };
    assert_eq!(read(map(isp.clone())), (expected.clone(), None));
    assert_eq!(read(map([("traits", map(isp))])), (expected, None));
    let short = map([
        ("autonomous_system_number", Value::from(4_200_000_001_u32)),
        ("autonomous_system_organization", text("AS name")),
    ]);
    let expected = Place { asn: Asn::new(4_200_000_001), isp: Some("AS name".into()), ..Place::default() };
    assert_eq!(read(short), (expected, None));
}

#[test]
fn the_flat_layout_of_ip_location_db() {
    let record = map([
        ("city", text("Barranqueras")),
        ("country_code", text("AR")),
        ("latitude", Value::from(-27.4813_f32)),
        ("longitude", Value::from(-58.939_f32)),
        ("postcode", text("3503")),
        ("state1", text("Chaco")),
        ("state2", text("")),
        ("timezone", text("America/Argentina/Cordoba")),
    ]);
    let place = Place { radius_km: None, ..barranqueras() };
    assert_eq!(read(record), (place, None));
}

#[test]
fn the_flat_layouts_of_ipinfo() {
    let older = map([
        ("city", text("Barranqueras")),
        ("region", text("Chaco")),
        ("country", text("AR")),
        ("lat", text("-27.4813")),
        ("lng", text("-58.939")),
        ("postal_code", text("3503")),
        ("radius", text("20")),
    ]);
    assert_eq!(read(older), (barranqueras(), None));
    let lite = map([
        ("asn", text("AS64500")),
        ("as_name", text("A provider")),
        ("as_domain", text("example.net")),
        ("country", text("Argentina")),
        ("country_code", text("AR")),
        ("continent", text("South America")),
    ]);
    let expected = Place {
        country_code: CountryCode::new("AR"),
        country: Some("Argentina".into()),
        asn: Asn::new(64500),
        isp: Some("A provider".into()),
        ..Place::default()
    };
    assert_eq!(read(lite), (expected.clone(), None));
    let asn = map([
        ("asn", text("AS64500")),
        ("name", text("ignored")),
        ("as_name", text("A provider")),
        ("country", text("AR")),
        ("country_name", text("Argentina")),
    ]);
    assert_eq!(read(asn), (expected, None));
}

#[test]
fn the_nested_layout_of_ipinfo() {
    let record = map([
        (
            "geo",
            map([
                ("city", text("Barranqueras")),
                ("region", text("Chaco")),
                ("country", text("Argentina")),
                ("country_code", text("AR")),
                ("latitude", Value::from(-27.4813_f64)),
                ("longitude", Value::from(-58.939_f64)),
                ("radius", Value::from(20_u32)),
            ]),
        ),
        (
            "as",
            map([("asn", text("AS64500")), ("name", text("A provider")), ("domain", text("example.net"))]),
        ),
        ("is_anycast", Value::Bool(false)),
    ]);
    let expected = Place { asn: Asn::new(64500), isp: Some("A provider".into()), ..barranqueras() };
    assert_eq!(read(record), (expected, None));
}

/// As its MMDB edition has it: nested like MaxMind's, numbers as 64-bit floats, "-" for what is not known.
#[test]
fn the_layout_of_ip2location() {
    let record = map([
        ("city", map([("names", map([("en", text("Barranqueras"))]))])),
        ("country", map([("iso_code", text("AR")), ("names", map([("en", text("Argentina"))]))])),
        (
            "location",
            map([
                ("latitude", Value::from(-27.4813_f64)),
                ("longitude", Value::from(-58.939_f64)),
                ("time_zone", text("-03:00")),
            ]),
        ),
        ("postal", map([("code", text("3503"))])),
        ("subdivisions", Value::Array(vec![map([("names", map([("en", text("Chaco"))]))])])),
    ]);
    let database = database("IP2LITE-City", IpVersion::V6, &[("203.0.112.0/24", record)]);
    let place = ask(&database, "203.0.112.9").unwrap().place;
    assert_eq!(place, Place { radius_km: None, ..barranqueras() });
    assert!(database.info().attribution.as_ref().unwrap().contains("IP2Location"));
    let unknown = map([
        ("city", map([("names", map([("en", text("-"))]))])),
        ("country", map([("iso_code", text("-")), ("names", map([("en", text("-"))]))])),
    ]);
    assert_eq!(read(unknown), (Place::default(), None));
}

#[test]
fn an_address_that_its_vendor_marks_as_anycast_has_no_place() {
    let marked = |mark: (&str, Value)| {
        map([
            ("country", map([("iso_code", text("US"))])),
            ("city", names("Mountain View")),
            ("location", map([("latitude", Value::from(37.4_f64)), ("longitude", Value::from(-122.1_f64))])),
            ("asn", text("AS64500")),
            mark,
        ])
    };
    let anycast = (Place { asn: Asn::new(64500), ..Place::default() }, Some(record::ANYCAST.to_owned()));
    for mark in [
        ("is_anycast", Value::Bool(true)),
        ("anycast", text("true")),
        ("traits", map([("is_anycast", Value::Bool(true))])),
    ] {
        assert_eq!(read(marked(mark)), anycast);
    }
    for mark in [("is_anycast", Value::Bool(false)), ("is_anycast", text("False"))] {
        assert_eq!(read(marked(mark)).0.city.as_deref(), Some("Mountain View"));
    }
}

#[test]
fn a_country_is_an_area() {
    let country =
        || ("country", map([("iso_code", text("US")), ("names", map([("en", text("United States"))]))]));
    let point = |radius: Option<u16>| {
        let mut fields = vec![("latitude", Value::from(37.751_f64)), ("longitude", Value::from(-97.822_f64))];
        fields.extend(radius.map(|radius| ("accuracy_radius", Value::from(radius))));
        ("location", Value::map(fields))
    };
    for location in [point(Some(1000)), point(Some(100)), point(None)] {
        let (place, remark) = read(map([country(), location]));
        assert!(place.is_area(), "{place:?}");
        assert_eq!((place.coordinates, place.radius_km), (None, None));
        assert_eq!(remark.as_deref(), Some("its coordinates 37.751, -97.822 stand for the whole country"));
    }
    // Known as such, whatever its radius.
    assert!(read(map([country(), point(Some(20))])).0.is_area());
    // A point that is better than that, or of a place without a country (somebody's own database), stays.
    let elsewhere = map([
        ("latitude", Value::from(41.5_f64)),
        ("longitude", Value::from(-97.822_f64)),
        ("accuracy_radius", Value::from(20_u16)),
    ]);
    assert_eq!(
        read(map([country(), ("location", elsewhere)])).0.coordinates,
        Coordinates::new(41.5, -97.822)
    );
    assert_eq!(read(map([point(None)])).0.coordinates, Coordinates::new(37.751, -97.822));
    assert!(read(map([country()])).0.is_area());
}

#[test]
fn the_registered_country_is_taken_only_where_there_is_no_other() {
    let registered =
        ("registered_country", map([("iso_code", text("FR")), ("names", map([("en", text("France"))]))]));
    let (place, remark) = read(map([registered]));
    assert_eq!(place.country.as_deref(), Some("France"));
    assert_eq!(remark.as_deref(), Some("the country is where the network is registered"));
}

#[test]
fn points_off_the_globe_are_left_out_and_said() {
    for (latitude, longitude) in [(91.0, 0.0), (0.0, -180.5), (f64::NAN, 0.0), (f64::INFINITY, 0.0)] {
        let location = map([("latitude", Value::from(latitude)), ("longitude", Value::from(longitude))]);
        let (place, remark) = read(map([("city", names("Ulm")), ("location", location)]));
        assert_eq!((place.city.as_deref(), place.coordinates), (Some("Ulm"), None));
        assert!(remark.unwrap().ends_with("are no point on the globe"));
    }
}

/// Fields of other types than any vendor writes are passed over; the others still count.
#[test]
fn unexpected_shapes_are_nothing() {
    let odd =
        || Value::Array(vec![map([("x", Value::Bool(true))]), Value::Bytes(vec![1, 2]), Value::U128(1)]);
    for value in
        [odd(), Value::Bool(true), Value::U128(7), Value::Bytes(vec![9]), map([("y", odd())]), text("")]
    {
        let record = map([
            ("city", text("Ulm")),
            ("country", value.clone()),
            ("location", map([("latitude", value.clone()), ("longitude", value.clone())])),
            ("subdivisions", value.clone()),
            ("asn", value.clone()),
            ("isp", value.clone()),
            ("accuracy_radius", value.clone()),
            ("traits", map([])),
            ("new", value),
        ]);
        let expected = Place { city: Some("Ulm".into()), ..Place::default() };
        assert_eq!(read(record), (expected, None));
    }
}

#[test]
fn an_ipv6_address_in_an_ipv4_file_is_an_absence() {
    let database = database("city ipv4", IpVersion::V4, &[("203.0.112.0/24", city_record())]);
    assert_eq!(database.info().name, "mmdb:city-ipv4".into());
    assert_eq!(database.info().attribution, None);
    assert!(ask(&database, "203.0.112.1").is_some());
    assert_eq!(ask(&database, "2a00:1::7"), None);
}
