//! What to trace to, and how to probe.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use trace_core::model::{Mode, Protocols, Ttl};

use super::values::{self, Asked, Rounds};
use crate::clock::parse_span;

/// What to trace to.
#[derive(Debug, Args)]
pub(crate) struct TargetArguments {
    /// Names or addresses to trace to
    ///
    /// Names may be international; they are resolved by this system. An address of one link carries its zone, as
    /// fe80::1%eth0. Several hosts are traced side by side and printed as they finish.
    #[arg(value_name = "HOST", required_unless_present = "targets")]
    pub(crate) hosts: Vec<String>,
    /// More hosts from a file, one a line; - is standard input
    ///
    /// Blank lines, and what stands behind a #, are left out. A line that makes no sense is reported with its
    /// number; the others are traced, and the exit status is 2 in the end.
    #[arg(long, value_name = "FILE")]
    pub(crate) targets: Option<PathBuf>,
    /// Take networks, as 192.0.2.0/24, for all their addresses
    ///
    /// The network and broadcast addresses of an IPv4 network are left out. More than 65,536 addresses are traced
    /// with --yes only.
    #[arg(long, hide_short_help = true)]
    pub(crate) expand: bool,
    /// Trace also to more than 65,536 addresses
    #[arg(long, hide_short_help = true, requires = "expand")]
    pub(crate) yes: bool,
    /// Trace to every address of a name, not only to the best one
    #[arg(long, hide_short_help = true)]
    pub(crate) all_addresses: bool,
}

/// How to probe.
#[derive(Debug, Args)]
pub(crate) struct Probing {
    /// IPv4 only
    #[arg(short = '4', conflicts_with = "ipv6")]
    pub(crate) ipv4: bool,
    /// IPv6 only
    #[arg(short = '6')]
    pub(crate) ipv6: bool,
    /// auto, icmp, udp, tcp or all
    ///
    /// `auto` begins with icmp where it is permitted and with udp where it is not (without raw sockets icmp needs a
    /// group inside net.ipv4.ping_group_range); a target that is not reached so is tried with the other protocols,
    /// and the one that got furthest counts. With --port or --source-port icmp is left out; so are the other tries
    /// for lists of targets, unless `auto` is typed. `tcp` asks for a connection and never keeps one; it passes
    /// filters that let only a service through: name its port with --port. `all` probes with all three side by
    /// side and shows who answers what.
    #[arg(long, value_name = "PROTOCOL", value_parser = values::protocol(), hide_possible_values = true)]
    pub(crate) protocol: Option<Asked<Protocols>>,
    /// auto, raw or unprivileged
    ///
    /// `raw` needs CAP_NET_RAW and sees what routers quote; `unprivileged` needs nothing; `auto` takes raw
    /// where it is permitted.
    #[arg(long, value_name = "MODE", value_parser = values::mode(), default_value = "auto", hide_possible_values = true)]
    pub(crate) mode: Asked<Mode>,
    /// Destination port [default: 33434, for tcp 80]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// First TTL to probe
    #[arg(short, long, value_name = "TTL", value_parser = values::ttl, default_value = "1", hide_short_help = true)]
    pub(crate) first_ttl: Ttl,
    /// Last TTL to probe
    #[arg(short, long, value_name = "TTL", value_parser = values::ttl, default_value = "30")]
    pub(crate) max_ttl: Ttl,
    /// Probes per hop [default: 3, all 2, rounds 1]
    ///
    /// Routers answer about six at once, and then one a second over IPv4: of more than six, the others wait.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) queries: Option<u8>,
    /// Flows side by side, to see parallel paths
    ///
    /// Load balancers keep the packets of one flow on one path. 16 flows find four parallel paths nearly always. The
    /// table says which flows each router answered.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), default_value_t = 1, hide_default_value = true)]
    pub(crate) flows: u16,
    /// Probe again and again: a number, or forever
    ///
    /// On a terminal the table grows as it is measured, and keys steer it: ? lists them. Otherwise the whole is
    /// printed at the end. Rounds without end are for one host.
    #[arg(long, value_name = "N", value_parser = values::rounds)]
    pub(crate) rounds: Option<Rounds>,
    /// Time from round to round [default: 1s]
    #[arg(long, value_name = "TIME", value_parser = parse_span, requires = "rounds", hide_short_help = true)]
    pub(crate) interval: Option<Duration>,
    /// Longest wait for an answer
    ///
    /// As 500ms, 2s, or a plain number of seconds. A hop whose neighbours have answered is given up much
    /// earlier.
    #[arg(long, value_name = "TIME", value_parser = parse_span, default_value = "2s")]
    pub(crate) wait: Duration,
    /// Silent hops before giving up
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..), default_value_t = 8, hide_short_help = true)]
    pub(crate) gap: u8,
    /// Most probes a second over all targets; 0 for no limit
    ///
    /// Without it 1000 for several targets, and no limit for one.
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub(crate) rate: Option<u32>,
    /// Probe every hop of every trace
    ///
    /// Otherwise the first hops of several traces that begin alike are probed once and taken over by the others, so
    /// that the nearest routers are not flooded; such hops say so.
    #[arg(long, hide_short_help = true)]
    pub(crate) no_share: bool,
    /// Size of the IP packet [default: smallest]
    ///
    /// The whole packet with its headers, in bytes.
    #[arg(long, value_name = "BYTES", hide_short_help = true, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) size: Option<u16>,
    /// Type-of-service byte or traffic class
    ///
    /// 0 to 255: the upper six bits are the DSCP, the lower two ECN (RFC 2474, RFC 3168).
    #[arg(long, value_name = "TOS", hide_short_help = true, default_value_t = 0)]
    pub(crate) tos: u8,
    /// Address to send from
    ///
    /// One of this machine. Without -4 or -6 it also decides the family.
    #[arg(long, value_name = "ADDR", hide_short_help = true)]
    pub(crate) source: Option<IpAddr>,
    /// Interface to send by
    #[arg(long, value_name = "NAME", hide_short_help = true, value_parser = values::interface)]
    pub(crate) interface: Option<String>,
    /// Source port of udp and tcp
    ///
    /// That of the first flow; each further flow has the next one.
    #[arg(long, value_name = "PORT", hide_short_help = true, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) source_port: Option<u16>,
    /// IPv6 flow label
    ///
    /// 0 to 1048575, also in hexadecimal digits behind 0x. That of the first flow; each further flow has the next one.
    #[arg(long, value_name = "LABEL", hide_short_help = true, value_parser = values::flow_label)]
    pub(crate) flow_label: Option<u32>,
    /// Forbid fragmentation on the way
    ///
    /// Over IPv6 it is forbidden always.
    #[arg(long, hide_short_help = true)]
    pub(crate) dont_fragment: bool,
    /// Firewall mark of the probes, for policy routing
    ///
    /// A number, also in hexadecimal digits behind 0x. Needs CAP_NET_ADMIN or CAP_NET_RAW.
    #[arg(long, value_name = "MARK", hide_short_help = true, value_parser = values::number)]
    pub(crate) mark: Option<u32>,
}
