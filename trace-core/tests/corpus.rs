//! The corpus of the fuzz targets, run as plain tests.
#![cfg(feature = "wire")]

#[allow(unreachable_pub, reason = "shared with the fuzz targets, where it is a crate of its own")]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use std::fs;
use std::path::Path;

/// The files of a target's corpus, by name.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
    let read =
        |entry: fs::DirEntry| Some((entry.file_name().into_string().ok()?, fs::read(entry.path()).ok()?));
    let files: Vec<_> = entries.filter_map(read).collect();
    assert!(files.len() >= 5, "{} has only {} files", directory.display(), files.len());
    files
}

/// Each file, and what becomes of it cut anywhere or with a bit turned anywhere.
fn run(target: &str, check: impl Fn(&[u8])) {
    for (_, bytes) in corpus(target) {
        for cut in 0..=bytes.len() {
            bytes.get(..cut).map(&check);
        }
        for bit in 0..bytes.len() * 8 {
            let mut turned = bytes.clone();
            if let Some(byte) = turned.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
            check(&turned);
        }
    }
}

#[test]
fn quoted_packets() {
    run("quote", fuzz::quote);
}

#[test]
fn icmp_messages() {
    run("icmp", fuzz::icmp);
}

#[test]
fn extension_structures() {
    run("extension", fuzz::extension);
}

#[test]
fn whatever_is_heard() {
    run("recognise", |bytes| {
        let _ = fuzz::recognise(bytes);
    });
}

/// Files named `ours-` answer a probe, with the id 7 where an id can be told, and files named `foreign-` do not.
#[test]
fn answers_are_told_from_foreign_traffic() {
    for (name, bytes) in corpus("recognise") {
        let heard = fuzz::recognise(&bytes);
        if name.starts_with("foreign-") {
            assert_eq!(heard, None, "{name}");
        } else if name.starts_with("ours-") {
            let id = heard.unwrap_or_else(|| panic!("{name} is nobody's")).id.map(|id| id.get());
            let untold = name.contains("nothing-quoted") || name.starts_with("ours-data");
            assert_eq!(id, (!untold).then_some(7), "{name}");
        }
    }
}
