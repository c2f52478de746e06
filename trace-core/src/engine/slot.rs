use core::time::Duration;

use super::Moment;
use crate::model::Ttl;

/// One probe as the engine remembers it, in 24 bytes: a large measurement has very many, and what came of one lies
/// where it is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) sent: Moment,
    /// How long the answer took, in nanoseconds.
    rtt: u64,
    /// An index into the sayings or the errors of its lane, or one of the two words below.
    what: u32,
    pub(super) ttl: Ttl,
    pub(super) off_flow: bool,
}

const WAITING: u32 = u32::MAX;
const REPLACED: u32 = u32::MAX - 1;
/// What is not less names an error.
const UNSENT: u32 = 1 << 31;

/// What has become of a probe so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Sent, not yet answered.
    Waiting,
    /// Answered, but nobody can tell that it was this one; another probe was sent in its place.
    Replaced,
    /// Answered: the index of what was said, and how long that took.
    Answered(u32, Duration),
    /// Could not be sent: the index of what the system said.
    Unsent(u32),
}

impl Slot {
    pub(super) const fn new(sent: Moment, ttl: Ttl, off_flow: bool) -> Self {
        Self { sent, rtt: 0, what: WAITING, ttl, off_flow }
    }

    pub(super) const fn is_waiting(&self) -> bool {
        self.what == WAITING
    }

    pub(super) const fn state(&self) -> State {
        match self.what {
            WAITING => State::Waiting,
            REPLACED => State::Replaced,
            error if error >= UNSENT => State::Unsent(error - UNSENT),
            saying => State::Answered(saying, Duration::from_nanos(self.rtt)),
        }
    }

    pub(super) const fn replace(&mut self) {
        self.what = REPLACED;
    }

    /// Notes an answer that arrived `at` this moment. After two thousand million different ones a lane takes no more
    /// in.
    pub(super) const fn answer(&mut self, saying: u32, at: Moment) {
        if saying < UNSENT {
            self.what = saying;
            self.rtt = at.as_nanos().saturating_sub(self.sent.as_nanos());
        }
    }

    pub(super) const fn fail(&mut self, index: u32) {
        if index < REPLACED - UNSENT {
            self.what = UNSENT + index;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_stays_small() {
        assert_eq!(size_of::<Slot>(), 24);
    }

    #[test]
    fn what_was_noted_reads_back() {
        let mut slot = Slot::new(Moment::from_nanos(5), Ttl::MIN, false);
        assert_eq!(slot.state(), State::Waiting);
        slot.answer(7, Moment::from_nanos(12));
        assert_eq!(slot.state(), State::Answered(7, Duration::from_nanos(7)));
        slot.fail(8);
        assert_eq!(slot.state(), State::Unsent(8));
        slot.replace();
        assert_eq!(slot.state(), State::Replaced);
    }
}
