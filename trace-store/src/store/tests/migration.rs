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
