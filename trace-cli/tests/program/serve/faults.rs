//! Databases that are not as they should be: the server says so and goes on as soon as they are.

use std::fs;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::Server;
use super::samples::{id, keep, keep_in, trace, usual};
use crate::run::Home;

#[track_caller]
fn state(server: &Server, expected: &str, words: &str) {
    let status = server.json("/api/v1/status");
    assert_eq!(status["store"]["state"], expected, "{status}");
    let message = status["store"]["message"].as_str().unwrap_or_default();
    assert!(message.contains(words), "{message}");
    if expected != "ok" {
        server.get("/api/v1/targets").complains(503, words);
        server.get("/api/v1/traces").complains(503, words);
        assert!(server.get("/metrics").text().contains("trace_store_up 0"));
        assert_eq!(server.get("/healthz").status, 200, "the server itself is well");
    }
}

/// Removes the database with its log.
fn clear(home: &Home) {
    for ending in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(home.data().join(format!("traces.sqlite{ending}")));
    }
}

fn traces(server: &Server) -> Value {
    server.json("/api/v1/status")["store"]["traces"].clone()
}

#[test]
fn a_database_that_comes_later_is_found() {
    let home = Home::new();
    let server = Server::start(&home, &[]);
    state(&server, "missing", "no database");
    assert!(!home.data().exists(), "who only looks makes nothing");
    keep(&home, &usual());
    state(&server, "ok", "");
    assert_eq!(traces(&server), 48);
    // What is written while it is shown is shown.
    keep(&home, &[trace(1, 100, 2)]);
    assert_eq!(traces(&server), 49);
    assert_eq!(server.json("/api/v1/traces/latest")["id"], id(&trace(1, 100, 2)));
}

#[test]
fn a_database_that_is_replaced_is_opened_anew() {
    let home = Home::new();
    keep(&home, &usual());
    let server = Server::start(&home, &[]);
    assert_eq!(traces(&server), 48);
    let other = home.path().join("other");
    keep_in(&other, &[trace(9, 0, 1)]);
    home.run(&["db", "backup", "copy.sqlite", "--data-dir", "other"]).ends_with(0);
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(home.data().join(format!("traces.sqlite{ending}")));
    }
    fs::rename(home.path().join("copy.sqlite"), home.database()).expect("put another database there");
    state(&server, "ok", "");
    assert_eq!(traces(&server), 1);
    let targets = server.json("/api/v1/targets");
    assert_eq!(targets["items"][0]["name"], json!("host9.example"));
    fs::remove_file(home.database()).expect("remove the database");
    state(&server, "missing", "no database");
}

#[test]
fn what_is_no_database_of_ours_is_told() {
    let home = Home::new();
    keep(&home, &usual());
    home.run(&["db", "backup", "good.sqlite"]).ends_with(0);
    let good = home.path().join("good.sqlite");
    let server = Server::start(&home, &[]);
    state(&server, "ok", "");
    clear(&home);
    fs::write(home.database(), "this is no database, and it is long enough to be one. ".repeat(100))
        .expect("write");
    state(&server, "damaged", "is not a database");
    clear(&home);
    fs::copy(&good, home.database()).expect("copy the database");
    Connection::open(home.database())
        .and_then(|database| database.pragma_update(None, "user_version", 999))
        .expect("make it newer");
    state(&server, "newer", "newer release");
    clear(&home);
    fs::copy(&good, home.database()).expect("copy the database");
    state(&server, "ok", "");
    assert_eq!(traces(&server), 48);
}

#[test]
fn pages_that_are_damaged_are_told_and_survived() {
    let home = Home::new();
    keep(&home, &(0..200).map(|hour| trace(1, hour, 1)).collect::<Vec<_>>());
    home.run(&["db", "backup", "good.sqlite"]).ends_with(0);
    for ending in ["-wal", "-shm"] {
        let _ = fs::remove_file(home.data().join(format!("traces.sqlite{ending}")));
    }
    let mut bytes = fs::read(home.path().join("good.sqlite")).expect("read it");
    let length = bytes.len();
    bytes[4096..length].fill(0xa5);
    fs::remove_file(home.database()).expect("remove it");
    fs::write(home.database(), &bytes).expect("write it");
    let server = Server::start(&home, &[]);
    state(&server, "damaged", "");
    fs::rename(home.path().join("good.sqlite"), home.database()).expect("mend it");
    state(&server, "ok", "");
    assert_eq!(traces(&server), 200);
}

/// A log that nobody else may look at: what an old tool, or a backup program, may hold.
const LOCK: &str = "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;";

#[test]
fn a_database_that_somebody_locks_is_told_and_waited_for() {
    let home = Home::new();
    keep(&home, &usual());
    let locker = Connection::open(home.database()).expect("open the database");
    locker.execute_batch(LOCK).expect("lock it");
    let server = Server::start(&home, &[]);
    let locked = server.json("/api/v1/status");
    assert_eq!(locked["store"]["state"], "locked", "{locked}");
    assert!(locked["store"]["message"].as_str().is_some_and(|text| text.contains("locked")), "{locked}");
    server.get("/api/v1/targets").complains(503, "locked");
    drop(locker);
    state(&server, "ok", "");
    assert_eq!(traces(&server), 48);
    // From then on it is looked at, and nobody can keep others from that.
    let late = Connection::open(home.database()).expect("open the database");
    assert!(late.execute_batch(LOCK).is_err());
    assert_eq!(traces(&server), 48);
}
