use super::*;

#[test]
fn files_that_are_no_database_or_damaged_are_refused() {
    let refused = |bytes: Vec<u8>| match Mmdb::from_bytes(bytes, "/data/some.mmdb") {
        Err(error @ Error::Database { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let good = bytes("GeoLite2-City", IpVersion::V6, &[("203.0.112.0/24", city_record())]);
    assert!(refused(Vec::new()).starts_with("/data/some.mmdb is no usable MaxMind-format database: "));
    refused(b"<html>404</html>".to_vec());
    refused(good[..good.len() - 20].to_vec());
    refused(good[good.len() / 2..].to_vec());
    // A record that is no map places nothing.
    let words = bytes("Words", IpVersion::V4, &[("203.0.112.0/24", text("a word"))]);
    let message = refused(words);
    assert!(message.contains("expected a map of what is known of a network"), "{message}");
    // A float of the wrong length, where every record is read at opening.
    let mut broken = good;
    let double = broken
        .windows(9)
        .position(|window| window == [&[0x68][..], &(-27.4813_f64).to_be_bytes()].concat())
        .unwrap();
    broken[double] = 0x67;
    refused(broken);
}

#[test]
fn what_is_no_database_is_named_with_the_place_looked_at() {
    let mut tar = vec![0; 512];
    tar[..4].copy_from_slice(b"file");
    tar[257..262].copy_from_slice(b"ustar");
    for (bytes, expected) in [
        (Vec::new(), "it is empty"),
        (vec![0x1f, 0x8b, 8, 0], "compressed by gzip"),
        (b"PK\x03\x04rest".to_vec(), "a zip archive"),
        (b"SQLite format 3\0".to_vec(), "an SQLite database"),
        (b"<!doctype html>".to_vec(), "a page of the web"),
        (tar, "a tar archive"),
        (
            vec![0; 300_000],
            "at offset 168928: it begins with nothing but zeros; no metadata in its last 131072 bytes",
        ),
        (vec![4, 24, 26, 9, 18, 0], "IP2Location"),
    ] {
        let message = Mmdb::from_bytes(bytes, "x.mmdb").unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
        assert!(message.starts_with("x.mmdb is no usable"), "{message}");
    }
}

/// A sparse file: it takes no room, and only its ends are read.
#[test]
fn a_file_of_five_gigabytes_of_nothing_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large.mmdb");
    let file = File::create(&path).unwrap();
    if let Err(error) = file.set_len(5 << 30) {
        use std::io::Write;
        writeln!(std::io::stderr(), "SKIPPED: no file of 5 GB can be made here: {error}").unwrap();
        return;
    }
    let message = Mmdb::open(&path).unwrap_err().to_string();
    assert!(message.contains("zeros") && message.contains("at offset 5368578048"), "{message}");
}

#[test]
fn a_damaged_record_is_refused_with_its_offset() {
    let mut broken = bytes("GeoLite2-City", IpVersion::V6, &[("203.0.112.0/24", city_record())]);
    let name = broken.windows(12).position(|window| window == b"Barranqueras").unwrap();
    broken[name] = 0xff;
    let message = Mmdb::from_bytes(broken, "x.mmdb").unwrap_err().to_string();
    assert!(message.contains("offset") && message.contains("UTF-8"), "{message}");
}

#[test]
fn files_are_opened_small_and_large() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("city.mmdb");
    std::fs::write(&path, bytes("DBIP-City-Lite", IpVersion::V6, &[("203.0.112.0/24", city_record())]))
        .unwrap();
    let small = Mmdb::open(&path).unwrap();
    assert!(matches!(load(&path).unwrap(), Source::Memory(_)));
    assert_eq!(ask(&small, "203.0.112.7").unwrap().place, barranqueras());
    assert!(small.info().attribution.as_ref().unwrap().contains("DB-IP"));

    let long = "x".repeat(1000);
    let mut writer = Writer::builder("Large").ip_version(IpVersion::V4).build();
    for index in 0..1200_u32 {
        let record =
            map([("city", text(&format!("city {index}"))), ("padding", text(&format!("{long}{index}")))]);
        writer
            .insert_value(IpNet::new(std::net::Ipv4Addr::from(index << 16).into(), 16).unwrap(), record)
            .unwrap();
    }
    std::fs::write(&path, writer.to_bytes().unwrap()).unwrap();
    let large = Mmdb::open(&path).unwrap();
    assert!(matches!(load(&path).unwrap(), Source::Mapped(_)));
    assert_eq!(ask(&large, "4.175.0.1").unwrap().place.city.as_deref(), Some("city 1199"));
    large.check().unwrap();

    let missing = Mmdb::open(&directory.path().join("none.mmdb")).unwrap_err().to_string();
    assert!(missing.contains("none.mmdb") && missing.contains("cannot read"), "{missing}");
    assert!(matches!(Mmdb::open(directory.path()), Err(Error::Read { .. })));
}

proptest! {
    // Each case builds a database.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = Mmdb::from_bytes(bytes, "fuzz");
    }

    /// One byte changed anywhere in a good file: refused, or every lookup still ends with an answer or an
    /// error.
    #[test]
    fn a_changed_byte_never_panics(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        address in any::<u32>(),
    ) {
        let records = [
            ("203.0.112.0/24", city_record()),
            ("10.0.0.0/9", map([("asn", text("AS1"))])),
            ("2a00:1::/32", city_record()),
        ];
        let mut bytes = bytes("GeoLite2-City", IpVersion::V6, &records);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        // As a large file, whose records are not all read when it is opened.
        if let Ok(reader) = Reader::from_source(Source::Memory(bytes)) {
            let info = SourceInfo { name: "fuzz".into(), built: None, attribution: None };
            let database = Mmdb { info, file: "fuzz".to_owned(), reader, metadata_at: 0 };
            let _ = database.check();
            let fixed = ["203.0.112.9", "2a00:1::9"].map(|address| address.parse().unwrap());
            for address in fixed.into_iter().chain([IpAddr::V4(address.into())]) {
                let _ = database.locate(address);
            }
        }
    }
}

/// More nodes than there are bytes for, since the front half is gone: the reader tells no place of that, so the metadata's own is told.
#[test]
fn a_search_tree_that_is_wrong_as_a_whole_is_refused_where_it_is_described() {
    let mut bytes = bytes("GeoLite2-City", IpVersion::V6, &[("203.0.112.0/24", city_record())]);
    bytes.drain(..bytes.len() / 2);
    let metadata = bytes.windows(MARKER.len()).rposition(|window| window == MARKER).unwrap();
    let message = Mmdb::from_bytes(bytes, "x.mmdb").unwrap_err().to_string();
    assert!(
        message.contains(&format!("at offset {metadata}")) && message.contains("search tree"),
        "{message}"
    );
}
