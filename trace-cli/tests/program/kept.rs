//! What is remembered: list, show, map, db; and the files behind them.

use rusqlite::Connection;

use crate::lab::{Chain, lab_test};
use crate::run::{Home, Rights};

#[test]
fn a_database_is_made_checked_and_found() {
    let home = Home::new();
    let path = home.run(&["db", "path"]).ends_with(0).stdout;
    assert_eq!(path.trim_end(), home.database().to_str().expect("a path"));
    assert!(!home.data().exists(), "db path only tells");
    home.run(&["db", "init"]).ends_with(0);
    assert!(home.database().exists());
    home.run(&["db", "check"]).ends_with(0);
    let database = Connection::open(home.database()).expect("open the database");
    let mode: String =
        database.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("the journal mode");
    assert_eq!(mode, "wal");
}

#[test]
fn the_data_directory_is_taken_from_flag_environment_and_standard() {
    let home = Home::new();
    let there = |name: &str| home.path().join(name).join("traces.sqlite").display().to_string();
    let mut command = home.command(&["db", "path"]);
    let output = command.env("TRACE_DATA_DIR", home.path().join("one")).output().expect("start the program");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), there("one"));
    let two = home.path().join("two");
    let mut command = home.command(&["db", "path", "--data-dir", two.to_str().expect("a path")]);
    let output = command.env("TRACE_DATA_DIR", home.path().join("one")).output().expect("start the program");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), there("two"));
    let mut command = home.command(&["db", "path"]);
    let output = command.env("XDG_DATA_HOME", home.path().join("xdg")).output().expect("start the program");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), there("xdg/trace"));
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let home = Home::new();
    let mut command = home.command(&["man"]);
    let pipe = std::process::Stdio::piped;
    let mut child = command.stdout(pipe()).stderr(pipe()).spawn().expect("start the program");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("wait for the program");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

lab_test! {
    fn what_was_traced_is_listed_shown_and_never_lost() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let mut ids = Vec::new();
        for ttl in [1, 2, 3] {
            for family in [4, 6] {
                let target = lab.hop(ttl, family).to_string();
                let run = home.run_in(&lab, Rights::None, &["trace", &target, "-n", "--format", "json"]).ends_with(0);
                ids.push((run.document()["id"].as_str().expect("an id").to_owned(), target, run.document()));
            }
        }
        let list = home.run(&["list", "--format", "json"]).ends_with(0).document();
        let listed: Vec<&str> = list.as_array().expect("a list").iter().filter_map(|trace| trace["id"].as_str()).collect();
        let newest_first: Vec<&str> = ids.iter().rev().map(|(id, ..)| id.as_str()).collect();
        assert_eq!(listed, newest_first);
        for (id, target, document) in &ids {
            // By the whole id, its beginning or its end, and by the file.
            let file = home.data().join(format!("traces/{id}.json"));
            for name in [id.as_str(), &id[id.len() - 8..], file.to_str().expect("a path")] {
                let shown = home.run(&["show", name, "--format", "json"]).ends_with(0);
                assert_eq!(&shown.document(), document, "{name}");
            }
            let only = home.run(&["list", "--target", target, "--format", "jsonl"]).ends_with(0);
            assert_eq!(only.stdout.lines().count(), 1, "{}", only.stdout);
            assert!(only.stdout.contains(id.as_str()));
        }
        assert_eq!(home.run(&["list", "--limit", "2", "--format", "jsonl"]).ends_with(0).stdout.lines().count(), 2);
        assert_eq!(home.run(&["list", "--since", "1d", "--format", "jsonl"]).ends_with(0).stdout.lines().count(), 6);
        let ambiguous = home.run(&["show", "0"]);
        assert_ne!(ambiguous.status, 0);
        assert!(ambiguous.stderr.contains('0'), "{}", ambiguous.stderr);

        // Setting up again keeps what is there.
        home.run(&["db", "init"]).ends_with(0);
        home.run(&["db", "check"]).ends_with(0);
        assert_eq!(home.run(&["list", "--format", "jsonl"]).ends_with(0).stdout.lines().count(), 6);

        // A document that got lost is no loss: the database is the truth.
        let (id, _, document) = &ids[0];
        std::fs::remove_file(home.data().join(format!("traces/{id}.json"))).expect("remove a document");
        assert_eq!(&home.run(&["show", id, "--format", "json"]).ends_with(0).document(), document);
    }

    fn rows_are_found_by_search_and_not_by_reading_everything() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        home.run_in(&lab, Rights::None, &["trace", &target, "-n"]).ends_with(0);
        let database = Connection::open(home.database()).expect("open the database");
        for view in ["TRACE", "traces"] {
            let plan = format!("EXPLAIN QUERY PLAN SELECT * FROM {view} WHERE ID = 'x'");
            let mut statement = database.prepare(&plan).expect("explain");
            let steps: Vec<String> =
                statement.query_map([], |row| row.get(3)).expect("a plan").collect::<Result<_, _>>().expect("steps");
            assert!(!steps.is_empty() && steps.iter().all(|step| !step.contains("SCAN")), "{view}: {steps:#?}");
        }
        let date: String = database.query_row("SELECT DATE_CREATED FROM TRACE", [], |row| row.get(0)).expect("a date");
        assert!(date.ends_with('Z') && date.starts_with("20"), "{date}");
    }

    fn csv_and_json_lines_hold_what_the_document_holds() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let target = lab.target(6).to_string();
        home.run_in(&lab, Rights::None, &["trace", &target, "-n"]).ends_with(0);
        let json = home.run(&["show", "latest", "--format", "json"]).ends_with(0).document();
        let line = home.run(&["show", "latest", "--format", "jsonl"]).ends_with(0);
        assert_eq!(line.stdout.lines().count(), 1);
        assert_eq!(line.document(), json);
        let csv = home.run(&["show", "latest", "--format", "csv"]).ends_with(0).stdout;
        for ttl in 1..=3 {
            assert!(csv.contains(&lab.hop(ttl, 6).to_string()), "{csv}");
        }
    }

    /// The second trace knows the length of the path from the first, and sends no probe beyond it.
    fn a_known_length_saves_packets() {
        let lab = Chain::of(5).delay(std::time::Duration::from_millis(2)).without_limits().build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        let sent = || {
            let before = lab.vantage().packets_sent("right");
            home.run_in(&lab, Rights::Root, &["trace", &target, "-n"]).ends_with(0);
            lab.vantage().packets_sent("right") - before
        };
        let (first, second) = (sent(), sent());
        assert!(first >= 18, "{first}");
        assert_eq!(second, 18, "six hops, three probes each");
    }
}
