use std::io::Write as _;

use proptest::prelude::*;
use trace_core::model::CountryCode;

use super::*;

fn read(name: &str) -> Option<(String, Scheme, Option<String>)> {
    let hint = Hints::builtin().read(name)?;
    Some((hint.city.name.to_owned(), hint.scheme, hint.domain))
}

fn own(text: &str) -> Result<Hints, Error> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Hints::builtin().with(file.path())
}

#[test]
fn the_file_inside_is_whole() {
    let rules = Rules::read(BUILTIN, true).unwrap_or_else(|(line, fault)| panic!("line {line}: {fault}"));
    assert!(rules.operators() >= 60, "{}", rules.operators());
}

#[test]
fn a_hint_says_whence_it_is() {
    let evidence = Hints::builtin().read("be1.ccr41.fra03.Atlas.CogentCo.com.").unwrap().evidence();
    assert_eq!(evidence.source, "hostname:cogentco.com".into());
    assert_eq!(
        evidence.reason.as_deref(),
        Some("\"fra\" is an airport's code, as cogentco.com names its routers")
    );
    assert_eq!(evidence.place.city.as_deref(), Some("Frankfurt am Main"));
    assert_eq!(evidence.place.country_code, CountryCode::new("DE"));
    assert_eq!((evidence.place.radius_km, evidence.verdict), (Some(50.0), None));
    let evidence = Hints::builtin().read("ae1.core1.frankfurt.example.net").unwrap().evidence();
    assert_eq!(evidence.source, "hostname:general".into());
    assert_eq!(evidence.place.radius_km, Some(25.0));
}

#[test]
fn schemes_are_told_apart() {
    let known = |city: &str, scheme, domain: &str| Some((city.to_owned(), scheme, Some(domain.to_owned())));
    for (name, expected) in [
        ("ae-1.r21.frnkge13.de.bb.gin.ntt.net", known("Frankfurt am Main", Scheme::Clli, "ntt.net")),
        ("ae1.edge4.Frankfurt1.Level3.net", known("Frankfurt am Main", Scheme::City, "level3.net")),
        ("ffm-bb2-link.ip.twelve99.net", known("Frankfurt am Main", Scheme::Own, "twelve99.net")),
        ("defra1-edge-bx-012.aaplimg.com", known("Frankfurt am Main", Scheme::Locode, "aaplimg.com")),
        // A domain counts from a dot on.
        ("core1.fra1.nothe.net", Some(("Frankfurt am Main".to_owned(), Scheme::Iata, None))),
        ("he.net", None),
    ] {
        assert_eq!(read(name), expected, "{name}");
    }
}

#[test]
fn towns_are_found_by_four_letters_of_theirs() {
    for (name, city) in [
        ("cr01.wlmg01-nc.us.windstream.net", Some("Wilmington")),
        ("ae0.spkn.wa.frontiernet.net", Some("Spokane")),
        ("rochnyxyz-bcr00.netops.charter.com", Some("Rochester")),
        // There is no such state, and no such town.
        ("cr01.wlmg01-zz.us.windstream.net", None),
        ("cr01.xqzk01-nc.us.windstream.net", None),
    ] {
        assert_eq!(read(name).map(|(city, ..)| city).as_deref(), city, "{name}");
    }
}

#[test]
fn false_friends() {
    for name in [
        "ash.core.example.net",
        "gig0-1.core.example.net",
        "eth1.core.example.net",
        "vie.core1.example.net",
        "bar1.core.example.net",
        "cor2.core.example.net",
        "lag7.core.example.ng",
        "te-1.core.example.in",
        "static.core1.fra1.example.net",
        "dyn.core1.fra1.example.net",
        "customer.core1.fra1.example.net",
        "core1.fra1.example.se",
    ] {
        assert_eq!(read(name), None, "{name}");
    }
    // The country in the name makes a place of a word.
    assert_eq!(read("cr1.vie2.example.at").unwrap().0, "Vienna");
    assert_eq!(read("cr1.fra1.de.example.se").unwrap().0, "Frankfurt am Main");
}

#[test]
fn a_file_of_the_users_own_goes_first() {
    let hints = own("# mine\n\
        cogentco.com,own,,\"\\.([a-z]{3})\\d\\d\\.atlas$\",fra=50.48:12.37:My_Attic/DE zzz=MUC\n\
        home.example,iata,,^([a-z]{3}),\n\
        *,words,,,frankfurt\n")
    .unwrap();
    let city = |name: &str| hints.read(name).map(|hint| hint.city.name);
    assert_eq!(city("be1.ccr41.fra03.atlas.cogentco.com"), Some("My Attic"));
    assert_eq!(city("be1.ccr41.zzz03.atlas.cogentco.com"), Some("Munich"));
    // What it does not know is left to the patterns inside.
    assert_eq!(city("be1.ccr41.ber01.atlas.cogentco.com"), Some("Berlin"));
    assert_eq!(city("osl.home.example"), Some("Oslo"));
    assert_eq!(city("core1.frankfurt.example.net"), None);
}

#[test]
fn what_makes_no_sense_is_told_with_its_place() {
    let told = |text: &str| own(text).unwrap_err().to_string();
    for (text, line, cause) in [
        ("# mine\na.example,iata,,(x)\n", 2, "five columns"),
        ("a.example,airport,,(x),\n", 1, "airport"),
        ("a.example,iata,Germany,(x),\n", 1, "Germany"),
        ("a.example,iata,,(x,\n", 1, "(x"),
        ("a.example,iata,,xyz,\n", 1, "no group"),
        ("a.example,iata,,(x),a=Nowhere/DE\n", 1, "a=Nowhere/DE"),
        ("a.example,iata,,(x),a=91:0:Berlin/DE\n", 1, "a=91:0:Berlin/DE"),
        ("a.example,iata,,(x),a\n", 1, "\"a\""),
        ("*,own,,,a=FRA\n", 1, "own"),
        (" ,iata,,(x),\n", 1, "no domain"),
        ("\n\nb.example,none,,\"(((((x{1000}){1000}){1000}){1000}){1000})\",\n", 3, "x{1000}"),
    ] {
        let message = told(text);
        assert!(message.contains(&format!("line {line}:")) && message.contains(cause), "{message}");
    }
    let missing = Hints::builtin().with(Path::new("/nonexistent/hints.csv")).unwrap_err().to_string();
    assert!(missing.contains("/nonexistent/hints.csv"), "{missing}");
}

#[test]
fn names_that_are_none_say_nothing() {
    let long = format!("core1.fra1.{}.net", "a".repeat(250));
    for name in
        ["", ".", "..", "core1.fra1.\u{1b}[2J.net", "core1.fra1.ex ample.net", "кор1.fra1.example.net", &long]
    {
        assert_eq!(read(name), None, "{name:?}");
    }
}

proptest! {
    #[test]
    fn no_name_is_too_much(name in "[a-z0-9._-]{0,260}|.{0,80}|([a-z]{0,12}[0-9]{0,3}[.-]){0,20}(ntt|he|cox|fr)\\.(net|eu)") {
        let _ = Hints::builtin().read(&name);
    }
}
