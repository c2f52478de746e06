use std::io;
use std::net::IpAddr;

/// What can go wrong in this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A word that is none of those known.
    #[error("{word:?} is no {what}; known are: {known}")]
    UnknownWord {
        /// What was expected.
        what: &'static str,
        /// What was found.
        word: String,
        /// What would have been understood.
        known: &'static str,
    },
    /// The system does not let this user do it.
    #[error("not permitted: {attempt}; {remedy}")]
    NotPermitted {
        /// What was attempted, as `open a raw ICMP socket`.
        attempt: &'static str,
        /// What would mend it.
        remedy: &'static str,
    },
    /// There is no way to the address from here.
    #[error("no route to {address}: {source}")]
    NoRoute {
        /// The address.
        address: IpAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The probes were to leave from an address that this machine does not have.
    #[error(
        "no interface of this machine has the address {address}, so no probe can leave from it: {source}; \
         `ip address` lists those there are"
    )]
    ForeignSource {
        /// The address.
        address: IpAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The probes were to leave by an interface that this machine does not have.
    #[error("there is no interface {name:?}; there are: {}", known.join(", "))]
    NoInterface {
        /// The name that was asked for.
        name: String,
        /// The names of the interfaces that are there.
        known: Vec<String>,
    },
    /// The probes of a flow were to leave from a port that cannot be had.
    #[error(
        "cannot send from port {port}: {source}; take another source port, or none, which finds a free one"
    )]
    SourcePort {
        /// The port: that of the first flow plus the number of the flow.
        port: u32,
        /// What the system said.
        source: io::Error,
    },
    /// A call to the system failed.
    #[error("could not {attempt}: {source}")]
    System {
        /// What was attempted, as `read the error queue of a UDP socket`.
        attempt: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A link cannot do what was asked of it.
    #[error("{mode} probing cannot {what}; {remedy}")]
    Unsupported {
        /// The mode of the link.
        mode: crate::model::Mode,
        /// What was asked, as `send TCP probes`.
        what: &'static str,
        /// What to do instead.
        remedy: &'static str,
    },
    /// A probe cannot be as small as it was asked to be.
    #[error("a probe by {protocol} over {family} cannot have {size} bytes; the smallest has {smallest}")]
    ProbeSize {
        /// The protocol of the probe.
        protocol: crate::model::Protocol,
        /// Its family.
        family: crate::model::Family,
        /// The size of the whole packet that was asked for, in bytes.
        size: u16,
        /// The smallest size that carries what a probe must carry.
        smallest: u16,
    },
    /// A packet cannot go from one family to the other.
    #[error("no packet goes from {from} to {to}: give two IPv4 or two IPv6 addresses")]
    MixedFamilies {
        /// The source address.
        from: IpAddr,
        /// The destination address.
        to: IpAddr,
    },
    /// A scenario for the simulated network cannot be understood.
    #[cfg(feature = "sim")]
    #[error("scenario, line {line}, column {column}: {problem}")]
    Scenario {
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
        /// What is wrong there, with a suggestion where one is near.
        problem: String,
    },
    /// A trace was asked for and another call has already taken it.
    #[error("the trace has been handed out as an event already; read it there, or use one Tracer a trace")]
    Unfinished,
}
