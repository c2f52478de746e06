//! The laboratory itself, checked with the system's traceroute: what the other kernel tests stand on.

use std::net::IpAddr;
use std::time::Duration;

use crate::lab::{self, Chain, Fault, Lab, Refusal, lab_test, powerless, tool};

/// What `traceroute` prints behind the number of each hop; nothing where it is not installed.
fn traceroute(lab: &Lab, target: IpAddr, options: &[&str]) -> Option<Vec<String>> {
    if tool("traceroute").arg("--version").output().is_err() {
        lab::skip("no program traceroute: apt-get install traceroute");
        return None;
    }
    // Waiting 2 seconds for each hop, whatever the others need.
    let mut command = tool("traceroute");
    command.args(["-n", "-w", "2,0,0", "-N", "64"]).args(options).arg(target.to_string());
    let output = lab.vantage().output(&mut command);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().skip(1).map(|line| line.trim().to_owned()).collect())
}

lab_test! {
    fn every_router_of_a_chain_answers() {
        let lab = Chain::of(12).without_limits().build();
        for family in [4, 6] {
            for kind in ["-I", "-U"] {
                let options = [kind, "-q", "1", "-m", "13"];
                let Some(lines) = traceroute(&lab, lab.target(family), &options) else { return };
                assert_eq!(lines.len(), 13, "{lines:#?}");
                for (ttl, line) in (1..).zip(&lines) {
                    let start = format!("{ttl}  {}  ", lab.hop(ttl, family));
                    assert!(line.starts_with(&start), "expected {start}, read {line}");
                }
            }
        }
    }

    fn a_silent_router_forwards_and_a_late_one_answers_late() {
        let lab = Chain::of(4)
            .fault(2, Fault::Silent)
            .fault(3, Fault::Late(Duration::from_millis(200)))
            .build();
        for family in [4, 6] {
            let Some(lines) = traceroute(&lab, lab.target(family), &["-I", "-q", "1", "-m", "5"]) else { return };
            assert_eq!(lines[1], "2  *", "{lines:#?}");
            for ttl in [3, 5] {
                let words: Vec<&str> = lines[usize::from(ttl) - 1].split_whitespace().collect();
                let milliseconds: f64 = words[2].parse().expect("a round-trip time");
                assert_eq!(words[1], lab.hop(ttl, family).to_string(), "{lines:#?}");
                assert_eq!(ttl == 3, (200.0..400.0).contains(&milliseconds), "{lines:#?}");
            }
        }
    }

    fn links_take_their_time() {
        let lab = Chain::of(3).delay(Duration::from_millis(5)).build();
        for family in [4, 6] {
            for kind in ["-I", "-U"] {
                let Some(lines) = traceroute(&lab, lab.target(family), &[kind, "-q", "1", "-m", "4"]) else { return };
                let words: Vec<&str> = lines[3].split_whitespace().collect();
                let milliseconds: f64 = words[2].parse().expect("a round-trip time");
                assert!((40.0..80.0).contains(&milliseconds), "{lines:#?}");
            }
        }
    }

    fn routers_refuse_in_their_ways() {
        // traceroute's marks: !H host, !N network, !X administratively prohibited.
        // An IPv6 router has no route where an IPv4 one has a route that is called unreachable.
        let refusals = [
            (Refusal::Unreachable, " !H", " !N"),
            (Refusal::Prohibit, " !X", " !X"),
            (Refusal::NoRoute, " !N", " !N"),
        ];
        for (refusal, v4, v6) in refusals {
            let lab = Chain::of(3).fault(2, Fault::Refuse(refusal)).without_limits().build();
            for (family, mark) in [(4, v4), (6, v6)] {
                let Some(lines) = traceroute(&lab, lab.target(family), &["-I", "-q", "1"]) else { return };
                assert_eq!(lines.len(), 2, "{lines:#?}");
                assert!(lines[1].contains(&lab.hop(2, family).to_string()), "{lines:#?}");
                assert!(lines[1].ends_with(mark), "{refusal:?} over IPv{family}: {lines:#?}");
            }
        }
        let lab = Chain::of(2).without_limits().build();
        for family in [4, 6] {
            let Some(lines) = traceroute(&lab, lab.nobody(family), &["-I", "-q", "1"]) else { return };
            assert!(lines[2].starts_with("3 ") && lines[2].ends_with(" !H"), "{lines:#?}");
            let Some(lines) = traceroute(&lab, lab.nowhere(family), &["-I", "-q", "1"]) else { return };
            assert!(lines[1].starts_with("2 ") && lines[1].ends_with(" !N"), "{lines:#?}");
        }
    }

    fn a_thread_without_rights_stays_without() {
        let lab = Chain::of(1).build();
        assert_ne!(lab::effective_capabilities(), 0, "this thread was to keep its rights");
        assert!(lab::can_open_raw_socket(), "root of the namespace may open raw sockets");
        lab.vantage().enter_unprivileged(powerless);
    }
}
