//! What makes no sense: each its own message, the documented exit status, and nothing lost.

use std::os::unix::fs::PermissionsExt as _;

use rusqlite::Connection;

use crate::lab::{Chain, lab_test};
use crate::run::{Home, Rights, Run};

/// Everything that is wrong before the first packet: nothing is created either.
#[test]
fn what_makes_no_sense_is_said_before_anything_is_done() {
    let cases: &[(&[&str], &[&str])] = &[
        (&["trace"], &["<HOST>"]),
        (&["trace", ""], &["host", "empty"]),
        (&["trace", "127.0.0.1", "--first-ttl", "0"], &["--first-ttl", "'0'", "1 to 255"]),
        (&["trace", "127.0.0.1", "--max-ttl", "300"], &["--max-ttl", "'300'", "1 to 255"]),
        (&["trace", "127.0.0.1", "--first-ttl", "9", "--max-ttl", "3"], &["--first-ttl 9", "--max-ttl 3"]),
        (&["trace", "127.0.0.1", "--queries", "0"], &["--queries", "0 is not in 1..=255"]),
        (&["trace", "127.0.0.1", "--port", "70000"], &["--port", "70000 is not in 1..=65535"]),
        (&["trace", "127.0.0.1", "--wait", "soon"], &["--wait", "soon"]),
        (&["trace", "-6", "127.0.0.1"], &["-6", "127.0.0.1", "IPv4"]),
        (&["trace", "-4", "::1"], &["-4", "::1", "IPv6"]),
        (&["trace", "127.0.0.1", "--source", "::1"], &["--source ::1", "127.0.0.1", "IPv4"]),
        (&["trace", "127.0.0.1", "-6", "--dont-fragment"], &["--dont-fragment", "-6"]),
        (&["trace", "127.0.0.1", "--flow-label", "7"], &["--flow-label 7", "127.0.0.1"]),
        (&["trace", "127.0.0.1", "--protocol", "icmp", "--source-port", "9"], &["--source-port 9", "icmp"]),
        (&["trace", "127.0.0.1", "--rounds", "often"], &["--rounds", "often", "forever"]),
        // No such interface: whoever began would not go on for ever.
        (
            &["trace", "127.0.0.1", "127.0.0.2", "--rounds", "forever", "--interface", "nowhere0"],
            &["--rounds forever", "2 hosts"],
        ),
        (
            &["trace", "localhost", "--all-addresses", "--rounds", "forever", "--interface", "nowhere0"],
            &["--rounds forever", "--all-addresses"],
        ),
        (&["trace", "127.0.0.1", "--interval", "1s"], &["--rounds"]),
        (&["trace", "fe80::1%eth0", "--interface", "eth1"], &["fe80::1%eth0", "--interface eth1"]),
        (&["trace", "127.0.0.0/8"], &["127.0.0.0/8", "--expand"]),
        (&["trace", "--expand", "127.0.0.0/8"], &["--yes"]),
        (&["trace", "--targets", "/nowhere/hosts.txt"], &["/nowhere/hosts.txt", "No such file"]),
        (&["trace", "127.0.0.1", "--documents", "--no-store"], &["--documents", "--no-store"]),
        (&["trace", "127.0.0.1", "--protocol", "sctp"], &["--protocol", "sctp"]),
        (&["trace", "127.0.0.1", "--mode", "magic"], &["--mode", "magic"]),
        (&["trace", "127.0.0.1", "--origin", "91,0"], &["--origin", "91"]),
        (
            &["trace", "127.0.0.1", "--mmdb", "/nowhere/at/all.mmdb"],
            &["/nowhere/at/all.mmdb", "No such file"],
        ),
        (&["trace", "127.0.0.1", "--places", "/nowhere/feed.csv"], &["/nowhere/feed.csv", "No such file"]),
        (&["geo", "lookup", "not-an-address"], &["not-an-address"]),
        (&["sing"], &["sing"]),
    ];
    for (arguments, words) in cases {
        let home = Home::new();
        home.run(arguments).complains(2, words);
        assert!(!home.data().exists(), "{arguments:?} left data behind");
    }
}

#[test]
fn damaged_databases_of_places_are_named() {
    let home = Home::new();
    for (name, text) in [("empty.mmdb", ""), ("noise.mmdb", "no database at all")] {
        let file = home.write(name, text);
        home.run(&["geo", "lookup", "-n", "192.0.2.1", "--mmdb", &file]).complains(2, &[&file, "MaxMind"]);
    }
}

#[test]
fn a_broken_row_of_a_geofeed_is_named_by_its_number() {
    let home = Home::new();
    let rows = [
        ("10.0.0.0/99,DE", "prefix"),
        ("10.0.0.0/8,Germany", "country"),
        ("10.0.0.0/8,DE,,Berlin,,91,13", "latitude"),
        ("10.0.0.0/8,DE,,Berlin,,52,squid", "longitude"),
    ];
    for (row, column) in rows {
        let feed = home.write("feed.csv", &format!("# my networks\n192.0.2.0/24,AR\n{row}\n"));
        let run = home.run(&["geo", "lookup", "-n", "10.1.1.1", "--places", &feed]);
        run.complains(2, &[&feed, "line 3", "row 2", column]);
    }
}

/// A trace that is all there, though something that was typed could not be used.
#[track_caller]
fn whole_but_told(home: &Home, run: Run, words: &[&str]) {
    let run = run.ends_with(2);
    assert!(words.iter().all(|word| run.stderr.contains(word)), "{words:?}: {}", run.stderr);
    let document = run.document();
    assert_eq!(document["outcome"], "reached");
    assert_eq!(home.run(&["show", "latest", "--format", "json"]).ends_with(0).document(), document);
    assert!(home.path().join("map.svg").exists());
}

#[test]
fn a_trace_that_is_not_kept_is_not_invented() {
    let home = Home::new();
    home.run(&["db", "init"]).ends_with(0);
    for arguments in [&["show", "latest"][..], &["show", "0123abcd"], &["map", "latest", "-o", "x.png"]] {
        let run = home.run(arguments);
        assert!([2, 4].contains(&run.status), "{run:?}");
        assert!(!run.stderr.is_empty() && run.stdout.is_empty(), "{run:?}");
    }
    assert!(!home.path().join("x.png").exists());
}

lab_test! {
    fn hosts_that_cannot_be_probed() {
        let lab = Chain::of(1).build();
        let home = Home::new();
        for family in [4, 6] {
            let unroutable = lab.unroutable(family).to_string();
            for rights in [Rights::Root, Rights::None] {
                home.run_in(&lab, rights, &["trace", &unroutable, "-n"]).complains(3, &[&unroutable, "no route"]);
            }
        }
        home.run_in(&lab, Rights::None, &["trace", "nobody.invalid", "-n"]).complains(3, &["nobody.invalid"]);
    }

    /// A file of places that is there and cannot be used is told, and the exit status says so; what was measured is
    /// printed, kept and drawn all the same.
    fn files_of_places_that_cannot_be_used_cost_no_measurement() {
        let lab = Chain::of(1).without_limits().build();
        let target = lab.target(4).to_string();
        let feed = |row: &str| format!("192.0.2.0/24,AR\n{row}\n").into_bytes();
        let cases: [(&str, Vec<u8>, &[&str]); 8] = [
            ("--hints", b"no rule at all (\n".to_vec(), &["line 1"]),
            ("--mmdb", Vec::new(), &["it is empty", "fetch it anew"]),
            ("--mmdb", b"SQLite format 3\0 or any other vendor's".to_vec(), &["MaxMind", "offset"]),
            ("--places", feed("10.0.0.0/99,DE"), &["line 2", "prefix", "10.0.0.0/99"]),
            ("--places", feed("10.0.0.0/8,DE,,Berlin,,91,13"), &["latitude", "91"]),
            ("--places", feed("10.0.0.0/8,DE,,Berlin,,NaN,13"), &["latitude", "NaN"]),
            ("--places", b"\xff\xfe\n".to_vec(), &["line 1"]),
            ("--ix", b"<html>".to_vec(), &["exchange"]),
        ];
        for (flag, content, words) in cases {
            let home = Home::new();
            let file = home.write("file", "");
            std::fs::write(&file, &content).expect("write a file");
            let trace = ["trace", &target, "-n", flag, &file, "--map", "map.svg", "--format", "json"];
            whole_but_told(&home, home.run_in(&lab, Rights::None, &trace), &[&[file.as_str()], words].concat());
        }
        for flag in ["--mmdb", "--places", "--ix", "--hints"] {
            let home = Home::new();
            let file = home.write("huge", "");
            std::fs::File::options().write(true).open(&file).and_then(|file| file.set_len(5 << 30)).expect("5 GB of nothing");
            let trace = ["trace", &target, "-n", flag, &file, "--map", "map.svg", "--format", "json"];
            whole_but_told(&home, home.run_in(&lab, Rights::None, &trace), &[&file]);
        }
    }

    fn a_data_directory_that_cannot_be_written() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        let directory = home.path().join("locked");
        std::fs::create_dir(&directory).expect("make a directory");
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o500)).expect("take the right to write");
        let directory = directory.to_str().expect("a path");
        // Root may write anywhere; without capabilities the mode of the directory counts.
        let target = lab.target(4).to_string();
        let arguments = ["trace", &target, "-n", "--data-dir", directory];
        let run = home.run_in(&lab, Rights::None, &arguments).ends_with(4);
        assert!(run.stderr.contains(directory), "{}", run.stderr);
        // The measurement can be had all the same.
        home.run_in(&lab, Rights::None, &["trace", &target, "-n", "--no-store", "--data-dir", directory]).ends_with(0);
    }

    fn a_file_that_is_no_database_is_left_as_it_is() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        std::fs::create_dir_all(home.data()).expect("make the data directory");
        let words = "my diary, not a database";
        std::fs::write(home.database(), words).expect("write a file");
        let target = lab.target(4).to_string();
        let run = home.run_in(&lab, Rights::None, &["trace", &target, "-n"]).ends_with(4);
        assert!(run.stderr.contains("traces.sqlite"), "{}", run.stderr);
        for arguments in [&["list"][..], &["db", "check"], &["db", "init"], &["show", "latest"]] {
            let run = home.run(arguments).ends_with(4);
            assert!(run.stderr.contains("traces.sqlite"), "{arguments:?}: {}", run.stderr);
        }
        assert_eq!(std::fs::read_to_string(home.database()).expect("read the file"), words);
    }

    fn a_database_of_the_old_scripts_is_recognised_and_left_untouched() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        std::fs::create_dir_all(home.data()).expect("make the data directory");
        let old = Connection::open(home.database()).expect("make a database");
        old.execute_batch("CREATE TABLE TRACE (ID TEXT, HOP INTEGER, IP TEXT); INSERT INTO TRACE VALUES ('a', 1, '192.0.2.1')")
            .expect("fill the old table");
        drop(old);
        let before = std::fs::read(home.database()).expect("read the database");
        let target = lab.target(4).to_string();
        let run = home.run_in(&lab, Rights::None, &["trace", &target, "-n"]).ends_with(4);
        assert!(run.stderr.contains("import"), "{}", run.stderr);
        assert_eq!(std::fs::read(home.database()).expect("read the database"), before);
    }

    /// Somebody else holds the database: the measurement is printed and saved to a file that is named.
    fn a_locked_database_loses_no_measurement() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        home.run(&["db", "init"]).ends_with(0);
        let other = Connection::open(home.database()).expect("open the database");
        other.execute_batch("BEGIN EXCLUSIVE").expect("lock the database");
        let target = lab.target(4).to_string();
        let run = home.run_in(&lab, Rights::None, &["trace", &target, "-n", "--format", "json"]).ends_with(4);
        assert!(run.stderr.contains("locked") || run.stderr.contains("in use") || run.stderr.contains("busy"), "{}", run.stderr);
        if run.stdout.is_empty() {
            // Refused before anything was measured: nothing can be lost.
            assert!(run.stderr.contains("nothing is traced"), "{}", run.stderr);
        } else {
            assert_eq!(run.document()["outcome"], "reached");
            let named = run.stderr.split_whitespace().find(|word| word.contains(".json")).expect("a rescue file");
            let path = named.trim_matches(|sign: char| !sign.is_alphanumeric() && sign != '/');
            let saved = std::fs::read_to_string(path).expect("read the rescue file");
            let saved: serde_json::Value = serde_json::from_str(&saved).expect("a document");
            assert_eq!(saved["id"], run.document()["id"]);
        }
        other.execute_batch("ROLLBACK").expect("unlock the database");
        home.run_in(&lab, Rights::None, &["trace", &target, "-n"]).ends_with(0);
    }
}
