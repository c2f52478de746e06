use super::*;
use crate::ipgeolocation::asker::AT_ONCE;

/// Everything the service may say instead of an answer: what the user is told, and for how long nothing is asked.
#[test]
fn every_status_has_its_consequence() {
    let message = |text: &str| json!({ "message": text }).to_string();
    let html = "<html><body>Please log in to this network</body></html>";
    let cases: [(Reply, &[&str], Option<i64>); 12] = [
        (
            Reply::new(401, message("Your subscription has expired.")),
            &["key", "401", "has expired", "03:00"],
            Some(HOUR),
        ),
        (
            Reply::new(429, message("You have exceeded the limit")),
            &["quota", "429", "2026-11-25 00:00"],
            Some(22 * HOUR),
        ),
        (Reply::new(500, message("oops")), &["status 500, oops"], Some(HOUR / 60)),
        (Reply::new(503, html), &["status 503"], Some(HOUR / 60)),
        (Reply::new(200, html), &["status 200", "no answer of this service"], Some(HOUR / 60)),
        (Reply::new(404, html), &["status 404", "no answer of this service"], Some(HOUR / 60)),
        (Reply::new(200, ""), &["no answer of this service"], Some(HOUR / 60)),
        (Reply::new(302, "").header("Location", "http://127.0.0.1:1/"), &["redirects"], Some(HOUR / 60)),
        (Reply::new(200, entry("91.128.103.1").to_string()).cut(20), &["in the middle"], Some(HOUR / 60)),
        (Reply::new(200, "x").endless(), &["longer than"], Some(HOUR / 60)),
        (Reply::raw("I speak no HTTP\r\n\r\n"), &["could not be asked"], Some(HOUR / 60)),
        (Reply::new(413, ""), &["413"], Some(HOUR / 60)),
    ];
    for (reply, words, rest) in cases {
        let shown = format!("{reply:?}").chars().take(80).collect::<String>();
        let server = Server::start(move |_, _| reply.clone());
        let bench = Bench::new();
        let source = bench.source(&server);
        assert_eq!(source.locate(address(1)).unwrap(), None);
        let remarks = source.remarks();
        assert_eq!(remarks.len(), 1, "{shown}: {remarks:?}");
        for word in words {
            assert!(remarks[0].contains(word), "{shown}: {word:?} is missing in {remarks:?}");
        }
        assert!(source.remarks().is_empty(), "a remark is made once");
        // Nothing more is asked meanwhile, by nobody, and the next process says why.
        assert_eq!(source.locate(address(2)).unwrap(), None);
        let next = bench.source(&server);
        assert_eq!(next.locate(address(3)).unwrap(), None);
        assert_eq!(next.remarks().len(), 1, "{shown}");
        assert_eq!(server.count(), 1, "{shown}");
        assert!(!next.is_steady());
        let rest = rest.unwrap();
        bench.wait(rest - 1_000_000_000);
        assert_eq!(next.locate(address(3)).unwrap(), None);
        assert_eq!(server.count(), 1, "{shown}");
        bench.wait(1_000_000_001);
        assert!(next.is_steady(), "{shown}");
        assert_eq!(next.locate(address(3)).unwrap(), None);
        assert_eq!(server.count(), 2, "{shown}");
    }
}

#[test]
fn an_address_the_service_does_not_know_is_not_asked_for_again() {
    for status in [400, 404, 423] {
        let server = Server::start(move |_, _| {
            Reply::new(status, json!({ "message": "no such address" }).to_string())
        });
        let bench = Bench::new();
        let source = bench.source(&server);
        for _ in 0..2 {
            assert_eq!(source.locate(address(1)).unwrap(), None);
        }
        assert!(source.remarks().is_empty() && source.is_steady(), "{status}");
        assert_eq!(server.count(), 1);
        bench.wait(8 * 24 * HOUR);
        assert_eq!(source.locate(address(1)).unwrap(), None);
        assert_eq!(server.count(), 2);
    }
}

#[test]
fn a_key_that_is_refused_does_not_keep_another_from_being_tried() {
    let server = Server::start(|request, number| {
        if request.query("apiKey") == Some(KEY) {
            return Reply::new(401, json!({ "message": "Provided API key is not valid." }).to_string());
        }
        free_plan(request, number)
    });
    let bench = Bench::new();
    let source = bench.source(&server);
    assert_eq!(source.locate(address(1)).unwrap(), None);
    let settings = Settings {
        base_url: format!("{}/v3/ipgeo", server.url()),
        ..Settings::new(Secret::new("another+key").unwrap())
    };
    let other = IpGeolocation::new(settings, AnswerStore::open(&bench.path()).unwrap(), || NOW).unwrap();
    assert!(city(&other, address(1)).is_some());
    assert_eq!(server.requests()[1].query("apiKey"), Some("another%2Bkey"));
}

#[test]
fn a_service_that_hangs_costs_its_patience_and_no_more() {
    for reply in [
        Reply::new(200, "").hang(),
        Reply::new(200, entry("91.128.103.1").to_string()).drip(Duration::from_secs(1)),
    ] {
        let server = Server::start(move |_, _| reply.clone());
        let bench = Bench::new();
        let source = bench.patient(&server, Duration::from_millis(200));
        source.prepare(&addresses(30));
        let remarks = source.remarks();
        assert!(remarks.iter().any(|remark| remark.contains("did not answer within 0.2 s")), "{remarks:?}");
        assert_eq!(source.locate(address(7)).unwrap(), None);
        assert!(server.count() <= 1 + AT_ONCE, "{}", server.count());
    }
}

#[test]
fn without_a_network_the_cause_is_told() {
    let port = {
        let server = Server::start(free_plan);
        server.port()
    };
    let settings =
        Settings { base_url: format!("http://127.0.0.1:{port}"), ..Settings::new(Secret::new(KEY).unwrap()) };
    let source = IpGeolocation::new(settings, AnswerStore::in_memory().unwrap(), || NOW).unwrap();
    assert_eq!(source.locate(address(1)).unwrap(), None);
    assert!(source.remarks()[0].contains("refused"), "{:?}", source.remarks());
}

#[test]
fn processes_that_ask_at_the_same_time_ask_once() {
    let server = Server::start(free_plan);
    let bench = Bench::new();
    let sources: Vec<IpGeolocation> = (0..6).map(|_| bench.source(&server)).collect();
    thread::scope(|scope| {
        for source in &sources {
            scope.spawn(|| source.prepare(&addresses(3)));
        }
    });
    for source in &sources {
        assert!(city(source, address(3)).is_some(), "{:?}", source.remarks());
    }
    let singles = server.requests().iter().filter(|request| request.method == "GET").count();
    assert_eq!(singles, 3, "{:?}", server.requests());
}

/// The key is in no text that leaves this crate and in no file, whatever the service does with it.
#[test]
fn the_key_is_nowhere() {
    let echo = |status: u16| {
        move |request: &Request, _: usize| {
            let key = request.query("apiKey").unwrap_or_default();
            let body = json!({ "message": format!("bad key {key} in {}", request.target), "city": key,
                "isp": format!("isp {key}"), "country_code2": "SE" });
            // Also spelled so that no search in the bytes finds it.
            let body = body.to_string().replace(KEY, &KEY.replace('a', "\\u0061"));
            Reply::new(status, body).header("Location", &format!("http://127.0.0.1:1/{key}"))
        }
    };
    for status in [200, 302, 400, 401, 404, 413, 423, 429, 500] {
        let server = Server::start(echo(status));
        let bench = Bench::new();
        let source = bench.source(&server);
        let chain = Chain::builder().ipgeolocation(bench.source(&server)).build();
        source.prepare(&addresses(3));
        let atlas = chain.atlas(addresses(4));
        let mut said = format!("{source:?} {chain:?} {atlas:?} {:?} {:?}", source.remarks(), chain.remarks());
        said.push_str(&format!("{:?} {:?}", source.rest(), source.locate(address(1))));
        assert!(!said.contains(KEY), "{status}: {said}");
        drop((source, chain));
        for file in std::fs::read_dir(bench.directory.path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()), "{status}: {path:?}");
        }
    }
    let settings =
        Settings { base_url: format!("https://me:{KEY}@x"), ..Settings::new(Secret::new(KEY).unwrap()) };
    let shown = format!("{:?}", Settings::new(Secret::new(KEY).unwrap()));
    assert!(!shown.contains(KEY), "{shown}");
    let error = IpGeolocation::new(settings, AnswerStore::in_memory().unwrap(), || NOW).unwrap_err();
    assert!(!format!("{error} {error:?}").contains(KEY), "{error}");
}
