use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::Chain;
use crate::server::{Reply, Request, Server};

mod faults;

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
