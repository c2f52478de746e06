use core::time::Duration;

use crate::model::Reply;

/// How many of the latest replies a new one is compared with, beside the last one of its row.
const COMPARED: usize = 8;

/// An answer: how long it took, and what it said.
#[derive(Debug, Clone, Copy)]
struct Answer {
    nanoseconds: u64,
    reply: u32,
}

/// The answers of a lane. What routers say is nearly always what they said before, so each saying is kept
/// once: an answered probe costs 16 bytes here, however long the measurement lasts.
#[derive(Debug, Default)]
pub(super) struct Replies {
    answers: Vec<Answer>,
    sayings: Vec<Reply>,
    /// The last saying of each row.
    latest: Vec<u32>,
}

impl Replies {
    /// Keeps an answer; returns its index.
    pub(super) fn keep(&mut self, row: usize, reply: Reply, rtt: Duration) -> u32 {
        let reply = self.say(row, reply);
        let nanoseconds = u64::try_from(rtt.as_nanos()).unwrap_or(u64::MAX);
        self.answers.push(Answer { nanoseconds, reply });
        index(self.answers.len() - 1)
    }

    /// Keeps what was said, without an RTT; returns its index.
    pub(super) fn say(&mut self, row: usize, mut reply: Reply) -> u32 {
        reply.rtt = None;
        let latest = self.latest.get(row).copied().unwrap_or(u32::MAX);
        if self.saying(latest) == Some(&reply) {
            return latest;
        }
        // What a row's first router says, nobody has said before.
        let compared = if latest == u32::MAX { 0 } else { COMPARED };
        let known = self.sayings.iter().enumerate().rev().take(compared).find(|(_, known)| **known == reply);
        let place = match known {
            Some((place, _)) => index(place),
            None => {
                self.sayings.push(reply);
                index(self.sayings.len() - 1)
            }
        };
        while self.latest.len() <= row {
            self.latest.push(u32::MAX);
        }
        if let Some(latest) = self.latest.get_mut(row) {
            *latest = place;
        }
        place
    }

    /// What was said at this index.
    pub(super) fn saying(&self, index: u32) -> Option<&Reply> {
        self.sayings.get(usize::try_from(index).ok()?)
    }

    /// The answer with this index, with its RTT.
    pub(super) fn answer(&self, index: u32) -> Option<Reply> {
        let answer = self.answers.get(usize::try_from(index).ok()?)?;
        let reply = self.saying(answer.reply)?;
        Some(Reply { rtt: Some(Duration::from_nanos(answer.nanoseconds)), ..reply.clone() })
    }
}

fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ReplyKind;

    fn reply(number: u8) -> Reply {
        Reply {
            from: [10, 0, 0, number].into(),
            rtt: None,
            kind: Some(ReplyKind::TimeExceeded),
            icmp: None,
            reply_ttl: None,
            quoted: None,
            mpls: Vec::new(),
            extensions: Vec::new(),
            inherited_from: None,
        }
    }

    #[test]
    fn the_same_is_kept_once() {
        let mut replies = Replies::default();
        for round in 0..1000 {
            for row in 0..30_u8 {
                let rtt = Duration::from_nanos(round * 100 + u64::from(row));
                let index = replies.keep(row.into(), reply(row), rtt);
                assert_eq!(replies.answer(index), Some(Reply { rtt: Some(rtt), ..reply(row) }));
            }
        }
        assert_eq!((replies.sayings.len(), replies.answers.len()), (30, 30_000));
    }

    #[test]
    fn routers_that_take_turns_are_kept_once_each() {
        let mut replies = Replies::default();
        for turn in 0..100 {
            replies.keep(3, reply(turn % 4), Duration::ZERO);
        }
        assert_eq!(replies.sayings.len(), 4);
    }
}
