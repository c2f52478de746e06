//! A scene laid out on a canvas.

use trace_core::model::Coordinates;

use crate::clip::{self, Pixel, Rect};
use crate::font::Weight;
use crate::frame::{self, Room};
use crate::ground::{self, Area};
use crate::label::{self, Crowd, Item, Placed};
use crate::options::{Extent, MapOptions};
use crate::picture::{Picture, Text};
use crate::project::View;
use crate::scene::{Mark, Scene, Spot, Trust};
use crate::sphere::{Degrees, great_circle};
use crate::theme::MARK_RADIUS;
use crate::{Error, basemap};

mod caption;
mod legend;
mod legs;
mod lettering;
mod marginalia;
mod note;
mod symbols;
mod tags;

pub(crate) use caption::title;
use tags::Tag;

/// A scene laid out on a canvas: the projection is chosen, every mark has its pixel and every label its place.
///
/// A mark at a point is a disc of radius [`MARK_RADIUS`] times [`Map::unit`] around [`Map::position`], filled with the
/// route's [`crate::Theme::route`] colour up to the casing of [`crate::MARK_CASING`] around it; marks of doubtful
/// places are hollow, marks that several routes share are divided. No label, leader line or leg covers a mark.
///
/// A world map of one route lies between a head of 84 units and a foot of 42 (64 where something is listed in it that is
/// not on the map), 14 units from each edge of what is left, as large as fits there and centred; its centre meridian is the
/// middle of the shortest arc of longitude that holds marks and legs, rounded to 5 degrees. [`Map::view`] gives the numbers.
pub struct Map<'a> {
    scene: &'a Scene,
    options: MapOptions,
    unit: f64,
    /// The part of the canvas with the map.
    rect: Rect,
    view: View,
    /// The pixel of each mark.
    pixels: Vec<Option<Pixel>>,
    /// The course of each leg on the canvas.
    courses: Vec<Vec<Vec<Pixel>>>,
    tags: Vec<Tag>,
    placed: Vec<Option<Placed>>,
}

impl<'a> Map<'a> {
    /// Lays a scene out.
    ///
    /// # Errors
    /// [`Error::Canvas`] for a canvas that is too small or too large, [`Error::Projection`] for a projection that
    /// cannot show the route.
    pub fn new(scene: &'a Scene, options: &MapOptions) -> Result<Self, Error> {
        options.check()?;
        let map = Self::laid_out(scene, options, false)?;
        if map.unlabelled().is_empty() {
            return Ok(map);
        }
        // Once more, with room for a line that lists what found none.
        Self::laid_out(scene, options, true)
    }

    fn laid_out(scene: &'a Scene, options: &MapOptions, list: bool) -> Result<Self, Error> {
        let unit = options.unit();
        let (width, height) = (f64::from(options.width), f64::from(options.height));
        let (top, bottom) = marginalia::heights(scene, options, list);
        let rect = Rect { left: 0.0, top, right: width, bottom: height - bottom };
        let anchors: Vec<Degrees> = scene.marks.iter().map(|mark| anchor(&mark.spot)).collect();
        let ways: Vec<Vec<Degrees>> = scene
            .legs
            .iter()
            .filter_map(|leg| Some(great_circle(*anchors.get(leg.from)?, *anchors.get(leg.to)?, 0.5)))
            .collect();
        let view = frame::view(options, &room(rect, unit), &to_see(scene, &anchors, &ways, options.extent))?;
        let pixels: Vec<Option<Pixel>> = anchors
            .iter()
            .map(|&anchor| view.pixel(anchor).filter(|&pixel| rect.grown(0.5, 0.5).holds(pixel)))
            .collect();
        let near = rect.grown(20.0 * unit, 20.0 * unit);
        let courses: Vec<Vec<Vec<Pixel>>> = ways
            .iter()
            .map(|way| {
                clip::unwrapped(way).iter().flat_map(|run| clip::lines(&view, run, near)).collect::<Vec<_>>()
            })
            .collect();
        let bounds = inside(rect, unit);
        let tags = tags::tags(scene, &view, &pixels, options);
        let items: Vec<Item> = tags.iter().map(|tag| tag.item.clone()).collect();
        let placed = if bounds.width() > 20.0 && bounds.height() > 20.0 {
            label::place(&items, bounds, &crowd(rect, unit, &courses), unit)
        } else {
            vec![None; items.len()]
        };
        Ok(Self { scene, options: *options, unit, rect, view, pixels, courses, tags, placed })
    }

    /// The pixel of a point of the globe, from the upper left corner of the canvas; `None` where it is not on the
    /// map. The formulas are those of [`crate::Projection`] and [`View`].
    #[must_use]
    pub fn position(&self, point: Coordinates) -> Option<(f64, f64)> {
        self.view.position(point).filter(|&pixel| self.rect.holds(pixel))
    }

    /// What is drawn.
    #[must_use]
    pub const fn scene(&self) -> &'a Scene {
        self.scene
    }

    /// How the globe lies on the canvas.
    #[must_use]
    pub const fn view(&self) -> &View {
        &self.view
    }

    /// The size of everything that is measured in units ([`MARK_RADIUS`]), in pixels: the lesser of width / 1600 and
    /// height / 900, and at least 0.7.
    #[must_use]
    pub const fn unit(&self) -> f64 {
        self.unit
    }

    /// What is not written on the map: hop numbers and names, as their labels would have read. Either there was no room,
    /// or the place lies beyond the edge of a fitted map (which minds no anycast and impossible places). The foot of the
    /// map lists them too, as far as it reaches.
    #[must_use]
    pub fn unlabelled(&self) -> Vec<String> {
        let tags = self.tags.iter().zip(&self.placed);
        let crowded = tags.filter(|(_, placed)| placed.is_none()).map(|(tag, _)| tag.line());
        let marks = self.scene.marks.iter().zip(&self.pixels);
        let beyond =
            marks.filter(|(_, pixel)| pixel.is_none()).map(|(mark, _)| tags::line(mark, &self.options));
        crowded.chain(beyond).collect()
    }

    /// Where each label lies: left, top, right and bottom in pixels, in the order of their marks.
    #[must_use]
    pub fn labels(&self) -> Vec<[f64; 4]> {
        let rects = self.placed.iter().flatten().map(|placed| placed.rect);
        rects.map(|rect| [rect.left, rect.top, rect.right, rect.bottom]).collect()
    }

    pub(crate) fn picture(&self) -> Picture {
        let palette = self.options.theme.palette();
        let (width, height) = (self.options.width, self.options.height);
        let mut picture = Picture { width, height, shapes: Vec::new() };
        ground::draw(&mut picture, &self.options, &self.view, self.rect, &self.areas());
        self.draw_countries(&mut picture);
        self.draw_legs(&mut picture);
        self.draw_marks(&mut picture);
        self.draw_tags(&mut picture);
        if self.scene.marks.is_empty() {
            self.draw_note(&mut picture);
        }
        let canvas = Rect { left: 0.0, top: 0.0, right: f64::from(width), bottom: f64::from(height) };
        for band in [Rect { bottom: self.rect.top, ..canvas }, Rect { top: self.rect.bottom, ..canvas }] {
            if band.height() > 0.0 {
                picture.rectangle(band, palette.page);
            }
        }
        self.draw_marginalia(&mut picture);
        picture
    }

    fn crowd(&self) -> Crowd {
        crowd(self.rect, self.unit, &self.courses)
    }

    /// The countries that are filled: each once, in the colour of its first route.
    fn areas(&self) -> Vec<Area> {
        let mut areas: Vec<Area> = Vec::new();
        for mark in &self.scene.marks {
            let Spot::Area(code) = mark.spot else { continue };
            let route = mark.stops.first().map_or(0, |stop| stop.route);
            if !areas.iter().any(|area| area.code == code) {
                areas.push(Area { code, color: self.options.theme.route(route) });
            }
        }
        areas
    }

    /// A line of text in ink.
    fn text(&self, content: String, x: f64, y: f64, size: f64, weight: Weight) -> Text {
        let color = self.options.theme.palette().ink;
        Text { content, x, y, size, weight, tracking: 0.0, color, halo: None }
    }

    fn mark_radius(&self) -> f64 {
        MARK_RADIUS * self.unit
    }
}

/// The part of the map that labels may use.
fn inside(rect: Rect, unit: f64) -> Rect {
    rect.grown(-8.0 * unit, -8.0 * unit)
}

fn crowd(rect: Rect, unit: f64, courses: &[Vec<Vec<Pixel>>]) -> Crowd {
    Crowd::new(inside(rect, unit), 5.0 * unit, &courses.concat())
}

/// The place of a mark that legs lead to and labels belong to: of a country the point for its name.
fn anchor(spot: &Spot) -> Degrees {
    match spot {
        Spot::Point(point) => (*point).into(),
        Spot::Area(code) => {
            basemap::country(*code).map_or(Degrees { x: 0.0, y: 0.0 }, |country| country.label)
        }
    }
}

/// What must be on the map: marks, legs, and of countries the mainland where the map is fitted.
fn to_see(scene: &Scene, anchors: &[Degrees], ways: &[Vec<Degrees>], extent: Extent) -> Vec<Degrees> {
    let believed = |mark: &Mark| matches!(mark.trust, Trust::Sound | Trust::Suspect);
    // Where a hop surely is not, or is by chance, says nothing of what a fitted map must show.
    let all = extent == Extent::World || !scene.marks.iter().any(believed);
    let marks = || scene.marks.iter().zip(anchors).filter(|(mark, _)| all || believed(mark));
    let mut points: Vec<Degrees> = marks().map(|(_, &anchor)| anchor).collect();
    points.extend(ways.iter().flatten());
    if extent == Extent::Fit {
        for (mark, _) in marks() {
            let Spot::Area(code) = mark.spot else { continue };
            let mainland = basemap::country(code).and_then(basemap::Country::mainland);
            points.extend(mainland.iter().flat_map(|ring| ring.points.iter().step_by(3)));
        }
    }
    points
}

/// A whole globe keeps a margin; the places of a fitted map keep so far from the edges that their labels find room.
fn room(rect: Rect, unit: f64) -> Room {
    let margin = (14.0 * unit).min(rect.width() * 0.03).min(rect.height() * 0.03);
    let (side, top) = ((130.0 * unit).min(rect.width() * 0.16), (64.0 * unit).min(rect.height() * 0.14));
    Room { rect, page: rect.grown(-margin, -margin), inner: rect.grown(-side, -top) }
}
