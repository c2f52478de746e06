use core::time::Duration;
use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::super::{Documents, Overwrite, Store};
use super::realistic;
use crate::Error;

/// Opening fails, and the file is the same afterwards, byte by byte, with nothing beside it.
fn refused(directory: &Path) -> Error {
    let path = directory.join(Store::FILE);
    let before = fs::read(&path).unwrap();
    let error = Store::open(directory).unwrap_err();
    let again = Store::open_read_only(directory).unwrap_err();
    assert_eq!(error.to_string(), again.to_string());
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    error
}

fn database(sql: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let connection = Connection::open(directory.path().join(Store::FILE)).unwrap();
    connection.execute_batch(sql).unwrap();
    directory
}

#[test]
fn a_store_is_created_with_its_directory_and_found_again() {
    let directory = tempfile::tempdir().unwrap();
    let deep = directory.path().join("a/b");
    let (trace, atlas) = realistic::trace(1, 3, 1);
    Store::open(&deep).unwrap().put(&trace, &atlas, Documents::Skip).unwrap();
    let store = Store::open(&deep).unwrap();
    assert_eq!(store.path(), deep.join("traces.sqlite"));
    assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)));
    let mode: String = store.connection.query_row("PRAGMA journal_mode", (), |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_short_log_stays_and_a_long_one_goes() {
    let directory = tempfile::tempdir().unwrap();
    let log = || fs::metadata(directory.path().join("traces.sqlite-wal")).map_or(0, |log| log.len());
    let (trace, atlas) = realistic::trace(1, 3, 1);
    Store::open(directory.path()).unwrap().put(&trace, &atlas, Documents::Skip).unwrap();
    assert!(log() > 0);
    // The next process, and a reader, find what is in it.
    assert_eq!(Store::open_read_only(directory.path()).unwrap().count().unwrap(), 1);
    let mut store = Store::open(directory.path()).unwrap();
    assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)));
    let traces: Vec<_> = (10..1500).map(|number| realistic::trace(number, 3, 3)).collect();
    let batch: Vec<_> = traces.iter().map(|(trace, atlas)| (trace, atlas)).collect();
    store.put_batch(&batch, Documents::Skip).unwrap();
    drop(store);
    assert_eq!(log(), 0);
    assert_eq!(Store::open(directory.path()).unwrap().count().unwrap(), 1491);
}

#[test]
fn an_empty_file_becomes_a_store() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(Store::FILE), "").unwrap();
    assert!(matches!(Store::open_read_only(directory.path()), Err(Error::Missing { .. })));
    assert_eq!(Store::open(directory.path()).unwrap().count().unwrap(), 0);
}

#[test]
fn a_database_of_the_old_scripts_is_left_alone() {
    let directory = database(
        "CREATE TABLE TRACE (ID TEXT, HOP INTEGER, IP TEXT, COUNTRY TEXT, CITY TEXT, ISP TEXT, LATITUDE REAL,
             LONGITUDE REAL, DATE_CREATED TEXT);
         INSERT INTO TRACE VALUES ('a', 1, '192.0.2.1', 'unknown', 'unknown', 'unknown', 0, 0, 'today');",
    );
    let error = refused(directory.path());
    assert!(matches!(error, Error::OldScripts { .. }), "{error}");
    assert!(error.to_string().contains("import"), "{error}");
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    for sql in [
        "CREATE TABLE songs (title TEXT);",
        "CREATE TABLE trace (message TEXT);",
        "PRAGMA user_version = 3;",
        "PRAGMA application_id = 7; CREATE TABLE songs (title TEXT);",
    ] {
        let directory = database(sql);
        let error = refused(directory.path());
        assert!(matches!(error, Error::Foreign { .. }), "{sql}: {error}");
    }
}

#[test]
fn a_database_of_a_newer_release_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    store.connection.execute_batch("PRAGMA user_version = 99;").unwrap();
    drop(store);
    let error = refused(directory.path());
    assert!(matches!(error, Error::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("update"), "{error}");
}

#[test]
fn what_is_no_database_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(Store::FILE), "CITY,ID,HOP\n".repeat(99)).unwrap();
    assert!(matches!(refused(directory.path()), Error::NotADatabase { .. }));
}

#[test]
fn a_damaged_database_is_said_to_be_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let traces: Vec<_> = (0..200).map(|number| realistic::trace(number, 3, 3)).collect();
    let batch: Vec<_> = traces.iter().map(|(trace, atlas)| (trace, atlas)).collect();
    store.put_batch(&batch, Documents::Skip).unwrap();
    store.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    drop(store);
    let path = directory.path().join(Store::FILE);
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0x5a);
    fs::write(&path, &bytes).unwrap();
    let failure = match Store::open(directory.path()) {
        Err(error) => error,
        Ok(mut store) => {
            let report = store.check();
            assert!(!report.is_ok_and(|report| report.is_sound()));
            store.put(&traces[0].0, &traces[0].1, Documents::Skip).unwrap_err()
        }
    };
    assert!(matches!(failure, Error::Damaged { .. }), "{failure}");
    assert!(failure.to_string().contains("db check"), "{failure}");
}

#[test]
fn a_directory_that_cannot_be_is_named() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    let error = Store::open(&directory.path().join("file/below")).unwrap_err();
    assert!(matches!(error, Error::Directory { .. }), "{error}");
    assert!(error.to_string().contains("--data-dir"), "{error}");
    // A directory lies where the database should be: this stops root as well.
    fs::create_dir(directory.path().join(Store::FILE)).unwrap();
    let error = Store::open(directory.path()).unwrap_err();
    assert!(matches!(error, Error::NotWritable { .. }), "{error}");
}

#[test]
fn a_missing_database_is_missing_to_a_reader() {
    let directory = tempfile::tempdir().unwrap();
    let error = Store::open_read_only(directory.path()).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn what_cannot_be_read_is_not_missing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Store::open_read_only(&file).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    fs::create_dir(directory.path().join(Store::FILE)).unwrap();
    let error = Store::open_read_only(directory.path()).unwrap_err();
    assert!(matches!(error, Error::NotADatabase { .. }), "{error}");
}

#[test]
fn a_reader_reads_and_does_not_write() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = Store::open(directory.path()).unwrap();
    let mut reader = Store::open_read_only(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(1, 3, 1);
    assert!(matches!(reader.put(&trace, &atlas, Documents::Skip), Err(Error::ReadOnly { .. })));
    writer.put(&trace, &atlas, Documents::Skip).unwrap();
    assert_eq!(reader.get(trace.id).unwrap(), Some((trace, atlas)));
}

#[test]
fn readers_read_while_a_trace_is_being_written() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (trace, atlas) = realistic::trace(1, 3, 1);
    store.put(&trace, &atlas, Documents::Skip).unwrap();
    store.connection.execute_batch("BEGIN IMMEDIATE; DELETE FROM epoch;").unwrap();
    let reader = Store::open_read_only(directory.path()).unwrap();
    let rows: i64 = reader.connection.query_row("SELECT count(*) FROM TRACE", (), |row| row.get(0)).unwrap();
    assert_eq!(rows, 15);
}

#[test]
fn a_locked_database_is_said_to_be_locked_and_the_trace_can_be_stored_later() {
    let directory = tempfile::tempdir().unwrap();
    let other = Store::open(directory.path()).unwrap();
    let mut store = Store::open_within(directory.path(), Duration::from_millis(50)).unwrap();
    let (trace, atlas) = realistic::trace(1, 3, 1);
    other.connection.execute_batch("BEGIN IMMEDIATE;").unwrap();
    let error = store.put(&trace, &atlas, Documents::Write).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    assert_eq!(store.count().unwrap(), 0);
    other.connection.execute_batch("ROLLBACK;").unwrap();
    assert!(store.put(&trace, &atlas, Documents::Write).unwrap().new);
}

#[test]
fn setting_up_keeps_what_is_there_unless_asked() {
    let directory = tempfile::tempdir().unwrap();
    let (trace, atlas) = realistic::trace(1, 3, 1);
    let (mut store, aside) = Store::init(directory.path(), Overwrite::No).unwrap();
    assert_eq!(aside, None);
    store.put(&trace, &atlas, Documents::Write).unwrap();
    drop(store);
    let (store, _) = Store::init(directory.path(), Overwrite::No).unwrap();
    assert_eq!(store.count().unwrap(), 1);
    drop(store);
    let (mut store, aside) = Store::init(directory.path(), Overwrite::Everything).unwrap();
    assert_eq!((store.count().unwrap(), aside), (0, None));
    assert!(!directory.path().join(format!("traces/{}.json", trace.id)).exists());
    assert!(store.check().unwrap().is_sound());
    assert!(store.put(&trace, &atlas, Documents::Write).unwrap().new);
}

#[test]
fn overwriting_moves_aside_what_is_not_ours() {
    let directory = database("CREATE TABLE songs (title TEXT);");
    let before = fs::read(directory.path().join(Store::FILE)).unwrap();
    assert!(matches!(Store::init(directory.path(), Overwrite::No), Err(Error::Foreign { .. })));
    let (store, aside) = Store::init(directory.path(), Overwrite::Everything).unwrap();
    assert_eq!(fs::read(aside.unwrap()).unwrap(), before);
    assert!(store.check().unwrap().is_sound());
}

#[test]
fn a_database_copied_without_its_log_mode_is_taken_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let copy = tempfile::tempdir().unwrap();
    let sql = "VACUUM INTO ?";
    store.connection.execute(sql, [copy.path().join(Store::FILE).to_str().unwrap()]).unwrap();
    let store = Store::open(copy.path()).unwrap();
    let mode: String = store.connection.query_row("PRAGMA journal_mode", (), |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}
