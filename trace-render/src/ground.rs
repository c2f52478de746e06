//! The base map on the canvas: water, graticule, land, lakes, borders, coasts, and the countries that are marked
//! as areas.

use trace_core::model::CountryCode;

use crate::basemap::{self, Country};
use crate::clip::{self, Pixel, Rect};
use crate::frame;
use crate::options::MapOptions;
use crate::picture::{Pencil, Picture};
use crate::project::View;
use crate::sphere::{Degrees, EARTH_RADIUS_KM};
use crate::theme::{Color, Palette};

/// A country that is filled because a hop is known to be somewhere in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Area {
    pub(crate) code: CountryCode,
    pub(crate) color: Color,
}

/// A country smaller than this many units across on the canvas gets a ring around it.
const TOO_SMALL: f64 = 15.0;
/// The radius of that ring in units.
pub(crate) const RING: f64 = 10.0;
/// One pixel covering more than this many degrees needs no more than the coarse map.
const COARSE_FROM: f64 = 0.4;

/// Draws the ground of a map. What lies outside of `rect` may be painted over later.
pub(crate) fn draw(picture: &mut Picture, options: &MapOptions, view: &View, rect: Rect, areas: &[Area]) {
    let unit = options.unit();
    let palette = options.theme.palette();
    let canvas = rect.grown(12.0 * unit, 12.0 * unit);
    let degrees_per_pixel = (1.0 / view.scale).to_degrees();
    let world = if degrees_per_pixel > COARSE_FROM { basemap::coarse() } else { basemap::detailed() };

    picture.rectangle(rect, palette.page);
    let edge = frame::outline(view);
    let mut globe = Pencil::default();
    globe.polygon(&edge);
    picture.fill(globe, palette.ocean);

    let (mut coasts, mut borders) = (Vec::new(), Vec::new());
    for arc in &world.arcs {
        let pieces = clip::lines(view, &arc.points, canvas);
        if arc.border { borders.extend(pieces) } else { coasts.extend(pieces) }
    }
    // Two bands of water along the coast, the outer one fainter. Wide lines need no fine points.
    let along: Vec<Vec<Pixel>> = coasts.iter().map(|line| clip::thinned(line, 2.2 * unit)).collect();
    for (width, color) in [(9.0, palette.shore_far), (4.5, palette.shore)] {
        picture.lines(along.iter().map(Vec::as_slice), color, width * unit);
    }
    if options.graticule {
        let lines: Vec<Vec<Pixel>> =
            graticule_lines().iter().flat_map(|line| clip::lines(view, line, canvas)).collect();
        picture.lines(lines.iter().map(Vec::as_slice), palette.graticule, 0.9 * unit);
    }
    // Country by country; the borders painted later cover the seams.
    let countries = world.countries.iter().map(|country| shapes(view, canvas, country));
    picture.fills(countries, palette.land);
    for area in areas {
        fill_area(picture, view, canvas, *area, palette.area);
    }
    let mut lakes = Pencil::default();
    let mut shores = Pencil::default();
    for ring in basemap::lakes() {
        for polygon in clip::polygons(view, ring, canvas) {
            let big = Rect::around(polygon.iter().copied())
                .is_some_and(|bounds| bounds.width().max(bounds.height()) > 2.5 * unit);
            if big {
                lakes.polygon(&polygon);
                shores.polygon(&polygon);
            }
        }
    }
    picture.fill(lakes, palette.ocean);
    picture.stroke(shores, palette.coast.with_alpha(150), 0.6 * unit);
    picture.lines(borders.iter().map(Vec::as_slice), palette.border, 0.9 * unit);
    picture.lines(coasts.iter().map(Vec::as_slice), palette.coast, 0.8 * unit);
    if !edge.is_empty() && edge.iter().any(|&pixel| rect.holds(pixel)) {
        // Lines are wider than what they follow: what spilled over the edge of the globe is covered. The rectangle runs
        // clockwise, so the globe must not, to be a hole in it.
        let next = edge.iter().cycle().skip(1);
        let turn: f64 = edge.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum();
        let mut hole = edge.clone();
        if turn > 0.0 {
            hole.reverse();
        }
        let Rect { left, top, right, bottom } = canvas;
        let mut outside = Pencil::default();
        outside.polygon(&[(left, top), (right, top), (right, bottom), (left, bottom)]);
        outside.polygon(&hole);
        picture.fill(outside, palette.page);
    }
    let mut rim = Pencil::default();
    rim.polygon(&edge);
    picture.stroke(rim, palette.coast.with_alpha(170), 1.2 * unit);
    for area in areas {
        outline_area(picture, view, canvas, *area, &palette, unit);
    }
}

/// Meridians every 30 degrees, which end 10 degrees from the poles, and parallels every 30 degrees.
fn graticule_lines() -> Vec<Vec<Degrees>> {
    let meridians = (-6..6).map(|n| {
        (-40..=40).map(|m| Degrees { x: f64::from(n) * 30.0, y: f64::from(m) * 2.0 }).collect::<Vec<_>>()
    });
    let parallels = (-2..=2).map(|n| {
        (-90..=90).map(|m| Degrees { x: f64::from(m) * 2.0, y: f64::from(n) * 30.0 }).collect::<Vec<_>>()
    });
    meridians.chain(parallels).collect()
}

fn shapes(view: &View, canvas: Rect, country: &Country) -> Vec<Vec<Pixel>> {
    country.rings.iter().flat_map(|ring| clip::polygons(view, ring, canvas)).collect()
}

fn fill_area(picture: &mut Picture, view: &View, canvas: Rect, area: Area, alpha: u8) {
    let Some(country) = basemap::country(area.code) else { return };
    let mut pencil = Pencil::default();
    for polygon in shapes(view, canvas, country) {
        pencil.polygon(&polygon);
    }
    picture.fill(pencil, area.color.with_alpha(alpha));
}

/// The outline of a country; of one that can hardly be seen, a ring around it.
fn outline_area(picture: &mut Picture, view: &View, canvas: Rect, area: Area, palette: &Palette, unit: f64) {
    let Some(country) = basemap::country(area.code) else { return };
    let mut pencil = Pencil::default();
    for ring in &country.rings {
        // As a line it has no edge where the canvas or the map is cut.
        let closed: Vec<Degrees> = match (ring.points.first(), ring.points.last()) {
            (Some(&first), Some(&last)) if first != last && !ring.around_pole => {
                ring.points.iter().copied().chain([first]).collect()
            }
            _ => ring.points.clone(),
        };
        for run in basemap::without_seams(closed) {
            for line in clip::lines(view, &run, canvas) {
                pencil.line(&line);
            }
        }
    }
    if let (Some(centre), Some(radius)) = (view.pixel(country.label), ring_radius(view, country, unit)) {
        let mut ring = Pencil::default();
        ring.circle(centre, radius);
        picture.fill(ring, palette.land.with_alpha(235));
        let mut ring = Pencil::default();
        ring.circle(centre, radius);
        picture.fill(ring, area.color.with_alpha(palette.area + 20));
        let mut ring = Pencil::default();
        ring.circle(centre, radius);
        picture.dashes(ring, area.color, 1.6 * unit, [4.0 * unit, 3.0 * unit]);
    }
    picture.stroke(pencil, area.color.with_alpha(210), 1.5 * unit);
}

/// The radius of the ring around a country that is too small to be seen; `None` for one that is not.
pub(crate) fn ring_radius(view: &View, country: &Country, unit: f64) -> Option<f64> {
    if let Some(km) = country.radius_km {
        return Some((km / EARTH_RADIUS_KM * view.scale).clamp(RING * unit, 3.0 * RING * unit));
    }
    let everywhere = Rect { left: f64::MIN, top: f64::MIN, right: f64::MAX, bottom: f64::MAX };
    let pixels = clip::polygons(view, country.mainland()?, everywhere).concat();
    let small =
        Rect::around(pixels).is_none_or(|bounds| bounds.width().max(bounds.height()) < TOO_SMALL * unit);
    small.then_some(RING * unit)
}
