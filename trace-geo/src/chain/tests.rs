use trace_core::model::{Asn, Coordinates, CountryCode, Place, Verdict};

use super::*;
use crate::TableFault;

/// A source that says the same of every address, or fails.
struct Says {
    info: SourceInfo,
    place: Option<Place>,
}

fn says(name: &str, place: Option<Place>) -> Says {
    let built = Some("2026-11-01".into());
    Says { info: SourceInfo { name: name.into(), built, attribution: None }, place }
}

impl Locate for Says {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn locate(&self, _: IpAddr) -> Result<Option<Evidence>, Error> {
        Ok(self.place.clone().map(|place| self.info.evidence(place)))
    }
}

struct Fails(SourceInfo);

impl Locate for Fails {
    fn info(&self) -> &SourceInfo {
        &self.0
    }

    fn locate(&self, _: IpAddr) -> Result<Option<Evidence>, Error> {
        Err(Error::Table(TableFault::Cut))
    }
}

/// A source that must not be asked.
struct Forbidden(SourceInfo);

impl Locate for Forbidden {
    fn info(&self) -> &SourceInfo {
        &self.0
    }

    fn locate(&self, address: IpAddr) -> Result<Option<Evidence>, Error> {
        panic!("asked for {address}")
    }
}

fn info(name: &str) -> SourceInfo {
    SourceInfo { name: name.into(), built: None, attribution: None }
}

fn country(code: &str) -> Place {
    Place { country_code: CountryCode::new(code), ..Place::default() }
}

fn city(code: &str, city: &str) -> Place {
    Place {
        city: Some(city.into()),
        coordinates: Coordinates::new(-27.48, -58.94),
        radius_km: Some(20.0),
        ..country(code)
    }
}

fn network(asn: u32) -> Place {
    Place { asn: Asn::new(asn), isp: Some(format!("AS {asn}").into()), ..Place::default() }
}

fn geofeed(text: &str) -> Geofeed {
    Geofeed::from_reader(text.as_bytes(), "own.csv", None).unwrap()
}

fn at(address: &str) -> IpAddr {
    address.parse().unwrap()
}

#[test]
fn the_city_of_one_source_carries_the_as_of_another() {
    let chain = Chain::builder()
        .builtin()
        .unwrap()
        .source(says("mmdb:asn", Some(network(64500))))
        .source(says("mmdb:city", Some(city("US", "Ashburn"))))
        .build();
    let located = chain.locate(at("8.8.8.8"));
    let place = located.place.unwrap();
    assert_eq!((place.city.as_deref(), place.country_code), (Some("Ashburn"), CountryCode::new("US")));
    assert_eq!((place.asn, place.isp.as_deref()), (Asn::new(64500), Some("AS 64500")));
    assert_eq!(place.country.as_deref(), Some("United States"));
    assert_eq!(located.source.as_deref(), Some("mmdb:city 2026-11-01"));
    assert_eq!((located.verdict, located.note), (None, None));
    let asked: Vec<&str> = located.candidates.iter().map(|candidate| &*candidate.source).collect();
    assert_eq!(asked, ["mmdb:asn", "mmdb:city", "builtin"]);
    assert_eq!(located.candidates[2].built.as_deref(), Some("2026-06-17"));

    let without =
        Chain::builder().source(says("mmdb:city", Some(city("US", "Ashburn")))).builtin().unwrap().build();
    assert_eq!(without.locate(at("8.8.8.8")).place.unwrap().asn, Asn::new(15169));
    let names: Vec<String> = chain.sources().map(SourceInfo::to_string).collect();
    assert_eq!(names, ["mmdb:asn 2026-11-01", "mmdb:city 2026-11-01", "builtin 2026-06-17"]);
}

#[test]
fn the_first_source_is_not_contradicted() {
    let chain = Chain::builder()
        .source(says("first", Some(country("AR"))))
        .source(says("second", Some(city("BR", "Recife"))))
        .source(says("third", Some(city("AR", "Barranqueras"))))
        .build();
    let located = chain.locate(at("8.8.8.8"));
    assert_eq!(located.place.unwrap(), city("AR", "Barranqueras"));
    // Two sources name the same point here; the first of them is named.
    assert_eq!(located.source.as_deref(), Some("second 2026-11-01"));
    assert_eq!(located.candidates.len(), 3);
}

#[test]
fn special_ranges_are_labelled_and_never_looked_up() {
    let chain = Chain::builder().own(geofeed("10.9.0.0/16,DE")).source(Forbidden(info("network"))).build();
    for (address, note) in [
        ("10.1.2.3", "private (RFC 1918)"),
        ("100.64.0.1", "shared address space of carrier-grade NAT (RFC 6598)"),
        ("127.0.0.1", "loopback (RFC 1122)"),
        ("192.0.2.1", "documentation (RFC 5737)"),
        ("224.0.0.1", "multicast (RFC 5771)"),
        ("fe80::1", "link-local (RFC 4291)"),
        ("fd00::1", "unique local (RFC 4193)"),
        ("::ffff:8.8.8.8", "IPv4-mapped (RFC 4291)"),
        ("2002:808:808::1", "6to4 (RFC 3056)"),
    ] {
        let located = chain.locate(at(address));
        assert_eq!(
            (located.verdict, located.note.as_deref()),
            (Some(Verdict::Private), Some(note)),
            "{address}"
        );
        assert_eq!((located.place, located.source), (None, None));
        assert!(located.candidates.is_empty());
    }
}

#[test]
fn a_geofeed_places_private_addresses() {
    let feed = geofeed("10.0.0.0/8,DE,,Frankfurt,,50.1,8.7\n10.7.0.0/16,DE\n10.8.0.0/16,ZZ\n");
    let chain = Chain::builder().source(Forbidden(info("network"))).own(feed).build();
    let located = chain.locate(at("10.1.2.3"));
    assert_eq!(located.place.unwrap().coordinates, Coordinates::new(50.1, 8.7));
    assert_eq!((located.verdict, located.note.as_deref()), (None, Some("private (RFC 1918)")));
    assert_eq!(located.source.as_deref(), Some("geofeed:own.csv"));
    assert_eq!(chain.locate(at("10.7.0.1")).verdict, Some(Verdict::Area));
    let withheld = chain.locate(at("10.8.0.1"));
    assert_eq!((withheld.verdict, withheld.place), (Some(Verdict::Private), None));
}

#[test]
fn a_geofeed_comes_first_and_may_withhold_a_place() {
    let feed = || geofeed("8.8.8.0/24,DE,,Frankfurt\n9.9.9.0/24,ZZ\n");
    let chain = Chain::builder()
        .source(says("mmdb:city", Some(Place { asn: Asn::new(1), ..city("US", "Ashburn") })))
        .own(feed())
        .build();
    let located = chain.locate(at("8.8.8.8"));
    let place = located.place.unwrap();
    assert_eq!(
        (place.city.as_deref(), place.country_code, place.coordinates),
        (Some("Frankfurt"), CountryCode::new("DE"), None)
    );
    assert_eq!(place.asn, Asn::new(1));
    assert_eq!(located.verdict, Some(Verdict::Area));
    assert_eq!(located.source.as_deref(), Some("geofeed:own.csv"));

    let located = chain.locate(at("9.9.9.9"));
    assert_eq!(located.place.unwrap(), Place { asn: Asn::new(1), ..Place::default() });
    assert_eq!(located.verdict, Some(Verdict::Unlocated));
    let note = "not placed by geofeed:own.csv: line 2, a /24, which says that it has no place";
    assert_eq!(located.note.as_deref(), Some(note));
    assert_eq!(located.candidates.len(), 2);
}

#[test]
fn an_empty_answer_of_a_database_withholds_nothing() {
    let chain = Chain::builder()
        .source(says("mmdb:odd", Some(Place::default())))
        .source(says("mmdb:city", Some(country("US"))))
        .build();
    assert_eq!(chain.locate(at("9.9.9.9")).place, Some(country("US")));
}

#[test]
fn a_source_that_fails_is_named_and_the_others_answer() {
    let chain =
        Chain::builder().source(Fails(info("broken"))).source(says("good", Some(country("AR")))).build();
    let located = chain.locate(at("8.8.8.8"));
    assert_eq!(located.place, Some(country("AR")));
    let note = located.note.unwrap();
    assert!(note.contains("broken"), "{note}");
    assert!(note.contains("8.8.8.8"), "{note}");
    assert!(note.contains("cut short"), "{note}");
}

#[test]
fn nothing_known_is_said_so() {
    let nobody = Chain::builder().build();
    let located = nobody.locate(at("8.8.8.8"));
    assert_eq!(located, Located { verdict: Some(Verdict::Unlocated), ..Located::default() });
    let only_as = Chain::builder().source(says("mmdb:asn", Some(network(64500)))).build();
    let located = only_as.locate(at("8.8.8.8"));
    assert_eq!(located.verdict, Some(Verdict::Unlocated));
    assert_eq!(located.source.as_deref(), Some("mmdb:asn 2026-11-01"));
}

#[test]
fn translated_addresses_are_located_as_what_they_carry() {
    let chain = Chain::builder().builtin().unwrap().build();
    let located = chain.locate(at("64:ff9b::8.8.8.8"));
    assert_eq!(located.place.unwrap().asn, Asn::new(15169));
    let note = "IPv4-IPv6 translation (RFC 6052); 8.8.8.8 behind a translator (RFC 6052)";
    assert_eq!(located.note.as_deref(), Some(note));
    let private = chain.locate(at("64:ff9b::10.0.0.1"));
    assert_eq!(private.verdict, Some(Verdict::Private));
    assert!(private.note.unwrap().starts_with("private (RFC 1918)"));
    // The user may have placed either of the two.
    for prefix in ["64:ff9b::a00:0/104", "10.0.0.0/8"] {
        let chain = Chain::builder().own(geofeed(&format!("{prefix},DE"))).build();
        assert_eq!(chain.locate(at("64:ff9b::10.0.0.1")).verdict, Some(Verdict::Area), "{prefix}");
    }
}

#[test]
fn an_atlas_holds_each_address_once() {
    let chain = Chain::builder().builtin().unwrap().build();
    let atlas = chain.atlas([at("8.8.8.8"), at("10.0.0.1"), at("8.8.8.8")]);
    assert_eq!(atlas.places.len(), 2);
    assert_eq!(atlas.consistency, None);
    assert_eq!(atlas.get(at("8.8.8.8")), Some(&chain.locate(at("8.8.8.8"))));
}

#[test]
fn files_that_cannot_be_used_stop_the_building() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x");
    std::fs::write(&path, "not a prefix\n").unwrap();
    assert!(matches!(Chain::builder().places(&path), Err(Error::Geofeed { line: 1, .. })));
    assert!(matches!(Chain::builder().mmdb(&path), Err(Error::Database { .. })));
    assert!(Chain::builder().places(directory.path().join("none")).is_err());
}

fn source(name: &str, country_code: &str) -> Says {
    says(name, Some(city(country_code, name)))
}

/// The sources of the candidates, in their order, and that of the place.
fn order(located: &Located) -> (Vec<&str>, Option<&str>) {
    let sources = located.candidates.iter().map(|candidate| &*candidate.source).collect();
    (sources, located.source.as_deref())
}

#[test]
fn a_host_name_gives_its_hint_a_place_among_the_sources() {
    let address: IpAddr = "193.0.6.139".parse().unwrap();
    let exchanges = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    let dump = r#"{"ix": [{"id": 1, "name": "An IX", "city": "Amsterdam", "country": "NL"}],
        "ixlan": [{"id": 1, "ix_id": 1}], "ixpfx": [{"id": 1, "ixlan_id": 1, "prefix": "193.0.6.0/24"}]}"#;
    std::fs::write(exchanges.path(), dump).unwrap();
    let chain = Chain::builder()
        .hints(Hints::builtin())
        .source(source("mmdb:a", "DE"))
        .builtin()
        .unwrap()
        .exchanges(exchanges.path())
        .unwrap()
        .build();
    let ix = format!("ix:{}", exchanges.path().file_name().unwrap().to_str().unwrap());
    let mut located = chain.locate(address);
    assert_eq!(order(&located).0, [ix.as_str(), "mmdb:a", "builtin"]);
    assert_eq!(located.exchange(), Some("An IX"));
    let unnamed = located.clone();
    chain.name(address, &mut located, "core1.frankfurt.example.net");
    assert_eq!(order(&located).0, [ix.as_str(), "mmdb:a", "hostname:general", "builtin"]);
    chain.name(address, &mut located, "be1.ccr41.fra03.atlas.cogentco.com");
    assert_eq!(order(&located).0, [ix.as_str(), "hostname:cogentco.com", "mmdb:a", "builtin"]);
    assert_eq!(located.hostname.as_deref(), Some("be1.ccr41.fra03.atlas.cogentco.com"));
    // A name that says nothing takes back what the one before said.
    chain.name(address, &mut located, "a.example");
    assert_eq!(located, Located { hostname: Some("a.example".to_owned()), ..unnamed });
    assert_eq!(
        chain.atlas_named([address], &BTreeMap::from([(address, "a.example".to_owned())])).places[&address],
        located
    );
}

#[test]
fn a_hint_is_the_place_where_only_databases_know_another() {
    let chain =
        Chain::builder().hints(Hints::builtin()).source(source("mmdb:a", "FR")).builtin().unwrap().build();
    let located = chain.locate_named("193.0.6.139".parse().unwrap(), "ffm-bb1-link.ip.twelve99.net");
    let place = located.place.as_ref().unwrap();
    assert_eq!((place.city.as_deref(), place.radius_km), (Some("Frankfurt am Main"), Some(25.0)));
    // The network is still that of the address.
    assert_eq!(place.asn, Asn::new(3333));
    assert!(located.source.as_deref().unwrap().starts_with("hostname:twelve99.net "), "{located:?}");
    assert_eq!(located.verdict, None);
}

#[test]
fn names_of_private_addresses_and_of_withheld_ones_place_nothing() {
    let name = "be1.ccr41.fra03.atlas.cogentco.com";
    let chain = Chain::builder().hints(Hints::builtin()).build();
    let private = chain.locate_named("10.0.0.1".parse().unwrap(), name);
    assert_eq!((private.verdict, private.candidates.len()), (Some(Verdict::Private), 0));
    assert_eq!(private.hostname.as_deref(), Some(name));
    let withheld =
        Chain::builder().hints(Hints::builtin()).own(says("geofeed:a", Some(Place::default()))).build();
    let located = withheld.locate_named("193.0.6.139".parse().unwrap(), name);
    assert_eq!((located.place, located.candidates.len()), (None, 1));
    assert_eq!(located.hostname.as_deref(), Some(name));
}
