use std::ffi::OsString;
use std::process::Command;

use rustix::thread::CapabilitySet;

use super::linux::{Typed, drop_all_but};

fn typed(line: &str) -> Typed {
    Typed::of(line.split(' ').map(OsString::from))
}

#[test]
fn flags_keep_what_they_cannot_do_without() {
    let nothing = CapabilitySet::empty();
    let cases = [
        ("trace-cli list", false, nothing),
        ("trace-cli trace example.org", true, nothing),
        ("trace-cli --data-dir x trace example.org --mark 7", true, CapabilitySet::NET_RAW),
        ("trace-cli trace --mark=0x7 example.org", true, CapabilitySet::NET_RAW),
        ("trace-cli trace --source-port 53 example.org", true, CapabilitySet::NET_BIND_SERVICE),
        ("trace-cli trace --source-port=1024 example.org", true, nothing),
        ("trace-cli trace --source-port -1 example.org 53", true, nothing),
        ("trace-cli serve --listen [::]:80", true, CapabilitySet::NET_BIND_SERVICE),
        ("trace-cli serve --listen=127.0.0.1:443", true, CapabilitySet::NET_BIND_SERVICE),
        ("trace-cli serve --listen 127.0.0.1:8050", true, nothing),
        ("trace-cli serve --listen 0", true, nothing),
        ("trace-cli", false, nothing),
        ("", false, nothing),
    ];
    for (line, probes, keep) in cases {
        let is_alone = !probes;
        assert_eq!(typed(line), Typed { probes, asks_the_doctor: false, is_alone, keep }, "{line}");
    }
    let fetching = typed("trace-cli geo update");
    assert_eq!(fetching, Typed { probes: false, asks_the_doctor: false, is_alone: false, keep: nothing });
    assert!(typed("trace-cli --verbose doctor").asks_the_doctor);
}

/// Rights are a thread's own, so one of them can try.
#[test]
fn nothing_is_left_and_nothing_comes_back() {
    let tried = std::thread::spawn(|| {
        drop_all_but(CapabilitySet::empty()).unwrap();
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            assert!(status.contains(&format!("{set}:\t0000000000000000")), "{status}");
        }
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
        // A program that it starts has none either, also where this user is root.
        let started = Command::new("/bin/cat").arg("/proc/self/status").output().unwrap();
        let status = String::from_utf8(started.stdout).unwrap();
        for set in ["CapPrm", "CapEff"] {
            assert!(status.contains(&format!("{set}:\t0000000000000000")), "{status}");
        }
        // And once more is no error.
        drop_all_but(CapabilitySet::empty()).unwrap();
    });
    tried.join().unwrap();
}

/// What is kept is no more than there was.
#[test]
fn what_was_not_there_is_not_kept() {
    let tried = std::thread::spawn(|| {
        drop_all_but(CapabilitySet::NET_RAW).unwrap();
        let kept = rustix::thread::capabilities(None).unwrap();
        assert!(CapabilitySet::NET_RAW.contains(kept.effective), "{kept:?}");
        assert_eq!((kept.effective, kept.inheritable), (kept.permitted, CapabilitySet::empty()));
    });
    tried.join().unwrap();
}
