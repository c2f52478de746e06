//! Places held against round-trip times: struck ones are nowhere drawn, `explain` says why, `relocate` places anew.

use serde_json::{Value, json};

use crate::lab::{Chain, Lab, lab_test};
use crate::run::{Home, Rights, Run};

/// Nothing in the laboratory takes time: all of it is in one city, and one source says otherwise.
const HOME: &str = "64.1466,-21.9426";
const WRONG: [&str; 3] =
    ["IS,,Reykjavik,,64.1466,-21.9426", "JP,,Tokyo,,35.6762,139.6503", "IS,,Kopavogur,,64.1101,-21.9094"];
const RIGHT: [&str; 3] = [
    "IS,,Reykjavik,,64.1466,-21.9426",
    "IS,,Hafnarfjordur,,64.0671,-21.9377",
    "IS,,Kopavogur,,64.1101,-21.9094",
];

fn geofeed(lab: &Lab, places: [&str; 3]) -> String {
    (1..).zip(places).map(|(ttl, place)| format!("{},{place}\n", lab.hop(ttl, 4))).collect()
}

fn traced(home: &Home, lab: &Lab, more: &[&str]) -> Run {
    let feed = home.write("wrong.csv", &geofeed(lab, WRONG));
    let target = lab.target(4).to_string();
    let arguments = ["trace", &target, "-n", "--places", &feed, "--origin", HOME];
    home.run_in(lab, Rights::None, &[&arguments[..], more].concat()).ends_with(0)
}

fn rows(home: &Home, arguments: &[&str]) -> Vec<Value> {
    let run = home.run(&[arguments, &["--format", "json"]].concat()).ends_with(0);
    run.document().as_array().expect("rows").clone()
}

/// Every point of a GeoJSON map, as longitude and latitude.
fn points(home: &Home, trace: &str) -> Vec<(f64, f64)> {
    home.run(&["map", trace, "-o", "map.geojson"]).ends_with(0);
    let text = std::fs::read_to_string(home.path().join("map.geojson")).expect("read the map");
    let map: Value = serde_json::from_str(&text).expect("GeoJSON");
    let features = map["features"].as_array().expect("features");
    let points = features.iter().filter(|feature| feature["geometry"]["type"] == "Point");
    let number = |value: &Value| value.as_f64().expect("degrees");
    let point = |feature: &Value| {
        let point = &feature["geometry"]["coordinates"];
        (number(&point[0]), number(&point[1]))
    };
    points.map(point).collect()
}

fn all_in_iceland(points: &[(f64, f64)]) {
    assert!(!points.is_empty());
    for (longitude, latitude) in points {
        assert!((63.0..67.0).contains(latitude) && (-25.0..-13.0).contains(longitude), "{points:?}");
    }
}

lab_test! {
    fn what_light_cannot_reach_is_struck_and_explained() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let document = traced(&home, &lab, &["--format", "json"]).document();
        let place = |ttl: u8| document["places"][lab.hop(ttl, 4).to_string()].clone();
        let struck = place(2);
        assert_eq!(struck["verdict"], "unlocated", "{struck}");
        assert_eq!((&struck["latitude"], &struck["city"]), (&Value::Null, &Value::Null));
        assert_eq!(struck["candidates"][0]["verdict"], "impossible");
        assert!(struck["candidates"][0]["reason"].as_str().is_some_and(|why| why.contains("km")), "{struck}");
        for ttl in [1, 3] {
            assert_eq!(place(ttl)["verdict"], "plausible", "{}", place(ttl));
            assert!(place(ttl)["score"].as_f64().is_some_and(|score| score > 0.5));
        }
        let consistency = document["consistency"].as_f64().expect("a score of the whole path");
        assert!((0.5..1.0).contains(&consistency), "{consistency}");

        // What is kept says the same, in every form.
        let shown = home.run(&["show", "latest", "--format", "json"]).ends_with(0).document();
        assert_eq!(shown, document);
        let table = home.run(&["show", "latest", "--verdicts"]).ends_with(0).stdout;
        assert!(table.contains("unlocated") && table.contains("plausible"), "{table}");
        let sheet = home.run(&["show", "latest", "--format", "csv"]).ends_with(0).stdout;
        assert!(sheet.contains(",unlocated,") && sheet.contains(",plausible,"), "{sheet}");
        // No pin in Tokyo, and none at 0,0.
        all_in_iceland(&points(&home, "latest"));

        let told = home.run(&["explain", "latest", "2"]).ends_with(0).stdout;
        for word in ["struck", "Tokyo", "geofeed:wrong.csv", "impossible", "35.676,139.650", "unlocated"] {
            assert!(told.contains(word), "{word:?} is missing in\n{told}");
        }
        let told = home.run(&["explain", "latest", "1", "--format", "json"]).ends_with(0).document();
        assert_eq!(told["answerers"][0]["candidates"][0]["fate"], "taken", "{told}");
        assert_eq!(told["origin"]["from"], "flag");
        home.run(&["explain", "latest", "4"]).complains(2, &["no TTL 4", "1 to 3"]);
        home.run(&["explain", "latest", "0"]).complains(2, &["TTL"]);
    }

    fn places_anew_change_no_measurement() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let before = traced(&home, &lab, &["--format", "json"]).document();
        traced(&home, &lab, &[]);
        let right = home.write("right.csv", &geofeed(&lab, RIGHT));
        let anew = ["relocate", "--all", "--places", &right];

        // Looking changes nothing.
        let id = before["id"].as_str().expect("an id");
        assert_eq!(rows(&home, &[&anew[..], &["--dry-run"]].concat()).len(), 2);
        let told = home.run(&["explain", id, "2", "--places", &right]).ends_with(0).stdout;
        assert!(told.contains("Hafnarfjordur") && told.contains("geofeed:right.csv") && !told.contains("Tokyo"), "{told}");
        home.run(&["explain", id, "2", "--places", "nowhere.csv"]).complains(2, &["nowhere.csv"]);
        assert_eq!(home.run(&["show", id, "--format", "json"]).ends_with(0).document(), before);

        let table = home.run(&["relocate", id, "--places", &right]).ends_with(0).stdout;
        assert!(table.contains("Hafnarfjordur, IS") && table.contains("1 trace, 1 located anew"), "{table}");
        let moves = rows(&home, &anew);
        assert_eq!(moves.len(), 1, "the first has moved already: {moves:?}");
        assert_eq!(moves[0]["address"], lab.hop(2, 4).to_string());
        assert_eq!((&moves[0]["ttl"], &moves[0]["verdict_before"]), (&json!(2), &json!("unlocated")));
        assert_eq!((&moves[0]["city"], &moves[0]["verdict"]), (&json!("Hafnarfjordur"), &json!("plausible")));
        assert!(rows(&home, &anew).is_empty());

        // Only what is known of the places is another thing now, in the database and in the document.
        let mut after = home.run(&["show", id, "--format", "json"]).ends_with(0).document();
        let path = home.data().join(format!("traces/{id}.json"));
        let written: Value =
            serde_json::from_str(&std::fs::read_to_string(path).expect("the document")).expect("a document");
        assert_eq!(written, after);
        assert_eq!(after["places"][lab.hop(2, 4).to_string()]["city"], "Hafnarfjordur");
        assert_eq!(after["consistency"], 1.0);
        for field in ["places", "consistency", "as_path"] {
            after[field] = before[field].clone();
        }
        assert_eq!(after, before);
        assert!(home.run(&["db", "check"]).ends_with(0).stdout.contains("sound"));
    }

    fn a_map_of_places_that_nobody_judged_is_judged() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let mut document = traced(&home, &lab, &["--format", "json"]).document();
        document["consistency"] = Value::Null;
        for place in document["places"].as_object_mut().expect("places").values_mut() {
            place["score"] = Value::Null;
            place["verdict"] = Value::Null;
            let mut candidates = place["candidates"].take();
            for candidate in candidates.as_array_mut().expect("candidates") {
                candidate["verdict"] = Value::Null;
                candidate["reason"] = Value::Null;
                for field in ["latitude", "longitude", "city", "country_code"] {
                    place[field] = candidate[field].clone();
                }
            }
            place["candidates"] = candidates;
        }
        let file = home.write("old.json", &document.to_string());
        all_in_iceland(&points(&home, &file));
        let told = home.run(&["explain", &file, "2"]).ends_with(0).stdout;
        assert!(told.contains("judged now") && told.contains("struck"), "{told}");
    }

    fn what_cannot_be_located_anew_is_refused() {
        let home = Home::new();
        home.run(&["relocate", "latest"]).complains(4, &["no database"]);
        assert!(!home.data().exists());
        home.run(&["relocate", "--all"]).complains(4, &["no database"]);
        home.run(&["relocate"]).complains(2, &["--all"]);
        home.run(&["relocate", "--all", "latest"]).complains(2, &["--all"]);
        home.run(&["relocate", "some.json"]).complains(2, &["some.json", "a file"]);
        home.run(&["relocate", "--all", "--places", "none.csv"]).complains(2, &["none.csv"]);
        home.run(&["db", "init"]).ends_with(0);
        home.run(&["relocate", "123456"]).complains(2, &["123456"]);
        assert_eq!(rows(&home, &["relocate", "--all"]), Vec::<Value>::new());
    }

    fn an_origin_may_be_a_city_and_the_milliseconds_are_accounted_for() {
        let lab = Chain::of(2).delay(std::time::Duration::from_millis(10)).without_limits().build();
        let home = Home::new();
        // 20, 40 and 60 ms: Mainz to London to Madrid is 660 and 1260 km.
        let places = ["DE,,Mainz,,49.99,8.25", "GB,,London,,51.51,-0.13", "ES,,Madrid,,40.42,-3.70"];
        let feed = home.write("feed.csv", &geofeed(&lab, places));
        let target = lab.target(4).to_string();
        let arguments = ["trace", &target, "-n", "--places", &feed, "--origin", "Frankfurt", "--format", "json"];
        let run = home.run_in(&lab, Rights::None, &arguments).ends_with(0);
        assert!(run.stderr.contains("taking Frankfurt am Main, DE as the origin"), "{}", run.stderr);
        let document = run.document();
        assert_eq!((&document["origin"]["from"], &document["consistency"]), (&json!("flag"), &json!(1.0)));

        let budget = home.run(&["show", "latest", "--budget", "--format", "json"]).ends_with(0).document();
        let legs = budget["legs"].as_array().expect("legs");
        assert_eq!(legs.iter().map(|leg| leg["to"].clone()).collect::<Vec<_>>(), ["Mainz", "London", "Madrid"]);
        let number = |field: &str| budget[field].as_f64().expect("a number");
        let parts = ["fibre_ms", "excess_ms", "before_ms", "behind_ms", "unattributed_ms"];
        assert!((parts.iter().map(|part| number(part)).sum::<f64>() - number("rtt_ms")).abs() < 0.01, "{budget}");
        assert!(number("rtt_ms") >= 60.0 && budget["reaches_target"] == true);
        let table = home.run(&["show", "latest", "--budget"]).ends_with(0).stdout;
        assert!(table.contains("London") && table.contains("ms to the target and back"), "{table}");

        // Seen from the other side of the world nothing is where it was.
        let told = home.run(&["explain", "latest", "1", "--origin=-33.87,151.21"]).ends_with(0).stdout;
        assert!(told.contains("struck") && told.contains("-33.870,151.210"), "{told}");
        // A map from there draws none of the three as where the hops are; what is kept stays.
        let drawn = |more: &[&str]| {
            let run = home.run(&[&["map", "latest", "-o", "seen.geojson"][..], more].concat()).ends_with(0);
            (run.stderr, std::fs::read_to_string(home.path().join("seen.geojson")).expect("read the map"))
        };
        let kept = home.run(&["show", "latest", "--format", "json"]).ends_with(0).stdout;
        assert!(["Mainz", "London", "Madrid"].iter().all(|city| drawn(&[]).1.contains(city)));
        let (told, map) = drawn(&["--origin", "Sydney"]);
        assert!(told.contains("taking Sydney, AU as the origin"), "{told}");
        assert!(map.contains("[151.21,-33.87]") && !map.contains("Mainz") && !map.contains("Madrid"), "{map}");
        assert_eq!(home.run(&["show", "latest", "--format", "json"]).ends_with(0).stdout, kept);
        home.run(&["explain", "latest", "1", "--origin", "Nowhereville"]).complains(2, &["Nowhereville", "LAT,LON"]);
        home.run(&["explain", "latest", "1", "--origin", "91,0"]).complains(2, &["91,0", "-90 to 90"]);
    }

    fn a_source_that_is_no_private_address_is_an_origin_by_itself() {
        let lab = Chain::of(1).without_limits().build();
        // Addresses that belong to nobody here: the laboratory has no way out.
        lab.vantage().ip("addr add 193.0.6.139/32 dev lo\n");
        let home = Home::new();
        let feed = home.write("feed.csv", "193.0.6.0/24,NL,,Amsterdam,,52.37,4.90\n");
        let trace = ["trace", "193.0.6.139", "-n", "--places", &feed, "--format", "json"];
        let document = home.run_in(&lab, Rights::None, &trace).ends_with(0).document();
        assert_eq!(document["source"], "193.0.6.139");
        assert_eq!((&document["origin"]["from"], &document["origin"]["latitude"]), (&json!("database"), &json!(52.37)));
        let told = home.run(&["explain", "latest", "1"]).ends_with(0).stdout;
        assert!(told.contains("52.370,4.900 (database)") && told.contains("the origin is"), "{told}");
        let table = home.run(&["show", "latest", "--verdicts"]).ends_with(0).stdout;
        assert!(table.contains("Consistency of places") && table.contains("origin 52.370,4.900 (database)"), "{table}");
        // What somebody says goes before.
        let document = home.run_in(&lab, Rights::None, &[&trace[..], &["--origin", "1,2"]].concat()).ends_with(0);
        assert_eq!(document.document()["origin"]["from"], "flag");
    }
}
