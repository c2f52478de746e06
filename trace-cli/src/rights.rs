//! Rights: what needs one is opened first, and then all are given up for good.
//!
//! This happens before the environment, a configuration or a path is read: a program with file capabilities is started
//! by people who do not have them, and what they can choose must not meet a right. Of what was typed only single words
//! are looked at, to keep the one right that a flag cannot do without.
//!
//! Root keeps what a user of that number may do anyway, its own files; while it hears strangers it may no longer read
//! everybody's. Verbs that touch no network keep that: root looks at what a service has kept.

use std::ffi::OsString;

use crate::exit::Result;

/// Opens raw sockets, if the verb may probe and they are permitted, and gives up every capability, for this process and
/// everything it starts.
///
/// # Errors
///
/// A capability cannot be given up. Nothing else must be done then.
#[cfg(target_os = "linux")]
pub(crate) fn give_up(typed: impl IntoIterator<Item = OsString>) -> Result<()> {
    linux::give_up(&linux::Typed::of(typed))
}

/// There are no capabilities elsewhere.
#[cfg(not(target_os = "linux"))]
pub(crate) fn give_up(_typed: impl IntoIterator<Item = OsString>) -> Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsString;
    use std::io;

    use anyhow::anyhow;
    use rustix::thread::{
        CapabilitiesSecureBits, CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
        remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits,
        set_no_new_privs,
    };

    use crate::exit::{Exit, Failure, Result};

    /// The verbs that probe.
    const PROBING: [&str; 4] = ["trace", "watch", "serve", "doctor"];
    /// The verbs that hear strangers in another way.
    const FETCHING: [&str; 1] = ["geo"];
    /// What root has for files of others, which SQLite needs to leave its files theirs.
    const FILES: CapabilitySet = CapabilitySet::CHOWN
        .union(CapabilitySet::DAC_OVERRIDE)
        .union(CapabilitySet::DAC_READ_SEARCH)
        .union(CapabilitySet::FOWNER);
    /// Ports below it are for who may bind them (ip(7)).
    const FIRST_FREE_PORT: u16 = 1024;

    /// What the words that were typed tell of rights.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(super) struct Typed {
        /// One of them may be a verb that probes.
        pub(super) probes: bool,
        /// One of them may be the verb that looks at the firewall.
        pub(super) asks_the_doctor: bool,
        /// None of them is a verb that hears anybody.
        pub(super) is_alone: bool,
        /// Marks need a right each time a packet leaves (socket(7)), low ports when they are bound.
        pub(super) keep: CapabilitySet,
    }

    impl Typed {
        pub(super) fn of(typed: impl IntoIterator<Item = OsString>) -> Self {
            let mut told =
                Self { probes: false, asks_the_doctor: false, is_alone: true, keep: CapabilitySet::empty() };
            let mut flag = String::new();
            for word in typed.into_iter().skip(1) {
                // What is no text is no flag and no number.
                let word = word.to_string_lossy();
                told.probes |= PROBING.contains(&word.as_ref());
                told.asks_the_doctor |= word == "doctor";
                told.is_alone &= !told.probes && !FETCHING.contains(&word.as_ref());
                let (name, value) = match word.split_once('=') {
                    Some((name, value)) if name.starts_with("--") => (name, value),
                    _ if word.starts_with("--") => (word.as_ref(), ""),
                    _ => (flag.as_str(), word.as_ref()),
                };
                match name {
                    "--mark" => told.keep |= CapabilitySet::NET_RAW,
                    // A port, or an address with one.
                    "--source-port" | "--listen" => {
                        let port = value.rsplit(':').next().and_then(|port| port.parse::<u16>().ok());
                        if port.is_some_and(|port| (1..FIRST_FREE_PORT).contains(&port)) {
                            told.keep |= CapabilitySet::NET_BIND_SERVICE;
                        }
                    }
                    _ => {}
                }
                flag = if word.starts_with("--") { word.into_owned() } else { String::new() };
            }
            told
        }
    }

    pub(super) fn give_up(typed: &Typed) -> Result<()> {
        if typed.probes {
            // A file whose rights are permitted and not effective (`setcap cap_net_raw+p`) starts also where the bounding set
            // has none of them, as in a service; one with `+ep` does not.
            let _ = raise(CapabilitySet::NET_RAW);
            // Where it is not permitted, links say so when they are made, or do without.
            let _ = trace_core::sys::open_first(1);
        }
        // Of the user, not of the file: nobody else gets them.
        let is_root = rustix::process::getuid().is_root() && rustix::process::geteuid().is_root();
        if typed.asks_the_doctor && is_root {
            crate::verb::doctor::read_first();
        }
        let files = if typed.is_alone && is_root { FILES } else { CapabilitySet::empty() };
        drop_all_but(typed.keep.union(files)).map_err(|error| {
            let cause = anyhow!(
                "could not give up the capabilities of this process, so nothing was done: {error}; where system calls \
                 are filtered, capset must be let through"
            );
            Failure::new(Exit::CouldNotProbe, cause)
        })
    }

    /// Makes a right effective, if it is permitted and is not yet.
    fn raise(right: CapabilitySet) -> io::Result<()> {
        let had = capabilities(None)?;
        if had.effective.contains(right) || !had.permitted.contains(right) {
            return Ok(());
        }
        set_capabilities(None, CapabilitySets { effective: had.effective.union(right), ..had })
            .map_err(Into::into)
    }

    /// Gives up every capability of this thread but those, and the ways to get any again. The process has one thread yet.
    pub(super) fn drop_all_but(keep: CapabilitySet) -> io::Result<()> {
        let had = capabilities(None)?;
        let nothing = CapabilitySet::empty();
        if had.effective.contains(CapabilitySet::SETPCAP) {
            // Further locks, for who may put them: without them it is `no_new_privs` alone that keeps programs which
            // root starts from having everything.
            for capability in CapabilitySet::all().difference(keep).iter() {
                // This kernel may not know all of them.
                let _ = remove_capability_from_bounding_set(capability);
            }
            let _ = set_capabilities_secure_bits(
                CapabilitiesSecureBits::NO_ROOT
                    | CapabilitiesSecureBits::NO_ROOT_LOCKED
                    | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE
                    | CapabilitiesSecureBits::NO_CAP_AMBIENT_RAISE_LOCKED,
            );
        }
        let kept = had.permitted.intersection(keep);
        let wanted = CapabilitySets { effective: kept, permitted: kept, inheritable: nothing };
        if had != wanted {
            clear_ambient_capability_set()?;
            set_capabilities(None, wanted)?;
        }
        set_no_new_privs(true)?;
        if capabilities(None)? == wanted { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
