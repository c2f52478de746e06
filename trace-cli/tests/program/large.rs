//! Files that are larger than any memory should have to be: all that is in them comes in, and what makes no sense is refused,
//! within memory that does not grow with them.
//!
//! The suite takes a few megabytes where every row counts. With a hundred, and a program that was built for speed:
//!
//! ```text
//! TRACE_TEST_MEGABYTES=100 TRACE_TEST_PROGRAM=$PWD/target/release/trace-cli cargo test -p trace-cli --test program -- large
//! ```

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufRead as _, BufReader, BufWriter, Write};
use std::process::Command;

use crate::run::{Home, Run};

const HEADING: &str = "CITY,ID,HOP,LONGITUDE,LATITUDE,IP,DATE_CREATED";

/// Bytes of a file that makes no sense.
const HUNDRED: u64 = 100 << 20;
/// KiB of memory that the program may write to, its stacks and buffers among them.
const MEMORY: &str = "131072";

/// Bytes of a file that is good.
fn size() -> usize {
    let megabytes = std::env::var("TRACE_TEST_MEGABYTES").ok().and_then(|number| number.parse().ok());
    megabytes.unwrap_or(2) << 20
}

/// The program, with this much memory and no more.
pub(crate) fn bounded(home: &Home, arguments: &[&str]) -> Command {
    let program = std::env::var("TRACE_TEST_PROGRAM");
    let program = program.unwrap_or_else(|_| env!("CARGO_BIN_EXE_trace-cli").to_owned());
    let script = format!("ulimit -d {MEMORY} && exec \"$@\"");
    home.command_of("sh", &[&["-c", &script, "sh", &program], arguments].concat())
}

/// What lines say, in whatever order they stand: how many there are, and a sum over all of them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    lines: u64,
    hashes: u64,
}

impl Sum {
    fn add(&mut self, line: &str) {
        let mut hasher = DefaultHasher::new();
        line.hash(&mut hasher);
        self.lines += 1;
        self.hashes = self.hashes.wrapping_add(hasher.finish());
    }
}

/// An old CSV in which nothing repeats but its columns.
#[derive(Debug)]
pub(crate) struct Large {
    pub(crate) path: String,
    pub(crate) traces: u32,
    rows: Sum,
}

pub(crate) fn id(trace: u32) -> String {
    format!("{trace:08x}-0cfb-47a0-9a6c-ff8d92e3ebef")
}

impl Large {
    pub(crate) fn new(home: &Home) -> Self {
        let path = home.write("large.csv", "");
        let mut file = BufWriter::new(File::create(&path).expect("make a file"));
        writeln!(file, "{HEADING}").expect("write");
        let (mut rows, mut traces, mut length) = (Sum::default(), 0_u32, 0);
        while length < size() {
            let (day, hour, minute, second) =
                (traces / 86_400 % 28 + 1, traces / 3600 % 24, traces / 60 % 60, traces % 60);
            for hop in 1..=10 {
                let number = traces * 10 + hop;
                let [_, a, b, c] = number.to_be_bytes();
                let row = format!(
                    "Town {number},{},{hop},{}.5,{}.5,10.{a}.{b}.{c},2021-01-{day:02} {hour:02}:{minute:02}:{second:02}.{hop:03}+0000",
                    id(traces),
                    number % 178,
                    number % 88
                );
                writeln!(file, "{row}").expect("write");
                length += row.len() + 1;
                rows.add(&row);
            }
            traces += 1;
        }
        file.flush().expect("write");
        Self { path, traces, rows }
    }
}

/// Files of a hundred megabytes that make no sense, and what is to be said of them: what they begin with, and a piece that is
/// repeated for two megabytes. Nothing but noughts follow, which take no room on the disk and end no line.
pub(crate) const SENSELESS: [(&str, &[u8], &str); 6] = [
    ("", b"x", "its first line is too long for a heading"),
    ("", b",", "its first line is too long for a heading"),
    ("CITY,ID,HOP,LONGITUDE,LATITUDE,IP,DATE_CREATED\n", b"x", "line 2: it does not end within a megabyte"),
    ("CITY,ID,HOP,LONGITUDE,LATITUDE,IP,DATE_CREATED\n", b",", "line 2: it does not end within a megabyte"),
    (
        "CITY,ID,HOP,LONGITUDE,LATITUDE,IP,DATE_CREATED\n\"",
        b"a row\n",
        "line 2: it does not end within a megabyte",
    ),
    ("a heading, it seems\n", b"\xb1\x07\0\xfe\n\x93,\"\xc3", "neither documents nor CSV"),
];

pub(crate) fn senseless(home: &Home, begin: &str, piece: &[u8]) -> String {
    let path = home.write("senseless.csv", "");
    let mut file = File::create(&path).expect("make a file");
    file.write_all(begin.as_bytes()).expect("write");
    file.write_all(&piece.repeat((2 << 20) / piece.len())).expect("write");
    file.set_len(HUNDRED).expect("make it long");
    path
}

#[test]
fn all_of_a_large_csv_comes_in() {
    let home = Home::new();
    let large = Large::new(&home);
    let said = Run::of(&mut bounded(&home, &["import", &large.path])).ends_with(0).stdout;
    assert_eq!(said, format!("brought in {} traces\n", large.traces));
    let export = ["export", "--all", "--format", "csv", "--columns", "old", "-o", "out.csv"];
    Run::of(&mut bounded(&home, &export)).ends_with(0);
    let mut rows = Sum::default();
    let out = BufReader::new(File::open(home.path().join("out.csv")).expect("the export"));
    out.lines().skip(1).for_each(|line| rows.add(&line.expect("text")));
    assert_eq!(rows, large.rows);
}

#[test]
fn a_large_file_that_makes_no_sense_is_refused() {
    let home = Home::new();
    for (begin, piece, words) in SENSELESS {
        let path = senseless(&home, begin, piece);
        let run = Run::of(&mut bounded(&home, &["import", &path])).ends_with(4);
        assert!(run.stderr.contains(words), "{words:?} is missing in:\n{}", run.stderr);
        assert_eq!(run.stdout, "brought in 0 traces\n");
    }
    // Where every row is wrong the first ones are told, and the number of the others.
    let rows = size() / 32;
    let text = format!("{HEADING}\n{}", "Rome,7,0,12.5,41.9,192.0.2.1,no\n".repeat(rows));
    let path = home.write("senseless.csv", &text);
    let run = Run::of(&mut bounded(&home, &["import", &path])).ends_with(4);
    assert!(run.stderr.contains("line 2, HOP: \"0\" is no hop"), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("and at {} more places", rows - 10)), "{}", run.stderr);
    assert_eq!(run.stderr.lines().count(), 11, "{}", run.stderr);
}
