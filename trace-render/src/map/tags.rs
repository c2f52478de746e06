//! What labels say, and how large that is.

use core::time::Duration;

use crate::clip::{Pixel, Rect};
use crate::font::{Weight, fitted, width};
use crate::label::Item;
use crate::options::MapOptions;
use crate::project::View;
use crate::scene::{Mark, Scene, Spot, Stop, Trust};
use crate::theme::{Color, MARK_CASING, MARK_RADIUS};
use crate::{basemap, ground, text};

/// Sizes in units.
pub(super) const NAME: f64 = 15.0;
pub(super) const AREA_NAME: f64 = 14.0;
pub(super) const DETAIL: f64 = 12.0;
pub(super) const BADGE: f64 = 12.5;
pub(super) const BADGE_HEIGHT: f64 = 19.0;
const BADGE_PADDING: f64 = 6.5;
pub(super) const SPACE: f64 = 6.0;
pub(super) const LINE: f64 = 15.5;
pub(super) const ROW_GAP: f64 = 2.5;
/// Marks nearer to each other than this many radii share a label, this many of them at most.
const CROWDED: f64 = 1.6;
const MOST_ROWS: usize = 12;
/// Names are cut where they are longer than this, badges where they list more hops than fit in that.
const LONGEST_NAME: f64 = 230.0;
const LONGEST_BADGE: f64 = 150.0;
/// Space between the letters of a country's name, in parts of their size.
const TRACKING: f64 = 0.07;

/// A label: rows of badges with hop numbers and a name, and a line below.
///
/// Marks whose symbols run into each other share one label with a row for each, in the order of the route.
#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) item: Item,
    /// The forms, the fullest first.
    pub(super) forms: Vec<Form>,
    /// What the label would have said, on one line.
    line: String,
}

/// One way to set a label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Form {
    pub(super) rows: Vec<Row>,
    pub(super) detail: Option<String>,
    area: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub(super) badges: Vec<(String, Color)>,
    pub(super) name: Option<String>,
}

/// The labels of a scene's marks.
pub(super) fn tags(scene: &Scene, view: &View, pixels: &[Option<Pixel>], options: &MapOptions) -> Vec<Tag> {
    let unit = options.unit();
    let mut tags = Vec::new();
    let mut clusters: Vec<Vec<(&Mark, Pixel)>> = Vec::new();
    for (mark, pixel) in scene.marks.iter().zip(pixels) {
        let Some(pixel) = *pixel else { continue };
        if let Spot::Area(code) = mark.spot {
            let ring = basemap::country(code).and_then(|country| ground::ring_radius(view, country, unit));
            tags.push(Tag::new(&[(mark, pixel)], ring, options));
            continue;
        }
        let distance = |cluster: &Vec<(&Mark, Pixel)>| {
            cluster.first().map_or(f64::MAX, |(_, other)| (other.0 - pixel.0).hypot(other.1 - pixel.1))
        };
        let nearest = clusters
            .iter_mut()
            .filter(|cluster| cluster.len() < MOST_ROWS && distance(cluster) < CROWDED * MARK_RADIUS * unit)
            .min_by(|a, b| distance(a).total_cmp(&distance(b)));
        match nearest {
            Some(cluster) => cluster.push((mark, pixel)),
            None => clusters.push(vec![(mark, pixel)]),
        }
    }
    tags.extend(clusters.iter().map(|cluster| Tag::new(cluster, None, options)));
    tags
}

impl Tag {
    /// The label of some marks that lie close together. `ring` is the radius of the ring around a small country.
    fn new(cluster: &[(&Mark, Pixel)], ring: Option<f64>, options: &MapOptions) -> Self {
        let unit = options.unit();
        let symbols: Vec<Rect> = cluster
            .iter()
            .filter_map(|(mark, (x, y))| {
                let radius = match mark.spot {
                    Spot::Area(_) => ring?,
                    Spot::Point(_) => symbol_radius(mark) * unit,
                };
                Some(Rect { left: *x, top: *y, right: *x, bottom: *y }.grown(radius, radius))
            })
            .collect();
        let corners = symbols.iter().flat_map(|rect| [(rect.left, rect.top), (rect.right, rect.bottom)]);
        let around = Rect::around(corners);
        let first = cluster.first().map(|&(_, pixel)| pixel).unwrap_or_default();
        let rows: Vec<Row> = cluster.iter().map(|(mark, _)| Row::of(mark, options)).collect();
        let forms = forms(cluster, &rows, options);
        let sizes = forms.iter().map(|form| form.size(unit)).collect();
        let item = Item {
            anchor: around.map_or(first, Rect::centre),
            radius: around.map_or(0.0, |rect| rect.width().max(rect.height()) / 2.0),
            centred: symbols.is_empty(),
            solid: ring.is_none(),
            forms: sizes,
            priority: cluster.iter().map(|(mark, _)| priority(mark)).max().unwrap_or(0),
            symbols,
        };
        let line = rows.iter().map(Row::line).collect::<Vec<_>>().join("  ·  ");
        Self { item, forms, line }
    }

    /// The label on one line, for lists.
    pub(super) fn line(&self) -> String {
        self.line.clone()
    }
}

/// The forms of a label: all there is to say, then less and less, down to the hop numbers.
fn forms(cluster: &[(&Mark, Pixel)], rows: &[Row], options: &MapOptions) -> Vec<Form> {
    let plain = |rows: Vec<Row>| Form { rows, detail: None, area: false };
    let mut forms = match cluster {
        [(mark, _)] => {
            let area = matches!(mark.spot, Spot::Area(_));
            let full = Form { rows: rows.to_vec(), detail: detail(mark), area };
            vec![full.clone(), Form { detail: None, ..full }]
        }
        _ => {
            let names: Vec<&str> = rows.iter().filter_map(|row| row.name.as_deref()).collect();
            let name = match names.as_slice() {
                [] => None,
                [only] => Some((*only).to_owned()),
                [first, others @ ..] => Some(format!("{first} and {} more", others.len())),
            };
            vec![plain(rows.to_vec()), plain(vec![Row { badges: merged(cluster, options), name }])]
        }
    };
    forms.push(plain(vec![Row { badges: merged(cluster, options), name: None }]));
    forms.dedup();
    forms
}

/// One badge a route for the hops of all the marks.
fn merged(cluster: &[(&Mark, Pixel)], options: &MapOptions) -> Vec<(String, Color)> {
    let mut stops: Vec<Stop> = Vec::new();
    for stop in cluster.iter().flat_map(|(mark, _)| &mark.stops) {
        match stops.iter_mut().find(|known| known.route == stop.route) {
            Some(known) => {
                known.origin |= stop.origin;
                known.hops.extend(&stop.hops);
            }
            None => stops.push(stop.clone()),
        }
    }
    for stop in &mut stops {
        stop.hops.sort_by_key(|visit| visit.ttl);
    }
    stops.iter().map(|stop| badge(stop, options)).collect()
}

/// Why a place is not to be relied on.
const fn doubt(mark: &Mark) -> Option<&'static str> {
    match mark.trust {
        Trust::Sound => None,
        Trust::Suspect => Some("place in doubt"),
        Trust::Anycast => Some("anycast"),
        Trust::Impossible => Some("impossible place"),
    }
}

/// What is said below the name.
fn detail(mark: &Mark) -> Option<String> {
    let country = mark.country.as_deref().and_then(text::drawable);
    let place = match mark.spot {
        Spot::Point(_) if mark.city.as_deref().and_then(text::drawable).is_some() => country,
        _ => None,
    };
    let rtt =
        mark.stops.iter().flat_map(|stop| &stop.hops).filter_map(|visit| visit.rtt).min().map(milliseconds);
    let details: Vec<String> = [place, rtt, doubt(mark).map(str::to_owned)].into_iter().flatten().collect();
    (!details.is_empty()).then(|| fitted(&details.join(" · "), Weight::Regular, DETAIL, LONGEST_NAME))
}

/// What a mark's label says, on one line.
pub(super) fn line(mark: &Mark, options: &MapOptions) -> String {
    let line = Row::of(mark, options).line();
    doubt(mark).map(|doubt| format!("{line} ({doubt})")).unwrap_or(line)
}

impl Row {
    fn of(mark: &Mark, options: &MapOptions) -> Self {
        let city = mark.city.as_deref().and_then(text::drawable);
        let country = mark.country.as_deref().and_then(text::drawable);
        let address =
            || mark.stops.iter().flat_map(|stop| &stop.hops).next().map(|visit| visit.address.to_string());
        let name = match mark.spot {
            Spot::Area(_) => country.as_deref().map(capitals),
            Spot::Point(_) => city.or(country).or_else(address),
        };
        Self {
            badges: mark.stops.iter().map(|stop| badge(stop, options)).collect(),
            name: name.map(|name| fitted(&name, Weight::SemiBold, NAME, LONGEST_NAME)),
        }
    }

    fn line(&self) -> String {
        let badges: Vec<&str> = self.badges.iter().map(|(label, _)| label.as_str()).collect();
        match &self.name {
            Some(name) => format!("{} {name}", badges.join(", ")),
            None => badges.join(", "),
        }
    }

    pub(super) fn badges_width(&self) -> f64 {
        let widths = self.badges.iter().map(|(label, _)| badge_width(label));
        widths.sum::<f64>() + 2.0 * number(self.badges.len().saturating_sub(1))
    }
}

impl Form {
    pub(super) fn name_size(&self) -> (f64, f64) {
        if self.area { (AREA_NAME, TRACKING) } else { (NAME, 0.0) }
    }

    /// The widest badges of any row: names of all rows begin behind them.
    pub(super) fn badges_width(&self) -> f64 {
        self.rows.iter().map(Row::badges_width).fold(0.0, f64::max)
    }

    fn size(&self, unit: f64) -> (f64, f64) {
        let (size, tracking) = self.name_size();
        let names = self.rows.iter().filter_map(|row| row.name.as_deref());
        let words = names
            .map(|name| width(name, Weight::SemiBold, size, tracking))
            .chain(self.detail.as_deref().map(|detail| width(detail, Weight::Regular, DETAIL, 0.0)))
            .fold(0.0, f64::max);
        let space = if words > 0.0 { SPACE } else { 0.0 };
        let rows = number(self.rows.len());
        let height = rows * BADGE_HEIGHT
            + (rows - 1.0).max(0.0) * ROW_GAP
            + if self.detail.is_some() { LINE } else { 0.0 };
        ((self.badges_width() + space + words) * unit, height * unit)
    }
}

/// A count as a length is reckoned with.
fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// What a badge says of a stop: hop numbers, and that the route starts there.
fn badge(stop: &Stop, options: &MapOptions) -> (String, Color) {
    let numbers = Mark::numbers(stop);
    let label = match (stop.origin, numbers.is_empty()) {
        (true, true) => "start".to_owned(),
        (true, false) => format!("start, {numbers}"),
        (false, _) => numbers,
    };
    (fitted(&label, Weight::SemiBold, BADGE, LONGEST_BADGE), options.theme.route(stop.route))
}

pub(super) fn badge_width(label: &str) -> f64 {
    (width(label, Weight::SemiBold, BADGE, 0.0) + 2.0 * BADGE_PADDING).max(BADGE_HEIGHT)
}

/// Start and target first, then what many hops share, then in the order of the route.
fn priority(mark: &Mark) -> u32 {
    let hops: usize = mark.stops.iter().map(|stop| stop.hops.len()).sum();
    let hops = u32::try_from(hops).unwrap_or(u32::MAX).min(200);
    hops + if mark.is_target() { 2000 } else { 0 } + if mark.is_origin() { 1000 } else { 0 }
}

/// How far a mark's symbol reaches, in units.
fn symbol_radius(mark: &Mark) -> f64 {
    if mark.is_target() { MARK_RADIUS * 1.95 + 2.5 } else { MARK_RADIUS + MARK_CASING }
}

/// Capital letters, as far as the typeface has them.
pub(super) fn capitals(name: &str) -> String {
    let capitals = name.to_uppercase();
    text::drawable(&capitals).unwrap_or_else(|| name.to_owned())
}

/// A time as people say it: three digits at most behind the point, fewer the longer it is.
pub(super) fn milliseconds(rtt: Duration) -> String {
    let ms = rtt.as_secs_f64() * 1e3;
    match ms {
        ..1.0 => format!("{ms:.2} ms"),
        ..100.0 => format!("{ms:.1} ms"),
        _ => format!("{ms:.0} ms"),
    }
}
