//! The targets that are watched now, by their numbers in the schedule.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use super::schedule::{Ended, Rhythm, Schedule};
use crate::host::Host;
use crate::settings::{How, Wanted};

/// A target at its place. A place is taken again when its target is gone, and so every target has a number that is its
/// alone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Ticket {
    pub(super) place: usize,
    number: u64,
}

/// A target that is watched.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) wanted: Wanted,
    number: u64,
    /// When it was last begun to be traced: nanoseconds since 1970 UTC.
    pub(super) last: Option<i64>,
    /// Traces of it that are under way.
    under_way: usize,
    /// Whether one of those was made.
    traced: bool,
}

/// The targets that are watched.
#[derive(Debug, Default)]
pub(super) struct Seats {
    seats: Vec<Option<Seat>>,
    numbers: u64,
    /// Traces under way, or hosts being looked up.
    busy: usize,
}

impl Seats {
    pub(super) fn get(&self, ticket: Ticket) -> Option<&Seat> {
        let seat = self.seats.get(ticket.place)?.as_ref()?;
        (seat.number == ticket.number).then_some(seat)
    }

    /// The target at a place.
    pub(super) fn at(&self, place: usize) -> Option<(Ticket, &Seat)> {
        let seat = self.seats.get(place)?.as_ref()?;
        Some((Ticket { place, number: seat.number }, seat))
    }

    pub(super) fn count(&self) -> usize {
        self.seats.iter().flatten().count()
    }

    /// How many targets are being traced or looked up.
    pub(super) const fn busy(&self) -> usize {
        self.busy
    }

    /// Watches these and no others: what stays as it was keeps its place. `last` says when a host was last traced.
    /// Returns how many are new, and how many are gone.
    pub(super) fn seat(
        &mut self,
        wanted: &[Wanted],
        schedule: &mut Schedule,
        last: impl Fn(&Host) -> Option<i64>,
    ) -> (usize, usize) {
        let mut stays: HashMap<&Host, Vec<(&Wanted, bool)>> = HashMap::new();
        for wanted in wanted {
            stays.entry(&wanted.host).or_default().push((wanted, false));
        }
        let (mut new, mut gone) = (0, 0);
        // Of one that is traced in another way now it is known when it was traced.
        let mut known: HashMap<Host, i64> = HashMap::new();
        for (place, found) in self.seats.iter_mut().enumerate() {
            let Some(seat) = found else { continue };
            let same = stays.get_mut(&seat.wanted.host).and_then(|wanted| {
                wanted.iter_mut().find(|(wanted, taken)| !taken && **wanted == seat.wanted)
            });
            if let Some((_, taken)) = same {
                *taken = true;
                continue;
            }
            schedule.remove(place);
            known.extend(seat.last.map(|last| (seat.wanted.host.clone(), last)));
            if seat.under_way > 0 {
                // Nobody waits for it: what it finds is kept all the same.
                schedule.ended(place, Ended::Traced);
                self.busy -= 1;
            }
            *found = None;
            gone += 1;
        }
        for wanted in wanted {
            let list = stays.get_mut(&wanted.host);
            let open =
                list.and_then(|list| list.iter_mut().find(|(other, taken)| !taken && **other == *wanted));
            let Some((_, taken)) = open else { continue };
            *taken = true;
            let last = known.get(&wanted.host).copied().or_else(|| last(&wanted.host));
            let place = schedule.add(rhythm(wanted), last);
            self.numbers += 1;
            let seat =
                Seat { wanted: wanted.clone(), number: self.numbers, last, under_way: 0, traced: false };
            while self.seats.len() <= place {
                self.seats.push(None);
            }
            if let Some(free) = self.seats.get_mut(place) {
                *free = Some(seat);
            }
            new += 1;
        }
        (new, gone)
    }

    /// So many traces of a target, or the search for its address, begin.
    pub(super) fn begin(&mut self, ticket: Ticket, traces: usize, now: i64) {
        let Some(seat) = self.seat_mut(ticket) else { return };
        let was_idle = seat.under_way == 0;
        seat.under_way = traces;
        seat.last = Some(now);
        seat.traced = false;
        self.busy += usize::from(was_idle);
    }

    /// One trace of a target is over; if it was the last one, says what became of all.
    pub(super) fn end(&mut self, ticket: Ticket, ended: Ended) -> Option<Ended> {
        let seat = self.seat_mut(ticket)?;
        if seat.under_way == 0 {
            return None;
        }
        seat.under_way -= 1;
        seat.traced |= ended == Ended::Traced;
        let over = (seat.under_way == 0).then_some(if seat.traced { Ended::Traced } else { Ended::Failed });
        self.busy -= usize::from(over.is_some());
        over
    }

    /// Every target that is under way fails.
    pub(super) fn abandon(&mut self, schedule: &mut Schedule) {
        for (place, seat) in self.seats.iter_mut().enumerate() {
            if let Some(seat) = seat.as_mut().filter(|seat| seat.under_way > 0) {
                seat.under_way = 0;
                schedule.ended(place, Ended::Failed);
            }
        }
        self.busy = 0;
    }

    fn seat_mut(&mut self, ticket: Ticket) -> Option<&mut Seat> {
        let seat = self.seats.get_mut(ticket.place)?.as_mut()?;
        (seat.number == ticket.number).then_some(seat)
    }
}

impl Seat {
    pub(super) fn how(&self) -> &Arc<How> {
        &self.wanted.how
    }
}

fn rhythm(wanted: &Wanted) -> Rhythm {
    let mut hasher = DefaultHasher::new();
    wanted.host.hash(&mut hasher);
    Rhythm { every: wanted.how.every, seed: hasher.finish(), steady: wanted.how.steady }
}
