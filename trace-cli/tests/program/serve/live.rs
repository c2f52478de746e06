//! Traces that the page starts, in a laboratory.

use std::io::{BufRead as _, BufReader};

use serde_json::Value;

use super::Server;
use super::contract::Contract;
use super::http::{Reply, Request};
use crate::lab::{Chain, lab_test};
use crate::run::Home;

/// What goes with whatever changes something.
fn word(server: &Server) -> String {
    server.json("/api/v1/status")["csrf"].as_str().expect("a word").to_owned()
}

fn ask(server: &Server, body: &str) -> Reply {
    server.request("POST", "/api/v1/live").header("x-trace-token", &word(server)).body(body).send()
}

fn start(server: &Server, host: &str) -> String {
    let reply = ask(server, &format!(r#"{{"host":"{host}","protocol":"udp","queries":2}}"#));
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

    fn starting_cancelling_and_events_are_as_the_document_says() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        lab.vantage().enter(|| {
            let server = Server::start(&home, &["--allow-trace"]);
            let contract = Contract::of(&server);
            let word = word(&server);
            let body = format!(r#"{{"host":"{}","protocol":"udp","queries":2}}"#, lab.nobody(4));
            contract.takes("/live", &body);
            let started = ask(&server, &body);
            assert_eq!(started.status, 202, "{}", started.text());
            contract.holds("post", "/live", &started);
            let started: Value = serde_json::from_slice(&started.body).expect("JSON");
            let id = started["id"].as_str().expect("an id");
            contract.holds("get", "/live", &server.get("/api/v1/live"));
            let path = format!("/api/v1/live/{id}/cancel");
            let cancel = |path: &str, word: &str| server.request("POST", path).header("x-trace-token", word).send();
            for (path, word, status) in [(path.as_str(), "x", 403), ("/api/v1/live/0/cancel", &word, 404), (&path, &word, 202)] {
                let reply = cancel(path, word);
                assert_eq!(reply.status, status, "{}", reply.text());
                contract.holds("post", "/live/{id}/cancel", &reply);
            }
            let told = server.get(&format!("/api/v1/live/{id}/events"));
            assert_eq!(told.status, 200);
            contract.holds("get", "/live/{id}/events", &told);
            contract.holds("get", "/live/{id}/events", &server.get("/api/v1/live/0/events"));
            // One that is over, with what became of it; and each of its hops is one of the document of its trace.
            let id = start(&server, &lab.target(4).to_string());
            let told = events(&server.request("GET", &format!("/api/v1/live/{id}/events")));
            let (.., end) = told.last().expect("an end");
            contract.is("Run", &server.json("/api/v1/live")["items"][0]);
            let trace = end["trace"].as_str().expect("a trace");
            let document = server.get(&format!("/api/v1/traces/{trace}"));
            contract.holds("get", "/traces/{id}", &document);
            let mut document = document.json();
            for (_, kind, hop) in &told {
                assert!(["begin", "hop", "place", "trouble", "end"].contains(&kind.as_str()), "{kind}");
                if kind == "hop" {
                    document["hops"] = serde_json::json!([hop]);
                    contract.is("Document", &document);
                }
            }
            for (body, status) in [
                ("{", 400),
                (r#"{"host":""}"#, 400),
                (r#"{"host":"127.0.0.1","command":"reboot"}"#, 422),
                (&format!(r#"{{"host":"{}"}}"#, "x".repeat(9000)), 413),
            ] {
                let reply = ask(&server, body);
                assert_eq!(reply.status, status, "{}", reply.text());
                contract.holds("post", "/live", &reply);
            }
            let plain = server.request("POST", "/api/v1/live").header("x-trace-token", &word).body(&body);
            contract.holds("post", "/live", &plain.clone().header("content-type", "text/plain").send());
            contract.holds("post", "/live", &plain.header("x-trace-token", "x").send());
        });
    }

    fn no_more_traces_are_started_than_are_good() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        lab.vantage().enter(|| {
            let server = Server::start(&home, &["--allow-trace"]);
            let contract = Contract::of(&server);
            let silent = format!(r#"{{"host":"{}","protocol":"udp","queries":10}}"#, lab.nobody(4));
            let started: Vec<Reply> = (0..4).map(|_| ask(&server, &silent)).collect();
            assert!(started.iter().all(|reply| reply.status == 202), "{started:?}");
            let refused = ask(&server, &silent);
            refused.complains(429, "4 traces at once");
            contract.holds("post", "/live", &refused);
            for reply in started {
                let id: Value = serde_json::from_slice(&reply.body).expect("JSON");
                let path = format!("/api/v1/live/{}", id["id"].as_str().expect("an id"));
                let cancelled = server.request("POST", &format!("{path}/cancel")).header("x-trace-token", &word(&server));
                assert_eq!(cancelled.send().status, 202);
                events(&server.request("GET", &format!("{path}/events")));
            }
            // One after the other, each as soon as the one before has ended.
            let target = format!(r#"{{"host":"{}","protocol":"udp","queries":1}}"#, lab.hop(1, 4));
            let too_fast = (0..200).find_map(|_| {
                let reply = ask(&server, &target);
                if reply.status != 202 {
                    return Some(reply);
                }
                let id: Value = serde_json::from_slice(&reply.body).expect("JSON");
                events(&server.request("GET", &format!("/api/v1/live/{}/events", id["id"].as_str().expect("an id"))));
                None
            });
            too_fast.expect("an end of starting").complains(429, "too fast");
        });
    }

    fn a_trace_is_cancelled_and_kept_as_interrupted() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        // Nobody has this address: the trace takes until it gives up.
        let target = lab.nobody(4).to_string();
        lab.vantage().enter(|| {
            let server = Server::start(&home, &["--allow-trace"]);
            let word = word(&server);
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
