//! Many targets: from lists, networks and names, streamed, stored in batches, and ended early.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rusqlite::Connection;
use serde_json::Value;

use crate::lab::{Chain, Lab, Names, lab_test};
use crate::run::{Home, Rights};

/// A chain whose target has 1,024 more addresses of each family, 10.7.200.0 to 10.7.203.255 and fd07:0:0:c8::0 to ::3ff.
fn crowd(routers: u8) -> Lab {
    let lab = Chain::of(routers).without_limits().build();
    let (last, target) = (lab.node(lab.routers()), lab.node(lab.routers() + 1));
    last.ip(&format!("route add 10.7.200.0/22 via {}\n", lab.target(4)));
    last.ip6(&format!("route add fd07:0:0:c8::/118 via {}\n", lab.target(6)));
    target.ip("link set lo up\nroute add local 10.7.200.0/22 dev lo\n");
    target.ip6("route add local fd07:0:0:c8::/118 dev lo\n");
    lab
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line}")))
        .collect()
}

fn target_of(document: &Value) -> String {
    document["target"]["address"].as_str().expect("an address").to_owned()
}

fn stored(home: &Home) -> u32 {
    let database = Connection::open(home.database()).expect("open the database");
    database.query_row("SELECT count(*) FROM traces", [], |row| row.get(0)).expect("count the traces")
}

fn documents(home: &Home) -> usize {
    let files = std::fs::read_dir(home.data().join("traces")).into_iter().flatten().flatten();
    files.filter(|file| file.path().extension().is_some_and(|extension| extension == "json")).count()
}

/// Starts the program at a vantage point, its output in files of the home.
fn start(home: &Home, lab: &Lab, arguments: &[&str]) -> Child {
    let file = |name: &str| std::fs::File::create(home.path().join(name)).expect("make a file");
    let mut command: Command = home.command(arguments);
    command.stdout(file("stdout")).stderr(file("stderr"));
    lab.vantage().enter(|| command.spawn().expect("start the program"))
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(child.id().try_into().expect("a process id")), Signal::SIGINT).expect("send a signal");
}

/// Waits until a file of the home holds something.
fn await_text(home: &Home, name: &str, wanted: impl Fn(&str) -> bool) -> String {
    for _ in 0..3000 {
        let text = std::fs::read_to_string(home.path().join(name)).unwrap_or_default();
        if wanted(&text) {
            return text;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(10));
    }
    panic!("{name} never came to hold what was waited for");
}

lab_test! {
    /// A thousand targets from a list, both families, over raw and unprivileged sockets.
    fn a_thousand_targets_from_a_list() {
        let lab = crowd(3);
        for (rights, family) in [(Rights::Root, 4), (Rights::Root, 6), (Rights::None, 4)] {
            let home = Home::new();
            let address = |number: u32| match family {
                4 => format!("10.7.{}.{}", 200 + number / 256, number % 256),
                _ => format!("fd07:0:0:c8::{number:x}"),
            };
            let addresses: BTreeSet<String> = (1..=1000).map(address).collect();
            let list = home.write("hosts.txt", &addresses.iter().map(|address| format!("{address}\r\n")).collect::<String>());
            let arguments = ["trace", "--targets", &list, "-n", "-q", "1", "--rate", "0", "--format", "jsonl"];
            let run = home.run_in(&lab, rights, &arguments).ends_with(0);
            let documents_printed = lines(&run.stdout);
            let traced: BTreeSet<String> = documents_printed.iter().map(target_of).collect();
            assert_eq!(traced, addresses);
            for document in &documents_printed {
                assert_eq!(document["outcome"], "reached", "{document}");
                assert_eq!(document["hops"].as_array().map(Vec::len), Some(4), "{document}");
            }
            assert_eq!(stored(&home), 1000);
            // A list keeps the database only.
            assert_eq!(documents(&home), 0);
        }
    }

    fn networks_are_expanded_and_paced() {
        let lab = crowd(2);
        let home = Home::new();
        let arguments = ["trace", "--expand", "10.7.200.0/29", "10.7.200.4", "-n", "-q", "1", "--rate", "100", "--documents", "--format", "jsonl"];
        let run = home.run_in(&lab, Rights::Root, &arguments).ends_with(0);
        let traced: BTreeSet<String> = lines(&run.stdout).iter().map(target_of).collect();
        let expected: BTreeSet<String> = (1..=6).map(|last| format!("10.7.200.{last}")).collect();
        assert_eq!(traced, expected);
        assert_eq!((stored(&home), documents(&home)), (6, 6));
        home.run_in(&lab, Rights::Root, &["trace", "--expand", "10.0.0.0/8", "-n"]).complains(2, &["16777214", "--yes"]);
    }

    /// What is broken is told with its number, the rest is traced, and the status says so in the end.
    fn a_list_with_broken_lines() {
        let lab = crowd(1);
        let home = Home::new();
        let list = "\u{feff}# my hosts\n10.7.200.1\n\ntwo words\n10.7.200.2 # again\n10.7.200.0/24\n10.7.200.1\nhttp://example.com/\n";
        let mut command = home.command(&["trace", "--targets", "-", "-n", "--format", "jsonl"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let output = lab.vantage().enter(|| {
            let mut child = command.spawn().expect("start the program");
            child.stdin.take().expect("its input").write_all(list.as_bytes()).expect("write the list");
            child.wait_with_output().expect("wait for the program")
        });
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        for told in ["standard input, line 4: \"two words\"", "line 6: 10.7.200.0/24 is a network; --expand", "line 8:"] {
            assert!(stderr.contains(told), "{told:?} is missing in {stderr}");
        }
        let traced: Vec<String> = lines(&String::from_utf8_lossy(&output.stdout)).iter().map(target_of).collect();
        assert_eq!(traced.iter().collect::<BTreeSet<_>>().len(), 2, "{traced:?}");
        assert_eq!(traced.len(), 2);
        // The worst counts: who cannot be probed is not as bad as what makes no sense.
        let list = home.write("mixed.txt", &format!("{}\n10.7.200.1\n", lab.unroutable(4)));
        let run = home.run_in(&lab, Rights::Root, &["trace", "--targets", &list, "-n", "--format", "jsonl"]).ends_with(3);
        assert_eq!(lines(&run.stdout).len(), 1);
        let empty = home.write("empty.txt", "# nobody\n");
        home.run_in(&lab, Rights::Root, &["trace", "--targets", &empty]).complains(2, &["empty.txt", "no host"]);
        home.run_in(&lab, Rights::Root, &["trace", "--targets", "nowhere.txt"]).complains(2, &["nowhere.txt", "No such file"]);
    }

    /// Ctrl-C: what is there is printed and stored, and marked.
    fn an_end_in_the_middle_keeps_what_there_is() {
        let lab = crowd(1);
        let home = Home::new();
        let arguments = ["trace", "--expand", "10.7.200.0/22", "-n", "-q", "1", "--rate", "200", "--format", "jsonl"];
        let mut child = start(&home, &lab, &arguments);
        await_text(&home, "stdout", |text| text.lines().count() >= 20);
        interrupt(&child);
        let status = child.wait().expect("wait for the program");
        assert_eq!(status.code(), Some(130));
        let printed = lines(&std::fs::read_to_string(home.path().join("stdout")).expect("read what was printed"));
        assert!(printed.len() < 1022, "it was to be ended before");
        assert_eq!(u32::try_from(printed.len()), Ok(stored(&home)));
        assert!(printed.iter().filter(|document| document["outcome"] == "reached").count() >= 20);
    }

    /// Every address of a name, and names that are looked up while others are traced.
    fn all_addresses_of_names() {
        let (lab, home) = (crowd(2), Home::new());
        let directory = home.path().join("etc");
        std::fs::create_dir(&directory).expect("make a directory");
        let address = |text: &str| text.parse().expect("an address");
        let both = [address("10.7.200.9"), address("fd07:0:0:c8::9"), address("10.7.200.10")];
        Names::default().record("many.example", &both).record("one.example", &both[..1]).install(lab.vantage(), &directory);
        let run = home.run_in(&lab, Rights::Root, &["trace", "--all-addresses", "many.example", "-n", "--format", "jsonl"]);
        let traced: BTreeSet<String> = lines(&run.ends_with(0).stdout).iter().map(target_of).collect();
        assert_eq!(traced, both.iter().map(ToString::to_string).collect());
        let list = home.write("names.txt", "nosuch.example\none.example\nmany.example\n");
        let run = home.run_in(&lab, Rights::Root, &["trace", "--targets", &list, "-4", "-n", "--format", "jsonl"]).ends_with(3);
        assert!(run.stderr.contains("nosuch.example"), "{}", run.stderr);
        assert_eq!(lines(&run.stdout).len(), 2);
    }

    /// A database that somebody else has locked: the end that is asked for comes soon, and nothing is lost.
    fn an_end_is_obeyed_also_while_the_database_is_locked() {
        let lab = crowd(1);
        let home = Home::new();
        home.run(&["db", "init"]).ends_with(0);
        let other = Connection::open(home.database()).expect("open the database");
        let mut child = start(&home, &lab, &["trace", "10.7.203.255", "10.7.200.1", "-n", "--wait", "3s", "--format", "jsonl"]);
        // The program has opened the database by now.
        await_text(&home, "stdout", |text| text.lines().count() >= 1);
        other.execute_batch("BEGIN IMMEDIATE").expect("lock the database");
        interrupt(&child);
        // Whoever waits for the lock to the end waits ten seconds.
        let status = (0..700).find_map(|_| {
            std::thread::park_timeout(std::time::Duration::from_millis(10));
            child.try_wait().expect("ask for the program")
        });
        let status = status.expect("the program ends before its patience does");
        other.execute_batch("ROLLBACK").expect("unlock the database");
        let stderr = std::fs::read_to_string(home.path().join("stderr")).expect("read what was said");
        if status.code() == Some(4) {
            // Kept before the lock, with a document still to be written; or saved beside the database.
            match stderr.split_whitespace().find(|word| word.ends_with(".json")) {
                None => assert!(stderr.contains("is in the database"), "{stderr}"),
                Some(named) => {
                    let saved = std::fs::read_to_string(named).expect("read the rescue file");
                    assert_eq!(serde_json::from_str::<Value>(&saved).expect("a document")["schema"], 1);
                }
            }
        } else {
            // Everything was kept before the lock.
            assert_eq!((stored(&home), stderr.as_str()), (2, ""));
        }
    }
}
