//! Who is let in, and what is refused before anything is served.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use super::Server;
use super::contract::Contract;
use super::samples::{id, keep, usual};
use crate::run::Home;

const TOKEN: &str = "correct-horse-battery";

fn token(home: &Home, mode: u32) -> String {
    let path = home.write("token", &format!("{TOKEN}\n"));
    std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("set the mode");
    path
}

#[test]
fn every_answer_has_the_headers_that_protect() {
    let home = Home::new();
    let server = Server::start(&home, &[]);
    let foreign = server.request("GET", "/").header("host", "evil.example").send();
    let post = server.request("POST", "/api/v1/live").body("{}").send();
    for reply in [
        server.get("/"),
        server.get("/api/v1/status"),
        server.get("/nothing"),
        server.get("/metrics"),
        foreign,
        post,
    ] {
        let policy = reply.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
}

#[test]
fn only_this_server_s_names_and_pages_are_answered() {
    let home = Home::new();
    let server = Server::start(&home, &["--host-name", "trace.example"]);
    let ask = |name: &str, value: &str| server.request("GET", "/api/v1/status").header(name, value).send();
    for host in ["localhost", "127.0.0.1", "[::1]:80", "trace.example"] {
        assert_eq!(ask("host", host).status, 200, "{host}");
    }
    for host in ["evil.example", "192.0.2.1", "localhost.evil.example", "trace.example.evil.example"] {
        ask("host", host).complains(403, "--host-name");
    }
    ask("origin", "http://evil.example").complains(403, "pages of other servers");
    ask("sec-fetch-site", "cross-site").complains(403, "pages of other servers");
    let address = server.address.to_string();
    assert_eq!(ask("origin", &format!("http://{address}")).status, 200);
}

#[test]
fn nothing_is_changed_without_the_word() {
    let home = Home::new();
    keep(&home, &usual());
    let server = Server::start(&home, &[]);
    server
        .request("POST", "/api/v1/live")
        .body(r#"{"host":"127.0.0.1"}"#)
        .send()
        .complains(403, "X-Trace-Token");
    for method in ["PUT", "DELETE", "PATCH", "POST"] {
        server.request(method, "/api/v1/traces/latest").send().complains(403, "X-Trace-Token");
    }
    let status = server.json("/api/v1/status");
    assert_eq!((&status["allow_trace"], &status["csrf"]), (&false.into(), &serde_json::Value::Null));
}

/// Every file below a directory, with what is in it.
fn files(directory: &std::path::Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("read a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.insert(format!("{}/", path.display()), Vec::new());
            files.append(&mut self::files(&path));
        } else {
            files.insert(path.display().to_string(), fs::read(&path).expect("read a file"));
        }
    }
    files
}

#[test]
fn who_only_asks_changes_nothing() {
    let home = Home::new();
    keep(&home, &usual());
    // A writer keeps its log, in which a trace stands that is not in the database yet.
    let writer = rusqlite::Connection::open(home.database()).expect("open the database");
    writer.execute_batch("PRAGMA wal_autocheckpoint = 0; UPDATE epoch SET number = number;").expect("write");
    let log = home.data().join("traces.sqlite-wal");
    assert!(fs::metadata(&log).expect("a log").len() > 0);
    for more in [&[][..], &["--allow-trace"]] {
        let before = files(home.path());
        let server = Server::start(&home, more);
        let contract = Contract::of(&server);
        let targets = server.json("/api/v1/targets");
        let key = targets["items"][0]["key"].as_str().expect("a key");
        let newest = id(&usual()[39]);
        let api = contract.paths().keys().map(|path| {
            let path = path.replace("{key}", key).replace("{id}", &newest).replace("{file}", "download.png");
            format!("/api/v1{path}?a={newest}&b=latest&theme=dark")
        });
        let page = ["/", "/live", "/metrics", "/healthz", "/login?token=x", "/assets/none", "/trace/x"]
            .map(str::to_owned);
        let mut good = 0;
        for path in api.chain(page) {
            for method in ["GET", "HEAD", "OPTIONS"] {
                good += u32::from(server.request(method, &path).send().status == 200);
            }
        }
        assert!(good > 40, "{good}");
        assert!(server.end().success());
        let mut after = files(home.path());
        // Who reads is noted there, so that nobody moves what is being read.
        let index = home.data().join("traces.sqlite-shm").display().to_string();
        after.insert(index.clone(), before[&index].clone());
        assert!(after.keys().eq(before.keys()), "{:?} and not {:?}", after.keys(), before.keys());
        for (path, bytes) in &before {
            assert!(after[path] == *bytes, "{path} is another");
        }
    }
}

#[test]
fn the_token_is_asked_for_where_there_is_one() {
    let home = Home::new();
    let token = token(&home, 0o600);
    let server = Server::start(&home, &["--token-file", &token]);
    server.get("/api/v1/status").complains(401, "token");
    assert_eq!(server.get("/api/v1/status").header("www-authenticate"), Some("Bearer realm=\"trace\""));
    assert_eq!(server.get("/metrics").status, 401);
    assert_eq!((server.get("/").status, server.get("/healthz").status), (200, 200), "they tell nothing");
    let bearer = |word: &str| {
        server.request("GET", "/api/v1/status").header("authorization", &format!("Bearer {word}")).send()
    };
    assert_eq!(bearer(TOKEN).status, 200);
    bearer("wrong-horse-battery-x").complains(401, "token");
    server.request("POST", "/login").body(r#"{"token":"wrong"}"#).send().complains(401, "not the token");
    server.request("POST", "/login").body("{").send().complains(400, "");
    let entered = server.request("POST", "/login").body(&format!(r#"{{"token":"{TOKEN}"}}"#)).send();
    assert_eq!(entered.status, 204);
    let cookie = entered.header("set-cookie").expect("a cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains(TOKEN),
        "{cookie}"
    );
    let pair = cookie.split(';').next().expect("a pair");
    assert_eq!(server.request("GET", "/api/v1/status").header("cookie", pair).send().status, 200);
    let link = server.get(&format!("/login?token={TOKEN}"));
    assert_eq!((link.status, link.header("location")), (303, Some("/")));
    assert!(link.header("set-cookie").is_some());
    let foreign = server.request("POST", "/login").header("origin", "http://evil.example").body("{}").send();
    foreign.complains(403, "pages of other servers");
}

#[test]
fn what_makes_no_sense_is_refused_at_once() {
    let home = Home::new();
    home.run(&["serve", "--no-open", "--listen", "0.0.0.0:0"]).complains(2, &["--token-file", "0.0.0.0:0"]);
    home.run(&["serve", "--no-open", "--listen", "[::]:0"]).complains(2, &["--token-file"]);
    home.run(&["serve", "--no-open", "--listen", "nowhere"]).complains(2, &["--listen"]);
    let open = token(&home, 0o644);
    home.run(&["serve", "--no-open", "--token-file", &open])
        .complains(2, &["others can read it", "chmod 600"]);
    home.run(&["serve", "--no-open", "--token-file", "none"]).complains(2, &["none", "cannot be read"]);
    let short = home.write("short", "short\n");
    std::fs::set_permissions(&short, PermissionsExt::from_mode(0o600)).expect("set the mode");
    home.run(&["serve", "--no-open", "--token-file", &short]).complains(2, &["16 characters"]);
    let taken = TcpListener::bind("127.0.0.1:0").expect("take a port");
    let address = taken.local_addr().expect("its address").to_string();
    home.run(&["serve", "--no-open", "--listen", &address])
        .complains(2, &["another program", &address, ":0"]);
}
