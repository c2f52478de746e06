//! What is known of a hop's place: the same for both traces, so that a database that changed between them makes no
//! difference.

use std::net::IpAddr;

use trace_core::model::{Atlas, Hop, Located, Statistics};

use super::{Mark, Place, Row, Step};

/// The places of two traces. Where both tell of an address, the trace that started later knows better.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'a> {
    pub(super) newer: &'a Atlas,
    pub(super) older: &'a Atlas,
}

impl<'a> Places<'a> {
    fn of(self, address: IpAddr) -> Option<&'a Located> {
        let known = |atlas: &'a Atlas| atlas.get(address).filter(|located| **located != Located::default());
        known(self.newer).or_else(|| known(self.older))
    }

    /// A hop as it stands in a diff.
    pub(super) fn place(self, hop: &Hop, statistics: Option<&Statistics>) -> Place {
        let addresses = hop.answerers();
        let located: Vec<&Located> = addresses.iter().filter_map(|address| self.of(*address)).collect();
        let place = || located.iter().filter_map(|located| located.place.as_ref());
        // An address on the peering LAN of an exchange point belongs to no AS of the path.
        let firm = located.iter().filter(|located| located.exchange().is_none());
        Place {
            ttl: hop.ttl,
            hostname: located.first().and_then(|located| located.hostname.as_deref()).map(str::to_owned),
            asn: firm.filter_map(|located| located.place.as_ref()?.asn).next(),
            city: place().find_map(|place| place.city.as_deref()).map(str::to_owned),
            country: place().find_map(|place| place.country_code).map(|code| code.to_string()),
            rtt: statistics.and_then(|statistics| statistics.median),
            addresses,
        }
    }
}

/// What both paths lead through, side by side, at a coarser level: repeats are one step. A hop that is silent in one of the
/// traces tells nothing of where the paths differ, so it counts in neither.
pub(super) fn steps(rows: &[Row], name: impl Fn(&Place) -> Option<String>) -> Vec<Step> {
    let told = |row: &&Row| match row.mark {
        Mark::Silent | Mark::RateLimited => false,
        // Of one branch nothing may be known.
        Mark::Balanced => {
            row.a.as_ref().and_then(&name).is_some() == row.b.as_ref().and_then(&name).is_some()
        }
        Mark::Same | Mark::Added | Mark::Removed | Mark::Replaced => true,
    };
    let of = |side: fn(&Row) -> Option<&Place>| {
        let heard = rows.iter().filter(told);
        let mut names: Vec<String> = heard.filter_map(side).filter_map(&name).collect();
        names.dedup();
        names
    };
    let (a, b) = (of(|row| row.a.as_ref()), of(|row| row.b.as_ref()));
    let step = |mark: Mark, name: &String| Step { mark, name: name.clone() };
    let mut steps = Vec::with_capacity(a.len().max(b.len()));
    for operation in similar::capture_diff_slices(similar::Algorithm::Myers, &a, &b) {
        let (_, old, new) = operation.as_tag_tuple();
        let (old, new) = (a.get(old).unwrap_or_default(), b.get(new).unwrap_or_default());
        if old == new {
            steps.extend(old.iter().map(|name| step(Mark::Same, name)));
            continue;
        }
        steps.extend(old.iter().map(|name| step(Mark::Removed, name)));
        steps.extend(new.iter().map(|name| step(Mark::Added, name)));
    }
    steps
}
