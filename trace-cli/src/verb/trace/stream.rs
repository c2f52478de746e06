//! Many traces on their way from the measurement to paper and database, without holding it up.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use trace_core::model::{Atlas, Trace};

use super::finish::{Finish, addresses};
use crate::exit::Exit;
use crate::names::Names;
use crate::output::Output;
use crate::say::Voice;

/// A finished trace with remarks on how it was made.
pub(super) type Finished = (Box<Trace>, Vec<String>);

/// How long a trace waits for host names.
const PATIENCE: Duration = Duration::from_millis(1200);
/// Traces stored in one transaction.
const BATCH: usize = 256;
/// How long a trace waits for others to be stored with.
const BATCH_TIME: Duration = Duration::from_secs(1);
/// How often it is looked whether names have come.
const TURN: Duration = Duration::from_millis(20);

/// Traces between measurement and database.
pub(super) struct Stream<'a, 'b> {
    finish: &'a mut Finish<'b>,
    output: &'a mut Output,
    voice: Voice,
    names: Option<Names>,
    /// Measured; their host names are being looked up.
    waiting: VecDeque<(Instant, Trace, Vec<String>)>,
    /// Printed, and not in the database yet.
    batch: Vec<(Trace, Atlas)>,
    /// When the first of the batch was printed.
    since: Option<Instant>,
    worst: Exit,
}

impl<'a, 'b> Stream<'a, 'b> {
    pub(super) fn new(finish: &'a mut Finish<'b>, output: &'a mut Output, names: bool, voice: Voice) -> Self {
        Self {
            finish,
            output,
            voice,
            names: names.then(Names::start),
            waiting: VecDeque::new(),
            batch: Vec::new(),
            since: None,
            worst: Exit::Done,
        }
    }

    /// Takes traces until nobody sends any more; `done` is called for each one that is printed and kept, with
    /// whether anybody still reads.
    pub(super) fn run(
        mut self,
        measured: &Receiver<Finished>,
        in_haste: &dyn Fn() -> bool,
        done: &dyn Fn(usize, bool),
    ) -> Exit {
        let mut open = true;
        while open || !self.waiting.is_empty() {
            match measured.recv_timeout(self.pause()) {
                Ok((trace, remarks)) => {
                    if let Some(names) = &mut self.names {
                        names.ask(addresses(&trace));
                    }
                    self.waiting.push_back((now() + PATIENCE, *trace, remarks));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    open = false;
                    if let (Some(names), false) = (&mut self.names, self.waiting.is_empty()) {
                        // Nothing but names can come now.
                        names.wait(TURN);
                    }
                }
            }
            while let Some((trace, remarks)) = self.ready(in_haste()) {
                self.print(trace, &remarks);
            }
            if self.batch.len() >= BATCH || self.since.is_some_and(|since| now() >= since + BATCH_TIME) {
                done(self.store(), self.output.is_closed());
            }
        }
        done(self.store(), self.output.is_closed());
        self.worst
    }

    /// How long there is nothing to do unless another trace comes.
    fn pause(&self) -> Duration {
        let names = self.names.is_some() && !self.waiting.is_empty();
        let batch = self.since.map(|since| (since + BATCH_TIME).saturating_duration_since(now()));
        let pause = batch.unwrap_or(Duration::from_millis(500));
        if names { pause.min(TURN) } else { pause }
    }

    /// The next trace whose names are known, or have been waited for long enough.
    fn ready(&mut self, in_haste: bool) -> Option<(Trace, Vec<String>)> {
        let (until, trace, _) = self.waiting.front()?;
        let complete = self.names.as_mut().is_none_or(|names| {
            names.take_in();
            names.knows(addresses(trace))
        });
        if !complete && !in_haste && now() < *until {
            return None;
        }
        self.waiting.pop_front().map(|(_, trace, remarks)| (trace, remarks))
    }

    fn print(&mut self, mut trace: Trace, remarks: &[String]) {
        let name = |address| Some((address, self.names.as_ref()?.of(address)?.to_owned()));
        let names = addresses(&trace).into_iter().filter_map(name).collect();
        let atlas = self.finish.locate(&mut trace, &names);
        let printed = self.finish.print(&trace, &atlas, remarks, false, self.output);
        let exit = self.finish.told(printed).max(self.finish.outcome(&trace, self.output));
        self.worst = self.worst.max(exit);
        self.since.get_or_insert_with(now);
        self.batch.push((trace, atlas));
    }

    /// Stores the batch; returns how many it held.
    fn store(&mut self) -> usize {
        let batch = std::mem::take(&mut self.batch);
        let stored = batch.len();
        self.since = None;
        if let Some(keep) = self.finish.keep() {
            let (exit, told) = keep.many(&batch);
            self.worst = self.worst.max(exit);
            for text in told {
                self.voice.warn(&text);
            }
        }
        for (trace, atlas) in batch {
            self.finish.will_draw(trace, atlas);
        }
        stored
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is printed and stored when is no matter of the measurement"
)]
fn now() -> Instant {
    Instant::now()
}
