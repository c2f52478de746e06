//! What is remembered: eras of a host, exports, copies, and traces that go.

use serde_json::{Value, json};

use crate::lab::{Chain, Fault, Lab, lab_test};
use crate::run::{Home, Rights};

fn traced(home: &Home, lab: &Lab, more: &[&str]) -> Value {
    let target = lab.target(4).to_string();
    let arguments = ["trace", &target, "-n", "--format", "json"];
    home.run_in(lab, Rights::None, &[&arguments[..], more].concat()).ends_with(0).document()
}

fn id(document: &Value) -> String {
    document["id"].as_str().expect("an id").to_owned()
}

fn rows(home: &Home, arguments: &[&str]) -> Vec<Value> {
    let run = home.run(&[arguments, &["--format", "json"]].concat()).ends_with(0);
    run.document().as_array().expect("rows").clone()
}

lab_test! {
    fn a_history_has_a_line_for_each_path() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        home.run(&["history", &target]).complains(4, &["no database"]);
        for _ in 0..3 {
            traced(&home, &lab, &["--protocol", "udp"]);
        }
        traced(&home, &lab, &["--protocol", "udp", "--first-ttl", "2"]);
        traced(&home, &lab, &["--protocol", "icmp"]);
        let eras = rows(&home, &["history", &target]);
        let outline: Vec<_> =
            eras.iter().map(|era| (era["protocol"].clone(), era["traces"].clone(), era["last_ttl"].clone())).collect();
        assert_eq!(
            outline,
            [(json!("udp"), json!(4), json!(3)), (json!("icmp"), json!(1), json!(3))]
        );
        // A trace that looks at fewer hops takes no other path.
        assert_eq!((&eras[0]["paths"], &eras[1]["paths"]), (&json!(2), &json!(1)));
        assert!(eras.iter().all(|era| era["reached"] == era["traces"] && era["median_ms"].is_number()), "{eras:?}");
        assert_eq!(eras[0]["path"], eras[1]["path"]);
        let table = home.run(&["history", &target]).ends_with(0).stdout;
        assert_eq!(table.lines().count(), 3, "{table}");
        assert!(rows(&home, &["history", "192.0.2.99"]).is_empty());
        assert!(rows(&home, &["history", &target, "--since", "2030-01-01"]).is_empty());
    }

    fn what_is_exported_is_what_was_kept() {
        let lab = Chain::of(2).fault(1, Fault::Silent).without_limits().build();
        let home = Home::new();
        let feed = home.write("feed.csv", &format!("{},IS,,Reykjavik,,64.1466,-21.9426\n", lab.hop(2, 4)));
        let documents = [traced(&home, &lab, &["--places", &feed]), traced(&home, &lab, &[])];

        let lines = home.run(&["export", "--all"]).ends_with(0).stdout;
        let read: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("a document")).collect();
        assert_eq!(read, documents);
        let list = home.run(&["export", "--all", "--format", "json", "-o", "all.json"]).ends_with(0);
        assert_eq!(list.stdout, "");
        let text = std::fs::read_to_string(home.path().join("all.json")).expect("the export");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), json!(documents));
        let one = home.run(&["export", "latest"]).ends_with(0);
        assert_eq!(one.document(), documents[1]);
        assert_eq!(home.run(&["export", "--all", "--target", "192.0.2.99"]).ends_with(0).stdout, "");

        let old = ["export", &id(&documents[0]), "--format", "csv", "--columns", "old"];
        let old = home.run(&old).ends_with(0).stdout;
        let lines: Vec<&str> = old.lines().collect();
        assert_eq!(lines.len(), 4, "{old}");
        assert_eq!(lines[0], "CITY,ID,HOP,LONGITUDE,LATITUDE,IP,DATE_CREATED");
        assert!(lines[1].starts_with(&format!(",{},1,,,,20", id(&documents[0]))), "{old}");
        let second = format!("Reykjavik,{},2,-21.9426,64.1466,{},20", id(&documents[0]), lab.hop(2, 4));
        assert!(lines[2].starts_with(&second) && lines[2].ends_with("+0000"), "{old}");
        let full = home.run(&["export", "--all", "--format", "csv"]).ends_with(0).stdout;
        assert_eq!(full.matches("median_ms").count(), 1);
        assert_eq!(full.lines().count(), 7);

        home.run(&["export", "--all", "--columns", "old"]).complains(2, &["--columns old", "csv"]);
        home.run(&["export"]).complains(2, &["--all"]);
        home.run(&["export", "123456"]).complains(2, &["123456"]);
        home.run(&["export", "--all", "-o", "none/there.jsonl"]).complains(4, &["none/there.jsonl"]);
    }

    fn a_copy_holds_everything_and_nothing_is_overwritten() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        home.run(&["db", "backup", "copy.sqlite"]).complains(4, &["no database"]);
        let document = traced(&home, &lab, &[]);
        let told = home.run(&["db", "backup", "copy.sqlite"]).ends_with(0).stdout;
        assert!(told.contains("1 trace") && told.contains("copy.sqlite"), "{told}");
        home.run(&["db", "backup", "copy.sqlite"]).complains(4, &["copy.sqlite"]);
        std::fs::create_dir(home.path().join("other")).expect("make a directory");
        std::fs::rename(home.path().join("copy.sqlite"), home.path().join("other/traces.sqlite")).expect("move");
        let shown = home.run(&["show", "latest", "--data-dir", "other", "--format", "json"]).ends_with(0);
        assert_eq!(shown.document(), document);
    }

    fn traces_go_when_they_are_told_to() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        home.run(&["delete", "latest"]).complains(4, &["no database"]);
        assert!(!home.data().exists());
        let ids: Vec<String> = (0..4).map(|_| id(&traced(&home, &lab, &[]))).collect();
        let document = |number: usize| home.data().join(format!("traces/{}.json", ids[number]));
        // One that is not known keeps all of them.
        home.run(&["delete", &ids[0], "123456"]).complains(2, &["123456"]);
        home.run(&["delete", "a.json"]).complains(2, &["a.json", "a file"]);
        assert!(document(0).exists());
        let told = home.run(&["delete", &ids[0], &ids[0]]).ends_with(0).stdout;
        assert_eq!(told, "removed 1 trace\n");
        assert!(!document(0).exists() && document(1).exists());
        home.run(&["show", &ids[0]]).complains(2, &[]);

        let prune = ["db", "prune", "--older-than", "2100-01-01", "--keep-per-path", "2"];
        let told = home.run(&[&prune[..], &["--dry-run"]].concat()).ends_with(0).stdout;
        assert_eq!(told, "would remove 1 trace\n");
        assert_eq!(rows(&home, &["list"]).len(), 3);
        assert_eq!(home.run(&prune).ends_with(0).stdout, "removed 1 trace, 2 traces left\n");
        assert!(!document(1).exists() && document(2).exists() && document(3).exists());
        assert_eq!(home.run(&["db", "prune", "--older-than", "7d"]).ends_with(0).stdout, "removed 0 traces, 2 traces left\n");
        home.run(&["db", "prune"]).complains(2, &["--older-than"]);
        assert!(home.run(&["db", "check"]).ends_with(0).stdout.contains("sound"));
    }
}
