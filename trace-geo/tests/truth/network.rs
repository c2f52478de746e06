//! Cities, the cables between them, and the ways that routing takes.

use std::collections::BTreeMap;

use super::globe::Point;
use super::random::Random;

pub struct City {
    pub name: String,
    pub country: String,
    pub at: Point,
    pub population: f64,
}

/// Cities where cables and networks meet.
const HUBS: [&str; 52] = [
    "Ashburn",
    "New York City",
    "Miami",
    "Dallas",
    "Chicago",
    "Los Angeles",
    "San Jose",
    "Seattle",
    "Honolulu",
    "Toronto",
    "Mexico City",
    "Bogotá",
    "Lima",
    "Santiago",
    "Buenos Aires",
    "São Paulo",
    "Fortaleza",
    "London",
    "Paris",
    "Frankfurt am Main",
    "Amsterdam",
    "Madrid",
    "Lisbon",
    "Marseille",
    "Milan",
    "Vienna",
    "Stockholm",
    "Warsaw",
    "Sofia",
    "Istanbul",
    "Moscow",
    "Cairo",
    "Casablanca",
    "Dakar",
    "Lagos",
    "Nairobi",
    "Mombasa",
    "Johannesburg",
    "Cape Town",
    "Djibouti",
    "Dubai",
    "Mumbai",
    "Chennai",
    "Singapore",
    "Jakarta",
    "Hong Kong",
    "Tokyo",
    "Seoul",
    "Manila",
    "Sydney",
    "Perth",
    "Auckland",
];

/// Long cables that join hubs which are not neighbours.
const CABLES: [(&str, &str); 30] = [
    ("New York City", "London"),
    ("New York City", "Paris"),
    ("Ashburn", "Madrid"),
    ("Miami", "Fortaleza"),
    ("Miami", "Bogotá"),
    ("Miami", "Lima"),
    ("Lisbon", "Fortaleza"),
    ("Fortaleza", "Lagos"),
    ("Lisbon", "Dakar"),
    ("Dakar", "Lagos"),
    ("Lagos", "Cape Town"),
    ("Marseille", "Cairo"),
    ("Cairo", "Djibouti"),
    ("Djibouti", "Mumbai"),
    ("Djibouti", "Mombasa"),
    ("Mombasa", "Cape Town"),
    ("Dubai", "Mumbai"),
    ("Marseille", "Singapore"),
    ("Chennai", "Singapore"),
    ("Mumbai", "Singapore"),
    ("Singapore", "Perth"),
    ("Singapore", "Hong Kong"),
    ("Hong Kong", "Los Angeles"),
    ("Tokyo", "Seattle"),
    ("Tokyo", "Los Angeles"),
    ("Sydney", "Los Angeles"),
    ("Honolulu", "Sydney"),
    ("Honolulu", "Los Angeles"),
    ("Moscow", "Tokyo"),
    ("São Paulo", "Cape Town"),
];

pub struct Network {
    pub cities: Vec<City>,
    /// Per city its neighbours and the kilometres of cable to each.
    links: Vec<BTreeMap<usize, f64>>,
    /// The middle of the cities of each country.
    centres: BTreeMap<String, Point>,
}

impl Network {
    pub fn new(seed: u64) -> Self {
        let cities = cities();
        let mut random = Random::of(seed, &[1]);
        let mut links = vec![BTreeMap::new(); cities.len()];
        let find =
            |name: &str| cities.iter().position(|city| city.name == name).unwrap_or_else(|| panic!("{name}"));
        let hubs: Vec<usize> = HUBS.iter().map(|name| find(name)).collect();
        let nearest = |from: usize, among: &mut dyn Iterator<Item = usize>, count: usize| {
            let mut others: Vec<usize> = among.filter(|other| *other != from).collect();
            let far = |other: &usize| cities[from].at.kilometres(cities[*other].at);
            others.sort_by(|one, other| far(one).total_cmp(&far(other)));
            others.truncate(count);
            others
        };
        let mut pairs: Vec<(usize, usize)> =
            CABLES.iter().map(|(one, other)| (find(one), find(other))).collect();
        for city in 0..cities.len() {
            pairs.extend(nearest(city, &mut (0..cities.len()), 3).into_iter().map(|other| (city, other)));
            let reach = if hubs.contains(&city) { 4 } else { 2 };
            pairs.extend(nearest(city, &mut hubs.iter().copied(), reach).into_iter().map(|hub| (city, hub)));
        }
        for (one, other) in pairs {
            // No cable is straight: 1.2 to 3 times the great circle, mostly nearer the former.
            let inflation = 1.2 + 1.8 * random.unit().powi(2);
            let length = cities[one].at.kilometres(cities[other].at) * inflation;
            let known = links[one].get(&other).copied();
            let length = known.unwrap_or(length);
            links[one].insert(other, length);
            links[other].insert(one, length);
        }
        let mut sums: BTreeMap<String, Vec<Point>> = BTreeMap::new();
        for city in &cities {
            sums.entry(city.country.clone()).or_default().push(city.at);
        }
        let mean = |points: &[Point], of: fn(&Point) -> f64| {
            points.iter().map(of).sum::<f64>() / points.len() as f64
        };
        let centres = sums
            .into_iter()
            .map(|(code, points)| {
                let centre = Point {
                    latitude: mean(&points, |point| point.latitude),
                    longitude: mean(&points, |point| point.longitude),
                };
                (code, centre)
            })
            .collect();
        Self { cities, links, centres }
    }

    pub fn centre(&self, country: &str) -> Point {
        self.centres[country]
    }

    /// The kilometres of cable between neighbours.
    pub fn cable(&self, one: usize, other: usize) -> f64 {
        self.links[one][&other]
    }

    /// What routing prefers from `source` to everywhere: each city's predecessor. Policies make a link look up
    /// to three times as long as it is, differently for every `taste`.
    pub fn tree(&self, source: usize, random: &mut Random) -> Vec<usize> {
        let taste: Vec<f64> = (0..self.cities.len()).map(|_| random.between(1.0, 3.0)).collect();
        let mut length = vec![f64::INFINITY; self.cities.len()];
        let mut from = vec![source; self.cities.len()];
        let mut open: Vec<usize> = (0..self.cities.len()).collect();
        length[source] = 0.0;
        while let Some((place, &city)) =
            open.iter().enumerate().min_by(|(_, one), (_, other)| length[**one].total_cmp(&length[**other]))
        {
            open.swap_remove(place);
            for (&next, cable) in &self.links[city] {
                // A router more costs something too.
                let reached = length[city] + cable * taste[next] + 300.0;
                if reached < length[next] {
                    (length[next], from[next]) = (reached, city);
                }
            }
        }
        from
    }

    /// The cities from `source` to `city` along a tree.
    pub fn way(&self, tree: &[usize], source: usize, city: usize) -> Vec<usize> {
        let mut way = vec![city];
        while let Some(&last) = way.last().filter(|last| **last != source) {
            way.push(tree[last]);
        }
        way.reverse();
        way
    }

    /// The kilometres of cable along a way.
    pub fn length(&self, way: &[usize]) -> f64 {
        way.windows(2).map(|pair| self.cable(pair[0], pair[1])).sum()
    }

    /// Any city, a large one rather.
    pub fn some_city(&self, random: &mut Random) -> usize {
        loop {
            let city = random.below(self.cities.len());
            if random.chance((self.cities[city].population / 8e6).clamp(0.1, 1.0)) {
                return city;
            }
        }
    }

    /// The nearest hub that is another city.
    pub fn nearest_hub(&self, city: usize) -> usize {
        let far = |other: &usize| self.cities[city].at.kilometres(self.cities[*other].at);
        let hubs = (0..self.cities.len()).filter(|other| HUBS.contains(&self.cities[*other].name.as_str()));
        hubs.filter(|hub| *hub != city).min_by(|one, other| far(one).total_cmp(&far(other))).unwrap()
    }

    /// A hub.
    pub fn some_hub(&self, random: &mut Random) -> usize {
        let name = random.pick(&HUBS);
        self.cities.iter().position(|city| city.name == *name).unwrap()
    }
}

fn cities() -> Vec<City> {
    let mut reader =
        csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(include_str!("cities.csv").as_bytes());
    let row = |row: Result<(String, String, f64, f64, f64), csv::Error>| {
        let (name, country, latitude, longitude, population) = row.unwrap();
        City { name, country, at: Point { latitude, longitude }, population }
    };
    reader.deserialize().map(row).collect()
}
