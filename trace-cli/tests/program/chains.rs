//! `trace` through chains of 1, 5 and 12 routers: what is printed, as table and as document, and the exit status.

use serde_json::Value;

use crate::lab::{Chain, Fault, Refusal, lab_test};
use crate::run::{Home, Rights};

/// The same trace asked for in every way: rights, family, protocol.
fn in_every_way(check: impl Fn(&Home, u8, &str, Rights)) {
    for rights in [Rights::Root, Rights::None] {
        for family in [4, 6] {
            for protocol in ["icmp", "udp"] {
                check(&Home::new(), family, protocol, rights);
            }
        }
    }
}

fn answerers(document: &Value) -> Vec<Option<String>> {
    let hops = document["hops"].as_array().expect("hops");
    let first = |hop: &Value| {
        let probes = hop["probes"].as_array().expect("probes");
        probes.iter().find_map(|probe| probe["from"].as_str()).map(str::to_owned)
    };
    hops.iter().map(first).collect()
}

fn chain_of(routers: u8) {
    let lab = Chain::of(routers).without_limits().build();
    in_every_way(|home, family, protocol, rights| {
        let target = lab.target(family).to_string();
        let arguments = ["trace", &target, "--protocol", protocol, "--no-store", "-n"];
        let run = home.run_in(&lab, rights, &[&arguments[..], &["--format", "json"]].concat()).ends_with(0);
        let document = run.document();
        let expected: Vec<_> = (1..=routers + 1).map(|ttl| Some(lab.hop(ttl, family).to_string())).collect();
        assert_eq!(answerers(&document), expected);
        assert_eq!(document["outcome"], "reached");
        assert_eq!(document["protocol"], protocol);
        assert_eq!(document["mode"], if rights == Rights::Root { "raw" } else { "unprivileged" });
        assert_eq!(document["source"], lab.source(family).to_string());
        for (index, hop) in document["hops"].as_array().expect("hops").iter().enumerate() {
            assert_eq!(hop["ttl"], index + 1);
            assert_eq!(hop["statistics"]["sent"], 3);
            assert_eq!(hop["statistics"]["answered"], 3);
        }

        let table = home.run_in(&lab, rights, &arguments).ends_with(0).stdout;
        assert!(!table.contains('\u{1b}'), "no colours where there is no terminal: {table}");
        for ttl in 1..=routers + 1 {
            let row = format!("{ttl:3}  {} ", lab.hop(ttl, family));
            assert!(table.lines().any(|line| line.starts_with(&row)), "{row:?} is missing in\n{table}");
        }
        assert!(table.contains(if rights == Rights::Root { "raw" } else { "unprivileged" }), "{table}");
        assert!(!home.data().exists(), "--no-store keeps nothing");
    });
}

lab_test! {
    fn one_router() {
        chain_of(1);
    }

    fn five_routers() {
        chain_of(5);
    }

    fn twelve_routers() {
        chain_of(12);
    }

    fn a_silent_router_is_a_row_of_its_own() {
        let lab = Chain::of(4).fault(2, Fault::Silent).without_limits().build();
        in_every_way(|home, family, protocol, rights| {
            let target = lab.target(family).to_string();
            let arguments = ["trace", &target, "--protocol", protocol, "--no-store", "-n"];
            let table = home.run_in(&lab, rights, &arguments).ends_with(0).stdout;
            let row = table.lines().find(|line| line.starts_with("  2  ")).expect("a row for TTL 2");
            assert!(row.contains("100%"), "{table}");
            assert!(!row.contains(&lab.hop(2, family).to_string()), "{table}");
        });
    }

    fn who_is_not_reached_is_told_from_who_is_by_the_exit_status() {
        let refusals = [
            (Refusal::Unreachable, "unreachable"),
            (Refusal::Prohibit, "unreachable"),
            (Refusal::NoRoute, "unreachable"),
            (Refusal::Blackhole, "exhausted"),
        ];
        for (refusal, outcome) in refusals {
            for family in [4, 6] {
                let lab = Chain::of(3).fault(2, Fault::Refuse(refusal)).without_limits().build();
                let home = Home::new();
                let target = lab.target(family).to_string();
                let arguments = ["trace", &target, "-n", "--wait", "500ms", "--gap", "3", "--format", "json"];
                let run = home.run_in(&lab, Rights::None, &arguments).ends_with(1);
                assert_eq!(run.document()["outcome"], outcome, "{refusal:?}: {}", run.stdout);
                // What did not reach its target is kept like everything else.
                let kept = home.run(&["show", "latest", "--format", "json"]).ends_with(0);
                assert_eq!(kept.document(), run.document());
            }
        }
    }

    fn a_loop_is_called_one() {
        let lab = Chain::of(4).fault(3, Fault::SendBack).without_limits().build();
        in_every_way(|home, family, protocol, rights| {
            let target = lab.target(family).to_string();
            let arguments = ["trace", &target, "--protocol", protocol, "--no-store", "-n"];
            let run = home.run_in(&lab, rights, &arguments).ends_with(1);
            assert!(run.stdout.to_lowercase().contains("loop"), "{}", run.stdout);
        });
    }

    /// What asks for ICMP in the default way goes on with UDP and says so.
    fn without_ping_sockets_udp_is_taken() {
        let lab = Chain::of(2).without_limits().without_ping_sockets().build();
        for family in [4, 6] {
            let home = Home::new();
            let target = lab.target(family).to_string();
            let run = home.run_in(&lab, Rights::None, &["trace", &target, "-n", "--no-store", "--format", "json"]);
            let run = run.ends_with(0);
            assert_eq!(run.document()["protocol"], "udp");
            assert_eq!(run.document()["mode"], "unprivileged");
            let table = home.run_in(&lab, Rights::None, &["trace", &target, "-n", "--no-store"]).ends_with(0).stdout;
            assert!(table.contains("udp") && table.contains("unprivileged"), "{table}");
        }
    }

    fn raw_without_the_right_says_what_to_do() {
        let lab = Chain::of(1).build();
        let target = lab.target(4).to_string();
        let run = Home::new().run_in(&lab, Rights::None, &["trace", &target, "--mode", "raw", "-n"]);
        run.complains(3, &["not permitted", "setcap", "--mode unprivileged"]);
    }

    /// Ten programs, started together in one namespace.
    fn ten_programs_at_once_never_mix() {
        let lab = Chain::of(5).without_limits().build();
        for family in [4, 6] {
            let target = lab.target(family).to_string();
            let expected: Vec<_> = (1..=6).map(|ttl| Some(lab.hop(ttl, family).to_string())).collect();
            let home = Home::new();
            std::thread::scope(|scope| {
                let runs: Vec<_> = (0..10)
                    .map(|number| {
                        let rights = if number % 2 == 0 { Rights::Root } else { Rights::None };
                        let (lab, home, target) = (&lab, &home, &target);
                        scope.spawn(move || home.run_in(lab, rights, &["trace", target, "-n", "--format", "json"]))
                    })
                    .collect();
                for run in runs {
                    let run = run.join().expect("a run").ends_with(0);
                    let document = run.document();
                    assert_eq!(answerers(&document), expected);
                    assert!(document["hops"].as_array().expect("hops").iter().all(|hop| hop["statistics"]["answered"] == 3));
                }
            });
            let list = home.run(&["list", "--format", "json"]).ends_with(0);
            assert_eq!(list.document().as_array().map(Vec::len), Some(10), "{}", list.stdout);
        }
    }

    fn several_hosts_and_the_worst_exit_status() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let (near, target) = (lab.hop(1, 4).to_string(), lab.target(6).to_string());
        let run = home.run_in(&lab, Rights::None, &["trace", &near, &target, "-n", "--format", "jsonl"]).ends_with(0);
        assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
        let nowhere = lab.nowhere(4).to_string();
        home.run_in(&lab, Rights::None, &["trace", &near, &nowhere, "-n"]).ends_with(1);
        let unroutable = lab.unroutable(4).to_string();
        let run = home.run_in(&lab, Rights::None, &["trace", &near, &nowhere, &unroutable, "-n"]).ends_with(3);
        assert!(run.stderr.contains(&unroutable), "{}", run.stderr);
        assert!(run.stdout.contains(&near) && run.stdout.contains(&nowhere), "{}", run.stdout);
    }
}
