use rusqlite::types::Value;

use super::super::{Documents, Store};
use super::realistic;
use trace_core::model::ProbeResult;

pub(super) fn rows(store: &Store, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = store.connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map((), |row| (0..columns).map(|index| row.get(index)).collect()).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn plan(store: &Store, sql: &str) -> String {
    let mut statement = store.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let lines = statement.query_map(["x"], |row| row.get::<_, String>(3)).unwrap();
    lines.collect::<Result<Vec<_>, _>>().unwrap().join("\n")
}

#[test]
fn a_person_reads_a_trace_with_sqlite3() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (mut trace, mut atlas) = realistic::trace(1, 3, 3);
    trace.started = 1_795_474_712_000_000_120;
    trace.hops.truncate(3);
    for probe in &mut trace.hops[1].probes {
        probe.result = ProbeResult::Silent;
    }
    // Nothing but the country's code is known of the third.
    let third = trace.hops[2].answerers()[0];
    let place = atlas.places.get_mut(&third).unwrap().place.as_mut().unwrap();
    (place.country, place.city, place.isp, place.coordinates) = (None, None, None, None);
    store.put(&trace, &atlas, Documents::Skip).unwrap();

    let text = |text: &str| Value::Text(text.to_owned());
    let id = text(&trace.id.to_string());
    let date = text("2026-11-23T22:58:32.000000120Z");
    let null = || Value::Null;
    let row = |ttl, rest: [Value; 6]| {
        let mut row = vec![id.clone(), Value::Integer(ttl)];
        row.extend(rest);
        row.push(date.clone());
        row
    };
    let expected = vec![
        row(
            1,
            [
                text("10.0.0.1"),
                text("Argentina"),
                text("Barranqueras"),
                text("an ISP"),
                Value::Real(-27.48),
                Value::Real(-58.94),
            ],
        ),
        row(2, [null(), null(), null(), null(), null(), null()]),
        row(3, [text("10.0.0.3"), text("AR"), null(), null(), null(), null()]),
    ];
    assert_eq!(
        rows(&store, "SELECT ID, HOP, IP, COUNTRY, CITY, ISP, LATITUDE, LONGITUDE, DATE_CREATED FROM TRACE"),
        expected
    );
    assert_eq!(rows(&store, "SELECT * FROM trace ORDER BY hop"), expected);

    let traces = rows(
        &store,
        "SELECT id, target, address, started, outcome, hops, protocol, mode, vantage, kind, document FROM traces",
    );
    let expected = [
        id,
        text("host1.example.net"),
        text("198.18.1.15"),
        date,
        text("reached"),
        Value::Integer(3),
        text("udp"),
        text("raw"),
        text("office"),
        text("measured"),
        null(),
    ];
    assert_eq!(traces, [expected]);
}

#[test]
fn the_table_of_hops_says_what_the_statistics_say() {
    // Of every width that a hop has in the row, and in full where a time is too long for a letter.
    for (number, queries, width) in [(1, 1, '1'), (2, 3, '2')] {
        assert_eq!(hops_say_what_statistics_say(&realistic::trace(number, 3, queries).0, number), width);
    }
    let (mut trace, _) = realistic::trace(3, 3, 3);
    trace.hops[2].probes[1].result = ProbeResult::Silent;
    assert_eq!(hops_say_what_statistics_say(&trace, 3), '3');
    trace.hops[3].probes.iter_mut().for_each(|probe| probe.result = ProbeResult::Silent);
    trace.hops[4].probes.clear();
    trace.hops[5].probes.truncate(1);
    trace.hops[6].probes.truncate(2);
    // On either side of the codes that are no characters, and the longest that has a letter.
    for (times, width) in [
        ([5_000_000_000, 9_000_000_000], '['),
        ([55_293_000, 55_294_000], '4'),
        ([55_294_000, 1_112_061_000], '4'),
        ([1_112_061_000, 1_112_061_000], '4'),
        ([1_112_062_000, 1_112_062_000], '['),
    ] {
        for (probe, rtt) in trace.hops[6].probes.iter_mut().zip(times) {
            if let ProbeResult::Answered(reply) = &mut probe.result {
                reply.rtt = Some(core::time::Duration::from_nanos(rtt));
            }
        }
        assert_eq!(hops_say_what_statistics_say(&trace, 3), width, "{times:?}");
    }
}

/// How wide the hops stand in the row.
fn hops_say_what_statistics_say(trace: &trace_core::model::Trace, number: u32) -> char {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (_, atlas) = realistic::trace(number, 3, 3);
    store.put(trace, &atlas, Documents::Skip).unwrap();
    assert_eq!(store.get(trace.id).unwrap().unwrap().0, *trace);
    let sql = "SELECT trace, ttl, ip, sent, answered, min_ms, median_ms FROM hops ORDER BY ttl";
    let rows = rows(&store, sql);
    assert_eq!(rows.len(), trace.hops.len());
    for ((row, hop), statistics) in rows.iter().zip(&trace.hops).zip(trace.statistics()) {
        let ms = |rtt: Option<core::time::Duration>| {
            rtt.map_or(Value::Null, |rtt| {
                let us = i32::try_from((rtt.as_nanos() + 500) / 1000).unwrap();
                Value::Real(f64::from(us) / 1e3)
            })
        };
        let expected = [
            Value::Text(trace.id.to_string()),
            Value::Integer(hop.ttl.get().into()),
            hop.answerers().first().map_or(Value::Null, |from| Value::Text(from.to_string())),
            Value::Integer(statistics.sent.into()),
            Value::Integer(statistics.answered.into()),
            ms(statistics.min),
            ms(statistics.median),
        ];
        assert_eq!(row, &expected);
    }
    // What the target said stands in the row of the trace too.
    let last = trace.statistics().pop().unwrap();
    let columns = self::rows(&store, "SELECT sent, lost FROM measurement");
    assert_eq!(
        columns,
        [[Value::Integer(last.sent.into()), Value::Integer((last.sent - last.answered).into())]]
    );
    let hops: String =
        store.connection.query_row("SELECT hops FROM measurement", (), |row| row.get(0)).unwrap();
    hops.chars().next().unwrap()
}

#[test]
fn one_trace_is_found_without_a_scan() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    for sql in [
        "SELECT * FROM TRACE WHERE ID = ?",
        "SELECT * FROM traces WHERE id = ?",
        "SELECT * FROM hops WHERE trace = ?",
        "SELECT key FROM measurement WHERE document = 2 AND ? IS NOT NULL",
    ] {
        let plan = plan(&store, sql);
        let pending = sql.contains("document") && plan.contains("measurement_pending");
        assert!(pending || !plan.contains("SCAN"), "{sql}:\n{plan}");
        let in_time = "SEARCH measurement USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";
        let apart = "SEARCH measurement USING INDEX measurement_apart_id (id=?";
        assert!(pending || (plan.contains(in_time) && plan.contains(apart)), "{plan}");
    }
}

#[test]
fn no_name_is_taken_twice_in_either_case() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let sql = "SELECT lower(name) FROM sqlite_schema WHERE type IN ('table', 'view') GROUP BY 1 HAVING count(*) > 1";
    assert!(rows(&store, sql).is_empty());
    let kind = rows(&store, "SELECT type FROM sqlite_schema WHERE lower(name) = 'trace'");
    assert_eq!(kind, [[Value::Text("view".to_owned())]]);
    assert!(!include_str!("../schema/1.sql").to_lowercase().contains("if not exists"));
}

#[test]
fn dates_before_1970_are_dates() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    for (number, started, date) in [
        (1, -1, "1969-12-31T23:59:59.999999999Z"),
        (2, 0, "1970-01-01T00:00:00.000000000Z"),
        (3, i64::MIN, "1677-09-21T00:12:43.145224192Z"),
        (4, i64::MAX, "2262-04-11T23:47:16.854775807Z"),
    ] {
        let (mut trace, atlas) = realistic::trace(number, 3, 1);
        trace.started = started;
        store.put(&trace, &atlas, Documents::Skip).unwrap();
        let sql = format!("SELECT started FROM traces WHERE id = '{}'", trace.id);
        assert_eq!(rows(&store, &sql), [[Value::Text(date.to_owned())]]);
        assert!(crate::document::write(&trace, &atlas).contains(date));
    }
}
