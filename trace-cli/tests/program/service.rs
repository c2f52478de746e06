//! `service` in a tree of its own.

use crate::run::{Home, files};

#[test]
fn units_are_written_shown_and_removed() {
    let home = Home::new();
    let tree = home.path().join("tree");
    std::fs::create_dir(&tree).expect("make a directory");
    let root = tree.to_str().expect("a path");
    let service = |arguments: &[&str]| home.run(&[&["service"], arguments, &["--root", root]].concat());
    let states = || {
        let units = service(&["status", "--format", "json"]).ends_with(0).document();
        let units = units.as_array().expect("a list").clone();
        let state = |unit: serde_json::Value| {
            (
                unit["unit"].as_str().expect("a name").to_owned(),
                unit["state"].as_str().expect("a state").to_owned(),
            )
        };
        units.into_iter().map(state).collect::<Vec<_>>()
    };
    assert!(states().iter().all(|(_, state)| state == "absent"), "{:?}", states());

    // What would be written is shown whole, and nothing is.
    let shown = service(&["install", "--dry-run"]).ends_with(0).stdout;
    for name in
        ["tracer.service", "tracer@.service", "tracer.timer", "tracer-watch.service", "tracer-serve.service"]
    {
        assert!(shown.contains(&format!("would write {root}/etc/systemd/system/{name}:\n")), "{shown}");
    }
    for line in ["OnCalendar=hourly", "DynamicUser=yes", "Type=notify", "SuccessExitStatus="] {
        assert!(shown.contains(line), "{line} is missing in:\n{shown}");
    }
    let program = format!("ExecStart={} ", env!("CARGO_BIN_EXE_trace-cli"));
    assert!(shown.contains(&program), "{shown}");
    assert!(files(&tree).is_empty());

    let wrote = service(&["install"]).ends_with(0).stdout;
    assert_eq!(wrote.matches("wrote    ").count(), 6, "{wrote}");
    assert!(wrote.contains("sudo systemctl enable --now tracer.timer"), "{wrote}");
    let count = |state: &str| states().iter().filter(|(_, found)| found == state).count();
    // The drop-ins for raw sockets come with --raw.
    assert_eq!((count("installed"), count("absent")), (6, 3), "{:?}", states());

    // What somebody changed is neither overwritten nor removed.
    let timer = tree.join("etc/systemd/system/tracer.timer");
    let changed = std::fs::read_to_string(&timer).expect("read the timer").replace("hourly", "daily");
    std::fs::write(&timer, &changed).expect("change the timer");
    assert!(states().contains(&("tracer.timer".to_owned(), "changed".to_owned())), "{:?}", states());
    let again = service(&["install"]).ends_with(4);
    assert!(
        again.stderr.contains("tracer.timer was changed since") && again.stderr.contains("systemctl edit"),
        "{again:?}"
    );
    let would = service(&["remove", "--dry-run"]).ends_with(4);
    assert_eq!(would.stdout.matches("would remove ").count(), 5, "{would:?}");
    assert_eq!(files(&tree).len(), 6);
    let removed = service(&["remove"]).ends_with(4);
    assert_eq!(removed.stdout.matches("removed ").count(), 5, "{removed:?}");
    assert!(
        removed.stderr.contains("tracer.timer was changed since it was written, and stays"),
        "{removed:?}"
    );
    assert_eq!(files(&tree), std::slice::from_ref(&timer));
    std::fs::remove_file(&timer).expect("remove the timer");
    assert_eq!(service(&["remove"]).ends_with(0).stdout, "there is nothing to remove\n");
}
