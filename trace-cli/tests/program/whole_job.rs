//! The whole job: measure, place every hop, keep it in SQLite and as a document, print it, draw it.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::lab::{Chain, Fault, Lab, lab_test};
use crate::run::{Home, Rights};
use crate::sights::{City, Sight, lay_out, sights};

/// Where the hops of the chain stand: all four quadrants, and both sides of 180 degrees.
const CITIES: [City; 9] = [
    City { name: "Reykjavik", country: "IS", latitude: 64.1466, longitude: -21.9426 },
    City { name: "Anchorage", country: "US", latitude: 61.2181, longitude: -149.9003 },
    City { name: "Tokyo", country: "JP", latitude: 35.6762, longitude: 139.6503 },
    City { name: "Honolulu", country: "US", latitude: 21.3069, longitude: -157.8583 },
    City { name: "Apia", country: "WS", latitude: -13.8333, longitude: -171.7667 },
    City { name: "Suva", country: "FJ", latitude: -18.1416, longitude: 178.4419 },
    City { name: "Johannesburg", country: "ZA", latitude: -26.2041, longitude: 28.0473 },
    City { name: "Sydney", country: "AU", latitude: -33.8688, longitude: 151.2093 },
    City { name: "Buenos Aires", country: "AR", latitude: -34.6037, longitude: -58.3816 },
];
/// The routers; the last city is the target's.
const ROUTERS: u8 = 8;
/// Each way of each cable. The way through the cities and back to the first is 71,000 km, for which light in fibre needs
/// 350 ms; the target answers after 450, and every router in proportion.
const CABLE: Duration = Duration::from_millis(25);

/// A geofeed (RFC 8805) of the chain, with coordinates behind.
fn geofeed(lab: &Lab) -> String {
    let mut rows = String::from("# the laboratory\n");
    for family in [4, 6] {
        for (ttl, city) in (1..).zip(&CITIES) {
            let City { name, country, latitude, longitude } = city;
            rows.push_str(&format!("{},{country},,{name},,{latitude},{longitude}\n", lab.hop(ttl, family)));
        }
    }
    rows
}

/// A row of the view `TRACE`: hop, address, country, city, latitude, longitude.
type Row = (u8, Option<String>, Option<String>, Option<String>, Option<f64>, Option<f64>);

fn rows_of(database: &Path, id: &str) -> Vec<Row> {
    let database =
        Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("open the database");
    let mut statement = database
        .prepare("SELECT HOP, IP, COUNTRY, CITY, LATITUDE, LONGITUDE FROM TRACE WHERE ID = ? ORDER BY HOP")
        .expect("the view TRACE");
    let rows = statement.query_map([id], |row| row.try_into());
    rows.expect("select").collect::<Result<_, _>>().expect("rows")
}

fn whole_job(family: u8, rights: Rights) {
    let lab = Chain::of(ROUTERS).delay(CABLE).without_limits().build();
    let home = Home::new();
    let feed = home.write("feed.csv", &geofeed(&lab));
    let target = lab.target(family).to_string();
    let map = ["--map", "route.png", "--extent", "world", "--projection", "natural-earth"];
    let arguments = ["trace", &target, "-n", "--places", &feed, "--format", "json"];
    let run = home.run_in(&lab, rights, &[&arguments[..], &map].concat()).ends_with(0);
    let document = run.document();
    let id = document["id"].as_str().expect("an id");

    // The document on disk is what was printed.
    let kept =
        std::fs::read_to_string(home.data().join(format!("traces/{id}.json"))).expect("read the document");
    assert_eq!(serde_json::from_str::<Value>(&kept).expect("a document"), document);
    for (ttl, city) in (1..).zip(&CITIES) {
        let place = &document["places"][lab.hop(ttl, family).to_string()];
        assert_eq!(place["city"], city.name, "{place}");
        assert_eq!(place["country_code"], city.country, "{place}");
        assert_eq!(place["latitude"], city.latitude, "{place}");
        assert_eq!(place["longitude"], city.longitude, "{place}");
        assert_eq!(place["verdict"], "plausible", "{place}");
    }

    assert_eq!(document["consistency"], 1.0);

    // The table that a person reads with `sqlite3`.
    let rows = rows_of(&home.database(), id);
    assert_eq!(rows.len(), CITIES.len());
    for ((ttl, city), row) in (1..).zip(&CITIES).zip(&rows) {
        assert_eq!(row.0, ttl);
        assert_eq!(row.1, Some(lab.hop(ttl, family).to_string()));
        assert!(row.2.is_some(), "{row:?}");
        assert_eq!(row.3.as_deref(), Some(city.name));
        assert_eq!((row.4, row.5), (Some(city.latitude), Some(city.longitude)));
    }

    // The table that is printed.
    let shown = home.run(&["show", id]).ends_with(0).stdout;
    for (ttl, city) in (1..=ROUTERS + 1).zip(&CITIES) {
        let row = shown.lines().find(|line| line.starts_with(&format!("{ttl:3}  "))).expect("a row");
        assert!(row.contains(&lab.hop(ttl, family).to_string()) && row.contains(city.name), "{shown}");
    }

    check_map(&home.path().join("route.png"), &CITIES);
    // The same map from what was kept, and from the document alone.
    let file = home.data().join(format!("traces/{id}.json"));
    for source in ["latest", id, file.to_str().expect("a path")] {
        let arguments =
            ["map", source, "-o", "again.png", "--extent", "world", "--projection", "natural-earth"];
        home.run(&arguments).ends_with(0);
        let (first, again) = (home.path().join("route.png"), home.path().join("again.png"));
        let read = |path: &Path| std::fs::read(path).expect("read a map");
        assert_eq!(read(&first), read(&again), "the map of {source} differs");
    }
}

/// Checks that every city has its mark where the published formula puts it.
fn check_map(file: &Path, cities: &[City]) {
    let picture = image::open(file).expect("read the map").to_rgb8();
    assert_eq!(picture.dimensions(), (1600, 900));
    let sights: Vec<Sight> = sights(&picture);
    assert_eq!(sights.len(), cities.len(), "one mark for each city: {sights:?}");
    let layout = lay_out(cities, &sights);
    for (city, sight) in layout.pairs(cities, &sights) {
        let (x, y) = layout.position(city);
        let distance = (x - sight.x).hypot(y - sight.y);
        assert!(distance < 1.0, "{} lies {distance:.2} pixels from {x:.1}, {y:.1}: {sight:?}", city.name);
    }
    // It is a whole world, and upright.
    assert!((200.0..320.0).contains(&layout.scale), "{layout:?}");
}

lab_test! {
    fn the_whole_job_over_ipv4_as_root() {
        whole_job(4, Rights::Root);
    }

    fn the_whole_job_over_ipv6_without_rights() {
        whole_job(6, Rights::None);
    }

    fn a_silent_hop_is_a_row_without_an_address_and_no_mark() {
        let lab = Chain::of(ROUTERS).delay(CABLE).fault(4, Fault::Silent).without_limits().build();
        let home = Home::new();
        let feed = home.write("feed.csv", &geofeed(&lab));
        let target = lab.target(4).to_string();
        let arguments = ["trace", &target, "-n", "--places", &feed, "--format", "json"];
        let map = ["--map", "route.png", "--extent", "world", "--projection", "natural-earth"];
        let document = home.run_in(&lab, Rights::None, &[&arguments[..], &map].concat()).ends_with(0).document();
        let rows = rows_of(&home.database(), document["id"].as_str().expect("an id"));
        assert_eq!(rows[3], (4, None, None, None, None, None));
        let heard: Vec<City> = CITIES.iter().copied().filter(|city| city.name != "Honolulu").collect();
        check_map(&home.path().join("route.png"), &heard);
    }

    /// Each step without the others.
    fn what_is_not_wanted_is_left_out() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        let bare = home.run_in(&lab, Rights::None, &["trace", &target, "--no-store", "--no-geo", "-n", "--format", "json"]);
        assert_eq!(bare.ends_with(0).document()["places"], serde_json::json!({}));
        assert!(!home.data().exists());
        // Private addresses are labelled, never located.
        let run = home.run_in(&lab, Rights::None, &["trace", &target, "-n", "--format", "json"]).ends_with(0);
        let place = run.document()["places"][&target].clone();
        assert_eq!(place["verdict"], "private");
        assert_eq!(place["latitude"], Value::Null);
        assert_eq!(place["country_code"], Value::Null);
    }
}
