//! One machine of the laboratory: a network namespace.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::panic::resume_unwind;
use std::process::{Command, Output, Stdio};
use std::thread;

use nix::sched::{CloneFlags, setns, unshare};

use super::privilege::drop_capabilities;
use super::tool;

/// A network namespace; it lasts as long as this value and everything that runs in it.
#[derive(Debug)]
pub(crate) struct Node {
    namespace: File,
}

impl Node {
    /// A new namespace whose sysctls are set before any interface can copy their defaults.
    pub(crate) fn new(sysctls: &[(&str, &str)]) -> Self {
        let namespace = join(|| {
            unshare(CloneFlags::CLONE_NEWNET).expect("make a network namespace");
            for (name, value) in sysctls {
                set_sysctl(name, value);
            }
            File::open("/proc/thread-self/ns/net").expect("open the network namespace")
        });
        Self { namespace }
    }

    /// The name by which `ip` finds the namespace.
    pub(crate) fn path(&self) -> String {
        format!("/proc/{}/fd/{}", std::process::id(), self.namespace.as_raw_fd())
    }

    /// Runs `body` on a thread of its own inside the namespace. Processes it starts are inside too.
    pub(crate) fn enter<T: Send>(&self, body: impl FnOnce() -> T + Send) -> T {
        join(|| {
            setns(&self.namespace, CloneFlags::CLONE_NEWNET).expect("enter a network namespace");
            body()
        })
    }

    /// The same, without any capability, and without a way for programs it starts to gain one.
    pub(crate) fn enter_unprivileged<T: Send>(&self, body: impl FnOnce() -> T + Send) -> T {
        self.enter(|| {
            drop_capabilities();
            body()
        })
    }

    /// Runs a program inside to its end.
    pub(crate) fn output(&self, command: &mut Command) -> Output {
        self.enter(|| command.stdin(Stdio::null()).output().expect("start a program in the laboratory"))
    }

    /// Sets a sysctl, named by its path below `/proc/sys/net`.
    pub(crate) fn sysctl(&self, name: &str, value: &str) {
        self.enter(|| set_sysctl(name, value));
    }

    /// Runs lines of `ip -batch` inside.
    pub(crate) fn ip(&self, lines: &str) {
        self.enter(|| ip(&[], lines));
    }

    /// Runs lines of `ip -6 -batch` inside.
    pub(crate) fn ip6(&self, lines: &str) {
        self.enter(|| ip(&["-6"], lines));
    }

    /// Packets that programs have sent by an interface so far: all but the kernel's own chatter over IPv6, which is
    /// solicitations, advertisements and reports of multicast groups (ICMPv6 types 133 to 136 and 143).
    pub(crate) fn packets_sent(&self, interface: &str) -> u64 {
        self.enter(|| {
            let read = |file: &str| {
                std::fs::read_to_string(format!("/proc/thread-self/net/{file}"))
                    .expect("read the kernel's counters")
            };
            let devices = read("dev");
            let line =
                devices.lines().find_map(|line| line.trim_start().strip_prefix(interface)?.strip_prefix(':'));
            // Eight columns of what was received come first: bytes, packets and so on; then the same of what was sent.
            let all = line.expect("an interface").split_whitespace().nth(9).expect("a counter");
            let chatter: u64 = read(&format!("dev_snmp6/{interface}"))
                .lines()
                .filter_map(|line| {
                    let (name, count) = line.split_once(char::is_whitespace)?;
                    let kind: u8 = name.strip_prefix("Icmp6OutType")?.parse().ok()?;
                    matches!(kind, 133..=136 | 143).then(|| count.trim().parse::<u64>().expect("a number"))
                })
                .sum();
            all.parse::<u64>().expect("a number") - chatter
        })
    }

    /// Makes the kernel finish checksums itself: what a veth hands on is otherwise unfinished, and a router
    /// would quote it so.
    pub(crate) fn finish_checksums(&self, interface: &str) {
        let output = self.output(tool("ethtool").args(["-K", interface, "tx", "off"]));
        assert!(
            output.status.success(),
            "ethtool -K {interface}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn set_sysctl(name: &str, value: &str) {
    let path = format!("/proc/sys/net/{name}");
    std::fs::write(&path, value).unwrap_or_else(|error| panic!("write {value} to {path}: {error}"));
}

fn ip(options: &[&str], lines: &str) {
    let mut child = tool("ip")
        .args(options)
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start ip");
    child.stdin.take().expect("ip's input").write_all(lines.as_bytes()).expect("write to ip");
    let output = child.wait_with_output().expect("wait for ip");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {options:?} failed: {errors}in\n{lines}");
}

/// Runs `body` on a thread that may change its namespaces and rights, and hands its panics on.
fn join<T: Send>(body: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(body).join().unwrap_or_else(|panic| resume_unwind(panic)))
}
