//! Rounds on a terminal: a table that grows, and the keys that steer it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use trace_core::model::{Atlas, Finding, Flow, Hop, Protocol, Protocols, Trace, Ttl};

use super::live::Picture;
use crate::clock;
use crate::keyboard::Keyboard;
use crate::names::Names;
use crate::output::Output;
use crate::paint::{Ink, Paint};
use crate::report::columns::{Columns, Display};
use crate::report::hops::Hops;
use crate::report::table;
use crate::report::tally::Tallies;
use crate::settings::FOREVER;

/// The least time between two pictures.
const PAUSE: Duration = Duration::from_millis(100);
/// Rounds after which an answer that has not come is not expected any more.
const LATE: u32 = 4;
/// The last rounds, from which it is told what is noticeable now.
const RECENT: u32 = 16;
/// A terminal with fewer rows has no room for the whole heading.
const LOW: usize = 12;
/// Changes of the path that stay on the terminal.
const CHANGES: usize = 4;

/// Ctrl-\.
const QUIT: u8 = 0x1c;

const KEYS: &str = "q quit  p pause  r reset  n names  d display  ? help";
const HELP: [&str; 8] = [
    "  q        end the rounds; what was measured is printed and kept",
    "  p        pause, and go on; space goes on too",
    "  r        count from here on; the whole is kept all the same",
    "  n        host names or addresses",
    "  d        other statistics: averages, percentiles, a strip of the last probes",
    "  ?        this help; any key ends it",
    "  Ctrl-C   as q, and the exit status says so",
    "",
];

/// What a key asks of the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Pause,
    Resume,
    Quit,
}

/// Where the places of addresses come from while rounds go on.
pub(super) struct Finder {
    /// Takes addresses to be located.
    pub(super) ask: Sender<BTreeSet<IpAddr>>,
    /// Hands out what is known of them.
    pub(super) found: Receiver<Atlas>,
}

/// The table and its keys.
pub(super) struct Board {
    keyboard: Option<Keyboard>,
    picture: Picture,
    paint: Paint,
    view: View,
    tally: Counted,
    finder: Finder,
    named: Option<Names>,
    asked: BTreeSet<IpAddr>,
    atlas: Atlas,
    recent: Recent,
    /// Something has changed since the last picture.
    stale: bool,
}

/// What the keys have chosen.
#[derive(Debug, Clone, Copy)]
struct View {
    display: Display,
    wide: bool,
    names: bool,
    help: bool,
    paused: bool,
}

/// The rounds so far.
#[derive(Debug, Default)]
struct Counted {
    /// Rounds before this one do not count any more.
    first: u32,
    /// Rounds before this one are in `settled`.
    settled_to: u32,
    settled: Tallies,
    /// Rounds that are over.
    over: u32,
    /// How long the path was in the last of them.
    last_ttl: Option<Ttl>,
}

/// What the last rounds tell.
#[derive(Debug, Default)]
struct Recent {
    hops: Vec<Hop>,
    findings: Vec<Vec<Finding>>,
    /// Hops that were seen to limit their answers since counting began: what they left out then is still in the share
    /// that is counted when none of the last rounds shows it any more.
    limited: BTreeSet<Ttl>,
    /// The last changes of the path, by round and lane.
    changes: BTreeMap<(u32, Option<Protocol>, Flow), String>,
}

impl Board {
    /// A board for standard output, with the keys of standard input if it is a terminal.
    pub(super) fn new(paint: Paint, finder: Finder, names: bool, wide: bool) -> Self {
        Self {
            keyboard: Keyboard::take(),
            picture: Picture::new(PAUSE),
            paint,
            view: View { display: Display::default(), wide, names: true, help: false, paused: false },
            tally: Counted::default(),
            finder,
            named: names.then(Names::start),
            asked: BTreeSet::new(),
            atlas: Atlas::default(),
            recent: Recent::default(),
            stale: true,
        }
    }

    /// Reads the keys that were pressed.
    pub(super) fn orders(&mut self) -> Vec<Order> {
        let Some(keyboard) = &self.keyboard else { return Vec::new() };
        if keyboard.stop_if_asked() {
            // Whoever was in front meanwhile has written there.
            self.picture.leave();
            self.stale = true;
        }
        let keys: Vec<u8> = std::iter::from_fn(|| keyboard.key()).take(64).collect();
        keys.into_iter().filter_map(|key| self.press(key)).collect()
    }

    fn press(&mut self, key: u8) -> Option<Order> {
        self.stale = true;
        let view = &mut self.view;
        if view.help && ![b'q', QUIT].contains(&key) {
            view.help = false;
            return None;
        }
        match key {
            b'q' | b'Q' | QUIT => return Some(Order::Quit),
            b' ' if !view.paused => {}
            b'p' | b'P' | b' ' => {
                view.paused = !view.paused;
                return Some(if view.paused { Order::Pause } else { Order::Resume });
            }
            b'r' | b'R' => {
                self.tally.reset();
                self.recent.limited.clear();
            }
            b'n' | b'N' => view.names = !view.names,
            b'd' | b'D' => view.display = view.display.next(),
            b'?' | b'h' | b'H' => view.help = true,
            _ => {}
        }
        None
    }

    /// A round is over; `hops` gives those from a round on.
    pub(super) fn round_over(
        &mut self,
        round: u32,
        last_ttl: Ttl,
        draft: &Trace,
        hops: &dyn Fn(u32) -> Vec<Hop>,
    ) {
        self.tally.round_over(round, last_ttl, draft.protocol, hops);
        let recent = hops(self.tally.over.saturating_sub(RECENT));
        self.recent.learn(Trace { hops: recent, ..draft.clone() });
        self.locate();
        self.stale = true;
    }

    /// Asks where addresses are that were not seen before, and how they are called.
    fn locate(&mut self) {
        let new: BTreeSet<IpAddr> = self
            .recent
            .hops
            .iter()
            .flat_map(Hop::answerers)
            .filter(|address| !self.asked.contains(address))
            .collect();
        if let Some(named) = &mut self.named {
            named.ask(new.iter().copied());
        }
        self.asked.extend(&new);
        if !new.is_empty() {
            // Without sources of places nobody listens.
            let _ = self.finder.ask.send(new);
        }
    }

    fn take_in(&mut self) {
        while let Ok(atlas) = self.finder.found.try_recv() {
            self.atlas.places.extend(atlas.places);
            self.stale = true;
        }
        if let Some(named) = &mut self.named {
            named.take_in();
            for address in &self.asked {
                if let Some(name) = named.of(*address) {
                    self.atlas.places.entry(*address).or_default().hostname = Some(name.to_owned());
                }
            }
        }
    }

    /// Whether it is time for another picture.
    pub(super) fn is_due(&self) -> bool {
        self.picture.is_due()
    }

    /// Draws the trace as it is now; `draft` holds the hops from [`Board::wanted`] on.
    pub(super) fn draw(&mut self, draft: &Trace, remarks: &[String], output: &mut Output) {
        self.take_in();
        let Some((width, height)) = output.size() else { return };
        let tallies = self.tally.with(&draft.hops, draft.protocol);
        let last = self.tally.last_ttl.or_else(|| tallies.last_answer().map(|ttl| ttl.saturating_add(1)));
        let source = if self.recent.hops.is_empty() { &draft.hops } else { &self.recent.hops };
        let shown: Vec<Hop> =
            source.iter().filter(|hop| last.is_none_or(|last| hop.ttl <= last)).cloned().collect();
        let flows = draft.settings.as_ref().map_or(1, |settings| settings.flows);
        let hops = Hops {
            hops: &shown,
            findings: &self.recent.standing(&tallies),
            statistics: &[],
            atlas: &self.atlas,
            target: draft.target.as_ref(),
            verdicts: false,
            columns: Columns::rounds(flows, &tallies, self.view.display, draft.protocol).wide(self.view.wide),
            names: self.view.names,
        };
        let heading = table::heading(draft, remarks, Paint::Plain) + &self.status(draft);
        // On a low terminal target and state are enough; hops matter more.
        let all = heading.lines().count();
        let wanted = |number: usize| height >= LOW || number == 0 || (number + 1 == all && height > 5);
        let heading: String = (0..)
            .zip(heading.lines())
            .filter(|(number, _)| wanted(*number))
            .map(|(number, line)| {
                let ink = if number == 0 { Ink::Heading } else { Ink::Faint };
                self.paint.apply(ink, crate::grid::cut(line, width)) + "\n"
            })
            .collect();
        let lines = if self.view.help {
            HELP.iter().map(|line| crate::grid::cut(line, width).to_owned()).collect()
        } else {
            hops.cut_lines(self.paint, width)
        };
        let beneath: Vec<String> = self
            .recent
            .changes
            .values()
            .rev()
            .take(CHANGES)
            .map(|line| crate::grid::cut(line, width).to_owned())
            .collect();
        self.picture.draw(&heading, &lines, &beneath, output);
        self.stale = false;
    }

    /// From which round on [`Board::draw`] wants the hops.
    pub(super) const fn wanted(&self) -> u32 {
        self.tally.settled_to
    }

    fn status(&self, draft: &Trace) -> String {
        let settings = draft.settings.as_ref();
        let of = match settings.map(|settings| settings.rounds) {
            Some(FOREVER) | None => String::new(),
            Some(rounds) => format!(" of {rounds}"),
        };
        let since = if self.tally.first > 0 {
            format!(", counted from {}", self.tally.first + 1)
        } else {
            String::new()
        };
        let paused = if self.view.paused { ", paused" } else { "" };
        let keys = if self.keyboard.is_some() { format!("   {KEYS}") } else { String::new() };
        format!("round {}{of}{since}{paused}{keys}", self.tally.over + 1)
    }

    /// Has the picture taken away as soon as there is a table in its place, and gives the keys back.
    pub(super) fn give_way(&mut self, output: &mut Output) {
        self.picture.give_way(output);
        self.keyboard = None;
    }
}

impl Counted {
    fn reset(&mut self) {
        self.first = self.over;
        self.settled = Tallies::default();
        self.settled_to = self.over;
    }

    fn round_over(
        &mut self,
        round: u32,
        last_ttl: Ttl,
        protocols: Option<Protocols>,
        hops: &dyn Fn(u32) -> Vec<Hop>,
    ) {
        self.settled.count_each(protocols);
        self.over = round.saturating_add(1);
        self.last_ttl = Some(last_ttl);
        let (from, to) = (self.settled_to, self.over.saturating_sub(LATE));
        if to > from {
            self.settled.add(&hops(from), |round| (from..to).contains(&round), |_| true);
            self.settled_to = to;
        }
    }

    /// Everything so far, with those rounds whose answers may still come.
    fn with(&self, hops: &[Hop], protocols: Option<Protocols>) -> Tallies {
        let mut tallies = self.settled.clone();
        tallies.count_each(protocols);
        let over = self.over;
        tallies.add(hops, |round| round >= self.settled_to, |round| round < over);
        tallies
    }
}

impl Recent {
    fn learn(&mut self, trace: Trace) {
        self.findings = trace.findings();
        let mut changed = false;
        for change in trace.path_changes() {
            let at = i64::try_from(change.at.as_nanos()).unwrap_or(i64::MAX);
            let words = format!("{}: {change}", clock::instant(trace.started.saturating_add(at)));
            changed |= self.changes.insert((change.round, change.protocol, change.flow), words).is_none();
        }
        if changed {
            // Who limited its answers may have left the path.
            self.limited.clear();
        }
        let seen = trace.hops.iter().zip(&self.findings);
        let limiting = seen.filter(|(_, findings)| findings.contains(&Finding::RateLimited));
        self.limited.extend(limiting.map(|(hop, _)| hop.ttl));
        while self.changes.len() > CHANGES {
            self.changes.pop_first();
        }
        self.hops = trace.hops;
    }

    /// What is noticeable at each hop, now or in what is counted.
    fn standing(&self, tallies: &Tallies) -> Vec<Vec<Finding>> {
        let limits = |ttl: Ttl| {
            let own = tallies.get(ttl).and_then(|tally| tally.whole.loss());
            // What is lost behind it too, it did not limit.
            self.limited.contains(&ttl)
                && own.zip(tallies.least_loss_behind(ttl)).is_some_and(|(own, least)| own > least)
        };
        let mut standing = self.findings.clone();
        for (hop, findings) in self.hops.iter().zip(&mut standing) {
            if !findings.contains(&Finding::RateLimited) && limits(hop.ttl) {
                findings.push(Finding::RateLimited);
            }
        }
        standing
    }
}

#[cfg(test)]
mod tests;
