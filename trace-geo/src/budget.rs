//! Where the milliseconds of a path went: the light's share, what came on top, and what nobody can tell.
//!
//! The stops are the source, where it is known, and the places along the flow that got furthest; hops within
//! 25 km of the one before are one stop. The RTT of a stop is the least of its first hop and of all behind: a
//! packet that came back from behind had been there. So it never falls along the path, though a hop may
//! answer later than the next one does.
//!
//! A leg is what lies between two stops. Its floor is the great circle in fibre, there and back: 102 km a
//! millisecond (c / 1.468 / 2). Measured is by how much the RTT grew. Every answer takes its own way back, so
//! that is a statement about the leg only where it is at least what the leg needs; where it is less, the answer
//! of the stop before came back by a longer way, and the time of the leg is **not attributable**. Time before
//! the first place and behind the last is not either. What is attributed and what is not add up to the RTT.
//!
//! These differences are an account for a person. The judge never uses them.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use trace_core::model::{Atlas, Coordinates, OriginSource, Place, Trace, TraceKind, Ttl, Verdict};

use crate::judge::course::{self, Stop as Passed};
use crate::judge::{inspect, kilometres};

/// Kilometres that light in fibre covers in a millisecond of round trip.
pub const FIBRE: f64 = 102.0;
/// Hops that are nearer to one another than this are one stop, in kilometres; also the radius of a place that
/// states none.
const CITY_KM: f64 = 25.0;

/// The account of a path. Times are round trips in milliseconds, lengths are kilometres.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// The legs in their order; at least one.
    pub legs: Vec<Leg>,
    /// Whether the last leg ends at the target.
    pub reaches_target: bool,
    /// The least RTT of the last hop that answered on this flow.
    pub rtt_ms: f64,
    /// The legs together, along great circles.
    pub kilometres: f64,
    /// The great circle from the first stop to the last.
    pub direct_kilometres: f64,
    /// The latter by the former, 0 to 1; `None` where all stops are one place.
    pub directness: Option<f64>,
    /// What light in fibre needs from the first stop to the last.
    pub direct_floor_ms: f64,
    /// Of the RTT: light in fibre along the great circles of the attributable legs.
    pub fibre_ms: f64,
    /// Of the RTT: what attributable legs took more, by detours of the cable, equipment and queues.
    pub excess_ms: f64,
    /// Of the RTT: before the first place is known, which without an origin is the whole way there.
    pub before_ms: f64,
    /// Of the RTT: behind the last place that is known.
    pub behind_ms: f64,
    /// Of the RTT: legs whose time is not attributable.
    pub unattributed_ms: f64,
}

/// From one stop to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg {
    /// Where it begins.
    pub from: Stop,
    /// Where it ends.
    pub to: Stop,
    /// The great circle, from the middle of one place to that of the other.
    pub kilometres: f64,
    /// What light in fibre needs for that.
    pub floor_ms: f64,
    /// By how much the RTT grew; 0 at least.
    pub grew_ms: f64,
    /// How much more that is than the floor; `None` where the time is not attributable to the leg.
    pub excess_ms: Option<f64>,
}

impl Leg {
    /// Whether the time by which the RTT grew says something of this leg.
    #[must_use]
    pub const fn is_attributable(&self) -> bool {
        self.excess_ms.is_some()
    }
}

/// A place along the path.
#[derive(Debug, Clone, PartialEq)]
pub struct Stop {
    /// The TTLs of the first and the last hop here; `None` for the source.
    pub ttls: Option<(Ttl, Ttl)>,
    /// The address of the first hop here; `None` for the source.
    pub address: Option<IpAddr>,
    /// The city, else the region, else the country. Text from outside: escape it before showing it.
    pub name: Option<String>,
    /// The point.
    pub coordinates: Coordinates,
    /// How far from it the hop may be.
    pub radius_km: Option<f64>,
    /// The least RTT here or behind; `None` for the source.
    pub rtt_ms: Option<f64>,
}

impl Stop {
    fn radius(&self) -> f64 {
        self.radius_km.filter(|radius| radius.is_finite() && *radius >= 0.0).unwrap_or(CITY_KM)
    }

    fn far(&self, other: &Self) -> f64 {
        kilometres(self.coordinates, other.coordinates)
    }
}

/// The account of a trace by the places of a judged atlas. Points that are suspect or impossible, countries and
/// anycast targets are no stops; nor is an origin that a database tells and that does not stand.
///
/// `None` where there is nothing to account for: an imported trace, no flow that kept to one path, or fewer
/// than two places.
#[must_use]
pub fn budget(trace: &Trace, atlas: &Atlas) -> Option<Budget> {
    if trace.kind == TraceKind::Imported {
        return None;
    }
    let courses = course::courses(trace);
    let furthest = |course: &&Vec<Passed>| course.last().map(|passed| passed.ttl);
    // Of several that got as far the first flow.
    let course = courses.iter().rev().max_by_key(furthest)?;
    let end = course.last()?;
    let mut stops: Vec<Stop> = source(trace, atlas).into_iter().collect();
    let mut last = None;
    for passed in course {
        let Some(stop) = stop(passed, atlas) else { continue };
        last = Some(passed.address);
        match stops.last_mut() {
            Some(before) if before.ttls.is_some() && before.far(&stop) <= CITY_KM => {
                before.ttls = before.ttls.map(|(first, _)| (first, passed.ttl));
            }
            _ => stops.push(stop),
        }
    }
    let legs: Vec<Leg> = stops.iter().zip(stops.iter().skip(1)).map(|(from, to)| leg(from, to)).collect();
    let (first, final_leg) = (legs.first()?, legs.last()?);
    let direct_kilometres = first.from.far(&final_leg.to);
    let length: f64 = legs.iter().map(|leg| leg.kilometres).sum();
    let sum = |of: &dyn Fn(&Leg) -> f64| legs.iter().map(of).sum::<f64>();
    let told = |leg: &Leg, part: f64| if leg.is_attributable() { part } else { 0.0 };
    Some(Budget {
        reaches_target: trace.target.as_ref().is_some_and(|target| last == Some(target.address)),
        rtt_ms: end.rtt,
        kilometres: length,
        direct_kilometres,
        directness: (length > 0.0).then(|| (direct_kilometres / length).min(1.0)),
        direct_floor_ms: direct_kilometres / FIBRE,
        fibre_ms: sum(&|leg| told(leg, leg.floor_ms.min(leg.grew_ms))),
        excess_ms: sum(&|leg| leg.excess_ms.unwrap_or(0.0)),
        before_ms: first.from.rtt_ms.unwrap_or(0.0),
        behind_ms: (end.rtt - final_leg.to.rtt_ms?).max(0.0),
        unattributed_ms: sum(&|leg| if leg.is_attributable() { 0.0 } else { leg.grew_ms }),
        legs,
    })
}

fn leg(from: &Stop, to: &Stop) -> Leg {
    let kilometres = from.far(to);
    let floor_ms = kilometres / FIBRE;
    let grew_ms = (to.rtt_ms.unwrap_or(0.0) - from.rtt_ms.unwrap_or(0.0)).max(0.0);
    // Anywhere within the radii.
    let least_ms = (kilometres - from.radius() - to.radius()).max(0.0) / FIBRE;
    let excess_ms = (grew_ms >= least_ms).then(|| (grew_ms - floor_ms).max(0.0));
    Leg { from: from.clone(), to: to.clone(), kilometres, floor_ms, grew_ms, excess_ms }
}

fn source(trace: &Trace, atlas: &Atlas) -> Option<Stop> {
    let origin = trace.origin?;
    if origin.from == OriginSource::Database {
        let told = inspect(trace, atlas).origin;
        if told.is_some_and(|told| told.verdict != Verdict::Plausible) {
            return None;
        }
    }
    let (coordinates, radius_km) = (origin.coordinates, origin.radius_km);
    Some(Stop { ttls: None, address: None, name: None, coordinates, radius_km, rtt_ms: None })
}

fn stop(passed: &Passed, atlas: &Atlas) -> Option<Stop> {
    let located = atlas.get(passed.address)?;
    let place: &Place = located.place.as_ref()?;
    // Without a verdict nobody held anything against it.
    if !matches!(located.verdict, None | Some(Verdict::Plausible)) {
        return None;
    }
    Some(Stop {
        ttls: Some((passed.ttl, passed.ttl)),
        address: Some(passed.address),
        name: [&place.city, &place.region, &place.country]
            .into_iter()
            .flatten()
            .next()
            .map(|name| name.to_string()),
        coordinates: place.coordinates?,
        radius_km: place.radius_km,
        rtt_ms: Some(passed.rtt),
    })
}
