//! Rows stand in the order of time, and traces of which that is not true are found all the same.

use proptest::prelude::*;
use rusqlite::types::Value;
use trace_core::model::{Atlas, Trace, Uuid};

use super::super::{Documents, Filter, Overview, Store};
use super::realistic::{self, NOVEMBER};
use super::views::rows;
use crate::Error;

const SECOND: i64 = 1_000_000_000;

/// A trace that started then, with an id that tells so.
fn started(at: i64, salt: u8) -> Trace {
    let (mut trace, _) = realistic::trace(1, 3, 1);
    trace.started = at;
    trace.id = crate::new_id(at, [salt; 10]);
    trace
}

fn put(store: &mut Store, trace: &Trace) -> bool {
    store.put(trace, &Atlas::default(), Documents::Skip).unwrap().new
}

fn key(store: &Store, trace: &Trace) -> i64 {
    let sql = format!("SELECT key FROM measurement WHERE id = '{}'", trace.id);
    match rows(store, &sql).as_slice() {
        [row] => match row.as_slice() {
            [Value::Integer(key)] => *key,
            row => panic!("{row:?}"),
        },
        rows => panic!("{rows:?}"),
    }
}

/// Every way to ask for a trace by its id.
fn is_found(store: &Store, trace: &Trace) {
    let id = trace.id.to_string();
    assert_eq!(store.get(trace.id).unwrap().unwrap().0, *trace);
    assert_eq!(store.find(&id).unwrap(), trace.id);
    assert!(store.edition(trace.id).unwrap().is_some());
    for (view, column, many) in [("traces", "id", 1), ("hops", "trace", 15), ("TRACE", "ID", 15)] {
        let sql = format!("SELECT count(*) FROM {view} WHERE {column} = '{id}'");
        assert_eq!(rows(store, &sql), [[Value::Integer(many)]], "{view} {id}");
    }
}

#[test]
fn the_key_of_a_trace_is_when_it_started() {
    let mut store = Store::temporary().unwrap();
    for (at, salt) in [(0, 1), (999_999, 2), (1_000_000, 3), (NOVEMBER + 1, 4), (NOVEMBER + 999_999, 5)] {
        let trace = started(at, salt);
        assert!(put(&mut store, &trace));
        assert_eq!(key(&store, &trace), at);
        is_found(&store, &trace);
        assert!(!put(&mut store, &trace));
    }
    // Shortly before others, as traces are stored when they end.
    let before = started(NOVEMBER - 100 * SECOND, 7);
    assert!(put(&mut store, &before) && !put(&mut store, &before));
    assert_eq!(key(&store, &before), before.started);
    is_found(&store, &before);
}

#[test]
fn what_is_not_found_by_its_time_lies_apart() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let first = started(NOVEMBER, 1);
    let at_once = started(NOVEMBER, 2);
    let late = started(NOVEMBER - 121 * SECOND, 3);
    let mut foreign = started(NOVEMBER + 1, 4);
    foreign.id = "7c1f3d5e-92ab-5c60-8f0e-1b6a54c2d937".parse().unwrap();
    let mut next = started(NOVEMBER + 1_000_000, 5);
    next.id = crate::new_id(NOVEMBER, [5; 10]);
    // It would be before one that started with it and was stored earlier.
    let shared = started(NOVEMBER + 1, 6);
    let extremes = [(i64::MIN, 7), (-1, 8), (i64::MAX, 9)].map(|(at, salt)| started(at, salt));
    let mut all = vec![first, at_once, late, foreign, next, shared];
    all.extend(extremes);
    for (number, trace) in (0..).zip(&all) {
        assert!(put(&mut store, trace), "{trace:?}");
        let expected = if number == 0 { NOVEMBER } else { i64::MIN + number - 1 };
        assert_eq!(key(&store, trace), expected, "{number}");
    }
    for trace in &all {
        is_found(&store, trace);
        assert!(!put(&mut store, trace));
        let mut other = trace.clone();
        other.started ^= 1;
        let error = store.put(&other, &Atlas::default(), Documents::Skip).unwrap_err();
        assert!(matches!(error, Error::Different { id, .. } if id == trace.id), "{error}");
    }
    assert_eq!(store.find("latest").unwrap(), all[8].id);
    assert_eq!(store.find("7c1f").unwrap(), all[3].id);
    assert_eq!(store.find("7c1f3d5e92ab5").unwrap(), all[3].id);
    assert_eq!(store.delete(&[all[3].id, all[0].id]).unwrap(), 2);
    assert_eq!(store.get(all[0].id).unwrap(), None);
    assert_eq!(store.newest_before(None, NOVEMBER).unwrap(), Some(all[2].started));
    assert_eq!(store.newest_before(None, NOVEMBER + 1).unwrap(), Some(NOVEMBER));
    assert_eq!(store.newest_before(None, i64::MIN).unwrap(), None);
    assert!(store.check().unwrap().is_sound());
}

#[test]
fn a_key_that_is_not_when_its_trace_started_is_refused() {
    let mut store = Store::temporary().unwrap();
    put(&mut store, &started(NOVEMBER, 1));
    // As a program would store it that knows an earlier version.
    store.connection.execute("UPDATE measurement SET key = key + 1", ()).unwrap_err();
    store.connection.execute("UPDATE measurement SET uuid = randomblob(16)", ()).unwrap();
    assert!(!store.check().unwrap().is_sound());
}

#[test]
fn a_beginning_is_looked_for_where_it_can_be() {
    let mut store = Store::temporary().unwrap();
    let traces = [NOVEMBER, NOVEMBER + 1_000_000, NOVEMBER + 4096 * 1_000_000].map(|at| started(at, 0xab));
    for trace in &traces {
        put(&mut store, trace);
    }
    let id = traces[0].id.to_string();
    for length in 1..id.len() {
        let shared = traces.iter().filter(|trace| trace.id.to_string().starts_with(&id[..length])).count();
        match store.find(&id[..length]) {
            Ok(found) => assert_eq!((found, shared), (traces[0].id, 1), "{length}"),
            Err(Error::Ambiguous { matches, .. }) => assert_eq!(matches.len(), shared, "{length}"),
            Err(error) => panic!("{length}: {error}"),
        }
    }
    // Of these the last digits are one another's: the first half of the id tells which is meant.
    let end = &id[24..];
    for length in 1..=end.len() {
        let found = store.find(&end[end.len() - length..]);
        let matching =
            |found: &Error| matches!(found, Error::Ambiguous { matches, .. } if matches.len() == 3);
        assert!(found.as_ref().is_err_and(matching), "{length}: {found:?}");
    }
    assert!(matches!(store.find("bababababababababa"), Err(Error::Unknown { .. })));
    for text in ["01a1-9", "-", "01a19433-", "f"] {
        let found = store.find(text);
        let expected = traces.iter().any(|trace| trace.id.to_string().starts_with(text));
        assert!(expected || matches!(found, Err(Error::Unknown { .. })), "{text}: {found:?}");
    }
    let plan = "EXPLAIN QUERY PLAN SELECT uuid FROM measurement WHERE key BETWEEN 1 AND 2 AND id >= 'a' AND id < 'ag' LIMIT 6";
    assert!(format!("{:?}", rows(&store, plan)).contains("SEARCH measurement USING INTEGER PRIMARY KEY"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever comes in whenever: lists and pages are in the order of start and of storing, and an overview that took in a part
    /// after the other says what one says that sees all.
    #[test]
    fn order_is_that_of_start_and_of_storing(
        traces in prop::collection::vec((0_usize..8, any::<bool>(), any::<u8>()), 1..40),
        page in 1_u32..7,
    ) {
        let times = [NOVEMBER, NOVEMBER + 1, NOVEMBER + 50 * SECOND, NOVEMBER + 100 * SECOND, NOVEMBER + 400 * SECOND, 0, -5, i64::MAX];
        let mut store = Store::temporary().unwrap();
        let mut overview = Overview::default();
        let mut kept: Vec<Trace> = Vec::new();
        for (time, foreign, salt) in traces {
            let mut trace = started(times[time], salt);
            trace.hops.truncate(2);
            if foreign {
                trace.id = Uuid::from_u128(u128::from(salt) << 64 | 7);
            }
            if kept.iter().all(|other| other.id != trace.id) {
                prop_assert!(put(&mut store, &trace));
                kept.push(trace);
            }
            if salt % 3 == 0 {
                overview.refresh(&store).unwrap();
            }
        }
        for trace in &kept {
            prop_assert_eq!(store.get(trace.id).unwrap().map(|(found, _)| found.id), Some(trace.id));
        }
        let mut expected: Vec<(i64, usize, Uuid)> =
            kept.iter().enumerate().map(|(number, trace)| (trace.started, number, trace.id)).collect();
        expected.sort_unstable_by(|one, other| other.cmp(one));
        let expected: Vec<Uuid> = expected.into_iter().map(|(.., id)| id).collect();
        let mut filters = vec![Filter::default()];
        filters.push(Filter { target: kept[0].target.as_ref().map(|target| target.address.to_string()), ..Filter::default() });
        for mut filter in filters {
            filter.limit = Some(page);
            let mut listed = Vec::new();
            loop {
                let part = store.list(&filter).unwrap();
                let Some(last) = part.last() else { break };
                filter.before = Some(last.cursor);
                listed.extend(part.iter().map(|summary| summary.id));
            }
            prop_assert_eq!(&listed, &expected);
        }
        let mut afresh = Overview::default();
        afresh.refresh(&store).unwrap();
        overview.refresh(&store).unwrap();
        prop_assert_eq!(afresh.standings(), overview.standings());
        prop_assert_eq!(overview.traces(), u64::try_from(kept.len()).unwrap());
        prop_assert_eq!(store.newest_ids(&afresh.standings()[0], 50).unwrap(), expected);
        prop_assert!(store.check().unwrap().is_sound());
    }
}
