//! Traces that the page starts, in a laboratory.

use std::io::{BufRead as _, BufReader};

use serde_json::Value;

use super::{Server, http::Request};
use crate::lab::{Chain, lab_test};
use crate::run::Home;

fn start(server: &Server, host: &str) -> String {
    let word = server.json("/api/v1/status")["csrf"].as_str().expect("a word").to_owned();
    let body = format!(r#"{{"host":"{host}","protocol":"udp","queries":2}}"#);
    let reply = server.request("POST", "/api/v1/live").header("x-trace-token", &word).body(&body).send();
    assert_eq!(reply.status, 202, "{}", reply.text());
    let started: Value = serde_json::from_slice(&reply.body).expect("JSON");
    started["id"].as_str().expect("an id").to_owned()
}

/// The events of a trace until its end: number, kind, data.
fn events(request: &Request) -> Vec<(u64, String, Value)> {
    let mut events = Vec::new();
    let (mut number, mut kind) = (0, String::new());
    for line in BufReader::new(request.open()).lines() {
        let line = line.expect("a line");
        if let Some(id) = line.strip_prefix("id: ") {
            number = id.parse().expect("a number");
        } else if let Some(name) = line.strip_prefix("event: ") {
            name.clone_into(&mut kind);
        } else if let Some(data) = line.strip_prefix("data: ") {
            events.push((number, kind.clone(), serde_json::from_str(data).expect("JSON")));
        }
    }
    events
}

lab_test! {
    fn hops_appear_as_they_are_heard_and_the_trace_is_kept() {
        let lab = Chain::of(3).without_limits().build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        lab.vantage().enter(|| {
            let server = Server::start(&home, &["--allow-trace"]);
            let id = start(&server, &target);
            let request = server.request("GET", &format!("/api/v1/live/{id}/events"));
            let told = events(&request);
            let kinds: Vec<&str> = told.iter().map(|(_, kind, _)| kind.as_str()).collect();
            assert_eq!((kinds.first(), kinds.last()), (Some(&"begin"), Some(&"end")), "{kinds:?}");
            assert!(told.iter().map(|(number, ..)| *number).eq(1..=u64::try_from(told.len()).expect("few")));
            assert_eq!(told[0].2["target"]["address"], target.as_str());
            for ttl in 1..=4 {
                let last = told.iter().rev().find(|(_, kind, data)| kind == "hop" && data["ttl"] == ttl);
                let (.., hop) = last.unwrap_or_else(|| panic!("no hop {ttl} in {told:?}"));
                assert_eq!(hop["probes"][0]["from"], lab.hop(ttl, 4).to_string(), "{hop}");
                assert!(hop["statistics"]["min_ms"].is_number());
            }
            assert!(told.iter().any(|(_, kind, data)| kind == "place" && data["address"] == target.as_str()));
            let (.., end) = told.last().expect("an end");
            assert_eq!(end["outcome"], "reached");
            let trace = end["trace"].as_str().expect("a trace");
            let kept = server.json(&format!("/api/v1/traces/{trace}"));
            assert_eq!(kept["target"]["address"], target.as_str());
            assert_eq!(kept["hops"].as_array().map(Vec::len), Some(4));
            // Who comes again gets the rest, and who comes late everything.
            assert_eq!(events(&request), told);
            let again = events(&request.clone().header("last-event-id", "2"));
            assert_eq!(again, told[2..]);
            let runs = server.json("/api/v1/live");
            assert_eq!((&runs["items"][0]["state"], &runs["items"][0]["trace"]), (&"done".into(), &trace.into()));
            assert!(server.end().success());
            assert!(home.data().join(format!("traces/{trace}.json")).exists(), "as `trace` keeps it");
        });
    }

    fn a_trace_is_cancelled_and_kept_as_interrupted() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        // Nobody has this address: the trace takes until it gives up.
        let target = lab.nobody(4).to_string();
        lab.vantage().enter(|| {
            let server = Server::start(&home, &["--allow-trace"]);
            let word = server.json("/api/v1/status")["csrf"].as_str().expect("a word").to_owned();
            let id = start(&server, &target);
            let path = format!("/api/v1/live/{id}/cancel");
            server.request("POST", &path).send().complains(403, "X-Trace-Token");
            assert_eq!(server.request("POST", &path).header("x-trace-token", &word).send().status, 202);
            let told = events(&server.request("GET", &format!("/api/v1/live/{id}/events")));
            let (_, kind, end) = told.last().expect("an end");
            // It may have been quicker than whoever cancelled it.
            assert_eq!(kind, "end");
            assert!(end["trace"].is_string() || end["outcome"].is_null(), "{end}");
            server.request("GET", "/api/v1/live/0/events").send().complains(404, "");
        });
    }

    fn an_end_of_the_server_ends_and_keeps_what_is_under_way() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        lab.vantage().enter(|| {
            let server = Server::start(&home, &["--allow-trace"]);
            let target = lab.target(4).to_string();
            // A target that is reached, and then one to which no answer ever comes.
            start(&server, &target);
            let id = start(&server, &lab.nobody(4).to_string());
            let stream = BufReader::new(server.request("GET", &format!("/api/v1/live/{id}/events")).open());
            let mut lines = stream.lines().map(|line| line.expect("a line"));
            assert!(lines.any(|line| line.contains("event: begin")));
            assert!(server.end().success());
            let list = home.run(&["list", "--format", "json"]).ends_with(0).document();
            assert_eq!(list.as_array().map(Vec::len), Some(2), "{list}");
        });
    }
}

#[test]
fn a_host_that_makes_no_sense_is_refused() {
    let home = Home::new();
    let server = Server::start(&home, &["--allow-trace"]);
    let word = server.json("/api/v1/status")["csrf"].as_str().expect("a word").to_owned();
    for (body, words) in [
        (r#"{"host":""}"#, "host"),
        (r#"{"host":"a b"}"#, ""),
        (r#"{"host":"192.0.2.0/24"}"#, ""),
        (r#"{"host":"127.0.0.1","protocol":"carrier-pigeon"}"#, "protocol"),
        (r#"{"host":"127.0.0.1","queries":0}"#, "queries"),
    ] {
        let reply = server.request("POST", "/api/v1/live").header("x-trace-token", &word).body(body).send();
        reply.complains(400, words);
    }
    assert_eq!(server.json("/api/v1/live")["items"], serde_json::json!([]));
    assert!(!home.data().exists(), "nothing was kept");
}
