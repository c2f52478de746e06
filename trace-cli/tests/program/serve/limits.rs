//! What a peer may take of this machine, and how the server ends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;

use super::Server;
use super::http::Reply;
use super::samples::{keep, usual};
use crate::run::Home;

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.address).expect("connect to the server");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("bound the wait");
    stream
}

#[test]
fn what_is_too_large_is_refused() {
    let home = Home::new();
    let server = Server::start(&home, &[]);
    let long = "x".repeat(64 << 10);
    for request in [
        format!("GET /{long} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-long: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "a: b\r\n".repeat(200)),
        "nonsense\r\n\r\n".to_owned(),
    ] {
        let mut stream = connect(&server);
        // It may hang up before it has heard everything.
        let _ = stream.write_all(request.as_bytes());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        if !bytes.is_empty() {
            let status = Reply::of(&bytes).status;
            assert!((400..500).contains(&status), "{status} to {request:.40}");
        }
    }
    assert_eq!(server.get("/healthz").status, 200);
}

#[test]
fn a_body_that_is_too_long_is_refused() {
    let home = Home::new();
    let server = Server::start(&home, &["--allow-trace"]);
    let word = server.json("/api/v1/status")["csrf"].as_str().expect("a word").to_owned();
    let ask =
        |body: &str| server.request("POST", "/api/v1/live").header("x-trace-token", &word).body(body).send();
    ask(&format!(r#"{{"host":"{}"}}"#, "x".repeat(9000))).complains(413, "");
    ask(&format!(r#"{{"host":"{}"}}"#, "x".repeat(300))).complains(400, "host");
    ask(r#"{"host":"127.0.0.1","queries":200}"#).complains(400, "queries");
    ask(r#"{"host":"127.0.0.1","command":"reboot"}"#).complains(422, "command");
    ask(r#"{"host":"--targets=/etc/passwd"}"#).complains(400, "");
    ask("not json").complains(400, "");
    let plain = server
        .request("POST", "/api/v1/live")
        .header("x-trace-token", &word)
        .body("{}")
        .header("content-type", "text/plain");
    plain.send().complains(415, "");
}

#[test]
fn who_says_nothing_is_let_go_and_stops_nobody() {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the limit of files");
    let wanted = 2000 + 100;
    if soft < wanted && setrlimit(Resource::RLIMIT_NOFILE, hard.min(wanted * 2), hard).is_err()
        || hard < wanted
    {
        crate::lab::skip(format_args!("at most {hard} files may be open here, {wanted} are needed"));
        return;
    }
    let home = Home::new();
    keep(&home, &usual());
    let server = Server::start(&home, &[]);
    // Half of them say nothing, half begin and never end.
    let mut idle: Vec<TcpStream> = (0..2000).map(|_| connect(&server)).collect();
    for stream in idle.iter_mut().step_by(2) {
        stream.write_all(b"GET /api/v1/status HTTP/1.1\r\nhost: local").expect("begin to ask");
    }
    for _ in 0..20 {
        assert_eq!(server.get("/api/v1/targets").status, 200, "others are answered all the same");
    }
    let memory = std::fs::read_to_string(format!("/proc/{}/status", server.child.id())).expect("its status");
    let resident = memory.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line VmRSS");
    let resident: u64 = resident.trim().trim_end_matches(" kB").parse().expect("kilobytes");
    assert!(resident < 150 << 10, "{resident} kB resident, built without optimisation");
    for mut stream in idle {
        // Until the server hangs up: some get a status first.
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    assert_eq!(server.get("/api/v1/targets").status, 200);
}

#[test]
fn a_signal_ends_it_whatever_hangs_on_it() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let home = Home::new();
        let mut server = Server::start(&home, &[]);
        let mut slow = connect(&server);
        slow.write_all(b"GET / HTTP/1.1\r\n").expect("begin to ask");
        let _idle = connect(&server);
        assert_eq!(server.get("/healthz").status, 200);
        server.signal(signal);
        assert_eq!(server.child.wait().expect("wait for the server").code(), Some(0), "{signal}");
    }
}
