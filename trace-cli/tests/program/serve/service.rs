//! The server as a service: what it logs, and what it tells the service manager.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::Server;
use super::samples::{keep, usual};
use crate::run::Home;

const SOON: Duration = Duration::from_secs(30);

/// The next line of the log that says so, as JSON.
#[track_caller]
fn logged(server: &Server, words: &str) -> Value {
    loop {
        let line = server.log.recv_timeout(SOON).unwrap_or_else(|error| panic!("{error}: no {words:?}"));
        let event: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert!(event["time"].is_string() && event["level"].is_string(), "{line}");
        if event["message"].as_str().is_some_and(|message| message.contains(words)) {
            return event;
        }
    }
}

/// Behind the walls that it puts up for itself, too.
#[test]
fn the_service_manager_is_told_that_it_is_ready_lives_and_ends() {
    let home = Home::new();
    keep(&home, &usual());
    let path = home.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("bind a socket");
    socket.set_read_timeout(Some(SOON)).expect("limit the wait");
    let mut command =
        home.command(&["serve", "--listen", "127.0.0.1:0", "--no-open", "-v", "--log-format", "json"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "1000000");
    let server = Server::of(&mut command);
    let mut heard = String::new();
    let mut until = |words: &str| {
        let mut buffer = [0; 4096];
        while !heard.contains(words) {
            let length =
                socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{error}: no {words:?} in {heard}"));
            heard.push_str(&String::from_utf8_lossy(&buffer[..length]));
            heard.push('\n');
        }
        std::mem::take(&mut heard)
    };
    let first = until("READY=1");
    assert!(first.contains(&format!("STATUS=the dashboard is at http://{}/", server.address)), "{first}");
    assert_eq!(server.get("/healthz").status, 200, "who is ready answers");
    until("WATCHDOG=1");
    until("WATCHDOG=1");
    server.signal(Signal::SIGTERM);
    until("STOPPING=1");
    assert!(server.end().success());
}

#[test]
fn what_happens_is_logged_for_programs() {
    let home = Home::new();
    keep(&home, &usual());
    let server = Server::start(&home, &["-v", "--log-format", "json"]);
    logged(&server, "the dashboard is at http://127.0.0.1:");
    server.get("/login?token=secret");
    server.get("/api/v1/targets/%0a%1b[31m?q=secret");
    let asked = logged(&server, "asked");
    assert_eq!(
        (&asked["method"], &asked["path"]),
        (&json!("GET"), &json!("/login")),
        "and not what was asked"
    );
    assert_eq!(asked["level"], "debug");
    let strange = logged(&server, "asked");
    assert!(strange["status"] == 404 && strange["ms"].is_number(), "{strange}");
    assert!(!strange.to_string().contains("secret"), "{strange}");
    std::fs::rename(home.database(), home.path().join("away")).expect("take it away");
    server.get("/api/v1/status");
    let gone = logged(&server, "cannot be read");
    assert_eq!((&gone["level"], &gone["state"]), (&json!("warn"), &json!("missing")));
    std::fs::rename(home.path().join("away"), home.database()).expect("bring it back");
    server.get("/api/v1/status");
    logged(&server, "can be read again");
    server.signal(Signal::SIGTERM);
    logged(&server, "ending");
    assert!(server.end().success());
}
