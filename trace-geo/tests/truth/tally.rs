//! What the judge made of the places, held against the truth.

use core::fmt;

use trace_core::model::{Coordinates, Located, Origin, OriginSource, Verdict};
use trace_geo::judge;

use super::globe::{Point, furthest};
use super::measurement::{Journey, Router};
use super::network::Network;
use super::random::Random;
use super::sources::{Answer, CITY, DATABASES, answers, atlas};

/// How far from where it starts a path is said to start, in kilometres.
const START: f64 = 20.0;

/// What the judge is told of where a path starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The user said so.
    Typed,
    /// A database said so, which is wrong in 15 of 100 cases.
    Looked,
    Unknown,
}

#[derive(Default)]
pub struct Tally {
    pub paths: usize,
    pub addresses: usize,
    /// Places in the first database, all together and wrong ones.
    pub places: [usize; 3],
    pub faulty: [usize; 3],
    /// Points beyond the bound: further than light gets from a place where the path truly was; struck; suspect.
    pub beyond: [usize; 3],
    /// Points displaced from the truth by more than light gets in the RTT, whatever the direction; struck; suspect.
    pub displaced: [usize; 3],
    /// What is both; struck; suspect.
    pub refutable: [usize; 3],
    /// Right places; struck; suspect.
    pub right: [usize; 3],
    /// Kilometres between truth and what each database says, and what was chosen.
    pub database_errors: [Vec<f64>; 3],
    pub chosen_errors: Vec<f64>,
    /// Addresses for which a point, a country, nothing was chosen.
    pub chosen: [usize; 3],
    /// Targets that answer from many places; of these where the pin would lie over 1,500 km off; of these where
    /// light could not have been there; recognised.
    pub anycast: [usize; 4],
    /// Wrong starts and right ones from a database; of each those that were found plausible.
    pub starts: [[usize; 2]; 2],
}

impl Tally {
    pub fn of(network: &Network, seed: u64, paths: u64, start: Start) -> Self {
        let mut tally = Self::default();
        for number in 0..paths {
            tally.add(network, seed, number, start);
        }
        tally
    }

    fn add(&mut self, network: &Network, seed: u64, number: u64, start: Start) {
        let mut journey = Journey::new(network, seed, number);
        let said = answers(network, &journey, seed, number);
        let random = &mut Random::of(seed, &[4, number]);
        let misplaced = start == Start::Looked && random.chance(0.15);
        let stated = if misplaced { network.cities[network.some_city(random)].at } else { journey.source };
        let from = if start == Start::Looked { OriginSource::Database } else { OriginSource::Flag };
        journey.trace.origin = Coordinates::new(stated.latitude, stated.longitude)
            .filter(|_| start != Start::Unknown)
            .map(|coordinates| Origin { coordinates, radius_km: Some(START), from });
        let judged = judge::inspect(&journey.trace, &atlas(&journey, &said));
        self.paths += 1;
        if let Some(origin) = judged.origin {
            let [all, stand] = &mut self.starts[usize::from(stated.kilometres(journey.source) < 50.0)];
            (*all, *stand) = (*all + 1, *stand + usize::from(origin.verdict == Verdict::Plausible));
        }
        for (index, (router, answers)) in journey.routers.iter().zip(&said).enumerate() {
            let Some(bound) = router.bound else { continue };
            let located = judged.atlas.get(router.address).unwrap();
            if router.anycast {
                let known = (start == Start::Typed).then_some(journey.source);
                let passed = passed(network, &journey, &said, index, known);
                self.add_anycast(network, router, located, &passed);
                continue;
            }
            let truth = network.cities[router.city].at;
            self.addresses += 1;
            let known = (start == Start::Typed).then_some(journey.source);
            let passed = passed(network, &journey, &said, index, known);
            for (answer, evidence) in answers.iter().zip(&located.candidates) {
                let count = |what: &mut [usize; 3]| {
                    what[0] += 1;
                    what[1] += usize::from(evidence.verdict == Some(Verdict::Impossible));
                    what[2] += usize::from(evidence.verdict == Some(Verdict::Suspect));
                };
                if answer.right {
                    count(&mut self.right);
                }
                let radius = answer.place.radius_km.unwrap_or(CITY);
                if answer.point && !answer.right {
                    let beyond = passed.iter().any(|passed| passed.excludes(answer.pin, radius));
                    let displaced = answer.pin.kilometres(truth) - radius - CITY > furthest(bound);
                    if beyond {
                        count(&mut self.beyond);
                    }
                    if displaced {
                        count(&mut self.displaced);
                    }
                    if beyond && displaced {
                        count(&mut self.refutable);
                    }
                }
            }
            self.add_choice(network, answers, located, truth);
        }
    }

    fn add_choice(&mut self, network: &Network, answers: &[Answer], located: &Located, truth: Point) {
        let mut errors = Vec::new();
        for (index, database) in DATABASES.iter().enumerate() {
            let answer = answers.iter().find(|answer| answer.source == *database).unwrap();
            self.places[index] += 1;
            // A default point is wrong as a point, though its country is right.
            self.faulty[index] += usize::from(!answer.right || !answer.point);
            errors.push(answer.pin.kilometres(truth));
            self.database_errors[index].push(answer.pin.kilometres(truth));
        }
        let place = located.place.as_ref();
        let pin = place.and_then(|place| place.coordinates);
        if let Some(pin) = pin {
            let pin = Point { latitude: pin.latitude(), longitude: pin.longitude() };
            self.chosen[0] += 1;
            self.chosen_errors.push(pin.kilometres(truth));
        } else if let Some(code) = place.and_then(|place| place.country_code) {
            // As if the middle of the country were meant.
            self.chosen[1] += 1;
            self.chosen_errors.push(network.centre(code.as_str()).kilometres(truth));
        } else {
            // Saying nothing is no better than what the first database says.
            self.chosen[2] += 1;
            self.chosen_errors.push(errors[0]);
        }
    }

    fn add_anycast(&mut self, network: &Network, router: &Router, located: &Located, passed: &[Passed]) {
        self.anycast[0] += 1;
        let place = located.place.as_ref();
        let pin = place.and_then(|place| place.coordinates);
        let pin = pin.map(|pin| Point { latitude: pin.latitude(), longitude: pin.longitude() });
        let radius = place.and_then(|place| place.radius_km).unwrap_or(CITY);
        let truth = network.cities[router.city].at;
        self.anycast[1] += usize::from(pin.is_some_and(|pin| pin.kilometres(truth) > 1500.0));
        let beyond = |pin| passed.iter().any(|passed| passed.excludes(pin, radius));
        self.anycast[2] += usize::from(pin.is_some_and(beyond));
        self.anycast[3] += usize::from(located.verdict == Some(Verdict::Anycast));
    }
}

/// A place where the packets truly were that a router answered, or that passed it.
struct Passed {
    at: Point,
    /// How far from there it may rightly be said to be, in kilometres.
    slack: f64,
    /// The time in which they were there and here, in milliseconds of a round trip.
    rtt: f64,
}

impl Passed {
    /// Whether light, even in vacuum, does not get to a point so many kilometres wide.
    fn excludes(&self, pin: Point, radius: f64) -> bool {
        pin.kilometres(self.at) - radius - self.slack > furthest(self.rtt)
    }
}

/// Where the packets were that the router at `index` answered or that passed it: the source if it is known, and the
/// routers before and behind it of which anybody says rightly where they are.
fn passed(
    network: &Network,
    journey: &Journey,
    answers: &[Vec<Answer>],
    index: usize,
    source: Option<Point>,
) -> Vec<Passed> {
    let bound = journey.routers[index].bound.unwrap();
    let start = source.map(|at| Passed { at, slack: START, rtt: bound });
    let mut passed: Vec<Passed> = start.into_iter().collect();
    for (other, (router, answers)) in journey.routers.iter().zip(answers).enumerate() {
        let right = answers.iter().filter(|answer| answer.right && answer.point);
        let slack = right.map(|answer| 2.0 * answer.place.radius_km.unwrap_or(CITY)).min_by(f64::total_cmp);
        if let Some((behind, slack)) = router.bound.zip(slack).filter(|_| other != index) {
            let rtt = if other < index { bound } else { behind };
            passed.push(Passed { at: network.cities[router.city].at, slack, rtt });
        }
    }
    passed
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share) as usize]
}

pub fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} paths, {} addresses that answered", self.paths, self.addresses)?;
        for (what, [all, struck, suspect]) in [
            ("points beyond the bound", self.beyond),
            ("points displaced by more than it", self.displaced),
            ("points of which both is true", self.refutable),
            ("right places", self.right),
        ] {
            let (struck, suspect) = (percent(struck, all), percent(suspect, all));
            writeln!(f, "  {what:36}{all:7}   struck {struck:6.2}%   suspect {suspect:6.2}%")?;
        }
        let mut row = |what: &str, errors: &[f64], more: String| {
            let (mean, median) = (mean(errors), quantile(errors, 0.5));
            let (most, worst) = (quantile(errors, 0.9), quantile(errors, 0.99));
            writeln!(
                f,
                "  {what:28} mean {mean:7.1} km  median {median:5.1}  90% {most:6.0}  99% {worst:6.0}  {more}"
            )
        };
        for ((database, errors), (faulty, all)) in
            DATABASES.iter().zip(&self.database_errors).zip(self.faulty.iter().zip(self.places))
        {
            row(database, errors, format!("{:.1}% faulty", percent(*faulty, all)))?;
        }
        let [points, countries, nothing] = self.chosen;
        let more = format!("points {points}, countries {countries}, nothing {nothing}");
        row("chosen", &self.chosen_errors, more)?;
        let [all, off, beyond, recognised] = self.anycast;
        writeln!(
            f,
            "  {all} anycast targets, {recognised} recognised, {off} drawn more than 1500 km off, {beyond} where no \
             light was"
        )?;
        let [[wrong, kept], [right, stand]] = self.starts;
        writeln!(
            f,
            "  {right} right starts from a database, {stand} plausible; {wrong} wrong ones, {kept} plausible"
        )
    }
}
