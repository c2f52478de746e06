use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::pack::{PackError, Range, Sources, country_value, pack};
use super::*;
use crate::country_name;

fn table(sources: &Sources) -> Builtin {
    Builtin::from_bytes(pack(sources, "2026-01-02").unwrap()).unwrap()
}

fn v4(key: u128) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(u32::try_from(key).unwrap()))
}

fn v6(key: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(key))
}

fn country(code: &str) -> u32 {
    country_value(CountryCode::new(code).unwrap())
}

/// The narrowest range that holds the key, the later of equals; by looking at every one.
fn naive(ranges: &[Range], key: u128) -> u32 {
    let mut best: Option<&Range> = None;
    for range in ranges.iter().filter(|range| (range.first..=range.last).contains(&key)) {
        if best.is_none_or(|best| range.last - range.first <= best.last - best.first) {
            best = Some(range);
        }
    }
    best.map_or(0, |range| range.value)
}

/// Ranges of all sizes, also single addresses and whole families, many of them overlapping.
fn ranges(bits: u32) -> impl Strategy<Value = Vec<Range>> {
    let top = u128::MAX >> (128 - bits);
    let range = (0..=bits, any::<u128>(), 0..bits, any::<u128>(), 1..6000_u32).prop_map(
        move |(used, start, size, more, value)| {
            // Few distinct beginnings, so that ranges touch and nest.
            let first = if used == 0 { 0 } else { (start & top) >> (bits - used) << (bits - used) };
            let length = (more & top) >> size;
            Range { first, last: first.saturating_add(length).min(top), value }
        },
    );
    prop::collection::vec(range, 0..60)
}

fn keys(ranges: &[Range], top: u128) -> Vec<u128> {
    let mut keys = vec![0, 1, top - 1, top, top / 2];
    for range in ranges {
        keys.extend([range.first, range.last, range.first.midpoint(range.last)]);
        keys.extend(range.first.checked_sub(1));
        keys.extend(range.last.checked_add(1).filter(|key| *key <= top));
    }
    keys
}

proptest! {
    // Each case builds a database.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn packed_ipv4_answers_are_the_naive_ones(ranges in ranges(32)) {
        let table = table(&Sources { origins4: ranges.clone(), ..Sources::default() });
        for key in keys(&ranges, u128::from(u32::MAX)) {
            let found = table.lookup(v4(key)).unwrap().asn.map_or(0, Asn::get);
            prop_assert_eq!(found, naive(&ranges, key), "{}", v4(key));
        }
    }

    #[test]
    fn packed_ipv6_answers_are_the_naive_ones(ranges in ranges(128)) {
        let table = table(&Sources { origins6: ranges.clone(), ..Sources::default() });
        for key in keys(&ranges, u128::MAX) {
            let found = table.lookup(v6(key)).unwrap().asn.map_or(0, Asn::get);
            prop_assert_eq!(found, naive(&ranges, key), "{}", v6(key));
        }
    }

    #[test]
    fn packed_names_are_the_names(
        names in prop::collection::btree_map(any::<u32>(), "[A-Za-z. \u{e4}\u{4e2d}]{0,20}", 0..1500)
    ) {
        let table = table(&Sources { names: names.clone(), ..Sources::default() });
        for (number, name) in &names {
            for number in [number.saturating_sub(1), *number, number.saturating_add(1)] {
                let Some(asn) = Asn::new(number) else { continue };
                let expected = names.get(&number).map(|name| name.trim()).filter(|name| !name.is_empty());
                prop_assert_eq!(table.as_name(asn).unwrap(), expected, "{} {}", asn, name);
            }
        }
    }

    #[test]
    fn any_bytes_are_refused_or_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Builtin::from_bytes(bytes).is_err());
    }

    /// Damage behind a checksum that was made to fit is found at the latest when the block is opened.
    #[test]
    fn damaged_tables_do_not_panic(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        key in any::<u128>(),
    ) {
        let range = |n: u32| {
            let first = u128::from(n) << 18;
            Range { first, last: first | 0xffff, value: n % 300 + 1 }
        };
        let ranges: Vec<Range> = (0..2000).map(range).collect();
        let names = (1..300).map(|n| (n, format!("name {n}"))).collect();
        let origins4 = ranges.clone();
        let sources = Sources { origins4, origins6: ranges, names, ..Sources::default() };
        let mut bytes = pack(&sources, "2026-01-02").unwrap();
        let at = 16 + at.index(bytes.len() - 16);
        bytes[at] = byte;
        let checksum = crc32fast::hash(&bytes[16..]);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        if let Ok(table) = Builtin::from_bytes(bytes) {
            for shift in 0..128 {
                let _ = table.lookup(v6(key >> shift));
                let _ = table.lookup(v4(key & 0xffff_ffff));
            }
        }
    }
}

#[test]
fn rows_past_a_block_are_found() {
    // 5,000 rows and as many values: several blocks, and values without a short code.
    let ranges: Vec<Range> = (0..5000_u32)
        .map(|n| Range { first: u128::from(n) * 300, last: u128::from(n) * 300 + 255, value: n + 1 })
        .collect();
    let table = table(&Sources { origins4: ranges.clone(), ..Sources::default() });
    for range in &ranges {
        assert_eq!(table.lookup(v4(range.first)).unwrap().asn, Asn::new(range.value));
        assert_eq!(table.lookup(v4(range.last)).unwrap().asn, Asn::new(range.value));
        assert_eq!(table.lookup(v4(range.last + 1)).unwrap().asn, None);
    }
}

#[test]
fn a_country_travels_with_its_name() {
    let table = table(&Sources {
        countries4: vec![Range { first: 0, last: 9, value: country("AR") }],
        origins4: vec![Range { first: 5, last: 9, value: 64500 }],
        names: BTreeMap::from([(64500, "An\tISP".to_owned())]),
        ..Sources::default()
    });
    let evidence = table.locate(v4(7)).unwrap().unwrap();
    assert_eq!((&*evidence.source, evidence.built.as_deref()), ("builtin", Some("2026-01-02")));
    assert_eq!(evidence.place.country_code, CountryCode::new("AR"));
    assert_eq!(evidence.place.country.as_deref(), Some("Argentina"));
    assert_eq!(evidence.place.asn, Asn::new(64500));
    assert_eq!(evidence.place.isp.as_deref(), Some("An ISP"));
    assert_eq!(evidence.place.coordinates, None);
    assert_eq!(table.locate(v4(3)).unwrap().unwrap().place.asn, None);
    assert_eq!(table.locate(v4(10)).unwrap(), None);
    assert_eq!(table.locate(v6(7)).unwrap(), None);
}

#[test]
fn sources_that_make_no_sense_are_refused() {
    let pack_one = |range, built: &str| {
        pack(&Sources { countries4: vec![range], ..Sources::default() }, built).unwrap_err()
    };
    let day = "2026-06-17";
    for range in [
        Range { first: 5, last: 4, value: 1 },
        Range { first: 5, last: 1 << 32, value: 1 },
        Range { first: 5, last: 6, value: 0 },
    ] {
        assert_eq!(pack_one(range, day), PackError::Range(range));
    }
    for built in ["", "2026", "17.06.2026", "2026-6-17", "2026-06-17x", "2026-06-17-1"] {
        let range = Range { first: 5, last: 6, value: 1 };
        assert_eq!(pack_one(range, built), PackError::Date(built.to_owned()));
    }
}

#[test]
fn tables_that_are_none_are_told_apart() {
    let good = pack(&Sources::default(), "2026-01-02").unwrap();
    assert!(Builtin::from_bytes(good.clone()).is_ok());
    let fault = |bytes: Vec<u8>| match Builtin::from_bytes(bytes) {
        Err(Error::Table(fault)) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(Vec::new()), TableFault::NoTable);
    assert_eq!(fault(b"PK\x03\x04 something else".to_vec()), TableFault::NoTable);
    assert_eq!(fault(good[..good.len() - 1].to_vec()), TableFault::Checksum);
    let mut newer = good.clone();
    newer[8] = 2;
    assert_eq!(fault(newer), TableFault::Version { found: 2 });
}

/// The embedded table is the one that was committed, whole, and dated.
#[test]
fn the_embedded_table_is_whole() {
    let table = Builtin::from_bytes(TABLE.to_vec()).unwrap();
    assert_eq!(table.built(), "2026-06-17");
    assert_eq!(Builtin::embedded().unwrap().built(), table.built());
    assert!(TABLE.len() < 3_400_000, "{}", TABLE.len());
}

/// Addresses whose holders have not moved for many years.
#[test]
fn the_embedded_table_knows_well_known_addresses() {
    let table = Builtin::embedded().unwrap();
    for (address, code, asn, name) in [
        ("8.8.8.8", "US", 15169, "Google"),
        ("1.1.1.1", "AU", 13335, "Cloudflare"),
        ("193.0.6.139", "NL", 3333, "RIPE"),
        ("200.160.2.3", "BR", 22548, ""),
        ("196.216.2.6", "ZA", 33764, ""),
        ("2001:67c:2e8:22::c100:68b", "NL", 3333, "RIPE"),
        ("2001:4860:4860::8888", "US", 15169, "Google"),
        ("2400:cb00::1", "US", 13335, "Cloudflare"),
    ] {
        let found = table.lookup(address.parse().unwrap()).unwrap();
        assert_eq!(found.asn, Asn::new(asn), "{address}");
        assert!(found.as_name.unwrap().contains(name), "{address}: {found:?}");
        assert_eq!(found.country, CountryCode::new(code), "{address}");
    }
}

/// Every country of the table has a name.
#[test]
fn every_country_of_the_table_has_a_name() {
    let table = Builtin::embedded().unwrap();
    let mut codes = std::collections::BTreeSet::new();
    for high in 0..=0xffff_u32 {
        let found = table.lookup(IpAddr::V4(Ipv4Addr::from(high << 16 | 0x0101))).unwrap();
        codes.extend(found.country);
    }
    assert!(codes.len() > 150, "{}", codes.len());
    for code in codes {
        assert!(country_name(code).is_some(), "{code}");
    }
}
