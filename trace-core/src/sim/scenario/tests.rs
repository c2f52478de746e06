use super::*;
use crate::engine::Rule;

/// What is said of a file that cannot be understood.
fn said(text: &str) -> String {
    Scenario::parse(text).unwrap_err().to_string()
}

/// A whole file around some lines, which begin in line 5.
fn around(lines: &str) -> String {
    format!("title = \"\"\n[[target]]\npath = \"1-4\"\n\n{lines}\n")
}

#[test]
fn the_least_file_is_traced() {
    let scenario = Scenario::parse("title = \"least\"\n[[target]]\npath = \"1-2\"").unwrap();
    assert_eq!((scenario.title(), scenario.needs()), ("least", vec![]));
    let runs = scenario.run().unwrap();
    let [run] = runs.as_slice() else { panic!("{runs:?}") };
    assert_eq!(run.traces[0].hops.len(), 3);
    assert_eq!((run.family, run.mode), (Family::V4, Mode::Raw));
    assert_eq!(run.deviations, Vec::<String>::new());
    assert!(run.probes >= 9);
}

#[test]
fn what_deviates_is_told() {
    let text = around(
        "[expect]\noutcome = \"loop\"\nhops = \"1 * 3|4 ? target\"\nanswered = \"3 3-4 1 ? 3\"\nfindings = { 2 = \
         \"silent\" }\nrtt = { 1 = \"5ms-6ms\" }\nprobes = 1\nchanges = [{ ttls = \"2\" }]",
    );
    let runs = Scenario::parse(&text).unwrap().run().unwrap();
    let deviations = &runs[0].deviations;
    let expected = [
        "probes: expected 1, found",
        "outcome: expected loop, found reached",
        "hops: expected 1 * 3|4 ? target, found 1 2 3 4 target",
        "answered: expected 3 3-4 1 ? 3, found 3 3 3 3 3",
        "findings at TTL 2: expected silent, found none",
        "least RTT at TTL 1: expected 5ms to 6ms, found Some(2ms)",
        "path changes: expected 1 as",
    ];
    assert_eq!(deviations.len(), expected.len(), "{deviations:#?}");
    for (deviation, expected) in deviations.iter().zip(expected) {
        assert!(deviation.starts_with(&format!("ipv4 icmp raw: {expected}")), "{deviation}");
    }
}

#[test]
fn a_rule_is_known_by_its_name() {
    let text = format!("needs = [\"last-end\", \"burst\"]\n{}", around(""));
    assert_eq!(Scenario::parse(&text).unwrap().needs(), [Rule::LastEnd, Rule::Burst]);
    assert_eq!(
        said(&format!("needs = [\"lastend\"]\n{}", around(""))).split("; ").last(),
        Some("did you mean `last-end`?")
    );
}

#[test]
fn errors_have_a_place_and_a_suggestion() {
    for (lines, place, problem) in [
        ("[router.2]\nsilnt = true", "line 6, column 1", "did you mean `silent`?"),
        ("[router.2]\nsilent = \"upd\"", "line 6, column 10", "did you mean `udp`?"),
        ("[router.2]\nsilent = 3", "line 6, column 10", "expected true, a protocol or a list of protocols"),
        ("[router.2]\nslow = 5", "line 6, column 8", "expected a string"),
        ("[router.2]\nslow = \"5 minutes\"", "line 6, column 8", "write a number and us, ms or s"),
        ("[router.2]\nreply_ttl = 300", "line 6, column 13", "300"),
        ("[router.2]\nrefuses = \"no-route\"", "line 6, column 11", "is no kind of reply"),
        ("[router.2]\nrate_limit = \"linx\"", "line 6, column 14", "did you mean `linux`?"),
        ("[router.2]\nrate_limit = { burst = 1 }", "line 6, column 14", "missing field `every`"),
        ("[router.2]\nloss = 1.5", "line 6, column 8", "a part of packets from 0 to 1, not 1.5"),
        ("[router.two]\nsilent = true", "line 5, column 9", "no numbers"),
        ("[router.9]\nsilent = true", "line 5, column 9", "router 9 is on no path"),
        ("[trace]\nfamily = \"ipv5\"", "line 6, column 10", "did you mean `ipv4`?"),
        ("[trace]\nmode = []", "line 6, column 8", "an empty list"),
        ("[trace]\nrounds = 0", "line 6, column 10", "rounds cannot be 0"),
        ("[trace]\nrounds = 4294967295", "line 6, column 10", "never come to an expectation"),
        ("[trace]\nfirst_ttl = 9\nmax_ttl = 5", "line 6, column 13", "first_ttl 9 is greater than max_ttl 5"),
        ("[expect]\noutcome = \"reachd\"", "line 6, column 11", "did you mean `reached`?"),
        ("[expect]\nhops = \"1 2 7\"", "line 6, column 8", "router 7 is on no path"),
        ("[expect]\nhops = \"1 2 x\"", "line 6, column 8", "neither a router nor \"target\""),
        ("[expect]\nhops = \"1 2\"\nanswered = \"3\"", "line 7, column 12", "answered has 1 TTLs"),
        ("[expect]\nfindings = { 2 = \"slent\" }", "line 6, column 18", "did you mean `silent`?"),
        ("[expect]\nfindings = { two = \"silent\" }", "line 6, column 14", "invalid digit"),
        ("[expect]\nprobes = \"9-3\"", "line 6, column 10", "ends before it begins"),
        ("[[tunnel]]\nrouters = \"3-7\"", "line 6, column 11", "router 5 is on no path"),
        (
            "[[tunnel]]\nrouters = \"2-3\"\n[[tunnel]]\nrouters = 3",
            "line 8, column 11",
            "is in a tunnel already",
        ),
        (
            "[router.2]\ndrops = \"udp\"\nrefuses = \"host-unreachable\"",
            "line 6, column 9",
            "dropped and refused",
        ),
    ] {
        let said = said(&around(lines));
        assert!(said.starts_with(&format!("scenario, {place}: ")), "{lines}\n{said}");
        assert!(said.contains(problem), "{lines}\n{said}");
    }
}

#[test]
fn paths_are_read_to_the_letter() {
    let path = |path: &str| said(&format!("title = \"\"\n[[target]]\npath = \"{path}\""));
    assert!(path("1 flw(2 | 3)").contains("line 3, column 11: \"flw(\" is no part of a path"));
    assert!(path("1 flow(2 | 3").contains("column 11: flow( is never closed"));
    assert!(path("1 flow(2)").contains("column 16: a balancer has two branches or more"));
    assert!(path("1 2x").contains("column 11: \"2x\" are no numbers"));
    assert!(path("1 round(2 3) 4").contains("column 22: nothing comes after round"));
    for good in ["", "1", "1-3 5", "1 flow(2|3 4) 5", "flow(1 | 2) packet( | 3)", "1 round(2 3)"] {
        route::path(good).unwrap();
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    assert!(said("title = \"\"\ntarget = []").contains("no target"));
    assert!(said("title = \"\"").contains("missing field `target`"));
    assert!(said("title = 3").contains("line 1, column 9"));
    assert!(said("title = \"\"\n[[target]\n").contains("line 2"));
    let changes = "changes = [{ at = \"2s\", path = \"1\" }, { at = \"1s\", path = \"1\" }]";
    let text = format!("title = \"\"\n[[target]]\npath = \"1\"\n{changes}");
    assert!(said(&text).contains("line 4, column 46: changes stand in the order of time"), "{}", said(&text));
    let text = "title = \"\"\n[[target]]\npath = \"1\"\n[target.expect]\nprobes = 3";
    assert!(said(text).contains("line 5, column 10: this is counted over all targets"), "{}", said(text));
}

#[test]
fn what_cannot_be_traced_is_an_error() {
    let scenario = Scenario::parse(&around("[trace]\nsize = 3")).unwrap();
    assert!(matches!(scenario.run(), Err(Error::ProbeSize { .. })));
}

#[test]
fn the_table_for_fewer_routers_counts() {
    let text = around(
        "[router.1-4]\nslow = \"50ms\"\n[router.2]\nslow = \"10ms\"\n[expect]\nrtt = { 1 = \"52ms\", 2 = \"14ms-15ms\" }",
    );
    let run = &Scenario::parse(&text).unwrap().run().unwrap()[0];
    assert_eq!(run.deviations, Vec::<String>::new());
}
