//! What takes long to find out about a series: since when its path is taken, and what changed. A thread works it out
//! behind the answers, which tell what is known so far.

use core::time::Duration;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use trace_store::{Change, Error, Standing, Store, What};

use super::targets::WEEK;
use crate::serve::source::{Identity, Source};

/// How long an answer waits for what is being worked out: what is few is there at once. Who waits keeps others from being
/// answered.
const GRACE: Duration = Duration::from_millis(25);

/// The longest pause between two series.
const LONGEST_REST: Duration = Duration::from_millis(50);

/// What is known of a series.
#[derive(Debug)]
pub(super) struct Detail {
    stamp: (u64, i64),
    pub(super) era_since: Option<i64>,
    /// What changed within the week before its newest trace, the newest first.
    pub(super) changes: Vec<Change>,
}

impl Detail {
    fn read(store: &Store, standing: &Standing, before: Option<&Self>) -> Result<Self, Error> {
        let changes = store.changes_of(&standing.series, Some(standing.last.saturating_sub(WEEK)))?;
        let path = changes.iter().find(|change| matches!(change.what, What::Path { .. }));
        let era_since = match path.map(|change| change.at).or_else(|| before?.era_since) {
            Some(since) => Some(since),
            // It lasts for longer than a week: all eras are looked at, once.
            None => store.eras_of(&standing.series, None, None)?.last().map(|era| era.first),
        };
        Ok(Self { stamp: standing.stamp(), era_since, changes })
    }

    /// Whether nothing came or went since.
    fn is_current(&self, standing: &Standing) -> bool {
        self.stamp == standing.stamp()
    }

    /// Whether it says something of the series as it is.
    fn tells(&self, standing: &Standing) -> bool {
        self.is_current(standing) || self.holds(standing)
    }

    /// Whether traces came since: what was known of earlier ones still holds.
    const fn holds(&self, standing: &Standing) -> bool {
        self.stamp.0 < standing.traces
    }
}

/// Which series are worked out before others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// They are looked at now.
    Next,
    /// When nothing else is to be done.
    Later,
}

/// Details of some series, as far as they are known.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// In the order that was asked for. A series with new traces shows what was known before them.
    pub(super) details: Vec<Option<Arc<Detail>>>,
    /// Whether all are known and none has new traces.
    pub(super) complete: bool,
    /// What stood in the way.
    pub(super) trouble: Option<Error>,
}

/// Details of all series that were asked for, and the thread that works them out while there are any to be.
#[derive(Debug)]
pub(super) struct Details {
    source: Arc<Source>,
    state: Mutex<State>,
    /// Something more is known, or the thread is done.
    told: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Which file all this is of.
    file: Option<Identity>,
    known: HashMap<u64, Arc<Detail>>,
    queue: VecDeque<Standing>,
    trouble: Option<Error>,
    /// Whether the thread is there.
    works: bool,
    ended: bool,
}

impl Details {
    pub(super) fn new(source: Arc<Source>) -> Arc<Self> {
        Arc::new(Self { source, state: Mutex::default(), told: Condvar::new() })
    }

    /// What is known of these series. What is not is worked out, and waited for no longer than a moment where nothing is
    /// known at all.
    pub(super) fn of(self: &Arc<Self>, standings: &[Standing], turn: Turn) -> Known {
        let file = self.source.file();
        let mut state = self.lock();
        if state.file != file {
            // Another database took its place.
            *state = State { file, works: state.works, ended: state.ended, ..State::default() };
        }
        state.enqueue(standings, turn);
        if !state.works && !state.ended && !state.queue.is_empty() {
            let own = Arc::clone(self);
            let thread = thread::Builder::new().name("details".to_owned());
            // Where no thread is to be had the next question tries again.
            state.works = thread.spawn(move || own.work()).is_ok();
        }
        let waits = |state: &mut State| state.works && !state.ended && state.lacks(standings);
        let waited = self.told.wait_timeout_while(state, GRACE, waits);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let complete = state.knows(standings);
        let known = |standing: &Standing| {
            let known = state.known.get(&standing.key)?;
            known.tells(standing).then(|| Arc::clone(known))
        };
        let details = standings.iter().map(known).collect();
        let trouble = if complete { None } else { state.trouble.take() };
        Known { details, complete, trouble }
    }

    /// Forgets series that are gone.
    pub(super) fn keep(&self, standings: &[Standing]) {
        let mut state = self.lock();
        if state.known.len() > standings.len() {
            let keys: HashSet<u64> = standings.iter().map(|standing| standing.key).collect();
            state.known.retain(|key, _| keys.contains(key));
        }
    }

    /// Nothing more is to be worked out.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        state.queue.clear();
        self.told.notify_all();
    }

    /// Works out one series after another until none is left.
    fn work(&self) {
        let _leave = Leave(self);
        loop {
            let (standing, before, file) = {
                let mut state = self.lock();
                let Some(standing) = state.queue.pop_front() else {
                    // Under the lock, so that whoever asks for more sees that nobody is there.
                    state.works = false;
                    return;
                };
                let before = state.known.get(&standing.key).cloned();
                (standing, before, state.file)
            };
            let before = before.filter(|known| known.holds(&standing));
            let begun = now();
            let read = self.source.ask(|store| Detail::read(store, &standing, before.as_deref()));
            let mut state = self.lock();
            if state.file == file {
                match read {
                    Ok(detail) => {
                        state.known.insert(standing.key, Arc::new(detail));
                        state.trouble = None;
                    }
                    Err(error) => {
                        // The others would say the same. Whoever wants them asks again.
                        state.queue.clear();
                        state.trouble = Some(error);
                    }
                }
            }
            let more = !state.queue.is_empty();
            drop(state);
            self.told.notify_all();
            if more {
                rest(begun);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_current(&self, standing: &Standing) -> bool {
        self.known.get(&standing.key).is_some_and(|detail| detail.is_current(standing))
    }

    fn knows(&self, standings: &[Standing]) -> bool {
        standings.iter().all(|standing| self.is_current(standing))
    }

    /// Whether of one of these series nothing is known, not even what was before its newest traces.
    fn lacks(&self, standings: &[Standing]) -> bool {
        standings
            .iter()
            .any(|standing| !self.known.get(&standing.key).is_some_and(|known| known.tells(standing)))
    }

    /// Puts in line what is not known. Each series stands there once.
    fn enqueue(&mut self, standings: &[Standing], turn: Turn) {
        if self.ended {
            return;
        }
        let wanted: Vec<Standing> =
            standings.iter().filter(|standing| !self.is_current(standing)).cloned().collect();
        let keys: HashSet<u64> = match turn {
            Turn::Next => wanted.iter().map(|standing| standing.key).collect(),
            Turn::Later => self.queue.iter().map(|standing| standing.key).collect(),
        };
        match turn {
            Turn::Next => {
                self.queue.retain(|standing| !keys.contains(&standing.key));
                for standing in wanted.into_iter().rev() {
                    self.queue.push_front(standing);
                }
            }
            Turn::Later => {
                self.queue.extend(wanted.into_iter().filter(|standing| !keys.contains(&standing.key)));
            }
        }
    }
}

/// After long work so long a pause, so that a browser and whoever is answered have half of a processor at least. A lower
/// priority would not do: what this thread holds when it is put aside, others wait for.
fn rest(begun: Instant) {
    thread::park_timeout(begun.elapsed().min(LONGEST_REST));
}

#[expect(clippy::disallowed_methods, reason = "work and rest are held against one another")]
fn now() -> Instant {
    Instant::now()
}

/// The thread is gone, however it went.
struct Leave<'a>(&'a Details);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let mut state = self.0.lock();
            state.works = false;
            state.queue.clear();
        }
        self.0.told.notify_all();
    }
}

#[cfg(test)]
#[path = "details/tests.rs"]
mod tests;
