use std::fmt::Write as _;
use std::io::Cursor;
use std::path::Path;

use trace_core::model::{Coordinates, TraceKind, Ttl};

use super::*;
use crate::{Documents, Store};

const HEADING: &str = "CITY,ID,HOP,LONGITUDE,LATITUDE,IP,DATE_CREATED\n";
const ID: &str = "0000e459-0cfb-47a0-9a6c-ff8d92e3ebef";

fn of(text: &str) -> Result<Vec<(Trace, Atlas)>, Error> {
    read(Cursor::new(text.as_bytes().to_vec()), Path::new("old.csv"))?.collect()
}

/// Line, column and cause of everything that is wrong.
fn problems(text: &str) -> Vec<String> {
    match of(text) {
        Err(Error::Faulty { problems, more: 0, .. }) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_old_trace_is_what_its_rows_were_meant_to_say() {
    let text = format!(
        "{HEADING}Monroe,{ID},1,-84.40153,39.44047,4.68.110.158,\"2021-01-31 16:06:12.489-0500\"\n\
         \"Bogota, D.C.\",{ID},3,unknown,unknown,66.110.72.157,\"2021-01-31 22:06:12.544+0100\"\n\
         unknown,{ID},4,,,unknown,2021-01-31 21:06:12.6+0000\n"
    );
    let traces = of(&text).unwrap();
    let [(trace, atlas)] = traces.as_slice() else { panic!("{traces:?}") };
    assert_eq!((trace.id.to_string().as_str(), trace.kind), (ID, TraceKind::Imported));
    assert_eq!(trace.started, 1_612_127_172_489_000_000);
    assert_eq!(
        (trace.target.as_ref(), trace.outcome, trace.protocol, trace.duration),
        (None, None, None, None)
    );
    let hops: Vec<_> =
        trace.hops.iter().map(|hop| (hop.ttl.get(), hop.probes.len(), hop.answerers())).collect();
    let address = |text: &str| vec![text.parse().unwrap()];
    // The number that is missing stays a hop without probes; a hop without an address was silent.
    assert_eq!(
        hops,
        [(1, 1, address("4.68.110.158")), (2, 0, vec![]), (3, 1, address("66.110.72.157")), (4, 1, vec![])]
    );
    assert_eq!(trace.hops[2].probes[0].sent, Some(core::time::Duration::from_millis(55)));
    assert_eq!(trace.hops[2].probes[0].reply().unwrap().rtt, None);
    let place = |text: &str| atlas.get(text.parse().unwrap()).unwrap().place.clone().unwrap();
    assert_eq!(place("4.68.110.158").coordinates, Coordinates::new(39.44047, -84.40153));
    let bogota = place("66.110.72.157");
    assert_eq!((bogota.city.as_deref(), bogota.coordinates), (Some("Bogota, D.C."), None));
    assert_eq!(atlas.places.len(), 2);
    assert!(atlas.places.values().all(|located| located.verdict.is_none()), "nothing judges it");
}

#[test]
fn columns_and_rows_stand_in_any_order() {
    let (mut straight, mut mixed) =
        (HEADING.to_owned(), "\u{feff}ip,Date_Created,note,HOP,latitude,ID,LONGITUDE,CITY\r\n".to_owned());
    for hop in 1..=3 {
        for trace in ["a", "b"] {
            writeln!(straight, "Rome,{trace},{hop},12.5,41.9,192.0.2.{hop},2021-01-31 16:06:1{hop}+0000")
                .unwrap();
        }
    }
    for hop in [2, 1, 3] {
        for trace in ["a", "b"] {
            write!(mixed, "192.0.2.{hop},2021-01-31 16:06:1{hop}Z,x,{hop}.0,41.9,{trace},12.5,Rome\r\n")
                .unwrap();
        }
    }
    assert_eq!(of(&straight).unwrap(), of(&mixed).unwrap());
    assert_eq!(of(&straight).unwrap().len(), 2);
}

#[test]
fn an_id_that_is_no_uuid_becomes_the_same_one_every_time() {
    let row = |id: &str, ip: &str| format!("{HEADING}Rome,{id},1,12.5,41.9,{ip},2021-01-31 16:06:12+0000\n");
    let id = |text: &str| of(text).unwrap()[0].0.id;
    let seven = id(&row("7", "192.0.2.1"));
    assert_eq!(seven.to_string(), "7a5a7b78-532d-509c-8bc2-02f8676854e0");
    assert_eq!(seven.get_version_num(), 5);
    // Places may be told differently; another number, date or address is another trace.
    assert_eq!(id(&row("7", "192.0.2.1").replace("Rome", "Roma")), seven);
    let others =
        [row("8", "192.0.2.1"), row("7", "192.0.2.2"), row("7", "192.0.2.1").replace("2021", "2022")];
    assert!(others.iter().all(|other| id(other) != seven));
}

#[test]
fn a_row_that_is_there_twice_counts_once_and_two_answers_of_a_hop_stay_two() {
    let row = |ip: &str, city: &str| format!("{city},{ID},1,12.5,41.9,{ip},2021-01-31 16:06:12+0000\n");
    let text = format!(
        "{HEADING}{0}{0}{1}{2}",
        row("192.0.2.1", "Rome"),
        row("192.0.2.2", "Rome"),
        row("192.0.2.1", "Roma")
    );
    let (trace, atlas) = of(&text).unwrap().pop().unwrap();
    assert_eq!(trace.hops[0].probes.len(), 3);
    assert_eq!(trace.hops[0].answerers().len(), 2);
    let located = atlas.get("192.0.2.1".parse().unwrap()).unwrap();
    assert_eq!(located.place.as_ref().unwrap().city.as_deref(), Some("Rome"));
    assert_eq!(located.candidates.len(), 2, "what else was told of it is kept");
}

#[test]
fn everything_that_is_wrong_is_told_with_line_and_column() {
    let text = format!(
        "{HEADING}Rome,{ID},0,12.5,41.9,192.0.2.1,2021-01-31 16:06:12+0000\n\
         Rome,{ID},1,12.5,91,192.0.2.1,2021-01-31 16:06:12+0000\n\
         Rome,{ID},1,-180.5,41.9,192.0.2.1,2021-01-31 16:06:12+0000\n\
         Rome,{ID},1,12.5,41.9,192.0.2.256,2021-01-31 16:06:12+0000\n\
         Rome,{ID},1,12.5,41.9,192.0.2.1,31.01.2021\n\
         Rome,,1,12.5,41.9,192.0.2.1,2021-01-31 16:06:12+0000\n\
         Rome,{ID},1,12.5,,192.0.2.1,2021-01-31 16:06:12+0000\n\
         Rome,{ID},1,12.5\n\
         Rome,{ID},1,NaN,inf,192.0.2.1,2021-01-31 16:06:12+0000\n"
    );
    assert_eq!(
        problems(&text),
        [
            "line 2, HOP: \"0\" is no hop: hops are numbered from 1 to 255",
            "line 3, LATITUDE: \"91\" is out of range: LATITUDE goes from -90 to 90",
            "line 4, LONGITUDE: \"-180.5\" is out of range: LONGITUDE goes from -180 to 180",
            "line 5, IP: \"192.0.2.256\" is no IPv4 or IPv6 address",
            "line 6, DATE_CREATED: \"31.01.2021\" is no date; one looks like 2021-01-31 16:06:12.489-0500",
            "line 7, ID: it is missing",
            "line 8, LATITUDE: it is missing, and the longitude is there",
            "line 9: it has 4 columns, and the heading has 7",
            "line 10, LATITUDE: \"inf\" is out of range: LATITUDE goes from -90 to 90",
        ]
    );
    let many = format!("{HEADING}{}", "Rome,,1,,,,\n".repeat(30));
    let error = of(&many).unwrap_err();
    assert!(matches!(&error, Error::Faulty { problems, more: 20, .. } if problems.len() == 10), "{error}");
    assert!(error.to_string().starts_with("old.csv makes no sense in 30 places"), "{error}");
}

#[test]
fn a_heading_that_lacks_something_is_told() {
    assert_eq!(
        problems("CITY,ID,LONGITUDE,HOP,HOP\n"),
        [
            "line 1, HOP: this column is there twice",
            "line 1, IP: this column is missing",
            "line 1, DATE_CREATED: this column is missing",
            "line 1, LATITUDE: this column is missing",
        ]
    );
}

#[test]
fn what_has_none_of_the_forms_is_refused() {
    let reason = |bytes: &[u8], name: &str| match read(Cursor::new(bytes.to_vec()), Path::new(name)) {
        Err(Error::Unreadable { reason, .. }) => reason,
        other => panic!("{name}: {other:?}"),
    };
    for (bytes, name) in [
        (&b"\x80\x04\x95\x10"[..], "result"),
        (b"\x80\x02}q\x00", "result.bin"),
        (b"(lp0\n", "trace.pkl"),
        (b"{}", "trace.Pickle"),
    ] {
        assert!(reason(bytes, name).contains("pickle"), "{name}");
    }
    assert!(reason(b" \n", "a").contains("empty"));
    assert!(reason(b"GIF89a\0\0", "a").contains("neither"));
    assert!(reason(b"one line of text\n", "a").contains("neither"));
    assert!(reason(b"SQLite format 3\0....", "a").contains("pipe"));
    assert!(reason(b"id,started,target,target_address,ttl\n", "a").contains("jsonl"));
}

#[test]
fn documents_come_in_every_form_and_what_is_wrong_in_one_is_told() {
    let traces: Vec<_> = (0..3).map(|number| crate::store::tests::realistic::trace(number, 3, 2)).collect();
    let pretty: Vec<String> =
        traces.iter().map(|(trace, atlas)| crate::document::write(trace, atlas)).collect();
    let lines: String =
        traces.iter().map(|(trace, atlas)| crate::document::write_line(trace, atlas)).collect();
    assert_eq!(of(&lines).unwrap(), traces);
    assert_eq!(of(&pretty.concat()).unwrap(), traces);
    assert_eq!(of(&format!("[\n{}]\n", pretty.join(","))).unwrap(), traces);
    let broken = lines.replacen("\"kind\":\"measured\"", "\"kind\":\"invented\"", 1);
    let told = problems(&format!("\n{broken}{}", &pretty[0][..pretty[0].len() - 9]));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].starts_with("line 2, column ") && told[0].contains("kind") && told[0].contains("invented"),
        "{}",
        told[0]
    );
    assert!(told[1].starts_with("line 5: ") && told[1].contains("cut off"), "{}", told[1]);
}

#[test]
fn the_old_database_comes_in_as_the_same_traces_as_its_csv() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("old.sqlite");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch(
        "CREATE TABLE TRACE (ID TEXT, HOP INTEGER, IP TEXT, COUNTRY TEXT, CITY TEXT, ISP TEXT, LATITUDE REAL, LONGITUDE REAL,
             DATE_CREATED TEXT);
         INSERT INTO TRACE VALUES
             ('7', 2, '192.0.2.2', 'Italy', 'unknown', 'an ISP', 'unknown', 'unknown', '2021-01-31 16:06:13+0000'),
             ('7', 1, '192.0.2.1', 'Italy', 'Rome', 'unknown', 41.9, 12.5, '2021-01-31 16:06:12+0000'),
             ('7', 3, 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', '2021-01-31 16:06:14+0000');",
    )
    .unwrap();
    let before = std::fs::read(&path).unwrap();
    let (trace, atlas) = open(&path).unwrap().map(Result::unwrap).next().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
    let text = format!(
        "{HEADING}Rome,7,1,12.5,41.9,192.0.2.1,2021-01-31 16:06:12+0000\n,7,2,,,192.0.2.2,2021-01-31 16:06:13+0000\n\
         ,7,3,,,,2021-01-31 16:06:14+0000\n"
    );
    assert_eq!(of(&text).unwrap()[0].0, trace);
    let place = |last: u8| atlas.get([192, 0, 2, last].into()).unwrap().place.clone().unwrap();
    assert_eq!((place(1).isp, place(1).country.as_deref()), (None, Some("Italy")));
    assert_eq!((place(2).isp.as_deref(), place(2).coordinates), (Some("an ISP"), None));
    assert_eq!(trace.hops[2].ttl, Ttl::new(3).unwrap());

    old.execute_batch("INSERT INTO TRACE (ID, HOP, IP, LATITUDE) VALUES ('8', 'one', '192.0.2.1', 1)")
        .unwrap();
    let error = open(&path).unwrap_err().to_string();
    assert!(error.contains("line 4, HOP: \"one\" is no hop"), "{error}");
}

#[test]
fn databases_that_are_none_of_the_old_scripts_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    drop(Store::open(directory.path()).unwrap());
    let error = open(&directory.path().join(Store::FILE)).unwrap_err().to_string();
    assert!(error.contains("export --all"), "{error}");
    let path = directory.path().join("other.sqlite");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE t (a)").unwrap();
    assert!(open(&path).unwrap_err().to_string().contains("without a table TRACE"));
    std::fs::write(&path, [&b"SQLite format 3\0"[..], &[7; 4000]].concat()).unwrap();
    assert!(matches!(open(&path), Err(Error::Unsound { .. })));
    assert!(matches!(open(directory.path()), Err(Error::File { .. })));
    assert!(matches!(open(&directory.path().join("nothing")), Err(Error::File { .. })));
}

#[test]
fn bringing_in_the_same_again_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let mut text = HEADING.to_owned();
    for trace in 0..1200 {
        for hop in 1..4 {
            writeln!(text, "Rome,{trace},{hop},12.5,41.9,192.0.2.{hop},2021-01-31 16:06:12+0000").unwrap();
        }
    }
    let bring = |store: &mut Store, text: &str| {
        let traces = read(Cursor::new(text.as_bytes().to_vec()), Path::new("old.csv")).unwrap();
        store.import(traces, Documents::Skip)
    };
    let first = bring(&mut store, &text);
    assert_eq!((first.new, first.known, first.failed.is_none()), (1200, 0, true));
    let second = bring(&mut store, &text);
    assert_eq!((second.new, second.known, second.failed.is_none()), (0, 1200, true));
    assert!(store.check().unwrap().is_sound());
    // Another trace of an id that is there: it alone is left out.
    let uuid = of(&text).unwrap()[3].0.id;
    let clash = format!(
        "{HEADING}Rome,{uuid},9,,,192.0.2.9,2021-01-31 16:06:12+0000\nRome,new,1,,,192.0.2.9,2021-01-31 16:06:12+0000\n"
    );
    let third = bring(&mut store, &clash);
    assert_eq!((third.new, third.known, third.different), (1, 0, vec![uuid]));
    assert_eq!(store.count().unwrap(), 1201);
}

#[test]
fn a_line_that_does_not_end_is_told_and_read_no_further() {
    /// What is read of it is counted: whoever reads on does not fail, but takes all memory in the end.
    struct Endless<'a>(&'a [u8], &'a std::cell::Cell<u64>);
    impl Read for Endless<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let read = self.0.chain(std::io::repeat(b',')).read(buffer)?;
            self.0 = self.0.get(read..).unwrap_or_default();
            self.1.set(self.1.get() + read as u64);
            assert!(self.1.get() < 4 << 20, "it reads on");
            Ok(read)
        }
    }
    let row = format!("Rome,{ID},1,12.5,41.9,192.0.2.1,2021-01-31 16:06:12.489-0500\n");
    let name = Path::new("old.csv");
    let refused =
        |text: &str| csv::read(Endless(text.as_bytes(), &std::cell::Cell::new(0)), name).err().unwrap();
    for (text, line) in [
        (format!("{HEADING}{row}"), 3),
        (format!("{HEADING}{row}\"Rome\n"), 3),
        (format!("{HEADING}{row}{row}Rome,{ID}"), 4),
    ] {
        let Error::Faulty { problems, more: 0, .. } = refused(&text) else { panic!("{text:?}") };
        let told: Vec<_> = problems.iter().map(|problem| (problem.line, problem.cause.as_str())).collect();
        assert_eq!(
            told,
            [(line, "it does not end within a megabyte: a quote may not be closed")],
            "{text:?}"
        );
    }
    let error = refused("CITY,ID").to_string();
    assert!(error.contains("its first line is too long for a heading"), "{error}");
    // What is long and ends is a row like any other.
    let long = format!(
        "{HEADING}{},{ID},1,12.5,41.9,192.0.2.1,2021-01-31 16:06:12.489-0500\n{row}",
        "R".repeat(900_000)
    );
    assert_eq!(of(&long).unwrap().len(), 1);
}
