//! MPLS tunnels: those that show themselves, and those that hide routers or tell wrong times.

use core::ops::RangeInclusive;
use core::time::Duration;

use super::survey::{Lane, listed, note};
use super::{Finding, Observation, Survey};
use crate::model::Label;

/// The TTL that labels start with where that of the packet is not copied.
const LABEL_TTL: u8 = 255;
/// A label with less than this has no such start: no tunnel has so many routers.
const LEAST_OPAQUE_TTL: u8 = 192;
/// Routers by which the way back must exceed the way there: less is common where no tunnel is (Vanaubel et al., "TNT,
/// watch me explode", TMA 2019).
const LEAST_HIDDEN: u8 = 3;
/// What round-trip times may differ by and still be the same.
const SAME_RTT: Duration = Duration::from_millis(1);

pub(super) fn observe(survey: &Survey<'_>, found: &mut Vec<Observation>) {
    let labels = survey.by_lane(|answer| answer.exceeded().then(|| answer.reply.mpls.clone()));
    let quoted = survey.by_lane(|answer| {
        let plain = answer.exceeded() && answer.reply.mpls.is_empty();
        answer.reply.quoted.filter(|_| plain).map(|quoted| quoted.ttl)
    });
    let back = survey.by_lane(|answer| {
        let router = Some(answer.reply).filter(|reply| answer.exceeded() && reply.mpls.is_empty())?;
        Some((router.initial_ttl()?, router.routers_back()?))
    });
    for (place, lane) in survey.lanes.iter().enumerate() {
        let tunnels = labels.get(place).map(|labels| labelled(survey, labels, found)).unwrap_or_default();
        let implicit = quoted.get(place).map(|quoted| rising(survey, quoted, found)).unwrap_or_default();
        for tunnel in tunnels.into_iter().chain(implicit) {
            inflated(survey, lane, tunnel, found);
        }
        if let Some(back) = back.get(place) {
            invisible(survey, back, found);
        }
    }
}

/// Stretches of hops that report labels. One alone whose label has a TTL from outside is the end of a tunnel that hides
/// the rest.
fn labelled(
    survey: &Survey<'_>,
    labels: &[Option<Vec<Label>>],
    found: &mut Vec<Observation>,
) -> Vec<RangeInclusive<usize>> {
    let stacks: Vec<&[Label]> = labels.iter().map(|stack| stack.as_deref().unwrap_or_default()).collect();
    let mut tunnels = Vec::new();
    for tunnel in stretches(stacks.len(), |index| stacks.get(index).is_some_and(|stack| !stack.is_empty())) {
        let (first, last) = (survey.ttl(*tunnel.start()), survey.ttl(*tunnel.end()));
        let (Some(first), Some(last)) = (first, last) else { continue };
        let top = stacks.get(*tunnel.start()).and_then(|stack| stack.first());
        if let Some(top) = top
            && first == last
            && (LEAST_OPAQUE_TTL..LABEL_TTL).contains(&top.ttl)
        {
            let hidden = LABEL_TTL - top.ttl;
            let explanation = format!(
                "its label {} has TTL {}: an MPLS tunnel ends here that hides about {hidden} router{}",
                top.label,
                top.ttl,
                if hidden == 1 { "" } else { "s" }
            );
            note(found, first, Finding::MplsOpaque, explanation);
            continue;
        }
        for index in tunnel.clone() {
            let (Some(ttl), Some(stack)) = (survey.ttl(index), stacks.get(index)) else { continue };
            let names = listed(stack.iter().map(|entry| entry.label));
            let extent =
                if first == last { "here".to_owned() } else { format!("from TTL {first} to {last}") };
            let explanation = format!("reports label {names} of an MPLS tunnel {extent}");
            note(found, ttl, Finding::MplsTunnel, explanation);
        }
        tunnels.push(tunnel);
    }
    tunnels
}

/// Stretches of hops in each of which the quoted TTL is one more than before.
fn rising(
    survey: &Survey<'_>,
    quoted: &[Option<u8>],
    found: &mut Vec<Observation>,
) -> Vec<RangeInclusive<usize>> {
    let at = |index: usize| quoted.get(index).copied().flatten().filter(|ttl| *ttl > 0);
    let rises = |index: usize| match (index.checked_sub(1).and_then(at), at(index)) {
        (Some(before), Some(here)) => before.checked_add(1) == Some(here),
        _ => false,
    };
    let mut tunnels = Vec::new();
    for rise in stretches(quoted.len(), rises) {
        let tunnel = rise.start().saturating_sub(1)..=*rise.end();
        let (Some(first), Some(last)) = (survey.ttl(*tunnel.start()), survey.ttl(*tunnel.end())) else {
            continue;
        };
        for index in tunnel.clone() {
            let (Some(ttl), Some(left)) = (survey.ttl(index), at(index)) else { continue };
            let explanation = format!(
                "the packet it quotes had TTL {left}, and the quoted TTLs rise from TTL {first} to {last}: an MPLS \
                 tunnel whose routers report no labels"
            );
            note(found, ttl, Finding::MplsImplicit, explanation);
        }
        tunnels.push(tunnel);
    }
    tunnels
}

/// Routers in a tunnel send their answers on to its end, which sends them back. So all of them seem as far as
/// the end.
fn inflated(
    survey: &Survey<'_>,
    lane: &Lane<'_>,
    tunnel: RangeInclusive<usize>,
    found: &mut Vec<Observation>,
) {
    let least = |index: usize| {
        let ttl = survey.ttl(index)?;
        lane.at(ttl).iter().filter_map(|answer| answer.reply.rtt).min()
    };
    let (Some(before), Some(end)) =
        (tunnel.start().checked_sub(1).and_then(least), least(tunnel.end() + 1).or(least(*tunnel.end())))
    else {
        return;
    };
    let tolerance = SAME_RTT.max(end / 20);
    let same = tunnel.clone().all(|index| least(index).is_some_and(|rtt| rtt.abs_diff(end) <= tolerance));
    if tunnel.start() == tunnel.end() || !same || end.saturating_sub(before) <= tolerance * 4 {
        return;
    }
    let last = survey.ttl(tunnel.end() + 1).or(survey.ttl(*tunnel.end()));
    let Some(last) = last else { return };
    for ttl in tunnel.filter_map(|index| survey.ttl(index)) {
        let explanation = format!(
            "its answer goes by way of the end of the MPLS tunnel: its RTT is that of TTL {last} ({:.1} ms), and says \
             nothing of where it is",
            end.as_secs_f64() * 1e3
        );
        note(found, ttl, Finding::MplsRtt, explanation);
    }
}

/// Where a tunnel hides its routers from what goes there, its labels still count those on the way back, and the answer
/// takes the lesser TTL. So the way back grows by the hidden routers at once, and then not at all for as
/// many hops. A way back that is merely longer goes on growing.
fn invisible(survey: &Survey<'_>, back: &[Option<(u8, u8)>], found: &mut Vec<Observation>) {
    let excess = |index: usize| {
        let (initial, back) = back.get(index).copied().flatten()?;
        let there = survey.ttl(index)?.get() - 1;
        Some((initial, i16::from(back) - i16::from(there)))
    };
    for index in 2..back.len() {
        let (Some(one), Some(two), Some(here)) = (excess(index - 2), excess(index - 1), excess(index)) else {
            continue;
        };
        if one != two || two.0 != here.0 {
            continue;
        }
        let Some(hidden) = u8::try_from(here.1 - two.1).ok().filter(|hidden| *hidden >= LEAST_HIDDEN) else {
            continue;
        };
        let following: Vec<_> =
            (1..=usize::from(hidden)).map_while(|hops| back.get(index + hops).copied().flatten()).collect();
        let stays = following.iter().all(|other| Some(*other) == back.get(index).copied().flatten());
        if following.len() < 2 || !stays {
            continue;
        }
        if let Some(ttl) = survey.ttl(index) {
            let explanation = format!(
                "its answers come back over {hidden} routers more than those of the hop before, and those of the next \
                 hops over no more: an MPLS tunnel before it seems to hide {hidden} routers"
            );
            note(found, ttl, Finding::MplsInvisible, explanation);
        }
    }
}

/// The stretches of consecutive indices for which something holds.
fn stretches(count: usize, holds: impl Fn(usize) -> bool) -> Vec<RangeInclusive<usize>> {
    let mut stretches: Vec<RangeInclusive<usize>> = Vec::new();
    for index in (0..count).filter(|index| holds(*index)) {
        match stretches.last_mut() {
            Some(last) if *last.end() + 1 == index => *last = *last.start()..=index,
            _ => stretches.push(index..=index),
        }
    }
    stretches
}
