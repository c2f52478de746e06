//! Where the hops of a trace are, as far as that can be believed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use trace_core::model::{Atlas, Hop, Located, Origin, Trace};
use trace_geo::{Chain, is_global, judge, origin};

/// Everybody on a trace, and its target.
pub(crate) fn addresses(trace: &Trace) -> BTreeSet<IpAddr> {
    let answerers = trace.hops.iter().flat_map(Hop::answerers);
    answerers.chain(trace.target.as_ref().map(|target| target.address)).collect()
}

/// What the sources say of the addresses of a trace, held against its round-trip times. `names` are the host names
/// that are known.
pub(crate) fn locate(chain: Option<&Chain>, trace: &Trace, names: &BTreeMap<IpAddr, String>) -> Atlas {
    let atlas = match chain {
        Some(chain) => chain.atlas_named(addresses(trace), names),
        None => {
            let named = |(address, name): (&IpAddr, &String)| {
                (*address, Located { hostname: Some(name.clone()), ..Located::default() })
            };
            Atlas { places: names.iter().map(named).collect(), consistency: None }
        }
    };
    judge::judge(trace, &atlas)
}

/// Where a trace starts, as the sources place its source, if nobody said it. It is a candidate that the judge may
/// reject; an address behind NAT tells nothing, and nobody is asked for the public one.
pub(crate) fn origin(chain: &Chain, trace: &Trace) -> Option<Origin> {
    trace.origin.or_else(|| {
        let source = trace.source.filter(|source| is_global(*source))?;
        origin::looked_up(&chain.locate(source))
    })
}

/// The host names that are known already.
pub(crate) fn names(atlas: &Atlas) -> BTreeMap<IpAddr, String> {
    let known = atlas.places.iter();
    known.filter_map(|(address, located)| Some((*address, located.hostname.clone()?))).collect()
}

/// Places that are kept, as they were judged; those that nobody judged are held against the round-trip times now.
pub(crate) fn judged(trace: &Trace, atlas: Atlas) -> Atlas {
    if is_judged(&atlas) { atlas } else { judge::judge(trace, &atlas) }
}

/// The same for a trace that was measured at `origin`, as is said now: all places are held against that. What was
/// measured keeps what it says of itself.
pub(crate) fn judged_from(origin: Option<Origin>, trace: &mut Trace, atlas: Atlas) -> Atlas {
    if origin.is_none() {
        return judged(trace, atlas);
    }
    trace.origin = origin;
    judge::judge(trace, &atlas)
}

/// Whether anything was held against the places.
pub(crate) fn is_judged(atlas: &Atlas) -> bool {
    atlas.consistency.is_some()
        || atlas.places.values().any(|located| {
            located.score.is_some() || located.candidates.iter().any(|candidate| candidate.verdict.is_some())
        })
}

/// Says which city was understood: names are not unique.
pub(crate) fn origin_words(city: &str) -> String {
    format!("taking {city} as the origin")
}
