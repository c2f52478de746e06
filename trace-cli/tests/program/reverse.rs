//! Names of addresses: asked of the system's resolver, which may lie, loop, and never answer.
//!
//! Only `geo lookup` is run, which probes nothing; the questions go to a server at 127.0.0.2 of the laboratory.

use std::net::UdpSocket;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::lab::{Chain, Lab, Names, lab_test};
use crate::run::{Home, Rights, Run};

/// What a server answers to a question for the PTR of a name: the records, or nothing at all.
type Answer = Box<dyn Fn(&str) -> Reply + Send>;

enum Reply {
    /// The bytes of the records behind the question, and how many there are.
    Records(u8, Vec<u8>),
    /// There is no such name.
    NoSuchName,
    /// These bytes and nothing else.
    Bytes(Vec<u8>),
    Silence,
}

/// A name as it is sent (RFC 1035 section 3.1).
fn wire(name: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name {
        bytes.push(u8::try_from(label.len()).expect("a label"));
        bytes.extend(*label);
    }
    bytes.push(0);
    bytes
}

/// A record of the name that was asked for.
fn record(kind: u8, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).expect("short data");
    [&[0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, length], data].concat()
}

fn named(name: &str) -> Reply {
    let labels: Vec<&[u8]> = name.split('.').map(str::as_bytes).collect();
    Reply::Records(1, record(12, &wire(&labels)))
}

/// A laboratory with a name server, and the names that it was asked for.
fn lab_with(answer: Answer) -> (Lab, Home, Arc<Mutex<Vec<String>>>) {
    let (lab, home) = (Chain::of(1).without_limits().build(), Home::new());
    let directory = home.path().join("etc");
    std::fs::create_dir(&directory).expect("make a directory");
    let host = "192.5.6.30".parse().expect("an address");
    Names::default().host("written.down.example", host).install(lab.vantage(), &directory);
    // The file that is mounted over the system's, so that questions come here.
    let configuration = "nameserver 127.0.0.2\noptions timeout:1 attempts:2\n";
    std::fs::write(directory.join("resolv.conf"), configuration).expect("write the resolver's configuration");
    let socket = lab.vantage().enter(|| UdpSocket::bind("127.0.0.2:53").expect("bind the name server"));
    socket.set_read_timeout(Some(Duration::from_secs(120))).expect("limit the name server's wait");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    std::thread::spawn(move || serve(&socket, &answer, &log));
    (lab, home, asked)
}

fn serve(socket: &UdpSocket, answer: &Answer, log: &Mutex<Vec<String>>) {
    let mut question = [0u8; 512];
    while let Ok((length, asker)) = socket.recv_from(&mut question) {
        let Some((name, end)) = name_of(&question[..length]) else { continue };
        log.lock().expect("a log").push(name.clone());
        let (flags, count, records) = match answer(&name) {
            Reply::Records(count, records) => (0x80, count, records),
            Reply::NoSuchName => (0x83, 0, Vec::new()),
            Reply::Bytes(bytes) => {
                let _ = socket.send_to(&bytes, asker);
                continue;
            }
            Reply::Silence => continue,
        };
        let mut bytes = question[..2].to_vec();
        bytes.extend([0x81, flags, 0, 1, 0, count, 0, 0, 0, 0]);
        bytes.extend(&question[12..end]);
        bytes.extend(records);
        let _ = socket.send_to(&bytes, asker);
    }
}

/// The name a question is about, and where the question ends.
fn name_of(question: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    while let length @ 1.. = usize::from(*question.get(at)?) {
        labels.push(String::from_utf8_lossy(question.get(at + 1..at + 1 + length)?).to_ascii_lowercase());
        at += 1 + length;
    }
    Some((labels.join("."), at + 5))
}

fn look_up(lab: &Lab, home: &Home, arguments: &[&str]) -> Run {
    home.run_in(lab, Rights::None, &[&["geo", "lookup"], arguments].concat()).ends_with(0)
}

/// The rows of the answer, one an address.
fn rows(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).expect("a row of JSON")).collect()
}

lab_test! {
    fn names_are_found_and_say_where_a_router_is() {
        let (lab, home, asked) = lab_with(Box::new(|name| match name {
            "1.32.67.193.in-addr.arpa" => named("be2813.ccr41.fra03.atlas.cogentco.com"),
            _ => Reply::NoSuchName,
        }));
        let run = look_up(&lab, &home, &["--format", "jsonl", "193.67.32.1", "193.67.32.2", "192.5.6.30", "10.0.0.1", "2001:4860::1"]);
        let rows = rows(&run);
        assert_eq!(rows[0]["hostname"], "be2813.ccr41.fra03.atlas.cogentco.com");
        assert_eq!(rows[0]["city"], "Frankfurt am Main");
        assert!(rows[0]["source"].as_str().is_some_and(|source| source.starts_with("hostname:cogentco.com")));
        assert!(rows[1]["hostname"].is_null());
        // The file of hosts goes first, and nobody is asked for what it knows or for what is private.
        assert_eq!(rows[2]["hostname"], "written.down.example");
        let asked = asked.lock().expect("a log").clone();
        assert!(asked.iter().any(|name| name.ends_with("ip6.arpa")), "{asked:?}");
        assert!(!asked.iter().any(|name| name.contains("30.6.5.192") || name.contains("10.in-addr")), "{asked:?}");
    }

    fn nobody_is_asked_where_no_names_are_wanted() {
        let (lab, home, asked) = lab_with(Box::new(|_| named("a.example")));
        let run = look_up(&lab, &home, &["--no-dns", "193.67.32.1"]);
        assert!(!run.stdout.contains("a.example"), "{run:?}");
        assert!(asked.lock().expect("a log").is_empty());
    }

    fn a_resolver_that_never_answers_takes_nothing_but_the_names() {
        let (lab, home, asked) = lab_with(Box::new(|_| Reply::Silence));
        let rows = rows(&look_up(&lab, &home, &["--format", "jsonl", "193.67.32.1"]));
        assert!(rows[0]["hostname"].is_null() && !rows[0]["country_code"].is_null(), "{rows:?}");
        assert!(!asked.lock().expect("a log").is_empty());
    }

    fn answers_that_lie_harm_nobody() {
        let (lab, home, _) = lab_with(Box::new(|name| match name.split('.').next() {
            // An escape sequence and a dot inside of labels.
            Some("1") => Reply::Records(1, record(12, &wire(&[b"\x1b[2Jcore1.fra1", b"evil\x07", b"example"]))),
            // An alias of itself.
            Some("2") => Reply::Records(1, record(5, &[0xc0, 12])),
            // A name that is longer than names are: what was asked for stands behind four long labels.
            Some("3") => {
                let mut long = wire(&[[b'a'; 60].as_slice(); 4]);
                long.pop();
                long.extend([0xc0, 12]);
                Reply::Records(1, record(12, &long))
            }
            // A pointer to itself, and one out of the packet.
            Some("4") => Reply::Records(1, record(12, &[0xc0, 0x3f])),
            Some("5") => Reply::Records(1, record(12, &[0xff, 0xff])),
            // Less than a header; noise; an answer to nothing.
            Some("6") => Reply::Bytes(vec![0; 5]),
            Some("7") => Reply::Bytes((0..=255).collect()),
            // The root, and the address.
            Some("8") => Reply::Records(1, record(12, &[0])),
            Some("9") => named("193.67.32.9"),
            // More records than there are.
            Some("10") => Reply::Records(200, Vec::new()),
            // Several names.
            Some("11") => Reply::Records(2, [record(12, &wire(&[b"b", b"example"])), record(12, &wire(&[b"a", b"example"]))].concat()),
            _ => named("honest.example"),
        }));
        let addresses: Vec<String> = (1..=12).map(|last| format!("193.67.32.{last}")).collect();
        let mut arguments = vec!["--format", "jsonl"];
        arguments.extend(addresses.iter().map(String::as_str));
        let run = look_up(&lab, &home, &arguments);
        let rows = rows(&run);
        let name = |last: usize| rows[last - 1]["hostname"].as_str().map(str::to_owned);
        for last in [2, 3, 4, 5, 6, 7, 8, 9, 10] {
            assert_eq!(name(last), None, "{last}");
        }
        assert_eq!((name(11).as_deref(), name(12).as_deref()), (Some("a.example"), Some("honest.example")));
        let lie = name(1).expect("a name, however strange");
        assert!(lie.contains("evil") && !lie.contains(['\u{1b}', '\u{7}']), "{lie:?}");
        let table = look_up(&lab, &home, &["193.67.32.1"]).stdout;
        assert!(!table.contains(['\u{1b}', '\u{7}']), "{table:?}");
    }

    fn hundreds_of_names_come_at_once() {
        let (lab, home, asked) = lab_with(Box::new(|name| {
            let last = name.split('.').next().unwrap_or_default();
            named(&format!("host-{last}.example"))
        }));
        let addresses: Vec<String> = (0..=255).map(|last| format!("193.67.33.{last}")).collect();
        let mut arguments = vec!["--format", "jsonl"];
        arguments.extend(addresses.iter().map(String::as_str));
        let rows = rows(&look_up(&lab, &home, &arguments));
        let named = rows.iter().filter(|row| row["hostname"].is_string()).count();
        // A loaded machine may take longer than names are waited for; those that came are right.
        assert!(named > 0 && asked.lock().expect("a log").len() >= named);
        for (row, address) in rows.iter().zip(&addresses) {
            let last = address.rsplit('.').next().expect("a number");
            assert!(row["hostname"].is_null() || row["hostname"] == format!("host-{last}.example"), "{row}");
        }
    }
}
