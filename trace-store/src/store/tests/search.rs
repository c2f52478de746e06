use std::net::IpAddr;

use trace_core::model::{Outcome, Protocol, Protocols, Ttl, Uuid};

use super::super::{Documents, Filter, Store};
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
