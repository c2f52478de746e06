//! What this process may do, and may no longer.

use std::path::{Path, PathBuf};
use std::thread;

use trace_core::sys::RawLink;

use super::{process, quoted};
use crate::confine::Walls;
use crate::exit::Exit;
use crate::report::health::{Check, State};

/// Whether raw sockets can be had.
pub(super) fn raw() -> Check {
    let check =
        |state, found, remedy| Check { name: "raw sockets", state, found, remedy, exit: Exit::CouldNotProbe };
    let error = match RawLink::open() {
        Ok(_) => {
            let found = "permitted; every right was given up as soon as they were open".to_owned();
            return check(State::Works, found, None);
        }
        Err(error) => error,
    };
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("trace-cli"));
    let without = "what routers quote is not seen without them";
    if !matches!(error, trace_core::Error::NotPermitted { .. }) {
        return check(State::Limited, format!("{error}; {without}"), None);
    }
    if has_right(&program) {
        let why = match process::may_have_net_raw() {
            Some(false) => {
                "the bounding set of this process has no CAP_NET_RAW, as in a container or a service"
            }
            _ => {
                "this process was started with no_new_privs, in a user namespace, or from a file system mounted nosuid"
            }
        };
        let found = format!("{} has CAP_NET_RAW, and it does not count: {why}; {without}", program.display());
        return check(State::Limited, found, None);
    }
    let found = format!("not permitted: {} has no CAP_NET_RAW; {without}", program.display());
    check(State::Limited, found, Some(format!("sudo setcap cap_net_raw+p {}", quoted(&program))))
}

/// Whether a file has the right.
#[cfg(target_os = "linux")]
fn has_right(program: &Path) -> bool {
    // The longest attribute has 24 bytes.
    let mut attribute = [0; 64];
    let length = rustix::fs::getxattr(program, "security.capability", &mut attribute[..]);
    length.is_ok_and(|length| process::file_has_net_raw(attribute.get(..length).unwrap_or_default()))
}

#[cfg(not(target_os = "linux"))]
fn has_right(_program: &Path) -> bool {
    false
}

/// Whether this kernel confines a trace. A thread tries it: it holds for that thread alone.
pub(super) fn confinement() -> Check {
    let standing = thread::spawn(|| Walls::new().build()).join();
    let (state, found) = match standing {
        Ok(standing) if standing.files.is_ok() && standing.calls.is_ok() => {
            (State::Works, standing.to_string())
        }
        Ok(standing) => (State::Limited, standing.to_string()),
        Err(_) => (State::Limited, "cannot tell".to_owned()),
    };
    Check { name: "confinement", state, found, remedy: None, exit: Exit::CouldNotProbe }
}
