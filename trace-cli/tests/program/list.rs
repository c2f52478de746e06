//! What is kept, found again by everything that it can be asked for.

use serde_json::Value;

use crate::lab::{Chain, lab_test};
use crate::run::{Home, Rights};

/// The ids that a list has, the newest first.
#[track_caller]
fn listed(home: &Home, filter: &[&str]) -> Vec<String> {
    let list = home.run(&[&["list", "--format", "json"], filter].concat()).ends_with(0).document();
    let id = |trace: &Value| trace["id"].as_str().expect("an id").to_owned();
    list.as_array().expect("a list").iter().map(id).collect()
}

lab_test! {
    fn traces_are_found_by_outcome_protocol_vantage_point_and_time() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        let traced = |status: i32, more: &[&str]| {
            let arguments = [&["trace", &target, "-n", "--format", "json"], more].concat();
            home.run_in(&lab, Rights::Root, &arguments).ends_with(status).document()
        };
        let traces = [
            traced(0, &["--protocol", "icmp", "--vantage", "attic"]),
            traced(0, &["--protocol", "udp"]),
            traced(1, &["--protocol", "udp", "--max-ttl", "2", "--vantage", "cellar"]),
            traced(0, &["--protocol", "all"]),
        ];
        let id = |number: usize| traces[number]["id"].as_str().expect("an id").to_owned();
        let expect = |filter: &[&str], numbers: &[usize]| {
            assert_eq!(listed(&home, filter), numbers.iter().copied().map(id).collect::<Vec<_>>(), "{filter:?}");
        };
        assert_eq!((&traces[0]["vantage"], &traces[1]["vantage"]), (&Value::from("attic"), &Value::Null));
        let kept = home.run(&["show", &id(0), "--format", "json"]).ends_with(0).document();
        assert_eq!(kept["vantage"], "attic");
        expect(&[], &[3, 2, 1, 0]);
        expect(&["--vantage", "attic"], &[0]);
        expect(&["--vantage", "cellar"], &[2]);
        expect(&["--vantage", "att"], &[]);
        expect(&["--outcome", "reached"], &[3, 1, 0]);
        expect(&["--outcome", "exhausted"], &[2]);
        expect(&["--outcome", "loop"], &[]);
        expect(&["--protocol", "icmp"], &[0]);
        expect(&["--protocol", "udp"], &[2, 1]);
        expect(&["--protocol", "all"], &[3]);
        expect(&["--protocol", "tcp"], &[]);
        expect(&["--protocol", "udp", "--outcome", "reached"], &[1]);
        // A trace that started at that moment is since then, and not before it.
        let started = |number: usize| traces[number]["started"].as_str().expect("a time");
        expect(&["--since", started(2)], &[3, 2]);
        expect(&["--until", started(2)], &[1, 0]);
        expect(&["--since", started(1), "--until", started(3)], &[2, 1]);
        expect(&["--since", started(1), "--until", started(3), "--limit", "1"], &[2]);
        expect(&["--until", "1d"], &[]);
        expect(&["--since", "1d", "--target", &target, "--vantage", "cellar"], &[2]);
        for (filter, words) in [
            (["--outcome", "lost"], "lost"),
            (["--protocol", "pigeon"], "pigeon"),
            (["--since", "soon"], "soon"),
            (["--until", "soon"], "soon"),
        ] {
            home.run(&[&["list"], &filter[..]].concat()).complains(2, &[words]);
        }
    }
}
