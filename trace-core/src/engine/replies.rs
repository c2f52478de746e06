use core::time::Duration;
use std::net::IpAddr;

use super::row::NOTHING;
use crate::model::{Extension, IcmpType, Label, Quoted, Reply, ReplyKind, Uuid};

/// How many of the latest sayings a new one is compared with, beside the last one of its row.
const COMPARED: usize = 8;

/// What was said, in 40 bytes: most answers tell no more.
#[derive(Debug)]
struct Saying {
    from: IpAddr,
    kind: Option<ReplyKind>,
    icmp: Option<IcmpType>,
    reply_ttl: Option<u8>,
    quoted: Option<Quoted>,
    more: Option<Box<More>>,
}

/// What few answers tell.
#[derive(Debug)]
struct More {
    mpls: Vec<Label>,
    extensions: Vec<Extension>,
    inherited_from: Option<Uuid>,
}

impl Saying {
    fn of(reply: &Reply) -> Self {
        let Reply { from, kind, icmp, reply_ttl, quoted, .. } = *reply;
        let more = (!is_plain(reply)).then(|| {
            let Reply { mpls, extensions, inherited_from, .. } = reply.clone();
            Box::new(More { mpls, extensions, inherited_from })
        });
        Self { from, kind, icmp, reply_ttl, quoted, more }
    }

    /// Whether an answer says this.
    fn is(&self, reply: &Reply) -> bool {
        let Self { from, kind, icmp, reply_ttl, quoted, more } = self;
        let same = *from == reply.from
            && *kind == reply.kind
            && *icmp == reply.icmp
            && *reply_ttl == reply.reply_ttl
            && *quoted == reply.quoted;
        same && match more {
            None => is_plain(reply),
            Some(more) => {
                more.mpls == reply.mpls
                    && more.extensions == reply.extensions
                    && more.inherited_from == reply.inherited_from
            }
        }
    }

    fn reply(&self, rtt: Option<Duration>) -> Reply {
        let more = self.more.as_deref();
        Reply {
            from: self.from,
            rtt,
            kind: self.kind,
            icmp: self.icmp,
            reply_ttl: self.reply_ttl,
            quoted: self.quoted,
            mpls: more.map(|more| more.mpls.clone()).unwrap_or_default(),
            extensions: more.map(|more| more.extensions.clone()).unwrap_or_default(),
            inherited_from: more.and_then(|more| more.inherited_from),
        }
    }
}

/// Whether an answer tells nothing but what most do.
const fn is_plain(reply: &Reply) -> bool {
    reply.mpls.is_empty() && reply.extensions.is_empty() && reply.inherited_from.is_none()
}

/// What was said on a lane. What routers say is nearly always what they said before, so each saying is kept once:
/// an answered probe takes no room here, however long the measurement lasts.
#[derive(Debug, Default)]
pub(super) struct Replies(Vec<Saying>);

impl Replies {
    /// Keeps what was said, without its RTT; returns its index. `latest` is what the same row said last.
    pub(super) fn say(&mut self, latest: u32, reply: &Reply) -> u32 {
        if self.get(latest).is_some_and(|latest| latest.is(reply)) {
            return latest;
        }
        // What a row's first router says, nobody has said before.
        let compared = if latest == NOTHING { 0 } else { COMPARED };
        let known = self.0.iter().enumerate().rev().take(compared).find(|(_, known)| known.is(reply));
        if let Some((place, _)) = known {
            return index(place);
        }
        if self.0.capacity() == self.0.len() && self.0.len() < 60 {
            // In steps of a usual path's half, so that little lies idle in thousands of traces.
            self.0.reserve_exact(15);
        }
        self.0.push(Saying::of(reply));
        index(self.0.len() - 1)
    }

    fn get(&self, index: u32) -> Option<&Saying> {
        self.0.get(usize::try_from(index).ok()?)
    }

    /// Who said this.
    pub(super) fn from(&self, index: u32) -> Option<IpAddr> {
        self.get(index).map(|saying| saying.from)
    }

    /// The answer that said this and took so long.
    pub(super) fn reply(&self, index: u32, rtt: Option<Duration>) -> Option<Reply> {
        self.get(index).map(|saying| saying.reply(rtt))
    }
}

fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NOTHING)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(number: u8) -> Reply {
        Reply { kind: Some(ReplyKind::TimeExceeded), ..Reply::new([10, 0, 0, number].into()) }
    }

    #[test]
    fn a_saying_stays_small() {
        assert_eq!(size_of::<Saying>(), 40);
    }

    #[test]
    fn the_same_is_kept_once() {
        let (mut replies, mut latest) = (Replies::default(), [NOTHING; 30]);
        for round in 0..1000 {
            for row in 0..30_u8 {
                let rtt = Some(Duration::from_nanos(round * 100 + u64::from(row)));
                let latest = &mut latest[usize::from(row)];
                *latest = replies.say(*latest, &Reply { rtt, ..reply(row) });
                assert_eq!(replies.reply(*latest, rtt), Some(Reply { rtt, ..reply(row) }));
            }
        }
        assert_eq!(replies.0.len(), 30);
    }

    #[test]
    fn routers_that_take_turns_are_kept_once_each() {
        let (mut replies, mut latest) = (Replies::default(), NOTHING);
        for turn in 0..100 {
            latest = replies.say(latest, &reply(turn % 4));
        }
        assert_eq!(replies.0.len(), 4);
    }

    #[test]
    fn what_few_tell_reads_back() {
        let mut replies = Replies::default();
        let told = Reply {
            icmp: Some(IcmpType { kind: 11, code: 0 }),
            reply_ttl: Some(60),
            quoted: Some(Quoted { ttl: 0, tos: 4, nat: true }),
            mpls: vec![Label { label: 24_015, traffic_class: 1, bottom: true, ttl: 1 }],
            extensions: vec![Extension { class: 200, c_type: 1, bytes: vec![1, 2, 3] }],
            inherited_from: Some(Uuid::from_u128(7)),
            ..reply(1)
        };
        let plain = replies.say(NOTHING, &reply(1));
        let index = replies.say(plain, &told);
        assert_eq!((replies.reply(index, None), replies.reply(plain, None)), (Some(told), Some(reply(1))));
    }
}
