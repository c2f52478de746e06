//! Names: A and AAAA, the next address where there is no route, international names.

use serde_json::Value;

use crate::lab::{Chain, Lab, Names, lab_test};
use crate::run::{Home, Rights, Run};

/// A laboratory whose vantage point knows some names.
fn lab_with(names: impl FnOnce(&Lab, Names) -> Names) -> (Lab, Home) {
    let (lab, home) = (Chain::of(2).without_limits().build(), Home::new());
    let directory = home.path().join("etc");
    std::fs::create_dir(&directory).expect("make a directory");
    names(&lab, Names::default()).install(lab.vantage(), &directory);
    (lab, home)
}

fn trace(lab: &Lab, home: &Home, arguments: &[&str]) -> Run {
    home.run_in(lab, Rights::None, &[&["trace", "--no-store", "-n", "--format", "json"], arguments].concat())
}

fn target(run: Run) -> Value {
    run.ends_with(0).document()["target"].clone()
}

lab_test! {
    fn both_families_of_a_name() {
        let (lab, home) = lab_with(|lab, names| {
            let both = [lab.target(4), lab.target(6)];
            names.record("both.example", &both).record("four.example", &both[..1]).record("six.example", &both[1..])
        });
        for (name, option, family) in [
            ("four.example", None, 4),
            ("six.example", None, 6),
            ("both.example", Some("-4"), 4),
            ("both.example", Some("-6"), 6),
        ] {
            let arguments: Vec<&str> = option.into_iter().chain([name]).collect();
            let target = target(trace(&lab, &home, &arguments));
            assert_eq!(target["name"], name);
            assert_eq!(target["address"], lab.target(family).to_string(), "{arguments:?}");
        }
        // RFC 6724 decides between the two; either way one of them is traced.
        let target = target(trace(&lab, &home, &["both.example"]));
        assert!([lab.target(4), lab.target(6)].map(|address| address.to_string()).contains(&target["address"].as_str().expect("an address").to_owned()));
        trace(&lab, &home, &["-6", "four.example"]).complains(3, &["four.example"]);
        trace(&lab, &home, &["-4", "six.example"]).complains(3, &["six.example"]);
    }

    fn the_next_address_is_tried_where_there_is_no_route() {
        let (lab, home) = lab_with(|lab, names| {
            names
                .record("split.example", &[lab.unroutable(6), lab.target(4)])
                .record("other.example", &[lab.unroutable(4), lab.target(6)])
                .record("nowhere.example", &[lab.unroutable(4), lab.unroutable(6)])
        });
        assert_eq!(target(trace(&lab, &home, &["split.example"]))["address"], lab.target(4).to_string());
        assert_eq!(target(trace(&lab, &home, &["other.example"]))["address"], lab.target(6).to_string());
        trace(&lab, &home, &["nowhere.example"]).complains(3, &["nowhere.example"]);
    }

    fn international_names_are_asked_for_in_ascii() {
        let (lab, home) = lab_with(|lab, names| {
            names.record("xn--bcher-kva.example", &[lab.target(4)]).record("xn--wgv71a.example", &[lab.target(6)])
        });
        for (name, family) in [("b\u{fc}cher.example", 4), ("B\u{dc}CHER.example", 4), ("\u{65e5}\u{672c}.example", 6)] {
            let target = target(trace(&lab, &home, &[name]));
            assert_eq!(target["address"], lab.target(family).to_string(), "{name}");
        }
    }

    fn the_hosts_file_counts() {
        let (lab, home) = lab_with(|lab, names| names.host("printer", lab.hop(1, 4)));
        let target = target(trace(&lab, &home, &["printer"]));
        assert_eq!(target["name"], "printer");
        assert_eq!(target["address"], lab.hop(1, 4).to_string());
    }

    fn a_name_nobody_knows_and_a_name_that_is_none() {
        let (lab, home) = lab_with(|_, names| names);
        trace(&lab, &home, &["nosuch.example"]).complains(3, &["nosuch.example"]);
        for nonsense in ["two words", "xn--\u{fc}.example", "a..b"] {
            let run = trace(&lab, &home, &[nonsense]);
            assert!([2, 3].contains(&run.status) && !run.stderr.is_empty(), "{nonsense}: {run:?}");
        }
    }
}
