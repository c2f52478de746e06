//! Places from elsewhere: a web service with a key, databases that are downloaded. The servers are on 127.0.0.1.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use mmdb_writer::ipnet::IpNet;
use mmdb_writer::{IpVersion, Value as Field, Writer};
use serde_json::{Value, json};

use crate::lab::{Node, lab_test};
use crate::run::{Home, Run, files};
use crate::server::{Reply, Request, Server};

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const GLOBAL: &str = "193.0.6.139";

/// Runs the program with some environment.
pub(crate) fn run(home: &Home, environment: &[(&str, &str)], arguments: &[&str]) -> Run {
    Run::of(home.command(arguments).envs(environment.iter().copied()))
}

/// The key is in nothing that was said and in no file but the one it was written to.
#[track_caller]
pub(crate) fn keeps_the_secret(home: &Home, run: &Run, except: &str) {
    assert!(!run.stdout.contains(KEY) && !run.stderr.contains(KEY), "{run:?}");
    for file in files(home.path()).into_iter().filter(|file| !file.ends_with(except)) {
        let bytes = std::fs::read(&file).expect("read a file");
        assert!(!bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()), "{}", file.display());
    }
}

fn entry(ip: &str) -> String {
    json!({ "ip": ip, "location": { "country_code2": "NL", "city": "Amsterdam", "latitude": "52.37", "longitude": "4.90" },
        "asn": { "as_number": "AS3333", "organization": "RIPE NCC" } })
    .to_string()
}

/// A free plan: one address a request.
pub(crate) fn free_plan(request: &Request, _: usize) -> Reply {
    match request.query("ip") {
        Some(ip) => Reply::new(200, entry(ip)),
        None => Reply::new(
            401,
            json!({ "message": "Bulk lookup is not supported on your free plan" }).to_string(),
        ),
    }
}

#[test]
fn a_key_brings_cities_once_an_address_and_never_for_private_ones() {
    let server = Server::start(free_plan);
    let home = Home::new();
    let url = server.url();
    let environment = [("IPGEOLOCATION_API_KEY", KEY), ("IPGEOLOCATION_BASE_URL", url.as_str())];
    let addresses = [GLOBAL, "10.0.0.1", "192.168.1.1", "fe80::1", "127.0.0.1", "198.51.100.7"];
    let arguments = [&["-v", "geo", "lookup", "-n"][..], &addresses].concat();
    for _ in 0..3 {
        let run = run(&home, &environment, &arguments).ends_with(0);
        assert!(run.stdout.contains("Amsterdam, NL") && run.stdout.contains("ipgeolocation 20"), "{run:?}");
        assert!(run.stderr.lines().all(|line| line.contains("(seccomp)")), "{run:?}");
        keeps_the_secret(&home, &run, "");
    }
    let asked: Vec<String> = server.requests().iter().map(|request| request.target.clone()).collect();
    assert_eq!(asked, [format!("/ipgeo?apiKey={KEY}&ip={GLOBAL}")]);
}

/// Nothing is sent without a key.
#[test]
fn without_a_key_nobody_is_asked() {
    let server = Server::start(free_plan);
    let home = Home::new();
    let url = server.url();
    for key in [&[][..], &[("IPGEOLOCATION_API_KEY", "")], &[("API_KEY", KEY)]] {
        let environment = [&[("IPGEOLOCATION_BASE_URL", url.as_str())], key].concat();
        let run = run(&home, &environment, &["geo", "lookup", "-n", GLOBAL]).ends_with(0);
        assert!(run.stdout.contains("Netherlands") && run.stderr.is_empty(), "{run:?}");
    }
    assert_eq!(server.count(), 0);
    assert!(!home.data().exists(), "a lookup without a key keeps nothing");
}

#[test]
fn a_key_in_a_file_counts_if_nobody_else_can_read_it() {
    let server = Server::start(free_plan);
    let home = Home::new();
    std::fs::create_dir_all(home.data()).expect("make the data directory");
    let file = home.data().join(".env");
    std::fs::write(&file, format!("API_KEY={KEY}\nIPGEOLOCATION_BASE_URL={}\n", server.url()))
        .expect("write .env");
    let set =
        |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set a mode");
    set(0o644);
    let open = run(&home, &[], &["geo", "lookup", "-n", GLOBAL]).ends_with(0);
    assert!(open.stderr.contains("other users") && open.stderr.contains("chmod 600"), "{}", open.stderr);
    assert!(open.stdout.contains("Netherlands"), "{}", open.stdout);
    assert_eq!(server.count(), 0);
    keeps_the_secret(&home, &open, ".env");
    set(0o600);
    let private = run(&home, &[], &["geo", "lookup", "-n", GLOBAL]).ends_with(0);
    assert!(private.stdout.contains("Amsterdam") && private.stderr.is_empty(), "{private:?}");
    keeps_the_secret(&home, &private, ".env");
}

/// What may be wrong with a key or a service: it is told, and places come from elsewhere.
#[test]
fn whatever_the_service_does_places_come_from_elsewhere() {
    let message = |words: &str| json!({ "message": format!("{words}, {KEY}") }).to_string();
    let page = "<html><body>Welcome</body></html>";
    let cases: [(&str, Reply, &[&str]); 7] = [
        (
            KEY,
            Reply::new(401, message("Your subscription has expired")),
            &["refuses the key", "401", "has expired"],
        ),
        (
            KEY,
            Reply::new(429, message("limit exceeded")),
            &["quota", "used up for today", "not asked before 20"],
        ),
        (KEY, Reply::new(500, message("oops")), &["status 500"]),
        (KEY, Reply::new(200, page), &["no answer of this service"]),
        (KEY, Reply::raw("no HTTP\r\n\r\n"), &["could not be asked"]),
        ("0123456789\n", Reply::new(200, ""), &["IPGEOLOCATION_API_KEY", "a line break at position 11"]),
        ("schl\u{fc}ssel", Reply::new(200, ""), &["IPGEOLOCATION_API_KEY", "visible ASCII"]),
    ];
    for (key, reply, words) in cases {
        let server = Server::start(move |_, _| reply.clone());
        let home = Home::new();
        let url = server.url();
        let environment = [("IPGEOLOCATION_API_KEY", key), ("IPGEOLOCATION_BASE_URL", url.as_str())];
        for _ in 0..2 {
            let run = run(&home, &environment, &["geo", "lookup", "-n", GLOBAL, "193.0.6.140"]).ends_with(0);
            assert!(run.stdout.contains("Netherlands"), "{run:?}");
            for word in words {
                assert!(run.stderr.contains(word), "{word:?} is missing in {}", run.stderr);
            }
            assert_eq!(run.stderr.lines().count(), 1, "said once: {}", run.stderr);
            keeps_the_secret(&home, &run, "");
        }
        // In bulk, and then two at once.
        assert!(server.count() <= 3, "nothing is asked twice: {:?}", server.requests());
        let status = run(&home, &environment, &["geo", "status"]).ends_with(0);
        keeps_the_secret(&home, &status, "");
    }
    // An address of a service that would show the key to everybody on the way.
    let home = Home::new();
    let environment = [("IPGEOLOCATION_API_KEY", KEY), ("IPGEOLOCATION_BASE_URL", "http://api.example.com")];
    let run = run(&home, &environment, &["geo", "lookup", "-n", GLOBAL]).ends_with(0);
    assert!(run.stderr.contains("https://") && run.stdout.contains("Netherlands"), "{run:?}");
}

#[test]
fn status_says_what_is_there_and_what_it_sends() {
    let home = Home::new();
    let rows = |environment: &[(&str, &str)]| -> Vec<Value> {
        let run = run(&home, environment, &["geo", "status", "--format", "json"]).ends_with(0);
        assert!(!run.stdout.contains(KEY), "{}", run.stdout);
        run.document().as_array().expect("rows").clone()
    };
    let find = |rows: &[Value], name: &str| -> Value {
        rows.iter()
            .find(|row| row["source"] == name)
            .unwrap_or_else(|| panic!("no {name} in {rows:?}"))
            .clone()
    };
    let without = rows(&[]);
    assert_eq!(find(&without, "builtin")["state"], "used");
    assert_eq!(find(&without, "builtin")["sends"], "nothing");
    assert!(find(&without, "builtin")["age_days"].as_i64().expect("an age") > 100);
    assert_eq!(find(&without, "ipgeolocation")["state"], "absent");
    assert_eq!(find(&without, "mmdb:GeoLite2-City")["state"], "absent");
    let with = rows(&[("IPGEOLOCATION_API_KEY", KEY)]);
    let service = find(&with, "ipgeolocation");
    assert_eq!(service["state"], "used");
    assert!(service["sends"].as_str().expect("words").contains("https://api.ipgeolocation.io"), "{service}");
    assert!(!home.data().exists(), "asking for the status makes nothing");
}

/// A database of this kind.
fn mmdb(kind: &str, city: &str) -> Vec<u8> {
    let mut writer = Writer::builder(kind).ip_version(IpVersion::V6).build();
    let names = |name: &str| Field::map([("names", Field::map([("en", Field::from(name))]))]);
    let record = Field::map([
        ("city", names(city)),
        ("location", Field::map([("latitude", Field::from(52.37_f64)), ("longitude", Field::from(4.9_f64))])),
    ]);
    writer.insert_value("193.0.0.0/16".parse::<IpNet>().expect("a network"), record).expect("a record");
    writer.to_bytes().expect("a database")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("pack");
    encoder.finish().expect("pack")
}

#[test]
fn a_database_that_is_fetched_is_used_from_then_on() {
    let archive = gzip(&mmdb("DBIP-City-Lite", "Haarlem"));
    let server = Server::start(move |_, _| {
        Reply::new(200, archive.clone()).header("Last-Modified", "Tue, 03 Nov 2026 15:00:00 GMT")
    });
    let home = Home::new();
    let url = server.url();
    let environment = [("DBIP_BASE_URL", url.as_str())];
    let first = run(&home, &environment, &["geo", "update"]).ends_with(0);
    assert!(
        first.stdout.contains("DBIP-City-Lite  replaced")
            && first.stdout.contains("DB-IP (https://db-ip.com)"),
        "{first:?}"
    );
    assert!(first.stderr.contains("MAXMIND_ACCOUNT_ID"), "what was left out is told: {}", first.stderr);
    let again =
        run(&home, &environment, &["geo", "update", "dbip-city-lite", "--format", "json"]).ends_with(0);
    assert_eq!(again.document()[0]["state"], "current");
    let place = run(&home, &[], &["geo", "lookup", "-n", GLOBAL]).ends_with(0);
    assert!(place.stdout.contains("Haarlem") && place.stdout.contains("mmdb:DBIP-City-Lite"), "{place:?}");
    let status = run(&home, &[], &["geo", "status"]).ends_with(0);
    assert!(
        status.stdout.contains("mmdb:DBIP-City-Lite  ") && status.stdout.contains("CC BY 4.0"),
        "{status:?}"
    );

    // A download that fails changes nothing.
    let broken = Server::start(|_, _| Reply::new(200, "<html>no gzip</html>"));
    let url = broken.url();
    let failed = run(&home, &[("DBIP_BASE_URL", url.as_str())], &["geo", "update"]).ends_with(3);
    assert!(
        failed.stderr.contains("DBIP-City-Lite is not updated") && failed.stderr.contains("<html>"),
        "{failed:?}"
    );
    assert!(run(&home, &[], &["geo", "lookup", "-n", GLOBAL]).ends_with(0).stdout.contains("Haarlem"));
    // Nobody there.
    drop(broken);
    run(&home, &[("DBIP_BASE_URL", "http://127.0.0.1:1")], &["geo", "update"]).ends_with(3);
    // Asked for by name without an account.
    let named = run(&home, &environment, &["geo", "update", "geolite2-city"]).ends_with(2);
    assert!(named.stderr.contains("MAXMIND_LICENSE_KEY"), "{named:?}");
}

/// The largest file that may be written is smaller than the database, as on a disk that is full.
#[test]
fn a_full_disk_leaves_the_old_database() {
    let old = mmdb("DBIP-City-Lite", "Haarlem");
    let home = Home::new();
    let geo = home.data().join("geo");
    std::fs::create_dir_all(&geo).expect("make a directory");
    std::fs::write(geo.join("DBIP-City-Lite.mmdb"), &old).expect("write a database");
    let noise: Vec<u8> =
        (0..300_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let archive = gzip(&noise);
    let server = Server::start(move |_, _| Reply::new(200, archive.clone()));
    let program = home.command(&["geo", "update"]);
    let script =
        format!("trap '' XFSZ; ulimit -f 64; exec {} geo update", program.get_program().to_string_lossy());
    let mut shell = Command::new("/bin/bash");
    shell.env_clear().env("HOME", home.path()).env("DBIP_BASE_URL", server.url()).args(["-c", &script]);
    let run = Run::of(&mut shell).ends_with(4);
    assert!(run.stderr.contains("cannot write") && run.stderr.contains("too large"), "{run:?}");
    assert_eq!(std::fs::read(geo.join("DBIP-City-Lite.mmdb")).expect("read the database"), old);
    let left: Vec<_> = files(&geo);
    assert_eq!(left.len(), 2, "{left:?}");
}

/// What lies where downloaded databases do, and is none.
#[test]
fn a_file_that_is_no_such_database_is_told_and_left_out() {
    let home = Home::new();
    let geo = home.data().join("geo");
    std::fs::create_dir_all(&geo).expect("make a directory");
    let path = geo.join("DBIP-City-Lite.mmdb");
    let other = mmdb("Somebody-Elses", "Haarlem");
    for (bytes, words) in [(&b""[..], "MaxMind"), (b"noise", "MaxMind"), (&other, "Somebody-Elses")] {
        std::fs::write(&path, bytes).expect("write a file");
        let run = run(&home, &[], &["geo", "lookup", "-n", GLOBAL]).ends_with(0);
        assert!(run.stdout.contains("Netherlands") && run.stderr.contains(words), "{run:?}");
        assert!(run.stderr.contains("geo update"), "what mends it: {}", run.stderr);
    }
    // 5 GB of nothing.
    std::fs::File::create(&path).and_then(|file| file.set_len(5 << 30)).expect("make a sparse file");
    let run_default = run(&home, &[], &["geo", "lookup", "-n", GLOBAL]).ends_with(0);
    assert!(run_default.stderr.contains("DBIP-City-Lite.mmdb"), "{run_default:?}");
    let typed = path.to_str().expect("a path").to_owned();
    run(&home, &[], &["geo", "lookup", "-n", GLOBAL, "--mmdb", &typed]).complains(2, &[&typed]);
    let status = run(&home, &[], &["geo", "status", "--format", "json"]).ends_with(0);
    assert!(status.stdout.contains("\"broken\""), "{}", status.stdout);
}

lab_test! {
    /// The trace is printed, stored and mapped, whatever the service does.
    fn a_trace_is_whole_with_and_without_the_service() {
        let node = Node::new(&[]);
        node.ip(&format!("link set lo up\naddress add {GLOBAL}/32 dev lo"));
        let message = json!({ "message": "Your subscription has expired" }).to_string();
        let refused = Reply::new(401, message);
        for (reply, city) in [(Reply::new(200, entry(GLOBAL)), Some("Amsterdam")), (refused, None), (Reply::new(200, "").hang(), None)] {
            let home = Home::new();
            let map = home.path().join("map.svg");
            let run = node.enter(|| {
                let server = Server::start(move |_, _| reply.clone());
                let url = server.url();
                let environment = [("IPGEOLOCATION_API_KEY", KEY), ("IPGEOLOCATION_BASE_URL", url.as_str())];
                let arguments = ["trace", GLOBAL, "-n", "--map", "map.svg", "--format", "json"];
                let run = run(&home, &environment, &arguments).ends_with(0);
                assert!(server.count() <= 1, "{:?}", server.requests());
                run
            });
            let document = run.document();
            assert_eq!(document["outcome"], "reached");
            let place = &document["places"][GLOBAL];
            match city {
                Some(city) => assert_eq!(place["city"], city, "{place}"),
                None => {
                    assert_eq!(place["country_code"], "NL", "{place}");
                    assert!(run.stderr.contains("ipgeolocation.io"), "{}", run.stderr);
                }
            }
            assert!(map.exists(), "{run:?}");
            keeps_the_secret(&home, &run, "");
            let kept = home.run(&["show", "latest", "--format", "json"]).ends_with(0).document();
            assert_eq!(kept["places"], document["places"]);
        }
    }
}
