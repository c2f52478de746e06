//! Settings that `watch` and the config file are refused for, and what `config` says of them.

use std::process::Command;

use crate::run::Home;

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_sent() {
    let home = Home::new();
    home.run(&["watch"]).complains(2, &["there is nothing to watch", "[[target]]"]);
    home.run(&["watch", "127.0.0.1", "--every", "10ms"])
        .complains(2, &["--every 10ms", "a second is the least"]);
    home.run(&["watch", "127.0.0.1", "--keep", "5s"]).complains(2, &["--keep 5s", "an hour"]);
    home.run(&["watch", "127.0.0.1", "--rounds", "forever"])
        .complains(2, &["--rounds forever and watch contradict"]);
    let config = home.write("config.toml", "[watch]\nevery = \"10ms\"\n");
    home.run(&["--config", &config, "watch", "127.0.0.1"])
        .complains(2, &["--every 10ms", "every is set in", "config.toml:2"]);
    home.run(&["--config", "/does/not/exist", "list"])
        .complains(2, &["cannot read the config file /does/not/exist"]);
}

#[test]
fn the_config_is_checked_shown_and_obeyed() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new();
    let config = home.write("config.toml", "data-dir = \"kept\"\nmax-ttl = 9\n[trace]\nfirst-ttl = 12\n");
    let checked = home.run(&["--config", &config, "config", "check"]).ends_with(2).stdout;
    assert!(checked.contains("config.toml:4:13: --first-ttl 12 lies behind --max-ttl 9"), "{checked}");
    let config = home.write(
        "config.toml",
        "data-dir = \"kept\"\n[keys]\nmaxmind-account-id = 1\n[[target]]\nhost = \"127.0.0.1\"\n",
    );
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o644)).expect("set permissions");
    let checked = home.run(&["--config", &config, "config", "check"]).ends_with(2).stdout;
    assert!(checked.contains("other users") && checked.contains("chmod 600"), "{checked}");
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o600)).expect("set permissions");
    let checked = home.run(&["--config", &config, "config", "check"]).ends_with(0).stdout;
    assert!(checked.contains("no mistakes, 1 target"), "{checked}");
    // What lies beside the file is named from there; the environment goes before the file, and a flag before both.
    let path = |command: &mut Command| {
        let output = command.output().expect("start the program");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let there = |name: &str| home.path().join(name).join("traces.sqlite").display().to_string();
    assert_eq!(path(&mut home.command(&["--config", &config, "db", "path"])), there("kept"));
    assert_eq!(path(home.command(&["db", "path"]).env("TRACE_CONFIG", &config)), there("kept"));
    let set = home.path().join("set");
    assert_eq!(
        path(home.command(&["--config", &config, "db", "path"]).env("TRACE_DATA_DIR", &set)),
        there("set")
    );
    let shown =
        home.run(&["--config", &config, "config", "show", "watch", "--every", "5m", "--format", "json"]);
    let shown = shown.ends_with(2).stderr;
    assert!(shown.contains("--format"), "flags behind the verb are its own: {shown}");
    let shown = home
        .run(&["--config", &config, "config", "show", "--format", "json", "watch", "--every", "5m"])
        .ends_with(0)
        .document();
    let of = |name: &str| {
        shown.as_array().expect("a list").iter().find(|row| row["option"] == name).expect("an option").clone()
    };
    assert_eq!((of("every")["from"].clone(), of("every")["value"].clone()), ("flag".into(), "5m".into()));
    assert_eq!(of("data-dir")["place"], format!("{config}:1"));
    assert_eq!(of("maxmind-account-id")["value"], "[redacted]");
    assert_eq!((of("gap")["from"].clone(), of("gap")["value"].clone()), ("default".into(), "8".into()));
}
