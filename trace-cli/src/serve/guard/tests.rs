use axum::body::Body;

use super::super::settings::From;
use super::*;

fn guard(listen: &str, token: bool) -> Arc<Guard> {
    let settings = ServeSettings {
        listen: listen.parse().unwrap(),
        from: From::Directory(std::path::PathBuf::new()),
        open: false,
        token: token.then(|| Token::random().unwrap()),
        allow_trace: true,
        log_format: crate::args::LogFormat::Text,
        host_names: vec!["Trace.Example.".to_owned()],
    };
    Guard::new(&settings).unwrap()
}

fn status(guard: &Guard, method: &str, uri: &str, headers: &[(&str, &str)]) -> u16 {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    guard.check(&request).map_or_else(|problem| problem.status.as_u16(), |()| 200)
}

#[test]
fn only_names_of_this_server_are_answered() {
    let local = guard("127.0.0.1:8050", false);
    let open = guard("0.0.0.0:8050", true);
    for (host, at_home, outside) in [
        ("127.0.0.1:8050", 200, 200),
        ("127.9.9.9", 200, 200),
        ("[::1]:9000", 200, 200),
        ("localhost:8050", 200, 200),
        ("LOCALHOST.", 200, 200),
        ("trace.example", 200, 200),
        ("192.0.2.1:8050", 403, 200),
        ("[2001:db8::1]", 403, 200),
        ("attacker.example", 403, 403),
        ("localhost.attacker.example", 403, 403),
        ("127.0.0.1.attacker.example", 403, 403),
        ("", 400, 400),
        ("a b", 400, 400),
        ("me@localhost", 400, 400),
    ] {
        assert_eq!(status(&local, "GET", "/", &[("host", host)]), at_home, "{host}");
        assert_eq!(status(&open, "GET", "/", &[("host", host)]), outside, "{host}");
    }
    assert_eq!(status(&local, "GET", "/", &[]), 400);
    assert_eq!(status(&local, "GET", "/", &[("host", "localhost"), ("host", "evil.example")]), 400);
    assert_eq!(status(&local, "GET", "http://evil.example/", &[("host", "localhost")]), 403);
}

#[test]
fn pages_of_others_are_turned_away() {
    let guard = guard("127.0.0.1:8050", false);
    let home = ("host", "127.0.0.1:8050");
    for (name, value, expected) in [
        ("origin", "http://127.0.0.1:8050", 200),
        ("origin", "https://127.0.0.1:8050", 200),
        ("origin", "http://127.0.0.1:8051", 403),
        ("origin", "http://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "same-origin", 200),
        ("sec-fetch-site", "none", 200),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "cross-site", 403),
    ] {
        assert_eq!(
            status(&guard, "GET", "/api/v1/status", &[home, (name, value)]),
            expected,
            "{name} {value}"
        );
    }
    // A link on somebody's page leads here.
    let link = [home, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
    assert_eq!(status(&guard, "GET", "/", &link), 200);
}

#[test]
fn what_changes_something_takes_the_word_of_the_page() {
    let guard = guard("127.0.0.1:8050", false);
    let home = ("host", "localhost");
    let word = guard.csrf().secret().to_owned();
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        assert_eq!(status(&guard, method, "/api/v1/live", &[home]), 403);
        assert_eq!(status(&guard, method, "/api/v1/live", &[home, ("x-trace-token", "guess")]), 403);
        assert_eq!(status(&guard, method, "/api/v1/live", &[home, ("x-trace-token", &word)]), 200);
    }
    let foreign = [home, ("x-trace-token", &word), ("origin", "http://evil.example")];
    assert_eq!(status(&guard, "POST", "/api/v1/live", &foreign), 403);
}

#[test]
fn the_token_opens_what_it_protects() {
    let guard = guard("0.0.0.0:8050", true);
    let home = ("host", "192.0.2.1");
    let token = guard.token.clone().unwrap();
    let cookie = guard.admit(token.secret()).unwrap().to_str().unwrap().to_owned();
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict") && !cookie.contains(token.secret()),
        "{cookie}"
    );
    let pair = cookie.split(';').next().unwrap();
    let bearer = format!("bearer {}", token.secret());
    for path in ["/api/v1/status", "/metrics", "/api/v1/openapi.json"] {
        assert_eq!(status(&guard, "GET", path, &[home]), 401, "{path}");
        assert_eq!(status(&guard, "GET", path, &[home, ("authorization", "Bearer x")]), 401);
        assert_eq!(status(&guard, "GET", path, &[home, ("authorization", &bearer)]), 200);
        assert_eq!(status(&guard, "GET", path, &[home, ("cookie", &format!("a=b; {pair}"))]), 200);
        assert_eq!(
            status(&guard, "GET", path, &[home, ("cookie", &format!("trace-session={}", token.secret()))]),
            401
        );
    }
    for path in ["/", "/healthz", "/login"] {
        assert_eq!(status(&guard, "GET", path, &[home]), 200, "{path} tells nothing");
    }
    let tries: Vec<u16> = (0..6).map(|_| guard.admit("guess").unwrap_err().status.as_u16()).collect();
    assert_eq!(tries, [401, 401, 401, 401, 429, 429]);
}
