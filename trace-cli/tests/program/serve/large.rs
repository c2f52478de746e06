//! A CSV that is larger than any memory should have to be, shown without a database.

use std::collections::BTreeSet;

use super::Server;
use crate::large::{Large, SENSELESS, bounded, id, senseless};
use crate::run::{Home, Run};

const SERVE: [&str; 5] = ["serve", "--no-open", "--listen", "127.0.0.1:0", "--csv"];

#[test]
fn all_of_a_large_csv_is_shown() {
    let home = Home::new();
    let large = Large::new(&home);
    let server = Server::of(&mut bounded(&home, &[&SERVE[..], &[&large.path]].concat()));
    let status = server.json("/api/v1/status");
    assert_eq!((&status["source"], &status["store"]["traces"]), (&"csv".into(), &large.traces.into()));
    let mut found = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = server.json(&format!("/api/v1/traces?limit=500{cursor}"));
        let ids = page["items"].as_array().expect("items").iter().map(|row| row["id"].to_string());
        found.extend(ids.map(|id| id.trim_matches('"').to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(found.into_iter().eq((0..large.traces).map(id)), "every trace, and none besides");
    for trace in [0, large.traces / 2, large.traces - 1] {
        let document = server.json(&format!("/api/v1/traces/{}", id(trace)));
        assert_eq!(document["hops"].as_array().map(Vec::len), Some(10), "{document}");
        let places = document["places"].as_object().expect("places").values();
        let expected: BTreeSet<String> = (1..=10).map(|hop| format!("Town {}", trace * 10 + hop)).collect();
        let cities = places.map(|place| place["city"].as_str().expect("a city").to_owned());
        assert_eq!(cities.collect::<BTreeSet<_>>(), expected);
    }
    for path in ["targets", "map", "changes"] {
        assert_eq!(server.get(&format!("/api/v1/{path}")).status, 200, "{path}");
    }
    assert!(server.end().success());
}

#[test]
fn a_large_file_that_makes_no_sense_is_not_shown() {
    let home = Home::new();
    for (begin, piece, words) in SENSELESS {
        let path = senseless(&home, begin, piece);
        Run::of(&mut bounded(&home, &[&SERVE[..], &[&path]].concat()))
            .complains(4, &["senseless.csv", words]);
    }
}
