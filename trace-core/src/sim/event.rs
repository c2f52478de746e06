use core::cmp::Ordering;
use core::time::Duration;
use std::net::IpAddr;

use crate::engine::{Moment, Probe};
use crate::model::{Label, Protocol, ReplyKind};

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
    /// The address it seems to come from there.
    pub(super) asker: IpAddr,
    /// How long the way back takes.
    pub(super) back: Duration,
    /// What the way back does to the TTL of the answer.
    pub(super) way: Way,
    /// The label stack it arrived with, where a tunnel gave it one.
    pub(super) labels: Vec<Label>,
    /// Whether the answer gets lost.
    pub(super) lost: bool,
    pub(super) probe: Probe,
}

/// What a way back does to a TTL: routers take one each; a tunnel that counts in its labels alone leaves the lesser of
/// the two counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Way {
    /// Routers passed.
    passes: u8,
    /// The most that is left at the source.
    most: u8,
}

impl Way {
    pub(super) const NONE: Self = Self { passes: 0, most: u8::MAX };

    /// The way from one router further.
    pub(super) const fn passing(self, routers: u8) -> Self {
        Self { passes: self.passes.saturating_add(routers), most: self.most }
    }

    /// The way from behind a tunnel with so many routers that do not count in packets.
    pub(super) fn through_hidden(self, routers: u8) -> Self {
        Self { most: self.most.min((u8::MAX - routers).saturating_sub(self.passes)), ..self }
    }

    /// What is left of a TTL at the source; `None` if it ran out.
    pub(super) fn left(self, ttl: u8) -> Option<u8> {
        ttl.checked_sub(self.passes).map(|left| left.min(self.most)).filter(|left| *left > 0)
    }
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
