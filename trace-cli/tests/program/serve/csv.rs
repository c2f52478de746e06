//! A CSV of the old form, shown without a database.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::Server;
use crate::run::Home;

/// Two traces whose rows are mixed, one of which has a city that is an attack.
const ROWS: &str = "IP,CITY,HOP,ID,LATITUDE,LONGITUDE,DATE_CREATED
192.0.2.1,Reykjavik,1,0000e459-0cfb-47a0-9a6c-ff8d92e3ebef,64.15,-21.94,2021-01-31 16:06:12.489-0500
192.0.2.9,Lima,1,001f1337-9e34-4ff8-b7be-db46b376867f,-12.05,-77.05,2021-01-19 16:04:04.434-0700
192.0.2.2,<script>alert(1)</script>,2,0000e459-0cfb-47a0-9a6c-ff8d92e3ebef,52.52,13.4,2021-01-31 16:06:12.544-0500
192.0.2.8,Quito,2,001f1337-9e34-4ff8-b7be-db46b376867f,-0.22,-78.51,2021-01-19 16:04:05-0700
";

#[test]
fn a_plain_csv_is_shown_and_nothing_is_kept() {
    let home = Home::new();
    let path = home.write("old.csv", ROWS);
    let server = Server::start(&home, &["--csv", &path]);
    let status = server.json("/api/v1/status");
    assert_eq!((&status["source"], &status["store"]["traces"]), (&json!("csv"), &json!(2)), "{status}");
    assert_eq!((&status["allow_trace"], &status["csrf"]), (&json!(false), &json!(null)));
    let map = server.json("/api/v1/map");
    let features = map["features"].as_array().expect("features");
    // Each leg joins marks of one route: no line leads from the end of one trace to the beginning of the next.
    let mut routes: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
    for (place, mark) in
        features.iter().enumerate().filter(|(_, feature)| feature["properties"]["kind"] == "mark")
    {
        for stop in mark["properties"]["stops"].as_array().expect("stops") {
            routes.entry(stop["route"].as_u64().expect("a number")).or_default().insert(place as u64);
        }
    }
    let legs: Vec<_> = features.iter().filter(|feature| feature["properties"]["kind"] == "leg").collect();
    assert_eq!((routes.len(), legs.len()), (2, 2), "{map}");
    for leg in legs {
        let ends = &routes[&leg["properties"]["route"].as_u64().expect("a number")];
        for end in ["from", "to"] {
            assert!(ends.contains(&leg["properties"][end].as_u64().expect("a number")), "{leg}");
        }
    }
    let targets = server.json("/api/v1/targets");
    assert_eq!((&targets["items"][0]["traces"], &targets["items"][0]["address"]), (&json!(2), &json!(null)));
    let key = targets["items"][0]["key"].as_str().expect("a key");
    for rest in ["", "/eras", "/series", "/changes", "/scene"] {
        assert_eq!(server.get(&format!("/api/v1/targets/{key}{rest}")).status, 200, "{rest}");
    }
    let traces = server.json(&format!("/api/v1/traces?target={key}"));
    assert_eq!(traces["items"][0]["id"], "0000e459-0cfb-47a0-9a6c-ff8d92e3ebef", "the newest first");
    let text = server.get("/api/v1/traces/0000e459-0cfb-47a0-9a6c-ff8d92e3ebef");
    assert!(
        text.text().contains("<script>alert(1)</script>")
            && text.header("content-type") == Some("application/json")
    );
    assert!(server.end().success());
    assert!(!home.data().exists());
}

#[test]
fn the_environment_names_one_too() {
    let home = Home::new();
    let path = home.write("old.csv", ROWS);
    let arguments = ["serve", "--no-open", "--listen", "127.0.0.1:0"];
    let server = Server::of(home.command(&arguments).env("CSV_DATA", &path));
    assert_eq!(server.json("/api/v1/status")["store"]["traces"], 2);
    drop(server);
    // A data directory that was typed counts for more.
    let typed = [&arguments[..], &["--data-dir", "data"]].concat();
    let server = Server::of(home.command(&typed).env("CSV_DATA", &path));
    assert_eq!(server.json("/api/v1/status")["source"], "store");
}

#[test]
fn a_csv_that_makes_no_sense_is_refused_with_place_and_cause() {
    let home = Home::new();
    let serve = |path: &str| home.run(&["serve", "--no-open", "--listen", "127.0.0.1:0", "--csv", path]);
    serve("none.csv").complains(4, &["none.csv"]);
    let columns = home.write("columns.csv", "CITY,ID,HOP\nLima,x,1\n");
    serve(&columns).complains(4, &["columns.csv", "IP"]);
    let date = home.write("date.csv", &ROWS.replace("2021-01-19 16:04:05-0700", "yesterday"));
    serve(&date).complains(4, &["date.csv", "5", "yesterday"]);
    let range = home.write("range.csv", &ROWS.replace("-12.05", "-120.5"));
    serve(&range).complains(4, &["range.csv", "3", "-120.5"]);
    home.run(&["serve", "--csv", &columns, "--allow-trace"]).complains(2, &["--csv", "--allow-trace"]);
}
