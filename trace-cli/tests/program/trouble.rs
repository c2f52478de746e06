//! Trouble while a trace is under way: what the program says of it, keeps of it, and ends with.

use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::lab::{Chain, Fault, Lab, Names, lab_test, nft};
use crate::run::{Home, Rights, Run};
use crate::terminal::Terminal;

/// Starts the program at the vantage point.
fn start(home: &Home, lab: &Lab, arguments: &[&str]) -> Child {
    let mut command = home.command(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    lab.vantage().enter(|| command.spawn().expect("start the program"))
}

/// Waits until the program has sent so many packets.
fn await_packets(lab: &Lab, child: &mut Child, count: u64) {
    let before = lab.vantage().packets_sent("right");
    while lab.vantage().packets_sent("right") < before + count {
        std::thread::park_timeout(std::time::Duration::from_millis(5));
        assert!(child.try_wait().expect("ask for the program").is_none(), "it ended by itself");
    }
}

/// Waits for the end.
fn end(child: Child) -> Run {
    let output = child.wait_with_output().expect("wait for the program");
    let text = |bytes| String::from_utf8(bytes).expect("output in UTF-8");
    Run {
        status: output.status.code().expect("the program ends by itself"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Why probes of a document were not sent.
fn causes(document: &Value) -> Vec<&str> {
    let hops = document["hops"].as_array().expect("hops");
    let probes = hops.iter().flat_map(|hop| hop["probes"].as_array().expect("probes"));
    probes.filter_map(|probe| probe["error"].as_str()).collect()
}

fn kept(home: &Home) -> Value {
    home.run(&["show", "latest", "--format", "json"]).ends_with(0).document()
}

lab_test! {
    /// Ctrl-C in the middle of one trace: what was heard until then is printed and kept.
    fn a_single_trace_that_is_interrupted_is_printed_and_kept() {
        let lab = Chain::of(4).fault(3, Fault::Silent).fault(4, Fault::Silent).without_limits().build();
        // Nobody behind the second router is heard, and the trace waits long.
        let target = lab.nobody(4).to_string();
        for format in ["table", "json"] {
            let home = Home::new();
            let words = ["trace", &target, "-n", "--no-geo", "--wait", "100s", "--protocol", "icmp", "--format", format];
            let mut child = start(&home, &lab, &words);
            await_packets(&lab, &mut child, 12);
            kill(Pid::from_raw(child.id().try_into().expect("a process id")), Signal::SIGINT).expect("send a signal");
            let run = end(child).ends_with(130);
            let document = kept(&home);
            assert_eq!(document["outcome"], "interrupted", "{document}");
            let first = lab.hop(1, 4).to_string();
            assert_eq!(document["hops"][0]["probes"][0]["from"], first, "{document}");
            if format == "json" {
                assert_eq!(run.document(), document);
            } else {
                assert!(run.stdout.contains(&first) && run.stdout.contains("Interrupted"), "{}", run.stdout);
                assert!(run.stdout.contains(", kept as "), "{}", run.stdout);
            }
        }
    }

    /// An interface that goes away in the middle: the rest could not be sent, for a cause that is told; what was heard
    /// before is kept.
    fn an_interface_that_goes_away_is_told_with_its_cause() {
        for interface in [&[][..], &["--interface", "right"]] {
            let lab = Chain::of(3).without_limits().build();
            let before = lab.vantage().packets_sent("right");
            let starts = [4, 6].map(|family| {
                let home = Home::new();
                let target = lab.target(family).to_string();
                let words = ["trace", &target, "-n", "--no-geo", "--rounds", "8", "--interval", "300ms", "--wait", "300ms", "--protocol", "udp"];
                let child = start(&home, &lab, &[&words, interface].concat());
                (family, home, child)
            });
            // Four hops, two families, and two rounds of each on the average.
            while lab.vantage().packets_sent("right") < before + 4 * 2 * 2 {
                std::thread::park_timeout(std::time::Duration::from_millis(5));
            }
            lab.vantage().ip("link del right\n");
            for (family, home, child) in starts {
                let run = end(child);
                let document = kept(&home);
                let causes = causes(&document);
                assert!(!causes.is_empty(), "IPv{family} {document}");
                assert_eq!(document["hops"][0]["probes"][0]["from"], lab.hop(1, family).to_string(), "{document}");
                let told = run.stdout.lines().any(|line| line.contains(" not sent: ") && line.contains(causes[0]));
                assert!(told, "IPv{family} {causes:?}\n{}{}", run.stdout, run.stderr);
                // The target had answered by then.
                assert_eq!((run.status, document["outcome"].as_str()), (0, Some("reached")), "{}{}", run.stdout, run.stderr);
            }
        }
    }

    /// A firewall of this machine that lets nothing out: no measurement, and no silence either.
    fn a_firewall_that_lets_nothing_out_is_told() {
        let lab = Chain::of(1).without_limits().build();
        let nothing = "table inet lab { chain out { type filter hook output priority 0; oifname right drop; }; }";
        if !nft(lab.vantage(), nothing) {
            return;
        }
        for (rights, family, protocol) in [
            (Rights::Root, 4, "icmp"),
            (Rights::Root, 4, "tcp"),
            (Rights::Root, 6, "icmp"),
            (Rights::Root, 6, "udp"),
            (Rights::None, 4, "icmp"),
            (Rights::None, 4, "udp"),
            (Rights::None, 6, "udp"),
        ] {
            let home = Home::new();
            let target = lab.target(family).to_string();
            let words = ["trace", &target, "-n", "--no-geo", "--protocol", protocol, "--wait", "300ms", "--gap", "2"];
            let run = home.run_in(&lab, rights, &words).ends_with(3);
            for word in [&*format!("no probe to {target} could be sent"), "not permitted"] {
                assert!(run.stderr.contains(word), "{word:?} {protocol} IPv{family} {rights:?}: {}", run.stderr);
            }
            assert!(run.stdout.contains(" not sent: "), "{protocol} IPv{family} {rights:?}: {}", run.stdout);
            let document = kept(&home);
            assert!(causes(&document).iter().all(|cause| cause.contains("not permitted")), "{document}");
        }
    }

    /// Traces that begin alike take their first routers over from one another, and say so.
    fn routers_that_traces_share_are_taken_over_with_a_word() {
        let lab = Chain::of(3).without_limits().build();
        let home = Home::new();
        let targets: Vec<String> = (1..=8).map(|last| format!("10.8.0.{last}")).collect();
        for node in 0..=3 {
            lab.node(node).ip(&format!("route add 10.8.0.0/24 via {}\n", lab.hop(node + 1, 4)));
        }
        lab.node(4).ip("route add local 10.8.0.0/24 dev lo\n");
        let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
        let words = [&["trace", "-n", "--no-geo", "--protocol", "icmp"], &targets[..]].concat();
        let run = home.run_in(&lab, Rights::Root, &[&words[..], &["--format", "json"]].concat()).ends_with(0);
        let documents = run.document();
        let documents = documents.as_array().expect("traces");
        assert_eq!(documents.len(), 8);
        let identities: Vec<&str> = documents.iter().map(|document| document["id"].as_str().expect("an id")).collect();
        let mut taken = 0;
        for document in documents {
            let hops = document["hops"].as_array().expect("hops");
            let probes = hops.iter().flat_map(|hop| hop["probes"].as_array().expect("probes"));
            for probe in probes.filter(|probe| probe["inherited_from"].is_string()) {
                taken += 1;
                let from = probe["inherited_from"].as_str().expect("an id");
                assert!(from != document["id"] && identities.contains(&from), "{document}");
                assert!(probe["rtt_ms"].is_null(), "{document}");
            }
        }
        assert!(taken > 0, "{}", run.stdout);
        let table = home.run_in(&lab, Rights::Root, &words).ends_with(0).stdout;
        assert!(table.lines().any(|line| line.ends_with("taken over from another trace")), "{table}");
        let alone = home.run_in(&lab, Rights::Root, &[&words[..], &["--no-share"]].concat()).ends_with(0).stdout;
        assert!(!alone.contains("taken over"), "{alone}");
    }

    /// Key `n` shows the addresses alone, and once more the names.
    fn names_come_and_go_by_a_key() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        let directory = home.path().join("etc");
        std::fs::create_dir(&directory).expect("make a directory");
        // Only of global addresses names are asked for: the target has one.
        let global = "192.5.6.30";
        Names::default().host("far.example", global.parse().expect("an address")).install(lab.vantage(), &directory);
        lab.vantage().ip(&format!("route add {global} via {}\n", lab.hop(1, 4)));
        lab.node(1).ip(&format!("route add {global} via {}\n", lab.target(4)));
        lab.node(2).ip(&format!("addr add {global}/32 dev lo\n"));
        let words = ["trace", global, "--no-geo", "--rounds", "forever", "--interval", "100ms"];
        let mut terminal = Terminal::start(lab.vantage(), &home, (120, 30), &words);
        terminal.await_text("  2  far.example (192.5.6.30)");
        for _ in 0..2 {
            terminal.press("n");
            terminal.await_text("  2  192.5.6.30 ");
            terminal.press("n");
            terminal.await_text("  2  far.example (192.5.6.30)");
        }
        terminal.press("q");
        let (status, text) = terminal.end();
        assert_eq!(status, Some(0), "{text}");
    }
}
