//! A browser tab, opened unless somebody says otherwise; and where the server listens if nobody says where.

use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::Server;
use super::http::Request;
use super::samples::{keep, usual};
use crate::lab::{Chain, lab_test};
use crate::run::Home;

/// A home with a program that opens pages, as a desktop has one: it writes down what it is asked for.
fn desktop() -> (Home, PathBuf) {
    let home = Home::new();
    keep(&home, &usual());
    let programs = home.path().join("bin");
    fs::create_dir(&programs).expect("make a directory");
    let opened = home.path().join("opened");
    let script =
        format!("#!/bin/sh\necho \"$#\" \"$@\" >>'{0}.part'\nmv '{0}.part' '{0}'\n", opened.display());
    let path = programs.join("xdg-open");
    fs::write(&path, script).expect("write a program");
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("make it a program");
    (home, opened)
}

/// The server on a desktop whose programs are those of the home, and then those named here.
fn serve(home: &Home, more: &[&str], programs: &str) -> Command {
    let mut command = home.command(&[&["serve", "-v", "--listen", "127.0.0.1:0"], more].concat());
    let path = format!("{}:{programs}", home.path().join("bin").display());
    command.env("DISPLAY", ":99").env("PATH", path);
    command
}

/// Waits for what a browser was told, for a minute at most.
fn told(opened: &std::path::Path) -> String {
    for _ in 0..1200 {
        if let Ok(text) = fs::read_to_string(opened) {
            return text;
        }
        thread::park_timeout(Duration::from_millis(50));
    }
    panic!("no browser was opened")
}

#[test]
fn a_browser_tab_is_opened_with_the_address() {
    let (home, opened) = desktop();
    let server = Server::of(&mut serve(&home, &[], "/usr/bin:/bin"));
    assert_eq!(told(&opened), format!("1 http://{}/\n", server.address));
    assert_eq!(server.get("/api/v1/status").status, 200);
    assert!(server.end().success());
}

#[test]
fn no_tab_is_opened_where_there_is_no_desktop_or_nobody_wants_one() {
    let (home, opened) = desktop();
    for (more, screen) in [(&["--no-open"][..], Some(":99")), (&[], None)] {
        let mut command = serve(&home, more, "/usr/bin:/bin");
        if screen.is_none() {
            command.env_remove("DISPLAY");
        }
        let server = Server::of(&mut command);
        // Who answers has opened what was to be opened.
        assert_eq!(server.get("/healthz").status, 200);
        assert_eq!(server.log.iter().take(3).any(|line| line.contains("no desktop")), screen.is_none());
        assert!(server.end().success());
    }
    assert!(!opened.exists());
}

#[test]
fn without_a_browser_it_is_served_all_the_same() {
    let (home, opened) = desktop();
    fs::remove_file(home.path().join("bin/xdg-open")).expect("remove it");
    let nothing = home.path().join("bin");
    let server = Server::of(&mut serve(&home, &[], nothing.to_str().expect("a path")));
    assert!(server.log.iter().take(3).any(|line| line.contains("no browser could be opened")));
    assert_eq!(server.get("/api/v1/status").status, 200);
    assert!(server.end().success());
    assert!(!opened.exists());
}

#[test]
fn where_nobody_says_so_it_listens_at_port_8050_of_this_machine() {
    let home = Home::new();
    // Held here, unless somebody else on this machine holds it already.
    let _taken = TcpListener::bind("127.0.0.1:8050");
    home.run(&["serve", "--no-open"])
        .complains(2, &["cannot listen on 127.0.0.1:8050", "another program", ":0"]);
    let help = home.run(&["serve", "--help"]).ends_with(0).stdout;
    assert!(help.contains("[default: 127.0.0.1:8050]"), "{help}");
}

lab_test! {
    fn elsewhere_it_listens_with_a_token_and_asks_everybody_for_it() {
        let lab = Chain::of(1).build();
        let home = Home::new();
        keep(&home, &usual());
        let token = home.write("token", "correct-horse-battery\n");
        fs::set_permissions(&token, PermissionsExt::from_mode(0o600)).expect("set the mode");
        let outside = lab.source(4);
        lab.vantage().enter(|| {
            for listen in ["0.0.0.0:0", &format!("{outside}:0")] {
                home.run(&["serve", "--no-open", "--listen", listen]).complains(2, &["--token-file", listen]);
                let arguments = ["serve", "--no-open", "--listen", listen, "--token-file", &token];
                let server = Server::of(&mut home.command(&arguments));
                let ask = |to: IpAddr| Request::new(SocketAddr::new(to, server.address.port()), "GET", "/api/v1/status");
                let reached = if listen.starts_with('0') { vec![outside, [127, 0, 0, 2].into()] } else { vec![outside] };
                for to in reached {
                    ask(to).send().complains(401, "token");
                    let known = ask(to).header("authorization", "Bearer correct-horse-battery").send();
                    assert_eq!(known.json()["store"]["traces"], 48, "{to}");
                    let foreign = ask(to).header("authorization", "Bearer correct-horse-battery").header("host", "evil.example");
                    foreign.send().complains(403, "--host-name");
                }
                assert!(server.end().success());
            }
        });
    }
}
