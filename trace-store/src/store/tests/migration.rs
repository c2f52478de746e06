//! Databases and documents of releases before this one.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::super::{Documents, Filter, Store};
use super::realistic;
use super::views::rows;
use crate::Error;

/// A data directory as the first release left it, with three traces.
fn version_1() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let connection = Connection::open(directory.path().join(Store::FILE)).unwrap();
    connection.execute_batch(include_str!("../schema/1.sql")).unwrap();
    connection.execute_batch(include_str!("data/version-1.sql")).unwrap();
    connection.execute_batch("PRAGMA application_id = 0x54524345; PRAGMA user_version = 1;").unwrap();
    directory
}

/// The same as the second release left it.
fn version_2() -> tempfile::TempDir {
    let directory = version_1();
    let connection = Connection::open(directory.path().join(Store::FILE)).unwrap();
    connection.execute_batch(include_str!("../schema/2.sql")).unwrap();
    connection.execute_batch("PRAGMA user_version = 2;").unwrap();
    directory
}

#[test]
fn what_was_counted_moves_from_its_own_rows_into_those_of_the_traces() {
    let directory = version_2();
    let connection = Connection::open(directory.path().join(Store::FILE)).unwrap();
    let all = "SELECT trace, ttl, ip, sent, answered, min_ms, median_ms FROM hops ORDER BY trace, ttl";
    let read = |connection: &Connection| -> Vec<Vec<Value>> {
        let mut statement = connection.prepare(all).unwrap();
        let rows = statement.query_map((), |row| (0..7).map(|index| row.get(index)).collect()).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    // Every kind of count: nothing sent, all lost, one lost, several apart, one alone, one apart, and long ones.
    let high = 1_i64 << 32;
    let counts: [(i64, Option<i64>); 8] = [
        (-1, None),
        (3 * high + 2, None),
        (high + 2, Some(40 * high + 7)),
        (2, Some(40 * high + 7)),
        (0, Some(7)),
        (0, Some(40 * high + 7)),
        (2, Some(7)),
        (1000 * high + high - 2, Some(1000 * high + high - 1)),
    ];
    for ((counts, rtts), ttl) in counts.into_iter().zip(3..) {
        connection
            .execute("UPDATE hop SET counts = ?, rtts = ? WHERE key = 256 + ?", (counts, rtts, ttl))
            .unwrap();
    }
    let before = read(&connection);
    assert_eq!(before.len(), 45);
    drop(connection);
    let store = Store::open(directory.path()).unwrap();
    assert_eq!(read(&store.connection), before);
    // The rows that nobody touched say what the probes say.
    let problems = store.check().unwrap().problems;
    let counted = problems.iter().filter(|problem| problem.contains("counts at its hops")).count();
    assert_eq!(counted, 1, "{problems:?}");
    assert_eq!(
        rows(&store, "SELECT count(*) FROM sqlite_schema WHERE name IN ('hop', 'measurement_2')"),
        [[Value::Integer(0)]]
    );
}

#[test]
fn a_database_of_the_first_release_is_brought_up_to_date() {
    let directory = version_1();
    let error = Store::open_read_only(directory.path()).unwrap_err();
    assert!(matches!(error, Error::Older { .. }), "{error}");

    let mut store = Store::open(directory.path()).unwrap();
    let version: i64 = store.connection.query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap();
    assert_eq!(version, super::super::migration::VERSION);
    for number in [1, 2, 3] {
        let (trace, atlas) = realistic::trace(number, 2, 2);
        assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)), "{number}");
    }
    // What it did not know then is not known now.
    let sql = "SELECT queries, rounds, interface, dont_fragment FROM traces LIMIT 1";
    let expected = [Value::Integer(2), Value::Text("1".to_owned()), Value::Null, Value::Null];
    assert_eq!(rows(&store, &sql.replace("rounds", "CAST(rounds AS TEXT)")), [expected]);

    // It takes new traces, and they are of the same targets.
    let (trace, atlas) = realistic::trace(4, 2, 2);
    assert!(store.put(&trace, &atlas, Documents::Skip).unwrap().new);
    let target = trace.target.unwrap().address.to_string();
    let filter = Filter { target: Some(target), ..Filter::default() };
    assert_eq!(store.list(&filter).unwrap().len(), 2);
    let problems = store.check().unwrap().problems;
    // The documents were not copied with the rows.
    assert!(problems.iter().all(|problem| problem.contains("cannot be read")), "{problems:?}");
    drop(store);
    assert_eq!(Store::open_read_only(directory.path()).unwrap().count().unwrap(), 4);
}

/// The same as the fifth release left it, with more traces: the fourth started with the first, the fifth has an id that does not
/// tell its time, the sixth started before 1970, the seventh in the same millisecond as the third and came in later.
fn version_5() -> tempfile::TempDir {
    let directory = version_2();
    let connection = Connection::open(directory.path().join(Store::FILE)).unwrap();
    for schema in
        [include_str!("../schema/3.sql"), include_str!("../schema/4.sql"), include_str!("../schema/5.sql")]
    {
        connection.execute_batch(schema).unwrap();
    }
    let more = [
        (4, "01a194835f407a9c87427d5df3d0a89f", 1_793_493_000_000_000_000_i64),
        (5, "7c1f3d5e92ab5c608f0e1b6a54c2d937", 1_793_493_000_000_000_001),
        (6, "0000000000007c608f0e1b6a54c2d937", -1),
        (7, "01a194ba4dc07230b9106d780714f834", 1_793_496_600_000_999_999),
    ];
    for (key, id, started) in more {
        connection
            .execute(
                &format!(
                    "INSERT INTO measurement (key, uuid, setup, address, started, duration_ns, outcome, outcome_detail, path, shape,
                         atlas, narrowed, judgement, consistency, document, sent, lost, least_us, median_us, first_ttl, hops, times)
                     SELECT ?1, X'{id}', setup, address, ?2, duration_ns, outcome, outcome_detail, path, shape, atlas, narrowed,
                         judgement, consistency, 0, sent, lost, least_us, median_us, first_ttl, hops, times
                     FROM measurement WHERE key = 2"
                ),
                (key, started),
            )
            .unwrap();
    }
    connection.execute_batch("PRAGMA user_version = 5;").unwrap();
    directory
}

/// What people read, in the order in which the traces were stored.
fn read_by_people(connection: &Connection) -> Vec<Vec<Value>> {
    let settings = "source, asked_source, interface, queries, first_ttl, max_ttl, flows, rounds, port, source_port, size, tos";
    let mut all = Vec::new();
    for sql in [
        format!(
            "SELECT id, target, address, started, duration_ms, outcome, outcome_detail, hops, protocol, mode, vantage, kind, path,
                 consistency, document, {settings} FROM traces ORDER BY id"
        ),
        "SELECT trace, ttl, ip, sent, answered, min_ms, median_ms FROM hops ORDER BY trace, ttl".to_owned(),
        "SELECT * FROM TRACE ORDER BY ID, HOP".to_owned(),
    ] {
        let mut statement = connection.prepare(&sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map((), |row| (0..columns).map(|index| row.get(index)).collect()).unwrap();
        all.extend(rows.map(|row| row.unwrap()));
    }
    all
}

#[test]
fn traces_get_the_keys_of_their_times_and_nothing_else_changes() {
    let directory = version_5();
    let connection = Connection::open(directory.path().join(Store::FILE)).unwrap();
    let before = read_by_people(&connection);
    assert_eq!(before.len(), 7 + 7 * 15 * 2);
    drop(connection);
    let mut store = Store::open(directory.path()).unwrap();
    assert_eq!(read_by_people(&store.connection), before);
    let started = |number: i64| 1_793_491_200_000_000_000 + number * 1_800_000_000_000;
    let (first, third) = (started(1), started(3));
    let keys: Vec<i64> =
        [first, started(2), third, i64::MIN + 4, i64::MIN + 5, i64::MIN + 6, third + 999_999].into();
    let ids: Vec<trace_core::model::Uuid> = [
        "01a194835f407a9c87427d5df3d0a89e",
        "01a1949ed680745fadcfdd3212573f66",
        "01a194ba4dc07230b9106d780714f833",
        "01a194835f407a9c87427d5df3d0a89f",
        "7c1f3d5e92ab5c608f0e1b6a54c2d937",
        "0000000000007c608f0e1b6a54c2d937",
        "01a194ba4dc07230b9106d780714f834",
    ]
    .map(|id| id.parse().unwrap())
    .into();
    for (id, key) in ids.iter().zip(&keys) {
        let sql = format!("SELECT key FROM measurement WHERE id = '{id}'");
        assert_eq!(rows(&store, &sql), [[Value::Integer(*key)]], "{id}");
        assert_eq!(store.get(*id).unwrap().unwrap().0.id, *id);
        assert_eq!(store.find(&id.to_string()).unwrap(), *id);
    }
    // Of those that started at once the last stored one comes first.
    let listed: Vec<_> = store.list(&Filter::default()).unwrap().iter().map(|summary| summary.id).collect();
    assert_eq!(listed, [6, 2, 1, 4, 3, 0, 5].map(|index| ids[index]));
    // None of them is taken once more.
    for id in ids {
        let (trace, atlas) = store.get(id).unwrap().unwrap();
        assert!(!store.put(&trace, &atlas, Documents::Skip).unwrap().new, "{id}");
    }
    assert_eq!(store.delete(&[listed[0], listed[3]]).unwrap(), 2);
    assert_eq!(store.count().unwrap(), 5);
}

#[test]
fn a_database_that_cannot_be_brought_up_to_date_stays_as_it_is() {
    let directory = version_5();
    let connection = Connection::open(directory.path().join(Store::FILE)).unwrap();
    // What fails is the last step but few.
    connection.execute_batch("CREATE TABLE known (x);").unwrap();
    let before = read_by_people(&connection);
    drop(connection);
    Store::open(directory.path()).unwrap_err();
    let connection = Connection::open(directory.path().join(Store::FILE)).unwrap();
    assert_eq!(read_by_people(&connection), before);
    let version: i64 = connection.query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap();
    assert_eq!(version, 5);
    connection.execute_batch("DROP TABLE known;").unwrap();
    drop(connection);
    assert_eq!(Store::open(directory.path()).unwrap().count().unwrap(), 7);
}

#[test]
fn several_that_open_an_older_database_at_once_find_it_up_to_date() {
    let directory = version_5();
    std::thread::scope(|scope| {
        for number in 10..14 {
            let directory = &directory;
            scope.spawn(move || {
                let mut store = Store::open(directory.path()).unwrap();
                let (trace, atlas) = realistic::trace(number, 2, 2);
                assert!(store.put(&trace, &atlas, Documents::Skip).unwrap().new);
            });
        }
    });
    assert_eq!(Store::open_read_only(directory.path()).unwrap().count().unwrap(), 11);
}

#[test]
fn the_table_of_traces_shows_every_setting() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (mut trace, atlas) = realistic::trace(1, 2, 1);
    let settings = trace.settings.as_mut().unwrap();
    settings.rounds = u32::MAX;
    settings.source = Some([192, 0, 2, 7].into());
    settings.interface = Some("eth0".to_owned());
    settings.source_port = Some(33_000);
    settings.flow_label = Some(0xf_ffff);
    settings.dont_fragment = true;
    settings.mark = Some(7);
    settings.port = Some(443);
    settings.size = Some(1400);
    settings.tos = 0x2e;
    store.put(&trace, &atlas, Documents::Skip).unwrap();
    assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)));
    let columns =
        "source, asked_source, interface, queries, first_ttl, max_ttl, flows, rounds, port, source_port,
        size, tos, flow_label, dont_fragment, mark";
    let text = |text: &str| Value::Text(text.to_owned());
    let expected = [
        text("192.0.2.1"),
        text("192.0.2.7"),
        text("eth0"),
        Value::Integer(1),
        Value::Integer(1),
        Value::Integer(30),
        Value::Integer(1),
        text("forever"),
        Value::Integer(443),
        Value::Integer(33_000),
        Value::Integer(1400),
        Value::Integer(0x2e),
        Value::Integer(0xf_ffff),
        Value::Integer(1),
        Value::Integer(7),
    ];
    assert_eq!(rows(&store, &format!("SELECT {columns} FROM traces")), [expected]);
}
