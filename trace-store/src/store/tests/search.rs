use std::net::IpAddr;

use rusqlite::params_from_iter;
use trace_core::model::{Outcome, Protocol, Protocols, TraceKind, Ttl, Uuid};

use super::super::{Documents, Filter, Match, Store, list};
use super::realistic;
use crate::Error;

fn store_of(ids: &[&str]) -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    for (number, id) in (0..).zip(ids) {
        let (mut trace, atlas) = realistic::trace(number, 3, 1);
        trace.id = id.parse().unwrap();
        store.put(&trace, &atlas, Documents::Skip).unwrap();
    }
    (directory, store)
}

#[test]
fn an_id_is_found_by_its_beginning_or_end() {
    let ids = [
        "019aa3f0-5c00-7b6e-8a52-0123456789ab",
        "019aa3f0-5c01-7b6e-8a52-0123456789ff",
        "019aa3f0-5c01-7b6e-9a52-111111111111",
    ];
    let (_directory, store) = store_of(&ids);
    let id = |index: usize| ids[index].parse::<Uuid>().unwrap();
    for (text, index) in [
        (ids[0], 0),
        ("019AA3F0-5C00-7B6E-8A52-0123456789AB", 0),
        ("019aa3f05c007b6e8a520123456789ab", 0),
        ("019aa3f0-5c00", 0),
        ("019aa3f05c00", 0),
        ("456789ff", 1),
        ("8a520123456789ff", 1),
        (" 8a52-0123456789ff ", 1),
        ("11111111", 2),
        ("latest", 2),
    ] {
        assert_eq!(store.find(text).unwrap(), id(index), "{text}");
    }
    for text in
        ["", "zz", "019aa3f0-5c03", "%", "_", "019aa3f0-5c00-7b6e-8a52-0123456789ac", "'", "latest trace"]
    {
        let error = store.find(text).unwrap_err();
        assert!(matches!(&error, Error::Unknown { .. }), "{text}: {error}");
    }
    match store.find("019aa3f0-5c01").unwrap_err() {
        Error::Ambiguous { matches, more, .. } => assert_eq!((matches, more), (vec![id(1), id(2)], false)),
        error => panic!("{error}"),
    }
    // A digit that one begins with and another ends with.
    assert!(matches!(store.find("0"), Err(Error::Ambiguous { .. })));
    let message = store.find("019").unwrap_err().to_string();
    assert!(ids.iter().all(|id| message.contains(id)), "{message}");
}

#[test]
fn many_matches_are_cut_short() {
    let ids: Vec<String> = (0..9).map(|last| format!("019aa3f0-5c00-7b6e-8a52-01234567890{last}")).collect();
    let (_directory, store) = store_of(&ids.iter().map(String::as_str).collect::<Vec<_>>());
    match store.find("019").unwrap_err() {
        Error::Ambiguous { matches, more: true, .. } => assert_eq!(matches.len(), 5),
        error => panic!("{error}"),
    }
}

#[test]
fn the_latest_of_none_is_said_to_be_none() {
    let (_directory, store) = store_of(&[]);
    assert!(matches!(store.find("latest"), Err(Error::Empty { .. })));
}

#[test]
fn lists_are_filtered_and_newest_first() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let traces: Vec<_> = (0..9).map(|number| realistic::trace(number, 3, 1)).collect();
    for (trace, atlas) in traces.iter().rev() {
        store.put(trace, atlas, Documents::Skip).unwrap();
    }
    let ids = |filter: &Filter| -> Vec<Uuid> {
        store.list(filter).unwrap().into_iter().map(|summary| summary.id).collect()
    };
    let of = |numbers: &[usize]| -> Vec<Uuid> { numbers.iter().map(|number| traces[*number].0.id).collect() };
    assert_eq!(ids(&Filter::default()), of(&[8, 7, 6, 5, 4, 3, 2, 1, 0]));
    assert_eq!(ids(&Filter { limit: Some(2), ..Filter::default() }), of(&[8, 7]));
    assert_eq!(ids(&Filter { since: Some(traces[6].0.started), ..Filter::default() }), of(&[8, 7, 6]));
    let to = |target: &str| Filter { target: Some(target.to_owned()), ..Filter::default() };
    assert_eq!(ids(&to("Host1.Example.NET")), of(&[7, 4, 1]));
    assert_eq!(ids(&to("198.18.1.15")), of(&[7, 4, 1]));
    assert_eq!(ids(&Filter { limit: Some(1), ..to("198.18.1.15") }), of(&[7]));
    assert!(ids(&to("example.org")).is_empty());
    assert!(ids(&to("198.18.9.9")).is_empty());

    let summary = &store.list(&Filter::default()).unwrap()[8];
    let trace = &traces[0].0;
    assert_eq!(summary.target, trace.target);
    assert_eq!(summary.protocol, trace.protocol);
    assert_eq!((summary.started, summary.duration), (trace.started, trace.duration));
    assert_eq!(summary.outcome, trace.outcome);
    assert_eq!(summary.last_ttl, Ttl::new(15));
    assert_eq!((summary.mode, summary.kind), (trace.mode, trace.kind));
    assert_eq!(summary.vantage, trace.vantage);
}

#[test]
fn lists_are_filtered_by_everything_that_tells_traces_apart() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let mut traces: Vec<_> = (0..8).map(|number| realistic::trace(number, 2, 1)).collect();
    for (trace, _) in traces.iter_mut().skip(4) {
        trace.protocol = Some(Protocols::All);
        trace.vantage = None;
        trace.outcome = Some(Outcome::Exhausted);
    }
    traces[7].0.target = None;
    traces[7].0.protocol = None;
    traces[7].0.outcome = None;
    traces[7].0.kind = TraceKind::Imported;
    for (trace, atlas) in &traces {
        store.put(trace, atlas, Documents::Skip).unwrap();
    }
    let numbers = |filter: Filter| -> Vec<usize> {
        let number = |id| traces.iter().position(|(trace, _)| trace.id == id).unwrap();
        let [by_time, by_setups] = [list::Way::Time, list::Way::Setups].map(|way| -> Vec<[u8; 16]> {
            let (sql, values) = list::question(&filter, way);
            let mut statement = store.connection.prepare(&sql).unwrap();
            let rows = statement.query_map(params_from_iter(values), |row| row.get(0)).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        });
        assert_eq!(by_time, by_setups, "{filter:?}");
        store.list(&filter).unwrap().into_iter().map(|summary| number(summary.id)).collect()
    };
    let any = Filter::default;
    let udp = Protocols::One(Protocol::Udp);
    assert_eq!(numbers(Filter { protocol: Match::Is(udp), ..any() }), [3, 2, 1, 0]);
    assert_eq!(numbers(Filter { protocol: Match::Is(Protocols::All), ..any() }), [6, 5, 4]);
    assert_eq!(numbers(Filter { protocol: Match::Missing, ..any() }), [7]);
    assert_eq!(numbers(Filter { vantage: Match::Is("office".to_owned()), ..any() }), [3, 2, 1, 0]);
    assert!(numbers(Filter { vantage: Match::Is("OFFICE".to_owned()), ..any() }).is_empty());
    assert_eq!(numbers(Filter { vantage: Match::Missing, ..any() }), [7, 6, 5, 4]);
    assert_eq!(numbers(Filter { outcome: Match::Is(Outcome::Exhausted), ..any() }), [6, 5, 4]);
    assert_eq!(numbers(Filter { outcome: Match::Missing, ..any() }), [7]);
    assert_eq!(numbers(Filter { kind: Some(TraceKind::Imported), ..any() }), [7]);
    assert_eq!(numbers(Filter { address: Match::Missing, ..any() }), [7]);
    assert_eq!(numbers(Filter { address: Match::Is([198, 18, 1, 15].into()), ..any() }), [5, 3, 1]);
    let (since, until) = (Some(traces[2].0.started), Some(traces[5].0.started));
    assert_eq!(numbers(Filter { since, until, ..any() }), [4, 3, 2]);
    let search = |part: &str| numbers(Filter { search: Some(part.to_owned()), ..any() });
    assert_eq!(search("HOST1"), [5, 3, 1]);
    assert_eq!(search(".18.0.1"), [6, 4, 2, 0]);
    assert_eq!(search(" "), [7, 6, 5, 4, 3, 2, 1, 0]);
    // What stands for anything in SQL stands for itself here.
    assert!(search("host%").is_empty() && search("host_.").is_empty() && search("\\").is_empty());
    let all = Filter {
        limit: Some(1),
        since,
        until,
        target: Some("host0.example.net".to_owned()),
        search: Some("example".to_owned()),
        address: Match::Is([198, 18, 0, 15].into()),
        protocol: Match::Is(udp),
        vantage: Match::Is("office".to_owned()),
        kind: Some(TraceKind::Measured),
        outcome: Match::Is(Outcome::Reached),
        before: None,
    };
    assert_eq!(numbers(all), [2]);
}

#[test]
fn no_list_reads_every_trace_there_is() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let any = Filter::default;
    let before = Some("00000000000000001".parse().unwrap());
    let filters = [
        any(),
        Filter { since: Some(7), until: Some(9), ..any() },
        Filter { target: Some("example.net".to_owned()), ..any() },
        Filter { target: Some("192.0.2.1".to_owned()), ..any() },
        Filter { search: Some("example".to_owned()), ..any() },
        Filter { address: Match::Is([192, 0, 2, 1].into()), ..any() },
        Filter { address: Match::Missing, ..any() },
        Filter { protocol: Match::Is(Protocols::All), ..any() },
        Filter { vantage: Match::Is("office".to_owned()), ..any() },
        Filter { outcome: Match::Is(Outcome::Loop), ..any() },
        Filter { kind: Some(TraceKind::Imported), ..any() },
    ];
    for filter in filters.into_iter().flat_map(|filter| [Filter { before, ..filter.clone() }, filter]) {
        for way in [list::Way::Time, list::Way::Setups] {
            let (sql, values) = list::question(&filter, way);
            let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let lines = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
            let plan = lines.collect::<Result<Vec<_>, _>>().unwrap().join("\n");
            let ways = match way {
                list::Way::Time => &[
                    "SEARCH m USING INTEGER PRIMARY KEY (rowid>?",
                    "INDEX measurement_apart_started (started>?",
                    // Of those alone that started at once.
                    "USE TEMP B-TREE FOR LAST 2 TERMS OF ORDER BY",
                ][..],
                list::Way::Setups => {
                    &["SEARCH m USING COVERING INDEX measurement_series (setup=? AND started>?"]
                }
            };
            let found = ways.iter().all(|way| plan.contains(way));
            assert!(found && !plan.contains("SCAN m"), "{filter:?} {way:?}:\n{plan}");
        }
    }
}

#[test]
fn pages_follow_one_another_while_traces_come_and_go() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let mut traces: Vec<_> = (0..30).map(|number| realistic::trace(number, 2, 1)).collect();
    // Several started at the same moment.
    for (trace, _) in traces.iter_mut().take(12) {
        trace.started = realistic::NOVEMBER;
    }
    for (trace, atlas) in traces.iter().take(20) {
        store.put(trace, atlas, Documents::Skip).unwrap();
    }
    let mut seen = Vec::new();
    let mut filter = Filter { limit: Some(3), ..Filter::default() };
    for (trace, atlas) in traces.iter().skip(20) {
        let page = store.list(&filter).unwrap();
        seen.extend(page.iter().map(|summary| summary.id));
        let Some(last) = page.last() else { break };
        // The text of a cursor goes to whoever asks for the next page, and comes back.
        filter.before = Some(last.cursor.to_string().parse().unwrap());
        store.put(trace, atlas, Documents::Skip).unwrap();
        store.delete(&[last.id]).unwrap();
    }
    let all: Vec<Uuid> = traces.iter().take(20).rev().map(|(trace, _)| trace.id).collect();
    assert_eq!(seen, all);
}

#[test]
fn the_length_of_a_path_is_that_of_the_newest_that_reached() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(0, 3, 1);
    let target = trace.target.as_ref().unwrap().address;
    let hour = 3_600_000_000_000;
    let put = |store: &mut Store, number: u32, hours: i64, length: usize, outcome, protocol| {
        let mut trace = trace.clone();
        trace.id = crate::new_id(number.into(), [0; 10]);
        trace.id = Uuid::from_u128(trace.id.as_u128() + u128::from(number));
        trace.started += hours * hour;
        trace.hops.truncate(length);
        trace.outcome = outcome;
        trace.protocol = Some(protocol);
        store.put(&trace, &atlas, Documents::Skip).unwrap();
    };
    let udp = Protocols::One(Protocol::Udp);
    let expect = |store: &Store, address: IpAddr, protocol| {
        store.expected_length(address, protocol).unwrap().map(Ttl::get)
    };
    assert_eq!(expect(&store, target, Protocol::Udp), None);
    put(&mut store, 1, 0, 9, Some(Outcome::Exhausted), udp);
    assert_eq!(expect(&store, target, Protocol::Udp), None);
    put(&mut store, 2, 5, 12, Some(Outcome::Reached), udp);
    put(&mut store, 3, 2, 10, Some(Outcome::Reached), udp);
    assert_eq!(expect(&store, target, Protocol::Udp), Some(12));
    put(&mut store, 4, 6, 11, Some(Outcome::Reached), udp);
    put(&mut store, 5, 7, 8, Some(Outcome::Unreachable), udp);
    assert_eq!(expect(&store, target, Protocol::Udp), Some(11));
    assert_eq!(expect(&store, target, Protocol::Icmp), None);
    put(&mut store, 6, 8, 13, Some(Outcome::Reached), Protocols::All);
    assert_eq!(expect(&store, target, Protocol::Icmp), Some(13));
    assert_eq!(expect(&store, [203, 0, 113, 1].into(), Protocol::Udp), None);
}
