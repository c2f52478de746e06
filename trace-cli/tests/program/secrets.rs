//! A key is used and shown nowhere, wherever it was given.

use std::os::unix::fs::PermissionsExt as _;

use crate::places::{GLOBAL, KEY, free_plan, keeps_the_secret, run};
use crate::run::Home;
use crate::server::Server;

/// A key in the config file is used, and shown by nobody; where others can read the file it is refused.
#[test]
fn a_key_in_the_config_file_shows_nowhere() {
    let server = Server::start(free_plan);
    let home = Home::new();
    let text =
        format!("[keys]\nipgeolocation-api-key = \"{KEY}\"\nipgeolocation-base-url = \"{}\"\n", server.url());
    let file = home.write("keys.toml", &text);
    let set =
        |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("set a mode");
    let look = ["-v", "geo", "lookup", "-n", GLOBAL, "--config", &file];
    set(0o644);
    let open = run(&home, &[], &look);
    assert!(open.stderr.contains("keys.toml") && open.stderr.contains("chmod 600"), "{open:?}");
    assert_eq!(server.count(), 0);
    keeps_the_secret(&home, &open, "keys.toml");
    set(0o600);
    let private = run(&home, &[], &look).ends_with(0);
    assert!(private.stdout.contains("Amsterdam"), "{private:?}");
    keeps_the_secret(&home, &private, "keys.toml");
    for verb in [
        &["config", "show"][..],
        &["config", "check"],
        &["config", "show", "--format", "json"],
        &["geo", "status"],
        &["geo", "status", "--format", "json"],
        &["doctor"],
        &["doctor", "--format", "json"],
    ] {
        let told = run(&home, &[], &[verb, &["-v", "--config", &file]].concat());
        assert!(!told.stdout.is_empty() || !told.stderr.is_empty(), "{verb:?}");
        keeps_the_secret(&home, &told, "keys.toml");
    }
    // Nor where the file makes no sense, at the key itself or around it.
    for broken in [
        text.replace(KEY, &format!("{KEY}\\n{KEY}")),
        text.replace("api-key", "api-kex"),
        text.replace("\"\nipgeo", "\nipgeo"),
        text.replace("[keys]", "[kyes]"),
        format!("ipgeolocation-api-key = \"{KEY}\"\n{text}"),
    ] {
        std::fs::write(&file, &broken).expect("write the file");
        let told = run(&home, &[], &["config", "check", "--config", &file]);
        assert!(
            told.status != 0 && !(told.stdout.is_empty() && told.stderr.is_empty()),
            "{told:?}\n{broken}"
        );
        keeps_the_secret(&home, &told, "keys.toml");
    }
}

/// As systemd hands it to a unit (`LoadCredential=`).
#[test]
fn a_key_that_is_a_credential_of_a_unit_shows_nowhere() {
    let name = "trace.ipgeolocation-api-key";
    let server = Server::start(free_plan);
    let home = Home::new();
    let directory = home.path().join("credentials");
    std::fs::create_dir(&directory).expect("make a directory");
    let url = server.url();
    let environment = [
        ("CREDENTIALS_DIRECTORY", directory.to_str().expect("a path")),
        ("IPGEOLOCATION_BASE_URL", url.as_str()),
    ];
    for (content, city) in [
        (format!("{KEY}\n"), Some("Amsterdam")),
        (format!("{KEY}\n{KEY}\n"), None),
        (format!("{KEY} {KEY}"), None),
        (KEY.repeat(200), None),
    ] {
        std::fs::write(directory.join(name), content).expect("write a credential");
        let look = run(&home, &environment, &["-v", "geo", "lookup", "-n", GLOBAL]).ends_with(0);
        let is_quiet = look.stderr.lines().all(|line| line.contains("(seccomp)"));
        assert_eq!(is_quiet, city.is_some(), "{look:?}");
        assert!(look.stdout.contains(city.unwrap_or("Netherlands")), "{look:?}");
        keeps_the_secret(&home, &look, name);
        for verb in
            [&["geo", "status"][..], &["config", "show"], &["doctor"], &["doctor", "--format", "json"]]
        {
            let told = run(&home, &environment, &[verb, &["-v"]].concat());
            keeps_the_secret(&home, &told, name);
        }
        // What was answered is kept, and would be an answer without a key too.
        let _ = std::fs::remove_dir_all(home.data());
    }
}
