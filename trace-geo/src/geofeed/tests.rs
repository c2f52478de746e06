use proptest::prelude::*;
use trace_core::model::{Coordinates, CountryCode};

use super::*;

fn read(text: &str) -> Result<Geofeed, Error> {
    Geofeed::from_reader(text.as_bytes(), "office.csv", Some("2026-11-01".to_owned()))
}

fn ask(feed: &Geofeed, address: &str) -> Option<Evidence> {
    feed.locate(address.parse().unwrap()).unwrap()
}

fn city(feed: &Geofeed, address: &str) -> Option<String> {
    ask(feed, address).and_then(|evidence| evidence.place.city).map(|city| city.to_string())
}

/// The message of a file that is refused.
fn refused(text: impl AsRef<[u8]>) -> String {
    Geofeed::from_reader(text.as_ref(), "office.csv", None).unwrap_err().to_string()
}

#[test]
fn a_full_row_is_a_whole_place() {
    let feed = read("192.0.2.0/24,AR,AR-H,Barranqueras,3503,-27.48,-58.94\n").unwrap();
    let evidence = ask(&feed, "192.0.2.99").unwrap();
    assert_eq!(evidence.source, "geofeed:office.csv".into());
    assert_eq!(evidence.built.as_deref(), Some("2026-11-01"));
    assert_eq!(evidence.reason.as_deref(), Some("line 1, a /24"));
    let expected = Place {
        country_code: CountryCode::new("AR"),
        country: Some("Argentina".into()),
        region: Some("AR-H".into()),
        city: Some("Barranqueras".into()),
        coordinates: Coordinates::new(-27.48, -58.94),
        ..Place::default()
    };
    assert_eq!(evidence.place, expected);
    assert_eq!(ask(&feed, "192.0.3.0"), None);
    assert_eq!(ask(&feed, "::ffff:192.0.2.99"), None);
    assert_eq!(feed.len(), 1);
}

#[test]
fn columns_may_be_empty_or_missing_and_more_may_follow() {
    let feed = read(
        "\u{feff}# heading, with \"a quote\n\
         \n  # indented, comment\n\
         192.0.2.0/24\n\
         192.0.3.0/24,de\n\
         192.0.4.0/24, DE , ,\"Frankfurt, Main\" ,,,,future,column\r\n\
         192.0.5.0/24,,,,,50.1,8.7\n\
         192.0.6.0/24,ZZ,,,\n\
         ,,,\n\
         2001:db8::/32,,,Ulm",
    )
    .unwrap();
    assert_eq!(feed.len(), 6);
    let withheld = ask(&feed, "192.0.2.1").unwrap();
    assert!(withheld.place.is_empty());
    assert_eq!(withheld.reason.as_deref(), Some("line 4, a /24, which says that it has no place"));
    assert_eq!(ask(&feed, "192.0.3.1").unwrap().place.country_code, CountryCode::new("DE"));
    assert_eq!(city(&feed, "192.0.4.1").as_deref(), Some("Frankfurt, Main"));
    assert_eq!(ask(&feed, "192.0.5.1").unwrap().place.coordinates, Coordinates::new(50.1, 8.7));
    assert!(ask(&feed, "192.0.6.1").unwrap().place.is_empty());
    assert_eq!(city(&feed, "2001:db8::5").as_deref(), Some("Ulm"));
}

#[test]
fn the_longest_prefix_counts_in_both_families() {
    let feed = read(
        "0.0.0.0/0,,,everywhere\n10.0.0.0/8,,,eight\n10.1.0.0/16,,,sixteen\n10.1.2.3,,,host\n\
         ::/0,,,everywhere6\nfd00::/8,,,eight6\nfd00:1::/32,,,thirtytwo6\nfd00:1::1/128,,,host6\n",
    )
    .unwrap();
    for (address, expected) in [
        ("9.9.9.9", "everywhere"),
        ("10.200.0.0", "eight"),
        ("10.1.2.4", "sixteen"),
        ("10.1.2.3", "host"),
        ("2001:db8::1", "everywhere6"),
        ("fd01::", "eight6"),
        ("fd00:1::2", "thirtytwo6"),
        ("fd00:1::1", "host6"),
    ] {
        assert_eq!(city(&feed, address).as_deref(), Some(expected), "{address}");
    }
}

#[test]
fn broken_rows_are_named_with_line_row_column_and_cause() {
    let at = |row: &str| refused(format!("# comment\n192.0.2.0/24,DE\n\n{row}\n"));
    for (row, message) in [
        (
            "nonsense,DE",
            "column 1 (prefix): \"nonsense\" is no address and no prefix such as 192.0.2.0/24 or 2001:db8::/32 \
             (a heading begins with #)",
        ),
        ("192.0.3.0/33,DE", "column 1 (prefix): \"192.0.3.0/33\" is no address"),
        ("192.0.3.0/,DE", "column 1 (prefix): \"192.0.3.0/\" is no address"),
        ("192.0.3.0/255.255.255.0,DE", "column 1 (prefix): \"192.0.3.0/255.255.255.0\" is no address"),
        (",DE,,Ulm", "column 1 (prefix): \"\" is no address"),
        (
            "192.0.3.1/24,DE",
            "column 1 (prefix): 192.0.3.1/24 has bits set behind its length; meant is 192.0.3.0/24 or a \
             longer prefix",
        ),
        (
            "2001:db8::1/32,DE",
            "column 1 (prefix): 2001:db8::1/32 has bits set behind its length; meant is 2001:db8::/32",
        ),
        (
            "192.0.3.0/24,Germany",
            "column 2 (country): \"Germany\" is no country code of ISO 3166-1 such as DE or BR",
        ),
        (
            "192.0.3.0/24,UK",
            "column 2 (country): \"UK\" is no country code of ISO 3166-1 such as DE or BR; the United \
             Kingdom is GB",
        ),
        ("192.0.3.0/24,DE,,,,91,0", "column 6 (latitude): \"91\" is no number of degrees from -90 to 90"),
        ("192.0.3.0/24,DE,,,,NaN,0", "column 6 (latitude): \"NaN\" is no number"),
        (
            "192.0.3.0/24,DE,,,,50.1,-180.1",
            "column 7 (longitude): \"-180.1\" is no number of degrees from -180 to 180",
        ),
        ("192.0.3.0/24,DE,,,,50.1,inf", "column 7 (longitude): \"inf\" is no number"),
        ("192.0.3.0/24,DE,,,,\"50,1\",8", "column 6 (latitude): \"50,1\" is no number"),
        (
            "192.0.3.0/24,DE,,,,50.1",
            "column 7 (longitude) is empty although the other coordinate is given; give both or none",
        ),
        ("192.0.3.0/24,DE,,,,,8.7", "column 6 (latitude) is empty"),
        ("192.0.3.0/24,DE,,\"Frankfurt", "a quotation mark is opened and not closed; a row is one line"),
        (
            "192.0.3.0/24,DE,, \"Frankfurt, Main\"",
            "column 4 (city) holds a quotation mark; one that encloses a field stands right behind the comma",
        ),
        ("192.0.3.0/24,DE\r192.0.4.0/24,DE", "column 2 (country): \"DE\\r192.0.4.0/24\" is no country code"),
        ("192.0.2.0/24,FR", "line 2 says something else of 192.0.2.0/24; keep one of them"),
    ] {
        let found = at(row);
        let expected = format!("geofeed office.csv, line 4 (row 2): {message}");
        assert!(found.starts_with(&expected), "{row}:\n{found}\n{expected}");
    }
}

#[test]
fn text_in_another_encoding_is_refused() {
    let message = refused(b"192.0.2.0/24,DE\n192.0.3.0/24,DE,,M\xfcnchen\n");
    assert_eq!(
        message,
        "geofeed office.csv, line 2 (row 2): column 4 (city) is no UTF-8 text; save the file in that encoding"
    );
}

#[test]
fn what_is_no_text_at_all_is_refused() {
    assert!(refused(vec![b'x'; 1 << 17]).contains("line 1 (row 1): the line is longer than 64 KiB"));
    assert!(refused(b"\x7fELF\x02\x01\x01\0\0\0").contains("line 1 (row 1): column 1 (prefix)"));
}

#[test]
fn a_row_may_be_repeated_but_not_contradicted() {
    assert_eq!(read("192.0.2.0/24,DE\n192.0.2.0/24,DE\n").unwrap().len(), 2);
    assert!(read("192.0.2.0/24,DE\n192.0.2.0/25,FR\n").is_ok());
    assert!(read("192.0.2.1,DE\n192.0.2.1/32,FR\n").is_err());
}

#[test]
fn reading_that_fails_is_an_error_and_not_an_end() {
    struct Failing(usize);
    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0 == 0 {
                return Err(std::io::Error::other("the disk is gone"));
            }
            self.0 -= 1;
            let row = b"192.0.2.0/24,DE\n";
            buffer[..row.len()].copy_from_slice(row);
            Ok(row.len())
        }
    }
    let error = Geofeed::from_reader(Failing(1), "office.csv", None).unwrap_err();
    assert!(error.to_string().contains("the disk is gone"), "{error}");
}

#[test]
fn files_are_dated_and_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("our places.csv");
    std::fs::write(&path, "10.0.0.0/8,DE\n").unwrap();
    let feed = Geofeed::open(&path).unwrap();
    assert_eq!(feed.info().name, "geofeed:our places.csv".into());
    assert_eq!(feed.info().built.as_ref().unwrap().len(), "2026-11-01".len());
    std::fs::write(&path, "10.0.0.0/8,DE\n10.0.0.0/9,D\n").unwrap();
    let error = Geofeed::open(&path).unwrap_err().to_string();
    assert!(error.contains(&format!("{}, line 2 (row 2)", path.display())), "{error}");
    let error = Geofeed::open(&directory.path().join("none.csv")).unwrap_err().to_string();
    assert!(error.contains("cannot read the geofeed") && error.contains("none.csv"), "{error}");
    assert!(matches!(Geofeed::open(directory.path()), Err(Error::Read { .. })));
}

/// The naive way: every row whose prefix holds the address, the longest one.
fn naive(rows: &[(IpNetwork, usize)], address: IpAddr) -> Option<String> {
    let holding = rows.iter().filter(|(prefix, _)| prefix.contains(address));
    holding.max_by_key(|(prefix, _)| prefix.prefix()).map(|(_, number)| format!("city {number}"))
}

fn network() -> impl Strategy<Value = IpNetwork> {
    // Few bits, so that prefixes nest.
    (any::<bool>(), 0..16_u8, 0..=32_u8).prop_map(|(wide, bits, length)| {
        let (address, length) = if wide {
            (IpAddr::V6((u128::from(bits) << 120 | u128::from(bits)).into()), length * 4)
        } else {
            (IpAddr::V4((u32::from(bits) << 24 | u32::from(bits)).into()), length)
        };
        let network = IpNetwork::new(address, length).unwrap();
        IpNetwork::new(network.network(), length).unwrap()
    })
}

proptest! {
    #[test]
    fn lookups_are_the_naive_ones(
        networks in prop::collection::vec(network(), 0..40),
        bits in any::<[u8; 2]>(),
    ) {
        let mut rows: Vec<(IpNetwork, usize)> = Vec::new();
        let mut text = String::new();
        for (number, network) in networks.into_iter().enumerate() {
            if rows.iter().all(|(known, _)| *known != network) {
                rows.push((network, number));
                text.push_str(&format!("{network},,,city {number}\n"));
            }
        }
        let feed = read(&text).unwrap();
        prop_assert_eq!(feed.len(), rows.len());
        let four = u32::from(bits[0] & 15) << 24 | u32::from(bits[1] & 15);
        let six = u128::from(bits[0] & 15) << 120 | u128::from(bits[1] & 15);
        for address in [IpAddr::V4(four.into()), IpAddr::V6(six.into())] {
            let found = feed.locate(address).unwrap().and_then(|evidence| evidence.place.city);
            prop_assert_eq!(found.map(|city| city.to_string()), naive(&rows, address), "{}", address);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Geofeed::from_reader(bytes.as_slice(), "fuzz", None);
    }

    #[test]
    fn nearly_right_text_never_panics(
        text in "([0-9a-f:./,]{0,12},[A-Z]{0,2},[^\n]{0,10}(,[-0-9.eE]{0,6}){0,5}\n){0,6}"
    ) {
        let _ = read(&text);
    }
}
