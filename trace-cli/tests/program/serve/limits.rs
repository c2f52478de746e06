//! What a peer may take of this machine, and how the server ends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use socket2::{Domain, Socket, Type};

use super::Server;
use super::http::Reply;
use super::samples::{id, keep, trace, usual};
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
    for (request, status) in [
        (format!("GET /{long} HTTP/1.1\r\nhost: localhost\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-long: {long}\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "a: b\r\n".repeat(200)), 431),
        ("nonsense\r\n\r\n".to_owned(), 400),
    ] {
        let mut stream = connect(&server);
        // It may hang up before it has heard everything.
        let _ = stream.write_all(request.as_bytes());
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        assert!(!bytes.is_empty(), "no answer to {request:.40}");
        assert_eq!(Reply::of(&bytes).status, status, "{request:.40}");
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
    // One that does not say beforehand how long it is.
    let pieces = server.request("POST", "/api/v1/live").header("x-trace-token", &word);
    let pieces = pieces.header("content-type", "application/json").header("transfer-encoding", "chunked");
    let mut stream = pieces.open();
    let _ = write!(stream, "2328\r\n{{\"host\":\"{}\"}}\r\n0\r\n\r\n", "x".repeat(9000 - 11));
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    Reply::of(&bytes).complains(413, "");
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

/// Somebody who takes little at once.
fn slow(server: &Server) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(4096).expect("make it small");
    socket.connect(&server.address.into()).expect("connect to the server");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("bound the wait");
    stream
}

/// How many connections are open, that of whoever asks among them.
fn connections(server: &Server) -> usize {
    let text = server.get("/metrics").text().to_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("trace_http_connections "));
    line.expect("a line about connections").parse().expect("a number")
}

#[test]
fn who_asks_too_fast_is_told_to_wait() {
    const PIECE: usize = 250;
    let home = Home::new();
    let server = Server::start(&home, &[]);
    let requests = "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(PIECE);
    let told = AtomicBool::new(false);
    let hurry = |mut stream: TcpStream| {
        let mut buffer = vec![0; 1 << 20];
        for _ in 0..40 {
            stream.write_all(requests.as_bytes()).expect("ask");
            let mut text = String::new();
            while text.matches("HTTP/1.1 ").count() < PIECE {
                let length = stream.read(&mut buffer).expect("answers");
                assert!(length > 0, "who asks too fast is answered, too");
                text.push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
            if text.contains("HTTP/1.1 429 ") {
                told.store(true, Ordering::Relaxed);
            }
            if told.load(Ordering::Relaxed) {
                return;
            }
        }
    };
    let streams: Vec<TcpStream> = (0..8).map(|_| connect(&server)).collect();
    thread::scope(|scope| {
        for stream in streams {
            scope.spawn(move || hurry(stream));
        }
    });
    assert!(told.load(Ordering::Relaxed), "nobody was told to wait");
    // A moment later all is well.
    let well = (0..600).any(|_| {
        let reply = server.get("/healthz");
        if reply.status == 429 {
            reply.complains(429, "too many requests");
        }
        thread::park_timeout(Duration::from_millis(50));
        reply.status == 200
    });
    assert!(well);
}

#[test]
fn who_keeps_it_waiting_is_let_go() {
    let home = Home::new();
    keep(&home, &usual());
    let server = Server::start(&home, &[]);
    // Answers that nobody takes, far more than what lies between the two.
    let mut takers: Vec<TcpStream> = (0..10).map(|_| slow(&server)).collect();
    for stream in &mut takers {
        let request = "GET /api/v1/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
        stream.write_all(request.repeat(200).as_bytes()).expect("ask");
    }
    // What is asked for never comes whole.
    let mut askers: Vec<TcpStream> = (0..10).map(|_| connect(&server)).collect();
    for stream in &mut askers {
        let head = "POST /login HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 30\r\n\r\n{";
        stream.write_all(head.as_bytes()).expect("begin to ask");
    }
    assert_eq!(connections(&server), 21);
    for mut stream in askers {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Reply::of(&bytes).complains(503, "within 10 s");
    }
    let gone = (0..600).any(|_| {
        thread::park_timeout(Duration::from_millis(100));
        connections(&server) == 1
    });
    assert!(gone, "{} are still there", connections(&server));
    let whole = server.get("/api/v1/openapi.json").body.len() * 200;
    for mut stream in takers {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(rest.len() < whole, "they were not waited for");
    }
}

#[test]
fn an_answer_that_is_under_way_is_finished() {
    let home = Home::new();
    let (mut long, atlas) = trace(1, 0, 1);
    // More than what lies between the two.
    let probe = long.hops[2].probes[0].clone();
    long.hops[2].probes.resize(60_000, probe);
    let document = format!("/api/v1/traces/{}", id(&(long.clone(), atlas.clone())));
    keep(&home, &[(long, atlas)]);
    let mut server = Server::start(&home, &[]);
    let mut stream = slow(&server);
    write!(stream, "GET {document} HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("ask");
    let mut bytes = vec![0; 1024];
    let length = stream.read(&mut bytes).expect("the beginning of an answer");
    bytes.truncate(length);
    server.signal(Signal::SIGTERM);
    while !server.log.recv_timeout(Duration::from_secs(60)).expect("it says that it ends").contains("ending")
    {
    }
    TcpStream::connect(server.address).expect_err("nobody else is let in");
    stream.read_to_end(&mut bytes).expect("the rest of it");
    let reply = Reply::of(&bytes);
    assert_eq!(reply.json()["hops"][2]["probes"].as_array().map(Vec::len), Some(60_000));
    assert!(server.child.wait().expect("wait for the server").success());
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
