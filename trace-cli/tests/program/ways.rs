//! Protocols side by side, the one that gets furthest, flows over four ways, and where packets leave.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::lab::{Balance, Chain, Diamond, Lab, lab_test, nft};
use crate::run::{Home, Rights};

/// A chain of three routers whose second lets nothing but TCP pass to the target; `None` where there is no `nft`.
fn filtered() -> Option<Lab> {
    let lab = Chain::of(3).without_limits().build();
    let rules = "table inet filter {
        chain forward {
            type filter hook forward priority 0
            iifname left icmp type echo-request drop
            iifname left icmpv6 type echo-request drop
            iifname left meta l4proto udp drop
        }
    }";
    nft(lab.node(2), rules).then_some(lab)
}

fn answerers(document: &Value, ttl: usize) -> BTreeSet<String> {
    let probes = document["hops"][ttl - 1]["probes"].as_array().expect("probes");
    probes.iter().filter_map(|probe| probe["from"].as_str()).map(str::to_owned).collect()
}

lab_test! {
    /// ICMP and UDP end at the filter; TCP is tried then, gets through, and the output says so.
    fn the_protocol_that_gets_furthest_is_taken() {
        let Some(lab) = filtered() else { return };
        for (rights, family) in [(Rights::Root, 4), (Rights::Root, 6), (Rights::None, 4)] {
            let home = Home::new();
            let target = lab.target(family).to_string();
            let arguments = ["trace", &target, "-n", "--gap", "3", "--wait", "300ms", "-q", "1"];
            let table = home.run_in(&lab, rights, &arguments).ends_with(0).stdout;
            assert!(table.contains("tcp port 80") && table.contains("tcp was chosen"), "{table}");
            assert!(table.contains("Reached at TTL 4"), "{table}");
            let json = home.run_in(&lab, rights, &[&arguments[..], &["--format", "json"]].concat()).ends_with(0);
            assert_eq!(json.document()["protocol"], "tcp");
            assert!(json.stderr.contains("tcp was chosen"), "{}", json.stderr);
        }
        // A list holds many who never answer: one protocol is enough, unless all are asked for.
        let home = Home::new();
        let list = home.write("hosts.txt", &lab.target(4).to_string());
        let arguments = ["trace", "--targets", &list, "-n", "--gap", "3", "--wait", "300ms", "-q", "1", "--format", "jsonl"];
        assert_eq!(home.run_in(&lab, Rights::Root, &arguments).ends_with(1).document()["protocol"], "icmp");
        let asked = [&arguments[..], &["--protocol", "auto"]].concat();
        assert_eq!(home.run_in(&lab, Rights::Root, &asked).ends_with(0).document()["protocol"], "tcp");
    }

    /// All three in one table, which says where filtering begins.
    fn all_protocols_in_one_table() {
        let Some(lab) = filtered() else { return };
        for family in [4, 6] {
            let home = Home::new();
            let target = lab.target(family).to_string();
            let arguments = ["trace", &target, "--protocol", "all", "-n", "--gap", "3", "--wait", "300ms"];
            let table = home.run_in(&lab, Rights::Root, &arguments).ends_with(0).stdout;
            let filter = lab.hop(2, family);
            for told in [
                "ICMP ms".to_owned(),
                format!("icmp: filtered behind TTL 2 ({filter}), where tcp goes on"),
                format!("udp: filtered behind TTL 2 ({filter}), where tcp goes on"),
                "tcp: reaches the target at TTL 4".to_owned(),
            ] {
                assert!(table.contains(&told), "{told:?} is missing in\n{table}");
            }
            let document = home.run(&["show", "latest", "--format", "json"]).ends_with(0).document();
            assert_eq!((document["protocol"].as_str(), document["outcome"].as_str()), (Some("all"), Some("reached")));
        }
    }

    /// Sixteen flows find four ways, one flow always one.
    fn flows_tell_the_ways_apart() {
        let Some(diamond) = Diamond::build(Balance::Ports) else { return };
        for family in [4, 6] {
            let home = Home::new();
            let target = diamond.target(family).to_string();
            let ways: BTreeSet<String> = diamond.ways(family).iter().map(ToString::to_string).collect();
            let arguments = ["trace", &target, "--protocol", "udp", "--flows", "16", "-q", "1", "-n"];
            let table = home.run_at(diamond.vantage(), Rights::Root, &arguments).ends_with(0).stdout;
            assert!(table.contains("16 flows go 4 ways, which differ at TTL 2"), "{table}");
            let document = home.run(&["show", "latest", "--format", "json"]).ends_with(0).document();
            assert_eq!(answerers(&document, 2), ways, "{table}");
            let one = ["trace", &target, "--protocol", "udp", "-n", "--format", "json"];
            let document = home.run_at(diamond.vantage(), Rights::Root, &one).ends_with(0).document();
            assert_eq!(answerers(&document, 2).len(), 1);
        }
    }

    /// Where packets leave, and what cannot be had, each with its cause.
    fn sources_interfaces_and_zones() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        let (target, source) = (lab.target(4).to_string(), lab.source(4).to_string());
        let run = |rights, arguments: &[&str]| {
            home.run_in(&lab, rights, &[&["trace", "-n", "--no-store", "--format", "json"], arguments].concat())
        };
        for rights in [Rights::Root, Rights::None] {
            let ours = run(rights, &[&target, "--source", &source, "--protocol", "udp"]).ends_with(0).document();
            assert_eq!((&ours["source"], &ours["settings"]["source"]), (&Value::from(source.clone()), &Value::from(source.clone())));
            let by = run(rights, &[&target, "--interface", "right", "--protocol", "udp"]).ends_with(0).document();
            assert_eq!(by["settings"]["interface"], "right");
            run(rights, &[&target, "--source", "192.0.2.77"]).complains(3, &["192.0.2.77"]);
            run(rights, &[&target, "--interface", "nowhere0"]).complains(3, &["nowhere0"]);
        }
        // The first router, by its address on the link.
        let address = lab.node(1).enter(|| {
            let output = std::process::Command::new("ip").args(["-6", "-o", "addr", "show", "dev", "left", "scope", "link"]).output();
            String::from_utf8(output.expect("start ip").stdout).expect("text")
        });
        let address = address.split_whitespace().find(|word| word.starts_with("fe80")).expect("an address of the link");
        let address = address.split('/').next().expect("an address");
        let zoned = run(Rights::Root, &[&format!("{address}%right"), "--protocol", "icmp"]).ends_with(0).document();
        assert_eq!((zoned["target"]["address"].as_str(), zoned["settings"]["interface"].as_str()), (Some(address), Some("right")));
        run(Rights::Root, &[address]).complains(2, &[address, "%eth0"]);
    }
}
