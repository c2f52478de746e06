//! What a thread may do.

use caps::CapSet;
use socket2::{Domain, Protocol, Socket, Type};

/// Takes every capability from this thread and from every program it will start, also one run as root of the
/// user namespace.
pub(super) fn drop_capabilities() {
    for capability in caps::all() {
        // Capabilities that this kernel does not know yet cannot be dropped.
        let _ = caps::drop(None, CapSet::Bounding, capability);
    }
    for set in [CapSet::Inheritable, CapSet::Effective, CapSet::Permitted] {
        caps::clear(None, set).expect("drop capabilities");
    }
}

/// The line `CapEff` of this thread.
pub(crate) fn effective_capabilities() -> u64 {
    capabilities_in(
        &std::fs::read_to_string("/proc/thread-self/status").expect("read the status of a thread"),
    )
}

/// The line `CapEff` of a `/proc/PID/status`.
pub(crate) fn capabilities_in(status: &str) -> u64 {
    let digits = status.lines().find_map(|line| line.strip_prefix("CapEff:")).expect("a line CapEff");
    u64::from_str_radix(digits.trim(), 16).expect("hexadecimal digits")
}

/// Whether this thread may open a raw socket of either family.
pub(crate) fn can_open_raw_socket() -> bool {
    [(Domain::IPV4, Protocol::ICMPV4), (Domain::IPV6, Protocol::ICMPV6)]
        .into_iter()
        .any(|(domain, protocol)| Socket::new(domain, Type::RAW, Some(protocol)).is_ok())
}

/// Panics unless this thread, and a program started by it, has no capability and can open no raw socket.
pub(crate) fn powerless() {
    assert_eq!(effective_capabilities(), 0, "this thread still has capabilities");
    assert!(!can_open_raw_socket(), "a raw socket could be opened without any capability");
    let status = super::tool("cat").arg("/proc/self/status").output().expect("start cat");
    assert_eq!(
        capabilities_in(&String::from_utf8_lossy(&status.stdout)),
        0,
        "a program regains capabilities"
    );
}
