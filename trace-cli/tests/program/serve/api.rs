//! Every route, held against the document that describes it.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::Server;
use super::contract::Contract;
use super::samples::{HOSTILE, HOUR, id, keep, trace, usual};
use crate::run::Home;

/// A server that shows the usual traces.
fn shown() -> (Home, Server) {
    let home = Home::new();
    keep(&home, &usual());
    let server = Server::start(&home, &[]);
    (home, server)
}

fn items(value: &Value) -> &[Value] {
    value["items"].as_array().expect("items")
}

/// Asks for all changes until nothing is being worked out any more, for half a minute at most.
#[track_caller]
fn settled(server: &Server) -> Value {
    for _ in 0..600 {
        let changes = server.json("/api/v1/changes?since=6d");
        if changes["complete"] == true {
            return changes;
        }
        thread::park_timeout(Duration::from_millis(50));
    }
    panic!("what changed is never complete");
}

/// The targets, once everything about them is known.
#[track_caller]
fn all_known(server: &Server) -> Value {
    for _ in 0..600 {
        let targets = server.json("/api/v1/targets");
        if items(&targets).iter().all(|target| target["changes_7d"].is_u64()) {
            return targets;
        }
        thread::park_timeout(Duration::from_millis(50));
    }
    panic!("the changes of the targets are never known");
}

#[test]
fn every_route_answers_as_the_document_says() {
    let (_home, server) = shown();
    let contract = Contract::of(&server);
    assert_eq!(server.json("/api/v1/openapi.json")["openapi"], "3.1.0");
    let targets = server.json("/api/v1/targets");
    let key = items(&targets)[0]["key"].as_str().expect("a key").to_owned();
    let newest = id(&usual()[39]);
    let mut seen = 0;
    for (path, methods) in contract.paths() {
        if methods.get("get").is_none() || path.contains("events") {
            continue;
        }
        let files = methods["get"]["parameters"].as_array().into_iter().flatten();
        let files = files.filter(|parameter| parameter["name"] == "file");
        let files = files.flat_map(|file| file["schema"]["enum"].as_array().expect("names of files"));
        let files: Vec<&str> = files.filter_map(Value::as_str).collect();
        for file in if path.contains("{file}") { &files[..] } else { &[""] } {
            let asked = path.replace("{key}", &key).replace("{id}", &newest).replace("{file}", file);
            let asked =
                if path == "/diff" { format!("{path}?a={}&b={newest}", id(&usual()[0])) } else { asked };
            let reply = server.get(&format!("/api/v1{asked}"));
            assert_eq!(reply.status, 200, "{asked}: {}", reply.text());
            contract.holds("get", path, &reply);
            seen += 1;
        }
        // What is not there, and what makes no sense, is described too.
        let asked = path.replace("{key}", "0").replace("{id}", "x").replace("{file}", "download.png");
        contract.holds("get", path, &server.get(&format!("/api/v1{asked}?limit=x&since=soon")));
    }
    assert!(seen >= 21, "{seen}");
}

#[test]
fn targets_tell_where_they_stand() {
    let (_home, server) = shown();
    let targets = all_known(&server);
    let names: Vec<&Value> = items(&targets).iter().map(|target| &target["name"]).collect();
    assert_eq!(
        names,
        [&json!(HOSTILE), &json!("host1.example"), &Value::Null],
        "by name, those without behind"
    );
    let one = &items(&targets)[1];
    assert_eq!(
        (&one["traces"], &one["last"]["outcome"], &one["last"]["length"]),
        (&json!(40), &json!("reached"), &json!(3))
    );
    assert_eq!(one["last"]["id"], id(&usual()[39]));
    assert_eq!((&one["last"]["rtt_ms"], &one["last"]["loss"]), (&json!(15.039), &json!(0.0)));
    assert_eq!(one["interval_s"], 3600.0);
    assert_eq!(one["sparkline"].as_array().map(Vec::len), Some(40));
    assert_eq!(one["era_since"], "2026-11-27T08:00:00Z", "when the way changed");
    let newest = server.json("/api/v1/traces?limit=1");
    assert_eq!(items(&newest)[0]["rtt_ms"], 15.039);
    let silent = &items(&targets)[2];
    assert_eq!((&silent["last"]["rtt_ms"], &silent["last"]["loss"]), (&Value::Null, &Value::Null));
    for (query, expected) in [
        ("q=HOST1", 1),
        ("q=198.51.100", 3),
        ("q=attic", 1),
        ("q=nobody", 0),
        ("vantage=attic", 1),
        ("q=%3Cscript", 1),
    ] {
        assert_eq!(items(&server.json(&format!("/api/v1/targets?{query}"))).len(), expected, "{query}");
    }
    let key = one["key"].as_str().expect("a key");
    let eras = server.json(&format!("/api/v1/targets/{key}/eras"));
    let outline: Vec<_> =
        items(&eras).iter().map(|era| (era["traces"].clone(), era["trace"].clone())).collect();
    assert_eq!(outline, [(json!(20), json!(id(&usual()[19]))), (json!(20), json!(id(&usual()[39])))]);
    let changes = server.json(&format!("/api/v1/targets/{key}/changes"));
    assert_eq!(items(&changes).len(), 1, "{changes}");
    assert_eq!((&items(&changes)[0]["kind"], &changes["complete"]), (&json!("path"), &json!(true)));
    let everywhere = settled(&server);
    assert_eq!(items(&everywhere), items(&changes), "of no other target's way");
    let scene = server.json(&format!("/api/v1/targets/{key}/scene?eras=3"));
    let routes: Vec<&Value> =
        scene["routes"].as_array().expect("routes").iter().map(|route| &route["trace"]).collect();
    assert_eq!(routes, [&json!(id(&usual()[39])), &json!(id(&usual()[19]))]);
    let earlier = server.json(&format!("/api/v1/targets/{key}/scene?at=2026-11-26T20:00:00Z"));
    assert_eq!(earlier["routes"][0]["trace"], id(&usual()[8]));
}

#[test]
fn a_series_adds_up() {
    let (_home, server) = shown();
    let targets = server.json("/api/v1/targets?q=host1");
    let key = items(&targets)[0]["key"].as_str().expect("a key").to_owned();
    let span = "since=2026-11-26T12:00:00Z&until=2026-11-28T12:00:00Z";
    let series = server.json(&format!("/api/v1/targets/{key}/series?{span}&points=48"));
    assert_eq!((&series["step_s"], &series["start"][1]), (&json!(3600.0), &json!(1_795_698_000_000_i64)));
    let sum = |list: &Value| list.as_array().expect("a list").iter().filter_map(Value::as_u64).sum::<u64>();
    assert_eq!((sum(&series["traces"]), sum(&series["counted"])), (40, 40));
    let hops = series["hops"].as_array().expect("hops");
    let counts: Vec<_> =
        hops.iter().map(|hop| (hop["ttl"].clone(), sum(&hop["sent"]), sum(&hop["answered"]))).collect();
    assert_eq!(counts, [(json!(1), 120, 120), (json!(2), 120, 80), (json!(3), 120, 120)]);
    assert_eq!(hops[2]["address"], "198.51.100.1");
    assert_eq!(
        (&hops[2]["min_ms"][5], &hops[2]["median_ms"][5], &hops[2]["min_ms"][40]),
        (&json!(15.005), &json!(15.015), &Value::Null)
    );
    // All of them in ten steps, of which one takes more than it counts.
    let wide =
        server.json(&format!("/api/v1/targets/{key}/series?since=2026-11-01&until=2027-02-01&points=10"));
    assert_eq!((sum(&wide["traces"]), sum(&wide["counted"])), (40, 20));
    server.get(&format!("/api/v1/targets/{key}/series?points=9")).complains(400, "points");
    server.get(&format!("/api/v1/targets/{key}/series?since=soon")).complains(400, "since");
    server
        .get(&format!("/api/v1/targets/{key}/series?since=2027-01-01&until=2026-01-01"))
        .complains(400, "since");
}

#[test]
fn lists_are_walked_to_their_ends() {
    let (_home, server) = shown();
    for (path, expected) in [
        ("traces", 48),
        ("targets", 3),
        ("traces?outcome=exhausted", 3),
        ("traces?q=script", 5),
        ("traces?protocol=udp", 3),
    ] {
        for limit in [1, 2, 7, 500] {
            let join = if path.contains('?') { '&' } else { '?' };
            let mut cursor = String::new();
            let mut seen = BTreeSet::new();
            let mut count = 0;
            loop {
                let part = server.json(&format!("/api/v1/{path}{join}limit={limit}{cursor}"));
                assert!(items(&part).len() <= limit);
                for item in items(&part) {
                    seen.insert(item.get("id").or(item.get("key")).expect("a name").to_string());
                    count += 1;
                }
                match part["next"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!((count, seen.len()), (expected, expected), "{path} by {limit}");
        }
        server
            .get(&format!("/api/v1/{path}{}limit=501", if path.contains('?') { '&' } else { '?' }))
            .complains(400, "limit");
        server
            .get(&format!("/api/v1/{path}{}cursor=x", if path.contains('?') { '&' } else { '?' }))
            .complains(400, "");
    }
}

#[test]
fn an_answer_that_is_known_is_not_sent_again() {
    let (_home, server) = shown();
    all_known(&server);
    for path in ["/", "/api/v1/targets", "/api/v1/traces/latest", "/api/v1/map", "/api/v1/openapi.json"] {
        let first = server.get(path);
        let tag = first.header("etag").unwrap_or_else(|| panic!("{path} has no tag")).to_owned();
        let again = server.request("GET", path).header("if-none-match", &tag).send();
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        assert!(again.header("content-security-policy").is_some(), "{path}");
        assert_eq!(server.request("GET", path).header("if-none-match", "\"other\"").send().status, 200);
        let packed = server.request("GET", path).header("accept-encoding", "gzip, br").send();
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        assert!(packed.body.len() < first.body.len());
        let head = server.request("HEAD", path).send();
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
    }
}

#[test]
fn files_of_a_trace_are_attached() {
    let (_home, server) = shown();
    let newest = id(&usual()[39]);
    for (ending, kind, begins) in [
        ("png", "image/png", b"\x89PNG".as_slice()),
        ("svg", "image/svg+xml", b"<"),
        ("csv", "text/csv; charset=utf-8", b"id,started"),
        ("json", "application/json", b"{"),
        ("geojson", "application/geo+json", b"{"),
    ] {
        let reply = server.get(&format!("/api/v1/traces/{newest}/download.{ending}?theme=dark"));
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(kind)), "{ending}");
        assert!(reply.body.starts_with(begins), "{ending}");
        let name = format!("attachment; filename=\"trace-{newest}.{ending}\"");
        assert_eq!(reply.header("content-disposition"), Some(name.as_str()));
    }
    server.get(&format!("/api/v1/traces/{newest}/download.exe")).complains(404, "download.png");
    server.get(&format!("/api/v1/traces/{newest}/download.png?theme=pink")).complains(400, "theme");
}

/// All that a list has, by pages of this size.
#[track_caller]
fn pages(server: &Server, path: &str, limit: u32) -> Vec<Value> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    for _ in 0..100 {
        let page = server.json(&format!("{path}limit={limit}{cursor}"));
        assert!(items(&page).len() <= usize::try_from(limit).expect("small"), "{page}");
        all.extend_from_slice(items(&page));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
    panic!("{path} has no end");
}

#[test]
fn changes_of_long_ago_come_page_by_page() {
    let home = Home::new();
    // Six weeks lie between one way and the next.
    let hours = (0..5).flat_map(|block| (0..12).map(move |hour| (block, block * 1000 + hour)));
    let long_ago = |(block, hour)| {
        let (mut trace, atlas) = trace(1, hour, if block % 2 == 0 { 1 } else { 2 });
        trace.started -= 9000 * HOUR;
        (trace, atlas)
    };
    keep(&home, &hours.map(long_ago).collect::<Vec<_>>());
    let server = Server::start(&home, &[]);
    let targets = server.json("/api/v1/targets");
    let key = items(&targets)[0]["key"].as_str().expect("a key").to_owned();
    let paths = [
        "/api/v1/changes?since=2020-01-01&".to_owned(),
        format!("/api/v1/targets/{key}/changes?"),
        format!("/api/v1/targets/{key}/changes?since=2020-01-01&"),
    ];
    let whole = pages(&server, &paths[1], 500);
    assert!(whole.iter().filter(|change| change["kind"] == "path").count() == 4, "{whole:#?}");
    assert!(whole.is_sorted_by(|one, other| one["at"].as_str() >= other["at"].as_str()), "the newest first");
    for path in &paths {
        for limit in [1, 2, 3, 100] {
            assert_eq!(pages(&server, path, limit), whole, "{path} by {limit}");
        }
    }
    let since = whole[1]["at"].as_str().expect("a time");
    assert_eq!(pages(&server, &format!("/api/v1/changes?since={since}&"), 1), whole[..2]);
    server.get(&format!("/api/v1/targets/{key}/changes?cursor=x")).complains(400, "cursor");
}

#[test]
fn text_from_the_network_is_text() {
    let (_home, server) = shown();
    let newest = id(&usual()[44]);
    for path in [
        "targets",
        "traces",
        &format!("traces/{newest}"),
        &format!("traces/{newest}/scene"),
        "map",
        "changes",
    ] {
        let reply = server.get(&format!("/api/v1/{path}"));
        let kind = reply.header("content-type").expect("a type");
        assert!(kind == "application/json" || kind == "application/geo+json", "{path}: {kind}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        if path != "changes" {
            assert!(reply.json().to_string().contains("<script>"), "{path} tells it as it is");
        }
    }
    let svg = server.get(&format!("/api/v1/traces/{newest}/download.svg"));
    assert!(!svg.text().contains("<script>"));
    // What somebody asks for is not shown at all.
    let strange = server.get("/api/v1/targets/%3Cscript%3E?q=%3Cscript%3E");
    strange.complains(404, "");
    assert!(!strange.text().contains("script"), "{}", strange.text());
}

#[test]
fn what_is_not_there_is_said_so() {
    let (_home, server) = shown();
    server.get("/api/v1/traces/00000000-0000-0000-0000-000000000000").complains(404, "no trace");
    server.get("/api/v1/traces/..%2f..%2fetc%2fpasswd").complains(404, "no trace");
    server.get("/api/v1/traces/%ff").complains(404, "");
    server.get("/api/v1/targets/0000000000000000").complains(404, "no target");
    server.get("/api/v1/targets/0000000000000000/series").complains(404, "no target");
    server.get("/api/v1/diff").complains(400, "a names no trace");
    server.get("/api/v1/nothing").complains(404, "");
    server.get("/etc/passwd").complains(404, "nothing is here");
    // A browser is shown the page, which leads back; a program that asks the API never is.
    let shown = |path: &str| server.request("GET", path).header("Accept", "text/html,*/*;q=0.8").send();
    let page = shown("/etc/passwd");
    assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
    assert_eq!(page.text(), server.get("/").text());
    shown("/api/v1/nothing").complains(404, "nothing is here");
    server.get("/assets/..%2f..%2fCargo.toml").complains(404, "");
    for page in ["/", "/target/0000000000000000", "/trace/x", "/diff?a=1", "/live"] {
        let reply = server.get(page);
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some("text/html; charset=utf-8")),
            "{page}"
        );
    }
    assert_eq!(server.get("/healthz").text(), "ok\n");
}

#[test]
fn prometheus_reads_a_few_labels() {
    let (_home, server) = shown();
    for number in 0..50 {
        server.get(&format!("/api/v1/targets/{number:016x}"));
        server.get(&format!("/nothing/{number}"));
    }
    let text = server.get("/metrics").text().to_owned();
    let counted = r#"trace_http_requests_total{route="/api/v1/targets/{key}",method="GET",status="4xx"} 50"#;
    assert!(text.contains(counted), "{text}");
    assert!(text.contains(r#"route="other",method="GET",status="4xx"} 50"#), "{text}");
    for line in ["trace_store_up 1", "trace_store_traces 48", "trace_store_targets 3", "trace_live_running 0"]
    {
        assert!(text.contains(line), "{line} is missing in {text}");
    }
    assert!(text.lines().count() < 80 && text.ends_with("# EOF\n"), "{text}");
}
