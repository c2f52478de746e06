//! What happens on the way, told in words and in the document, where real kernels do it.

use std::time::Duration;

use serde_json::Value;

use crate::lab::{Balance, Chain, Diamond, Fault, Lab, lab_test, nft};
use crate::run::{Home, Rights};
use crate::terminal::Terminal;

const PROTOCOLS: [&str; 3] = ["icmp", "udp", "tcp"];

/// Every rights, family and protocol.
fn in_every_way(mut check: impl FnMut(Rights, u8, &str)) {
    for rights in [Rights::Root, Rights::None] {
        for family in [4, 6] {
            for protocol in PROTOCOLS {
                check(rights, family, protocol);
            }
        }
    }
}

/// Rewrites what passes the first router of three to the target, without keeping any state.
fn rewriting(rules: &str) -> Option<Lab> {
    let lab = Chain::of(3).without_limits().build();
    let table =
        format!("table inet lab {{ chain way {{ type filter hook postrouting priority 300; {rules} }}; }}");
    nft(lab.node(1), &table).then_some(lab)
}

/// The document of a trace that is kept, and the table that `show` makes of it.
#[track_caller]
fn traced(home: &Home, lab: &Lab, rights: Rights, arguments: &[&str], status: i32) -> (Value, String) {
    let run = home.run_in(lab, rights, &[&["trace", "-n", "--no-geo"], arguments].concat()).ends_with(status);
    let document = home.run(&["show", "latest", "--format", "json"]).ends_with(0).document();
    (document, run.stdout)
}

/// The names of what is noticeable at a TTL.
fn found(document: &Value, ttl: usize) -> Vec<&str> {
    let findings = document["hops"][ttl - 1]["findings"].as_array().expect("findings");
    findings.iter().map(|finding| finding.as_str().expect("a name")).collect()
}

/// The row of a TTL.
#[track_caller]
fn row(table: &str, ttl: usize) -> &str {
    table
        .lines()
        .find(|line| line.starts_with(&format!("{ttl:3}  ")))
        .unwrap_or_else(|| panic!("no TTL {ttl} in\n{table}"))
}

/// Ways to trace a diamond, side by side in homes of their own.
const WAYS: [(Rights, u8, &str); 4] = [
    (Rights::Root, 4, "icmp"),
    (Rights::Root, 6, "udp"),
    (Rights::None, 4, "udp"),
    (Rights::None, 6, "icmp"),
];

/// Traces a diamond in all these ways at once; `meanwhile` happens while that is under way. Then each is checked: the
/// document, and what was printed.
fn traced_together(
    diamond: &Diamond,
    arguments: &[&str],
    meanwhile: impl FnOnce(),
    check: impl Fn(u8, &Value, &str),
) {
    std::thread::scope(|scope| {
        let runs: Vec<_> = WAYS
            .iter()
            .map(|(rights, family, protocol)| {
                let run = scope.spawn(move || {
                    let home = Home::new();
                    let target = diamond.target(*family).to_string();
                    let own = ["trace", &target, "-n", "--no-geo", "--protocol", protocol];
                    let run =
                        home.run_at(diamond.vantage(), *rights, &[&own, arguments].concat()).ends_with(0);
                    (home.run(&["show", "latest", "--format", "json"]).ends_with(0).document(), run.stdout)
                });
                (*family, run)
            })
            .collect();
        meanwhile();
        for (family, run) in runs {
            let (document, table) = run.join().expect("a trace");
            check(family, &document, &table);
        }
    });
}

/// What is noticeable at the router behind those of a diamond: over IPv6 it answers from the side that a packet came in
/// by, and so looks like as many as there are ways.
fn behind(family: u8, document: &Value) -> Vec<&str> {
    if family == 4 { Vec::new() } else { found(document, 2) }
}

/// Where the path of a diamond changes, for the same reason.
const fn changed(family: u8) -> &'static str {
    if family == 4 {
        " after the start the path changed at TTL 2"
    } else {
        " after the start the path changed from TTL 2 to 3"
    }
}

lab_test! {
    /// Only raw sockets see what routers quote, and so that a translator stands before them.
    fn a_translator_is_told() {
        let rules = "oifname right ip saddr 10.7.0.1 ip saddr set 10.7.0.77; \
                     oifname right ip6 saddr fd07::1 ip6 saddr set fd07::77;";
        let Some(lab) = rewriting(rules) else { return };
        // The answers come back: the vantage point has the other address as well.
        lab.vantage().ip("addr add 10.7.0.77/24 dev right\n");
        lab.vantage().ip6("addr add fd07::77/64 dev right nodad preferred_lft 0\n");
        let home = Home::new();
        for family in [4, 6] {
            let target = lab.target(family).to_string();
            for protocol in PROTOCOLS {
                let (document, table) = traced(&home, &lab, Rights::Root, &[&target, "--protocol", protocol], 0);
                assert_eq!([1, 2, 3].map(|ttl| found(&document, ttl)), [vec![], vec!["nat"], vec![]], "{protocol} {document}");
                assert_eq!(document["hops"][0]["probes"][0]["quoted"]["nat"], false, "{document}");
                assert_eq!(document["hops"][1]["probes"][0]["quoted"]["nat"], true, "{document}");
                assert!(row(&table, 2).ends_with("address translation before it"), "{table}");
                assert_eq!(table.matches("address translation").count(), 1, "{table}");
            }
            // Without raw sockets nobody is suspected.
            let (document, table) = traced(&home, &lab, Rights::None, &[&target, "--protocol", "udp"], 0);
            assert!(!table.contains("translation") && found(&document, 2).is_empty(), "{table}");
        }
    }

    /// DSCP 46 becomes 0, and ECN bits become "congestion experienced".
    fn a_rewritten_type_of_service_is_told() {
        let rules = "oifname right ip dscp set cs0; oifname right ip6 dscp set cs0; \
                     oifname right ip ecn set ce; oifname right ip6 ecn set ce;";
        let Some(lab) = rewriting(rules) else { return };
        let home = Home::new();
        for family in [4, 6] {
            let target = lab.target(family).to_string();
            for protocol in PROTOCOLS {
                let arguments = [&target, "--protocol", protocol, "--tos", "186"];
                let (document, table) = traced(&home, &lab, Rights::Root, &arguments, 0);
                assert!([1, 3].iter().all(|ttl| found(&document, *ttl).is_empty()), "{protocol} {document}");
                assert_eq!(found(&document, 2), ["dscp-changed", "ecn-changed"], "{protocol} {document}");
                assert_eq!(document["hops"][1]["probes"][0]["quoted"]["tos"], 3, "{document}");
                assert!(row(&table, 2).ends_with("DSCP rewritten before it, ECN changed before it"), "{table}");
            }
        }
    }

    /// A router that answers one probe and no other loses nothing: it is called what it is, and its row says nothing of
    /// a loss.
    fn a_router_that_limits_its_answers_is_told_from_one_that_loses() {
        let lab = Chain::of(4).without_limits().build();
        let home = Home::new();
        let mut ways = Vec::new();
        in_every_way(|rights, family, protocol| ways.push((rights, family, protocol.to_owned())));
        for (rights, family, protocol) in ways {
            // New rules for each trace: one answer an hour, and one at once.
            let rules = "flush ruleset
                table inet lab { chain out { type filter hook output priority 0; \
                icmp type time-exceeded limit rate over 1/hour burst 1 packets drop; \
                icmpv6 type time-exceeded limit rate over 1/hour burst 1 packets drop; }; }";
            if !nft(lab.node(2), rules) {
                return;
            }
            let target = lab.target(family).to_string();
            let arguments = [&target, "--protocol", &protocol, "--wait", "400ms"];
            let (document, table) = traced(&home, &lab, rights, &arguments, 0);
            assert_eq!(found(&document, 2), ["rate-limited"], "{protocol} IPv{family} {rights:?} {document}");
            // The figures stay in the document.
            let statistics = &document["hops"][1]["statistics"];
            assert_eq!((&statistics["sent"], &statistics["answered"]), (&Value::from(3), &Value::from(1)), "{document}");
            let limited = row(&table, 2);
            assert!(limited.contains("  limit     3  ") && !limited.contains('%'), "{table}");
            assert!(limited.ends_with("limits its answers: no loss behind it"), "{table}");
            assert!([1, 3, 4, 5].iter().all(|ttl| row(&table, *ttl).contains(" 0%")), "{table}");
        }
    }

    /// Every third packet is lost on a link in the middle: everything behind it loses, and nobody limits anything.
    fn a_link_that_loses_is_no_limit() {
        let lab = Chain::of(4).without_limits().build();
        let rules = "table inet lab { chain way { type filter hook forward priority 0; numgen inc mod 3 0 drop; }; }";
        if !nft(lab.node(2), rules) {
            return;
        }
        let home = Home::new();
        // Over IPv6 more than six probes need not wait.
        let target = lab.target(6).to_string();
        for (rights, protocol) in [(Rights::Root, "udp"), (Rights::Root, "tcp"), (Rights::None, "udp"), (Rights::None, "icmp")] {
            let arguments = [&target, "--protocol", protocol, "-q", "10", "--wait", "400ms"];
            let (document, table) = traced(&home, &lab, rights, &arguments, 0);
            for ttl in [3, 4, 5] {
                assert!(!found(&document, ttl).contains(&"rate-limited"), "{table}");
                let lost = document["hops"][ttl - 1]["statistics"]["answered"].as_u64() < Some(10);
                assert!(lost && row(&table, ttl).contains('%') && !row(&table, ttl).contains(" 0%"), "{table}");
            }
            assert!(!table.contains("limit"), "{table}");
        }
    }

    fn balancing_packet_by_packet_is_told() {
        let Some(diamond) = Diamond::build(Balance::Chance) else { return };
        // That twelve packets never come back to a way they have left happens once in 11,000 traces.
        traced_together(&diamond, &["-q", "12"], || {}, |family, document, table| {
            assert_eq!(found(document, 2), ["several-answerers", "per-packet-balancing"], "{document}");
            assert!(row(table, 2).ends_with("balanced packet by packet"), "{table}");
            assert_eq!(found(document, 3), behind(family, document), "{document}");
            assert!([1, 4].iter().all(|ttl| found(document, *ttl).is_empty()), "{document}");
        });
    }

    fn a_loop_is_told_with_who_goes_round() {
        let lab = Chain::of(4).fault(3, Fault::SendBack).without_limits().build();
        let home = Home::new();
        in_every_way(|rights, family, protocol| {
            let target = lab.target(family).to_string();
            let (document, table) = traced(&home, &lab, rights, &[&target, "--protocol", protocol], 1);
            assert_eq!(document["outcome"], "loop", "{document}");
            // Router 3 sends back to router 2, and this to router 3, which answers from the same side as before.
            let again = lab.hop(3, family).to_string();
            assert_eq!(document["hops"][4]["probes"][0]["from"], again, "{document}");
            assert!(found(&document, 5).contains(&"loop") && !found(&document, 3).contains(&"loop"), "{document}");
            assert!(document["outcome_detail"].as_str().is_some_and(|detail| detail.contains(" at TTL ")), "{document}");
            assert!(row(&table, 5).contains(&again) && row(&table, 5).ends_with("seen before: loop"), "{table}");
            assert!(table.contains("Not reached, packets go round in circles: "), "{table}");
        });
    }

    /// The path changes between two rounds: it is told with its time, where it differs, and is no loss.
    fn a_change_of_the_path_between_rounds_is_told_with_its_time() {
        let Some(diamond) = Diamond::build(Balance::Ports) else { return };
        diamond.lead(0);
        let before = diamond.vantage().packets_sent("r0");
        let elsewhere = || {
            // Four hops, and three rounds of each on the average.
            while diamond.vantage().packets_sent("r0") < before + 4 * 4 * 3 {
                std::thread::park_timeout(Duration::from_millis(5));
            }
            diamond.lead(1);
        };
        traced_together(&diamond, &["--rounds", "8", "--interval", "300ms"], elsewhere, |family, document, table| {
            assert_eq!(found(document, 2), ["several-answerers", "path-change"], "{document}");
            let ways = diamond.ways(family);
            let probes = document["hops"][1]["probes"].as_array().expect("probes");
            let mut answered: Vec<&str> = probes.iter().filter_map(|probe| probe["from"].as_str()).collect();
            assert_eq!(answered.len(), 8, "{document}");
            answered.dedup();
            assert_eq!(answered, [ways[0].to_string(), ways[1].to_string()], "{document}");
            assert!(row(table, 2).ends_with("the path changed here"), "{table}");
            let line = table.lines().find(|line| line.contains(changed(family)));
            // The time of day, and that since the start.
            let day = &document["started"].as_str().expect("a start")[..10];
            assert!(line.is_some_and(|line| line.starts_with(day)), "{table}");
            assert_eq!(found(document, 3), behind(family, document), "{document}");
            assert!([1, 4].iter().all(|ttl| found(document, *ttl).is_empty()), "{document}");
        });
    }

    /// The same as the table grows: the change is marked beneath it, and at its hop.
    fn a_change_of_the_path_is_marked_on_the_growing_table() {
        let Some(diamond) = Diamond::build(Balance::Ports) else { return };
        let home = Home::new();
        diamond.lead(2);
        let target = diamond.target(6).to_string();
        let words = ["trace", &target, "-n", "--no-geo", "--rounds", "forever", "--interval", "50ms"];
        let mut terminal = Terminal::start(diamond.vantage(), &home, (140, 30), &words);
        terminal.await_text(&diamond.ways(6)[2].to_string());
        terminal.await_text("round 6");
        diamond.lead(3);
        terminal.await_text("the path changed here");
        terminal.await_text(changed(6));
        terminal.press("q");
        let (status, text) = terminal.end();
        assert_eq!(status, Some(0), "{text}");
        assert!(text.contains(&diamond.ways(6)[3].to_string()), "{text}");
    }

    /// A hop that limits its answers does not look like one that loses while the table grows either.
    fn a_limit_is_told_on_the_growing_table() {
        let lab = Chain::of(3).without_limits().build();
        let rules = "table inet lab { chain out { type filter hook output priority 0; \
                     icmpv6 type time-exceeded limit rate over 1/second burst 3 packets drop; }; }";
        if !nft(lab.node(2), rules) {
            return;
        }
        let home = Home::new();
        let target = lab.target(6).to_string();
        let words = ["trace", &target, "-n", "--no-geo", "--rounds", "forever", "--interval", "100ms"];
        let mut terminal = Terminal::start(lab.vantage(), &home, (140, 30), &words);
        terminal.await_text("  limit  ");
        terminal.await_text("limits its answers: no loss behind it");
        terminal.press("q");
        let (status, text) = terminal.end();
        assert_eq!(status, Some(0), "{text}");
        let report = text.rsplit("\u{1b}[J").next().expect("the report");
        assert!(row(report, 2).contains("  limit  ") && !row(report, 2).contains('%'), "{report}");
    }
}
