//! A laboratory of real kernel routers in network namespaces.
//!
//! [`inside`] runs a test in a user namespace of its own, entered through `unshare -Urnm`, so that any user
//! may build networks: [`Chain`] describes one and [`Lab`] is one that stands. There is no way out of it: the
//! namespaces are joined to each other and to nothing else.
//!
//! Where the machine forbids user namespaces or lacks a program, a test says `SKIPPED: why` on stderr and
//! passes; under `TRACE_REQUIRE_ALL=1` it fails.
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "every test file uses its own part of the laboratory"
)]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a laboratory that cannot be built fails the test"
)]

mod chain;
mod diamond;
mod echo;
mod firewall;
mod names;
mod node;
mod privilege;
mod relay;
mod responder;
mod routes;
mod wiretap;

pub(crate) use chain::{Chain, Lab};
pub(crate) use diamond::{Balance, Diamond};
pub(crate) use firewall::nft;
pub(crate) use names::Names;
pub(crate) use node::Node;
pub(crate) use privilege::{can_open_raw_socket, effective_capabilities, powerless};
pub(crate) use responder::{Responder, checksum};
pub(crate) use routes::{Fault, Refusal};
pub(crate) use wiretap::{Seen, Wiretap};

use std::fmt::Display;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Tells the re-executed test that it is inside, and which one it is.
const INSIDE: &str = "TRACE_LAB_INSIDE";
/// A test that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);
/// Programs the laboratory is built with, and the Debian packages they are in.
const PROGRAMS: [(&str, &str); 3] = [("unshare", "util-linux"), ("ip", "iproute2"), ("ethtool", "ethtool")];

/// Runs the body of the test called `name` (its path as the test harness prints it) inside.
pub(crate) fn inside(name: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some_and(|inside| inside == name) {
        watch_the_clock();
        return body();
    }
    let Some(mut command) = entrance() else { return };
    command.args([name, "--exact", "--nocapture", "--include-ignored", "--test-threads=1"]).env(INSIDE, name);
    let output = command.stdin(Stdio::null()).output().expect("start unshare");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} failed inside ({}):\n{stdout}{stderr}", output.status);
    assert!(stdout.contains("1 passed"), "no test is called {name}:\n{stdout}{stderr}");
    if !stderr.is_empty() {
        writeln!(std::io::stderr(), "{}", stderr.trim_end()).expect("write to stderr");
    }
}

/// Runs `body` inside for a program that is no test; it is started again with the arguments it has.
/// Returns whether it ran well.
pub(crate) fn program_inside(body: impl FnOnce()) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        body();
        return true;
    }
    let Some(mut command) = entrance() else { return true };
    let status = command.args(std::env::args_os().skip(1)).env(INSIDE, "program").status();
    status.expect("start unshare").success()
}

/// `unshare` with this very program behind it, or nothing where there can be no laboratory.
fn entrance() -> Option<Command> {
    for (program, package) in PROGRAMS {
        if tool(program).arg("--version").output().is_err() {
            skip(format_args!("no program {program}: apt-get install {package}"));
            return None;
        }
    }
    // A measurement may ask root for a laboratory without a user namespace of one user, in which some programs
    // cannot drop their rights.
    let namespaces = if as_root() { "-nm" } else { "-Urnm" };
    let attempt = tool("unshare").args([namespaces, "true"]).output().expect("start unshare");
    if !attempt.status.success() {
        let cause = String::from_utf8_lossy(&attempt.stderr);
        skip(format_args!(
            "no user namespaces ({}): sysctl -w user.max_user_namespaces=10000, and where AppArmor forbids \
             them, sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
            cause.trim()
        ));
        return None;
    }
    let mut command = tool("unshare");
    command.arg(namespaces).arg(std::env::current_exe().expect("the path of this program"));
    Some(command)
}

/// Whether the laboratory belongs to the real root, as `TRACE_LAB_ROOT=1` asks for.
pub(crate) fn as_root() -> bool {
    std::env::var_os("TRACE_LAB_ROOT").is_some_and(|asked| asked == "1")
}

/// Says that a test did not run, and why. The test harness does not capture what is written this way.
pub(crate) fn skip(why: impl Display) {
    assert!(std::env::var_os("TRACE_REQUIRE_ALL").is_none_or(|all| all != "1"), "may not be skipped: {why}");
    writeln!(std::io::stderr(), "SKIPPED: {why}").expect("write to stderr");
}

/// A program of the system, found also where an ordinary user's PATH does not look.
pub(crate) fn tool(name: &str) -> Command {
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin");
    let mut command = Command::new(name);
    command.env("PATH", path);
    command
}

/// Ends this process if it hangs: the namespaces and everything in them go with it.
fn watch_the_clock() {
    thread::spawn(|| {
        thread::park_timeout(LIMIT);
        let _ = writeln!(std::io::stderr(), "the test took longer than {LIMIT:?}");
        std::process::abort();
    });
}

/// The path of a test function as the test harness prints it, which is that of its type without the crate.
pub(crate) fn path_of<F: Fn()>(_: F) -> &'static str {
    let whole = std::any::type_name::<F>();
    whole.split_once("::").map_or(whole, |(_, path)| path)
}

/// A test that runs inside a laboratory: `lab_test! { fn name() { .. } }`.
macro_rules! lab_test {
    ($($(#[$attribute:meta])* fn $name:ident() $body:block)+) => { $(
        #[test]
        $(#[$attribute])*
        fn $name() {
            $crate::lab::inside($crate::lab::path_of($name), || $body);
        }
    )+ };
}
pub(crate) use lab_test;
