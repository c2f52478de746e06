use std::io::Write as _;

use super::*;

/// Rows as PeeringDB has them, with some of the fields that are passed over.
const DUMP: &str = include_str!("tests/peeringdb.json");

fn read(text: &str) -> Result<Exchanges, Error> {
    Exchanges::from_reader(text.as_bytes(), "peeringdb.json", Some("2026-11-01".to_owned()))
}

fn place(exchanges: &Exchanges, address: &str) -> Option<Evidence> {
    exchanges.locate(address.parse().unwrap()).unwrap()
}

/// The dump with one piece replaced.
fn with(piece: &str, other: &str) -> String {
    assert!(DUMP.contains(piece), "{piece}");
    DUMP.replacen(piece, other, 1)
}

#[test]
fn a_lan_leads_to_its_exchange_and_that_to_its_facilities() {
    let exchanges = read(DUMP).unwrap();
    assert_eq!((exchanges.len(), exchanges.remarks().len()), (6, 0));
    let found = place(&exchanges, "203.0.113.77").unwrap();
    assert_eq!((&*found.source, found.built.as_deref()), ("ix:peeringdb.json", Some("2026-11-01")));
    assert_eq!(found.place.isp.as_deref(), Some("EXAMPLE-IX Frankfurt"));
    assert_eq!(found.place.city.as_deref(), Some("Frankfurt"));
    assert_eq!(found.place.country_code, CountryCode::new("DE"));
    let at = found.place.coordinates.unwrap();
    // Between the two facilities that have coordinates.
    assert!((at.latitude() - 50.12).abs() < 0.01 && (at.longitude() - 8.67).abs() < 0.08, "{at:?}");
    let radius = found.place.radius_km.unwrap();
    assert!((12.0..20.0).contains(&radius), "{radius}");
    assert_eq!(
        found.reason.as_deref(),
        Some(
            "peering LAN 203.0.113.0/24 of EXAMPLE-IX Frankfurt, at 2 facilities; its members may be connected from afar"
        )
    );
    assert_eq!(place(&exchanges, "2001:db8:6::1:2").unwrap().place, found.place);
    assert_eq!(place(&exchanges, "203.0.114.1"), None);
    assert_eq!(place(&exchanges, "2001:db8:7::1"), None);
}

#[test]
fn the_longest_prefix_counts() {
    let exchanges = read(DUMP).unwrap();
    let name = |address| place(&exchanges, address).unwrap().place.isp.unwrap();
    assert_eq!(name("198.51.100.1"), "IX of two oceans".into());
    assert_eq!(name("198.51.100.200"), "Ashburn Exchange".into());
}

#[test]
fn without_facilities_the_city_tells_and_without_both_nobody() {
    let exchanges = read(DUMP).unwrap();
    // "Ashburn, VA" is twice in the United States; neither is by far the larger.
    let place_of = |address| place(&exchanges, address).unwrap().place;
    assert_eq!(place_of("198.51.100.200").coordinates, None);
    assert_eq!(place_of("198.51.100.200").city.as_deref(), Some("Ashburn, VA"));
    let vienna = place_of("192.0.2.1");
    assert!((vienna.coordinates.unwrap().latitude() - 48.2).abs() < 0.1 && vienna.radius_km == Some(50.0));
    let nowhere = place_of("192.0.2.129");
    assert_eq!((nowhere.coordinates, nowhere.country_code, nowhere.city), (None, None, None));
}

#[test]
fn an_exchange_across_the_date_line_has_its_middle_there() {
    let exchanges = read(DUMP).unwrap();
    let place = place(&exchanges, "198.51.100.1").unwrap().place;
    assert!(place.coordinates.unwrap().longitude().abs() > 179.0, "{place:?}");
    assert!((100.0..130.0).contains(&place.radius_km.unwrap()), "{place:?}");
}

#[test]
fn tables_may_be_bare_arrays() {
    let bare = DUMP.replace("{\"data\": [", "[").replace("]}", "]");
    assert_eq!(read(&bare).unwrap().len(), 6);
}

#[test]
fn what_makes_no_sense_is_told_with_its_place() {
    let told = |text: &str| read(text).unwrap_err().to_string();
    for (text, causes) in [
        (String::new(), &["EOF", "line 1"][..]),
        ("<html>".to_owned(), &["line 1 column 1"]),
        ("[]".to_owned(), &["line 1"]),
        ("{}".to_owned(), &["`ix`"]),
        ("{\"ix\": []}".to_owned(), &["`ixlan`"]),
        ("{\"ix\": [], \"ixlan\": {\"meta\": {}}}".to_owned(), &["`data`", "line 1"]),
        (with("\"ixpfx\"", "\"ixpfy\""), &["`ixpfx`"]),
        (with("203.0.113.0/24", "203.0.113.0/33"), &["ixpfx", "id 61", "prefix", "203.0.113.0/33"]),
        (with("203.0.113.0/24", "\\u001b[2J"), &["ixpfx", "id 61", "\\u{1b}[2J"]),
        (with("50.1194", "91"), &["fac", "id 81", "latitude", "91"]),
        (with("8.7354", "-180.5"), &["fac", "id 81", "longitude", "-180.5"]),
        (with("50.1194", "\"NaN\""), &["line 26", "expected f64"]),
        (with("\"DE\"", "\"DEU\""), &["ix", "id 6", "country", "DEU"]),
        (with("\"ix_id\": 6, \"fac_id\"", "\"ix_id\": -6, \"fac_id\""), &["line", "-6"]),
        (DUMP.get(..DUMP.len() / 2).unwrap().to_owned(), &["EOF", "line"]),
    ] {
        let message = told(&text);
        assert!(message.starts_with("exchange points peeringdb.json: "), "{message}");
        assert!(causes.iter().all(|cause| message.contains(cause)), "{message}: {causes:?}");
        assert!(!message.contains('\u{1b}'), "{message:?}");
    }
    let deep = format!("{{\"other\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(told(&deep).contains("`ix`") || told(&deep).contains("recursion"), "{}", told(&deep));
}

#[test]
fn a_part_of_a_dump_is_used_as_far_as_it_goes_and_says_so() {
    let cut = with("{\"id\": 6, \"ix_id\": 6", "{\"id\": 66, \"ix_id\": 6");
    let exchanges = read(&cut).unwrap();
    assert_eq!(place(&exchanges, "203.0.113.77"), None);
    let remarks = exchanges.remarks();
    assert!(remarks.len() == 1 && remarks[0].contains("2 prefixes"), "{remarks:?}");
    let foreign = "{\"ix\": [], \"ixlan\": [], \"ixpfx\": [{\"id\": 1, \"ixlan_id\": 1, \"prefix\": \"192.0.2.0/24\"}]}";
    assert!(read(foreign).unwrap_err().to_string().contains("none of its 1 prefixes"));
    assert!(read("{\"ix\": [], \"ixlan\": [], \"ixpfx\": []}").unwrap().is_empty());
}

#[test]
fn files_that_are_none() {
    let missing = Exchanges::open(Path::new("/nonexistent/ix.json")).unwrap_err().to_string();
    assert!(missing.contains("/nonexistent/ix.json"), "{missing}");
    let directory = tempfile::tempdir().unwrap();
    assert!(Exchanges::open(directory.path()).is_err());
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(DUMP.as_bytes()).unwrap();
    assert_eq!(Exchanges::open(file.path()).unwrap().len(), 6);
    // Five gigabytes of nothing are not read.
    file.as_file().set_len(5 << 30).unwrap();
    let large = Exchanges::open(file.path()).unwrap_err().to_string();
    assert!(large.contains("5368709120 bytes"), "{large}");
}
