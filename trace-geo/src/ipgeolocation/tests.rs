use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::Chain;
use crate::server::{Reply, Request, Server};

const KEY: &str = "0123456789abcdef0123456789abcdef";
/// 2026-11-24 02:00 UTC.
const NOW: i64 = 1_795_485_600_000_000_000;
const HOUR: i64 = 3_600_000_000_000;

/// What the service would say of an address.
fn entry(ip: &str) -> Value {
    json!({ "ip": ip, "location": { "country_code2": "SE", "city": format!("city of {ip}"),
        "latitude": "59.40510", "longitude": "17.95510" },
        "asn": { "as_number": "AS1257", "organization": "Tele2" } })
}

fn asked(request: &Request) -> String {
    request.query("ip").unwrap_or_default().replace("%3A", ":")
}

/// The plan that costs nothing: no bulk requests.
fn free_plan(request: &Request, _: usize) -> Reply {
    if request.path().ends_with("/ipgeo-bulk") {
        return Reply::new(
            401,
            json!({ "message": "Bulk lookup is not supported on your free plan." }).to_string(),
        );
    }
    Reply::new(200, entry(&asked(request)).to_string())
}

fn bulk(request: &Request) -> Vec<String> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    body["ips"].as_array().unwrap().iter().map(|ip| ip.as_str().unwrap().to_owned()).collect()
}

/// A plan that is paid for.
fn paid_plan(request: &Request, _: usize) -> Reply {
    assert_eq!((request.method.as_str(), request.path()), ("POST", "/v3/ipgeo-bulk"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    let answers: Vec<Value> = bulk(request).iter().map(|ip| entry(ip)).collect();
    Reply::new(200, Value::from(answers).to_string())
}

/// A place where the service's answers are kept, and a clock.
struct Bench {
    directory: TempDir,
    now: Arc<AtomicI64>,
}

impl Bench {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), now: Arc::new(AtomicI64::new(NOW)) }
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("answers.sqlite")
    }

    /// The source in a process of its own, so to speak.
    fn source(&self, server: &Server) -> IpGeolocation {
        self.patient(server, Duration::from_secs(60))
    }

    fn patient(&self, server: &Server, patience: Duration) -> IpGeolocation {
        let settings = Settings {
            base_url: format!("{}/v3", server.url()),
            timeout: Duration::from_secs(60).min(patience * 2),
            patience,
            ..Settings::new(Secret::new(KEY).unwrap())
        };
        let now = Arc::clone(&self.now);
        let answers = AnswerStore::open(&self.path()).unwrap();
        IpGeolocation::new(settings, answers, move || now.load(Ordering::Relaxed)).unwrap()
    }

    fn wait(&self, span: i64) {
        self.now.fetch_add(span, Ordering::Relaxed);
    }
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([91, 128, 103, last])
}

fn addresses(count: u8) -> Vec<IpAddr> {
    (1..=count).map(address).collect()
}

fn city(source: &IpGeolocation, address: IpAddr) -> Option<String> {
    source.locate(address).unwrap().and_then(|evidence| evidence.place.city).map(|city| city.to_string())
}

#[test]
fn an_address_is_asked_for_once() {
    let server = Server::start(free_plan);
    let bench = Bench::new();
    let source = bench.source(&server);
    for _ in 0..3 {
        assert_eq!(city(&source, address(1)).as_deref(), Some("city of 91.128.103.1"));
    }
    assert_eq!(city(&bench.source(&server), address(1)).as_deref(), Some("city of 91.128.103.1"));
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    assert_eq!(requests[0].target, format!("/v3/ipgeo?apiKey={KEY}&ip=91.128.103.1"));
    let evidence = source.locate(address(1)).unwrap().unwrap();
    assert_eq!((&*evidence.source, evidence.built.as_deref()), ("ipgeolocation", Some("2026-11-24")));
    assert!(source.remarks().is_empty());
    // Until its answer is no longer fresh.
    bench.wait(31 * 24 * HOUR);
    assert!(city(&source, address(1)).is_some());
    assert_eq!(server.count(), 2);
}

#[test]
fn only_global_addresses_are_sent() {
    let server = Server::start(free_plan);
    let bench = Bench::new();
    let chain = Chain::builder().ipgeolocation(bench.source(&server)).build();
    let special: Vec<IpAddr> = [
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fd00::1",
        "2001:db8::1",
        "ff02::1",
        "64:ff9b::a00:1",
        "::ffff:10.0.0.1",
    ]
    .iter()
    .map(|text| text.parse().unwrap())
    .collect();
    let source = bench.source(&server);
    source.prepare(&special);
    for address in &special {
        assert_eq!(source.locate(*address).unwrap(), None, "{address}");
    }
    let atlas = chain.atlas(special.iter().copied());
    assert_eq!(atlas.places.len(), special.len());
    assert_eq!(server.count(), 0, "{:?}", server.requests());
    // An IPv4 address behind a translator is asked for as such; an IPv6 address as itself.
    let found = chain.atlas(["64:ff9b::5b80:6703".parse().unwrap(), "2001:67c:2e8::1".parse().unwrap()]);
    assert!(found.places.values().all(|located| located.place.is_some()));
    let mut sent: Vec<String> =
        server.requests().iter().filter(|request| request.method == "GET").map(asked).collect();
    sent.sort();
    assert_eq!(sent, ["2001:67c:2e8::1", "91.128.103.3"]);
}

#[test]
fn a_paid_plan_is_asked_in_bulk_and_answers_are_matched_by_position() {
    let server = Server::start(|request, _| {
        let mut answers: Vec<Value> = bulk(request).iter().map(|ip| entry(ip)).collect();
        // An entry that failed says nothing of whose it is.
        answers[1] = json!({ "message": "'91.128.103.2' is a bogon IP address." });
        Reply::new(200, Value::from(answers).to_string())
    });
    let bench = Bench::new();
    let source = bench.source(&server);
    let chain = Chain::builder().ipgeolocation(source).build();
    let atlas = chain.atlas(addresses(5));
    for (address, located) in &atlas.places {
        let city = located.place.as_ref().and_then(|place| place.city.as_deref());
        let expected = (*address != self::address(2)).then(|| format!("city of {address}"));
        assert_eq!(city, expected.as_deref(), "{address}");
    }
    assert_eq!(server.count(), 1);
    // That nothing is known is an answer too.
    assert_eq!(city(&bench.source(&server), address(2)), None);
    assert_eq!(server.count(), 1);
}

#[test]
fn answers_in_another_order_or_number_are_not_taken() {
    let server = Server::start(|request, _| {
        let answers: Vec<Value> = bulk(request).iter().rev().map(|ip| entry(ip)).collect();
        Reply::new(200, Value::from(answers).to_string())
    });
    let bench = Bench::new();
    let source = bench.source(&server);
    source.prepare(&addresses(2));
    assert_eq!(source.asker.fresh(address(1)), None);
    let server = Server::start(|_, _| Reply::new(200, Value::from(vec![entry("91.128.103.1")]).to_string()));
    let bench = Bench::new();
    let source = bench.source(&server);
    source.prepare(&addresses(2));
    assert!(source.remarks()[0].contains("1 answers came to 2 questions"));
    assert_eq!(source.asker.fresh(address(1)), None);
}

#[test]
fn a_free_plan_is_asked_singly_and_remembered_as_such() {
    let server = Server::start(free_plan);
    let bench = Bench::new();
    let chain = Chain::builder().ipgeolocation(bench.source(&server)).build();
    let atlas = chain.atlas(addresses(9));
    assert!(atlas.places.iter().all(|(address, located)| {
        located.place.as_ref().and_then(|place| place.city.clone())
            == Some(format!("city of {address}").into())
    }));
    let bulk = |server: &Server| server.requests().iter().filter(|request| request.method == "POST").count();
    assert_eq!((server.count(), bulk(&server)), (10, 1));
    assert!(chain.remarks().is_empty());
    bench.source(&server).prepare(&[address(20), address(21)]);
    assert_eq!((server.count(), bulk(&server)), (12, 1));
    bench.wait(8 * 24 * HOUR);
    bench.source(&server).prepare(&[address(30), address(31)]);
    assert_eq!((server.count(), bulk(&server)), (15, 2));
}

#[test]
fn a_request_that_is_too_large_is_halved() {
    let server = Server::start(|request, number| match bulk(request).len() {
        4.. => Reply::new(413, json!({ "message": "too many" }).to_string()),
        _ => paid_plan(request, number),
    });
    let bench = Bench::new();
    let source = bench.source(&server);
    source.prepare(&addresses(10));
    assert!(source.remarks().is_empty());
    for address in addresses(10) {
        assert!(source.asker.fresh(address).is_some(), "{address}");
    }
    let sizes: Vec<usize> = server.requests().iter().map(|request| bulk(request).len()).collect();
    assert_eq!(sizes, [10, 5, 2, 2, 2, 2, 2]);
}

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
