//! Changes of the path while it was traced.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::survey::{Answer, Lane, is_arrival, note};
use super::{Finding, Observation, Survey};
use crate::model::{Flow, ProbeRecord, Protocol, Ttl};

/// Answers in all that there must be before and after a change: one alone may be a stray.
const SUPPORT: usize = 2;
/// The same where some TTLs of the flow are balanced packet by packet.
const SUPPORT_AMONG_BALANCED: usize = 8;

/// A change of the path of one flow: from some moment on other addresses answer at its TTLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathChange {
    /// When the first probe left that is known to have gone the new way, counted from the start of the trace.
    pub at: Duration,
    /// The round of that probe, from 0.
    pub round: u32,
    /// The protocol of the flow.
    pub protocol: Option<Protocol>,
    /// The flow.
    pub flow: Flow,
    /// The first TTL at which another address answers.
    pub first_ttl: Ttl,
    /// The last such TTL; where the length changed, that of the longer path.
    pub last_ttl: Ttl,
    /// Who answered before, one entry for each TTL from the first to the last; `None` where nobody did.
    pub before: Vec<Option<IpAddr>>,
    /// Who answered afterwards.
    pub after: Vec<Option<IpAddr>>,
    /// The TTL at which the target answered before, if it did.
    pub length_before: Option<Ttl>,
    /// The TTL at which the target answered afterwards, if it did.
    pub length_after: Option<Ttl>,
}

impl PathChange {
    /// Whether the change concerns this TTL.
    #[must_use]
    pub fn covers(&self, ttl: Ttl) -> bool {
        (self.first_ttl..=self.last_ttl).contains(&ttl)
    }

    /// Whether a probe with this TTL was meant for a hop that had left the path when it was sent.
    pub(super) fn left(&self, ttl: Ttl, probe: &ProbeRecord) -> bool {
        let place = ttl.get().checked_sub(self.first_ttl.get()).map(usize::from);
        let at = |side: &[Option<IpAddr>]| place.and_then(|place| side.get(place).copied());
        let gone = matches!((at(&self.before), at(&self.after)), (Some(Some(_)), Some(None)));
        (probe.protocol, probe.flow) == (self.protocol, self.flow)
            && gone
            && probe.sent.is_some_and(|sent| sent >= self.at)
    }
}

/// `at 12.3 s the path changed from TTL 5 to 8, and grew from 7 to 9 hops`.
impl fmt::Display for PathChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first_ttl: first, last_ttl: last, .. } = self;
        write!(f, "{} after the start the path changed ", time(self.at))?;
        if first == last {
            write!(f, "at TTL {first}")?
        } else {
            write!(f, "from TTL {first} to {last}")?
        }
        match (self.length_before, self.length_after) {
            (Some(before), Some(after)) if before < after => {
                write!(f, ", and grew from {before} to {after} hops")
            }
            (Some(before), Some(after)) if before > after => {
                write!(f, ", and shrank from {before} to {after} hops")
            }
            _ => Ok(()),
        }
    }
}

fn time(duration: Duration) -> String {
    match duration.as_secs_f64() {
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{seconds:.1} s"),
    }
}

/// Another address at one TTL of a lane.
#[derive(Debug, Clone, Copy)]
struct Switch {
    ttl: Ttl,
    /// When the last probe left that was answered by the old address.
    from: Duration,
    /// When the first probe left that was answered by the new one.
    to: Duration,
    round: u32,
    /// Answers in a row before and after.
    support: (usize, usize),
}

/// The changes of every lane, in the order of time.
pub(super) fn changes(survey: &Survey<'_>) -> Vec<PathChange> {
    let mut changes = Vec::new();
    for lane in survey.lanes.iter().filter(|lane| lane.keeps_flow) {
        let support = if lane.balanced.is_empty() { SUPPORT } else { SUPPORT_AMONG_BALANCED };
        for moment in moments(switches(lane)) {
            let sum = |side: fn(&Switch) -> usize| moment.iter().map(side).sum::<usize>();
            if sum(|switch| switch.support.0) >= support && sum(|switch| switch.support.1) >= support {
                changes.extend(change(survey, lane, &moment));
            }
        }
    }
    changes.sort_by_key(|change| (change.at, change.flow, change.protocol));
    changes
}

fn switches(lane: &Lane<'_>) -> Vec<Switch> {
    let mut switches = Vec::new();
    for ttl in lane.ttls().into_iter().filter(|ttl| !lane.balanced.contains(ttl)) {
        let stretches: Vec<&[Answer<'_>]> =
            lane.at(ttl).chunk_by(|one, other| one.reply.from == other.reply.from).collect();
        for (old, new) in stretches.iter().zip(stretches.iter().skip(1)) {
            if let (Some(last), Some(first)) = (old.last(), new.first())
                && let (Some(from), Some(to)) = (last.sent, first.sent)
            {
                let support = (old.len(), new.len());
                switches.push(Switch { ttl, from, to, round: first.round, support });
            }
        }
    }
    switches
}

/// Switches that may have happened at one moment, together.
fn moments(mut switches: Vec<Switch>) -> Vec<Vec<Switch>> {
    switches.sort_by_key(|switch| switch.to);
    let mut moments: Vec<Vec<Switch>> = Vec::new();
    for switch in switches {
        let joins =
            moments.last().and_then(|moment| moment.first()).is_some_and(|first| switch.from < first.to);
        match moments.last_mut() {
            Some(moment) if joins => moment.push(switch),
            _ => moments.push(vec![switch]),
        }
    }
    moments
}

fn change(survey: &Survey<'_>, lane: &Lane<'_>, moment: &[Switch]) -> Option<PathChange> {
    let first = moment.first()?;
    let (at, round) = (first.to, first.round);
    let first_ttl = moment.iter().map(|switch| switch.ttl).min()?;
    let (before, after) = sides(lane, at, round);
    let (length_before, length_after) = (length(survey, &before), length(survey, &after));
    let mut last_ttl = moment.iter().map(|switch| switch.ttl).max()?;
    if let (Some(one), Some(other)) = (length_before, length_after) {
        // What the target answers behind its own TTL tells nothing.
        last_ttl = last_ttl.min(one.max(other)).max(first_ttl);
        if one != other {
            last_ttl = one.max(other);
        }
    }
    // A router that is silent on the new path is part of it, too.
    let gone =
        |ttl: Ttl| before.contains_key(&ttl) && !after.contains_key(&ttl) && asked(survey, lane, ttl, at);
    while gone(last_ttl.saturating_add(1)) && last_ttl < Ttl::MAX {
        last_ttl = last_ttl.saturating_add(1);
    }
    let ttls = || (first_ttl.get()..=last_ttl.get()).filter_map(Ttl::new);
    let side = |answers: &BTreeMap<Ttl, &Answer<'_>>, length: Option<Ttl>| {
        ttls()
            .map(|ttl| answers.get(&ttl).filter(|_| length.is_none_or(|length| ttl <= length)))
            .map(|answer| answer.map(|answer| answer.reply.from))
            .collect::<Vec<_>>()
    };
    let (side_before, side_after) = (side(&before, length_before), side(&after, length_after));
    // What answered differently may lie behind the target on both sides, where nothing counts.
    (side_before != side_after).then_some(PathChange {
        at,
        round,
        protocol: lane.protocol,
        flow: lane.flow,
        first_ttl,
        last_ttl,
        before: side_before,
        after: side_after,
        length_before,
        length_after,
    })
}

type Side<'a, 'b> = BTreeMap<Ttl, &'b Answer<'a>>;

/// The answers at each TTL nearest to a moment, before and after: of the round of the moment, and where that has
/// none, of those around it.
fn sides<'a, 'b>(lane: &'b Lane<'a>, at: Duration, round: u32) -> (Side<'a, 'b>, Side<'a, 'b>) {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    for answer in &lane.answers {
        match answer.sent {
            Some(sent) if sent < at && answer.round + 1 >= round => {
                before.insert(answer.ttl, answer);
            }
            Some(sent) if sent >= at && answer.round <= round + 1 => {
                after.entry(answer.ttl).or_insert(answer);
            }
            _ => {}
        }
    }
    (before, after)
}

/// The TTL at which the target answers, behind all routers.
fn length(survey: &Survey<'_>, side: &Side<'_, '_>) -> Option<Ttl> {
    let target = survey.trace.target.as_ref().map(|target| target.address);
    let exceeded = side.iter().filter(|(_, answer)| answer.exceeded()).map(|(ttl, _)| *ttl).max();
    let arrived = |answer: &Answer<'_>| {
        answer.reply.kind.is_some_and(|kind| is_arrival(kind, answer.reply.from, target))
    };
    side.iter().filter(|(_, answer)| arrived(answer)).map(|(ttl, _)| *ttl).find(|ttl| Some(*ttl) > exceeded)
}

/// Whether at least two probes of the lane went to a TTL from a moment on.
fn asked(survey: &Survey<'_>, lane: &Lane<'_>, ttl: Ttl, at: Duration) -> bool {
    let hop = survey.trace.hops.iter().find(|hop| hop.ttl == ttl);
    let probes = hop.into_iter().flat_map(|hop| &hop.probes);
    let of_lane = probes.filter(|probe| (probe.protocol, probe.flow) == (lane.protocol, lane.flow));
    of_lane.filter(|probe| probe.sent.is_some_and(|sent| sent >= at)).count() >= 2
}

pub(super) fn observe(survey: &Survey<'_>, found: &mut Vec<Observation>) {
    let many = survey.lanes.len() > 1;
    for change in &survey.changes {
        let lane =
            survey.lanes.iter().find(|lane| (lane.protocol, lane.flow) == (change.protocol, change.flow));
        let name = lane.filter(|_| many).map(|lane| format!(" for {}", lane.name())).unwrap_or_default();
        let ttls = (change.first_ttl.get()..=change.last_ttl.get()).filter_map(Ttl::new);
        for ((ttl, before), after) in ttls.zip(&change.before).zip(&change.after) {
            if before == after || !survey.trace.hops.iter().any(|hop| hop.ttl == ttl) {
                continue;
            }
            let at = time(change.at);
            let words = match (before, after) {
                (Some(before), Some(after)) => {
                    format!("{after} answers in place of {before} from {at} after the start{name}")
                }
                (Some(before), None) => {
                    format!(
                        "{before} left the path {at} after the start{name}: silence since then is no loss"
                    )
                }
                (None, Some(after)) => format!("{after} joined the path {at} after the start{name}"),
                (None, None) => continue,
            };
            note(found, ttl, Finding::PathChange, format!("{words}: the path changed"));
        }
    }
}
