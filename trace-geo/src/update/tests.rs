use std::sync::{Arc, Mutex};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use mmdb_writer::ipnet::IpNet;
use mmdb_writer::{IpVersion, Value, Writer};
use tempfile::TempDir;

use super::*;
use crate::server::{Reply, Request, Server};

const KEY: &str = "licence_key_0123456789";
/// 2026-11-24 02:00 UTC.
const NOW: i64 = 1_795_485_600_000_000_000;
const OLD: &str = "Tue, 03 Nov 2026 15:00:00 GMT";
const NEW: &str = "Fri, 20 Nov 2026 15:00:00 GMT";

/// A database of this kind that places one network in `city`, larger than what is read into memory whole.
fn mmdb(kind: &str, city: &str) -> Vec<u8> {
    let mut writer = Writer::builder(kind).ip_version(IpVersion::V6).build();
    let record =
        |city: &str| Value::map([("city", Value::map([("names", Value::map([("en", Value::from(city))]))]))]);
    writer.insert_value("203.0.112.0/24".parse::<IpNet>().unwrap(), record(city)).unwrap();
    for number in 0..3000_u16 {
        let network = format!("5.{}.{}.0/24", number / 250, number % 250);
        writer.insert_value(network.parse::<IpNet>().unwrap(), record(&format!("{number:0400}"))).unwrap();
    }
    writer.to_bytes().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An archive with these names, however strange.
fn tar_gz(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ::tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = ::tar::Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len().try_into().unwrap());
        header.set_mode(0o644);
        header.set_entry_type(::tar::EntryType::Regular);
        header.set_cksum();
        archive.append(&header, *bytes).unwrap();
    }
    gzip(&archive.into_inner().unwrap())
}

fn city_archive(city: &str) -> Vec<u8> {
    let database = mmdb("GeoLite2-City", city);
    tar_gz(&[
        ("GeoLite2-City_20261120/COPYRIGHT.txt", b"words"),
        ("GeoLite2-City_20261120/GeoLite2-City.mmdb", &database),
    ])
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn settings(server: &Server) -> Settings {
    Settings {
        maxmind_url: server.url(),
        dbip_url: server.url(),
        account: Some(Account { id: Secret::new("123456").unwrap(), key: Secret::new(KEY).unwrap() }),
        ..Settings::default()
    }
}

fn place(path: &Path) -> Option<String> {
    let found = Mmdb::open(path).unwrap().locate("203.0.112.9".parse().unwrap()).unwrap();
    found.and_then(|evidence| evidence.place.city).map(|city| city.to_string())
}

fn quietly(database: Database, directory: &Path, settings: &Settings) -> Result<Update, Error> {
    update(database, directory, settings, NOW, &mut |_| {})
}

/// MaxMind: who authorises and redirects, and who holds the files and is told nothing.
struct MaxMind {
    front: Server,
    storage: Server,
    /// The archive, and when it was made.
    archive: Arc<Mutex<(Vec<u8>, &'static str)>>,
}

impl MaxMind {
    fn new(archive: Vec<u8>) -> Self {
        let archive = Arc::new(Mutex::new((archive, OLD)));
        let held = Arc::clone(&archive);
        let storage = Server::start(move |request, _| {
            let (archive, changed) = held.lock().unwrap().clone();
            let body = if request.path().ends_with(".sha256") {
                format!("{}  GeoLite2-City_20261120.tar.gz\n", hash(&archive)).into_bytes()
            } else {
                archive
            };
            Reply::new(200, body).header("Last-Modified", changed)
        });
        let address = storage.url().replace("127.0.0.1", "localhost");
        let front = Server::start(move |request, _| {
            let path = request.path();
            // "123456:licence_key_0123456789"
            let authorised = Some("Basic MTIzNDU2OmxpY2VuY2Vfa2V5XzAxMjM0NTY3ODk=");
            if request.header("authorization") != authorised {
                return Reply::new(401, "Invalid license key");
            }
            assert_eq!(path, "/geoip/databases/GeoLite2-City/download");
            let file = request.query("suffix").unwrap();
            Reply::new(302, "").header("Location", &format!("{address}/signed/{file}"))
        });
        Self { front, storage, archive }
    }
}

#[test]
fn geolite2_comes_by_way_of_a_redirect_that_learns_no_password() {
    let servers = MaxMind::new(city_archive("first"));
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().join("geo");
    let path = here.join("GeoLite2-City.mmdb");
    let mut told = Vec::new();
    let done = update(Database::GeoLite2City, &here, &settings(&servers.front), NOW, &mut |progress| {
        told.push(progress)
    });
    assert!(matches!(done.unwrap(), Update::Replaced { attribution: Some(_), .. }));
    assert_eq!(place(&path).as_deref(), Some("first"));
    let whole = u64::try_from(servers.archive.lock().unwrap().0.len()).unwrap();
    assert_eq!(told.last(), Some(&Progress { received: whole, total: Some(whole) }));
    assert!(told.is_sorted_by_key(|progress| progress.received));
    assert!(servers.front.requests().iter().all(|request| request.header("authorization").is_some()));
    for request in servers.storage.requests() {
        assert_eq!(request.header("authorization"), None, "{request:?}");
        assert!(!format!("{request:?}").contains(KEY));
    }

    // Nothing changed: one question, no download.
    let before = servers.storage.count();
    assert!(matches!(
        quietly(Database::GeoLite2City, &here, &settings(&servers.front)).unwrap(),
        Update::Current { .. }
    ));
    let asked: Vec<Request> = servers.storage.requests().split_off(before);
    assert_eq!(asked.iter().map(|request| request.method.as_str()).collect::<Vec<_>>(), ["HEAD"]);

    // Something changed, while another process reads.
    let reader = Mmdb::open(&path).unwrap();
    *servers.archive.lock().unwrap() = (city_archive("second"), NEW);
    assert!(matches!(
        quietly(Database::GeoLite2City, &here, &settings(&servers.front)).unwrap(),
        Update::Replaced { .. }
    ));
    assert_eq!(place(&path).as_deref(), Some("second"));
    let still = reader.locate("203.0.112.9".parse().unwrap()).unwrap().unwrap();
    assert_eq!(still.place.city.as_deref(), Some("first"));
    assert_eq!(names(&here), [".lock", "GeoLite2-City.mmdb"]);
    let changed = path.metadata().unwrap().modified().unwrap();
    assert_eq!(changed, httpdate::parse_http_date(NEW).unwrap());

    // A file that was damaged meanwhile is fetched anew, though the server's did not change.
    std::fs::write(&path, "damaged").unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
    assert!(matches!(
        quietly(Database::GeoLite2City, &here, &settings(&servers.front)).unwrap(),
        Update::Replaced { .. }
    ));
    assert_eq!(place(&path).as_deref(), Some("second"));
}

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn dbip_falls_back_by_one_month() {
    let archive = gzip(&mmdb("DBIP-City-Lite", "somewhere"));
    let server = Server::start(move |request, _| match request.path() {
        "/free/dbip-city-lite-2026-10.mmdb.gz" => {
            Reply::new(200, archive.clone()).header("Last-Modified", OLD)
        }
        _ => Reply::new(404, "<html>not yet</html>"),
    });
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { account: None, ..settings(&server) };
    let Update::Replaced { attribution, .. } =
        quietly(Database::DbIpCityLite, directory.path(), &settings).unwrap()
    else {
        panic!("nothing came")
    };
    assert!(attribution.unwrap().contains("DB-IP"));
    assert_eq!(place(&directory.path().join("DBIP-City-Lite.mmdb")).as_deref(), Some("somewhere"));
    let paths: Vec<String> = server.requests().iter().map(|request| request.target.clone()).collect();
    assert_eq!(paths, ["/free/dbip-city-lite-2026-11.mmdb.gz", "/free/dbip-city-lite-2026-10.mmdb.gz"]);
    assert!(matches!(
        quietly(Database::DbIpCityLite, directory.path(), &settings).unwrap(),
        Update::Current { .. }
    ));
    assert!(server.requests()[2..].iter().all(|request| request.method == "HEAD"));
    // In January the month before is in the year before.
    assert_eq!(offer::months(1_798_761_600_000_000_000), [(2027, 1), (2026, 12)]);
}

/// What the server may do instead of what it should: the message, and the old database is still there.
#[test]
fn whatever_goes_wrong_the_old_database_stays() {
    let good = city_archive("new");
    let database = mmdb("GeoLite2-City", "new");
    let outside = tar_gz(&[
        ("GeoLite2-City_1/../../../etc/cron.d/x", b"* * * * *"),
        ("a/GeoLite2-City.mmdb", &database),
    ]);
    let absolute = tar_gz(&[("/etc/GeoLite2-City.mmdb", &database)]);
    let other = tar_gz(&[("a/GeoLite2-City.mmdb", &mmdb("GeoLite2-ASN", "new"))]);
    let noise = tar_gz(&[("a/GeoLite2-City.mmdb", b"no database at all")]);
    let without = tar_gz(&[("a/README.txt", b"words")]);
    let bomb = tar_gz(&[("a/GeoLite2-City.mmdb", &vec![0; 64 << 20])]);
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x40;
    let page = b"<html><body>Welcome to our hotel</body></html>".to_vec();
    let answer = |body: &[u8]| Reply::new(200, body);
    // What the archive is, what the hash is that of, and what is told.
    let cases: Vec<(&str, Reply, Vec<u8>, &[&str])> = vec![
        ("wrong hash", answer(&good), b"other".to_vec(), &["SHA-256", "announced"]),
        ("flipped bit", answer(&flipped), good.clone(), &["SHA-256"]),
        ("cut body", answer(&good).cut(good.len() / 2), good.clone(), &["download failed", "in the middle"]),
        (
            "cut archive",
            answer(&good[..good.len() / 2]),
            good[..good.len() / 2].to_vec(),
            &["usable archive", "early"],
        ),
        ("login page", answer(&page), page.clone(), &["usable archive", "<html>", "log in"]),
        ("nothing", answer(b""), Vec::new(), &["usable archive", "empty"]),
        ("parent directories", answer(&outside), outside.clone(), &["outside", "../"]),
        ("absolute path", answer(&absolute), absolute.clone(), &["outside", "/etc"]),
        ("another database", answer(&other), other.clone(), &["mmdb:GeoLite2-ASN"]),
        ("no database", answer(&noise), noise.clone(), &["not used", "MaxMind"]),
        ("not in the archive", answer(&without), without.clone(), &["no GeoLite2-City.mmdb"]),
        ("bomb", answer(&bomb), bomb.clone(), &["larger than 8388608 bytes"]),
        ("endless body", answer(b"x").endless(), b"x".to_vec(), &["larger than 4194304 bytes"]),
        ("too long", answer(&vec![0; 5 << 20]), Vec::new(), &["larger than 4194304 bytes"]),
        (
            "slow drip",
            answer(&good).drip(Duration::from_millis(20)),
            good.clone(),
            &["did not answer in time"],
        ),
        ("hang", answer(b"").hang(), Vec::new(), &["did not answer in time"]),
        ("refused", Reply::new(401, "Invalid license key"), Vec::new(), &["refuses", "401", "licence key"]),
        ("forbidden", Reply::new(403, ""), Vec::new(), &["refuses", "403"]),
        (
            "enough",
            Reply::new(429, "").header("Retry-After", "3600"),
            Vec::new(),
            &["429", "3600 s", "tomorrow"],
        ),
        ("not there", Reply::new(404, ""), Vec::new(), &["no such database"]),
        ("broken", Reply::new(500, ""), Vec::new(), &["status 500"]),
        (
            "loop",
            Reply::new(302, "").header("Location", "/geoip/databases/GeoLite2-City/download?suffix=tar.gz"),
            Vec::new(),
            &["redirects without end"],
        ),
        ("no HTTP", Reply::raw("hello\r\n\r\n"), Vec::new(), &["download failed"]),
    ];
    for (name, reply, hashed, words) in cases {
        let server = Server::start(move |request, _| match request.query("suffix") {
            Some("tar.gz.sha256") => Reply::new(200, hash(&hashed)),
            // The question whether anything changed has an answer: it did.
            _ if request.method == "HEAD" => Reply::new(200, "").header("Last-Modified", NEW),
            _ => reply.clone(),
        });
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("GeoLite2-City.mmdb");
        std::fs::write(&path, mmdb("GeoLite2-City", "old")).unwrap();
        let patient = Duration::from_secs(60);
        let (silence, patience) = match name {
            "hang" => (Duration::from_millis(200), patient),
            "slow drip" => (patient, Duration::from_millis(400)),
            _ => (patient, patient),
        };
        let settings = Settings {
            silence,
            patience,
            largest_download: 4 << 20,
            largest_database: 8 << 20,
            ..settings(&server)
        };
        let error = quietly(Database::GeoLite2City, directory.path(), &settings).expect_err(name);
        let told = error.to_string();
        assert!(told.starts_with("GeoLite2-City is not updated: "), "{name}: {told}");
        for word in words {
            assert!(told.contains(word), "{name}: {word:?} is missing in {told:?}");
        }
        assert!(!format!("{error} {error:?}").contains(KEY), "{name}: {error:?}");
        assert_eq!(place(&path).as_deref(), Some("old"), "{name}");
        assert_eq!(names(directory.path()), [".lock", "GeoLite2-City.mmdb"], "{name}");
    }
}

#[test]
fn a_server_that_does_not_say_the_hash_is_not_believed() {
    for said in ["", "<html>", "not a hash", &"g".repeat(64)] {
        let said = said.to_owned();
        let server = Server::start(move |_, _| Reply::new(200, said.clone()));
        let directory = tempfile::tempdir().unwrap();
        let error = quietly(Database::GeoLite2City, directory.path(), &settings(&server)).unwrap_err();
        assert!(error.to_string().contains("SHA-256"), "{error}");
    }
}

#[test]
fn without_an_account_nothing_is_asked() {
    let server = Server::start(|_, _| Reply::new(200, ""));
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { account: None, ..settings(&server) };
    let error = quietly(Database::GeoLite2Asn, directory.path(), &settings).unwrap_err().to_string();
    assert!(error.contains("MAXMIND_ACCOUNT_ID") && error.contains("MAXMIND_LICENSE_KEY"), "{error}");
    assert_eq!(server.count(), 0);
}

#[test]
fn two_updates_at_once_leave_one_whole_database() {
    let servers = MaxMind::new(city_archive("city"));
    let directory = TempDir::new().unwrap();
    let results: Vec<Result<Update, Error>> = thread::scope(|scope| {
        let run = || quietly(Database::GeoLite2City, directory.path(), &settings(&servers.front));
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(results.iter().any(|result| matches!(result, Ok(Update::Replaced { .. }))));
    for result in &results {
        match result {
            Ok(_) => {}
            Err(Error::Update { fault: UpdateFault::Busy { .. }, .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(place(&directory.path().join("GeoLite2-City.mmdb")).as_deref(), Some("city"));
    assert_eq!(names(directory.path()), [".lock", "GeoLite2-City.mmdb"]);
}

#[test]
fn what_a_killed_update_left_is_removed() {
    let servers = MaxMind::new(city_archive("city"));
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join(".download-abc"), "half").unwrap();
    quietly(Database::GeoLite2City, directory.path(), &settings(&servers.front)).unwrap();
    assert_eq!(names(directory.path()), [".lock", "GeoLite2-City.mmdb"]);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let servers = MaxMind::new(city_archive("city"));
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "in the way").unwrap();
    let error = quietly(Database::GeoLite2City, &file.join("geo"), &settings(&servers.front))
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot write") && error.contains("file/geo"), "{error}");
}
