//! `doctor`: what works on this machine, and what mends the rest. Nothing is sent but to the loopback address, unless a
//! probe to the first hop is asked for.

mod kept;
mod network;
mod process;
mod rights;
mod rules;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use trace_core::model::{Family, Outcome, Protocol, Protocols, Settings, Target, Ttl};
use trace_core::sys::{self, UnprivilegedLink};
use trace_core::tracer::{Job, Tracer};
use trace_store::{Error, Store};

use self::process::{Groups, PingRange};
pub(crate) use self::rules::read_first;
use crate::args::DoctorArguments;
use crate::clock;
use crate::config::Given;
use crate::exit::{Blame as _, Exit, Result};
use crate::output::Output;
use crate::report::health::{Check, State, exit, health};
use crate::settings::{data_dir, database_in};

pub(crate) fn run(
    typed: &DoctorArguments,
    data_dir_typed: Option<PathBuf>,
    given: &Given,
    output: &mut Output,
) -> Result<Exit> {
    let mut checks = vec![
        unprivileged("unprivileged probing, IPv4", Ipv4Addr::LOCALHOST.into()),
        unprivileged("unprivileged probing, IPv6", Ipv6Addr::LOCALHOST.into()),
        ping(),
        rights::raw(),
        rights::confinement(),
        ipv6(),
        network::firewall(),
        network::resolver(),
    ];
    if let Some(host) = &typed.probe {
        checks.push(network::first_hop(host));
    }
    checks.push(kept::config(given));
    match data_dir(data_dir_typed) {
        Ok(directory) => {
            checks.extend([keeping(&directory), kept::disk(&directory), database(&directory)]);
            checks.extend([kept::keys(&directory), kept::places(&directory)]);
        }
        Err(failure) => checks.push(Check {
            name: "data directory",
            state: State::Fails,
            found: failure.to_string(),
            remedy: None,
            exit: failure.exit,
        }),
    }
    let text = health(&checks, typed.format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(typed.format.format, &text)?;
    Ok(exit(&checks))
}

/// Whether the error queue of an ordinary UDP socket works: a probe to the loopback address comes back.
fn unprivileged(name: &'static str, loopback: IpAddr) -> Check {
    let check =
        |state, found: String, remedy| Check { name, state, found, remedy, exit: Exit::CouldNotProbe };
    if UdpSocket::bind((loopback, 0)).is_err() && loopback.is_ipv6() {
        let found = format!("{loopback} is not there: IPv6 is switched off");
        return check(
            State::Limited,
            found,
            Some("sudo sysctl -w net.ipv6.conf.all.disable_ipv6=0".to_owned()),
        );
    }
    match probe(loopback) {
        Ok(true) => {
            check(State::Works, format!("a UDP probe to {loopback} was answered on its error queue"), None)
        }
        Ok(false) => {
            let (cause, remedy) = match process::loopback_is_up() {
                Some(false) => ("the loopback interface is down", "sudo ip link set lo up"),
                _ => ("does a firewall eat ICMP errors?", "sudo nft list ruleset; sudo iptables-save"),
            };
            let found = format!("a UDP probe to {loopback} was not answered: {cause}");
            check(State::Fails, found, Some(remedy.to_owned()))
        }
        Err(error) => check(State::Fails, error.to_string(), None),
    }
}

/// Whether `loopback` answers a UDP probe.
fn probe(loopback: IpAddr) -> std::result::Result<bool, trace_core::Error> {
    let settings = Settings { queries: 1, max_ttl: Ttl::MIN, ..Settings::default() };
    let target = Target { name: None, address: loopback };
    let id = trace_store::new_id(clock::now(), [0; 10]);
    let job = Job { settings, ..Job::new(id, target, Protocols::One(Protocol::Udp), clock::now()) };
    let trace = Tracer::new(UnprivilegedLink::open()?).run(job)?;
    Ok(trace.outcome == Some(Outcome::Reached))
}

/// Whether echo requests may be sent without raw sockets.
fn ping() -> Check {
    let name = "unprivileged ICMP";
    let range = PingRange::read();
    let groups = Groups::read();
    let told = match (&range, &groups) {
        (Some(range), Some(groups)) => {
            let inside = groups.first_inside(range);
            let inside = inside.map_or_else(
                || format!("none of this user's groups ({groups}) is inside"),
                |group| format!("this user's group {group} is inside"),
            );
            format!("net.ipv4.ping_group_range is \"{range}\": {inside}")
        }
        _ => "net.ipv4.ping_group_range cannot be read".to_owned(),
    };
    let mut check = Check { name, state: State::Works, found: told, remedy: None, exit: Exit::CouldNotProbe };
    if !sys::can_ping(Family::V4) {
        check.state = State::Limited;
        check.found.push_str("; UDP is the default without raw sockets");
        check.remedy = Some("sudo sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"".to_owned());
    }
    check
}

/// Whether there is a way to the IPv6 world. Connecting a UDP socket sends nothing.
fn ipv6() -> Check {
    let name = "IPv6";
    // Of the documentation range: only the routing table is asked.
    let somewhere = (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 33434);
    let source = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect(somewhere)?;
        socket.local_addr()
    });
    let (state, found) = match source {
        Ok(source) => (State::Works, format!("there is a route, from {}", source.ip())),
        Err(error) => (State::Limited, format!("there is no route ({error}); IPv4 works without it")),
    };
    Check { name, state, found, remedy: None, exit: Exit::CouldNotProbe }
}

/// Whether traces can be kept where they are to be kept.
fn keeping(directory: &Path) -> Check {
    let check = |state, found, remedy| Check {
        name: "data directory",
        state,
        found,
        remedy,
        exit: Exit::CouldNotKeep,
    };
    // A directory that is not there yet is made by the first trace, inside the first one that is.
    let Some(there) = directory.ancestors().map(or_here).find(|ancestor| ancestor.exists()) else {
        return check(State::Fails, format!("{} leads nowhere", directory.display()), None);
    };
    let what = if there == or_here(directory) {
        format!("{}", directory.display())
    } else {
        format!("{} is not there yet, and {}", directory.display(), there.display())
    };
    if !there.is_dir() {
        return check(State::Fails, format!("{what} is no directory"), None);
    }
    match access(there, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => check(State::Works, format!("{what} can be written"), None),
        Err(error) => {
            let remedy = format!("sudo chown -R \"$USER\" {}", quoted(there));
            check(State::Fails, format!("{what} cannot be written: {error}"), Some(remedy))
        }
    }
}

/// The path, or the current directory for the empty one.
fn or_here(path: &Path) -> &Path {
    if path.as_os_str().is_empty() { Path::new(".") } else { path }
}

/// A database up to this size is looked at as a whole.
const AT_A_GLANCE: u64 = 64 << 20;

/// Whether the database can be read, and is whole.
fn database(directory: &Path) -> Check {
    let check =
        |state, found, remedy| Check { name: "database", state, found, remedy, exit: Exit::CouldNotKeep };
    let path = database_in(directory);
    let small = path.metadata().is_ok_and(|metadata| metadata.len() <= AT_A_GLANCE);
    let looked = Store::open_read_only(directory).and_then(|store| {
        let report = small.then(|| store.check()).transpose()?;
        Ok((store.count()?, report))
    });
    match looked {
        Ok((count, None)) => {
            let found =
                format!("{} holds {count} traces (`trace-cli db check` looks at each)", path.display());
            check(State::Works, found, None)
        }
        Ok((count, Some(report))) => match report.problems.first() {
            None => {
                check(State::Works, format!("{} holds {count} traces and is sound", path.display()), None)
            }
            Some(problem) => {
                let found = format!("{}: {problem}, {} in all", path.display(), report.problems.len());
                let remedy = format!("trace-cli --data-dir {} db check", quoted(directory));
                check(State::Fails, found, Some(remedy))
            }
        },
        Err(Error::Missing { path }) => {
            check(State::Works, format!("{} is made by the first trace", path.display()), None)
        }
        Err(error @ Error::Older { .. }) => {
            let remedy = format!("trace-cli --data-dir {} db init", quoted(directory));
            check(State::Limited, error.to_string(), Some(remedy))
        }
        Err(error) => check(State::Fails, error.to_string(), None),
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-+".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_a_shell() {
        assert_eq!(quoted(Path::new("/usr/bin/trace-cli")), "/usr/bin/trace-cli");
        assert_eq!(quoted(Path::new("/home/o'brien/a b")), r"'/home/o'\''brien/a b'");
    }

    #[test]
    fn a_directory_that_can_be_made_works() {
        let check = keeping(&std::env::temp_dir().join("not/yet/there"));
        assert_eq!(check.state, State::Works, "{check:?}");
        assert!(check.found.contains("is not there yet"), "{check:?}");
        let check = keeping(Path::new("/proc/version/data"));
        assert_eq!((check.state, check.exit), (State::Fails, Exit::CouldNotKeep), "{check:?}");
    }
}
