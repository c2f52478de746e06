use core::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::Moment;

/// Which traces want to be asked, and when.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// Those that want to be asked now, in turn.
    ready: VecDeque<u32>,
    /// When others want to be asked. Of each trace one entry counts, the one its [`Turn`] knows of.
    timers: BinaryHeap<Reverse<(Moment, u32)>>,
}

/// What the schedule knows of one trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    /// When it wants to be asked.
    due: Moment,
    /// The timer that counts; it may ring before `due`, and is then set anew.
    timer: Moment,
    is_ready: bool,
}

impl Turn {
    /// Nothing is known yet.
    pub(super) const NONE: Self = Self { due: Moment::MAX, timer: Moment::MAX, is_ready: false };
}

impl Schedule {
    /// Has a trace asked now.
    pub(super) fn wake(&mut self, number: u32, turn: &mut Turn) {
        if !turn.is_ready {
            turn.is_ready = true;
            self.ready.push_back(number);
        }
    }

    /// Who is asked next.
    pub(super) fn next(&self) -> Option<u32> {
        self.ready.front().copied()
    }

    /// Whoever was asked last is done for now, or for ever.
    pub(super) fn dismiss(&mut self) {
        self.ready.pop_front();
    }

    /// Has whoever was asked last, and dismissed, asked again at this moment.
    pub(super) fn ask_at(&mut self, due: Moment, number: u32, turn: &mut Turn) {
        turn.is_ready = false;
        turn.due = due;
        if due < turn.timer {
            turn.timer = due;
            self.timers.push(Reverse((due, number)));
        }
    }

    /// The next timer that has rung by `now`.
    pub(super) fn rung(&mut self, now: Moment) -> Option<(Moment, u32)> {
        let &Reverse((at, _)) = self.timers.peek()?;
        if at > now {
            return None;
        }
        self.timers.pop().map(|Reverse(rung)| rung)
    }

    /// Takes in that a trace's timer rang.
    #[inline]
    pub(super) fn ring(&mut self, (at, number): (Moment, u32), turn: &mut Turn, now: Moment) {
        if turn.timer != at {
            return;
        }
        turn.timer = Moment::MAX;
        if turn.is_ready {
            return;
        }
        if turn.due <= now {
            self.wake(number, turn);
        } else {
            self.ask_at(turn.due, number, turn);
        }
    }

    /// When the next timer rings.
    pub(super) fn next_ring(&self) -> Option<Moment> {
        self.timers.peek().map(|Reverse((at, _))| *at)
    }
}
