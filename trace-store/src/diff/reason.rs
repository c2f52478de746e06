//! The differences in words.

use trace_core::model::{Outcome, Ttl};

use super::{Diff, Mark, Row, Side, Verdict};

/// A sentence for each kind of difference, the verdict first.
pub(super) fn reasons(diff: &Diff) -> Vec<String> {
    let Diff { verdict, rows, .. } = diff;
    let mut reasons = vec![headline(diff)];
    let mut add = |than: Verdict, marks: &[Mark], text: &str| {
        if *verdict > than && rows.iter().any(|row| marks.contains(&row.mark)) {
            reasons.push(text.replace("{}", &ttls(rows, marks)));
        }
    };
    add(Verdict::LoadBalancing, &[Mark::Balanced], "packets are balanced over several ways at {}");
    add(
        Verdict::RateLimiting,
        &[Mark::RateLimited],
        "a router limits its answers at {}, and gave none in one of the traces",
    );
    add(Verdict::SilentHop, &[Mark::Silent], "nobody answered in one of the traces at {}");
    reasons
}

fn headline(diff: &Diff) -> String {
    let Diff { a, b, rows, .. } = diff;
    let reached = |side: &Side| side.outcome == Some(Outcome::Reached);
    let other = &[Mark::Replaced, Mark::Added, Mark::Removed];
    match diff.verdict {
        Verdict::Same => "the same routers answer".to_owned(),
        Verdict::SilentHop => {
            format!(
                "the path is the same as far as it is seen: nobody answered in one of the traces at {}",
                ttls(rows, &[Mark::Silent])
            )
        }
        Verdict::RateLimiting => format!(
            "the path is the same as far as it is seen: a router limits its answers at {}, and gave none in one of the traces",
            ttls(rows, &[Mark::RateLimited])
        ),
        Verdict::LoadBalancing => {
            format!(
                "packets are balanced over several ways at {}: the traces met different ones",
                ttls(rows, &[Mark::Balanced])
            )
        }
        Verdict::Uncertain => format!(
            "other routers answer at {}, where the paths part and meet again: packets of different flows may be balanced \
             there, or the path changed; `changes` judges by all traces of the target, and so do traces with --flows",
            ttls(rows, other)
        ),
        Verdict::Unreached => {
            let which = if reached(a) { "the second trace" } else { "the first trace" };
            format!("the path is the same as far as it goes, but {which} did not reach the target")
        }
        Verdict::Reroute => {
            let ends = match (reached(a), reached(b)) {
                (true, false) => ", and the second trace did not reach the target",
                (false, true) => ", and the first trace did not reach the target",
                _ => "",
            };
            format!("the path is another one at {}{ends}", ttls(rows, other))
        }
        Verdict::DifferentTargets => {
            let name = |side: &Side| {
                side.target
                    .as_ref()
                    .map_or_else(|| "nowhere known".to_owned(), |target| target.address.to_string())
            };
            format!("the traces lead to different targets, {} and {}", name(a), name(b))
        }
    }
}

/// `TTL 5 to 8 and 11`: where rows are marked so, by the first trace where it has the hop.
fn ttls(rows: &[Row], marks: &[Mark]) -> String {
    let marked = rows.iter().filter(|row| marks.contains(&row.mark));
    let mut ttls: Vec<u8> = marked
        .filter_map(|row| row.a.as_ref().or(row.b.as_ref()))
        .map(|place| place.ttl)
        .map(Ttl::get)
        .collect();
    ttls.sort_unstable();
    ttls.dedup();
    let mut ranges: Vec<(u8, u8)> = Vec::new();
    for ttl in ttls {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(ttl) => *last = ttl,
            _ => ranges.push((ttl, ttl)),
        }
    }
    let words: Vec<String> = ranges
        .into_iter()
        .map(|(first, last)| if first == last { first.to_string() } else { format!("{first} to {last}") })
        .collect();
    match words.split_last() {
        None => "no TTL".to_owned(),
        Some((last, [])) => format!("TTL {last}"),
        Some((last, others)) => format!("TTL {} and {last}", others.join(", ")),
    }
}
