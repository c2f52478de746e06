//! What databases and hints say of the routers, with the faults that real ones have.
//!
//! Three databases place each router. Of the places of each, 15% are wrong: the default point of the country
//! (or its capital), the head office of the network (which a registry knows) instead of the router, where
//! the prefix was used before it moved, or somewhere on another continent. Half of the faults befall one
//! router, half all routers of a network along the path, since they have their addresses from one prefix. The
//! databases learn from one another and from the same registries: of two, one has another's fault with a
//! probability of 0.35.
//!
//! What is right is not exact. A third to a half of the right answers is the city as a gazetteer has it (which
//! is where the routers are taken to be), the others are some quarter or suburb, or (the first database, which
//! says so by its radius) a place in the region.
//!
//! Besides, where registries say the network is (a country; its head office's for one in five), names of
//! routers that tell a city (a quarter of them; 6% of these were not changed when the router moved), exchange
//! points (5% of the routers; 1% wrong), and geofeeds of operators (a tenth of the networks; 3% wrong).

use trace_core::model::{Asn, Atlas, Coordinates, CountryCode, Evidence, Located, Place};

use super::globe::Point;
use super::measurement::{Journey, Router};
use super::network::Network;
use super::random::Random;

pub const DATABASES: [&str; 3] = ["mmdb:GeoLite2-City", "mmdb:DBIP-City-Lite", "mmdb:IP2LOCATION-LITE-DB5"];
/// What a point without a radius means, in kilometres: a city with what belongs to it.
pub const CITY: f64 = 30.0;
/// A little more than 15%, since a fault sometimes happens to name the right city.
const FAULTY: f64 = 0.17;
const SHARED: f64 = 0.35;

/// What a source says of a router, and what is known of that.
#[derive(Clone)]
pub struct Answer {
    pub source: &'static str,
    pub place: Place,
    /// Where a person would put a pin: the point, or the middle of the country.
    pub pin: Point,
    /// The truth lies within its radius ([`CITY`] where it states none), or in its country.
    pub right: bool,
    /// It states a point, not a country.
    pub point: bool,
}

#[derive(Clone, Copy)]
enum Fault {
    Centre,
    Capital,
    Office,
    Moved(usize),
    Elsewhere(usize),
}

/// All answers on each router of a journey, in the order in which a chain would ask.
pub fn answers(network: &Network, journey: &Journey, seed: u64, number: u64) -> Vec<Vec<Answer>> {
    let random = &mut Random::of(seed, &[3, number]);
    let by_network: Vec<[Option<Fault>; 3]> = journey
        .offices
        .iter()
        .map(|_| faults(network, journey.routers[0].city, FAULTY / 2.0, random))
        .collect();
    let published: Vec<bool> = journey.offices.iter().map(|_| random.chance(0.1)).collect();
    journey
        .routers
        .iter()
        .map(|router| {
            let office = journey.offices[router.network];
            let own = faults(network, router.city, FAULTY / 2.0 / (1.0 - FAULTY / 2.0), random);
            let mut answers = Vec::new();
            if published[router.network] && !router.anycast {
                let city = if random.chance(0.03) { network.some_city(random) } else { router.city };
                answers.push(city_answer("geofeed:operators.csv", network, router, city, 2.0, None, random));
            }
            for (index, source) in DATABASES.iter().enumerate() {
                let fault = by_network[router.network][index].or(own[index]);
                answers.push(match fault {
                    _ if router.anycast => city_answer(source, network, router, office, 3.0, None, random),
                    None => right(source, index, network, router, random),
                    Some(fault) => wrong(source, index, fault, office, network, router, random),
                });
            }
            if random.chance(0.25) && !router.anycast {
                let city = if random.chance(0.06) { network.some_city(random) } else { router.city };
                answers.push(city_answer("hostname:iata", network, router, city, 1.0, Some(20.0), random));
            } else if random.chance(0.07) {
                let city = if random.chance(0.01) { network.some_city(random) } else { router.city };
                answers.push(city_answer(
                    "ix:peeringdb.json",
                    network,
                    router,
                    city,
                    1.0,
                    Some(20.0),
                    random,
                ));
            }
            let registered = if random.chance(0.2) || router.anycast { office } else { router.city };
            let mut answer = country("builtin", network, router, registered);
            answer.place.asn = Asn::new(64_500 + router.network as u32);
            answers.push(answer);
            answers
        })
        .collect()
}

/// Which database has which fault, each of them in one of `share` cases.
fn faults(network: &Network, near: usize, share: f64, random: &mut Random) -> [Option<Fault>; 3] {
    let mut faults: [Option<Fault>; 3] = [None; 3];
    for index in 0..3 {
        let (earlier, _) = faults.split_at(index);
        let known: Vec<Fault> = earlier.iter().flatten().copied().collect();
        if let Some(fault) = known.iter().find(|_| random.chance(SHARED)) {
            faults[index] = Some(*fault);
            continue;
        }
        // As often in all as if nothing were learnt from others.
        let learnt = 1.0 - (1.0 - share * SHARED).powi(earlier.len() as i32);
        if random.chance((share - learnt) / (1.0 - learnt)) {
            faults[index] = Some(match random.below(10) {
                0 | 1 => Fault::Centre,
                2 => Fault::Capital,
                3..=5 => Fault::Office,
                6 | 7 => Fault::Moved(network.some_city(random)),
                _ => Fault::Elsewhere(far_city(network, near, random)),
            });
        }
    }
    faults
}

/// A city at least 4,000 km away.
fn far_city(network: &Network, near: usize, random: &mut Random) -> usize {
    loop {
        let city = network.some_city(random);
        if network.cities[city].at.kilometres(network.cities[near].at) > 4000.0 {
            return city;
        }
    }
}

fn right(
    source: &'static str,
    index: usize,
    network: &Network,
    router: &Router,
    random: &mut Random,
) -> Answer {
    let kind = random.unit();
    match index {
        0 if kind < 0.45 => city_answer(source, network, router, router.city, 2.0, Some(20.0), random),
        0 if kind < 0.80 => city_answer(source, network, router, router.city, 48.0, Some(50.0), random),
        0 => city_answer(source, network, router, router.city, 140.0, Some(200.0), random),
        1 if kind < 0.5 => city_answer(source, network, router, router.city, 2.0, None, random),
        2 if kind < 0.35 => city_answer(source, network, router, router.city, 2.0, None, random),
        _ => city_answer(source, network, router, router.city, 24.0, None, random),
    }
}

fn wrong(
    source: &'static str,
    index: usize,
    fault: Fault,
    office: usize,
    network: &Network,
    router: &Router,
    random: &mut Random,
) -> Answer {
    let code = &network.cities[router.city].country;
    let radius = (index == 0).then_some(20.0);
    match fault {
        // The first database says so by a radius, of which its reader makes a country.
        Fault::Centre if index == 0 => country(source, network, router, router.city),
        Fault::Centre => {
            let mut answer = country(source, network, router, router.city);
            answer.place.coordinates = Coordinates::new(answer.pin.latitude, answer.pin.longitude);
            answer
        }
        Fault::Capital => {
            let of_country = (0..network.cities.len()).filter(|city| network.cities[*city].country == *code);
            let population = |city: &usize| network.cities[*city].population;
            let largest =
                of_country.max_by(|one, other| population(one).total_cmp(&population(other))).unwrap();
            city_answer(source, network, router, largest, 2.0, radius, random)
        }
        Fault::Office => city_answer(source, network, router, office, 5.0, radius, random),
        Fault::Moved(city) | Fault::Elsewhere(city) => {
            city_answer(source, network, router, city, 5.0, radius, random)
        }
    }
}

/// A point up to so many kilometres from a city.
fn city_answer(
    source: &'static str,
    network: &Network,
    router: &Router,
    city: usize,
    off: f64,
    radius_km: Option<f64>,
    random: &mut Random,
) -> Answer {
    let of = &network.cities[city];
    let pin = of.at.moved(random.between(0.0, off), random.between(0.0, 360.0));
    let place = Place {
        country_code: CountryCode::new(&of.country),
        city: Some(of.name.clone().into()),
        coordinates: Coordinates::new(pin.latitude, pin.longitude),
        radius_km,
        ..Place::default()
    };
    let far = pin.kilometres(network.cities[router.city].at);
    Answer { source, place, pin, right: far <= radius_km.unwrap_or(CITY) && !router.anycast, point: true }
}

fn country(source: &'static str, network: &Network, router: &Router, city: usize) -> Answer {
    let code = &network.cities[city].country;
    let place = Place { country_code: CountryCode::new(code), ..Place::default() };
    let right = *code == network.cities[router.city].country && !router.anycast;
    Answer { source, place, pin: network.centre(code), right, point: false }
}

/// The answers as a chain hands them to the judge.
pub fn atlas(journey: &Journey, answers: &[Vec<Answer>]) -> Atlas {
    let mut atlas = Atlas::default();
    for (router, answers) in journey.routers.iter().zip(answers) {
        let evidence = |answer: &Answer| Evidence {
            source: answer.source.into(),
            built: Some("2026-11-01".into()),
            place: answer.place.clone(),
            verdict: None,
            reason: None,
        };
        let candidates = answers.iter().map(evidence).collect();
        atlas.places.insert(router.address, Located { candidates, ..Located::default() });
    }
    atlas
}
