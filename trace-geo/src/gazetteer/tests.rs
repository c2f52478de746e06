use std::collections::BTreeSet;

use super::layout::{HEADER, Table};
use super::pack::{Entry, PackError, pack};
use super::*;

fn entry(name: &str, country: &str, region: Option<&str>, population: u32, codes: &[&str]) -> Entry {
    let letters = |text: &str| text.as_bytes().try_into().unwrap();
    Entry {
        name: name.to_owned(),
        country: letters(country),
        region: region.map(letters),
        latitude: -34.605,
        longitude: 179.994,
        population,
        aliases: BTreeSet::new(),
        codes: codes.iter().map(|code| code.as_bytes().try_into().unwrap()).collect(),
    }
}

fn open(entries: &[Entry]) -> Table {
    Table::new(pack(entries, *b"2026-09-05").unwrap().leak()).unwrap()
}

fn names(table: Table, places: impl Iterator<Item = u16>) -> Vec<&'static str> {
    places.map(|place| table.city(place).unwrap().name).collect()
}

#[test]
fn what_was_packed_is_found() {
    let mut wide = entry("Żółw", "PL", None, 7_999, &["ZLW"]);
    wide.aliases.insert("Turtle-Town".to_owned());
    let table = open(&[
        entry("Springfield", "US", Some("MO"), 160_000, &[]),
        entry("Springfield", "US", Some("IL"), 114_000, &["SPI"]),
        entry("Aurora", "US", Some("IL"), 180_000, &[]),
        wide,
    ]);
    assert_eq!(table.codes(), 2);
    let turtle = table.city(table.coded(*b"ZLW").unwrap()).unwrap();
    assert_eq!((turtle.name, turtle.region, turtle.population), ("Żółw", None, 7_000));
    let at = turtle.coordinates;
    assert!((at.latitude() + 34.605).abs() < 0.006 && (at.longitude() - 179.994).abs() < 0.006, "{at:?}");
    assert_eq!(names(table, table.named("turtletown")), ["Żółw"]);
    assert_eq!(table.named("springfield").count(), 2);
    assert_eq!(table.named("spring").count() + table.named("").count() + table.named("zz").count(), 0);
    let us = CountryCode::new("us").unwrap();
    assert_eq!(names(table, table.within(us, Some("il"))), ["Aurora", "Springfield"]);
    assert_eq!(table.within(us, None).count(), 3);
    assert_eq!(table.within(us, Some("XX")).count() + table.within(us, Some("Illinois")).count(), 3);
    assert_eq!(table.city(table.within(us, Some("MO")).next().unwrap()).unwrap().region, Some("MO"));
    assert_eq!((table.coded(*b"AAA"), table.coded(*b"zlw"), table.city(4)), (None, None, None));
}

#[test]
fn one_code_leads_to_one_place() {
    let twice = [entry("a", "DE", None, 0, &["AAA"]), entry("b", "DE", None, 0, &["AAA"])];
    assert_eq!(pack(&twice, *b"2026-09-05"), Err(PackError::Twice("AAA".to_owned())));
}

#[test]
fn a_cut_or_foreign_table_is_none() {
    let whole: &'static [u8] = pack(&[entry("a", "DE", None, 0, &["AAA"])], *b"2026-09-05").unwrap().leak();
    for end in 0..whole.len() {
        assert!(Table::new(&whole[..end]).is_none(), "{end}");
    }
    assert!(Table::new(PACKED.get(1..).unwrap()).is_none());
    for end in [0, HEADER - 1, HEADER + 1, PACKED.len() - 1] {
        assert!(inflate(&PACKED[..end]).is_none(), "{end}");
    }
    let empty = Table::default();
    assert_eq!((empty.coded(*b"FRA"), empty.named("berlin").count()), (None, 0));
}

#[test]
fn the_table_inside_is_whole() {
    assert_eq!(built(), "2026-09-05");
    let whole = inflate(PACKED).unwrap();
    assert_eq!(pack::deflate(&whole), PACKED);
    let crc = u32::from_le_bytes(*whole[12..].first_chunk().unwrap());
    assert_eq!(crc, crc32fast::hash(&whole[16..]));
    assert!(whole.len() > HEADER && airport_codes() >= 7_000, "{}", airport_codes());
    let mut read = 0_u16;
    while table().city(read).is_some() {
        read += 1;
    }
    assert!(read > 12_000, "{read}");
}

#[test]
fn places_everybody_knows() {
    for (code, name, country) in [
        ("fra", "Frankfurt am Main", "DE"),
        ("FRA", "Frankfurt am Main", "DE"),
        ("lon", "London", "GB"),
        ("gig", "Rio de Janeiro", "BR"),
        ("iad", "Ashburn", "US"),
        ("nyc", "New York City", "US"),
        ("zrh", "Zürich", "CH"),
        ("dfw", "Dallas", "US"),
    ] {
        let found = airport(code).unwrap();
        assert_eq!((found.name, found.country_code.as_str()), (name, country), "{code}");
    }
    for code in ["", "fr", "fran", "ae1", "é"] {
        assert_eq!(airport(code), None, "{code}");
    }
    let most = |name: &str| {
        let city = cities(name)[0];
        (city.name, city.country_code.to_string(), city.region)
    };
    assert_eq!(most("SAO paulo"), ("São Paulo", "BR".to_owned(), None));
    assert_eq!(most("new-york"), ("New York City", "US".to_owned(), Some("NY")));
    assert_eq!(most("wien"), ("Vienna", "AT".to_owned(), None));
    assert_eq!(most("Frankfurt"), ("Frankfurt am Main", "DE".to_owned(), None));
    assert_eq!(most("montreal"), ("Montréal", "CA".to_owned(), Some("QC")));
    assert!(cities("london").len() > 1 && cities("nowhere at all").is_empty());
}
