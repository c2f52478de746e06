#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::{self, Write as _};
use std::process::Command;

use nix::sched::{CloneFlags, unshare};
use socket2::{Domain, Socket, Type};

use super::{Standing, Walls};

/// Walls are a thread's own, so one of them can try them.
fn behind<T: Send>(walls: &Walls, try_it: impl FnOnce(&Standing) -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| try_it(&walls.build())).join().unwrap())
}

/// Whether the kernel has it; if not, that is said aloud.
fn stands(wall: &Result<(), String>) -> bool {
    if let Err(why) = wall {
        assert!(
            std::env::var_os("TRACE_REQUIRE_ALL").is_none_or(|all| all != "1"),
            "may not be skipped: {why}"
        );
        // The harness does not capture what is written this way.
        let mut stderr = io::stderr();
        writeln!(stderr, "SKIPPED: {why}").unwrap();
    }
    wall.is_ok()
}

fn refused<T: core::fmt::Debug>(attempt: io::Result<T>) {
    let error = attempt.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
}

#[test]
fn files_of_others_are_out_of_reach() {
    let [home, data, named, temporary] = [(); 4].map(|()| tempfile::tempdir().unwrap());
    let secret = home.path().join("id_ed25519");
    let feed = named.path().join("places.csv");
    for file in [&secret, &feed] {
        fs::write(file, "text").unwrap();
    }
    // Not `Walls::new`, which lets temporary files be written, where the test has all of its own.
    let walls =
        Walls::default().read([&feed]).write(data.path()).write_beside(&temporary.path().join("map.png"));
    behind(&walls, |standing| {
        if !stands(&standing.files) {
            return;
        }
        refused(fs::read(&secret));
        refused(fs::read_dir(home.path()).map(|_| ()));
        refused(fs::write(&secret, "other"));
        refused(fs::write(home.path().join("new"), ""));
        refused(fs::remove_file(&secret));
        refused(fs::rename(&secret, data.path().join("mine")));
        refused(fs::write("/etc/hosts", ""));
        assert_eq!(fs::read_to_string(&feed).unwrap(), "text");
        refused(fs::write(&feed, "other"));
        fs::read("/etc/hosts").unwrap();
        fs::read("/proc/self/status").unwrap();
        fs::write("/dev/null", "x").unwrap();
        // What a store does.
        let [draft, document] = ["draft", "document"].map(|name| data.path().join(name));
        fs::create_dir(data.path().join("traces")).unwrap();
        fs::write(&draft, "1").unwrap();
        fs::write(&draft, "").unwrap();
        fs::rename(&draft, &document).unwrap();
        fs::remove_file(&document).unwrap();
        fs::write(temporary.path().join("map.png"), "").unwrap();
    });
    assert_eq!(fs::read_to_string(&secret).unwrap(), "text", "another thread is not confined");
}

#[test]
fn no_program_is_started_and_no_other_door_opened() {
    behind(&Walls::new(), |standing| {
        if !stands(&standing.calls) {
            return;
        }
        refused(Command::new("/bin/true").status());
        refused(Socket::new(Domain::PACKET, Type::DGRAM, None));
        refused(Socket::new(Domain::VSOCK, Type::STREAM, None));
        // Without walls it is EINVAL, as this process has more than one thread.
        refused(unshare(CloneFlags::CLONE_NEWUSER).map_err(io::Error::from));
        for domain in [Domain::IPV4, Domain::IPV6] {
            Socket::new(domain, Type::DGRAM, None).unwrap();
        }
        Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        // Threads start as before, and live behind the same walls.
        std::thread::spawn(|| refused(Command::new("/bin/true").status())).join().unwrap();
    });
}

#[test]
fn what_holds_is_said() {
    let standing = Standing { files: Ok(()), calls: Err("too old".to_owned()) };
    assert_eq!(
        standing.to_string(),
        "files (Landlock) confined; system calls (seccomp) not confined: too old"
    );
}
