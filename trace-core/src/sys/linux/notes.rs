//! What a link cannot keep of what was asked for, in sentences for a person.

use crate::link::Destination;
use crate::model::{Family, Mode, Protocol};

/// Everything that is given up for a target.
pub(super) fn of(destination: &Destination, mode: Mode) -> Vec<String> {
    let has = |protocol| destination.protocols.list().contains(&protocol);
    let family = Family::of(destination.address);
    let mut notes = Vec::new();
    let mut note = |applies: bool, text: &str| {
        if applies {
            notes.push(text.to_owned());
        }
    };
    note(
        family == Family::V4 && destination.flow_label.is_some(),
        "IPv4 has no flow label: the one asked for is not sent",
    );
    note(
        has(Protocol::Icmp) && destination.source_port.is_some(),
        "ICMP has no ports: the source port asked for is the identifier of the echo requests",
    );
    if mode == Mode::Unprivileged {
        note(
            family == Family::V6 && destination.flow_label == Some(0),
            "the kernel chooses a flow label where 0 is asked for, unless `sysctl net.ipv6.auto_flowlabels` is 0",
        );
        note(
            has(Protocol::Tcp),
            "TCP probes without raw sockets leave from a port each, so that routers which balance by ports may \
             send them along different paths; what answers after more than 0.95 seconds is not heard",
        );
        note(
            has(Protocol::Tcp) && destination.source_port.is_some(),
            "TCP probes without raw sockets cannot leave from the source port asked for",
        );
        note(
            has(Protocol::Tcp) && destination.size.is_some(),
            "the kernel chooses the size of TCP probes without raw sockets",
        );
        note(
            has(Protocol::Tcp) && destination.tos & 0b11 != 0,
            "the kernel clears the ECN bits of TCP probes without raw sockets",
        );
    }
    notes
}
