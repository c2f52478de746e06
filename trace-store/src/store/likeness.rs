//! Whether the places of one trace are those of another.

use std::collections::BTreeMap;
use std::net::IpAddr;

use trace_core::model::{Hop, ProbeRecord};

/// An atlas grows no larger than this by addresses that other traces of its setup met.
const LARGEST: usize = 96;

/// Who answered a trace, sorted once it is asked for.
pub(super) struct Answerers<'a> {
    hops: &'a [Hop],
    sorted: Option<Vec<IpAddr>>,
}

impl<'a> Answerers<'a> {
    pub(super) const fn of(hops: &'a [Hop]) -> Self {
        Self { hops, sorted: None }
    }

    fn contain(&mut self, address: &IpAddr) -> bool {
        let sorted = self.sorted.get_or_insert_with(|| {
            let probes = self.hops.iter().flat_map(|hop| &hop.probes);
            let mut all: Vec<IpAddr> =
                probes.filter_map(ProbeRecord::reply).map(|reply| reply.from).collect();
            all.sort_unstable();
            all
        });
        sorted.binary_search(address).is_ok()
    }
}

/// Whether `places` are those of `base`: all of them (`Some(false)`), or those of them who answered (`Some(true)`).
pub(super) fn covers(
    base: &[(IpAddr, i64)],
    places: &[(IpAddr, i64)],
    answered: &mut Answerers<'_>,
) -> Option<bool> {
    if base == places {
        return Some(false);
    }
    if places.len() >= base.len() {
        return None;
    }
    let mut rest = base.iter();
    // Both are in order: what of the base comes before the next place is not among the places.
    for place in places {
        loop {
            let known = rest.next()?;
            if known == place {
                break;
            }
            if known.0 >= place.0 || answered.contain(&known.0) {
                return None;
            }
        }
    }
    if rest.any(|(address, _)| answered.contain(address)) {
        return None;
    }
    places.iter().all(|(address, _)| answered.contain(address)).then_some(true)
}

/// The places of `base` and `places` together, if they do not contradict one another and `places` are just those of them
/// who answered.
pub(super) fn united(
    base: &[(IpAddr, i64)],
    places: &[(IpAddr, i64)],
    answered: &mut Answerers<'_>,
) -> Option<Vec<(IpAddr, i64)>> {
    if base.len() + places.len() > LARGEST || !places.iter().all(|(address, _)| answered.contain(address)) {
        return None;
    }
    let mut united: BTreeMap<IpAddr, i64> = places.iter().copied().collect();
    for (address, number) in base {
        let known = united.contains_key(address);
        if known != answered.contain(address) || *united.entry(*address).or_insert(*number) != *number {
            return None;
        }
    }
    Some(united.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(numbers: &[(u8, i64)]) -> Vec<(IpAddr, i64)> {
        numbers.iter().map(|(octet, number)| (IpAddr::from([192, 0, 2, *octet]), *number)).collect()
    }

    fn answered(octets: &[u8]) -> Answerers<'static> {
        Answerers { hops: &[], sorted: Some(octets.iter().map(|octet| [192, 0, 2, *octet].into()).collect()) }
    }

    #[test]
    fn an_atlas_serves_a_trace_whose_answerers_it_knows() {
        let base = places(&[(1, 7), (3, 8), (5, 9)]);
        let covered =
            |numbers: &[(u8, i64)], octets: &[u8]| covers(&base, &places(numbers), &mut answered(octets));
        assert_eq!(covered(&[(1, 7), (3, 8), (5, 9)], &[]), Some(false));
        assert_eq!(covered(&[(1, 7), (5, 9)], &[1, 5]), Some(true));
        assert_eq!(covered(&[(3, 8)], &[3, 4]), Some(true));
        // Somebody answered that has no place in this trace, at its beginning, in its middle, at its end.
        assert_eq!(covered(&[(3, 8), (5, 9)], &[1, 3, 5]), None);
        assert_eq!(covered(&[(1, 7), (5, 9)], &[1, 3, 5]), None);
        assert_eq!(covered(&[(1, 7), (3, 8)], &[1, 3, 5]), None);
        // Somebody has a place that never answered.
        assert_eq!(covered(&[(1, 7), (5, 9)], &[5]), None);
        // The sources say something else, or of somebody else.
        assert_eq!(covered(&[(1, 6), (5, 9)], &[1, 5]), None);
        assert_eq!(covered(&[(2, 7), (5, 9)], &[2, 5]), None);
        assert_eq!(covered(&[(5, 9), (6, 1)], &[5, 6]), None);
        assert_eq!(covered(&[(1, 7), (2, 1), (3, 8), (5, 9)], &[]), None);
    }

    #[test]
    fn places_unite_where_they_agree() {
        let base = places(&[(1, 7), (3, 8)]);
        let together =
            |numbers: &[(u8, i64)], octets: &[u8]| united(&base, &places(numbers), &mut answered(octets));
        assert_eq!(together(&[(1, 7), (2, 5)], &[1, 2]), Some(places(&[(1, 7), (2, 5), (3, 8)])));
        assert_eq!(together(&[(1, 6), (2, 5)], &[1, 2]), None, "they contradict one another");
        assert_eq!(together(&[(1, 7), (2, 5)], &[1, 2, 3]), None, "one who answered has no place");
        assert_eq!(together(&[(1, 7), (2, 5)], &[1]), None, "one who has a place did not answer");
    }
}
