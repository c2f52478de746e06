//! Reads a map back: where its marks are, and how the globe must lie if they are where they belong.

use image::RgbImage;

/// A place of the laboratory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct City {
    pub(crate) name: &'static str,
    pub(crate) country: &'static str,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

/// A mark that was seen: the middle of its disc.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// The colour of the first route, light theme.
const ROUTE: [u8; 3] = [0xc2, 0x3b, 0x06];

/// Below this row stands what the signs mean.
const LEGEND: u32 = 860;

/// The marks of a picture, from the top down: discs of the route's colour, about 13 pixels across. Legs have the
/// same colour, and a ring of another colour keeps them off the discs.
pub(crate) fn sights(picture: &RgbImage) -> Vec<Sight> {
    let (width, height) = picture.dimensions();
    let is_route = |x: u32, y: u32| {
        picture.get_pixel(x, y).0.iter().zip(ROUTE).all(|(&seen, wanted)| seen.abs_diff(wanted) <= 12)
    };
    let mut visited = vec![false; (width * height) as usize];
    let mut sights = Vec::new();
    for y in 0..LEGEND.min(height) {
        for x in 0..width {
            if !is_route(x, y) || visited[(y * width + x) as usize] {
                continue;
            }
            let (mut left, mut right, mut top, mut bottom) = (x, x, y, y);
            let mut area = 0;
            let mut open = vec![(x, y)];
            visited[(y * width + x) as usize] = true;
            while let Some((x, y)) = open.pop() {
                area += 1;
                (left, right, top, bottom) = (left.min(x), right.max(x), top.min(y), bottom.max(y));
                for next_y in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                    for next_x in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                        let index = (next_y * width + next_x) as usize;
                        if !visited[index] && is_route(next_x, next_y) {
                            visited[index] = true;
                            open.push((next_x, next_y));
                        }
                    }
                }
            }
            let (across, down) = (right - left + 1, bottom - top + 1);
            if (11..=15).contains(&across) && (11..=15).contains(&down) && area > 60 {
                let middle = |from: u32, to: u32| f64::from(from + to + 1) / 2.0;
                sights.push(Sight { x: middle(left, right), y: middle(top, bottom) });
            }
        }
    }
    sights.sort_by(|a, b| a.y.total_cmp(&b.y));
    sights
}

/// How the globe lies on a picture: a point of the projection's plane (X, Y) is at (x + scale X, y - scale Y).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    centre: f64,
    x: f64,
    y: f64,
    pub(crate) scale: f64,
}

impl Layout {
    /// Where a city must be.
    pub(crate) fn position(&self, city: &City) -> (f64, f64) {
        let (x, y) = natural_earth(city.latitude, wrap(city.longitude - self.centre));
        (self.x + self.scale * x, self.y - self.scale * y)
    }

    /// Each city with the mark that must be its own: on this projection whoever lives further north is drawn
    /// higher up.
    pub(crate) fn pairs<'a>(&self, cities: &'a [City], sights: &'a [Sight]) -> Vec<(&'a City, &'a Sight)> {
        northernmost_first(cities).into_iter().zip(sights).collect()
    }
}

fn northernmost_first(cities: &[City]) -> Vec<&City> {
    let mut cities: Vec<&City> = cities.iter().collect();
    cities.sort_by(|a, b| b.latitude.total_cmp(&a.latitude));
    cities
}

/// The one layout that puts the cities nearest to the marks: scale and height follow from the latitudes alone,
/// the centre meridian is tried degree by degree.
pub(crate) fn lay_out(cities: &[City], sights: &[Sight]) -> Layout {
    let cities = northernmost_first(cities);
    let planes: Vec<f64> = cities.iter().map(|city| natural_earth(city.latitude, 0.0).1).collect();
    let rows: Vec<f64> = sights.iter().map(|sight| -sight.y).collect();
    let (scale, minus_y) = line(&planes, &rows);
    let layouts = (-180..180).map(|centre| {
        let centre = f64::from(centre);
        let offsets: Vec<f64> = cities
            .iter()
            .zip(sights)
            .map(|(city, sight)| {
                sight.x - scale * natural_earth(city.latitude, wrap(city.longitude - centre)).0
            })
            .collect();
        let x = mean(&offsets);
        let spread = offsets.iter().map(|offset| (offset - x).abs()).fold(0.0, f64::max);
        (spread, Layout { centre, x, y: -minus_y, scale })
    });
    layouts.min_by(|a, b| a.0.total_cmp(&b.0)).expect("a layout").1
}

/// Slope and height of the line nearest to some points (least squares).
fn line(across: &[f64], up: &[f64]) -> (f64, f64) {
    let (mean_across, mean_up) = (mean(across), mean(up));
    let together: f64 = across.iter().zip(up).map(|(a, u)| (a - mean_across) * (u - mean_up)).sum();
    let alone: f64 = across.iter().map(|a| (a - mean_across).powi(2)).sum();
    let slope = together / alone;
    (slope, mean_up - slope * mean_across)
}

fn mean(values: &[f64]) -> f64 {
    let count = u32::try_from(values.len()).expect("a few values");
    values.iter().sum::<f64>() / f64::from(count)
}

fn wrap(longitude: f64) -> f64 {
    (longitude + 180.0).rem_euclid(360.0) - 180.0
}

/// Natural Earth I (Šavrič, Jenny, Patterson, Petrovič, Hurni, "A polynomial equation for the Natural Earth
/// projection", CaGIS 38 (4), 2011, equation 4), written as printed there: l(φ) and d(φ) as plain powers.
fn natural_earth(latitude: f64, longitude: f64) -> (f64, f64) {
    let (phi, lambda) = (latitude.to_radians(), longitude.to_radians());
    let length = 0.8707 - 0.131979 * phi.powi(2) - 0.013791 * phi.powi(4) + 0.003971 * phi.powi(10)
        - 0.001529 * phi.powi(12);
    let height = 1.007226 * phi + 0.015085 * phi.powi(3) - 0.044475 * phi.powi(7) + 0.028874 * phi.powi(9)
        - 0.005916 * phi.powi(11);
    (lambda * length, height)
}
