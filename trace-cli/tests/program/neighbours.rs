//! Ten programs at once in one namespace: each hears its own answers and no other's (mtr #278, #344).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::lab::{Chain, Lab, lab_test, nft};
use crate::run::{Home, Rights};

/// Programs at a time.
const TEN: u8 = 10;
/// What each cable takes: while an answer is under way, those to others arrive.
const DELAY: Duration = Duration::from_millis(3);
/// Routers before the targets.
const ROUTERS: u8 = 2;

/// The address by which a node answers what was meant for a target: node 1 to 2 are routers, 3 the target itself.
fn answerer(node: u8, target: u8, family: u8) -> String {
    if family == 4 { format!("10.8.{node}.{target}") } else { format!("fd08:0:0:{node}::{target:x}") }
}

fn prefix(node: u8, family: u8) -> String {
    if family == 4 { format!("10.8.{node}.0/24") } else { format!("fd08:0:0:{node}::/64") }
}

/// Two routers and ten targets. Each router answers from ten addresses, one for what was meant for each target, so that
/// no answer to one program looks like one to another. `None` where a program is missing.
fn lab_of_ten() -> Option<Lab> {
    let lab = Chain::of(ROUTERS).delay(DELAY).without_limits().build();
    for (family, length) in [(4, 32), (6, 128)] {
        let targets = prefix(ROUTERS + 1, family);
        for node in 0..=ROUTERS + 1 {
            let mut lines = String::new();
            if node <= ROUTERS {
                lines.push_str(&format!("route add {targets} via {}\n", lab.hop(node + 1, family)));
            } else {
                for target in 1..=TEN {
                    lines.push_str(&format!("addr add {}/{length} dev lo\n", answerer(node, target, family)));
                }
            }
            let node = lab.node(node);
            if family == 4 { node.ip(&lines) } else { node.ip6(&lines) }
        }
    }
    for number in 1..=ROUTERS {
        let node = lab.node(number);
        // What a router answers bears the mark of what it answers to.
        node.sysctl("ipv4/fwmark_reflect", "1");
        node.sysctl("ipv6/fwmark_reflect", "1");
        let (mut marks, mut sources) = (String::new(), String::new());
        for (family, words, icmp) in [(4, "ip", "icmp"), (6, "ip6", "icmpv6")] {
            for target in 1..=TEN {
                let (to, own) = (answerer(ROUTERS + 1, target, family), answerer(number, target, family));
                marks.push_str(&format!("{words} daddr {to} meta mark set {target};\n"));
                sources.push_str(&format!(
                    "meta mark {target} {icmp} type time-exceeded {words} saddr set {own};\n"
                ));
            }
        }
        let table = format!(
            "table inet lab {{
                chain way {{ type filter hook prerouting priority mangle; {marks} }}
                chain own {{ type filter hook output priority mangle; {sources} }}
            }}"
        );
        nft(node, &table).then_some(())?;
    }
    Some(lab)
}

/// Everybody who answered at each TTL, and how often.
fn heard(document: &Value) -> Vec<(BTreeSet<String>, u64)> {
    let hops = document["hops"].as_array().expect("hops");
    let of_hop = |hop: &Value| {
        let probes = hop["probes"].as_array().expect("probes");
        let from = probes.iter().filter_map(|probe| probe["from"].as_str()).map(str::to_owned).collect();
        (from, hop["statistics"]["answered"].as_u64().expect("a number"))
    };
    hops.iter().map(of_hop).collect()
}

/// Starts ten programs together, as many with raw sockets as without; `arguments` are those of each.
fn ten(lab: &Lab, arguments: impl Fn(u8) -> Vec<String>, check: impl Fn(u8, Rights, &Value)) {
    let home = Home::new();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (1..=TEN)
            .map(|number| {
                let rights = if number % 2 == 0 { Rights::Root } else { Rights::None };
                let (home, own) = (&home, arguments(number));
                let run = scope.spawn(move || {
                    let own: Vec<&str> = own.iter().map(String::as_str).collect();
                    let common = ["trace", "-n", "--no-geo", "--no-store", "--format", "json"];
                    home.run_in(lab, rights, &[&common, &own[..]].concat())
                });
                (number, rights, run)
            })
            .collect();
        for (number, rights, run) in runs {
            check(number, rights, &run.join().expect("a run").ends_with(0).document());
        }
    });
}

lab_test! {
    /// Each has a target of its own, and whoever answers tells by his address for whom the answer is.
    fn ten_programs_hear_what_is_meant_for_them() {
        let Some(lab) = lab_of_ten() else { return };
        for family in [4, 6] {
            for protocol in ["icmp", "udp", "tcp"] {
                let target = |number| answerer(ROUTERS + 1, number, family);
                let arguments = |number| vec![target(number), "--protocol".to_owned(), protocol.to_owned()];
                ten(&lab, arguments, |number, rights, document| {
                    let expected: Vec<_> =
                        (1..=ROUTERS + 1).map(|node| (BTreeSet::from([answerer(node, number, family)]), 3)).collect();
                    assert_eq!(heard(document), expected, "{protocol} {rights:?} {document}");
                });
            }
        }
    }

    /// All have the same target, and those with raw sockets a type of service of their own, which is quoted to them.
    fn ten_programs_with_one_target_are_quoted_their_own_packets() {
        let lab = Chain::of(3).delay(DELAY).without_limits().build();
        for family in [4, 6] {
            for protocol in ["icmp", "udp", "tcp"] {
                // The lower two bits are for routers to change.
                let tos = |number: u8| number << 2;
                let target = lab.target(family).to_string();
                let arguments = |number| {
                    let number = tos(number).to_string();
                    [&target, "--protocol", protocol, "--tos", &number].map(str::to_owned).to_vec()
                };
                ten(&lab, arguments, |number, rights, document| {
                    let expected: Vec<_> =
                        (1..=4).map(|ttl| (BTreeSet::from([lab.hop(ttl, family).to_string()]), 3)).collect();
                    assert_eq!(heard(document), expected, "{protocol} {rights:?} {document}");
                    let hops = document["hops"].as_array().expect("hops");
                    let probes = hops[..3].iter().flat_map(|hop| hop["probes"].as_array().expect("probes"));
                    for probe in probes.filter(|_| rights == Rights::Root) {
                        assert_eq!(probe["quoted"]["tos"], tos(number), "{protocol} {document}");
                    }
                });
            }
        }
    }
}
