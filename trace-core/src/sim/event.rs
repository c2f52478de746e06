use core::cmp::Ordering;
use core::time::Duration;
use std::net::IpAddr;

use crate::engine::{Moment, Probe};
use crate::model::{Protocol, ReplyKind};

/// Something that will happen. The earliest is the greatest, as [`std::collections::BinaryHeap`] likes it;
/// of two at one moment, that which was arranged first.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) at: Moment,
    pub(super) order: u64,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    /// A probe has come to its end and is due an answer.
    Due(Due),
    /// An answer comes back to the source.
    Answer(Answer),
}

#[derive(Debug)]
pub(super) struct Due {
    pub(super) node: Node,
    /// What an ICMP error would say; `None` where a host answers by its own choice.
    pub(super) error: Option<ReplyKind>,
    /// The whole packet as it arrived.
    pub(super) packet: Vec<u8>,
    /// How long the way back takes.
    pub(super) back: Duration,
    /// Routers that the answer passes.
    pub(super) passes: u8,
    /// Whether the answer gets lost.
    pub(super) lost: bool,
    pub(super) probe: Probe,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Node {
    Router(u16),
    Host(IpAddr),
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) from: IpAddr,
    pub(super) protocol: Protocol,
    /// From the transport header on.
    pub(super) bytes: Vec<u8>,
    pub(super) reply_ttl: u8,
    pub(super) probe: Probe,
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Event {}
