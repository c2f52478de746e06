//! Traces that come in from files: everything in them, again and again, and whatever goes wrong meanwhile.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::lab::{skip, tool};
use crate::run::Home;

/// What the old scripts left: a file behind another with the same rows, each with the wall clock of where its hop was.
const SAMPLE: &str = include_str!("data/sample.csv");

/// The rows of an old CSV as they are meant: in any order, dates as instants, numbers as numbers.
fn meaning(text: &str) -> BTreeMap<(String, u8), Vec<String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headings = reader.headers().expect("a heading").clone();
    let column = |name: &str| headings.iter().position(|heading| heading == name).expect(name);
    let date = format_description!(
        "[year]-[month]-[day] [hour]:[minute]:[second].[subsecond][offset_hour sign:mandatory][offset_minute]"
    );
    let mut rows = BTreeMap::new();
    for row in reader.records() {
        let row = row.expect("a row");
        if row == headings {
            continue;
        }
        let of = |name: &str| row[column(name)].to_owned();
        let instant = OffsetDateTime::parse(&of("DATE_CREATED"), date).expect("a date");
        let degrees =
            |name: &str| of(name).parse::<f64>().map_or_else(|_| of(name), |number| number.to_string());
        let hop = of("HOP").parse().expect("a hop");
        let meant = vec![
            of("CITY"),
            degrees("LATITUDE"),
            degrees("LONGITUDE"),
            of("IP"),
            instant.unix_timestamp_nanos().to_string(),
        ];
        let before = rows.insert((of("ID"), hop), meant.clone());
        assert!(before.is_none_or(|before| before == meant), "one row a hop");
    }
    rows
}

#[test]
fn the_old_csv_comes_in_and_goes_out_as_the_same_rows() {
    let home = Home::new();
    let file = home.write("sample.csv", SAMPLE);
    let expected = meaning(SAMPLE);
    assert_eq!(expected.len(), 185);
    let traces = expected.keys().map(|(id, _)| id).collect::<std::collections::BTreeSet<_>>().len();
    let dry = home.run(&["import", "--dry-run", &file]).ends_with(0).stdout;
    assert_eq!(dry, format!("would bring in {traces} traces\n"));
    assert!(!home.data().exists(), "a dry run changes nothing");
    let said = home.run(&["import", &file]).ends_with(0).stdout;
    assert_eq!(said, format!("brought in {traces} traces\n"));
    let again = home.run(&["import", &file, &file]).ends_with(0).stdout;
    assert_eq!(again, format!("brought in 0 traces, {} were there already\n", 2 * traces));
    let out = home.run(&["export", "--all", "--format", "csv", "--columns", "old"]).ends_with(0).stdout;
    assert_eq!(meaning(&out), expected);
    // It is told what it is, and nothing judges it.
    let listed = home.run(&["list", "--limit", "1", "--format", "json"]).ends_with(0).document();
    assert_eq!((&listed[0]["kind"], &listed[0]["target"]), (&Value::from("imported"), &Value::Null));
    home.run(&["db", "check"]).ends_with(0);
    let relocated = home.run(&["relocate", "--all", "--format", "json"]).ends_with(0);
    assert!(
        !relocated.stdout.contains("impossible") && !relocated.stdout.contains("suspect"),
        "{}",
        relocated.stdout
    );
}

#[test]
fn what_was_exported_and_deleted_comes_back_equal() {
    let home = Home::new();
    let file = home.write("sample.csv", SAMPLE);
    home.run(&["import", &file, "--documents"]).ends_with(0);
    let before = home.run(&["export", "--all"]).ends_with(0).stdout;
    home.run(&["export", "--all", "--format", "json", "-o", "all.json"]).ends_with(0);
    let documents = home.path().join("documents");
    std::fs::rename(home.data().join("traces"), &documents).expect("move the documents");
    let ids: Vec<String> = before
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).expect("a document")["id"].as_str().expect("an id").to_owned()
        })
        .collect();
    let all: Vec<&str> = std::iter::once("delete").chain(ids.iter().map(String::as_str)).collect();
    let lines = home.write("all.jsonl", &before);
    for source in [lines.as_str(), "all.json", documents.to_str().expect("a path")] {
        home.run(&all).ends_with(0);
        assert_eq!(home.run(&["export", "--all"]).ends_with(0).stdout, "");
        home.run(&["import", source]).ends_with(0);
        assert_eq!(home.run(&["export", "--all"]).ends_with(0).stdout, before, "{source}");
        changes_nothing(&home, source, ids.len());
    }
    // The same through a pipe.
    home.run(&all).ends_with(0);
    let mut child = home.command(&["import", "-"]).stdin(Stdio::piped()).spawn().expect("start the program");
    child.stdin.take().expect("its input").write_all(before.as_bytes()).expect("write to it");
    assert!(child.wait().expect("wait for it").success());
    assert_eq!(home.run(&["export", "--all"]).ends_with(0).stdout, before);
}

#[test]
fn of_a_file_that_makes_no_sense_somewhere_nothing_comes_in() {
    let home = Home::new();
    let bad = home.write(
        "bad.csv",
        &SAMPLE.replacen("203.0.113.10", "203.0.113.1000", 1).replacen("33.72934", "933.72934", 1),
    );
    let good = home.write("good.csv", SAMPLE);
    let run = home.run(&["import", &bad]).ends_with(4);
    let expected = [
        "bad.csv, line 2, IP: \"203.0.113.1000\" is no IPv4 or IPv6 address",
        "bad.csv, line 4, LATITUDE: \"-933.72934\" is out of range",
        "nothing of it was brought in",
    ];
    assert!(expected.iter().all(|words| run.stderr.contains(words)), "{}", run.stderr);
    assert_eq!(run.stdout, "brought in 0 traces\n");
    // The others come in all the same.
    let run = home.run(&["import", &bad, &good]).ends_with(4);
    assert_eq!(run.stdout, "brought in 17 traces\n");
    let pickle = home.write("result.pkl", "(lp0\n.");
    let run = home.run(&["import", &pickle]).ends_with(4);
    assert!(run.stderr.contains("pickle") && run.stderr.contains("would run"), "{}", run.stderr);
    home.run(&["import", "nothing.csv"]).ends_with(4);
    home.run(&["import", home.path().join(".local").to_str().expect("a path")])
        .complains(4, &["nothing to bring in"]);
}

#[test]
fn a_database_of_the_old_scripts_comes_in_from_where_it_lies() {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).expect("make the directory");
    let old = Connection::open(home.database()).expect("make the database");
    old.execute_batch(
        "CREATE TABLE TRACE (ID, HOP, IP, COUNTRY, CITY, ISP, LATITUDE, LONGITUDE, DATE_CREATED);
         INSERT INTO TRACE VALUES ('7', 1, '192.0.2.1', 'Italy', 'Rome', 'unknown', 'unknown', 'unknown', '2021-01-31 16:06:12.489-0500');",
    )
    .expect("fill it");
    drop(old);
    home.run(&["list"]).complains(4, &["old scripts", "import"]);
    let aside = home.path().join("old.sqlite");
    std::fs::rename(home.database(), &aside).expect("move it away, as the message says");
    let aside = aside.to_str().expect("a path");
    home.run(&["import", aside]).ends_with(0);
    changes_nothing(&home, aside, 1);
    let listed = home.run(&["list", "--format", "json"]).ends_with(0).document();
    assert_eq!(listed[0]["started"], "2021-01-31T21:06:12.489Z");
}

/// Brings in once more what is there already.
#[track_caller]
fn changes_nothing(home: &Home, source: &str, traces: usize) {
    let rows = || {
        let database = Connection::open(home.database()).expect("open the database");
        let mut statement = database.prepare("SELECT * FROM TRACE ORDER BY ID, HOP").expect("the view");
        let columns = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
        let rows: Vec<Vec<rusqlite::types::Value>> =
            statement.query_map((), row).expect("rows").collect::<Result<_, _>>().expect("rows");
        rows
    };
    let (kept, before) = (rows(), home.run(&["export", "--all"]).ends_with(0).stdout);
    let said = home.run(&["import", source]).ends_with(0).stdout;
    assert_eq!(said, format!("brought in 0 traces, {traces} were there already\n"), "{source}");
    assert_eq!(rows(), kept, "{source}");
    assert_eq!(home.run(&["export", "--all"]).ends_with(0).stdout, before, "{source}");
}

/// An old CSV of so many traces of ten hops.
fn large(traces: u32) -> String {
    let mut text = String::from("CITY,ID,HOP,LONGITUDE,LATITUDE,IP,DATE_CREATED\n");
    for trace in 0..traces {
        for hop in 1..=10 {
            let (a, b) = (trace >> 8 & 255, trace & 255);
            writeln!(text, "Rome,{trace:08x}-0cfb-47a0-9a6c-ff8d92e3ebef,{hop},12.5,41.9,10.{a}.{b}.{hop},2021-01-31 16:06:{hop:02}.489-0500")
                .expect("write a row");
        }
    }
    text
}

fn count(home: &Home) -> i64 {
    let database = Connection::open(home.database()).and_then(|database| {
        database.busy_timeout(Duration::from_secs(10))?;
        database.query_row("SELECT count(*) FROM measurement", (), |row| row.get(0))
    });
    database.unwrap_or(0)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test that waits for a process gives up at last")]
fn killed_in_the_middle_it_loses_nothing_and_goes_on() {
    let home = Home::new();
    let file = home.write("large.csv", &large(6_000));
    home.run(&["db", "init"]).ends_with(0);
    let mut child =
        home.command(&["import", &file]).stdout(Stdio::null()).spawn().expect("start the program");
    let began = Instant::now();
    let mut killed = 0;
    while killed == 0 && began.elapsed() < Duration::from_secs(120) {
        killed = count(&home);
        std::thread::yield_now();
    }
    child.kill().expect("SIGKILL");
    child.wait().expect("wait for it");
    let there = count(&home);
    assert!(there >= killed && killed > 0 && there < 6_000, "killed at {killed}, {there} are there");
    home.run(&["db", "check"]).ends_with(0);
    let said = home.run(&["import", &file]).ends_with(0).stdout;
    assert_eq!(said, format!("brought in {} traces, {there} were there already\n", 6_000 - there));
    home.run(&["db", "check"]).ends_with(0);
}

#[test]
fn on_a_full_disk_it_says_so_and_loses_nothing() {
    let home = Home::new();
    let file = home.write("large.csv", &large(6_000));
    // A disk with two megabytes left, in a namespace of its own.
    let script = "mount -t tmpfs -o size=66m full \"$1\" || exit 99; head -c 64M /dev/zero > \"$1/other\"; shift; \
                  \"$@\"; echo \"status $?\"; \
                  \"$1\" --data-dir \"$5\" db check; echo \"check $?\"; \"$1\" --data-dir \"$5\" list --limit 1000000 --format jsonl | wc -l; \
                  rm \"$5/other\"; \"$@\"";
    let disk = home.path().join("disk");
    std::fs::create_dir(&disk).expect("make a directory");
    let program = env!("CARGO_BIN_EXE_trace-cli");
    let disk = disk.to_str().expect("a path");
    let output = tool("unshare")
        .args(["-Urm", "sh", "-c", script, "sh", disk, program, "import", &file, "--data-dir", disk])
        .output()
        .expect("start unshare");
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() && !said.contains("status") {
        return skip(format_args!("no file system of our own: {complained}"));
    }
    let lines: Vec<&str> = said.lines().collect();
    let brought =
        |line: &str| -> Option<u64> { line.strip_prefix("brought in ")?.split(' ').next()?.parse().ok() };
    let first = brought(lines[0]).expect("how many came in");
    assert!(first > 0 && first < 6_000, "{said}{complained}");
    assert!(lines.contains(&"status 4"), "{said}{complained}");
    assert!(
        complained.contains("no space is left") && complained.contains("goes on with the rest"),
        "{complained}"
    );
    assert!(lines.contains(&"check 0") && lines.contains(&first.to_string().as_str()), "{said}{complained}");
    // With room again, the same command goes on.
    let last = lines.last().expect("the second run");
    assert_eq!(
        *last,
        format!("brought in {} traces, {first} were there already", 6_000 - first),
        "{said}{complained}"
    );
}
