//! What is drawn: marks and the legs between them. Hops and places are joined here and nowhere else.

use core::time::Duration;
use std::net::IpAddr;

use trace_core::model::{Atlas, Coordinates, CountryCode, Outcome, Protocols, Target, Trace, Ttl};

use self::sight::{Sight, names};
use crate::sphere::{EARTH_RADIUS_KM, Vector};

/// One or several routes as marks on the globe and legs between marks; what every output draws.
///
/// A leg joins two places of one route and never those of two. Private, silent and unlocated hops have no mark;
/// where they lie between two marks, the leg says so ([`LegKind::Gap`]).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scene {
    /// The routes, in the order they were given.
    pub routes: Vec<Route>,
    /// The marks, in the order the routes come to them.
    pub marks: Vec<Mark>,
    /// The legs, each once, however often a route goes there and back.
    pub legs: Vec<Leg>,
}

/// What is said of a route as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// What was traced to.
    pub target: Option<Target>,
    /// Where it was measured from, if that has a name.
    pub vantage: Option<String>,
    /// When it started: nanoseconds since 1970 UTC.
    pub started: i64,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The protocols of its probes.
    pub protocol: Option<Protocols>,
    /// The number of hops, silent ones included.
    pub hops: usize,
    /// The least RTT to the target; `None` where it was not reached or no RTT is known.
    pub rtt: Option<Duration>,
    /// Hops with a mark.
    pub placed: usize,
    /// Hops that did not answer.
    pub silent: usize,
    /// Hops that answered from a range that has no place in the world.
    pub private: usize,
    /// Hops that answered, and no source knows where they are.
    pub unlocated: usize,
}

/// A place that one or several routes pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// Where it is.
    pub spot: Spot,
    /// How far to believe it.
    pub trust: Trust,
    /// The city, else the region. Text from outside.
    pub city: Option<String>,
    /// The country's name, else its code. Text from outside.
    pub country: Option<String>,
    /// Which hops of which routes are here; never empty.
    pub stops: Vec<Stop>,
}

/// Where a mark is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spot {
    /// A point.
    Point(Coordinates),
    /// A country and nothing finer: drawn as the country's area, never as a point.
    Area(CountryCode),
}

/// How far a mark's place is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trust {
    /// Nothing speaks against it.
    Sound,
    /// Light in fibre could not have made it (verdict suspect).
    Suspect,
    /// The address answers from several places; this is one of them at best. No leg leads here.
    Anycast,
    /// Not even light could have made it. No leg leads here.
    Impossible,
}

/// The hops of one route at a mark.
#[derive(Debug, Clone, PartialEq)]
pub struct Stop {
    /// The place of the route in [`Scene::routes`].
    pub route: usize,
    /// Whether the route starts here.
    pub origin: bool,
    /// Whether the target answered from here.
    pub target: bool,
    /// The hops, in the order of their TTL; empty where the route only starts here.
    pub hops: Vec<Visit>,
}

/// One hop at a mark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visit {
    /// Its TTL.
    pub ttl: Ttl,
    /// Who answered.
    pub address: IpAddr,
    /// The least RTT of the hop.
    pub rtt: Option<Duration>,
}

/// A line between two marks of one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// The place of the route in [`Scene::routes`].
    pub route: usize,
    /// The mark it starts at, by its place in [`Scene::marks`].
    pub from: usize,
    /// The mark it ends at.
    pub to: usize,
    /// What lies between.
    pub kind: LegKind,
}

/// What a leg joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegKind {
    /// Two hops next to each other.
    Direct,
    /// Two hops with this many between them whose place is not known.
    Gap(usize),
}

/// Points nearer than this are one place.
const SAME_POINT_KM: f64 = 1.0;
/// Points of one city by name are one place up to here: databases place one city in different quarters.
const SAME_CITY_KM: f64 = 30.0;

impl Scene {
    /// The scene of some traces, each with what is known of its addresses.
    ///
    /// Of several answerers at one TTL the first that has a place counts.
    #[must_use]
    pub fn new(traces: &[(&Trace, &Atlas)]) -> Self {
        let mut scene = Self::default();
        for &(trace, atlas) in traces {
            scene.add(trace, atlas);
        }
        scene
    }

    /// The routes of several scenes in one: what [`Scene::new`] would have made of all their traces. A scene of each
    /// trace can be kept, and reading traces again spared.
    #[must_use]
    pub fn joined<'a>(scenes: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut joined = Self::default();
        for scene in scenes {
            joined.take_in(scene);
        }
        joined
    }

    fn take_in(&mut self, scene: &Self) {
        let first = self.routes.len();
        self.routes.extend(scene.routes.iter().cloned());
        // By route, since the legs and stops of one stand together.
        for route in 0..scene.routes.len() {
            let mut places = Vec::with_capacity(scene.marks.len());
            for mark in &scene.marks {
                let stop = mark.stops.iter().find(|stop| stop.route == route);
                places.push(stop.map(|stop| {
                    let place = self.mark(mark.spot, mark.trust, (mark.city.clone(), mark.country.clone()));
                    self.stop(Some(place), first + route, |known| {
                        known.origin |= stop.origin;
                        known.target |= stop.target;
                        known.hops.extend(&stop.hops);
                    });
                    place
                }));
            }
            for leg in scene.legs.iter().filter(|leg| leg.route == route) {
                let place = |mark: usize| places.get(mark).copied().flatten();
                if let Some(to) = place(leg.to) {
                    self.leg(first + route, place(leg.from), to, leg.kind);
                }
            }
        }
    }

    fn add(&mut self, trace: &Trace, atlas: &Atlas) {
        let index = self.routes.len();
        let mut route = Route {
            target: trace.target.clone(),
            vantage: trace.vantage.clone(),
            started: trace.started,
            outcome: trace.outcome,
            protocol: trace.protocol,
            hops: trace.hops.len(),
            rtt: None,
            placed: 0,
            silent: 0,
            private: 0,
            unlocated: 0,
        };
        let target = trace.target.as_ref().map(|target| target.address);
        // The mark a leg can start at, and what has been passed since without a place.
        let mut last: Option<usize> = None;
        let mut between = 0;
        let mut at_home = false;
        if let Some(origin) = trace.origin {
            last = Some(self.mark(Spot::Point(origin.coordinates), Trust::Sound, (None, None)));
            at_home = true;
            self.stop(last, index, |stop| stop.origin = true);
        }
        for hop in &trace.hops {
            let reached = trace.reached() && target.is_some_and(|target| hop.answerers().contains(&target));
            let rtt = hop.statistics().min;
            if reached {
                route.rtt = route.rtt.into_iter().chain(rtt).min();
            }
            match Sight::of(hop, atlas) {
                Sight::Placed { address, spot, trust, place } => {
                    route.placed += 1;
                    let mark = self.mark(spot, trust, names(&place));
                    let visit = Visit { ttl: hop.ttl, address, rtt };
                    self.stop(Some(mark), index, |stop| {
                        stop.hops.push(visit);
                        stop.target |= reached;
                    });
                    if matches!(trust, Trust::Anycast | Trust::Impossible) {
                        between += 1;
                    } else {
                        let kind = if between == 0 { LegKind::Direct } else { LegKind::Gap(between) };
                        self.leg(index, last, mark, kind);
                        last = Some(mark);
                        between = 0;
                    }
                    at_home = false;
                }
                Sight::Private => {
                    route.private += 1;
                    // Behind a known origin private hops are that same place; elsewhere they hide one.
                    between += usize::from(!at_home);
                }
                Sight::Silent => {
                    route.silent += 1;
                    between += 1;
                    at_home = false;
                }
                Sight::Unlocated => {
                    route.unlocated += 1;
                    between += 1;
                    at_home = false;
                }
            }
        }
        self.routes.push(route);
    }

    /// The mark at a spot, a new one if there is none, with the names of its city and country.
    fn mark(&mut self, spot: Spot, trust: Trust, (city, country): (Option<String>, Option<String>)) -> usize {
        let found =
            self.marks.iter().position(|mark| mark.trust == trust && mark.is_at(spot, city.as_deref()));
        let index = found.unwrap_or(self.marks.len());
        match self.marks.get_mut(index) {
            Some(mark) => {
                mark.city = mark.city.take().or(city);
                mark.country = mark.country.take().or(country);
            }
            None => self.marks.push(Mark { spot, trust, city, country, stops: Vec::new() }),
        }
        index
    }

    fn stop(&mut self, mark: Option<usize>, route: usize, change: impl FnOnce(&mut Stop)) {
        let Some(mark) = mark.and_then(|mark| self.marks.get_mut(mark)) else { return };
        match mark.stops.last_mut().filter(|stop| stop.route == route) {
            Some(stop) => change(stop),
            None => {
                let mut stop = Stop { route, origin: false, target: false, hops: Vec::new() };
                change(&mut stop);
                mark.stops.push(stop);
            }
        }
    }

    fn leg(&mut self, route: usize, from: Option<usize>, to: usize, kind: LegKind) {
        let Some(from) = from.filter(|&from| from != to) else { return };
        // Routes come one after another: those of this one are the last.
        let mut own = self.legs.iter_mut().rev().take_while(|leg| leg.route == route);
        let known = own.find(|leg| (leg.from, leg.to) == (from, to) || (leg.from, leg.to) == (to, from));
        match known {
            // A way that was seen once without a gap is known.
            Some(leg) if kind == LegKind::Direct => leg.kind = kind,
            Some(_) => {}
            None => self.legs.push(Leg { route, from, to, kind }),
        }
    }

    /// Whether a leg ends in an area on either side: its true ends are anywhere in there.
    #[must_use]
    pub fn touches_area(&self, leg: &Leg) -> bool {
        [leg.from, leg.to]
            .iter()
            .filter_map(|&mark| self.marks.get(mark))
            .any(|mark| matches!(mark.spot, Spot::Area(_)))
    }
}

impl Mark {
    fn is_at(&self, spot: Spot, city: Option<&str>) -> bool {
        match (self.spot, spot) {
            (Spot::Area(a), Spot::Area(b)) => a == b,
            (Spot::Point(a), Spot::Point(b)) => {
                // No two parallels lie nearer than their latitudes: most marks are told apart by that.
                if (a.latitude() - b.latitude()).abs().to_radians() * EARTH_RADIUS_KM > SAME_CITY_KM {
                    return false;
                }
                let km = Vector::of(a.into()).angle(Vector::of(b.into())) * EARTH_RADIUS_KM;
                km < SAME_POINT_KM || (km < SAME_CITY_KM && city.is_some() && self.city.as_deref() == city)
            }
            _ => false,
        }
    }

    /// The hop numbers of one route here, runs drawn together: `3-5, 7`, with an en dash.
    #[must_use]
    pub fn numbers(stop: &Stop) -> String {
        let mut runs: Vec<(u8, u8)> = Vec::new();
        for visit in &stop.hops {
            let ttl = visit.ttl.get();
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == ttl => *last = ttl,
                _ => runs.push((ttl, ttl)),
            }
        }
        let runs: Vec<String> = runs
            .into_iter()
            .map(|(first, last)| match last - first {
                0 => first.to_string(),
                1 => format!("{first}, {last}"),
                _ => format!("{first}–{last}"),
            })
            .collect();
        runs.join(", ")
    }

    /// Whether any route ends here at its target.
    #[must_use]
    pub fn is_target(&self) -> bool {
        self.stops.iter().any(|stop| stop.target)
    }

    /// Whether any route starts here.
    #[must_use]
    pub fn is_origin(&self) -> bool {
        self.stops.iter().any(|stop| stop.origin)
    }
}

mod sight;
#[cfg(test)]
mod tests;
