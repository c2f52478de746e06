use serde_json::json;

use super::*;

/// Rules in the chain `input` of the table `filter` of a family, as nft(8) shows them, and what they are found to do.
fn found(family: &str, policy: &str, rules: &[Value]) -> (Vec<String>, bool) {
    let chain = json!({ "chain": { "family": family, "table": "filter", "name": "input", "handle": 1, "type": "filter",
        "hook": "input", "prio": 0, "policy": policy } });
    let mut items = vec![json!({ "metainfo": { "json_schema_version": 1 } }), chain];
    for (handle, expr) in (2..).zip(rules) {
        items
            .push(json!({ "rule": { "family": family, "table": "filter", "chain": "input", "handle": handle,
            "expr": expr } }));
    }
    let rules = Rules::of(&json!({ "nftables": items }).to_string()).unwrap();
    (rules.eating, !rules.closed.is_empty())
}

fn matched(left: &Value, right: &Value) -> Value {
    json!({ "match": { "op": "==", "left": left, "right": right } })
}

fn icmp_type(protocol: &str, right: &Value) -> Value {
    matched(&json!({ "payload": { "protocol": protocol, "field": "type" } }), right)
}

fn meta(key: &str, right: &str) -> Value {
    matched(&json!({ "meta": { "key": key } }), &json!(right))
}

fn accept() -> Value {
    json!({ "accept": null })
}

fn drop() -> Value {
    json!({ "drop": null })
}

#[test]
fn rules_that_drop_errors_are_named() {
    let handle = |number: u8| vec![format!("inet filter input handle {number}")];
    let errors = json!({ "set": ["destination-unreachable", "time-exceeded"] });
    for rule in [
        json!([icmp_type("icmp", &errors), drop()]),
        json!([icmp_type("icmpv6", &json!("time-exceeded")), { "counter": { "packets": 0, "bytes": 0 } }, { "reject": null }]),
        json!([meta("l4proto", "icmp"), drop()]),
        json!([meta("iifname", "eth0"), icmp_type("icmp", &errors), drop()]),
        json!([meta("nfproto", "ipv6"), meta("l4proto", "ipv6-icmp"), drop()]),
        json!([
            matched(&json!({ "payload": { "protocol": "ip", "field": "protocol" } }), &json!("icmp")),
            drop()
        ]),
        json!([{ "match": { "op": "!=", "left": { "meta": { "key": "iifname" } }, "right": "lo" } }, drop()]),
        json!([drop()]),
    ] {
        assert_eq!(found("inet", "accept", std::slice::from_ref(&rule)), (handle(2), false), "{rule}");
    }
}

#[test]
fn other_rules_are_not() {
    let errors = json!("time-exceeded");
    for rule in [
        json!([icmp_type("icmp", &json!("echo-request")), drop()]),
        json!([icmp_type("icmp", &errors), { "limit": { "rate": 10, "per": "second", "inv": true } }, drop()]),
        json!([meta("iifname", "lo"), icmp_type("icmp", &errors), drop()]),
        json!([meta("l4proto", "tcp"), drop()]),
        json!([matched(&json!({ "ct": { "key": "state" } }), &json!("invalid")), drop()]),
        json!([{ "xt": { "type": "match", "name": "recent" } }, drop()]),
        json!([icmp_type("icmp", &errors), accept()]),
    ] {
        assert_eq!(found("inet", "accept", std::slice::from_ref(&rule)), (vec![], false), "{rule}");
    }
    // What is accepted before is not dropped any more; of the other family it is.
    let related =
        json!([matched(&json!({ "ct": { "key": "state" } }), &json!(["established", "related"])), accept()]);
    assert_eq!(found("inet", "drop", &[related.clone(), json!([drop()])]), (vec![], false));
    let v4 = json!([icmp_type("icmp", &errors), accept()]);
    assert_eq!(
        found("inet", "accept", &[v4.clone(), json!([meta("l4proto", "icmp"), drop()])]),
        (vec![], false)
    );
    let other = json!([meta("l4proto", "ipv6-icmp"), drop()]);
    assert_eq!(found("inet", "accept", &[v4.clone(), other]).0, ["inet filter input handle 3"]);
    assert_eq!(found("bridge", "drop", &[json!([drop()])]), (vec![], false));
    assert_eq!(found("ip", "drop", &[v4]), (vec![], false));
}

#[test]
fn a_chain_that_lets_nothing_through_is_closed() {
    assert_eq!(found("inet", "drop", &[]), (vec![], true));
    assert_eq!(found("inet", "drop", &[json!([meta("iifname", "lo"), accept()])]), (vec![], true));
    let v4 = json!([meta("l4proto", "icmp"), accept()]);
    assert_eq!(found("inet", "drop", &[v4]), (vec![], true), "IPv6 is not let through");
    assert_eq!(found("inet", "drop", &[json!([meta("iifname", "eth0"), accept()])]), (vec![], false));
}

#[test]
fn chains_are_followed_where_they_are_gone_to_from() {
    let chain = |name: &str, hook: Option<&str>| {
        let mut chain = json!({ "family": "ip", "table": "t", "name": name, "handle": 1 });
        if let Some(hook) = hook {
            chain["hook"] = json!(hook);
            chain["policy"] = json!("accept");
        }
        json!({ "chain": chain })
    };
    let rule = |chain: &str, handle: u8, expr: Value| json!({ "rule": { "family": "ip", "table": "t", "chain": chain, "handle": handle, "expr": expr } });
    let mut items = vec![
        chain("input", Some("input")),
        chain("output", Some("output")),
        chain("ours", None),
        chain("theirs", None),
        rule("input", 5, json!([{ "jump": { "target": "ours" } }])),
        rule("output", 6, json!([{ "jump": { "target": "theirs" } }])),
        rule("ours", 7, json!([meta("l4proto", "icmp"), drop()])),
        // For ever round and round, which nft does not let anybody do.
        rule("ours", 8, json!([{ "goto": { "target": "ours" } }])),
        rule("theirs", 9, json!([drop()])),
    ];
    let rules = |items: &[Value]| Rules::of(&json!({ "nftables": items }).to_string());
    let read = rules(&items).unwrap();
    assert_eq!((read.count, read.eating), (5, vec!["ip t ours handle 7".to_owned()]));
    items.push(json!({ "rule": { "family": "ip" } }));
    assert_eq!(rules(&items), None, "what makes no sense is not guessed at");
    assert_eq!(Rules::of("nonsense"), None);
}
