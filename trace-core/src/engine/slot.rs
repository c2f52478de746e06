use super::Moment;
use crate::model::Ttl;

/// One probe as the engine remembers it, in 16 bytes: most probes of a large measurement are only waiting,
/// and a long one has very many.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) sent: Moment,
    /// An index into the answers or the errors of its lane, or one of the two words below.
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
    /// Answered: the index of the answer.
    Answered(u32),
    /// Could not be sent: the index of what the system said.
    Unsent(u32),
}

impl Slot {
    pub(super) const fn new(sent: Moment, ttl: Ttl, off_flow: bool) -> Self {
        Self { sent, what: WAITING, ttl, off_flow }
    }

    pub(super) const fn is_waiting(&self) -> bool {
        self.what == WAITING
    }

    pub(super) const fn state(&self) -> State {
        match self.what {
            WAITING => State::Waiting,
            REPLACED => State::Replaced,
            error if error >= UNSENT => State::Unsent(error - UNSENT),
            answer => State::Answered(answer),
        }
    }

    pub(super) const fn replace(&mut self) {
        self.what = REPLACED;
    }

    /// Notes an answer. After two thousand million of them a lane takes no more in.
    pub(super) const fn answer(&mut self, index: u32) {
        if index < UNSENT {
            self.what = index;
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
        assert_eq!(size_of::<Slot>(), 16);
    }

    #[test]
    fn what_was_noted_reads_back() {
        let mut slot = Slot::new(Moment::ZERO, Ttl::MIN, false);
        assert_eq!(slot.state(), State::Waiting);
        slot.answer(7);
        assert_eq!(slot.state(), State::Answered(7));
        slot.fail(8);
        assert_eq!(slot.state(), State::Unsent(8));
        slot.replace();
        assert_eq!(slot.state(), State::Replaced);
    }
}
